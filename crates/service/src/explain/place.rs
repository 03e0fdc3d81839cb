//! Which catalog governs an object, whatever kind of object it is.

use domain::assignment_request::AssignmentRequest;
use domain::id::{
    AccessPackageId, AssignmentId, CatalogId, CustomExtensionId, PolicyId, RequestId, ResourceId,
    RoleAssignmentId,
};
use domain::model;
use domain::query::Entity;
use store::{Error, ReadTx};
use uuid::Uuid;

/// An object, and the catalog that governs it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its id.
    pub(super) id: Uuid,
    /// What it is.
    pub(super) entity: &'static Entity,
    /// The catalog; none for what is the tenant's.
    pub(super) catalog: Option<CatalogId>,
    /// The request, if it is one.
    pub(super) request: Option<AssignmentRequest>,
}

/// What has this id, if anything that belongs to a catalog does.
pub(super) fn find(tx: &mut ReadTx<'_>, id: Uuid) -> Result<Option<Place>, Error> {
    let place = |entity, catalog| {
        Ok(Some(Place {
            id,
            entity,
            catalog,
            request: None,
        }))
    };
    if let Some(found) = store::catalog::find(tx, CatalogId::new(id))? {
        return place(&model::CATALOG, Some(found.id));
    }
    if let Some(found) = store::access_package::find(tx, AccessPackageId::new(id))? {
        return place(&model::ACCESS_PACKAGE, Some(found.catalog_id));
    }
    if let Some(found) = store::assignment_policy::find(tx, PolicyId::new(id))? {
        let catalog = catalog_of(tx, found.access_package_id)?;
        return place(&model::ASSIGNMENT_POLICY, catalog);
    }
    if let Some(found) = store::assignment_request::find(tx, RequestId::new(id))? {
        return Ok(Some(Place {
            id,
            entity: &model::ASSIGNMENT_REQUEST,
            catalog: catalog_of(tx, found.access_package_id)?,
            request: Some(found),
        }));
    }
    if let Some(found) = store::assignment::find(tx, AssignmentId::new(id))? {
        let catalog = catalog_of(tx, found.access_package_id)?;
        return place(&model::ASSIGNMENT, catalog);
    }
    if let Some(found) = store::resource::find(tx, ResourceId::new(id))? {
        return place(&model::RESOURCE, Some(found.catalog_id));
    }
    if let Some(found) = store::custom_extension::find(tx, CustomExtensionId::new(id))? {
        return place(&model::CUSTOM_EXTENSION, Some(found.catalog_id));
    }
    if let Some(found) = store::role_assignment::find(tx, RoleAssignmentId::new(id))? {
        return place(&model::ROLE_ASSIGNMENT, found.catalog_id);
    }
    Ok(None)
}

fn catalog_of(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<Option<CatalogId>, Error> {
    let found = store::access_package::find(tx, package)?;
    Ok(found.map(|package| package.catalog_id))
}
