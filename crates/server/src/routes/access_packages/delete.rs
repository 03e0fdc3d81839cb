//! `DELETE accessPackages/{id}`

use service::access_packages;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes an access package that nobody holds.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    access_packages::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
