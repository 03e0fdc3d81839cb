//! The rest of `roleManagement/entitlementManagement`: what is asked of roles, and what is answered to those who would
//! activate, restore or import.

mod argument;
pub(super) mod assigned_principals;
pub(super) mod create_request;
pub(super) mod refuse;
pub(super) mod role_schedules;

use service::reads;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing};

/// Makes sure that the caller may know the object that the path leads to.
async fn known(request: &GraphRequest<'_>) -> Result<(), Error> {
    let address = request.address();
    let link = request.link(request.ctx(), address.parents()).await?;
    let (entity, filter) = (address.target().entity, address.filter(link.as_ref()));
    if reads::exists(request.service(), request.ctx(), entity, filter).await? {
        Ok(())
    } else {
        Err(nothing())
    }
}
