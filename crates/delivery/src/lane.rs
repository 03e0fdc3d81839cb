//! A target's lane (L7): how many calls at once, how fast, whether at all, and what every call is wrapped in.
//!
//! **Invariant:** every call ends. A connector that hangs is given up at the deadline, one that panics is caught, and
//! both count as an answer that leaves the change in doubt.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
use service::targets::{Lane as View, LaneState};
use store::ledger::lease::LONGEST;
use store::target_lesson::Lesson;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::breaker::{self, Breaker, Permit};
use crate::claim_size::ClaimSize;
use crate::concurrency::{Concurrency, Kind, Went};
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
    /// As many permits as calls may be under way; see [`State::surplus`].
    calls: Semaphore,
    in_flight: AtomicUsize,
    state: Mutex<State>,
    clock: Clock,
    metrics: Metrics,
    stopping: Arc<AtomicBool>,
    standstill: Arc<Standstill>,
    /// Whether the last claim left something behind.
    backlog: AtomicBool,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    unanswered: Option<Outcome>,
    pacer: Pacer,
    concurrency: Concurrency,
    claim_size: ClaimSize,
    /// Permits that are out and are not to be given back, because the limit has sunk.
    surplus: usize,
    held_until: Option<Timestamp>,
    paused: bool,
    last_failure: Option<(String, String, Timestamp)>,
    /// What of it was kept for the process after this one.
    kept: Option<Kept>,
}

