//! `POST externalOriginResourceConnectors`

use service::external_connectors;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates a connector.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::external_connector::create(&request.json()?)?;
    let id = external_connectors::create(request.service(), request.ctx(), wanted).await?;
    request.created(&id.to_string()).await
}
