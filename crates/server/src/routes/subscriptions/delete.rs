//! `DELETE subscriptions/{id}`

use service::subscriptions;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Deletes a subscription.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    subscriptions::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
