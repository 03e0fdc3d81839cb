//! The schemas of explanations and reports.

use domain::model;
use serde_json::{Map, Value, json};
use service::explain::access::{ASSIGNMENT, GRANT, LINKED, REQUEST};

use super::rows;
use super::schemas::{object, text, text_or_null};
use super::table::reference;

/// Every one by its name.
pub(super) fn schemas() -> Value {
    let mut all = Map::new();
    for part in [
        of_requests(),
        of_approvals(),
        of_access(),
        of_resources(),
        of_reports(),
    ] {
        if let Value::Object(members) = part {
            all.extend(members);
        }
    }
    Value::Object(all)
}

fn list(of: &str) -> Value {
    json!({ "type": "array", "items": reference(of) })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn flag_or_null() -> Value {
    json!({ "type": ["boolean", "null"] })
}

fn instant_or_null() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn of_requests() -> Value {
    json!({
        "RequestExplanation": object(&json!({
            "decision": { "type": "string", "enum": ["allowed", "denied"] },
            "reason": text(),
            "code": text_or_null(),
            "principal": object(&json!({ "id": text() })),
            "accessPackage": object(&json!({ "id": text(), "displayName": text() })),
            "policyId": text_or_null(),
            "needed": list("RequestCheck"),
            "checks": list("RequestCheck"),
            "policies": list("RequestByPolicy"),
        })),
        "RequestCheck": object(&json!({
            "check": text(),
            "rule": text(),
            "outcome": { "type": "string", "enum": ["passed", "failed", "needed"] },
            "code": text_or_null(),
            "target": text_or_null(),
            "reason": text_or_null(),
        })),
        "RequestByPolicy": object(&json!({
            "id": text(),
            "displayName": text(),
            "allowedTargetScope": text(),
            "rank": { "type": ["integer", "null"] },
            "standing": {
                "type": "string",
                "enum": ["counts", "outranked", "outOfScope", "notRequestable"],
            },
            "reason": text(),
            "checks": list("RequestCheck"),
        })),
    })
}

fn of_approvals() -> Value {
    let duration = json!({ "type": "string", "format": "duration" });
    json!({
        "ApprovalExplanation": object(&json!({
            "requestId": text_or_null(),
            "target": { "oneOf": [reference("RequestTarget"), { "type": "null" }] },
            "accessPackageId": text(),
            "approvals": list("ApprovalByPolicy"),
        })),
        "RequestTarget": object(&json!({
            "id": text(),
            "objectId": text_or_null(),
            "displayName": text_or_null(),
            "email": text_or_null(),
        })),
        "ApprovalByPolicy": object(&json!({
            "policyId": text_or_null(),
            "policyName": text_or_null(),
            "isApprovalNeeded": flag(),
            "stages": list("ApprovalByStage"),
        })),
        "ApprovalByStage": object(&json!({
            "stage": { "type": "integer" },
            "status": text(),
            "reviewResult": text(),
            "reviewedById": text_or_null(),
            "durationBeforeAutomaticDenial": duration,
            "dueDateTime": instant_or_null(),
            "durationBeforeEscalation": { "type": ["string", "null"], "format": "duration" },
            "escalationDateTime": instant_or_null(),
            "isEscalated": flag(),
            "asksSomebody": flag(),
            "areNamesShown": flag(),
            "people": { "type": ["array", "null"], "items": reference("ExplainedObject") },
            "hasMorePeople": flag(),
            "tiers": list("ApprovalByTier"),
        })),
        "ApprovalByTier": object(&json!({
            "tier": {
                "type": "string",
                "enum": ["primary", "fallbackPrimary", "escalation", "fallbackEscalation"],
            },
            "standsForSomebody": flag(),
            "reason": text(),
            "principals": { "type": ["array", "null"], "items": reference("ExplainedObject") },
        })),
        "ExplainedObject": object(&json!({
            "id": text(),
            "type": text_or_null(),
            "displayName": text_or_null(),
        })),
    })
}

fn of_access() -> Value {
    let columns = |entity, names: &[&str]| object(&Value::Object(rows::schema(entity, names)));
    let mut grant = rows::schema(&model::LEDGER, GRANT);
    let linked = columns(&model::ASSIGNMENT, LINKED);
    grant.insert(
        "assignments".to_owned(),
        json!({ "type": "array", "items": linked }),
    );
    json!({
        "AccessExplanation": object(&json!({
            "access": { "type": "string", "enum": ["has", "partly", "onItsWay", "hasNot"] },
            "reason": text(),
            "rule": text(),
            "principal": object(&json!({ "id": text() })),
            "inDirectory": flag_or_null(),
            "assignments": {
                "type": "array",
                "items": columns(&model::ASSIGNMENT, ASSIGNMENT),
            },
            "requests": {
                "type": "array",
                "items": columns(&model::ASSIGNMENT_REQUEST, REQUEST),
            },
            "grants": { "type": "array", "items": object(&Value::Object(grant)) },
        })),
    })
}

fn of_resources() -> Value {
    json!({
        "ResourceExplanation": object(&json!({
            "resource": text(),
            "accessPackages": list("ResourcePackage"),
            "hasMoreAccessPackages": flag(),
            "value": list("ResourceHolder"),
            "nextLink": { "type": "string", "format": "uri" },
        })),
        "ResourcePackage": object(&json!({
            "id": text(),
            "displayName": text(),
            "liveAssignments": { "type": "integer" },
            "policies": {
                "type": "array",
                "items": object(&json!({ "id": text(), "displayName": text() })),
            },
        })),
        "ResourceHolder": object(&json!({
            "id": text(),
            "type": text_or_null(),
            "displayName": text_or_null(),
            "source": { "type": "string", "enum": ["reeve", "otherwise", "both", "nothing"] },
            "inDirectory": flag_or_null(),
            "desired": flag(),
            "observed": text_or_null(),
            "assignments": { "type": "array", "items": text() },
        })),
    })
}

fn of_reports() -> Value {
    json!({
        "IncompatibleAccess": object(&json!({
            "value": list("IncompatibleHolding"),
            "nextLink": { "type": "string", "format": "uri" },
        })),
        "IncompatibleHolding": object(&json!({
            "subject": object(&json!({
                "id": text(),
                "objectId": text_or_null(),
                "displayName": text_or_null(),
                "principalName": text_or_null(),
            })),
            "accessPackage": object(&json!({ "id": text(), "displayName": text() })),
            "assignmentId": text(),
            "incompatible": object(&json!({
                "type": { "type": "string", "enum": ["accessPackage", "group"] },
                "id": text_or_null(),
                "displayName": text_or_null(),
                "assignmentId": text_or_null(),
            })),
        })),
    })
}
