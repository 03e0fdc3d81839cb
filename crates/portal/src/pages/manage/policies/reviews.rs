//! The reviews that a policy asks for: kept for whoever reviews, as Reeve itself asks nobody.
//!
//! **Invariant:** a schedule that nobody touched stays as it is stored, with all that the form has no field for.

use domain::time::Duration;
use maud::{Markup, html};
use serde_json::{Value as Json, json};

use super::document::{NO_DAY, NO_DURATION, duration, lists, put, within};
use super::fields::{Shown, length};
use crate::form::Form;
use crate::pages::manage::fields::{check, field, hinted, is_on, on};
use crate::pages::submission::Faults;
use crate::parts::{day, select};
use crate::problem::Problem;
use crate::visit::Visit;

/// What follows when nobody reviews.
const AFTER: [(&str, &str); 3] = [
    ("keepAccess", "They keep it"),
    ("removeAccess", "They lose it"),
    ("acceptAccessRecommendation", "What is recommended"),
];

/// How often there is a review: the field's word, what is shown, and the pattern with its interval.
const OFTEN: [(&str, &str, &str, i64); 5] = [
    ("weekly", "Every week", "weekly", 1),
    ("monthly", "Every month", "absoluteMonthly", 1),
    ("quarterly", "Every quarter", "absoluteMonthly", 3),
    ("halfyearly", "Every half year", "absoluteMonthly", 6),
    ("annual", "Every year", "absoluteYearly", 1),
];
/// What stands for a recurrence that the form has no word for.
const OTHER: &str = "other";

/// The fields of the schedule.
const SCHEDULE: [&str; 3] = ["review_starts", "review_every", "review_days"];
/// The fields with those who review, and the members.
const LISTS: [(&str, &str); 2] = [
    ("reviewers", "primaryReviewers"),
    ("review_fallback", "fallbackReviewers"),
];

/// What a document says of reviews, but for the people.
pub(super) fn of_document(document: &Json) -> Vec<(String, String)> {
    let settings = document.get("reviewSettings").unwrap_or(&Json::Null);
    let flag = |name: &str| settings.get(name) == Some(&Json::Bool(true));
    let text = |at: &str| {
        let text = settings.pointer(at).and_then(Json::as_str);
        text.unwrap_or_default()
    };
    let starts = text("/schedule/startDateTime");
    let lasts = text("/schedule/expiration/duration");
    let lasts = Duration::parse(lasts).map(length);
    vec![
        on("review", flag("isEnabled")),
        on("review_self", flag("isSelfReview")),
        on("review_why", flag("isReviewerJustificationRequired")),
        field("review_then", text("/expirationBehavior")),
        field(
            "review_starts",
            starts.split('T').next().unwrap_or_default(),
        ),
        field("review_every", every(settings)),
        field("review_days", lasts.unwrap_or_default()),
    ]
}

/// The word for how often there is a review.
fn every(settings: &Json) -> &'static str {
    let Some(pattern) = settings.pointer("/schedule/recurrence/pattern") else {
        return "";
    };
    if pattern.is_null() {
        return "";
    }
    let known = OFTEN.iter().find(|(_, _, kind, interval)| {
        pattern.get("type").and_then(Json::as_str) == Some(kind)
            && pattern.get("interval").and_then(Json::as_i64) == Some(*interval)
    });
    known.map_or(OTHER, |(word, ..)| word)
}

/// The part of the form.
pub(super) fn drawn(form: &Form, faults: &Faults) -> Markup {
    let names = SCHEDULE.iter().chain(LISTS.iter().map(|(name, _)| name));
    let is_used = is_on(form, "review")
        || names
            .into_iter()
            .any(|name| form.get(name).is_some() || faults.of(name).is_some());
    let mut often = vec![("", "Once")];
    often.extend(OFTEN.iter().map(|(word, told, ..)| (*word, *told)));
    if form.text("review_every") == OTHER {
        often.push((OTHER, "As a program wrote it"));
    }
    html! {
        details open[is_used] {
            summary { "Reviews" @if !is_used { ": none" } }
            fieldset .part {
                legend { "Reviews" }
                p .hint { "This is kept for programs that review access. Reeve itself asks nobody to review." }
                (check(form, "review", "Who holds it is reviewed"))
                (hinted(form, faults, "review_starts", "The first review begins", Some("By UTC."), false).line("date"))
                (select("review_every", "How often", &often, form.text("review_every")))
                (hinted(form, faults, "review_days", "How long a review lasts", Some("Days, such as 14."), false).line("text"))
                (check(form, "review_self", "Everybody reviews themselves"))
                (check(form, "review_why", "Reviewers have to say why"))
                (select("review_then", "If nobody answers", &AFTER, form.text("review_then")))
                (hinted(form, faults, "reviewers", "Who reviews", None, false).lines())
                (hinted(form, faults, "review_fallback", "Who reviews if that is nobody", None, false).lines())
            }
        }
    }
}

