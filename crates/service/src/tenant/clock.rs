//! The movable clock of a development tenant: how far it was moved is remembered over restarts, so that what waits for a
//! time does not wait for it twice.
//!
//! **Invariant:** a clock that is moved stops at every instant at which something is due, until it is done. A year in one
//! step has the same effects, in the same order and at the same times, as a year in many.

use std::time::Duration as RealTime;

use auth::roles::Action;
use domain::activity::Activity;
use domain::time::{Duration, Timestamp};

use crate::audit;
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{deliveries, timers};

const NAME: &str = "clock.offset";

/// How far the clock moves first where work is due that nobody can do now; twice as far each time after.
const SHORTEST_WAIT: Duration = Duration::from_minutes(1);
const LONGEST_WAIT: Duration = Duration::from_days(1);

/// How long, in real time, the clock waits wherever it stops.
const PATIENCE: RealTime = RealTime::from_secs(5);

/// The time of the tenant.
pub fn clock(service: &Service, ctx: &Ctx) -> Result<Timestamp, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    Ok(service.clock.now())
}

/// Moves the clock forward, from one thing that is due to the next; `settle` does what can be done at the time it is.
/// Answers the time then. What is due at that very time follows.
pub async fn advance_clock<F>(
    service: &Service,
    ctx: &Ctx,
    by: Duration,
    settle: impl Fn() -> F,
) -> Result<Timestamp, ServiceError>
where
    F: Future<Output = Result<(), ServiceError>>,
{
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let _alone = service.journeys.lock().await;
    let goal = service.clock.now().plus(by);
    let (moment, caller) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            let event = audit::success(Activity::UpdateSetting, "Clock", NAME, None);
            audit::record(tx, &moment, &caller, event.with("advance", by))
        })
        .await?;
    let exchanges = service.standstill.exchanges();
    let mut wait = SHORTEST_WAIT;
    while first_due(service).await?.is_some_and(|due| due < goal) {
        settle().await?;
        if service.standstill.exchanges() != exchanges {
            // The tenant was brought back to another time: that one counts.
            return Ok(service.clock.now());
        }
        let now = service.clock.now();
        let mut stop = timers::next_after(service, now).await?;
        if deliveries::earliest_attempt(service)
            .await?
            .is_some_and(|due| due <= now)
        {
            // A target is down or held: it is asked again, more and more rarely.
            stop = stop.into_iter().chain([now.plus(wait)]).min();
            wait = Duration::from_micros(wait.micros().saturating_mul(2)).min(LONGEST_WAIT);
        } else {
            wait = SHORTEST_WAIT;
        }
        let Some(stop) = stop.filter(|stop| *stop < goal) else {
            break;
        };
        move_to(service, stop).await?;
    }
    move_to(service, goal).await?;
    service.wake();
    Ok(service.clock.now())
}

/// Waits for work, but not for a target that never answers: its lease runs out as the clock goes on.
pub async fn patiently(
    settled: impl Future<Output = Result<(), ServiceError>>,
) -> Result<(), ServiceError> {
    if let Ok(settled) = tokio::time::timeout(PATIENCE, settled).await {
        return settled;
    }
    tracing::warn!("the clock moves on, though a target has not answered yet");
    Ok(())
}

/// When the first thing is due, overdue ones among them.
async fn first_due(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    timers::next_after(service, Timestamp::from_micros(i64::MIN)).await
}

async fn move_to(service: &Service, instant: Timestamp) -> Result<(), ServiceError> {
    let step = instant
        .micros()
        .saturating_sub(service.clock.now().micros());
    let step = Duration::from_micros(step.max(0));
    service
        .store
        .write(move |tx| -> Result<(), store::Error> {
            let moved = offset(tx)?.saturating_add(step.micros());
            store::setting::set(tx, NAME, &moved.to_string())
        })
        .await?;
    service.clock.advance(step);
    Ok(())
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
