//! `DELETE directory/deletedItems/{id}`

use service::directory::users;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Removes one for good (AS-18).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    users::hard_delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
