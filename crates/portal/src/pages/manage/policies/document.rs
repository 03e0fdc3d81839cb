//! From the form of a policy to its document, by patching the one that is stored.
//!
//! **Invariant:** what stands in the form as it was drawn leaves its part of the document as it is stored, and what the form
//! does not show is never touched.

use domain::policy::ApproverVisibility;
use domain::time::Duration;
use serde_json::{Map, Value as Json, json};

use super::fields::{LISTS, MOST_QUESTIONS, STAGES, Shown, listed};
use super::reviews;
use super::sets;
use crate::form::Form;
use crate::pages::manage::fields::is_on;
use crate::pages::submission::Faults;
use crate::parts::day;
use crate::problem::Problem;
use crate::visit::Visit;

/// The document with what the form says. `shown` is what the form said before anybody typed.
pub(super) async fn patched(
    visit: &Visit,
    shown: &Shown,
    form: &Form,
    faults: &mut Faults,
) -> Result<Json, Problem> {
    let mut document = shown.document.clone();
    let same = |names: &[&str]| {
        let before = |name: &&str| form.text(name) == shown.form.text(name);
        names.iter().all(before)
    };
    let targets = lists(
        visit,
        shown,
        form,
        faults,
        "targets",
        "/specificAllowedTargets",
    )
    .await?;
    put(&mut document, "specificAllowedTargets", targets);

    let behalf = "/requestorSettings/onBehalfRequestors";
    let behalf = lists(visit, shown, form, faults, "behalf", behalf).await?;
    requestors(&mut document, form, behalf);
    if !same(&["expires", "expires_after", "expires_on"]) {
        let expiration = expiration(form, faults);
        put(&mut document, "expiration", expiration);
    }
    let is_silent = is_on(form, "silent");
    if is_silent != is_on(&shown.form, "silent") {
        within(&mut document, "notificationSettings", |settings| {
            let flag = "isAssignmentNotificationDisabled";
            settings.insert(flag.to_owned(), json!(is_silent));
        });
    }
    let stages = stages(visit, shown, form, faults).await?;
    within(&mut document, "requestApprovalSettings", |approval| {
        for (name, flag) in [
            ("approve_add", "isApprovalRequiredForAdd"),
            ("approve_update", "isApprovalRequiredForUpdate"),
            ("reason", "isRequestorJustificationRequired"),
        ] {
            approval.insert(flag.to_owned(), json!(is_on(form, name)));
        }
        approval.insert("stages".to_owned(), Json::Array(stages));
    });
    let questions = questions(shown, form, faults);
    put(&mut document, "questions", Json::Array(questions));
    reviews::patch(visit, shown, form, faults, &mut document).await?;
    if shown.rules {
        automatic(&mut document, shown, form, faults);
    }
    Ok(document)
}

