//! Sweeps as operators see them: ask for one, look at it, call it off. The engine does the work by [`work`].

pub mod extras;
mod removal;
pub mod work;

use auth::roles::Action;
use domain::activity::Activity;
use domain::id::{ResourceId, SweepId};
use domain::sweep::Cause;
use store::WriteTx;
pub use store::sweep::{Place, Sweep, SweepObject};

use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::resources::resource_for;
use crate::{audit, authorize};

const TYPE: &str = "Sweep";

/// Asks for a sweep of a target; answers the one that is open already, if there is one, and whether it is new.
pub async fn request(
    service: &Service,
    ctx: &Ctx,
    target: &str,
) -> Result<(Sweep, bool), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx, target) = (service.moment(), ctx.clone(), target.to_owned());
    let keep = service.settings.sweeps.keep;
    let sweep = service
        .store
        .write(move |tx| -> Result<(Sweep, bool), ServiceError> {
            if let Some(open) = store::sweep::open(tx, &target)? {
                return Ok((open, false));
            }
            let by = authorize::object_of(&ctx).map(|id| id.to_string());
            let id = ask(tx, &moment, &target, Cause::Request, by.as_deref(), keep)?;
            let event = audit::success(Activity::UpdateSetting, TYPE, id, Some(target.clone()));
            audit::record(tx, &moment, &ctx, event.with("operation", "sweep"))?;
            Ok((get_in(tx, id)?, true))
        })
        .await?;
    service.wake();
    Ok(sweep)
}

/// Writes a sweep down for the engine.
fn ask(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    target: &str,
    cause: Cause,
    by: Option<&str>,
    keep: i64,
) -> Result<SweepId, ServiceError> {
    let id = moment.id(SweepId::new);
    store::sweep::request(tx, id, target, cause, by, moment.now, keep)?;
    Ok(id)
}

/// Sweeps, the newest first.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    target: Option<String>,
    before: Option<SweepId>,
    limit: i64,
) -> Result<Vec<Sweep>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    Ok(service
        .store
        .read(move |tx| store::sweep::list(tx, target.as_deref(), before, limit))
        .await?)
}

/// One sweep.
pub async fn get(service: &Service, ctx: &Ctx, id: SweepId) -> Result<Sweep, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    service.store.read(move |tx| get_in(tx, id)).await
}

/// The objects of a sweep, with what went wrong, behind the one of this number.
pub async fn objects(
    service: &Service,
    ctx: &Ctx,
    id: SweepId,
    after: i64,
    limit: i64,
) -> Result<Vec<SweepObject>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            get_in(tx, id)?;
            Ok(store::sweep::objects(tx, id, after, limit)?)
        })
        .await
}

/// Calls a sweep off. What it found until now stays.
pub async fn cancel(service: &Service, ctx: &Ctx, id: SweepId) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let sweep = get_in(tx, id)?;
            if !store::sweep::cancel(tx, id, moment.now)? {
                return Err(ServiceError::refused(
                    Code::InvalidRequestState,
                    format!("the sweep is {} already", sweep.state),
                ));
            }
            let event = audit::success(Activity::UpdateSetting, TYPE, id, Some(sweep.target));
            audit::record(tx, &moment, &ctx, event.with("operation", "cancel"))?;
            Ok(())
        })
        .await
}

/// Says whether members whom nobody granted access are taken out of a resource when a sweep finds them.
pub async fn set_authoritative(
    service: &Service,
    ctx: &Ctx,
    id: ResourceId,
    authoritative: bool,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let resource = resource_for(tx, &ctx, Action::ManageResources, id)?;
            store::sweep::found::set_authoritative(tx, id, authoritative, moment.now)?;
            let event = audit::success(
                Activity::UpdateResource,
                "AccessPackageResource",
                id,
                Some(resource.display_name),
            );
            let event = event.with("authoritative", authoritative);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

fn get_in(tx: &mut store::ReadTx<'_>, id: SweepId) -> Result<Sweep, ServiceError> {
    store::sweep::find(tx, id)?.ok_or_else(|| ServiceError::not_found("sweep", id))
}
