//! `POST resources/{id}/uploadSessions/{id}/uploadFile`

use domain::id::UploadSessionId;
use http::StatusCode;
use service::uploads;
use wire::{decode, tables};

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::multipart;
use crate::reply::Reply;

/// Adds a CSV file to the upload; the answer is the upload as it is then.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: UploadSessionId = request.object_id().await?;
    uploads::admit(request.service(), request.ctx(), id).await?;
    let part = multipart::file(&request.call().headers, &request.call().body).await?;
    let file = decode::upload::file(&part.name, &part.content)?;
    uploads::add_file(request.service(), request.ctx(), id, file).await?;
    request
        .object(StatusCode::OK, &tables::UPLOAD_SESSION, &id.to_string())
        .await
}
