//! `GET /drift/extras`: access that is there and that nobody granted.

use http::StatusCode;
use serde_json::{Value as Json, json};
use service::sweeps::extras::{self, Extra, Wanted};

use super::sweeps::{one_more, place};
use super::{OwnRequest, csv};
use crate::error::Error;
use crate::reply::Reply;

const CSV: &[(&str, &str)] = &[
    ("id", "/id"),
    ("target", "/target"),
    ("originSystem", "/originSystem"),
    ("resourceOriginId", "/resourceOriginId"),
    ("roleOriginId", "/roleOriginId"),
    ("member", "/member"),
    ("objectId", "/objectId"),
    ("foundDateTime", "/foundDateTime"),
    ("seenDateTime", "/seenDateTime"),
];

/// Counts and lists them.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let top = request.top()?;
    let after = place(request, "after")?;
    let as_csv = csv::is_wanted(request)?;
    let text = |name: &str| request.parameter(name).unwrap_or_default().to_owned();
    let wanted = Wanted {
        target: text("target"),
        resource: text("resource").to_ascii_lowercase(),
        object_id: text("subject").to_ascii_lowercase(),
    };
    let (service, ctx) = (request.service(), request.ctx());
    let (mut found, total) = extras::list(service, ctx, wanted, after, one_more(top)).await?;
    let has_more = found.len() as u64 > top;
    if has_more {
        found.pop();
    }
    let next = found
        .last()
        .filter(|_| has_more)
        .map(|last| request.link_behind(&last.id.to_string()));
    let value: Vec<Json> = found.iter().map(shown).collect();
    if as_csv {
        return Ok(csv::reply(CSV, &value, next));
    }
    let mut answer = json!({ "summary": { "total": total }, "value": value });
    if let (Some(link), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("nextLink".to_owned(), json!(link));
    }
    Ok(Reply::json(StatusCode::OK, &answer))
}

fn shown(extra: &Extra) -> Json {
    json!({
        "id": extra.id.to_string(),
        "target": extra.target,
        "originSystem": extra.place.origin_system,
        "resourceOriginId": extra.place.resource_origin_id,
        "roleOriginId": extra.place.role_origin_id,
        "scopeOriginId": extra.place.scope_origin_id,
        "member": extra.label,
        "objectId": extra.object_id.map(|id| id.to_string()),
        "sweepId": extra.sweep_id.to_string(),
        "foundDateTime": extra.found_at.to_string(),
        "seenDateTime": extra.seen_at.to_string(),
    })
}
