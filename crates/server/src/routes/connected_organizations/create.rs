//! `POST connectedOrganizations`

use service::connected_organizations;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates a connected organization.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::connected_organization::create(&request.json()?)?;
    let id = connected_organizations::create(request.service(), request.ctx(), wanted).await?;
    request.created(&id.to_string()).await
}
