//! `DELETE assignmentPolicies/{id}`

use service::policies;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes a policy under which nobody holds the package (PO-43).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    policies::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
