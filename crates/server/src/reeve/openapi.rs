//! The description of Reeve's own API, written from the table of its routes.

use domain::model;
use serde_json::{Map, Value, json};

use super::table::{OPERATIONS, Operation, ROOT, parameter_name, reference};
use super::{deliveries, ledger, rows};

/// The document.
pub(super) fn document(origin: &str, development: bool) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS
        .iter()
        .filter(|row| development || !row.development)
    {
        let path = paths
            .entry(operation.path)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(methods) = path.as_object_mut() {
            let method = operation.method.as_str().to_ascii_lowercase();
            methods.insert(method, described(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Reeve",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What operators need and Microsoft Graph has no place for.",
        },
        "servers": [{ "url": format!("{origin}{ROOT}") }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
            "schemas": schemas(),
        },
    })
}

fn described(operation: &Operation) -> Value {
    let in_path = operation.path.split('/').filter_map(parameter_name).map(
        |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}),
    );
    let in_query = operation.query.iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.summary,
            "schema": { "type": parameter.kind },
        })
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if let (Some(answer), Some(members)) = (operation.answer, success.as_object_mut()) {
        members.insert("content".to_owned(), content(answer));
    }
    responses.insert(operation.status.to_string(), success);
    responses.insert(
        "default".to_owned(),
        json!({ "description": "Refused.", "content": content("Error") }),
    );
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(body), Some(members)) = (operation.body, described.as_object_mut()) {
        members.insert(
            "requestBody".to_owned(),
            json!({ "content": content(body) }),
        );
    }
    described
}

/// The one answer that is no JSON document: a document on each line.
const LINES: &str = "AuditLines";

fn content(schema: &str) -> Value {
    let media = if schema == LINES {
        "application/x-ndjson"
    } else {
        "application/json"
    };
    let mut content = Map::new();
    content.insert(media.to_owned(), json!({ "schema": reference(schema) }));
    Value::Object(content)
}

fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

fn list(of: &str) -> Value {
    object(&json!({ "value": { "type": "array", "items": reference(of) } }))
}

fn page(of: &str) -> Value {
    object(&json!({
        "value": { "type": "array", "items": reference(of) },
        "nextLink": { "type": "string", "format": "uri" },
    }))
}

fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let text_or_null = json!({ "type": ["string", "null"] });
    let instant = json!({ "type": "string", "format": "date-time" });
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
        "Targets": list("Target"),
        "Target": object(&json!({
            "name": text,
            "kind": text,
            "paused": { "type": "boolean" },
            "reason": text_or_null,
            "fault": text_or_null,
            "switchedAt": { "type": ["string", "null"], "format": "date-time" },
            "grants": { "type": "object", "additionalProperties": { "type": "integer" } },
        })),
        "Pause": object(&json!({ "reason": text_or_null })),
        "AuditLines": text,
        "Bindings": list("Binding"),
        "Binding": object(&json!({ "objectId": text, "target": text, "address": text_or_null })),
        "NewBinding": object(&json!({ "target": text, "address": text_or_null })),
        "ResourceChange": object(&json!({
            "driftAction": { "type": "string", "enum": ["report", "restore"] },
        })),
        "Grants": page("Grant"),
        "Grant": object(&Value::Object(grant)),
        "Subject": columns(&model::SUBJECT, ledger::SUBJECT),
        "Assignment": columns(&model::ASSIGNMENT, ledger::ASSIGNMENT),
        "Drift": drift,
        "Deliveries": list("Unit"),
        "Unit": object(&Value::Object(unit)),
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
        "Authorization": authorization(&text, &text_or_null),
        "StuckObjects": list("StuckObject"),
        "StuckObject": object(&json!({ "kind": text, "id": text, "since": instant })),
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
        "Clock": object(&json!({ "now": instant })),
        "Advance": object(&json!({ "advance": { "type": "string", "format": "duration" } })),
        "Snapshots": list("Snapshot"),
        "Snapshot": object(&json!({ "name": text, "takenDateTime": instant })),
        "NewSnapshot": object(&json!({ "name": text })),
        "Fault": object(&json!({ "fault": text_or_null })),
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