/// Writes what the form says of reviews into the document.
pub(super) async fn patch(
    visit: &Visit,
    shown: &Shown,
    form: &Form,
    faults: &mut Faults,
    document: &mut Json,
) -> Result<(), Problem> {
    let mut people = Vec::new();
    for (field, list) in LISTS {
        let at = format!("/reviewSettings/{list}");
        people.push((list, lists(visit, shown, form, faults, field, &at).await?));
    }
    let is_there = document.get("reviewSettings").is_some_and(Json::is_object);
    let is_said = is_on(form, "review")
        || people.iter().any(|(_, sets)| *sets != json!([]))
        || SCHEDULE.iter().any(|name| form.get(name).is_some());
    if !is_there && !is_said {
        return Ok(());
    }
    if !is_there {
        let fresh = json!({
            "expirationBehavior": "keepAccess",
            "isRecommendationEnabled": true,
            "isReviewerJustificationRequired": true,
            "schedule": null,
        });
        put(document, "reviewSettings", fresh);
    }
    let is_as_drawn = SCHEDULE
        .iter()
        .all(|name| form.text(name) == shown.form.text(name));
    let schedule = (!is_as_drawn).then(|| schedule(shown, form, faults));
    within(document, "reviewSettings", |settings| {
        for (name, flag) in [
            ("review", "isEnabled"),
            ("review_self", "isSelfReview"),
            ("review_why", "isReviewerJustificationRequired"),
        ] {
            settings.insert(flag.to_owned(), json!(is_on(form, name)));
        }
        let then = form.get("review_then");
        if let Some((word, _)) = AFTER.iter().find(|(word, _)| Some(*word) == then) {
            settings.insert("expirationBehavior".to_owned(), json!(word));
        }
        if let Some(schedule) = schedule {
            settings.insert("schedule".to_owned(), schedule);
        }
        for (list, sets) in people {
            settings.insert(list.to_owned(), sets);
        }
    });
    Ok(())
}

/// The schedule that the form says; null, if it says nothing of it.
fn schedule(shown: &Shown, form: &Form, faults: &mut Faults) -> Json {
    if SCHEDULE.iter().all(|name| form.get(name).is_none()) {
        return Json::Null;
    }
    let starts = form.text("review_starts");
    let Some(begins) = day(starts, "0", 0) else {
        faults.add("review_starts", NO_DAY);
        return Json::Null;
    };
    let lasts = form.get("review_days").map(duration);
    if lasts == Some(None) {
        faults.add("review_days", NO_DURATION);
        return Json::Null;
    }
    let lasts = lasts.flatten().map(|long| long.to_string());
    let kind = if lasts.is_some() {
        "afterDuration"
    } else {
        "noExpiration"
    };
    json!({
        "startDateTime": begins.to_string(),
        "recurrence": recurrence(shown, form, starts),
        "expiration": {"endDateTime": null, "duration": lasts, "type": kind},
    })
}

/// How often: what is stored from its new beginning on, if the form says nothing else.
fn recurrence(shown: &Shown, form: &Form, starts: &str) -> Json {
    let word = form.text("review_every");
    let stored = shown
        .document
        .pointer("/reviewSettings/schedule/recurrence");
    if let Some(stored) = stored.filter(|_| word == shown.form.text("review_every")) {
        let mut kept = stored.clone();
        if let Some(first) = kept.pointer_mut("/range/startDate") {
            *first = json!(starts);
        }
        return kept;
    }
    let Some((_, _, kind, interval)) = OFTEN.iter().find(|(known, ..)| *known == word) else {
        return Json::Null;
    };
    json!({
        "pattern": {"type": kind, "interval": interval, "month": 0, "dayOfMonth": 0, "daysOfWeek": [],
            "firstDayOfWeek": "sunday", "index": "first"},
        "range": {"type": "noEnd", "startDate": starts, "endDate": null, "numberOfOccurrences": 0,
            "recurrenceTimeZone": null},
    })
}
