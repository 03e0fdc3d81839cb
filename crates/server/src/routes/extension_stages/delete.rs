//! `DELETE assignmentPolicies/{id}/customExtensionStageSettings/{id}`

use service::extensions::stages;

use super::list;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Has a policy call an extension at one stage less.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let policy = request.parent_id().await?;
    let id = request.object_id().await?;
    stages::remove(request.service(), request.ctx(), policy, list(request), id).await?;
    Ok(Reply::no_content())
}
