//! What is in an access package: roles of resources of its catalog, each with a scope (DL-2 to DL-4).

use auth::roles::Action;
use domain::access_package::{
    NewResourceRoleScope, ResourceReference, RoleReference, RoleScopeId, ScopeReference,
};
use domain::activity::Activity;
use domain::id::{AccessPackageId, CatalogId};
use domain::resource::OriginSystem;
use store::access_package::AccessPackage;
use store::resource::{self, Resource, ResourceRole, ResourceScope};
use store::resource_role_scope::{self, ResourceRoleScope};
use store::{ReadTx, WriteTx};

use super::TYPE;
use crate::audit::{self, success};
use crate::content::{caller_name, package_for};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{authorize, planning, resources};

/// Puts a role into a package. Everybody who holds the package gets it (AS-4).
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    wanted: NewResourceRoleScope,
) -> Result<RoleScopeId, ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    let id = service
        .store
        .write(move |tx| -> Result<RoleScopeId, ServiceError> {
            let package = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            add(tx, &moment, &ctx, &package, &wanted)
        })
        .await?;
    service.wake();
    Ok(id)
}

/// Puts a role into a package, as a part of a transaction; after the commit call `service.wake()`.
pub(crate) fn add(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    package: &AccessPackage,
    wanted: &NewResourceRoleScope,
) -> Result<RoleScopeId, ServiceError> {
    let resource = find_resource(tx, ctx, package.catalog_id, wanted)?;
    let role = resolve_role(tx, moment, &resource, &wanted.role)?;
    let scope = resolve_scope(tx, &resource, &wanted.scope)?;
    let created = ResourceRoleScope {
        id: RoleScopeId {
            role: role.id,
            scope: scope.id,
        },
        access_package_id: package.id,
        created_by: caller_name(ctx),
        created_at: moment.now,
    };
    if !resource_role_scope::insert(tx, &created)? {
        let message = format!(
            "the access package has the role `{}` of `{}` already",
            role.display_name, resource.display_name
        );
        return Err(ServiceError::refused(Code::RoleScopeAlreadyExists, message));
    }
    changed(tx, moment, ctx, package, "added", created.id)?;
    Ok(created.id)
}

/// Takes a role out of a package. Everybody who holds the package loses it, unless something else gives it (AS-4).
pub async fn delete(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    id: RoleScopeId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let package = package_for(tx, &ctx, Action::ManageAccessPackages, package)?;
            remove(tx, &moment, &ctx, &package, id)
        })
        .await?;
    service.wake();
    Ok(())
}

/// Takes a role out of the one package that has it, where no package is named. The same pair may be in several; then
/// nobody can tell which is meant.
pub async fn delete_from_its_package(
    service: &Service,
    ctx: &Ctx,
    id: RoleScopeId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let package = only_package(tx, &ctx, id)?;
            remove(tx, &moment, &ctx, &package, id)
        })
        .await?;
    service.wake();
    Ok(())
}

/// The only package with this role scope that the caller may manage.
fn only_package(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    id: RoleScopeId,
) -> Result<AccessPackage, ServiceError> {
    authorize::admitted(ctx, Action::ManageAccessPackages)?;
    let mut found = None;
    let mut refused = None;
    for package in resource_role_scope::packages_with(tx, id)? {
        match package_for(tx, ctx, Action::ManageAccessPackages, package) {
            Ok(package) => {
                if found.replace(package).is_some() {
                    let message = "several access packages have this pair: name one in the path";
                    return Err(ServiceError::refused(Code::BadRequest, message));
                }
            }
            Err(error) if error.code() == Some(Code::ResourceNotFound) => {}
            Err(error) => refused = Some(error),
        }
    }
    let not_found = || ServiceError::not_found("resource role scope", id);
    found.ok_or_else(|| refused.unwrap_or_else(not_found))
}

/// Takes a role out of a package, as a part of a transaction; after the commit call `service.wake()`.
pub(crate) fn remove(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    package: &AccessPackage,
    id: RoleScopeId,
) -> Result<(), ServiceError> {
    if !resource_role_scope::delete(tx, package.id, id)? {
        return Err(ServiceError::not_found("resource role scope", id));
    }
    changed(tx, moment, ctx, package, "removed", id)
}

/// What follows when the content of a package changes: live assignments are planned anew, and the audit knows.
fn changed(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    package: &AccessPackage,
    how: &str,
    id: RoleScopeId,
) -> Result<(), ServiceError> {
    planning::package_changed(tx, moment, package.id)?;
    let event = success(
        Activity::UpdatePackage,
        TYPE,
        package.id,
        Some(package.display_name.clone()),
    )
    .with("resourceRoleScope", format!("{how} {id}"));
    Ok(audit::record(tx, moment, ctx, event)?)
}

