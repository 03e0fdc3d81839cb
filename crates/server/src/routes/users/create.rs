//! `POST users`

use service::directory::users;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::user::changes(&request.json()?)?;
    let created = users::create(request.service(), request.ctx(), wanted).await?;
    request.created(&created.id.to_string()).await
}
