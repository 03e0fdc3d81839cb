//! `DELETE servicePrincipals/{id}/appRoleAssignedTo/{id}` and the like

use service::directory::app_roles;

use super::side;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Takes a role of an application away.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let side = side(request).await?;
    let id = request.object_id().await?;
    app_roles::revoke(request.service(), request.ctx(), side, id).await?;
    Ok(Reply::no_content())
}
