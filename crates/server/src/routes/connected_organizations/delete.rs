//! `DELETE connectedOrganizations/{id}`

use service::connected_organizations;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes a connected organization that no policy names.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    connected_organizations::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
