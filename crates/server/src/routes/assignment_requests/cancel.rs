//! `POST assignmentRequests/{id}/cancel`

use service::assignment_requests;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Cancels a request that has not been delivered (RQ-21).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    assignment_requests::cancel(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
