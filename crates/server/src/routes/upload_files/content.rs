//! `GET uploadSessions/{id}/files/{id}/$value`

use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use service::uploads;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

const CSV: HeaderValue = HeaderValue::from_static("text/csv;charset=utf-8");

/// The file, as it was uploaded.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let found = uploads::content(request.service(), request.ctx(), id).await?;
    let name = utf8_percent_encode(&found.name, NON_ALPHANUMERIC);
    let reply = Reply::typed(StatusCode::OK, CSV, found.content.into_bytes());
    Ok(reply.with(
        CONTENT_DISPOSITION,
        &format!("attachment; filename*=UTF-8''{name}"),
    ))
}
