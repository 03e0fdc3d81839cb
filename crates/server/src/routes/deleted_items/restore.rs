//! `POST directory/deletedItems/{id}/restore`

use domain::id::ObjectId;
use http::StatusCode;
use service::directory::users;
use wire::tables;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Brings one back (AS-17).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id: ObjectId = request.object_id().await?;
    users::restore(request.service(), request.ctx(), id).await?;
    let of = &tables::USER;
    request.object(StatusCode::OK, of, &id.to_string()).await
}
