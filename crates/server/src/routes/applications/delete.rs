//! `DELETE applications/{id}`

use service::directory::applications;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    applications::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
