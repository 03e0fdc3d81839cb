//! `DELETE catalogs/{id}`

use service::catalogs;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes an empty catalog.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    catalogs::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
