//! The approval path of a policy, drawn and told: who asks, who decides stage by stage, what follows when nobody does, and
//! how long the access lasts.
//!
//! **Invariant:** the list beside the picture says all that the picture shows, and more.

use domain::policy::{ApprovalStage, PolicySettings, TargetScope};
use domain::subject_set::SubjectSet;
use maud::{Markup, html};
use service::overview::policy::Names;

use super::sets::told;
use crate::words;

/// Letters of a line in the picture.
const LETTERS: usize = 44;
/// Names of a list in the picture; the rest is counted.
const SHOWN: usize = 3;
/// The width of the picture, and of its margins.
const WIDTH: usize = 360;
const MARGIN: usize = 10;
/// The height of a line of text, and the gap between two boxes.
const LINE: usize = 19;
const GAP: usize = 30;

/// One box of the picture.
struct Step {
    class: &'static str,
    name: String,
    lines: Vec<String>,
}

/// The picture with its list.
pub(super) fn path(scope: TargetScope, settings: &PolicySettings, names: &Names) -> Markup {
    let steps = steps(scope, settings, names);
    html! {
        figure {
            (drawn(&steps))
            figcaption {
                p { "The same in words:" }
                ol { @for one in in_words(scope, settings, names) { li { (one) } } }
            }
        }
    }
}

/// Some names of a list.
fn some(sets: &[SubjectSet], names: &Names) -> String {
    let mut shown: Vec<String> = sets
        .iter()
        .take(SHOWN)
        .map(|set| told(set, names))
        .collect();
    if sets.len() > SHOWN {
        shown.push(format!("{} more", sets.len() - SHOWN));
    }
    shown.join(", ")
}

fn all(sets: &[SubjectSet], names: &Names) -> String {
    let shown: Vec<String> = sets.iter().map(|set| told(set, names)).collect();
    shown.join(", ")
}

/// The stages that a new request goes through.
fn stages(settings: &PolicySettings) -> &[ApprovalStage] {
    if settings.approval.required_for_add {
        &settings.approval.stages
    } else {
        &[]
    }
}

fn steps(scope: TargetScope, settings: &PolicySettings, names: &Names) -> Vec<Step> {
    let mut steps = vec![Step {
        class: "begin",
        name: "Somebody asks".to_owned(),
        lines: wrapped(&asks(scope, settings, names, some)),
    }];
    for (number, stage) in stages(settings).iter().enumerate() {
        let mut lines = Vec::new();
        if stage.extension.is_some() {
            lines.push("An extension says who decides".to_owned());
        } else {
            lines.extend(wrapped(&some(&stage.primary, names)));
            if !stage.fallback_primary.is_empty() {
                let fallback = some(&stage.fallback_primary, names);
                lines.extend(wrapped(&format!("or, if that is nobody: {fallback}")));
            }
            if let Some(after) = stage.escalates_after {
                let alternates = some(&stage.escalation, names);
                let after = words::duration(after);
                lines.extend(wrapped(&format!("after {after} also: {alternates}")));
            }
            lines.push(format!(
                "refused after {}",
                words::duration(stage.lasts_for)
            ));
        }
        steps.push(Step {
            class: "stage",
            name: format!("Stage {}", number + 1),
            lines,
        });
    }
    steps.push(Step {
        class: "end",
        name: "Access".to_owned(),
        lines: wrapped(&words::expiration(settings.expiration)),
    });
    steps
}

fn asks(
    scope: TargetScope,
    settings: &PolicySettings,
    names: &Names,
    list: fn(&[SubjectSet], &Names) -> String,
) -> String {
    if settings.targets.is_empty() {
        words::scope(scope).replace(", listed below", "")
    } else {
        list(&settings.targets, names)
    }
}

/// A text on lines that fit into a box.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word: String = if word.chars().count() > LETTERS {
            word.chars().take(LETTERS - 1).chain(['\u{2026}']).collect()
        } else {
            word.to_owned()
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LETTERS => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn drawn(steps: &[Step]) -> Markup {
    let mut boxes = Vec::new();
    let mut top = MARGIN;
    for step in steps {
        let height = LINE * (step.lines.len() + 1) + 16;
        boxes.push((step, top, height));
        top += height + GAP;
    }
    let height = top - GAP + MARGIN;
    let inner = WIDTH - 2 * MARGIN;
    let middle = WIDTH / 2;
    html! {
        svg .path role="img" aria-labelledby="path-title" viewBox={"0 0 " (WIDTH) " " (height)} {
            title #path-title { "The path of a request in " (steps.len()) " steps; the list below says it in words" }
            @for (number, (step, top, height)) in boxes.iter().enumerate() {
                rect class=(step.class) x=(MARGIN) y=(top) width=(inner) height=(height) rx="6" {}
                text .name x=(MARGIN + 12) y=(top + LINE + 3) { (step.name) }
                @for (line, text) in step.lines.iter().enumerate() {
                    text x=(MARGIN + 12) y=(top + LINE * (line + 2) + 3) { (text) }
                }
                @if number + 1 < boxes.len() {
                    @let from = top + height;
                    path d={"M" (middle) " " (from) " V" (from + GAP - 7)} {}
                    path .head d={"M" (middle - 6) " " (from + GAP - 8) " h12 l-6 8 z"} {}
                }
            }
        }
    }
}

/// The path as sentences.
fn in_words(scope: TargetScope, settings: &PolicySettings, names: &Names) -> Vec<String> {
    let mut told = Vec::new();
    let whom = asks(scope, settings, names, all);
    told.push(if settings.requestors.self_add {
        format!("Who can ask: {whom}.")
    } else {
        format!("Nobody asks for themselves. It is for: {whom}.")
    });
    let approval = &settings.approval;
    if stages(settings).is_empty() {
        told.push("Nobody has to approve.".to_owned());
    }
    for (number, stage) in stages(settings).iter().enumerate() {
        told.push(stage_in_words(number + 1, stage, names));
    }
    if approval.required_for_update {
        told.push("More time, and other changes, take the same approval.".to_owned());
    }
    told.push(format!(
        "The access is delivered. {}",
        words::expiration(settings.expiration)
    ));
    told
}

fn stage_in_words(number: usize, stage: &ApprovalStage, names: &Names) -> String {
    if stage.extension.is_some() {
        return format!("Stage {number}: an extension says who decides, and for how long.");
    }
    let or_else = |sets: &[SubjectSet]| {
        (!sets.is_empty()).then(|| format!("If that is nobody: {}.", all(sets, names)))
    };
    let long = words::duration(stage.lasts_for);
    let first = all(&stage.primary, names);
    let mut sentences = vec![format!(
        "Stage {number}: any of these decides within {long}: {first}."
    )];
    sentences.extend(or_else(&stage.fallback_primary));
    if let Some(after) = stage.escalates_after {
        let (after, alternates) = (words::duration(after), all(&stage.escalation, names));
        sentences.push(format!(
            "After {after} these are asked as well: {alternates}."
        ));
        sentences.extend(or_else(&stage.fallback_escalation));
    }
    if stage.approver_justification_required {
        sentences.push("They have to say why.".to_owned());
    }
    sentences.push("If nobody decides in time, it is refused.".to_owned());
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_into_their_boxes_and_lose_no_word() {
        let text = "members of Sales, members of Marketing and of the rest of the house, somebody";
        let lines = wrapped(text);
        assert!(lines.iter().all(|line| line.chars().count() <= LETTERS));
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped(&"x".repeat(90))[0].chars().count(), LETTERS);
    }
}
