//! `POST assignmentPolicies`

use service::policies;

use super::draft;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates a policy of an access package.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let draft = draft(request, None)?;
    let id = policies::create(request.service(), request.ctx(), draft).await?;
    request.created(&id.to_string()).await
}
