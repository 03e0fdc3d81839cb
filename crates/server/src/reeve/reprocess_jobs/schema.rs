//! The schemas of bulk reprocess, for the description of the API.

use domain::reprocess_job::{Collection, ItemState, State, Tracking};
use serde_json::{Value, json};

use super::super::schemas::{instant, object, page, text, text_or_null};
use super::super::table::reference;

/// Every schema of bulk reprocess by its name.
pub(crate) fn schemas() -> Value {
    let mut all = of_jobs();
    if let (Some(members), Value::Object(more)) = (all.as_object_mut(), of_items()) {
        members.extend(more);
    }
    all
}

/// Jobs, and what is said to them.
fn of_jobs() -> Value {
    let (text, text_or_null, instant) = (text(), text_or_null(), instant());
    let number = json!({ "type": "integer" });
    let flag = json!({ "type": "boolean" });
    let state = words(State::ALL.iter().map(|one| one.as_str()));
    let collection = words(Collection::ALL.iter().map(|one| one.as_str()));
    let tracking = words(Tracking::ALL.iter().map(|one| one.as_str()));
    let (thresholds, instant_or_null) = (thresholds(), instant_or_null());
    let pace = json!({
        "units": number,
        "done": number,
        "failed": number,
        "unitsPerSecond": { "type": ["integer", "null"] },
        "estimatedEndDateTime": instant_or_null,
    });
    let mut of_target = pace.clone();
    if let Some(members) = of_target.as_object_mut() {
        members.insert("target".to_owned(), text.clone());
    }
    json!({
        "NewReprocessJob": {
            "type": "object",
            "required": ["target"],
            "properties": {
                "target": collection,
                "filter": text,
                "ids": { "type": "array", "items": text, "maxItems": service::reprocess_jobs::MOST_IDS },
                "version": { "type": "string", "enum": ["v1.0", "beta"], "default": "v1.0" },
                "dryRun": { "type": "boolean", "default": false },
                "tracking": tracking,
                "thresholds": thresholds,
                "note": { "type": "string", "maxLength": 1000 },
            },
        },
        "ReprocessRun": object(&json!({ "thresholds": thresholds })),
        "ReprocessJobs": page("ReprocessJob"),
        "ReprocessJob": object(&json!({
            "id": text,
            "target": collection,
            "filter": text_or_null,
            "dryRun": flag,
            "tracking": tracking,
            "note": text_or_null,
            "thresholds": thresholds,
            "state": state,
            "reason": reference("ReprocessReason"),
            "createdBy": text_or_null,
            "createdDateTime": instant,
            "plannedDateTime": instant_or_null,
            "startedDateTime": instant_or_null,
            "pausedDateTime": instant_or_null,
            "endedDateTime": instant_or_null,
            "summary": object(&json!({
                "items": number,
                "planned": number,
                "canceled": number,
                "refused": number,
                "inDelivery": number,
                "delivered": number,
                "partiallyDelivered": number,
                "deliveryFailed": number,
                "superseded": number,
            })),
            "progress": object(&pace),
            "targets": { "type": "array", "items": object(&of_target) },
        })),
        "ReprocessReason": {
            "type": ["object", "null"],
            "properties": { "code": text, "message": text },
        },
    })
}

/// What a job would do, and what came of its items.
fn of_items() -> Value {
    let (text, text_or_null) = (text(), text_or_null());
    let number = json!({ "type": "integer" });
    let flag = json!({ "type": "boolean" });
    let (state, thresholds) = (
        words(State::ALL.iter().map(|one| one.as_str())),
        thresholds(),
    );
    let instant_or_null = instant_or_null();
    let mut items = words(ItemState::ALL.iter().map(|one| one.as_str()));
    if let Some(Value::Array(list)) = items.get_mut("enum") {
        list.push(json!("canceled"));
    }
    json!({
        "ReprocessPlan": object(&json!({
            "state": state,
            "isComplete": flag,
            "items": number,
            "refused": number,
            "refusals": {
                "type": "array",
                "items": object(&json!({ "code": text, "items": number })),
            },
            "people": number,
            "adds": number,
            "removes": number,
            "kept": number,
            "targets": {
                "type": "array",
                "items": object(&json!({
                    "target": text,
                    "adds": number,
                    "removes": number,
                    "kept": number,
                })),
            },
            "thresholds": thresholds,
            "exceeded": text_or_null,
        })),
        "ReprocessLine": object(&json!({
            "item": number,
            "id": text,
            "state": items,
            "code": text_or_null,
            "message": text_or_null,
            "requestId": text_or_null,
            "settledDateTime": instant_or_null,
            "adds": number,
            "removes": number,
            "kept": number,
            "subject": {
                "type": ["object", "null"],
                "properties": { "id": text, "objectId": text_or_null, "displayName": text_or_null },
            },
        })),
        "ReprocessLines": text,
        "ReprocessEvents": text,
    })
}

fn words<'w>(words: impl Iterator<Item = &'w str>) -> Value {
    json!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

fn instant_or_null() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn thresholds() -> Value {
    object(&json!({
        "maxRemoved": { "type": "integer", "minimum": 0, "default": 1000 },
        "maxRemovedPercent": { "type": "integer", "minimum": 0, "maximum": 100, "default": 10 },
    }))
}
