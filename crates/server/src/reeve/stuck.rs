//! `GET /stuck` (L9)

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// Lists what is stuck.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let engine = &request.app().delivery().stuck;
    let stuck = service::deliveries::watched(request.ctx(), async || engine().await).await?;
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
