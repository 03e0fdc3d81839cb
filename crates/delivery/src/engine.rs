//! The engine: what is due by the clock, what is to be planned, what is to be delivered, over and over.
//!
//! A pass takes no input (R29): it reads what is desired and observed and does what is missing. Waking the engine is a
//! hint; without one it looks at every poll interval, and at the next instant at which something is due.
//!
//! **Invariant:** each target is drained by a task of its own, so that one that hangs never delays another (L7), and
//! whatever stops the engine, leases bring its work back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as RealTime;

use domain::id::SweepId;
use domain::time::Timestamp;
use service::planning::Planned;
use service::standstill::Working;
use service::sweeps::work;
use service::{
    Service, ServiceError, automatic, deliveries, faults, planning, reprocess_jobs, targets, timers,
};
use store::ledger::plan::Haste;
use store::target_lesson::Lesson;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::deliver::{Claim, Counts, Deliverer};
use crate::jobs::Paces;
use crate::lane::{Lane, Readiness};
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::sweep;
use crate::watchdog;

/// How the engine works; the options of targets are in the [`Registry`].
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Requests, or assignments, that are planned in one transaction.
    pub plan_batch: i64,
    /// Passes after which [`Engine::settle`] gives up.
    pub settle_passes: usize,
    /// How often the watchdog looks, in real time.
    pub watch_interval: RealTime,
    /// The longest wait after failing passes.
    pub longest_backoff: RealTime,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            plan_batch: 500,
            settle_passes: 10_000,
            watch_interval: RealTime::from_mins(1),
            longest_backoff: RealTime::from_secs(30),
        }
    }
}

/// What a pass came to (R29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PassReport {
    /// Passes that this report adds up.
    pub passes: usize,
    /// Things that were due by the clock: starts, time-outs, escalations, ends, leases; and users whom rules were asked
    /// about.
    pub timed: usize,
    /// Assignments planned anew because their package changed.
    pub replanned: usize,
    /// Requests planned.
    pub planned: usize,
    /// Objects of bulk jobs that were planned, begun or seen at their end.
    pub jobs: usize,
    /// What deliveries came to.
    pub deliveries: Counts,
    /// Sweeps that were gone on with.
    pub swept: usize,
    /// Whether nothing that could be done now was left.
    pub is_quiet: bool,
}

impl PassReport {
    fn did_something(&self) -> bool {
        self.timed + self.replanned + self.planned + self.deliveries.seen + self.swept > 0
    }

    fn add(&mut self, other: &Self) {
        self.passes += other.passes;
        self.timed += other.timed;
        self.replanned += other.replanned;
        self.planned += other.planned;
        self.jobs += other.jobs;
        self.deliveries.add(other.deliveries);
        self.swept += other.swept;
        self.is_quiet = other.is_quiet;
    }
}

/// The delivery engine. Clones are the same engine.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    deliverer: Arc<Deliverer>,
    registry: Registry,
    options: EngineOptions,
    lanes: Mutex<BTreeMap<String, Arc<Lane>>>,
    /// What targets taught an earlier process; nothing before it was read.
    lessons: Mutex<Option<BTreeMap<String, Lesson>>>,
    /// How often the tenant had been exchanged when the lanes were made.
    exchanges: AtomicU64,
    stopping: Arc<AtomicBool>,
    /// Whether there was more to plan than is planned at once: who comes after that waits for it in any case.
    backlog: AtomicBool,
    settled: watchdog::Settled,
}

type Drained = (String, Counts, Result<(), ServiceError>);

/// Work that was claimed when it was planned. The standstill waits for it until it is recorded.
#[derive(Debug)]
struct Begun {
    lane: Arc<Lane>,
    claim: Claim,
    working: Arc<Working>,
}

impl Engine {
    /// An engine with a name of its own, drawn from the service's ids.
    pub fn new(service: Service, registry: Registry, options: EngineOptions) -> Self {
        let name = service.moment().id(|uuid| uuid.simple().to_string());
        let deliverer = Deliverer::new(service, Metrics::default(), name);
        Self {
            shared: Arc::new(Shared {
                deliverer: Arc::new(deliverer),
                registry,
                options,
                lanes: Mutex::default(),
                lessons: Mutex::default(),
                exchanges: AtomicU64::new(0),
                stopping: Arc::default(),
                backlog: AtomicBool::new(false),
                settled: watchdog::Settled::default(),
            }),
        }
    }

