//! The form of a policy: what it says of one that is stored, and how it is drawn.

use domain::policy::{ApproverVisibility, Expiration, PolicySettings, TargetScope};
use domain::time::Duration;
use maud::{Markup, html};
use serde_json::{Value as Json, json};
use service::overview::policy::{self, Policy};

use super::document::choice_line;
use super::reviews;
use super::sets::{self, Named};
use crate::form::Form;
use crate::pages::manage::fields::{check, field, hinted, is_on, line, on};
use crate::pages::submission::Faults;
use crate::parts::select;
use crate::problem::Problem;
use crate::visit::Visit;
use crate::words;

/// Most stages of approval, and most questions.
pub(super) const STAGES: usize = 3;
pub(super) const MOST_QUESTIONS: usize = 20;
/// Questions that the form has room for beside those that are there.
const BLANK: usize = 2;

/// The lists of approvers of a stage: the field's part of a name, and the member.
pub(super) const LISTS: [(&str, &str); 4] = [
    ("first", "primaryApprovers"),
    ("fallback", "fallbackPrimaryApprovers"),
    ("later", "escalationApprovers"),
    ("later_fallback", "fallbackEscalationApprovers"),
];

/// What a form says before anybody types, and what it was made of.
pub(super) struct Shown {
    pub(super) form: Form,
    pub(super) document: Json,
    /// Whether policies that assign by themselves may be written.
    pub(super) rules: bool,
}

impl Shown {
    /// A policy that is not there yet.
    pub(super) fn fresh(rules: bool) -> Self {
        Self {
            form: Form::of(vec![
                field("scope", TargetScope::AllMemberUsers.as_str()),
                on("self_add", true),
                on("self_update", true),
                on("self_remove", true),
                field("expires", "after"),
                field("expires_after", "365"),
            ]),
            // The document says what is drawn: what is sent as it was drawn is not read again.
            document: json!({
                "v": 1,
                "beta": {},
                "expiration": {"type": "afterDuration", "duration": "P365D", "endDateTime": null},
            }),
            rules,
        }
    }

    /// A policy that is stored.
    pub(super) async fn stored(visit: &Visit, one: &Policy, rules: bool) -> Result<Self, Problem> {
        let document: Json = serde_json::from_str(&one.document).unwrap_or_default();
        let mut named: Vec<_> = one.settings.subject_sets().cloned().collect();
        named.extend(reviewers(&document));
        let names = policy::names(visit.service(), &named).await?;
        let named = Named::of(visit, names.objects.values()).await?;
        let mut fields = vec![
            field("name", &one.name),
            field("description", &one.description),
            field("scope", one.scope.as_str()),
            on("self_update", one.can_extend),
        ];
        fields.extend(of_settings(&one.settings));
        fields.extend(of_document(&document, &named));
        Ok(Self {
            form: Form::of(fields),
            document,
            rules,
        })
    }

    /// The same with the lines of people that a browser was shown, which it sends along. Who they name may be called
    /// otherwise by now. The document has to be the one that the browser was shown.
    pub(super) fn with_lines(mut self, sent: &Form) -> Self {
        let lists: Vec<String> = lists().collect();
        for list in lists {
            let drawn = sent.text(&drawn_name(&list));
            if drawn.lines().count() == self.form.text(&list).lines().count() {
                self.form.set(&list, drawn);
            }
        }
        self
    }
}

/// The fields that are lists of people.
fn lists() -> impl Iterator<Item = String> {
    let own = ["targets", "behalf", "reviewers", "review_fallback"];
    let stages = (0..STAGES).flat_map(|number| LISTS.map(|(part, _)| format!("s{number}_{part}")));
    own.into_iter().map(str::to_owned).chain(stages)
}

/// The field that repeats how a list was drawn.
fn drawn_name(list: &str) -> String {
    format!("{list}_drawn")
}

