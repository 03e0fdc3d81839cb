//! `PATCH /resources/{id}`

use domain::id::ResourceId;
use domain::resource::DriftAction;
use serde_json::Value as Json;

use super::OwnRequest;
use super::members::{self, invalid};
use crate::error::Error;
use crate::reply::Reply;

/// Says what happens when drift of a resource is found (L8), and whether anybody may be in it whom nobody granted access.
pub(super) async fn change(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id: ResourceId = request.id("id")?;
    service::resources::may_change(request.ctx())?;
    let body = request.json()?;
    members::known(&body, "", &["driftAction", "authoritative"])?;
    let action =
        match body.get("driftAction") {
            None => None,
            Some(word) => Some(word.as_str().and_then(DriftAction::from_name).ok_or_else(
                || invalid("driftAction", "`driftAction` must be report or restore"),
            )?),
        };
    let authoritative = match body.get("authoritative") {
        None => None,
        Some(Json::Bool(flag)) => Some(*flag),
        Some(_) => {
            return Err(invalid(
                "authoritative",
                "`authoritative` must be true or false",
            ));
        }
    };
    if action.is_none() && authoritative.is_none() {
        let message = "name what to change: `driftAction` or `authoritative`";
        return Err(invalid("driftAction", message));
    }
    let (service, ctx) = (request.service(), request.ctx());
    if let Some(action) = action {
        service::resources::set_drift_action(service, ctx, id, action).await?;
    }
    if let Some(authoritative) = authoritative {
        service::sweeps::set_authoritative(service, ctx, id, authoritative).await?;
    }
    Ok(Reply::no_content())
}
