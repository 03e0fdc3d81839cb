//! `PATCH /resources/{id}`

use domain::id::ResourceId;
use domain::resource::DriftAction;
use serde_json::Value as Json;

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// Says what happens when drift of a resource is found (L8).
pub(super) async fn change(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id: ResourceId = request.id("id")?;
    let body = request.json()?;
    let word = body.get("driftAction").and_then(Json::as_str);
    let action = word
        .and_then(DriftAction::from_name)
        .ok_or_else(|| Error::InvalidModel {
            target: "driftAction".to_owned(),
            message: "`driftAction` must be report or restore".to_owned(),
        })?;
    service::resources::set_drift_action(request.service(), request.ctx(), id, action).await?;
    Ok(Reply::no_content())
}
