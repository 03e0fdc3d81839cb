//! `$batch`: up to twenty requests in one (BA-1).
//!
//! **Invariant:** each part goes through the same door as a request of its own: authenticated, authorised, answered.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use odata::accept::MetadataLevel;
use odata::batch::{self, BatchBody, BatchRequest, BatchResponse};
use wire::Version;

use super::dispatch;
use crate::app::App;
use crate::around::may_show_token;
use crate::body;
use crate::call::{Call, CallIds};
use crate::error::Error;
use crate::reply::Reply;

/// Runs the parts in an order that their dependencies allow.
pub(super) async fn run(app: &App, version: Version, call: &Call) -> Result<Reply, Error> {
    if call.method != Method::POST {
        return Err(Error::MethodNotAllowed {
            allow: "POST".to_owned(),
        });
    }
    body::object(&call.headers, &call.body)?;
    let batch = batch::parse(&call.body, &call.origin.root(version))?;
    let mut succeeded: HashMap<String, bool> = HashMap::new();
    let mut responses = Vec::with_capacity(batch.requests.len());
    for part in batch.requests {
        let failed = part
            .depends_on
            .iter()
            .find(|id| succeeded.get(*id) != Some(&true))
            .cloned();
        let response = match failed {
            Some(dependency) => skipped(app, call, &part, dependency),
            None => answer(app, version, call, &part).await,
        };
        succeeded.insert(part.id, response.succeeded());
        responses.push(response);
    }
    let document = batch::write_responses(&responses);
    Ok(Reply::graph(
        StatusCode::OK,
        MetadataLevel::Minimal,
        document,
    ))
}

fn skipped(app: &App, call: &Call, part: &BatchRequest, dependency: String) -> BatchResponse {
    let error = Error::FailedDependency(dependency);
    let body = error.body(&call.ids, app.service().clock.now());
    BatchResponse::error(&part.id, StatusCode::FAILED_DEPENDENCY.as_u16(), &body)
}

async fn answer(app: &App, version: Version, outer: &Call, part: &BatchRequest) -> BatchResponse {
    let call = inner(app, version, outer, part);
    let call = call.and_then(|call| {
        if let Some(address) = call.client {
            may_show_token(app, address, &call.headers)?;
        }
        Ok(call)
    });
    let call = match call {
        Ok(call) => call,
        Err(error @ Error::TooMany { .. }) => {
            let now = app.service().clock.now();
            let reply = error.into_reply(&outer.ids, now, app.challenge());
            return response(part, &reply, outer);
        }
        Err(error) => {
            let body = error.body(&outer.ids, app.service().clock.now());
            return BatchResponse::error(&part.id, error.status().as_u16(), &body);
        }
    };
    // A batch cannot hold a batch, so this is as deep as it goes.
    let reply = Box::pin(dispatch(app, version, &call)).await;
    // The whole is answered 200, so nobody else counts a token that was refused here.
    if let Some(address) = call.client
        && reply.status == StatusCode::UNAUTHORIZED
        && call.headers.contains_key(header::AUTHORIZATION)
    {
        app.gate().guessed(address, app.token_clock().now());
    }
    response(part, &reply, &call)
}

fn response(part: &BatchRequest, reply: &Reply, call: &Call) -> BatchResponse {
    let headers = reply
        .headers
        .iter()
        .filter_map(|(name, value)| Some((spelled(name), value.to_str().ok()?.to_owned())))
        .chain([("request-id".to_owned(), call.ids.request.to_string())])
        .collect();
    BatchResponse {
        id: part.id.clone(),
        status: reply.status.as_u16(),
        headers,
        body: (!reply.body.is_empty()).then(|| content(reply)),
    }
}

/// A header's name as Graph spells it in a batch: `Content-Type`. Clients look it up in that case, as in any object.
fn spelled(name: &HeaderName) -> String {
    if name == header::ETAG {
        return "ETag".to_owned();
    }
    name.as_str()
        .split('-')
        .map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            first.to_ascii_uppercase() + rest
        })
        .collect::<Vec<_>>()
        .join("-")
}

fn content(reply: &Reply) -> BatchBody {
    let is_json = reply
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.starts_with("application/json"));
    // A bare number or text is a JSON value as well, and easier on clients than base64.
    let text = String::from_utf8_lossy(&reply.body);
    if is_json {
        BatchBody::Json(reply.body.to_vec())
    } else {
        BatchBody::Json(
            serde_json::Value::from(text.as_ref())
                .to_string()
                .into_bytes(),
        )
    }
}

/// The path below the version. Clients that cut a full address at its host leave the version in front.
fn below_version(version: Version, path: &str) -> &str {
    path.strip_prefix('/')
        .unwrap_or(path)
        .strip_prefix(version.as_str())
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path)
}

/// The part as a request of its own: with the token of the whole unless it brings its own. A header that cannot be one is
/// refused, not left out: a part that names a token of its own must never run with the token of the whole.
fn inner(app: &App, version: Version, outer: &Call, part: &BatchRequest) -> Result<Call, Error> {
    let (path, raw_query) = part.url.split_once('?').unwrap_or((&part.url, ""));
    let path = below_version(version, path);
    let mut headers = HeaderMap::new();
    for name in [header::AUTHORIZATION, header::ACCEPT_LANGUAGE] {
        if let Some(value) = outer.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in &part.headers {
        let pair = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::from_str(value).ok());
        let (name, value) = pair.ok_or_else(|| {
            let message = format!("`{}` is no header of HTTP", name.escape_debug());
            Error::bad_parameter("headers", message)
        })?;
        headers.insert(name, value);
    }
    let body = part
        .body
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let moment = app.service().clock.now();
    let mut ids = CallIds::new(app.service().ids.next(moment), &headers);
    // RP-41: a batch that is sent again repeats its parts, each under a name of its own.
    ids.client = ids.client.or_else(|| {
        let client = outer.ids.client.as_ref()?;
        Some(format!("{client}/{}", part.id))
    });
    Ok(Call {
        ids,
        origin: outer.origin.clone(),
        client: outer.client,
        method: Method::from_bytes(part.method.as_str().as_bytes()).unwrap_or(Method::GET),
        path: path.to_owned(),
        raw_query: raw_query.to_owned(),
        headers,
        body: Bytes::from(body),
    })
}