pub(super) fn put(document: &mut Json, name: &str, value: Json) {
    if let Some(members) = document.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A member that is an object, changed; one that is none becomes one.
pub(super) fn within(document: &mut Json, name: &str, change: impl FnOnce(&mut Map<String, Json>)) {
    let found = document.get_mut(name).map(Json::take);
    let mut members = match found {
        Some(Json::Object(members)) => members,
        Some(_) | None => Map::new(),
    };
    change(&mut members);
    put(document, name, Json::Object(members));
}

/// A list of sets that a field says; `at` is where it is stored.
pub(super) async fn lists(
    visit: &Visit,
    shown: &Shown,
    form: &Form,
    faults: &mut Faults,
    field: &str,
    at: &str,
) -> Result<Json, Problem> {
    let stored = listed(shown, field, at);
    match sets::read(visit, form.text(field), &stored, shown.rules).await? {
        Ok(sets) => Ok(Json::Array(sets)),
        Err(wrong) => {
            faults.add(field, &wrong);
            Ok(Json::Array(
                stored.into_iter().map(|(_, set)| set).collect(),
            ))
        }
    }
}

fn requestors(document: &mut Json, form: &Form, behalf: Json) {
    let flags = [
        ("self_add", "enableTargetsToSelfAddAccess"),
        ("self_update", "enableTargetsToSelfUpdateAccess"),
        ("self_remove", "enableTargetsToSelfRemoveAccess"),
        ("dates", "allowCustomAssignmentSchedule"),
        ("behalf_add", "enableOnBehalfRequestorsToAddAccess"),
        ("behalf_update", "enableOnBehalfRequestorsToUpdateAccess"),
        ("behalf_remove", "enableOnBehalfRequestorsToRemoveAccess"),
    ];
    within(document, "requestorSettings", |settings| {
        for (name, flag) in flags {
            settings.insert(flag.to_owned(), json!(is_on(form, name)));
        }
        settings.insert("onBehalfRequestors".to_owned(), behalf);
    });
    if is_on(form, "self_add") && document.get("beta").is_some_and(Json::is_object) {
        // A policy that takes requests lets administrators assign, too (RQ-12).
        within(document, "beta", |beta| {
            beta.shift_remove("acceptRequests");
        });
    }
}

/// Days, or a duration as the API writes it.
pub(super) fn duration(text: &str) -> Option<Duration> {
    match text.parse::<i64>() {
        Ok(days @ 0..=36_500) => Some(Duration::from_days(days)),
        Ok(_) => None,
        Err(_) => Duration::parse(text).ok(),
    }
}

pub(super) const NO_DURATION: &str = "Give days, such as 30, or a duration such as PT8H.";
pub(super) const NO_DAY: &str = "Give a day, such as 2027-01-31.";

fn expiration(form: &Form, faults: &mut Faults) -> Json {
    let never = json!({"type": "noExpiration", "duration": null, "endDateTime": null});
    match form.text("expires") {
        "after" => {
            let Some(long) = duration(form.text("expires_after")) else {
                faults.add("expires_after", NO_DURATION);
                return never;
            };
            json!({"type": "afterDuration", "duration": long.to_string(), "endDateTime": null})
        }
        "on" => {
            let Some(end) = day(form.text("expires_on"), "0", 0) else {
                faults.add("expires_on", NO_DAY);
                return never;
            };
            json!({"type": "afterDateTime", "duration": null, "endDateTime": end.to_string()})
        }
        _ => never,
    }
}

/// The stages: those with somebody in them, or that an extension fills. Those that the form has no room for stay.
async fn stages(
    visit: &Visit,
    shown: &Shown,
    form: &Form,
    faults: &mut Faults,
) -> Result<Vec<Json>, Problem> {
    let stored = shown.document.pointer("/requestApprovalSettings/stages");
    let stored = stored.and_then(Json::as_array).cloned().unwrap_or_default();
    let mut stages = Vec::new();
    for number in 0..STAGES {
        let name = |part: &str| format!("s{number}_{part}");
        let mut stage = stored.get(number).cloned().unwrap_or_else(|| json!({}));
        let is_dynamic = stage.get("customExtension").is_some_and(Json::is_object);
        let mut is_empty = true;
        for (part, list) in LISTS {
            let field = name(part);
            let at = format!("/requestApprovalSettings/stages/{number}/{list}");
            let sets = lists(visit, shown, form, faults, &field, &at).await?;
            is_empty &= form.get(&field).is_none();
            put(&mut stage, list, sets);
        }
        if is_dynamic && is_on(form, &name("extension")) {
            is_empty = false;
        } else if is_dynamic && let Some(members) = stage.as_object_mut() {
            members.shift_remove("customExtension");
        }
        if is_empty {
            continue;
        }
        timing(&mut stage, shown, form, faults, &name);
        put(
            &mut stage,
            "isApproverJustificationRequired",
            json!(is_on(form, &name("why"))),
        );
        put(
            &mut stage,
            "isEscalationEnabled",
            json!(is_on(form, &name("escalates"))),
        );
        let visibility = ApproverVisibility::from_name(form.text(&name("visible")));
        if let Some(visibility) = visibility {
            put(
                &mut stage,
                "approverInformationVisibility",
                json!(visibility.as_str()),
            );
        }
        stages.push(stage);
    }
    stages.extend(stored.into_iter().skip(STAGES));
    Ok(stages)
}

/// The two lengths of time of a stage.
fn timing(
    stage: &mut Json,
    shown: &Shown,
    form: &Form,
    faults: &mut Faults,
    name: &impl Fn(&str) -> String,
) {
    for (part, member, absent) in [
        ("lasts", "durationBeforeAutomaticDenial", "P14D"),
        ("after", "durationBeforeEscalation", "PT0S"),
    ] {
        let field = name(part);
        let typed = form.get(&field);
        if typed == shown.form.get(&field) && stage.get(member).is_some() {
            continue;
        }
        let long = typed.map_or_else(|| Duration::parse(absent).ok(), duration);
        match long {
            Some(long) => put(stage, member, json!(long.to_string())),
            None => faults.add(&field, NO_DURATION),
        }
    }
}

/// The questions with a text, in the order of the form.
fn questions(shown: &Shown, form: &Form, faults: &mut Faults) -> Vec<Json> {
    let stored = shown.document.get("questions").and_then(Json::as_array);
    let stored = stored.cloned().unwrap_or_default();
    let mut questions = Vec::new();
    for number in 0..MOST_QUESTIONS {
        let name = |part: &str| format!("q{number}_{part}");
        let Some(text) = form.get(&name("text")) else {
            continue;
        };
        let before = stored.get(number).filter(|one| one.is_object());
        let is_choice = form.text(&name("kind")) != "text";
        let was_choice = before
            .and_then(|one| one.get("@odata.type"))
            .and_then(Json::as_str);
        let was_choice = was_choice.is_some_and(|kind| kind.contains("MultipleChoice"));
        // A question cannot become one of another kind: it is another question then.
        let kept = before.filter(|_| was_choice == is_choice);
        let mut question = kept
            .cloned()
            .unwrap_or_else(|| json!({"localizations": []}));
        let kind = if is_choice {
            "#microsoft.graph.accessPackageMultipleChoiceQuestion"
        } else {
            "#microsoft.graph.accessPackageTextInputQuestion"
        };
        put(&mut question, "@odata.type", json!(kind));
        let text = if kept.is_some() {
            said_on_a_line(shown, form, &name("text"))
        } else {
            text.to_owned()
        };
        put(&mut question, "text", json!(text));
        put(
            &mut question,
            "isRequired",
            json!(is_on(form, &name("must"))),
        );
        put(
            &mut question,
            "isAnswerEditable",
            json!(is_on(form, &name("edit"))),
        );
        if question.get("sequence").is_none() {
            put(&mut question, "sequence", json!(next_sequence(&questions)));
        }
        if is_choice {
            let many = form.text(&name("kind")) == "many";
            put(&mut question, "isMultipleSelectionAllowed", json!(many));
            let before = question.get("choices").cloned().unwrap_or_default();
            let field = name("choices");
            let choices = match before {
                // Not every choice can be read back from its line.
                Json::Array(choices) if is_as_drawn(shown, form, &field) => choices,
                before => choices(form.text(&field), &before),
            };
            if choices.is_empty() {
                faults.add(&name("choices"), "Give at least one choice.");
            }
            put(&mut question, "choices", Json::Array(choices));
        } else {
            if kept.is_none() || !is_line_as_drawn(shown, form, &name("pattern")) {
                let pattern = form.get(&name("pattern"));
                put(&mut question, "regexPattern", json!(pattern));
            }
            if question.get("isSingleLineQuestion").is_none() {
                put(&mut question, "isSingleLineQuestion", json!(false));
            }
        }
        questions.push(question);
    }
    questions.extend(stored.into_iter().skip(MOST_QUESTIONS));
    questions
}

/// Whether a text came back as it was drawn, without space around it and with the breaks of lines that browsers send.
fn is_as_drawn(shown: &Shown, form: &Form, field: &str) -> bool {
    let drawn = shown.form.text(field).replace("\r\n", "\n");
    form.text(field) == drawn.replace('\r', "\n")
}

/// The same for a text that is drawn on one line, where browsers leave breaks out.
fn is_line_as_drawn(shown: &Shown, form: &Form, field: &str) -> bool {
    let drawn = shown.form.text(field).replace(['\r', '\n'], "");
    form.text(field) == drawn || is_as_drawn(shown, form, field)
}

/// What a text of several lines says: what is stored where it came back as it was drawn.
pub(super) fn said(shown: &Shown, form: &Form, field: &str) -> String {
    let drawn = shown.form.all(field).next();
    let kept = drawn.filter(|_| is_as_drawn(shown, form, field));
    kept.unwrap_or(form.text(field)).to_owned()
}

/// What a text on one line says.
pub(super) fn said_on_a_line(shown: &Shown, form: &Form, field: &str) -> String {
    let drawn = shown.form.all(field).next();
    let kept = drawn.filter(|_| is_line_as_drawn(shown, form, field));
    kept.unwrap_or(form.text(field)).to_owned()
}

fn next_sequence(questions: &[Json]) -> i64 {
    let taken = questions
        .iter()
        .filter_map(|one| one.get("sequence").and_then(Json::as_i64));
    taken.max().map_or(0, |last| last.saturating_add(1))
}

/// Choices, one on a line: the value, and behind an equals sign what people read.
fn choices(typed: &str, stored: &Json) -> Vec<Json> {
    let stored = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let known = stored.iter().find(|one| choice_line(one) == line);
            known.cloned().unwrap_or_else(|| {
                let (value, text) = line.split_once('=').unwrap_or((line, line));
                json!({"actualValue": value.trim(), "text": text.trim(), "localizations": []})
            })
        })
        .collect()
}

