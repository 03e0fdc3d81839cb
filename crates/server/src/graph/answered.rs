//! What a change is answered with, where the client prefers more or less than is usual (`Prefer: return=…`).
//!
//! **Invariant:** a preference changes what is said of a change, never whether it happened.

use domain::query::Value;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, Method, StatusCode};
use odata::prefer::Return;
use odata::query::QueryOptions;
use wire::address::Tail;

use super::{GraphRequest, PREFERENCE_APPLIED, read};
use crate::error::Error;
use crate::reply::Reply;

const ENTITY_ID: HeaderName = HeaderName::from_static("odata-entityid");

/// The answer as the client prefers it. An object that is gone by the time it would be shown is not shown.
pub(super) async fn as_preferred(request: &GraphRequest<'_>, reply: Reply) -> Result<Reply, Error> {
    let Some(wanted) = request.preferences().returned else {
        return Ok(reply);
    };
    match (wanted, reply.status) {
        (Return::Minimal, StatusCode::CREATED) if request.address().tail == Tail::Collection => {
            Ok(minimal(reply))
        }
        (Return::Minimal, StatusCode::OK) if is_change(request) => Ok(minimal(reply)),
        (Return::Representation, StatusCode::NO_CONTENT) if is_change(request) => {
            let shown = shown(request).await;
            Ok(shown.unwrap_or(reply))
        }
        _ => Ok(reply),
    }
}

fn is_change(request: &GraphRequest<'_>) -> bool {
    request.address().tail == Tail::Entity
        && matches!(request.method(), &Method::PATCH | &Method::PUT)
}

/// Without its body, and with the address of what was made.
fn minimal(mut reply: Reply) -> Reply {
    reply.status = StatusCode::NO_CONTENT;
    reply.body.clear();
    reply.headers.remove(CONTENT_TYPE);
    let made = reply.headers.get(LOCATION).cloned();
    if let Some(url) = made {
        reply.headers.insert(ENTITY_ID, url);
    }
    reply.with(PREFERENCE_APPLIED, "return=minimal")
}

/// The object as it is now.
async fn shown(request: &GraphRequest<'_>) -> Option<Reply> {
    let link: Option<Value> = request
        .link(request.ctx(), request.address().parents())
        .await
        .ok()?;
    let filter = request.address().filter(link.as_ref());
    let options = QueryOptions::parse(&request.call().raw_query).ok()?;
    let reply = read::one(request, &options, filter).await.ok()?;
    Some(reply.with(PREFERENCE_APPLIED, "return=representation"))
}
