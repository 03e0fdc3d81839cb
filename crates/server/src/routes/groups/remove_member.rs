//! `DELETE groups/{id}/members/{id}/$ref`, or with `$ref?@id=…`.

use domain::directory::GroupRole;
use service::directory::members;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;
use crate::routes::reference;

/// Removes a member.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let group = request.parent_id().await?;
    let object = reference::of_path_or_query(request)?;
    members::remove(
        request.service(),
        request.ctx(),
        group,
        GroupRole::Member,
        object,
    )
    .await?;
    Ok(Reply::no_content())
}
