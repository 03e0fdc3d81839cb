//! `POST …/resources/{id}/refresh`

use http::StatusCode;
use service::resources;
use wire::tables;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Reads the resource from its origin again.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    resources::refresh(request.service(), request.ctx(), id).await?;
    request
        .object(StatusCode::OK, &tables::RESOURCE, &id.to_string())
        .await
}
