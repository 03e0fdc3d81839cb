//! `GET` and `POST /sweeps`, `GET /sweeps/{id}`, `GET /sweeps/{id}/objects`, `POST /sweeps/{id}/cancel`

use domain::id::SweepId;
use domain::time::Timestamp;
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::sweeps::{self, Sweep, SweepObject};
use service::targets;

use super::targets::known;
use super::{OwnRequest, members};
use crate::error::Error;
use crate::reply::Reply;

/// Asks for a sweep of a target, or tells of the one that is under way.
pub(super) async fn create(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    targets::may_switch(request.ctx())?;
    let body = request.json()?;
    members::known(&body, "", &["target"])?;
    let name = body.get("target").and_then(Json::as_str);
    let name = name.ok_or_else(|| Error::InvalidModel {
        target: "target".to_owned(),
        message: "`target` must be the name of a target".to_owned(),
    })?;
    let target = known(request, name)?;
    let (sweep, is_new) = sweeps::request(request.service(), request.ctx(), target).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(Reply::json(status, &shown(&sweep)))
}

/// Lists sweeps, the newest first.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let top = request.top()?;
    let before: Option<SweepId> = place(request, "after")?;
    let target = request.parameter("target").map(str::to_owned);
    let (service, ctx) = (request.service(), request.ctx());
    let mut found = sweeps::list(service, ctx, target, before, one_more(top)).await?;
    let has_more = found.len() as u64 > top;
    if has_more {
        found.pop();
    }
    let value: Vec<Json> = found.iter().map(shown).collect();
    let last = found.last().map(|sweep| sweep.id.to_string());
    Ok(page(request, value, last.filter(|_| has_more)))
}

/// Tells how far a sweep is.
pub(super) async fn get(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id = request.id("id")?;
    let sweep = sweeps::get(request.service(), request.ctx(), id).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&sweep)))
}

/// Lists what a sweep read and what it could not read.
pub(super) async fn objects(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id = request.id("id")?;
    let top = request.top()?;
    let after = place(request, "after")?.unwrap_or_default();
    let (service, ctx) = (request.service(), request.ctx());
    let mut found = sweeps::objects(service, ctx, id, after, one_more(top)).await?;
    let has_more = found.len() as u64 > top;
    if has_more {
        found.pop();
    }
    let value: Vec<Json> = found.iter().map(object).collect();
    let last = found.last().map(|object| object.seq.to_string());
    Ok(page(request, value, last.filter(|_| has_more)))
}

/// Calls a sweep off.
pub(super) async fn cancel(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id = request.id("id")?;
    sweeps::cancel(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}

/// A page of rows, with a link to the next one if there is one.
pub(super) fn page(request: &OwnRequest<'_>, value: Vec<Json>, last: Option<String>) -> Reply {
    let mut answer = json!({ "value": value });
    if let (Some(last), Some(members)) = (last, answer.as_object_mut()) {
        members.insert("nextLink".to_owned(), json!(request.link_behind(&last)));
    }
    Reply::json(StatusCode::OK, &answer)
}

/// One row more than a page has, to know whether there is another page.
pub(super) fn one_more(top: u64) -> i64 {
    i64::try_from(top).unwrap_or(i64::MAX).saturating_add(1)
}

/// Behind which row the page begins.
pub(super) fn place<T: std::str::FromStr>(
    request: &OwnRequest<'_>,
    name: &'static str,
) -> Result<Option<T>, Error> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    let malformed = || Error::bad_parameter(name, format!("`{name}` must come from a `nextLink`"));
    text.parse().map(Some).map_err(|_| malformed())
}

fn shown(sweep: &Sweep) -> Json {
    let failure = sweep.failure.as_ref();
    json!({
        "id": sweep.id.to_string(),
        "target": sweep.target,
        "state": sweep.state.as_str(),
        "cause": sweep.cause.as_str(),
        "requestedBy": sweep.requested_by,
        "requestedDateTime": sweep.requested_at.to_string(),
        "startedDateTime": instant(sweep.started_at),
        "endedDateTime": instant(sweep.ended_at),
        "failureCode": failure.map(|(code, _)| code),
        "failureMessage": failure.map(|(_, message)| message),
        "objects": sweep.objects,
        "objectsRead": sweep.objects_read,
        "objectsFailed": sweep.objects_failed,
        "members": sweep.members,
        "missing": sweep.missing,
        "returned": sweep.returned,
        "extras": sweep.extras,
        "restored": sweep.restored,
        "removed": sweep.removed,
    })
}

fn object(object: &SweepObject) -> Json {
    let failure = object.failure.as_ref();
    json!({
        "number": object.seq,
        "originSystem": object.place.origin_system,
        "resourceOriginId": object.place.resource_origin_id,
        "roleOriginId": object.place.role_origin_id,
        "scopeOriginId": object.place.scope_origin_id,
        "state": object.state,
        "members": object.members,
        "extras": object.extras,
        "failureCode": failure.map(|(code, _)| code),
        "failureMessage": failure.map(|(_, message)| message),
        "endedDateTime": instant(object.ended_at),
    })
}

pub(super) fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
