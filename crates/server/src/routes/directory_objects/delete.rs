//! `DELETE directoryObjects/{id}`

use service::directory::objects;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes whatever it is.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    objects::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
