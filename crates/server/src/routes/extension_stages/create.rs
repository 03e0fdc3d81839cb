//! `POST assignmentPolicies/{id}/customExtensionStageSettings`

use service::extensions::stages;

use super::{body, list};
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Has a policy call an extension at one more stage.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let policy = request.parent_id().await?;
    let wanted = body(request)?;
    let list = list(request);
    let id = stages::add(request.service(), request.ctx(), policy, list, wanted).await?;
    request.created(&id.to_string()).await
}
