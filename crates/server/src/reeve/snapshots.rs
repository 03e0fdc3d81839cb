//! `/dev/snapshots` and `/dev/reset`: a development tenant is kept as it is, and brought back as it was.

use http::StatusCode;
use serde_json::{Value as Json, json};
use service::tenant::{self, Snapshot};

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// Lists what was kept.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let all = tenant::list_snapshots(request.service(), request.ctx()).await?;
    let value: Vec<Json> = all.iter().map(shown).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "value": value })))
}

/// Keeps everything as it is now.
pub(super) async fn take(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let body = request.json()?;
    // What is no text is no name either, and refused as one.
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default();
    let taken = tenant::take_snapshot(request.service(), request.ctx(), name).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&taken)))
}

/// Lets go of a snapshot.
pub(super) async fn remove(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let name = request.argument("name");
    tenant::remove_snapshot(request.service(), request.ctx(), name).await?;
    Ok(Reply::no_content())
}

/// Brings everything back as it was then.
pub(super) async fn restore(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let name = request.argument("name");
    tenant::restore_snapshot(request.service(), request.ctx(), name).await?;
    Ok(Reply::no_content())
}

/// Brings everything back as it was when the server began to serve.
pub(super) async fn reset(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    tenant::restore_snapshot(request.service(), request.ctx(), tenant::START).await?;
    Ok(Reply::no_content())
}

fn shown(snapshot: &Snapshot) -> Json {
    json!({ "name": snapshot.name, "takenDateTime": snapshot.taken_at.to_string() })
}
