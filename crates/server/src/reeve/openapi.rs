//! The description of Reeve's own API, written from the table of its routes.

use serde_json::{Map, Value, json};

use super::schemas::schemas;
use super::table::{OPERATIONS, Operation, ROOT, parameter_name, reference};

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

/// The answers that are no JSON document: a document on each line, or one event after the other.
const LINES: [&str; 2] = ["AuditLines", "ReprocessLines"];
const EVENTS: &str = "ReprocessEvents";

fn content(schema: &str) -> Value {
    let media = if LINES.contains(&schema) {
        "application/x-ndjson"
    } else if schema == EVENTS {
        "text/event-stream"
    } else {
        "application/json"
    };
    let mut content = Map::new();
    content.insert(media.to_owned(), json!({ "schema": reference(schema) }));
    Value::Object(content)
}
