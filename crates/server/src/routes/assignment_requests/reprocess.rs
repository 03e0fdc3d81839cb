//! `POST assignmentRequests/{id}/reprocess` (paths P1, P4, P5 and P7)

use http::StatusCode;
use service::reprocess::{self, Named};

use crate::body;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Retries a delivery that ended badly. RP-5 fixes the order of the checks.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let named = request.call().path.rsplit('/').nth(1).unwrap_or_default();
    let named = Named::Request(named);
    reprocess::admitted_to(request.service(), request.ctx(), named).await?;
    body::expect_nothing(&request.call().body)?;
    let (id, of_assignment) = request.named_ids()?;
    reprocess::request(request.service(), request.ctx(), id, of_assignment).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}
