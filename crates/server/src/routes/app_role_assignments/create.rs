//! `POST servicePrincipals/{id}/appRoleAssignedTo` and `POST users/{id}/appRoleAssignments`

use service::directory::app_roles::{self, Side};
use wire::decode;

use super::side;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Grants a role of an application.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let (principal, resource) = match side(request).await? {
        Side::Principal(id) => (Some(id), None),
        Side::Resource(id) => (None, Some(id)),
    };
    let wanted = decode::app_role_assignment::create(&request.json()?, principal, resource)?;
    let created = app_roles::grant(request.service(), request.ctx(), wanted).await?;
    request.created(&created.id.to_string()).await
}
