//! Review settings: `reviewSettings` in v1.0, `accessReviewSettings` in beta (semantics 6.7). Stored and served.

use domain::time::Duration;
use serde_json::{Value as Json, json};

use super::expiration::in_days;
use super::subject_set;
use crate::body::{InvalidField, Node};
use crate::document;
use crate::version::Version;
use crate::words::EXPIRATION_BEHAVIOR;

/// Beta's recurrences, and the pattern each stands for.
const RECURRENCES: &[(&str, &str, i64)] = &[
    ("weekly", "weekly", 1),
    ("monthly", "absoluteMonthly", 1),
    ("quarterly", "absoluteMonthly", 3),
    ("halfyearly", "absoluteMonthly", 6),
    ("annual", "absoluteYearly", 1),
];

/// Reads the settings; what beta writes back as it read it keeps its stored form.
pub(super) fn read(
    version: Version,
    root: &Node<'_>,
    stored: Option<&Json>,
) -> Result<Json, InvalidField> {
    match version {
        Version::V1 => read_v1(&root.member("reviewSettings"), stored),
        Version::Beta => {
            let read = read_beta(&root.member("accessReviewSettings"))?;
            let Some(stored) = stored.filter(|stored| !stored.is_null()) else {
                return Ok(read);
            };
            let echo = json!({"accessReviewSettings": to_beta(stored, &Json::Null)});
            let echoed = read_beta(&Node::root(&echo).member("accessReviewSettings"));
            Ok(if echoed.as_ref() == Ok(&read) {
                stored.clone()
            } else {
                read
            })
        }
    }
}

fn read_v1(node: &Node<'_>, stored: Option<&Json>) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Ok(Json::Null);
    }
    let schedule_node = node.member("schedule");
    schedule_node.object()?;
    schedule_node.member("startDateTime").instant()?;
    schedule_node
        .member("expiration")
        .member("duration")
        .duration()?;
    let reviewers = |name: &str| {
        let known = stored
            .and_then(|stored| stored.get(name))
            .unwrap_or(&Json::Null);
        subject_set::read_all(&node.member(name)).map(|sets| subject_set::kept(sets, known))
    };
    Ok(json!({
        "isEnabled": node.member("isEnabled").flag()?.unwrap_or(false),
        "expirationBehavior":
            node.member("expirationBehavior").word(&EXPIRATION_BEHAVIOR)?.unwrap_or("keepAccess"),
        "isRecommendationEnabled": node.member("isRecommendationEnabled").flag()?.unwrap_or(true),
        "isReviewerJustificationRequired":
            node.member("isReviewerJustificationRequired").flag()?.unwrap_or(true),
        "isSelfReview": node.member("isSelfReview").flag()?.unwrap_or(false),
        "schedule": document::schedule(schedule_node.json()),
        "primaryReviewers": reviewers("primaryReviewers")?,
        "fallbackReviewers": reviewers("fallbackReviewers")?,
    }))
}

fn read_beta(node: &Node<'_>) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Ok(Json::Null);
    }
    let recurrence_node = node.member("recurrenceType");
    let recurrence = recurrence_node.text()?.filter(|name| !name.is_empty());
    let pattern = recurrence
        .map(|name| {
            RECURRENCES
                .iter()
                .find(|(known, _, _)| known.eq_ignore_ascii_case(name))
                .ok_or_else(|| {
                    recurrence_node.invalid(format!("is not a known recurrence: `{name}`"))
                })
        })
        .transpose()?;
    let start = node
        .member("startDateTime")
        .instant()?
        .map(|start| start.to_string());
    let days = node.member("durationInDays").int()?;
    let reviewers = subject_set::read_all_beta(&node.member("reviewers"))?;
    let type_node = node.member("reviewerType");
    let (is_self, primary, fallback) = match type_node
        .text()?
        .unwrap_or("Reviewers")
        .to_ascii_lowercase()
        .as_str()
    {
        "self" => (true, reviewers, Vec::new()),
        "manager" => {
            let manager =
                json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1});
            (false, vec![manager], reviewers)
        }
        "reviewers" | "" => (false, reviewers, Vec::new()),
        other => {
            return Err(
                type_node.invalid(format!("must be Self, Reviewers or Manager, not `{other}`"))
            );
        }
    };
    let date = start.as_deref().and_then(|start| start.split('T').next());
    let recurrence = pattern.map(|(_, kind, interval)| {
        json!({
            "pattern": {"type": kind, "interval": interval, "month": 0, "dayOfMonth": 0, "daysOfWeek": [],
                "firstDayOfWeek": "sunday", "index": "first"},
            "range": {"type": "noEnd", "startDate": date, "endDate": null, "numberOfOccurrences": 0,
                "recurrenceTimeZone": null},
        })
    });
    let length = days.map(|days| Duration::from_days(days).to_string());
    let kind = if length.is_some() {
        "afterDuration"
    } else {
        "noExpiration"
    };
    Ok(json!({
        "isEnabled": node.member("isEnabled").flag()?.unwrap_or(false),
        "expirationBehavior":
            node.member("accessReviewTimeoutBehavior").word(&EXPIRATION_BEHAVIOR)?.unwrap_or("keepAccess"),
        "isRecommendationEnabled": node.member("isAccessRecommendationEnabled").flag()?.unwrap_or(true),
        "isReviewerJustificationRequired":
            node.member("isApprovalJustificationRequired").flag()?.unwrap_or(true),
        "isSelfReview": is_self,
        "schedule": {
            "startDateTime": start,
            "recurrence": recurrence,
            "expiration": {"endDateTime": null, "duration": length, "type": kind},
        },
        "primaryReviewers": primary,
        "fallbackReviewers": fallback,
    }))
}

