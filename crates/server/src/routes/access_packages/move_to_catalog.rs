//! `POST …/accessPackages/{id}/moveToCatalog` (DL-15)

use http::StatusCode;
use service::access_packages;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Moves an access package to another catalog. The answer has no body.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let catalog = decode::access_package::move_to_catalog(&request.json()?)?;
    access_packages::move_to_catalog(request.service(), request.ctx(), id, catalog).await?;
    Ok(Reply::empty(StatusCode::OK))
}