/// The sets of a list of a document, read one by one.
fn sets_at(document: &Json, at: &str) -> Vec<(domain::subject_set::SubjectSet, Json)> {
    let items = document.pointer(at).and_then(Json::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    let read = items.iter().filter_map(|item| {
        let alone = json!({"specificAllowedTargets": [item]}).to_string();
        let set = policy::read(&alone).ok()?.targets.into_iter().next()?;
        Some((set, item.clone()))
    });
    read.collect()
}

/// Those who review.
fn reviewers(document: &Json) -> impl Iterator<Item = domain::subject_set::SubjectSet> {
    let mut sets = sets_at(document, "/reviewSettings/primaryReviewers");
    sets.extend(sets_at(document, "/reviewSettings/fallbackReviewers"));
    sets.into_iter().map(|(set, _)| set)
}

/// The lines of a list as they were drawn, each with its set as it is stored.
pub(super) fn listed(shown: &Shown, list: &str, at: &str) -> Vec<(String, Json)> {
    let drawn = shown.form.text(list).lines();
    let drawn = drawn.map(|line| line.trim().to_owned());
    let stored = sets_at(&shown.document, at).into_iter();
    drawn.zip(stored.map(|(_, set)| set)).collect()
}

fn lines(document: &Json, at: &str, named: &Named) -> String {
    let sets = sets_at(document, at);
    let lines: Vec<String> = sets.iter().map(|(set, _)| sets::line(set, named)).collect();
    lines.join("\n")
}

/// Whole days as a number, other lengths as the API writes them.
pub(super) fn length(long: Duration) -> String {
    const DAY: i64 = 86_400_000_000;
    if long.micros() % DAY == 0 {
        (long.micros() / DAY).to_string()
    } else {
        long.to_string()
    }
}

fn of_settings(settings: &PolicySettings) -> Vec<(String, String)> {
    let (asks, approval) = (&settings.requestors, &settings.approval);
    let mut fields = vec![
        on("self_add", asks.self_add),
        on("self_remove", asks.self_remove),
        on("dates", asks.custom_schedule),
        on("behalf_add", asks.on_behalf_add),
        on("behalf_update", asks.on_behalf_update),
        on("behalf_remove", asks.on_behalf_remove),
        on("approve_add", approval.required_for_add),
        on("approve_update", approval.required_for_update),
        on("reason", approval.requestor_justification_required),
        on("silent", settings.notifications_disabled),
    ];
    fields.extend(match settings.expiration {
        Expiration::Never => vec![field("expires", "never")],
        Expiration::After(long) => {
            vec![
                field("expires", "after"),
                field("expires_after", length(long)),
            ]
        }
        Expiration::At(end) => {
            let text = end.to_string();
            let day = text.split('T').next().unwrap_or_default();
            vec![field("expires", "on"), field("expires_on", day)]
        }
    });
    for (number, stage) in approval.stages.iter().take(STAGES).enumerate() {
        let name = |part: &str| format!("s{number}_{part}");
        fields.extend([
            field(&name("lasts"), length(stage.lasts_for)),
            on(&name("why"), stage.approver_justification_required),
            field(&name("visible"), stage.visibility.as_str()),
            on(&name("escalates"), stage.escalates_after.is_some()),
            on(&name("extension"), stage.extension.is_some()),
        ]);
        if let Some(after) = stage.escalates_after {
            fields.push(field(&name("after"), length(after)));
        }
    }
    if let Some(automatic) = &settings.automatic {
        fields.push(on("auto_add", automatic.adds));
        fields.push(on("auto_remove", automatic.removes));
        fields.extend(
            automatic
                .grace
                .map(|grace| field("auto_grace", length(grace))),
        );
    }
    fields
}

/// The parts that are read from the document itself.
fn of_document(document: &Json, named: &Named) -> Vec<(String, String)> {
    let mut fields = vec![
        field("targets", lines(document, "/specificAllowedTargets", named)),
        field(
            "behalf",
            lines(document, "/requestorSettings/onBehalfRequestors", named),
        ),
        field(
            "reviewers",
            lines(document, "/reviewSettings/primaryReviewers", named),
        ),
        field(
            "review_fallback",
            lines(document, "/reviewSettings/fallbackReviewers", named),
        ),
    ];
    for number in 0..STAGES {
        for (part, list) in LISTS {
            let at = format!("/requestApprovalSettings/stages/{number}/{list}");
            fields.push(field(
                &format!("s{number}_{part}"),
                lines(document, &at, named),
            ));
        }
    }
    fields.extend(reviews::of_document(document));
    let questions = document.get("questions").and_then(Json::as_array);
    let questions = questions.map(Vec::as_slice).unwrap_or_default();
    for (number, question) in questions.iter().take(MOST_QUESTIONS).enumerate() {
        fields.extend(of_question(number, question));
    }
    fields
}

fn of_question(number: usize, question: &Json) -> Vec<(String, String)> {
    let name = |part: &str| format!("q{number}_{part}");
    let text = |member: &str| {
        question
            .get(member)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    let flag = |member: &str| question.get(member) == Some(&Json::Bool(true));
    let kind = match (
        text("@odata.type").contains("MultipleChoice"),
        flag("isMultipleSelectionAllowed"),
    ) {
        (false, _) => "text",
        (true, false) => "one",
        (true, true) => "many",
    };
    let choices = question.get("choices").and_then(Json::as_array);
    let choices: Vec<String> = choices.into_iter().flatten().map(choice_line).collect();
    vec![
        field(&name("text"), text("text")),
        field(&name("kind"), kind),
        on(&name("must"), flag("isRequired")),
        on(&name("edit"), flag("isAnswerEditable")),
        field(&name("pattern"), text("regexPattern")),
        field(&name("choices"), choices.join("\n")),
    ]
}

/// Which member of a policy is which field. Stages and questions come on top.
pub(super) fn targets() -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = [
        ("displayName", "name"),
        ("description", "description"),
        ("allowedTargetScope", "scope"),
        ("specificAllowedTargets", "targets"),
        ("requestorSettings/onBehalfRequestors", "behalf"),
        ("expiration/duration", "expires_after"),
        ("expiration/endDateTime", "expires_on"),
        ("requestApprovalSettings/stages", "s0_first"),
        ("reviewSettings/primaryReviewers", "reviewers"),
        ("reviewSettings/fallbackReviewers", "review_fallback"),
        ("reviewSettings/schedule", "review_starts"),
        ("automaticRequestSettings", "auto_grace"),
        ("questions", "q0_text"),
    ]
    .iter()
    .map(|(target, field)| ((*target).to_owned(), (*field).to_owned()))
    .collect();
    for number in 0..STAGES {
        let at = format!("requestApprovalSettings/stages/{number}");
        for (part, list) in LISTS {
            fields.push((format!("{at}/{list}"), format!("s{number}_{part}")));
        }
        let lasts = format!("{at}/durationBeforeAutomaticDenial");
        fields.push((lasts, format!("s{number}_lasts")));
        let after = format!("{at}/durationBeforeEscalation");
        fields.push((after, format!("s{number}_after")));
    }
    for number in 0..MOST_QUESTIONS {
        let at = format!("questions/{number}");
        fields.push((format!("{at}/regexPattern"), format!("q{number}_pattern")));
        fields.push((format!("{at}/choices"), format!("q{number}_choices")));
        fields.push((at, format!("q{number}_text")));
    }
    fields
}

/// Every field of the form.
pub(super) fn drawn(form: &Form, faults: &Faults, shown: &Shown) -> Markup {
    html! {
        @for list in lists() {
            @let lines = shown.form.text(&list);
            @if !lines.is_empty() { input type="hidden" name=(drawn_name(&list)) value=(lines); }
        }
        (line(form, faults, "name", "Name", true))
        (hinted(form, faults, "description", "What it is for", None, false).lines())
        (whom(form, faults, shown.rules))
        (lasting(form, faults))
        (approval(form, faults, shown))
        (questions(form, faults))
        (reviews::drawn(form, faults))
        (by_itself(form, faults, shown))
        fieldset .part {
            legend { "Mails" }
            (check(form, "silent", "No mails to those who ask"))
        }
    }
}

fn whom(form: &Form, faults: &Faults, rules: bool) -> Markup {
    let scopes: Vec<(&str, &str)> = TargetScope::ALL
        .iter()
        .map(|scope| (scope.as_str(), words::scope(*scope)))
        .collect();
    html! {
        fieldset .part {
            legend { "Who may have the package" }
            (select("scope", "For whom it is", &scopes, form.text("scope")))
            @if let Some(error) = faults.of("scope") { p .error { (error) } }
            (hinted(form, faults, "targets", "These", Some("Only where the line above says that they are listed."), false).lines())
            (sets::help(rules))
            (check(form, "self_add", "They may ask for it"))
            (check(form, "self_update", "They may ask for more time"))
            (check(form, "self_remove", "They may give it up"))
            (check(form, "dates", "They may choose when it begins and ends"))
        }
        fieldset .part {
            legend { "Asking for others" }
            (check(form, "behalf_add", "Those below may ask for others"))
            (check(form, "behalf_update", "They may change it for others"))
            (check(form, "behalf_remove", "They may end it for others"))
            (hinted(form, faults, "behalf", "Who may ask for others", None, false).lines())
        }
    }
}

fn lasting(form: &Form, faults: &Faults) -> Markup {
    let kinds = [
        ("never", "Until somebody ends it"),
        ("after", "For the time below"),
        ("on", "Until the day below"),
    ];
    html! {
        fieldset .part {
            legend { "How long it lasts" }
            (select("expires", "It lasts", &kinds, form.text("expires")))
            (hinted(form, faults, "expires_after", "For how long", Some("Days, such as 30, or a duration such as PT8H."), false).line("text"))
            (hinted(form, faults, "expires_on", "Until which day", Some("It ends as the day begins, by UTC."), false).line("date"))
        }
    }
}

fn approval(form: &Form, faults: &Faults, shown: &Shown) -> Markup {
    html! {
        fieldset .part {
            legend { "Approval" }
            (check(form, "approve_add", "Somebody has to approve new access"))
            (check(form, "approve_update", "Somebody has to approve more time and other changes"))
            (check(form, "reason", "Those who ask have to say why"))
            p .hint { "A stage without anybody in it is left out. Stages are kept, and do nothing, while no approval is asked for." }
        }
        @for number in 0..STAGES {
            @let parts = LISTS.map(|(part, _)| format!("s{number}_{part}"));
            @let times = ["lasts", "after"].map(|part| format!("s{number}_{part}"));
            @let is_used = parts.iter().any(|part| form.get(part).is_some())
                || parts.iter().chain(&times).any(|part| faults.of(part).is_some())
                || is_on(&shown.form, &format!("s{number}_extension"));
            details open[number == 0 || is_used] {
                summary { "Stage " (number + 1) @if !is_used { ": nobody yet" } }
                (stage(form, faults, shown, number))
            }
        }
    }
}

fn stage(form: &Form, faults: &Faults, shown: &Shown, number: usize) -> Markup {
    let name = |part: &str| format!("s{number}_{part}");
    let (first, fallback, lasts) = (name("first"), name("fallback"), name("lasts"));
    let (after, later, later_fallback) = (name("after"), name("later"), name("later_fallback"));
    let visible = [
        ApproverVisibility::Default,
        ApproverVisibility::Visible,
        ApproverVisibility::NotVisible,
    ]
    .map(|visibility| {
        let told = match visibility {
            ApproverVisibility::Default => "As the tenant says",
            ApproverVisibility::Visible => "Yes",
            ApproverVisibility::NotVisible => "No",
        };
        (visibility.as_str(), told)
    });
    html! {
        fieldset .part {
            legend { "Stage " (number + 1) " of approval" }
            @if is_on(&shown.form, &name("extension")) {
                (check(form, &name("extension"), "An extension says who decides; what stands below is not read"))
            }
            (hinted(form, faults, &first, "Who decides", Some("Any of them. One on a line."), false).lines())
            (hinted(form, faults, &fallback, "Who decides if that is nobody", None, false).lines())
            (hinted(form, faults, &lasts, "How long they have", Some("Days; left empty, 14. Then it is refused."), false).line("text"))
            (check(form, &name("why"), "They have to say why"))
            (select(&name("visible"), "Does who asked learn who decided?", &visible, form.text(&name("visible"))))
            (check(form, &name("escalates"), "Others are asked as well after a while"))
            (hinted(form, faults, &after, "After how long", Some("Days: at least 1, and before the stage ends, which then lasts at least 4."), false).line("text"))
            (hinted(form, faults, &later, "Who else is asked", None, false).lines())
            (hinted(form, faults, &later_fallback, "Who else if that is nobody", None, false).lines())
        }
    }
}

fn questions(form: &Form, faults: &Faults) -> Markup {
    let is_there = |number: &usize| form.get(&format!("q{number}_text")).is_some();
    let filled = (0..MOST_QUESTIONS).filter(is_there).max();
    let room = (filled.map_or(0, |last| last + 1) + BLANK).min(MOST_QUESTIONS);
    html! {
        fieldset .part {
            legend { "Questions to those who ask" }
            p .hint { "A question without a text is left out. Save to get room for more; there can be " (MOST_QUESTIONS) "." }
            @for number in 0..room { (question(form, faults, number)) }
        }
    }
}

fn question(form: &Form, faults: &Faults, number: usize) -> Markup {
    let name = |part: &str| format!("q{number}_{part}");
    let (text, pattern, choices) = (name("text"), name("pattern"), name("choices"));
    let kinds = [
        ("text", "A text"),
        ("one", "One of the choices"),
        ("many", "Some of the choices"),
    ];
    html! {
        fieldset .part {
            legend { "Question " (number + 1) }
            (line(form, faults, &text, "Question", false))
            (select(&name("kind"), "The answer is", &kinds, form.text(&name("kind"))))
            (check(form, &name("must"), "It has to be answered"))
            (check(form, &name("edit"), "The answer can be changed later"))
            (hinted(form, faults, &pattern, "Pattern of the text", Some("A regular expression that the whole answer matches."), false).line("text"))
            (hinted(form, faults, &choices, "Choices", Some("One on a line: the value, or value = text."), false).lines())
        }
    }
}

fn by_itself(form: &Form, faults: &Faults, shown: &Shown) -> Markup {
    html! {
        @if shown.rules {
            fieldset .part {
                legend { "Assigning by a rule" }
                (check(form, "auto_add", "Whoever the rule above selects gets the package"))
                (check(form, "auto_remove", "Whoever it no longer selects loses it"))
                (hinted(form, faults, "auto_grace", "How long they keep it nevertheless", Some("Days, or a duration."), false).line("text"))
            }
        } @else if is_on(&shown.form, "auto_add") || is_on(&shown.form, "auto_remove") {
            p { "The policy assigns by a rule. Only administrators of governance may change it." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_a_policy_leads_to_a_field_that_is_drawn() {
        let mut all: Vec<(String, String)> = Vec::new();
        for number in 0..MOST_QUESTIONS {
            all.push(field(&format!("q{number}_text"), "Why?"));
        }
        let shown = Shown::fresh(true);
        let drawn = drawn(&Form::of(all), &Faults::default(), &shown).into_string();
        for (target, name) in targets() {
            assert!(drawn.contains(&format!("name=\"{name}\"")), "{target}");
        }
    }
}
