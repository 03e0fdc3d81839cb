//! `PATCH catalogs/{id}`

use service::catalogs;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes a catalog.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let change = decode::catalog::update(&request.json()?)?;
    catalogs::update(request.service(), request.ctx(), id, change).await?;
    Ok(Reply::no_content())
}
