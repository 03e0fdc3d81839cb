//! `PATCH resources/{id}/uploadSessions/{id}`

use domain::id::UploadSessionId;
use http::StatusCode;
use service::uploads;
use wire::{decode, tables};

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Completes the upload; the answer is the upload as it is then.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: UploadSessionId = request.object_id().await?;
    decode::upload::complete(&request.json()?)?;
    uploads::complete(request.service(), request.ctx(), id).await?;
    request
        .object(StatusCode::OK, &tables::UPLOAD_SESSION, &id.to_string())
        .await
}
