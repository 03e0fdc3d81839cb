//! Memberships that lead through other groups, for those who may read them.

use auth::directory::DirectoryAction;
use domain::id::ObjectId;

use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{authorize, callers};

/// The groups that the object is in, through others too.
pub async fn groups_of(
    service: &Service,
    ctx: &Ctx,
    object: ObjectId,
) -> Result<Vec<ObjectId>, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::ReadGroups)?;
    callers::groups_of(service, object).await
}

/// Who is in the group, through others too. Both is told here: what is in a group, and who they are.
pub async fn members_of(
    service: &Service,
    ctx: &Ctx,
    group: ObjectId,
) -> Result<Vec<ObjectId>, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::ReadGroups)?;
    authorize::in_directory(ctx, DirectoryAction::ReadUsers)?;
    callers::members_of(service, group).await
}
