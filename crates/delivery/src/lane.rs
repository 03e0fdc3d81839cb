//! A target's lane (L7): how many calls at once, how fast, whether at all, and what every call is wrapped in.
//!
//! **Invariant:** every call ends. A connector that hangs is given up at the deadline, one that panics is caught, and
//! both count as an answer that leaves the change in doubt.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as RealTime;

use connector_api::{
    Applied, Change, Connector, FailureCode, Keys, Lister, Listing, Member, Object, Outcome,
    Presence, Subject,
};
use domain::time::{Duration, Timestamp};
use futures_util::FutureExt as _;
use service::Service;
use service::clock::Clock;
use service::standstill::Standstill;
use tokio::sync::Semaphore;

use crate::breaker::{self, Breaker, Permit};
use crate::metrics::Metrics;
use crate::pacer::Pacer;
use crate::registry::{Target, TargetOptions};

/// A target that asks for more patience than this is asked again all the same.
const LONGEST_HOLD: Duration = Duration::from_minutes(60);

/// One target with its limits and what was learned about it.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) target: String,
    pub(crate) options: TargetOptions,
    pub(crate) max_subjects: usize,
    pub(crate) max_in_flight: usize,
    connector: Arc<dyn Connector>,
    calls: Semaphore,
    state: Mutex<State>,
    clock: Clock,
    metrics: Metrics,
    stopping: Arc<AtomicBool>,
    standstill: Arc<Standstill>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    unanswered: Option<Outcome>,
    pacer: Pacer,
    held_until: Option<Timestamp>,
    paused: bool,
}

/// Whether due work of a lane may be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// All of it.
    Free,
    /// Yes, but one call decides (see [`breaker`]).
    Probe,
    /// Not before this instant.
    Held(Timestamp),
    /// Not before an operator says so.
    Paused,
}

