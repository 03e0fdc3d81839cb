//! `POST accessPackages`

use service::access_packages;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates an access package in a catalog.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::access_package::create(&request.json()?)?;
    let id = access_packages::create(request.service(), request.ctx(), wanted).await?;
    request.created(&id.to_string()).await
}
