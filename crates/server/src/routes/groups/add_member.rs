//! `POST groups/{id}/members/$ref`

use domain::directory::GroupRole;
use service::directory::members;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;
use crate::routes::reference;

/// Adds a member.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let group = request.parent_id().await?;
    let object = reference::object_of_body(&request.json()?)?;
    members::add(
        request.service(),
        request.ctx(),
        group,
        GroupRole::Member,
        object,
    )
    .await?;
    Ok(Reply::no_content())
}
