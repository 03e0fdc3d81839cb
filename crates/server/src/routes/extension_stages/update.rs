//! `PATCH assignmentPolicies/{id}/customExtensionStageSettings/{id}`

use service::extensions::stages;

use super::{body, list};
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes the stage, or the extension, of a setting.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let policy = request.parent_id().await?;
    let id = request.object_id().await?;
    let wanted = body(request)?;
    let list = list(request);
    stages::update(request.service(), request.ctx(), policy, list, id, wanted).await?;
    Ok(Reply::no_content())
}