/// A choice as its line.
pub(super) fn choice_line(choice: &Json) -> String {
    let text = |name: &str| choice.get(name).and_then(Json::as_str).unwrap_or_default();
    let (value, told) = (text("actualValue"), text("text"));
    if told.is_empty() || told == value {
        value.to_owned()
    } else {
        format!("{value} = {told}")
    }
}

/// How the policy assigns by itself, for whoever may say so.
fn automatic(document: &mut Json, shown: &Shown, form: &Form, faults: &mut Faults) {
    let names = ["auto_add", "auto_remove", "auto_grace"];
    if names
        .iter()
        .all(|name| form.get(name) == shown.form.get(name))
    {
        return;
    }
    let grace = form.get("auto_grace").map(duration);
    if grace == Some(None) {
        faults.add("auto_grace", NO_DURATION);
        return;
    }
    within(document, "automaticRequestSettings", |settings| {
        for (name, flag) in [
            ("auto_add", "requestAccessForAllowedTargets"),
            ("auto_remove", "removeAccessWhenTargetLeavesAllowedTargets"),
        ] {
            settings.insert(flag.to_owned(), json!(is_on(form, name)));
        }
        let grace = grace.flatten().map(|grace| grace.to_string());
        settings.insert("gracePeriodBeforeAccessRemoval".to_owned(), json!(grace));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_days_or_durations() {
        assert_eq!(duration("14"), Some(Duration::from_days(14)));
        assert_eq!(duration("PT8H"), Duration::parse("PT8H").ok());
        for wrong in ["-1", "soon", "36501", "P1Y", ""] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn choices_that_were_not_touched_keep_their_translations() {
        let stored = json!([{
            "actualValue": "eu", "text": "Europe", "localizations": [{"languageCode": "de", "text": "Europa"}],
        }]);

        let read = choices("eu = Europe\r\n\n us", &stored);

        assert_eq!(read.first(), stored.get(0));
        assert_eq!(
            read.get(1),
            Some(&json!({"actualValue": "us", "text": "us", "localizations": []}))
        );
    }
}
