//! `PATCH applications/{id}`

use service::directory::applications;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Changes one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let changes = decode::application::changes(&request.json()?)?;
    applications::update(request.service(), request.ctx(), id, changes).await?;
    Ok(Reply::no_content())
}
