//! `PATCH accessPackages/{id}`

use service::access_packages;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes an access package.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let change = decode::access_package::update(&request.json()?)?;
    access_packages::update(request.service(), request.ctx(), id, change).await?;
    Ok(Reply::no_content())
}
