//! The server's requests, from the socket to [`State`] and back.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::connection::Cut;
use super::features::{Fault, Filtering, PatchAnswer};
use super::state::{State, member_ids, text};
use super::{Seen, Shared, bulk, lock, query};

const ROOT: &str = "/scim/v2";
/// More than any test sends.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// One request, read.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) if_match: Option<String>,
    pub(super) body: Bytes,
}

/// A status and, mostly, a body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
}

impl Answer {
    fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
        }
    }

    pub(super) fn error(status: u16, scim_type: Option<&str>, detail: &str) -> Self {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
            "detail": detail,
        });
        if let Some(scim_type) = scim_type {
            body["scimType"] = json!(scim_type);
        }
        Self::new(status, body)
    }

    fn not_found() -> Self {
        Self::error(404, None, "no such resource")
    }
}

/// One handler for all: faults have to see every request first.
pub(super) fn router(shared: Shared) -> Router {
    Router::new().fallback(
        move |ConnectInfo(cut): ConnectInfo<Cut>, request: Request| {
            let shared = Arc::clone(&shared);
            async move { serve(&shared, &cut, request).await }
        },
    )
}

async fn serve(shared: &Shared, cut: &Cut, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let method = head.method.as_str().to_owned();
    let fault = {
        let mut state = lock(shared);
        state.seen.push(Seen {
            method: method.clone(),
            target: head.uri.to_string(),
            if_match: header_text(&head.headers, &header::IF_MATCH),
        });
        state.take_fault(&method, head.uri.path())
    };
    match &fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Drop) => {
            cut.after(0);
            return StatusCode::OK.into_response();
        }
        Some(Fault::Status(status, scim_type)) => {
            return respond(Answer::error(*status, *scim_type, "as ordered"));
        }
        Some(Fault::RetryAfter(status, value)) => return throttled(*status, value),
        Some(Fault::NotScim) => return "<html>please sign in</html>".into_response(),
        Some(Fault::DropAfterApplying | Fault::HalfAnswer | Fault::Late(_)) | None => {}
    }
    let query = head.uri.query().unwrap_or_default();
    let query = axum::extract::Query::try_from_uri(&head.uri).map_or_else(
        |_| vec![("unreadable".to_owned(), query.to_owned())],
        |axum::extract::Query(pairs)| pairs,
    );
    let call = Call {
        method,
        path: head.uri.path().strip_prefix(ROOT).unwrap_or("").to_owned(),
        query,
        if_match: header_text(&head.headers, &header::IF_MATCH),
        body,
    };
    let authorization = header_text(&head.headers, &header::AUTHORIZATION);
    let answer = {
        let mut state = lock(shared);
        if authorization == Some(format!("Bearer {}", state.token)) {
            route(&mut state, &call)
        } else {
            Answer::error(401, None, "unknown token")
        }
    };
    match fault {
        Some(Fault::DropAfterApplying) => cut.after(0),
        // Enough for the head's beginning, too little for any whole answer.
        Some(Fault::HalfAnswer) => cut.after(60),
        Some(Fault::Late(by)) => tokio::time::sleep(by).await,
        _ => {}
    }
    respond(answer)
}

/// Applies one request; a bulk request comes back here for each of its operations.
pub(super) fn route(state: &mut State, call: &Call) -> Answer {
    let mut segments = call.path.trim_start_matches('/').split('/');
    let (collection, id) = (segments.next().unwrap_or(""), segments.next());
    match (call.method.as_str(), collection, id) {
        ("GET", "ServiceProviderConfig", None) if state.features.discovery => {
            service_provider_config(state)
        }
        ("POST", "Bulk", None) => bulk::run(state, call),
        ("GET", "Users", None) => {
            let users = state.users.values().cloned().collect();
            list(state, call, users)
        }
        ("GET", "Groups", None) => {
            let with_members = shows_members(call);
            let groups = state
                .groups
                .keys()
                .filter_map(|id| state.show_group(id, with_members))
                .collect();
            list(state, call, groups)
        }
        ("POST", "Users", None) => create_user(state, call),
        ("POST", "Groups", None) => create_group(state, call),
        ("GET", "Users", Some(id)) => state
            .users
            .get(id)
            .map_or_else(Answer::not_found, |user| Answer::new(200, user.clone())),
        ("GET", "Groups", Some(id)) => state
            .show_group(id, shows_members(call))
            .map_or_else(Answer::not_found, |group| Answer::new(200, group)),
        ("PATCH", _, Some(_)) if state.features.patch_answer == PatchAnswer::NotSupported => {
            Answer::error(501, None, "PATCH is not supported")
        }
        ("PATCH", "Users", Some(id)) => patch_user(state, call, id),
        ("PATCH", "Groups", Some(id)) => patch_group(state, call, id),
        _ => Answer::not_found(),
    }
}

