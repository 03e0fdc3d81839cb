//! `DELETE externalOriginResourceConnectors/{id}`

use service::external_connectors;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes a connector that no resource comes through.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    external_connectors::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
