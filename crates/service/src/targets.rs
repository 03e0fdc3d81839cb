//! Targets as an operator sees them: what waits for each, which are paused, what they taught.

use auth::roles::Action;
use domain::activity::Activity;
use domain::time::Timestamp;
use store::target_lesson::Lesson;
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

/// What targets taught before the last restart, for the engine.
pub async fn lessons(service: &Service) -> Result<Vec<(String, Lesson)>, ServiceError> {
    Ok(service.store.read(store::target_lesson::list).await?)
}

/// Keeps what a target taught, for the engine that comes after a restart.
pub async fn learn(service: &Service, target: &str, lesson: Lesson) -> Result<(), ServiceError> {
    let (now, target) = (service.clock.now(), target.to_owned());
    service
        .store
        .write(move |tx| store::target_lesson::save(tx, &target, lesson, now))
        .await?;
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

/// What a process knows of a target from speaking to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Its name.
    pub target: String,
    /// Whether it is spoken to.
    pub state: LaneState,
    /// Until when it is not, if that is known.
    pub until: Option<Timestamp>,
    /// Calls a second that are allowed, if they are limited: by configuration or by what was learned.
    pub rate: Option<f64>,
    /// Calls a second that it serves, as far as it said "too many".
    pub learned_rate: Option<f64>,
    /// Calls that are under way.
    pub in_flight: usize,
    /// Calls that may be under way at once, as they go now.
    pub in_flight_limit: usize,
    /// Calls that may be under way at most.
    pub max_in_flight: usize,
    /// Calls in a row that were not answered.
    pub unanswered: u32,
    /// The last call that went wrong: the code, the reason, and when.
    pub last_failure: Option<(String, String, Timestamp)>,
}

/// Whether a target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneState {
    /// Yes.
    Open,
    /// Not before the time for which it asked for patience.
    Held,
    /// Not before the next probe: it did not answer.
    Broken,
    /// By one call, which decides.
    Probing,
    /// Not before an operator says so.
    Paused,
}

impl LaneState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Held => "held",
            Self::Broken => "broken",
            Self::Probing => "probing",
            Self::Paused => "paused",
        }
    }
}
