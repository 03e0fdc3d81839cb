//! `POST assignments/{id}/reprocess` (paths P2, P3 and P6)

use http::StatusCode;
use service::reprocess::{self, Named};

use crate::body;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Enforces again what was delivered. RP-5 fixes the order of the checks.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let named = request.call().path.rsplit('/').nth(1).unwrap_or_default();
    let named = Named::Assignment(named);
    reprocess::admitted_to(request.service(), request.ctx(), named).await?;
    body::expect_nothing(&request.call().body)?;
    let id = request.object_id().await?;
    reprocess::assignment(request.service(), request.ctx(), id).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}
