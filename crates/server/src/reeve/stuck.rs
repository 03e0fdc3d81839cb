//! `GET /stuck` (L9)

use auth::roles::Action;
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::authorize;

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// Lists what is stuck.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    authorize::in_tenant(request.ctx(), Action::ReadRequests)?;
    let stuck = (request.app().delivery().stuck)().await?;
    let value: Vec<Json> = stuck
        .iter()
        .map(|object| {
            json!({
                "kind": object.kind,
                "id": object.id,
                "since": object.since.to_string(),
            })
        })
        .collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "value": value })))
}
