//! Moving an access package to another catalog, which has to hold everything that is in it (DL-15).
//!
//! **Invariant:** nobody's access changes. The roles of the package are the same ones, as the other catalog knows them,
//! and the ledger follows.

use auth::roles::Action;
use domain::access_package::RoleScopeId;
use domain::activity::Activity;
use domain::id::{AccessPackageId, CatalogId};
use store::access_package::{self, AccessPackage};
use store::catalog::Catalog;
use store::resource::{self, Resource};
use store::resource_role_scope;
use store::{ReadTx, WriteTx, assignment_policy};

use super::TYPE;
use crate::audit::{self, success};
use crate::content::{caller_name, catalog_for, package_for};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::resources;

/// Moves a package to another catalog. The caller has to manage the packages of both.
pub async fn move_to_catalog(
    service: &Service,
    ctx: &Ctx,
    id: AccessPackageId,
    to: CatalogId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let package = package_for(tx, &ctx, Action::MovePackage, id)?;
            let catalog = catalog_for(tx, &ctx, Action::MovePackage, to)?;
            if package.catalog_id == catalog.id {
                return Ok(());
            }
            refuse_custom_extensions(tx, id)?;
            for role_scope in resource_role_scope::of_package(tx, id)? {
                let there = same_role(tx, &moment, role_scope.id, &catalog)?;
                resource_role_scope::replace(tx, id, role_scope.id, there)?;
            }
            let moved = AccessPackage {
                catalog_id: catalog.id,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..package.clone()
            };
            access_package::save(tx, &moved)?;
            store::change_log::moved(tx, id);
            let event = success(
                Activity::UpdatePackage,
                TYPE,
                id,
                Some(package.display_name.clone()),
            )
            .with("movedFromCatalog", package.catalog_id)
            .with("movedToCatalog", catalog.id);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Custom extensions belong to the catalog of the package (PO-30), and do not move with it.
fn refuse_custom_extensions(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<(), ServiceError> {
    let policies = assignment_policy::of_package(tx, package)?;
    let bound = policies.iter().find(|policy| {
        let mut stages = policy.settings.approval.stages.iter();
        !policy.settings.extensions.is_empty() || stages.any(|stage| stage.extension.is_some())
    });
    match bound {
        None => Ok(()),
        Some(policy) => Err(refused(format!(
            "the policy `{}` runs custom extensions of the catalog that the access package is in",
            policy.display_name
        ))),
    }
}

/// The same role and scope as the other catalog knows them.
fn same_role(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    here: RoleScopeId,
    catalog: &Catalog,
) -> Result<RoleScopeId, ServiceError> {
    let gone = || refused("a role of the access package is not offered any more".to_owned());
    let role = resource::find_role(tx, here.role)?.ok_or_else(gone)?;
    let scope = resource::find_scope(tx, here.scope)?.ok_or_else(gone)?;
    let own = resource::find(tx, role.resource_id)?.ok_or_else(gone)?;
    let there = resource::find_by_origin(tx, catalog.id, own.origin_system, &own.origin_id)?;
    let there = there.ok_or_else(|| lacking(catalog, &own))?;
    let same = |tx: &mut ReadTx<'_>| -> Result<Option<_>, ServiceError> {
        let roles = resource::roles(tx, there.id)?;
        Ok(roles
            .into_iter()
            .find(|one| one.origin_id == role.origin_id))
    };
    let mut found = same(tx)?;
    if found.is_none() {
        // A role that the origin has come to offer since the other catalog took the resource up.
        resources::refresh_roles(tx, moment, &there)?;
        found = same(tx)?;
    }
    let scopes = resource::scopes(tx, there.id)?;
    let same_scope = scopes
        .into_iter()
        .find(|one| one.origin_id == scope.origin_id);
    match (found, same_scope) {
        (Some(role), Some(scope)) => Ok(RoleScopeId {
            role: role.id,
            scope: scope.id,
        }),
        _ => Err(lacking(catalog, &own)),
    }
}

fn lacking(catalog: &Catalog, resource: &Resource) -> ServiceError {
    refused(format!(
        "the catalog `{}` does not hold `{}` with the roles that the access package has of it",
        catalog.display_name, resource.display_name
    ))
}

fn refused(message: String) -> ServiceError {
    ServiceError::invalid(Code::InvalidModel, "catalogId", message)
}
