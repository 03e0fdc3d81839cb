//! `servicePrincipals/{id}/appRoleAssignedTo`, `users/{id}/appRoleAssignments` and the like.

pub(super) mod create;
pub(super) mod delete;

use service::directory::app_roles::Side;

use crate::error::Error;
use crate::graph::GraphRequest;

/// From which end the path looks at the assignment.
async fn side(request: &GraphRequest<'_>) -> Result<Side, Error> {
    let parent = request.parent_id().await?;
    let navigation = request.address().navigation();
    let of_resource = navigation.is_some_and(|way| way.relation == "app_role_assigned_to");
    Ok(if of_resource {
        Side::Resource(parent)
    } else {
        Side::Principal(parent)
    })
}
