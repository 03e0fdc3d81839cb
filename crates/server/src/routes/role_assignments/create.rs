//! `POST roleAssignments`

use service::role_assignments;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Assigns a role of entitlement management.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::role_assignment::create(&request.json()?)?;
    let created = role_assignments::create(request.service(), request.ctx(), wanted).await?;
    request.created(&created.id.to_string()).await
}
