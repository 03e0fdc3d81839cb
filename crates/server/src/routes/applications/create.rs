//! `POST applications`

use service::directory::applications;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::application::changes(&request.json()?)?;
    let created = applications::create(request.service(), request.ctx(), wanted).await?;
    request.created(&created.id.to_string()).await
}