/// As v1.0 shows them.
pub(super) fn to_v1(stored: &Json) -> Json {
    let mut shown = stored.clone();
    if let Some(members) = shown.as_object_mut() {
        for list in ["primaryReviewers", "fallbackReviewers"] {
            let sets = stored.get(list).unwrap_or(&Json::Null);
            members.insert(
                list.to_owned(),
                subject_set::show_all(Version::V1, sets, None),
            );
        }
    }
    shown
}

/// As beta shows them; `extra` is what only beta can say.
pub(super) fn to_beta(stored: &Json, extra: &Json) -> Json {
    if !stored.is_object() {
        return Json::Null;
    }
    let at = |path: &str| stored.pointer(path).cloned().unwrap_or_default();
    let list = |name: &str| stored.get(name).unwrap_or(&Json::Null);
    let is_manager = list("primaryReviewers")
        .as_array()
        .is_some_and(|sets| matches!(sets.as_slice(), [only] if subject_set::kind_of(only) == "requestorManager"));
    let (reviewer_type, reviewers) = match (at("/isSelfReview") == json!(true), is_manager) {
        (true, _) => ("Self", list("primaryReviewers")),
        (false, true) => ("Manager", list("fallbackReviewers")),
        (false, false) => ("Reviewers", list("primaryReviewers")),
    };
    let days = at("/schedule/expiration/duration");
    let days = days
        .as_str()
        .and_then(|text| Duration::parse(text).ok())
        .map(in_days);
    let mut shown = json!({
        "isEnabled": at("/isEnabled"),
        "recurrenceType": recurrence_type(&at("/schedule/recurrence/pattern")),
        "reviewerType": reviewer_type,
        "startDateTime": at("/schedule/startDateTime"),
        "durationInDays": days,
        "reviewers": subject_set::show_all(Version::Beta, reviewers, Some(false)),
        "isAccessRecommendationEnabled": at("/isRecommendationEnabled"),
        "isApprovalJustificationRequired": at("/isReviewerJustificationRequired"),
        "accessReviewTimeoutBehavior": at("/expirationBehavior"),
    });
    if let (Some(agentic), Some(members)) = (
        extra.get("isAgenticExperienceEnabled"),
        shown.as_object_mut(),
    ) {
        members.insert("isAgenticExperienceEnabled".to_owned(), agentic.clone());
    }
    shown
}

/// The name of the nearest recurrence that beta knows.
fn recurrence_type(pattern: &Json) -> Json {
    let Some(kind) = pattern.get("type").and_then(Json::as_str) else {
        return Json::Null;
    };
    let interval = pattern.get("interval").and_then(Json::as_i64).unwrap_or(1);
    let name = if kind.ends_with("early") {
        "annual"
    } else if kind.ends_with("onthly") {
        match interval {
            ..=1 => "monthly",
            2..=3 => "quarterly",
            4..=6 => "halfyearly",
            _ => "annual",
        }
    } else {
        "weekly"
    };
    json!(name)
}