impl Lane {
    pub(crate) fn new(
        name: &str,
        target: Target,
        service: &Service,
        metrics: Metrics,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        let Target { connector, options } = target;
        let limits = connector.limits();
        let max_in_flight = options.max_in_flight.min(limits.max_in_flight).max(1);
        let delay = breaker::probe_delay(
            options.breaker_delay,
            &service.settings.delivery_retry_schedule,
        );
        let state = State {
            breaker: Breaker::new(options.breaker_threshold.max(1), delay),
            unanswered: None,
            pacer: Pacer::new(options.rate),
            held_until: None,
            paused: false,
        };
        Self {
            target: name.to_owned(),
            max_subjects: limits.max_subjects.max(1),
            max_in_flight,
            connector,
            calls: Semaphore::new(max_in_flight),
            state: Mutex::new(state),
            clock: service.clock.clone(),
            metrics,
            stopping,
            standstill: Arc::clone(&service.standstill),
            options,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the target's pause switch.
    pub(crate) fn pause(&self, paused: bool) {
        self.state().paused = paused;
    }

    /// Whether work may be claimed now.
    pub(crate) fn readiness(&self) -> Readiness {
        let now = self.clock.now();
        let state = self.state();
        if state.paused {
            return Readiness::Paused;
        }
        if let Some(until) = state.held_until.filter(|until| now < *until) {
            return Readiness::Held(until);
        }
        match state.breaker.permit(now) {
            Permit::Free => Readiness::Free,
            Permit::Probe => Readiness::Probe,
            Permit::Held(until) => Readiness::Held(until),
        }
    }

    /// The answer that stands for everything that is due, while the breaker is open.
    pub(crate) fn standing_answer(&self) -> Option<Outcome> {
        let state = self.state();
        state.unanswered.clone().filter(|_| state.breaker.is_open())
    }

    /// Applies a change; `None`: it was not even tried, because the lane is closed or the lease too short.
    pub(crate) async fn apply(&self, change: &Change, lease_until: Timestamp) -> Option<Applied> {
        let call = AssertUnwindSafe(async { self.connector.apply(change).await });
        self.call(
            call.catch_unwind(),
            Some(lease_until),
            Applied::Whole,
            |applied| match applied {
                Applied::Whole(outcome) => std::slice::from_ref(outcome),
                Applied::Each(outcomes) => outcomes,
            },
        )
        .await
    }

    /// Reads; `None`: it was not even tried. Without a lease to mind, it is tried in any case.
    pub(crate) async fn observe(
        &self,
        object: &Object,
        subjects: &[Subject],
        lease_until: Option<Timestamp>,
    ) -> Option<Result<Vec<Presence>, Outcome>> {
        let call = AssertUnwindSafe(async { self.connector.observe(object, subjects).await });
        self.call(call.catch_unwind(), lease_until, Err, |seen| match seen {
            Ok(_) => &[],
            Err(outcome) => std::slice::from_ref(outcome),
        })
        .await
    }

    /// How the target lists, if it can.
    pub(crate) fn lister(&self) -> Option<&dyn Lister> {
        self.connector.lister()
    }

    /// Lists who has an object; `None`: the target cannot list.
    pub(crate) async fn list(
        &self,
        object: &Object,
        from: Option<&str>,
    ) -> Option<Result<Listing, Outcome>> {
        let lister = self.lister()?;
        self.asked(async { lister.list(object, from).await }).await
    }

    /// Asks under which keys subjects would be listed; `None`: the target cannot list.
    pub(crate) async fn keys(
        &self,
        object: &Object,
        subjects: &[Subject],
    ) -> Option<Result<Vec<Keys>, Outcome>> {
        let lister = self.lister()?;
        self.asked(async { lister.keys(object, subjects).await })
            .await
    }

    /// Asks for names of members; `None`: the target cannot list.
    pub(crate) async fn clues(
        &self,
        members: &[Member],
    ) -> Option<Result<Vec<Vec<String>>, Outcome>> {
        let lister = self.lister()?;
        self.asked(async { lister.clues(members).await }).await
    }

    async fn asked<T>(
        &self,
        call: impl Future<Output = Result<T, Outcome>>,
    ) -> Option<Result<T, Outcome>> {
        let call = AssertUnwindSafe(call).catch_unwind();
        self.call(call, None, Err, |answer| match answer {
            Ok(_) => &[],
            Err(outcome) => std::slice::from_ref(outcome),
        })
        .await
    }

    async fn call<T, P>(
        &self,
        call: impl Future<Output = Result<T, P>>,
        lease_until: Option<Timestamp>,
        failed: impl Fn(Outcome) -> T,
        outcomes: impl Fn(&T) -> &[Outcome],
    ) -> Option<T> {
        let _permit = self.calls.acquire().await.ok()?;
        if lease_until.is_some_and(|until| !self.admits(until)) {
            return None;
        }
        self.pace().await;
        let _in_flight = self.metrics.call_started(&self.target);
        let deadline = self.options.call_deadline;
        let answer = match tokio::time::timeout(deadline, call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                tracing::error!(target.name = self.target, "the connector panicked");
                failed(Outcome::retry(
                    FailureCode::ConnectorError,
                    "the connector failed unexpectedly",
                ))
            }
            Err(_) => failed(Outcome::retry(
                FailureCode::OriginUnavailable,
                format!("the target did not answer within {deadline:?}"),
            )),
        };
        self.note(outcomes(&answer));
        Some(answer)
    }

    /// Whether one more call may start: the lane is open, and the lease outlives the call and the read after it.
    fn admits(&self, lease_until: Timestamp) -> bool {
        let spare = self.options.call_deadline.saturating_mul(2).as_micros();
        let spare = Duration::from_micros(i64::try_from(spare).unwrap_or(i64::MAX));
        let is_open = match self.readiness() {
            Readiness::Free | Readiness::Probe => true,
            Readiness::Held(_) | Readiness::Paused => false,
        };
        is_open
            && !self.stopping.load(Ordering::Relaxed)
            && !self.standstill.is_wanted()
            && self.clock.now().plus(spare) <= lease_until
    }

    /// Waits for the lane's next slot. A clock that only moves when it is told does not wait.
    async fn pace(&self) {
        let at = self.state().pacer.reserve(self.clock.now());
        if let Some(wait) = self.clock.until(at).filter(|wait| *wait > RealTime::ZERO) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns from what a call came to.
    fn note(&self, outcomes: &[Outcome]) {
        let now = self.clock.now();
        let throttled = outcomes.iter().find_map(throttling);
        let unanswered = !outcomes.is_empty() && outcomes.iter().all(breaker::is_unanswered);
        let mut state = self.state();
        let was_open = state.breaker.is_open();
        state.breaker.note(unanswered, now);
        state.unanswered = if unanswered {
            outcomes.first().cloned()
        } else {
            None
        };
        match throttled {
            Some(after) => {
                state.pacer.refused(now);
                let hold = after.min(LONGEST_HOLD);
                state.held_until = Some(now.plus(hold)).max(state.held_until);
            }
            None if !unanswered => state.pacer.served(),
            None => {}
        }
        let is_open = state.breaker.is_open();
        drop(state);
        match (was_open, is_open) {
            (false, true) => tracing::warn!(
                target.name = self.target,
                reason = outcomes
                    .first()
                    .and_then(Outcome::reason)
                    .map(|reason| reason.message.as_str()),
                "the target does not answer; its deliveries are held back to one call at a time"
            ),
            (true, false) => tracing::info!(target.name = self.target, "the target answers again"),
            (true, true) | (false, false) => {}
        }
    }
}

/// For how long the target asked for patience, if it did.
fn throttling(outcome: &Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Retry { after, reason } => {
            let asked = reason.code == FailureCode::OriginThrottled || after.is_some();
            asked.then(|| after.map(domain_duration).unwrap_or_default())
        }
        Outcome::Done { .. }
        | Outcome::AlreadySo
        | Outcome::Refused { .. }
        | Outcome::CredentialsRejected { .. } => None,
    }
}

/// A real length of time as the domain counts it.
pub(crate) fn domain_duration(real: RealTime) -> Duration {
    Duration::from_micros(i64::try_from(real.as_micros()).unwrap_or(i64::MAX))
}
