//! `POST catalogs`

use service::catalogs;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates a catalog; its creator becomes its owner (AZ-10).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::catalog::create(&request.json()?)?;
    let id = catalogs::create(request.service(), request.ctx(), wanted).await?;
    request.created(&id.to_string()).await
}
