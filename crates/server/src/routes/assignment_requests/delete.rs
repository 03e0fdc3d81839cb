//! `DELETE assignmentRequests/{id}`

use service::assignment_requests;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes the record of a request.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    assignment_requests::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