    /// The engine's metrics, to be registered.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.deliverer.metrics
    }

    /// One whole pass: what is due by the clock, planning until nothing is left to plan, every due target once.
    pub async fn pass(&self) -> Result<PassReport, ServiceError> {
        let started = Instant::now();
        let result = self.pass_once().await;
        self.metrics().passed(started.elapsed());
        if result.is_err() {
            self.metrics().pass_failed();
        }
        result
    }

    /// Passes until nothing can be done now. What waits for the clock, for a pause to end or for a target to recover is
    /// left; a report that is not quiet says that even so there was no end to it.
    pub async fn settle(&self) -> Result<PassReport, ServiceError> {
        let mut total = PassReport::default();
        for _ in 0..self.shared.options.settle_passes {
            let pass = self.pass().await?;
            total.add(&pass);
            if pass.is_quiet {
                break;
            }
        }
        Ok(total)
    }

    /// Works until told to stop, or until nobody is left to tell it; then ends the calls under way, gives back what was
    /// not tried, and returns.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut running = Running {
            engine: &self,
            plans: JoinSet::new(),
            drains: JoinSet::new(),
            busy: BTreeSet::new(),
            sweeps: JoinSet::new(),
            swept: BTreeSet::new(),
            jobs: JoinSet::new(),
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|told| *told) => {}
            () = running.work() => {}
        }
        self.shared.stopping.store(true, Ordering::Relaxed);
        while let Some(planned) = running.plans.join_next().await {
            // What was claimed is given back.
            if let Err(error) = running.begin(planned) {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "planning ended with the engine"
                );
            }
        }
        while let Some(drained) = running.drains.join_next().await {
            running.finished(drained);
        }
        while let Some(swept) = running.sweeps.join_next().await {
            running.sweep_ended(swept);
        }
        while let Some(worked) = running.jobs.join_next().await {
            running.job_rested(worked);
        }
    }

    async fn pass_once(&self) -> Result<PassReport, ServiceError> {
        let mut report = PassReport {
            passes: 1,
            ..PassReport::default()
        };
        let mut drains = JoinSet::new();
        let mut first_error = self.begin_all(&mut report, &mut drains).await.err();
        while let Some(drained) = drains.join_next().await {
            match drained {
                Ok((_, counts, result)) => {
                    report.deliveries.add(counts);
                    first_error = first_error.or(result.err());
                }
                Err(error) => {
                    first_error = first_error.or(Some(ServiceError::Internal(Box::new(error))));
                }
            }
        }
        report.is_quiet = !report.did_something();
        first_error.map_or(Ok(report), Err)
    }

    /// What a pass does before it waits for the deliveries that it began.
    async fn begin_all(
        &self,
        report: &mut PassReport,
        drains: &mut JoinSet<Drained>,
    ) -> Result<(), ServiceError> {
        let service = self.service();
        let mut drained = BTreeSet::new();
        let working = Arc::new(self.begin().await);
        self.follow_switches().await?;
        loop {
            let timed =
                timers::run_due(service).await?.total() + automatic::run_due(service).await?;
            let (planned, begun) = self.plan(&drained, Arc::clone(&working)).await?;
            for begun in begun {
                drained.insert(begun.lane.target.clone());
                drains.spawn(self.go_on(begun));
            }
            report.timed += timed;
            report.replanned += planned.replanned;
            report.planned += planned.planned;
            // Last, and one chunk at a turn: what somebody waits for goes first (G10).
            let jobs = reprocess_jobs::run_due(service, &self.shared.deliverer.name).await?;
            report.jobs += jobs;
            if timed + jobs == 0 && !planned.is_some() {
                break;
            }
        }
        drop(working);
        for (id, target) in self.sweeps_due().await? {
            report.swept += usize::from(self.sweep(id, target).await.1?);
        }
        for target in self.due_targets().await? {
            if drained.insert(target.clone()) {
                drains.spawn(self.drain(target));
            }
        }
        Ok(())
    }

    /// Plans what waits for it, and claims at once what that makes due, for lanes that are free and not among these.
    fn plan(
        &self,
        busy: &BTreeSet<String>,
        working: Arc<Working>,
    ) -> impl Future<Output = Result<(Planned, Vec<Begun>), ServiceError>> + Send + 'static {
        let engine = self.clone();
        let free = self.free_lanes(busy);
        async move {
            let deliverer = &engine.shared.deliverer;
            let mut wishes: BTreeMap<_, _> = free
                .into_iter()
                .map(|lane| {
                    let wish = deliverer.wish(&lane);
                    (wish.owner().to_owned(), (lane, wish))
                })
                .collect();
            let places = wishes.values().map(|(lane, wish)| wish.place(lane));
            let places = places.collect();
            let batch = engine.shared.options.plan_batch;
            let haste = if engine.shared.backlog.load(Ordering::Relaxed) {
                Haste::Bulk
            } else {
                Haste::Interactive
            };
            let mut planned = planning::advance(engine.service(), haste, batch, places).await?;
            let is_backlog = planned.is_full(batch);
            engine.shared.backlog.store(is_backlog, Ordering::Relaxed);
            let claimed = std::mem::take(&mut planned.claimed).into_iter();
            let begun = claimed.filter_map(|(owner, leased)| {
                let (lane, wish) = wishes.remove(&owner)?;
                let claim = Claim::of(wish, &lane, leased)?;
                let working = Arc::clone(&working);
                Some(Begun {
                    lane,
                    claim,
                    working,
                })
            });
            let begun = begun.collect();
            Ok((planned, begun))
        }
    }

    /// The lanes that could take work at once, but for these.
    fn free_lanes(&self, busy: &BTreeSet<String>) -> Vec<Arc<Lane>> {
        let lanes = &self.shared.lanes;
        let lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let free = lanes.values().filter(|lane| {
            !busy.contains(&lane.target)
                && self.shared.registry.knows(&lane.target)
                && lane.readiness() == Readiness::Free
        });
        free.cloned().collect()
    }

    fn service(&self) -> &Service {
        &self.shared.deliverer.service
    }

    /// Begins to work. What lanes learned before the tenant was exchanged, by another clock perhaps, is forgotten.
    async fn begin(&self) -> Working {
        let standstill = &self.service().standstill;
        let working = standstill.work().await;
        let exchanges = standstill.exchanges();
        if self.shared.exchanges.swap(exchanges, Ordering::SeqCst) != exchanges {
            let lanes = &self.shared.lanes;
            lanes.lock().unwrap_or_else(PoisonError::into_inner).clear();
            *self.lessons() = None;
        }
        working
    }

    /// The lane of a target, made at its first use.
    fn lane(&self, target: &str) -> Arc<Lane> {
        let shared = &self.shared;
        let mut lanes = shared.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(target.to_owned()).or_insert_with(|| {
            let lane = Lane::new(
                target,
                shared.registry.target(target),
                self.service(),
                self.metrics().clone(),
                shared.stopping.clone(),
            );
            let lessons = self.lessons();
            if let Some(lesson) = lessons.as_ref().and_then(|lessons| lessons.get(target)) {
                lane.recall(*lesson);
            }
            Arc::new(lane)
        });
        Arc::clone(lane)
    }

    fn lessons(&self) -> MutexGuard<'_, Option<BTreeMap<String, Lesson>>> {
        let lessons = &self.shared.lessons;
        lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what targets taught an earlier process, once.
    async fn remember(&self) -> Result<(), ServiceError> {
        if self.lessons().is_none() {
            let lessons = targets::lessons(self.service()).await?;
            *self.lessons() = Some(lessons.into_iter().collect());
        }
        Ok(())
    }

    /// Keeps what a target taught for the process after this one. Without it that one learns it again.
    async fn keep_lesson(&self, lane: &Lane) {
        let Some(lesson) = lane.lesson() else { return };
        if let Err(error) = targets::learn(self.service(), &lane.target, lesson).await {
            tracing::warn!(
                target.name = lane.target,
                error = &error as &dyn std::error::Error,
                "what a target can take could not be kept"
            );
        }
    }

    /// What is known of the targets that were spoken to.
    pub fn lanes(&self) -> Vec<targets::Lane> {
        let lanes = &self.shared.lanes;
        let lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.values().map(|lane| lane.view()).collect()
    }

    /// Asks for the sweeps whose time has come, and says which could be gone on with.
    async fn sweeps_due(&self) -> Result<Vec<(SweepId, String)>, ServiceError> {
        let service = self.service();
        work::schedule(service, self.shared.registry.schedule()).await?;
        work::due(service).await
    }

    /// Goes on with a sweep; answers whether anything was done.
    fn sweep(
        &self,
        id: SweepId,
        target: String,
    ) -> impl Future<Output = (String, Result<bool, ServiceError>)> + Send + 'static {
        let engine = self.clone();
        async move {
            let _working = engine.begin().await;
            let lane = engine.lane(&target);
            let shared = &engine.shared;
            let result = sweep::run(
                engine.service(),
                &lane,
                engine.metrics(),
                &shared.stopping,
                id,
                &shared.deliverer.name,
            )
            .await;
            (target, result)
        }
    }

    /// Works at bulk jobs until nothing can be done at them now; answers how much was done.
    fn work_at_jobs(&self) -> impl Future<Output = Result<usize, ServiceError>> + Send + 'static {
        let engine = self.clone();
        async move {
            let shared = &engine.shared;
            let mut paces = Paces::default();
            let mut done = 0;
            loop {
                let working = engine.begin().await;
                let some = paces
                    .run_due(engine.service(), &shared.deliverer.name)
                    .await?;
                drop(working);
                done += some;
                if some == 0 || shared.stopping.load(Ordering::Relaxed) {
                    return Ok(done);
                }
            }
        }
    }

    /// The targets with work due that this server can speak to. What is for others is left, without an attempt, to
    /// replicas whose configuration names them; while there are none, the watchdog shows it (L9). After as
    /// long as attempts may last it fails all the same, since everything has an end.
    async fn due_targets(&self) -> Result<Vec<String>, ServiceError> {
        let mut due = deliveries::due_targets(self.service()).await?;
        let registry = &self.shared.registry;
        if !due.iter().all(|target| registry.knows(target)) {
            let neglected = deliveries::neglected_targets(self.service()).await?;
            due.retain(|target| registry.knows(target) || neglected.contains(target));
        }
        Ok(due)
    }

    /// The lanes of targets with nothing due.
    fn idle_lanes(&self, due: &[String]) -> Vec<Arc<Lane>> {
        let lanes = &self.shared.lanes;
        let lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lanes.values().filter(|lane| !due.contains(&lane.target));
        idle.cloned().collect()
    }

    /// Asks a target that did not answer whether it does again.
    fn probe(&self, lane: Arc<Lane>) -> impl Future<Output = Drained> + Send + 'static {
        let engine = self.clone();
        async move {
            let _working = engine.begin().await;
            lane.probe().await;
            (lane.target.clone(), Counts::default(), Ok(()))
        }
    }

    fn drain(&self, target: String) -> impl Future<Output = Drained> + Send + 'static {
        let engine = self.clone();
        async move {
            let _working = engine.begin().await;
            let lane = engine.lane(&target);
            let (counts, result) = engine.shared.deliverer.drain(&lane, None).await;
            engine.keep_lesson(&lane).await;
            (target, counts, result)
        }
    }

    /// Delivers what was claimed when it was planned, and what else is due in its lane.
    fn go_on(&self, begun: Begun) -> impl Future<Output = Drained> + Send + 'static {
        let engine = self.clone();
        async move {
            let Begun {
                lane,
                claim,
                working: _working,
            } = begun;
            let (counts, result) = engine.shared.deliverer.drain(&lane, Some(claim)).await;
            engine.keep_lesson(&lane).await;
            (lane.target.clone(), counts, result)
        }
    }

    /// Takes over what operators said about targets.
    async fn follow_switches(&self) -> Result<(), ServiceError> {
        self.remember().await?;
        if let Some(plan) = self.shared.registry.faults() {
            faults::follow(self.service(), plan).await?;
        }
        let switches = targets::switches(self.service()).await?;
        let switches = switches.into_iter().filter(|switch| switch.paused);
        let paused: BTreeSet<_> = switches.map(|switch| switch.target).collect();
        for target in &paused {
            self.lane(target);
        }
        let lanes = self
            .shared
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (target, lane) in &*lanes {
            lane.pause(paused.contains(target));
        }
        Ok(())
    }

    /// Looks for what is stuck; trouble in doing so is only logged.
    async fn watch(&self) {
        let result = watchdog::watch(self.service(), self.metrics(), &self.shared.settled).await;
        if let Err(error) = result {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the watchdog could not look"
            );
        }
    }

    /// Logs the first of several failures with its cause, and says how long to wait.
    fn backoff(&self, failures: u32, error: &ServiceError) -> RealTime {
        if failures == 1 {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "a pass of the delivery engine failed"
            );
        } else {
            tracing::debug!(
                failures,
                error = error as &dyn std::error::Error,
                "a pass failed again"
            );
        }
        let doubled = RealTime::from_millis(100).saturating_mul(1_u32 << failures.min(10));
        doubled.min(self.shared.options.longest_backoff)
    }
}