/// The resource that the body means. It is in the catalog of the package, or it cannot be in the package. One in a catalog
/// that the caller may not see is answered as one that is not there.
fn find_resource(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    catalog: CatalogId,
    wanted: &NewResourceRoleScope,
) -> Result<Resource, ServiceError> {
    let reference = &wanted.role.resource;
    let may_know = |found: &Resource| {
        found.catalog_id == catalog
            || authorize::in_catalog(ctx, Action::ReadCatalogContent, found.catalog_id).is_ok()
    };
    let found = match (reference.id, wanted.role.id, wanted.scope.id) {
        (Some(id), _, _) => resource::find(tx, id)?,
        (None, _, _) if reference.origin_id.is_some() => by_origin(tx, catalog, reference)?,
        (None, Some(role), _) => {
            let offered_by = match resource::find_role(tx, role)? {
                Some(role) => resource::find(tx, role.resource_id)?,
                None => None,
            };
            match offered_by.filter(may_know) {
                Some(found) => Some(found),
                None => return Err(role_not_found(&wanted.role)),
            }
        }
        (None, None, Some(scope)) => match resource::find_scope(tx, scope)? {
            Some(scope) => resource::find(tx, scope.resource_id)?,
            None => None,
        },
        (None, None, None) => {
            let message = "the resource that offers the role must be named";
            return Err(ServiceError::invalid(
                Code::InvalidModel,
                "role/resource/id",
                message,
            ));
        }
    };
    let Some(found) = found.filter(may_know) else {
        return Err(ServiceError::invalid(
            Code::ResourceNotFound,
            "role/resource",
            "the resource that offers the role is not in the catalog of the access package",
        ));
    };
    if found.catalog_id != catalog {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "role/resource/id",
            "the resource is in another catalog than the access package",
        ));
    }
    Ok(found)
}

fn by_origin(
    tx: &mut ReadTx<'_>,
    catalog: CatalogId,
    reference: &ResourceReference,
) -> Result<Option<Resource>, ServiceError> {
    let origin_id = reference
        .origin_id
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let named = reference.origin_system.as_deref();
    for system in OriginSystem::ALL.iter().copied() {
        if named.is_some_and(|named| OriginSystem::from_name(named) != Some(system)) {
            continue;
        }
        if let Some(found) = resource::find_by_origin(tx, catalog, system, &origin_id)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// DL-2: by our id, or by the role's id in its origin; a role that the origin has come to offer meanwhile is taken up.
fn resolve_role(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    resource: &Resource,
    wanted: &RoleReference,
) -> Result<ResourceRole, ServiceError> {
    let means = |role: &ResourceRole| match (wanted.id, &wanted.origin_id) {
        (Some(id), _) if role.id == id => true,
        (_, Some(origin_id)) => role.origin_id.eq_ignore_ascii_case(origin_id),
        (_, None) => false,
    };
    if let Some(known) = resource::roles(tx, resource.id)?.into_iter().find(means) {
        return Ok(known);
    }
    resources::refresh_roles(tx, moment, resource)?;
    resource::roles(tx, resource.id)?
        .into_iter()
        .find(means)
        .ok_or_else(|| role_not_found(wanted))
}

fn role_not_found(wanted: &RoleReference) -> ServiceError {
    let (target, name) = match (&wanted.origin_id, wanted.id) {
        (Some(origin_id), _) => ("role/originId", origin_id.clone()),
        (None, Some(id)) => ("role/id", id.to_string()),
        (None, None) => ("role", String::new()),
    };
    ServiceError::invalid(
        Code::RoleNotFound,
        target,
        format!("the resource offers no role `{name}`"),
    )
}

/// The scope that the body means; the root scope if it names none.
fn resolve_scope(
    tx: &mut ReadTx<'_>,
    resource: &Resource,
    wanted: &ScopeReference,
) -> Result<ResourceScope, ServiceError> {
    let names_root = wanted.is_root_scope || (wanted.id.is_none() && wanted.origin_id.is_none());
    let means = |scope: &ResourceScope| match (wanted.id, &wanted.origin_id) {
        (Some(id), _) if scope.id == id => true,
        (_, Some(origin_id)) => scope.origin_id.eq_ignore_ascii_case(origin_id),
        (_, None) => names_root && scope.is_root_scope,
    };
    let scopes = resource::scopes(tx, resource.id)?;
    scopes.into_iter().find(means).ok_or_else(|| {
        let target = if wanted.origin_id.is_some() {
            "scope/originId"
        } else {
            "scope/id"
        };
        ServiceError::invalid(Code::InvalidModel, target, "the resource has no such scope")
    })
}
