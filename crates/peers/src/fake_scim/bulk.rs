//! `/Bulk`: many requests in one (RFC 7644 section 3.7).

use axum::body::Bytes;
use serde_json::{Value, json};

use super::routes::{Answer, Call, route};
use super::state::{State, text};

/// Applies the operations in order; each stands for itself.
pub(super) fn run(state: &mut State, call: &Call) -> Answer {
    let Some(limits) = state.features.bulk else {
        return Answer::error(404, None, "no bulk here");
    };
    let operations = serde_json::from_slice::<Value>(&call.body)
        .ok()
        .and_then(|body| body.get("Operations")?.as_array().cloned());
    let Some(operations) = operations else {
        return Answer::error(400, Some("invalidSyntax"), "not a BulkRequest");
    };
    if operations.len() > limits.max_operations || call.body.len() > limits.max_payload {
        return Answer::error(413, None, "too many operations or too long");
    }
    let results: Vec<Value> = operations
        .iter()
        .map(|operation| one(state, operation))
        .collect();
    Answer {
        status: 200,
        body: Some(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
            "Operations": results,
        })),
    }
}

fn one(state: &mut State, operation: &Value) -> Value {
    let call = Call {
        method: text(operation, "method").unwrap_or_default(),
        path: text(operation, "path").unwrap_or_default(),
        query: Vec::new(),
        if_match: None,
        body: Bytes::from(operation["data"].to_string()),
    };
    let answer = route(state, &call);
    let mut result = json!({
        "method": call.method,
        "bulkId": operation["bulkId"],
        "status": answer.status.to_string(),
    });
    let body = answer.body.unwrap_or_default();
    if answer.status < 300 {
        let id = text(&body, "id").unwrap_or_default();
        result["location"] = json!(format!("http://127.0.0.1/scim/v2{}/{id}", call.path));
    } else {
        result["response"] = body;
    }
    result
}
