//! `POST resources/{id}/uploadSessions`

use service::uploads;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Begins an upload of access data about the resource.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let resource = request.parent_id().await?;
    let wanted = decode::upload::create(&request.json()?)?;
    let id = uploads::create(request.service(), request.ctx(), resource, wanted).await?;
    request.created(&id.to_string()).await
}
