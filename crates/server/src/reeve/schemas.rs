//! The schemas of Reeve's own API.

use domain::model;
use serde_json::{Map, Value, json};

use super::table::reference;
use super::{deliveries, explanations, ledger, rows};

/// Every schema by its name.
pub(super) fn schemas() -> Value {
    let parts = [
        general(),
        of_targets(),
        of_grants(),
        of_sweeps(),
        of_notices(),
        of_rules(),
        super::reprocess_jobs::schemas(),
        of_development(),
        explanations::schemas(),
    ];
    let mut all = Map::new();
    for part in parts {
        if let Value::Object(members) = part {
            all.extend(members);
        }
    }
    Value::Object(all)
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

pub(super) fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

pub(super) fn list(of: &str) -> Value {
    object(&json!({ "value": { "type": "array", "items": reference(of) } }))
}

pub(super) fn page(of: &str) -> Value {
    object(&json!({
        "value": { "type": "array", "items": reference(of) },
        "nextLink": { "type": "string", "format": "uri" },
    }))
}

/// What is about the server as a whole.
fn general() -> Value {
    let text = text();
    let text_or_null = text_or_null();
    let instant = instant();
    json!({
        "Authorization": authorization(&text, &text_or_null),
        "AuditLines": text,
        "StuckObjects": list("StuckObject"),
        "StuckObject": object(&json!({ "kind": text, "id": text, "since": instant })),
        "Error": object(&json!({
            "error": object(&json!({
                "code": text,
                "message": text,
                "target": text,
                "innerError": { "type": "object" },
            })),
        })),
    })
}

/// Targets, and what is delivered to which.
fn of_targets() -> Value {
    let text = text();
    let text_or_null = text_or_null();
    json!({
        "Targets": list("Target"),
        "Target": object(&json!({
            "name": text,
            "kind": text,
            "paused": { "type": "boolean" },
            "reason": text_or_null,
            "fault": text_or_null,
            "switchedAt": { "type": ["string", "null"], "format": "date-time" },
            "grants": { "type": "object", "additionalProperties": { "type": "integer" } },
            "lane": { "oneOf": [reference("Lane"), { "type": "null" }] },
        })),
        "Lane": lane(),
        "Pause": object(&json!({ "reason": text_or_null })),
        "Bindings": list("Binding"),
        "Binding": object(&json!({ "objectId": text, "target": text, "address": text_or_null })),
        "NewBinding": object(&json!({ "target": text, "address": text_or_null })),
        "ResourceChange": object(&json!({
            "driftAction": { "type": "string", "enum": ["report", "restore"] },
            "authoritative": { "type": "boolean" },
        })),
    })
}

/// The ledger.
fn of_grants() -> Value {
    let columns = |entity, names: &[&str]| object(&Value::Object(rows::schema(entity, names)));

    let mut grant = rows::schema(&model::LEDGER, ledger::GRANT);
    grant.insert("subject".to_owned(), reference("Subject"));
    grant.insert(
        "assignments".to_owned(),
        json!({ "type": "array", "items": reference("Assignment") }),
    );
    let mut unit = rows::schema(&model::REQUEST_DELIVERY, deliveries::UNIT);
    unit.insert(
        "grant".to_owned(),
        columns(&model::LEDGER, deliveries::GRANT),
    );
    let mut drift = page("Grant");
    if let Some(members) = drift
        .pointer_mut("/properties")
        .and_then(Value::as_object_mut)
    {
        let number = json!({ "type": "integer" });
        let summary = json!({ "total": number, "missing": number, "unwanted": number });
        members.insert("summary".to_owned(), object(&summary));
    }
    json!({
        "Grants": page("Grant"),
        "Grant": object(&Value::Object(grant)),
        "Subject": columns(&model::SUBJECT, ledger::SUBJECT),
        "Assignment": columns(&model::ASSIGNMENT, ledger::ASSIGNMENT),
        "Drift": drift,
        "Deliveries": list("Unit"),
        "Unit": object(&Value::Object(unit)),
    })
}

/// What sweeps see, and what is made of it.
fn of_sweeps() -> Value {
    let text = text();
    let text_or_null = text_or_null();
    let instant = instant();
    let instant_or_null = json!({ "type": ["string", "null"], "format": "date-time" });
    let number = json!({ "type": "integer" });
    let flag = json!({ "type": "boolean" });
    let mut extras = page("Extra");
    if let Some(members) = extras
        .pointer_mut("/properties")
        .and_then(Value::as_object_mut)
    {
        members.insert("summary".to_owned(), object(&json!({ "total": number })));
    }
    json!({
        "Delta": {
            "type": "object",
            "properties": {
                "@odata.context": text,
                "value": { "type": "array", "items": { "type": "object", "additionalProperties": true } },
                "@odata.nextLink": text,
                "@odata.deltaLink": text,
            },
            "required": ["value"],
        },
        "NewSweep": object(&json!({ "target": text })),
        "Sweeps": page("Sweep"),
        "Sweep": object(&json!({
            "id": text,
            "target": text,
            "state": { "type": "string", "enum": ["queued", "running", "completed", "failed", "skipped", "cancelled"] },
            "cause": { "type": "string", "enum": ["schedule", "request"] },
            "requestedBy": text_or_null,
            "requestedDateTime": instant,
            "startedDateTime": instant_or_null,
            "endedDateTime": instant_or_null,
            "failureCode": text_or_null,
            "failureMessage": text_or_null,
            "objects": number,
            "objectsRead": number,
            "objectsFailed": number,
            "members": number,
            "missing": number,
            "returned": number,
            "extras": number,
            "restored": number,
            "removed": number,
        })),
        "SweepObjects": page("SweepObject"),
        "SweepObject": object(&json!({
            "number": number,
            "originSystem": text,
            "resourceOriginId": text,
            "roleOriginId": text,
            "scopeOriginId": text,
            "state": { "type": "string", "enum": ["waiting", "read", "failed"] },
            "members": number,
            "extras": number,
            "failureCode": text_or_null,
            "failureMessage": text_or_null,
            "endedDateTime": instant_or_null,
        })),
        "Extras": extras,
        "Extra": object(&json!({
            "id": text,
            "target": text,
            "originSystem": text,
            "resourceOriginId": text,
            "roleOriginId": text,
            "scopeOriginId": text,
            "member": text,
            "objectId": text_or_null,
            "sweepId": text,
            "foundDateTime": instant,
            "seenDateTime": instant,
        })),
        "NewAdoption": object(&json!({
            "accessPackageId": text,
            "assignmentPolicyId": text,
            "dryRun": flag,
            "top": number,
            "after": text_or_null,
            "justification": text_or_null,
        })),
        "Adoption": object(&json!({
            "dryRun": flag,
            "observedDateTime": instant,
            "roles": number,
            "counts": { "type": "object", "additionalProperties": { "type": "integer" } },
            "value": { "type": "array", "items": reference("AdoptedPerson") },
            "after": text_or_null,
        })),
        "AdoptedPerson": object(&json!({
            "objectId": text,
            "outcome": { "type": "string", "enum": ["adopted", "assigned", "partial", "refused"] },
            "requestId": text,
            "roles": number,
            "error": object(&json!({ "code": text, "message": text })),
        })),
    })
}

/// What people are told.
fn of_notices() -> Value {
    let text = text();
    let text_or_null = text_or_null();
    let instant = instant();
    json!({
        "Notices": object(&json!({
            "counts": { "type": "object", "additionalProperties": { "type": "integer" } },
            "value": { "type": "array", "items": reference("Notice") },
            "nextLink": { "type": "string", "format": "uri" },
        })),
        "Notice": object(&json!({
            "id": text,
            "number": { "type": "integer" },
            "occasion": text,
            "state": { "type": "string", "enum": ["queued", "sending", "sent", "uncertain", "failed", "dropped"] },
            "recipientId": text,
            "address": text_or_null,
            "requestId": text_or_null,
            "assignmentId": text_or_null,
            "attempts": { "type": "integer" },
            "failure": text_or_null,
            "createdDateTime": instant,
            "dueDateTime": { "type": ["string", "null"], "format": "date-time" },
            "finishedDateTime": { "type": ["string", "null"], "format": "date-time" },
        })),
    })
}

/// Assignment by rule.
fn of_rules() -> Value {
    let text = text();
    let text_or_null = text_or_null();
    let instant = instant();
    json!({
        "PreviewDraft": object(&json!({
            "membershipRule": text_or_null,
            "automaticRequestSettings": { "type": ["object", "null"], "properties": {
                "requestAccessForAllowedTargets": { "type": "boolean" },
                "removeAccessWhenTargetLeavesAllowedTargets": { "type": "boolean" },
                "gracePeriodBeforeAccessRemoval": { "type": ["string", "null"], "format": "duration" },
            } },
        })),
        "Preview": object(&json!({
            "policyId": text,
            "counts": { "type": "object", "additionalProperties": { "type": "integer" } },
            "value": { "type": "array", "items": reference("PreviewedUser") },
            "nextLink": { "type": "string", "format": "uri" },
        })),
        "PreviewedUser": object(&json!({
            "objectId": text,
            "displayName": text,
            "userPrincipalName": text,
            "outcome": { "type": "string", "enum": ["gains", "loses", "moves", "stays", "skipped"] },
            "reason": text_or_null,
            "dateTime": { "type": ["string", "null"], "format": "date-time" },
        })),
        "AutomaticStatus": object(&json!({
            "policyId": text,
            "status": { "type": "string", "enum": ["off", "idle", "evaluating", "quarantined"] },
            "membershipRule": text_or_null,
            "error": text_or_null,
            "lastEvaluatedDateTime": { "type": ["string", "null"], "format": "date-time" },
            "evaluatedUsers": { "type": ["integer", "null"] },
            "pendingUsers": { "type": "integer" },
            "targets": { "type": "integer" },
            "maxTargets": { "type": "integer" },
            "counts": { "type": "object", "additionalProperties": { "type": "integer" } },
            "value": { "type": "array", "items": reference("AutomaticNote") },
            "nextLink": { "type": "string", "format": "uri" },
        })),
        "AutomaticNote": object(&json!({
            "objectId": text,
            "kind": { "type": "string", "enum": ["skipped", "suppressed", "grace"] },
            "reason": text,
            "sinceDateTime": instant,
            "dueDateTime": { "type": ["string", "null"], "format": "date-time" },
        })),
    })
}

/// What only development tenants have.
fn new_fault() -> Value {
    let text_or_null = text_or_null();
    object(&json!({
        "target": text_or_null,
        "route": text_or_null,
        "fault": text(),
        "calls": { "type": ["integer", "null"], "minimum": 1 },
        "share": { "type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1 },
        "seed": { "type": ["integer", "null"], "minimum": 0 },
    }))
}

fn lane() -> Value {
    let number_or_null = json!({ "type": ["number", "null"] });
    let integer = json!({ "type": "integer" });
    let instant_or_null = json!({ "type": ["string", "null"], "format": "date-time" });
    object(&json!({
        "state": { "type": "string", "enum": ["open", "held", "broken", "probing", "paused"] },
        "until": instant_or_null,
        "ratePerSecond": number_or_null,
        "learnedRatePerSecond": number_or_null,
        "inFlight": integer,
        "inFlightLimit": integer,
        "maxInFlight": integer,
        "unansweredCalls": integer,
        "lastFailure": { "oneOf": [
            object(&json!({ "code": text(), "message": text(), "dateTime": instant() })),
            { "type": "null" },
        ] },
    }))
}

fn of_development() -> Value {
    let text = text();
    let text_or_null = text_or_null();
    let instant = instant();
    json!({
        "Clock": object(&json!({ "now": instant })),
        "Advance": object(&json!({ "advance": { "type": "string", "format": "duration" } })),
        "Snapshots": list("Snapshot"),
        "Snapshot": object(&json!({ "name": text, "takenDateTime": instant })),
        "NewSnapshot": object(&json!({ "name": text })),
        "Fault": object(&json!({ "fault": text_or_null })),
        "NewFault": new_fault(),
        "InjectedFault": object(&json!({
            "id": text,
            "target": text_or_null,
            "route": text_or_null,
            "fault": text,
            "calls": { "type": ["integer", "null"] },
            "share": { "type": ["number", "null"] },
            "seed": { "type": "integer" },
            "met": { "type": "integer" },
            "createdDateTime": instant,
        })),
        "InjectedFaults": list("InjectedFault"),
    })
}

fn authorization(text: &Value, text_or_null: &Value) -> Value {
    let texts = json!({ "type": "array", "items": text });
    let group = object(&json!({ "id": text, "displayName": text_or_null }));
    object(&json!({
        "decision": { "type": "string", "enum": ["allowed", "denied", "notFound"] },
        "reason": text,
        "rule": text,
        "operation": text,
        "principal": object(&json!({
            "id": text,
            "type": { "type": "string", "enum": ["user", "servicePrincipal"] },
        })),
        "object": object(&json!({ "id": text, "type": text_or_null, "catalogId": text_or_null })),
        "basis": object(&json!({
            "type": { "type": "string", "enum": ["permission", "role", "own"] },
            "role": text,
            "scope": text,
            "roleAssignmentId": text_or_null,
            "throughGroups": { "type": "array", "items": group },
            "fromToken": { "type": "boolean" },
        })),
        "needed": object(&json!({
            "permissions": texts,
            "roles": texts,
            "permissionOrRole": { "type": "boolean" },
        })),
    }))
}
