//! `POST subscriptions/{id}/reauthorize`

use service::subscriptions;

use crate::body;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Takes the token of this call for the subscription; its end stays.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    body::expect_nothing(&request.call().body)?;
    let id = request.object_id().await?;
    subscriptions::reauthorize(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}
