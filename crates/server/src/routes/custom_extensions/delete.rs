//! `DELETE catalogs/{id}/customWorkflowExtensions/{id}`

use service::extensions;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes an extension that no policy calls (PO-30).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    extensions::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