/// The background loop's own state.
struct Running<'a> {
    engine: &'a Engine,
    /// Planning, which may claim: a task of its own, so that what it claimed is known whenever the loop is dropped.
    plans: JoinSet<Result<(Planned, Vec<Begun>), ServiceError>>,
    drains: JoinSet<Drained>,
    busy: BTreeSet<String>,
    /// Sweeps, each beside the deliveries to its target.
    sweeps: JoinSet<(String, Result<bool, ServiceError>)>,
    swept: BTreeSet<String>,
    /// Work at bulk jobs, beside everything else: who waits for a single delivery waits for no chunk of theirs (G10).
    jobs: JoinSet<Result<usize, ServiceError>>,
}

impl Running<'_> {
    /// Turn after turn. May be dropped at any await: what it has begun is in transactions and in tasks of their own.
    async fn work(&mut self) {
        let engine = self.engine;
        let mut failures = 0_u32;
        let mut watched_at: Option<Instant> = None;
        loop {
            let started = Instant::now();
            let result = self.turn().await;
            engine.metrics().passed(started.elapsed());
            let wait = match result {
                Ok(wait) => {
                    if failures > 0 {
                        tracing::info!(failures, "the delivery engine works again");
                    }
                    failures = 0;
                    wait
                }
                Err(error) => {
                    engine.metrics().pass_failed();
                    failures = failures.saturating_add(1);
                    engine.backoff(failures, &error)
                }
            };
            if watched_at.is_none_or(|at| at.elapsed() >= engine.shared.options.watch_interval) {
                watched_at = Some(Instant::now());
                engine.watch().await;
            }
            self.wait(wait, failures > 0).await;
        }
    }

    /// One turn: like a pass, but targets are drained beside it. Answers how long there is nothing to do.
    async fn turn(&mut self) -> Result<RealTime, ServiceError> {
        let service = self.engine.service();
        let working = Arc::new(self.engine.begin().await);
        self.engine.follow_switches().await?;
        let planned = self.plan(Arc::clone(&working)).await?;
        let timed = timers::run_due(service).await?.total() + automatic::run_due(service).await?;
        let poll = real(service.settings.delivery_poll_interval.micros());
        let mut wait = poll;
        let due = self.engine.due_targets().await?;
        for lane in self.engine.idle_lanes(&due) {
            match lane.readiness() {
                Readiness::Probe if self.busy.insert(lane.target.clone()) => {
                    self.drains.spawn(self.engine.probe(lane));
                }
                Readiness::Held(until) => wait = wait.min(self.until(until, poll)),
                Readiness::Free | Readiness::Probe | Readiness::Paused => {}
            }
        }
        for target in due {
            if self.busy.contains(&target) {
                continue;
            }
            match self.engine.lane(&target).readiness() {
                Readiness::Free | Readiness::Probe => {
                    self.busy.insert(target.clone());
                    self.drains.spawn(self.engine.drain(target));
                }
                Readiness::Held(until) => wait = wait.min(self.until(until, poll)),
                Readiness::Paused => {}
            }
        }
        for (id, target) in self.engine.sweeps_due().await? {
            if self.swept.insert(target.clone()) {
                self.sweeps.spawn(self.engine.sweep(id, target));
            }
        }
        if self.jobs.is_empty() {
            self.jobs.spawn(self.engine.work_at_jobs());
        }
        if timed > 0 || planned.is_some() {
            return Ok(RealTime::ZERO);
        }
        if let Some(next) = deliveries::next_due(service)
            .await?
            .filter(|next| *next > service.clock.now())
        {
            wait = wait.min(self.until(next, poll));
        }
        Ok(wait)
    }

    /// Plans first of all, and has begun what was claimed for it: somebody waits for it.
    async fn plan(&mut self, working: Arc<Working>) -> Result<Planned, ServiceError> {
        let planning = self.engine.plan(&self.busy, working);
        self.plans.spawn(planning);
        match self.plans.join_next().await {
            Some(planned) => self.begin(planned),
            None => Ok(Planned::default()),
        }
    }

    /// Begins with what was claimed when it was planned.
    fn begin(
        &mut self,
        planned: Result<Result<(Planned, Vec<Begun>), ServiceError>, JoinError>,
    ) -> Result<Planned, ServiceError> {
        let (planned, begun) =
            planned.map_err(|error| ServiceError::Internal(Box::new(error)))??;
        for begun in begun {
            self.busy.insert(begun.lane.target.clone());
            self.drains.spawn(self.engine.go_on(begun));
        }
        Ok(planned)
    }

    fn until(&self, instant: Timestamp, poll: RealTime) -> RealTime {
        self.engine.service().clock.until(instant).unwrap_or(poll)
    }

    /// Waits until there is something to do, at most `wait`. After a failure only the end of the wait counts, or a store
    /// that is down would be asked without pause.
    async fn wait(&mut self, wait: RealTime, has_failed: bool) {
        let sleep = tokio::time::sleep(wait);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = &mut sleep => return,
                () = self.engine.service().work.notified(), if !has_failed => return,
                Some(swept) = self.sweeps.join_next(), if !self.sweeps.is_empty() => self.sweep_ended(swept),
                Some(worked) = self.jobs.join_next(), if !self.jobs.is_empty() => {
                    if self.job_rested(worked) && !has_failed {
                        return;
                    }
                }
                Some(drained) = self.drains.join_next(), if !self.drains.is_empty() => {
                    let went_well = self.finished(drained);
                    if went_well && !has_failed {
                        return;
                    }
                }
            }
        }
    }

    /// Takes note of a sweep that stopped, for now or for good.
    fn sweep_ended(&mut self, swept: Result<(String, Result<bool, ServiceError>), JoinError>) {
        match swept {
            Ok((target, result)) => {
                self.swept.remove(&target);
                if let Err(error) = &result {
                    tracing::error!(
                        target.name = target,
                        error = error as &dyn std::error::Error,
                        "a sweep could not be recorded; its lease brings it back"
                    );
                }
            }
            Err(error) => {
                self.swept.clear();
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a sweep ended unexpectedly"
                );
            }
        }
    }

    /// Takes note that nothing more can be done at jobs now; whether anything was done.
    fn job_rested(&mut self, worked: Result<Result<usize, ServiceError>, JoinError>) -> bool {
        match worked {
            Ok(Ok(done)) => done > 0,
            Ok(Err(error)) => {
                self.engine.metrics().pass_failed();
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "bulk jobs could not be looked for"
                );
                false
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the work at bulk jobs ended unexpectedly"
                );
                false
            }
        }
    }

    /// Takes note of a drain that ended; false if it failed.
    fn finished(&mut self, drained: Result<Drained, JoinError>) -> bool {
        match drained {
            Ok((target, _, result)) => {
                self.busy.remove(&target);
                if let Err(error) = &result {
                    tracing::error!(
                        target.name = target,
                        error = error as &dyn std::error::Error,
                        "deliveries could not be claimed or recorded; leases bring them back"
                    );
                }
                result.is_ok()
            }
            Err(error) => {
                // Which target it was is not known any more; the others are found busy again at once or are not due.
                self.busy.clear();
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a lane ended unexpectedly"
                );
                false
            }
        }
    }
}

fn real(micros: i64) -> RealTime {
    RealTime::from_micros(micros.max(1_000).unsigned_abs())
}
