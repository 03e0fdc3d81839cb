//! `POST groups`

use service::directory::groups;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::group::changes(&request.json()?)?;
    let created = groups::create(request.service(), request.ctx(), wanted).await?;
    request.created(&created.id.to_string()).await
}
