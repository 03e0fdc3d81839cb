//! Targets as an operator sees them: what waits for each, which are paused, which faults are injected.

use auth::roles::Action;
use domain::activity::Activity;
use store::target_switch::TargetSwitch;

use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{audit, authorize};

/// What was said about targets, for the engine.
pub async fn switches(service: &Service) -> Result<Vec<TargetSwitch>, ServiceError> {
    Ok(service.store.read(store::target_switch::list).await?)
}

/// Whether the caller may switch targets: asked before a target is looked up, so that nobody else learns which there are.
pub fn may_switch(ctx: &Ctx) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)
}

/// Pauses a target, or lets it go on (L7).
pub async fn pause(
    service: &Service,
    ctx: &Ctx,
    target: &str,
    paused: bool,
    reason: Option<String>,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx, target) = (service.moment(), ctx.clone(), target.to_owned());
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            store::target_switch::pause(tx, &target, paused, reason.as_deref(), moment.now)?;
            let event = audit::success(
                Activity::UpdateSetting,
                "Target",
                &target,
                Some(target.clone()),
            );
            audit::record(tx, &moment, &ctx, event.with("paused", paused))
        })
        .await?;
    service.wake();
    Ok(())
}

/// Injects a fault into a target of a development tenant, or takes it away.
pub async fn set_fault(
    service: &Service,
    ctx: &Ctx,
    target: &str,
    fault: Option<String>,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx, target) = (service.moment(), ctx.clone(), target.to_owned());
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            store::target_switch::set_fault(tx, &target, fault.as_deref(), moment.now)?;
            let event = audit::success(
                Activity::UpdateSetting,
                "Target",
                &target,
                Some(target.clone()),
            );
            audit::record(
                tx,
                &moment,
                &ctx,
                event.with("fault", fault.clone().unwrap_or_default()),
            )
        })
        .await?;
    service.wake();
    Ok(())
}

/// How many rows of the ledger each target has in each phase.
pub async fn phases(
    service: &Service,
    ctx: &Ctx,
) -> Result<Vec<(String, String, i64)>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    Ok(service.store.read(store::ledger::watch::phases).await?)
}

/// How many grants have drifted (L8).
pub async fn drifted(service: &Service, ctx: &Ctx) -> Result<i64, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    Ok(service.store.read(store::ledger::watch::drifted).await?)
}