fn service_provider_config(state: &State) -> Answer {
    let features = &state.features;
    Answer::new(
        200,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": { "supported": features.patch_answer != PatchAnswer::NotSupported },
            "bulk": {
                "supported": features.bulk.is_some(),
                "maxOperations": features.bulk.map_or(0, |bulk| bulk.max_operations),
                "maxPayloadSize": features.bulk.map_or(0, |bulk| bulk.max_payload),
            },
            "filter": { "supported": features.filtering != Filtering::Unsupported, "maxResults": features.page_size },
            "changePassword": { "supported": false },
            "sort": { "supported": false },
            "etag": { "supported": features.etag },
            "authenticationSchemes": [{ "type": "oauthbearertoken", "name": "token", "description": "static" }],
        }),
    )
}

fn list(state: &State, call: &Call, all: Vec<Value>) -> Answer {
    let filter = parameter(call, "filter");
    let wanted = match (state.features.filtering, filter) {
        (Filtering::Unsupported | Filtering::Lies, _) | (_, None) => all,
        (filtering, Some(filter)) => {
            let Some(any) = query::any_of(filter) else {
                return Answer::error(400, Some("invalidFilter"), "the filter cannot be read");
            };
            if filtering == Filtering::SingleOnly && any.len() > 1 {
                return Answer::error(400, Some("invalidFilter"), "one comparison only");
            }
            all.into_iter()
                .filter(|resource| any.iter().any(|equals| equals.holds_for(resource)))
                .collect()
        }
    };
    let number = |name| parameter(call, name).and_then(|text| text.parse::<usize>().ok());
    let start = number("startIndex").unwrap_or(1).max(1);
    let count = number("count")
        .unwrap_or(usize::MAX)
        .min(state.features.page_size);
    let total = wanted.len();
    let page: Vec<Value> = wanted.into_iter().skip(start - 1).take(count).collect();
    Answer::new(
        200,
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": page.len(),
            "Resources": page,
        }),
    )
}

fn create_user(state: &mut State, call: &Call) -> Answer {
    let Some(user) = body(call) else {
        return Answer::error(400, Some("invalidSyntax"), "not a JSON object");
    };
    let Some(user_name) = text(&user, "userName").filter(|name| !name.is_empty()) else {
        return Answer::error(400, Some("invalidValue"), "userName is required");
    };
    if user_name.contains("refused") {
        return Answer::error(400, Some("invalidValue"), "this name is not allowed");
    }
    if state.user_by_name(&user_name).is_some() {
        return Answer::error(409, Some("uniqueness"), "userName is taken");
    }
    let id = state.insert_user(user);
    let created = state.users.get(&id).cloned().unwrap_or_default();
    Answer::new(201, created)
}

fn create_group(state: &mut State, call: &Call) -> Answer {
    let Some(group) = body(call) else {
        return Answer::error(400, Some("invalidSyntax"), "not a JSON object");
    };
    let Some(name) = text(&group, "displayName").filter(|name| !name.is_empty()) else {
        return Answer::error(400, Some("invalidValue"), "displayName is required");
    };
    if !state.groups_named(&name).is_empty() {
        return Answer::error(409, Some("uniqueness"), "displayName is taken");
    }
    let id = state.insert_group(&group);
    let created = state.show_group(&id, true).unwrap_or_default();
    Answer::new(201, created)
}

