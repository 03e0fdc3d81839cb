//! What the commands on catalogs and their content share: finding the object, asking whether the caller may, and saying
//! what is wrong.

use auth::roles::Action;
use domain::flaw::Flaw;
use domain::id::{AccessPackageId, CatalogId};
use store::access_package::AccessPackage;
use store::catalog::Catalog;
use store::{ReadTx, access_package, catalog};

use crate::authorize;
use crate::ctx::Ctx;
use crate::error::{Code, ServiceError};

/// A flaw of a body as a refusal.
pub(crate) fn flawed(flaw: Flaw) -> ServiceError {
    if flaw.target.is_empty() {
        return ServiceError::refused(Code::InvalidModel, flaw.message);
    }
    ServiceError::invalid(Code::InvalidModel, flaw.target, flaw.message)
}

/// Who calls, as `createdBy` and `modifiedBy` keep it.
pub(crate) fn caller_name(ctx: &Ctx) -> Option<String> {
    authorize::object_of(ctx).map(|object| object.to_string())
}

/// The catalog, if the caller may do `action` in it.
pub(crate) fn catalog_for(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    action: Action,
    id: CatalogId,
) -> Result<Catalog, ServiceError> {
    authorize::admitted(ctx, action)?;
    let found = catalog::find(tx, id)?.ok_or_else(|| ServiceError::not_found("catalog", id))?;
    authorize::in_catalog(ctx, action, id)?;
    Ok(found)
}

/// The package, if the caller may do `action` in its catalog.
pub(crate) fn package_for(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    action: Action,
    id: AccessPackageId,
) -> Result<AccessPackage, ServiceError> {
    let not_found = || ServiceError::not_found("access package", id);
    authorize::admitted(ctx, action)?;
    let found = access_package::find(tx, id)?.ok_or_else(not_found)?;
    authorize_in(ctx, action, found.catalog_id, not_found)?;
    Ok(found)
}

/// May the caller do `action` in the catalog of an object? As if the object were not there if they may not read it.
pub(crate) fn authorize_in(
    ctx: &Ctx,
    action: Action,
    catalog: CatalogId,
    not_found: impl FnOnce() -> ServiceError,
) -> Result<(), ServiceError> {
    authorize::in_catalog_known_by(ctx, action, Action::ReadCatalogContent, catalog, not_found)
}
