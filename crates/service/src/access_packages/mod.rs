//! Access packages: create, change, delete; what is in them and what excludes them.

pub mod incompatible;
mod move_to_catalog;
pub mod role_scopes;

pub use move_to_catalog::move_to_catalog;

use auth::roles::Action;
use domain::access_package::{AccessPackageChange, NewAccessPackage};
use domain::activity::Activity;
use domain::id::AccessPackageId;
use store::access_package::{self, AccessPackage};
use store::{ReadTx, WriteTx, package_history};

use crate::audit::modified::Audited;
use crate::audit::{self, success};
use crate::content::{caller_name, catalog_for, flawed, package_for};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

pub(crate) const TYPE: &str = "AccessPackage";

/// Creates an access package in a catalog.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    wanted: NewAccessPackage,
) -> Result<AccessPackageId, ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<AccessPackageId, ServiceError> {
            let catalog = catalog_for(tx, &ctx, Action::ManageAccessPackages, wanted.catalog_id)?;
            wanted.check().map_err(flawed)?;
            check_unique_name(tx, wanted.unique_name.as_deref(), None)?;
            let created = AccessPackage {
                id: moment.id(AccessPackageId::new),
                catalog_id: catalog.id,
                display_name: wanted.display_name.clone(),
                description: wanted.description.clone(),
                is_hidden: wanted.is_hidden,
                is_role_scopes_visible: wanted.is_role_scopes_visible,
                unique_name: wanted.unique_name.clone(),
                created_by: caller_name(&ctx),
                created_at: moment.now,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                version: 1,
            };
            access_package::insert(tx, &created)?;
            record(tx, &moment, &ctx, Activity::CreatePackage, None, &created)?;
            Ok(created.id)
        })
        .await
}

/// Changes an access package (HT-1: what is not named stays).
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: AccessPackageId,
    change: AccessPackageChange,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = package_for(tx, &ctx, Action::ManageAccessPackages, id)?;
            let changed = changed_row(&moment, &ctx, stored.clone(), change.clone())?;
            check_unique_name(tx, changed.unique_name.as_deref(), Some(id))?;
            access_package::save(tx, &changed)?;
            record(
                tx,
                &moment,
                &ctx,
                Activity::UpdatePackage,
                Some(&stored),
                &changed,
            )
        })
        .await
}

/// Deletes an access package that nobody holds any more (AS-9), with its policies and its past. Requests that are still
/// open are canceled first (AS-20); the audit trail stays.
pub async fn delete(service: &Service, ctx: &Ctx, id: AccessPackageId) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = package_for(tx, &ctx, Action::ManageAccessPackages, id)?;
            let live = package_history::count_live_of_package(tx, id)?;
            refuse_while_held(live, "the access package")?;
            for request in package_history::open_of_package(tx, id)? {
                cancel(tx, &moment, &ctx, request)?;
            }
            package_history::delete_of_package(tx, id)?;
            access_package::delete(tx, &gone)?;
            record(
                tx,
                &moment,
                &ctx,
                Activity::DeletePackage,
                Some(&gone),
                &gone,
            )
        })
        .await
}

/// AS-9.
pub(crate) fn refuse_while_held(live: i64, what: &str) -> Result<(), ServiceError> {
    if live == 0 {
        return Ok(());
    }
    let message = format!("{what} still has assignments that are not expired: {live} of them");
    Err(ServiceError::refused(Code::ActiveAssignmentsExist, message))
}

/// Cancels an open request whose package or policy goes away (AS-20).
pub(crate) fn cancel(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: domain::id::RequestId,
) -> Result<(), ServiceError> {
    package_history::cancel(tx, request, moment.now)?;
    store::extension_callout::close(tx, request, moment.now)?;
    let event = success(
        Activity::CancelRequest,
        "AccessPackageAssignmentRequest",
        request,
        None,
    );
    Ok(audit::record(tx, moment, ctx, event)?)
}

fn changed_row(
    moment: &Moment,
    ctx: &Ctx,
    stored: AccessPackage,
    change: AccessPackageChange,
) -> Result<AccessPackage, ServiceError> {
    let wanted = NewAccessPackage {
        catalog_id: stored.catalog_id,
        display_name: change.display_name.unwrap_or(stored.display_name),
        description: change.description.over(stored.description),
        is_hidden: change.is_hidden.unwrap_or(stored.is_hidden),
        is_role_scopes_visible: change
            .is_role_scopes_visible
            .unwrap_or(stored.is_role_scopes_visible),
        unique_name: change.unique_name.over(stored.unique_name),
    };
    wanted.check().map_err(flawed)?;
    Ok(AccessPackage {
        display_name: wanted.display_name,
        description: wanted.description,
        is_hidden: wanted.is_hidden,
        is_role_scopes_visible: wanted.is_role_scopes_visible,
        unique_name: wanted.unique_name,
        modified_by: caller_name(ctx),
        modified_at: moment.now,
        ..stored
    })
}

fn check_unique_name(
    tx: &mut ReadTx<'_>,
    name: Option<&str>,
    own: Option<AccessPackageId>,
) -> Result<(), ServiceError> {
    let Some(name) = name else { return Ok(()) };
    match access_package::find_unique_name(tx, name)? {
        Some(other) if Some(other) != own => Err(ServiceError::invalid(
            Code::InvalidModel,
            "uniqueName",
            format!("another access package has the unique name `{name}`"),
        )),
        Some(_) | None => Ok(()),
    }
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    before: Option<&AccessPackage>,
    package: &AccessPackage,
) -> Result<(), ServiceError> {
    let event = success(
        activity,
        TYPE,
        package.id,
        Some(package.display_name.clone()),
    )
    .changing(before.map(|row| row as &dyn Audited), Some(package));
    Ok(audit::record(tx, moment, ctx, event)?)
}
