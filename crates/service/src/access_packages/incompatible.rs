//! Separation of duties (SD-1): which packages and groups exclude a package.

use auth::roles::Action;
use domain::activity::Activity;
use domain::id::{AccessPackageId, ObjectId};
use store::access_package::AccessPackage;
use store::directory::group;
use store::{WriteTx, incompatible};

use super::TYPE;
use crate::audit::{self, success};
use crate::content::package_for;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

/// Makes `other` exclude `package`, in this direction only (SD-2). Doing it again changes nothing.
pub async fn add_package(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    other: AccessPackageId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            if other == package {
                let message = "an access package cannot be incompatible with itself";
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "@odata.id",
                    message,
                ));
            }
            package_for(tx, &ctx, Action::ReadCatalogContent, other)?;
            if !incompatible::insert_package(tx, package, other)? {
                return Ok(());
            }
            let activity = Activity::CreateIncompatiblePackage;
            record(tx, &moment, &ctx, activity, &stored, other.to_string())
        })
        .await
}

/// Takes `other` off the list of `package`.
pub async fn remove_package(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    other: AccessPackageId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            let unlisted = || ServiceError::not_found("incompatible access package", other);
            // Whoever may not know the other does not learn that it is on the list, and leaves it there.
            match package_for(tx, &ctx, Action::ReadCatalogContent, other) {
                Ok(_) => {}
                Err(ServiceError::Refused { .. }) => return Err(unlisted()),
                Err(fault) => return Err(fault),
            }
            if !incompatible::delete_package(tx, package, other)? {
                return Err(unlisted());
            }
            let activity = Activity::DeleteIncompatiblePackage;
            record(tx, &moment, &ctx, activity, &stored, other.to_string())
        })
        .await
}

/// Makes membership of a group exclude `package`. Doing it again changes nothing.
pub async fn add_group(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    other: ObjectId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            if group::find(tx, other)?.is_none() {
                return Err(ServiceError::not_found("group", other));
            }
            if !incompatible::insert_group(tx, package, other)? {
                return Ok(());
            }
            let activity = Activity::CreateIncompatibleGroup;
            record(tx, &moment, &ctx, activity, &stored, other.to_string())
        })
        .await
}

/// Takes a group off the list of `package`.
pub async fn remove_group(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    other: ObjectId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            if !incompatible::delete_group(tx, package, other)? {
                return Err(ServiceError::not_found("incompatible group", other));
            }
            let activity = Activity::DeleteIncompatibleGroup;
            record(tx, &moment, &ctx, activity, &stored, other.to_string())
        })
        .await
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    package: &AccessPackage,
    other: String,
) -> Result<(), ServiceError> {
    let event = success(
        activity,
        TYPE,
        package.id,
        Some(package.display_name.clone()),
    )
    .with("incompatible", other);
    Ok(audit::record(tx, moment, ctx, event)?)
}
