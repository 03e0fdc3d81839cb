//! `POST …/resources/{id}/refresh`

use http::StatusCode;
use service::resources;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Reads the resource from its origin again; the answer has no body (DL-14).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    resources::refresh(request.service(), request.ctx(), id).await?;
    Ok(Reply::empty(StatusCode::OK))
}
