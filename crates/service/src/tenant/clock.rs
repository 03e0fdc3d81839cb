//! The movable clock of a development tenant: how far it was moved is remembered over restarts, so that what waits for a
//! time does not wait for it twice.

use auth::roles::Action;
use domain::activity::Activity;
use domain::time::{Duration, Timestamp};

use crate::audit;
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

const NAME: &str = "clock.offset";

/// The time of the tenant.
pub fn clock(service: &Service, ctx: &Ctx) -> Result<Timestamp, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    Ok(service.clock.now())
}

/// Moves the clock forward; what waits for time follows. Answers the time then.
pub async fn advance_clock(
    service: &Service,
    ctx: &Ctx,
    by: Duration,
) -> Result<Timestamp, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            let moved = offset(tx)?.saturating_add(by.micros());
            store::setting::set(tx, NAME, &moved.to_string())?;
            let event = audit::success(Activity::UpdateSetting, "Clock", NAME, None);
            audit::record(tx, &moment, &ctx, event.with("advance", by))
        })
        .await?;
    service.clock.advance(by);
    service.wake();
    Ok(service.clock.now())
}

/// Sets the clock of a starting instance to where it was moved before.
pub async fn restore_clock(service: &Service) -> Result<(), ServiceError> {
    let moved = service.store.read(offset).await?;
    service.clock.advance(Duration::from_micros(moved));
    Ok(())
}

/// How far the clock was moved, in microseconds.
pub(super) fn offset(tx: &mut store::ReadTx<'_>) -> Result<i64, store::Error> {
    let Some(text) = store::setting::find(tx, NAME)? else {
        return Ok(0);
    };
    text.parse()
        .map_err(|_| store::Error::corrupt("setting", "value", NAME, text))
}
