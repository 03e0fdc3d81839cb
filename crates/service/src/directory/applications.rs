//! Applications as they are registered: create, update, delete.
//!
//! **Invariant:** the service principal of an application, once there is one, offers the roles of the application and goes
//! with it, in the same transaction.

use auth::directory::DirectoryAction;
use domain::activity::Activity;
use domain::directory::{Application, ServicePrincipalChanges};
use domain::id::{AppId, ObjectId};
use store::ReadTx;
use store::directory::{application, service_principal};

use super::{flawed, service_principals};
use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

const TYPE: &str = "Application";

/// Registers an application. It is in use once somebody makes its service principal.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    changes: ServicePrincipalChanges,
) -> Result<Application, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteApplications)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let (id, app_id) = (moment.id(ObjectId::new), moment.id(AppId::new));
            let created = Application::create(id, app_id, moment.now, &changes).map_err(flawed)?;
            application::insert(tx, &created)?;
            let event = event(Activity::AddApplication, &created).changing(None, Some(&created));
            audit::record(tx, &moment, &ctx, event)?;
            Ok(created)
        })
        .await
}

/// Changes an application (HT-1), and with its name and its roles its service principal.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    changes: ServicePrincipalChanges,
) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteApplications)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = get(tx, id)?;
            let mut changed = stored.clone();
            changed.change(&changes).map_err(flawed)?;
            application::update(tx, &changed)?;
            let followed = ServicePrincipalChanges {
                display_name: changes.display_name.clone(),
                app_roles: changes.app_roles.clone(),
                ..ServicePrincipalChanges::default()
            };
            if followed != ServicePrincipalChanges::default()
                && let Some(used) = service_principal::find_by_app(tx, changed.app_id)?
            {
                service_principals::update_in(tx, &moment, &ctx, used.id, &followed)?;
            }
            let event = event(Activity::UpdateApplication, &changed);
            let event = event.changing(Some(&stored), Some(&changed));
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await?;
    service.callers.invalidate();
    Ok(())
}

/// Deletes an application for good, and its service principal with it.
pub async fn delete(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteApplications)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = get(tx, id)?;
            if let Some(used) = service_principal::find_by_app(tx, gone.app_id)? {
                service_principals::delete_in(tx, &moment, &ctx, used.id)?;
            }
            application::delete(tx, id)?;
            let event = event(Activity::DeleteApplication, &gone);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await?;
    service.callers.invalidate();
    Ok(())
}

fn get(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Application, ServiceError> {
    application::find(tx, id)?.ok_or_else(|| ServiceError::not_found("application", id))
}

fn event(activity: Activity, about: &Application) -> audit::Event {
    success(activity, TYPE, about.id, Some(about.display_name.clone()))
}
