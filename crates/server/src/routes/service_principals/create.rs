//! `POST servicePrincipals`

use service::directory::service_principals;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::service_principal::changes(&request.json()?)?;
    let created = service_principals::create(request.service(), request.ctx(), wanted).await?;
    request.created(&created.id.to_string()).await
}