fn patch_user(state: &mut State, call: &Call, id: &str) -> Answer {
    let Some(user) = state.users.get_mut(id) else {
        return Answer::not_found();
    };
    let Some(operations) = operations(call) else {
        return Answer::error(400, Some("invalidSyntax"), "not a PatchOp");
    };
    for operation in &operations {
        let replaces = text(operation, "op").is_some_and(|op| op.eq_ignore_ascii_case("replace"));
        match (replaces, text(operation, "path")) {
            (true, Some(path)) if path == "active" => user["active"] = operation["value"].clone(),
            _ => return Answer::error(400, Some("invalidPath"), "only `active` can be replaced"),
        }
    }
    let user = user.clone();
    patched(state, user)
}

fn patch_group(state: &mut State, call: &Call, id: &str) -> Answer {
    let Some(group) = state.groups.get(id) else {
        return Answer::not_found();
    };
    let version = format!("W/\"{}\"", group.version);
    if state.features.etag
        && call
            .if_match
            .as_ref()
            .is_some_and(|expected| *expected != version)
    {
        return Answer::error(412, None, "changed since it was read");
    }
    let Some(operations) = operations(call) else {
        return Answer::error(400, Some("invalidSyntax"), "not a PatchOp");
    };
    let mut members = group.members.clone();
    for operation in &operations {
        let op = text(operation, "op")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let path = text(operation, "path").unwrap_or_default();
        match (op.as_str(), path.as_str()) {
            ("add", "members") => {
                let added = member_ids(operation.get("value"));
                if added.is_empty() || added.iter().any(|id| !state.users.contains_key(id)) {
                    return Answer::error(400, Some("invalidValue"), "a member is not known");
                }
                members.extend(added);
            }
            ("remove", path) => {
                let Some(member) = query::member_of_path(path) else {
                    return Answer::error(400, Some("invalidPath"), "the path cannot be read");
                };
                if !members.remove(&member) && state.features.strict_removal {
                    return Answer::error(400, Some("noTarget"), "no such member");
                }
            }
            _ => return Answer::error(400, Some("invalidPath"), "only members can be changed"),
        }
    }
    if let Some(group) = state.groups.get_mut(id) {
        group.version += 1;
        for member in members.difference(&group.members) {
            *group.arrivals.entry(member.clone()).or_default() += 1;
        }
        group.members = members;
    }
    let shown = state
        .show_group(id, shows_members(call))
        .unwrap_or_default();
    patched(state, shown)
}

fn patched(state: &State, resource: Value) -> Answer {
    match state.features.patch_answer {
        PatchAnswer::Body => Answer::new(200, resource),
        PatchAnswer::NoContent | PatchAnswer::NotSupported => Answer {
            status: 204,
            body: None,
        },
    }
}

fn operations(call: &Call) -> Option<Vec<Value>> {
    body(call)?.get("Operations")?.as_array().cloned()
}

fn body(call: &Call) -> Option<Value> {
    serde_json::from_slice::<Value>(&call.body)
        .ok()
        .filter(Value::is_object)
}

fn parameter<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let pair = call.query.iter().find(|(key, _)| key == name)?;
    Some(pair.1.as_str())
}

fn shows_members(call: &Call) -> bool {
    let lists_members = |name| {
        parameter(call, name).is_some_and(|names| names.split(',').any(|name| name == "members"))
    };
    !lists_members("excludedAttributes")
        && (parameter(call, "attributes").is_none() || lists_members("attributes"))
}

fn header_text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn throttled(status: u16, retry_after: &str) -> Response {
    let mut response = respond(Answer::error(status, None, "slow down"));
    if let Ok(value) = HeaderValue::from_str(retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let Some(body) = answer.body else {
        return status.into_response();
    };
    let etag = body["meta"]["version"]
        .as_str()
        .and_then(|text| HeaderValue::from_str(text).ok());
    let mut response = (
        status,
        [(header::CONTENT_TYPE, "application/scim+json")],
        body.to_string(),
    )
        .into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
