//! Service principals and the app roles that they offer: create, update, delete.

use auth::directory::DirectoryAction;
use domain::activity::Activity;
use domain::directory::{ServicePrincipal, ServicePrincipalChanges};
use domain::id::{AppId, ObjectId};
use store::directory::{application, object, service_principal};
use store::{ReadTx, WriteTx};

use super::flawed;
use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::resources;

const TYPE: &str = "ServicePrincipal";

/// Creates a service principal.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    changes: ServicePrincipalChanges,
) -> Result<ServicePrincipal, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteApplications)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let (id, app_id) = (moment.id(ObjectId::new), moment.id(AppId::new));
            let mut changes = changes.clone();
            if let Some(app_id) = changes.app_id
                && let Some(application) = application::find_by_app(tx, app_id)?
            {
                application.lend(&mut changes);
            }
            let created = ServicePrincipal::create(id, app_id, moment.now, &changes).map_err(flawed)?;
            if service_principal::find_by_app(tx, created.app_id)?.is_some() {
                let message = "another service principal with the same value for property appId already exists";
                return Err(ServiceError::invalid(Code::BadRequest, "appId", message));
            }
            service_principal::insert(tx, &created)?;
            let event = event(Activity::AddServicePrincipal, &created).changing(None, Some(&created));
            audit::record(tx, &moment, &ctx, event)?;
            Ok(created)
        })
        .await
}

/// Changes a service principal (HT-1); `appRoles` replaces the whole list, and whoever held a role that is left out
/// holds it no more.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    changes: ServicePrincipalChanges,
) -> Result<ServicePrincipal, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteApplications)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let changed = service
        .store
        .write(move |tx| update_in(tx, &moment, &ctx, id, &changes))
        .await?;
    service.callers.invalidate();
    Ok(changed)
}

pub(super) fn update_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
    changes: &ServicePrincipalChanges,
) -> Result<ServicePrincipal, ServiceError> {
    let stored = get(tx, id)?;
    let mut changed = stored.clone();
    changed.change(changes).map_err(flawed)?;
    service_principal::update(tx, &changed)?;
    changed.version += 1;
    resources::application_changed(tx, moment, &changed)?;
    let event =
        event(Activity::UpdateServicePrincipal, &changed).changing(Some(&stored), Some(&changed));
    audit::record(tx, moment, ctx, event)?;
    Ok(changed)
}

/// Deletes a service principal for good, with its roles and who holds them (AS-21).
pub async fn delete(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| delete_in(tx, &moment, &ctx, id))
        .await?;
    service.callers.invalidate();
    Ok(())
}

pub(super) fn delete_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteApplications)?;
    let gone = get(tx, id)?;
    object::withdraw_access(tx, id)?;
    object::withdraw_roles(tx, id)?;
    service_principal::delete(tx, id)?;
    Ok(audit::record(
        tx,
        moment,
        ctx,
        event(Activity::RemoveServicePrincipal, &gone),
    )?)
}

fn get(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<ServicePrincipal, ServiceError> {
    service_principal::find(tx, id)?.ok_or_else(|| ServiceError::not_found("service principal", id))
}

fn event(activity: Activity, about: &ServicePrincipal) -> audit::Event {
    success(activity, TYPE, about.id, Some(about.display_name.clone()))
}
