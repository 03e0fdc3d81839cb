//! Catalogs: create, change, delete.

use auth::roles::Action;
use domain::activity::Activity;
use domain::catalog::{CatalogChange, CatalogState, CatalogType, NewCatalog};
use domain::id::CatalogId;
use store::catalog::{self, Catalog};
use store::{ReadTx, WriteTx, access_package};

use crate::audit::modified::Audited;
use crate::audit::{self, success};
use crate::content::{caller_name, catalog_for, flawed};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{authorize, role_assignments};

const TYPE: &str = "AccessPackageCatalog";

/// Creates a catalog; whoever creates it becomes its first owner (AZ-10).
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    wanted: NewCatalog,
) -> Result<CatalogId, ServiceError> {
    authorize::in_tenant(ctx, Action::CreateCatalog)?;
    wanted.check().map_err(flawed)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let id = service
        .store
        .write(move |tx| -> Result<CatalogId, ServiceError> {
            check_unique_name(tx, wanted.unique_name.as_deref(), None)?;
            let created = new_row(&moment, &ctx, &wanted);
            catalog::insert(tx, &created)?;
            role_assignments::grant_owner_of_new_catalog(tx, &moment, &ctx, created.id)?;
            record(tx, &moment, &ctx, Activity::CreateCatalog, None, &created)?;
            Ok(created.id)
        })
        .await?;
    service.callers.invalidate();
    Ok(id)
}

/// Changes a catalog (HT-1: what is not named stays).
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: CatalogId,
    change: CatalogChange,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = catalog_for(tx, &ctx, Action::UpdateCatalog, id)?;
            let changed = changed_row(&moment, &ctx, stored.clone(), change.clone())?;
            check_unique_name(tx, changed.unique_name.as_deref(), Some(id))?;
            catalog::save(tx, &changed)?;
            record(
                tx,
                &moment,
                &ctx,
                Activity::UpdateCatalog,
                Some(&stored),
                &changed,
            )
        })
        .await
}

/// Deletes a catalog that has no packages, with its resources (AS-9). The one that set-up made stays.
pub async fn delete(service: &Service, ctx: &Ctx, id: CatalogId) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = catalog_for(tx, &ctx, Action::UpdateCatalog, id)?;
            if gone.catalog_type != CatalogType::UserManaged {
                let message = format!("the catalog `{}` cannot be deleted", gone.display_name);
                return Err(ServiceError::refused(Code::BadRequest, message));
            }
            let packages = access_package::count_in_catalog(tx, id)?;
            if packages > 0 {
                let message = format!("the catalog still has access packages: {packages} of them");
                return Err(ServiceError::refused(Code::CatalogNotEmpty, message));
            }
            catalog::delete(tx, &gone)?;
            record(
                tx,
                &moment,
                &ctx,
                Activity::DeleteCatalog,
                Some(&gone),
                &gone,
            )
        })
        .await?;
    service.callers.invalidate();
    Ok(())
}

fn new_row(moment: &Moment, ctx: &Ctx, wanted: &NewCatalog) -> Catalog {
    Catalog {
        id: moment.id(CatalogId::new),
        display_name: wanted.display_name.clone(),
        description: wanted.description.clone(),
        catalog_type: CatalogType::UserManaged,
        state: wanted.state,
        is_externally_visible: wanted.is_externally_visible,
        unique_name: wanted.unique_name.clone(),
        created_by: caller_name(ctx),
        created_at: moment.now,
        modified_by: caller_name(ctx),
        modified_at: moment.now,
        version: 1,
    }
}

fn changed_row(
    moment: &Moment,
    ctx: &Ctx,
    stored: Catalog,
    change: CatalogChange,
) -> Result<Catalog, ServiceError> {
    let wanted = NewCatalog {
        display_name: change.display_name.unwrap_or(stored.display_name),
        description: change.description.over(stored.description),
        state: change.state.unwrap_or(stored.state),
        is_externally_visible: change
            .is_externally_visible
            .unwrap_or(stored.is_externally_visible),
        unique_name: change.unique_name.over(stored.unique_name),
    };
    wanted.check().map_err(flawed)?;
    Ok(Catalog {
        display_name: wanted.display_name,
        description: wanted.description,
        state: wanted.state,
        is_externally_visible: wanted.is_externally_visible,
        unique_name: wanted.unique_name,
        modified_by: caller_name(ctx),
        modified_at: moment.now,
        ..stored
    })
}

fn check_unique_name(
    tx: &mut ReadTx<'_>,
    name: Option<&str>,
    own: Option<CatalogId>,
) -> Result<(), ServiceError> {
    let Some(name) = name else { return Ok(()) };
    match catalog::find_unique_name(tx, name)? {
        Some(other) if Some(other) != own => Err(ServiceError::invalid(
            Code::InvalidModel,
            "uniqueName",
            format!("another catalog has the unique name `{name}`"),
        )),
        Some(_) | None => Ok(()),
    }
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    before: Option<&Catalog>,
    catalog: &Catalog,
) -> Result<(), ServiceError> {
    let is_published = catalog.state == CatalogState::Published;
    let event = success(
        activity,
        TYPE,
        catalog.id,
        Some(catalog.display_name.clone()),
    )
    .changing(before.map(|row| row as &dyn Audited), Some(catalog))
    .with("isPublished", is_published);
    Ok(audit::record(tx, moment, ctx, event)?)
}