/// Tells one lesson from the next: the rate was cut again, or given free, or the target asked for patience.
type Kept = (bool, Option<Timestamp>, Option<Timestamp>);

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
            concurrency: Concurrency::new(max_in_flight),
            claim_size: ClaimSize::new(options.batch.max(1)),
            surplus: 0,
            held_until: None,
            paused: false,
            last_failure: None,
            kept: None,
        };
        Self {
            target: name.to_owned(),
            max_subjects: limits.max_subjects.max(1),
            max_in_flight,
            connector,
            calls: Semaphore::new(max_in_flight),
            in_flight: AtomicUsize::new(0),
            state: Mutex::new(state),
            clock: service.clock.clone(),
            metrics,
            stopping,
            standstill: Arc::clone(&service.standstill),
            backlog: AtomicBool::new(false),
            options,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what an earlier process learned.
    pub(crate) fn recall(&self, lesson: Lesson) {
        let mut state = self.state();
        if let Some((rate, refused_at)) = lesson.rate {
            state.pacer.recall(per_second(rate), per_second(refused_at));
        }
        state.held_until = lesson.held_until;
        state.kept = Some(kept(&state));
    }

    /// What is to be kept for the process after this one, if that is something new.
    pub(crate) fn lesson(&self) -> Option<Lesson> {
        let mut state = self.state();
        let now = kept(&state);
        let is_known = state
            .kept
            .map_or(now == (false, None, None), |kept| kept == now);
        if is_known {
            return None;
        }
        state.kept = Some(now);
        let rate = state.pacer.learned();
        Some(Lesson {
            rate: rate.map(|(rate, refused_at)| (in_thousand(rate), in_thousand(refused_at))),
            held_until: state.held_until,
        })
    }

    /// What an operator may know of it.
    pub(crate) fn view(&self) -> View {
        let (lane, until) = match self.readiness() {
            Readiness::Free => (LaneState::Open, None),
            Readiness::Probe => (LaneState::Probing, None),
            Readiness::Paused => (LaneState::Paused, None),
            Readiness::Held(until) => {
                let is_broken = self.state().breaker.is_open();
                let held = if is_broken {
                    LaneState::Broken
                } else {
                    LaneState::Held
                };
                (held, Some(until))
            }
        };
        let state = self.state();
        View {
            target: self.target.clone(),
            state: lane,
            until,
            rate: state.pacer.rate(),
            learned_rate: state.pacer.learned().map(|(rate, _)| rate),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            in_flight_limit: state.concurrency.limit(),
            max_in_flight: self.max_in_flight,
            unanswered: state.breaker.unanswered(),
            last_failure: state.last_failure.clone(),
        }
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
        // What holds for longer than it can was said before the clock jumped back.
        let is_held = |until: &Timestamp| now < *until && *until <= now.plus(LONGEST_HOLD);
        if let Some(until) = state.held_until.filter(is_held) {
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

    /// How many deliveries to claim.
    pub(crate) fn claim_size(&self) -> usize {
        self.state().claim_size.get()
    }

    /// Whether there was more to claim than was claimed last.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::Relaxed)
    }

    /// Takes note of whether a claim left something behind.
    pub(crate) fn note_backlog(&self, is_left: bool) {
        self.backlog.store(is_left, Ordering::Relaxed);
    }

    /// Takes note of a claim of so many that was recorded after so long.
    pub(crate) fn note_claim(&self, asked: usize, is_full: bool, took: RealTime) {
        self.state().claim_size.note(asked, is_full, took);
    }

    /// Asks whether the target answers, if its breaker is open and it is time for a probe: without work there is nothing
    /// else to ask.
    pub(crate) async fn probe(&self) {
        if self.readiness() == Readiness::Probe {
            self.asked(self.connector.check()).await;
        }
    }

    /// Applies a change; `None`: it was not even tried, because the lane is closed or the lease too short.
    pub(crate) async fn apply(&self, change: &Change, lease_until: Timestamp) -> Option<Applied> {
        let call = AssertUnwindSafe(async { self.connector.apply(change).await });
        self.call(
            Kind::Write(change.subjects.len()),
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
        let kind = Kind::Read(subjects.len());
        self.call(
            kind,
            call.catch_unwind(),
            lease_until,
            Err,
            |seen| match seen {
                Ok(_) => &[],
                Err(outcome) => std::slice::from_ref(outcome),
            },
        )
        .await
    }

    /// Whether the engine is ending.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
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
        self.call(Kind::Other, call, None, Err, |answer| match answer {
            Ok(_) => &[],
            Err(outcome) => std::slice::from_ref(outcome),
        })
        .await
    }

    async fn call<T, P>(
        &self,
        kind: Kind,
        call: impl Future<Output = Result<T, P>>,
        lease_until: Option<Timestamp>,
        failed: impl Fn(Outcome) -> T,
        outcomes: impl Fn(&T) -> &[Outcome],
    ) -> Option<T> {
        let permit = self.calls.acquire().await.ok()?;
        let _under_way = UnderWay::new(self, permit);
        if lease_until.is_some_and(|until| !self.admits(until)) {
            return None;
        }
        self.pace().await;
        // The wait may have been long, and so may a stop of the whole process.
        if lease_until.is_some_and(|until| !self.lasts(until)) {
            return None;
        }
        let _in_flight = self.metrics.call_started(&self.target);
        let deadline = self.options.call_deadline;
        let began = Instant::now();
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
        self.note(kind, began.elapsed(), outcomes(&answer));
        Some(answer)
    }

    /// Whether one more call may start: the lane is open, and the lease outlives the call and the read after it.
    fn admits(&self, lease_until: Timestamp) -> bool {
        let is_open = match self.readiness() {
            Readiness::Free | Readiness::Probe => true,
            Readiness::Held(_) | Readiness::Paused => false,
        };
        is_open && !self.is_stopping() && !self.standstill.is_wanted() && self.lasts(lease_until)
    }

    /// Whether a lease outlives a call and the read after it. One that ends later than any can is of a time before the
    /// clock jumped back: others take it for over.
    fn lasts(&self, lease_until: Timestamp) -> bool {
        let spare = self.options.call_deadline.saturating_mul(2).as_micros();
        let spare = Duration::from_micros(i64::try_from(spare).unwrap_or(i64::MAX));
        let now = self.clock.now();
        now.plus(spare) <= lease_until && lease_until <= now.plus(LONGEST)
    }

    /// Waits for the lane's next slot. A clock that only moves when it is told does not wait.
    async fn pace(&self) {
        let at = self.state().pacer.reserve(self.clock.now());
        if let Some(wait) = self.clock.until(at).filter(|wait| *wait > RealTime::ZERO) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns from what a call came to.
    fn note(&self, kind: Kind, took: RealTime, outcomes: &[Outcome]) {
        let now = self.clock.now();
        let throttled = outcomes.iter().find_map(throttling);
        let unanswered = !outcomes.is_empty() && outcomes.iter().all(breaker::is_unanswered);
        let mut state = self.state();
        let was_open = state.breaker.is_open();
        state.breaker.note(unanswered, now);
        let went = if unanswered || throttled.is_some() {
            Went::Badly
        } else {
            Went::Answered
        };
        self.adapt(&mut state, |concurrency| concurrency.note(kind, took, went));
        if let Some(reason) = outcomes.iter().find_map(Outcome::reason) {
            let code = reason.code.as_str().to_owned();
            state.last_failure = Some((code, reason.message.clone(), now));
        }
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

impl Lane {
    /// Lets the limit of calls follow what was learned.
    fn adapt(&self, state: &mut State, learn: impl FnOnce(&mut Concurrency)) {
        let before = state.concurrency.limit();
        learn(&mut state.concurrency);
        let now = state.concurrency.limit();
        if now > before {
            let more = now - before;
            let still_out = more.min(state.surplus);
            state.surplus -= still_out;
            self.calls.add_permits(more - still_out);
        } else if now < before {
            state.surplus += before - now;
            state.surplus -= self.calls.forget_permits(state.surplus);
        }
    }
}

/// A call that is under way, or waits for its turn in the pace.
struct UnderWay<'l> {
    lane: &'l Lane,
    permit: Option<SemaphorePermit<'l>>,
}

impl<'l> UnderWay<'l> {
    fn new(lane: &'l Lane, permit: SemaphorePermit<'l>) -> Self {
        lane.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            lane,
            permit: Some(permit),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.lane.in_flight.fetch_sub(1, Ordering::Relaxed);
        let mut state = self.lane.state();
        if state.surplus > 0 {
            state.surplus -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

fn kept(state: &State) -> Kept {
    let learned = state.pacer.learned().is_some();
    (learned, state.pacer.cut_at(), state.held_until)
}

/// How rates are stored: calls in a thousand seconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "no target is asked 2^50 times a second"
)]
fn in_thousand(rate: f64) -> i64 {
    (rate * 1_000.0) as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no target is asked 2^50 times a second"
)]
fn per_second(in_thousand: i64) -> f64 {
    in_thousand as f64 / 1_000.0
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
