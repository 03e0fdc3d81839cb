//! `DELETE resources/{id}/uploadSessions/{id}`

use service::uploads;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Removes an upload that is not complete, with its files.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    uploads::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
