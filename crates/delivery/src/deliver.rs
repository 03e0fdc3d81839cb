//! Draining a lane: claim a batch, attempt it, record what it came to in batches (L5), until nothing is due.
//!
//! **Invariant:** a claimed row is recorded, given back untried, or left to its lease, which expires: never lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration as RealTime;

use connector_api::Outcome;
use domain::id::GrantId;
use domain::time::{Duration, Timestamp};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use service::deliveries::{self, Settled, Verdict};
use service::planning::Place;
use service::{Service, ServiceError};
use store::ledger::lease::Leased;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::attempt::{self, Report};
use crate::batch::{self, Unit};
use crate::lane::{Lane, Readiness};
use crate::metrics::Metrics;

/// Batches of one lane that are under way together, so that recording one does not leave the target idle.
const BATCHES: usize = 2;
/// Results wait this long for company before they are recorded, unless the batch is through.
const COMPANY: RealTime = RealTime::from_millis(10);
/// How often recording is tried before it is left to the lease.
const RECORDINGS: u32 = 6;
/// The same while the database is out of reach, as in a fail-over, and the lease lasts.
const RECORDINGS_OUT_OF_REACH: u32 = 240;
/// The longest wait between two of them.
const LONGEST_WAIT: RealTime = RealTime::from_secs(1);

/// What deliveries came to (R29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Deliveries that were attempted.
    pub seen: usize,
    /// Those whose target was changed and shows it.
    pub changed: usize,
    /// Those that failed, for now or for good.
    pub failed: usize,
    /// Deliveries given back untried: their lane closed, or the engine stops.
    pub returned: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.changed += other.changed;
        self.failed += other.failed;
        self.returned += other.returned;
    }
}

/// Delivers for one engine.
#[derive(Debug)]
pub(crate) struct Deliverer {
    pub(crate) service: Service,
    pub(crate) metrics: Metrics,
    pub(crate) name: String,
    claims: AtomicU64,
}

/// A claim that is asked for.
#[derive(Debug)]
pub(crate) struct Wish {
    owner: String,
    lease_until: Timestamp,
    began: Instant,
    /// How many are wanted.
    asked: usize,
}

impl Wish {
    /// The same for planning, which claims what it makes due.
    pub(crate) fn place(&self, lane: &Lane) -> Place {
        Place {
            target: lane.target.clone(),
            owner: self.owner.clone(),
            lease_for: lane.options.lease,
            limit: self.limit(),
        }
    }

    /// Under which lease.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    fn limit(&self) -> i64 {
        i64::try_from(self.asked).unwrap_or(i64::MAX)
    }
}

/// Claimed work.
#[derive(Debug)]
pub(crate) struct Claim {
    owner: String,
    lease_until: Timestamp,
    began: Instant,
    /// How many were wanted.
    asked: usize,
    rows: usize,
    units: Vec<Unit>,
    settled: Vec<Settled>,
    /// Since when it is known of grants that they are missing.
    drifted: BTreeMap<GrantId, Timestamp>,
}

impl Claim {
    /// What came of a wish; none, if nothing was due.
    pub(crate) fn of(wish: Wish, lane: &Lane, leased: Vec<Leased>) -> Option<Self> {
        if leased.is_empty() {
            return None;
        }
        let rows = leased.len();
        let drifted = leased.iter();
        let drifted = drifted.filter_map(|row| Some((row.id, row.drifted_at?)));
        let drifted = drifted.collect();
        let (units, settled) = batch::sort(&lane.target, leased, lane.max_subjects);
        Some(Self {
            owner: wish.owner,
            lease_until: wish.lease_until,
            began: wish.began,
            asked: wish.asked,
            rows,
            units,
            settled,
            drifted,
        })
    }

    /// Whether there may be more.
    const fn is_full(&self) -> bool {
        self.rows >= self.asked
    }
}

impl Deliverer {
    /// A deliverer whose claims carry this name, which no other engine has.
    pub(crate) const fn new(service: Service, metrics: Metrics, name: String) -> Self {
        Self {
            service,
            metrics,
            name,
            claims: AtomicU64::new(0),
        }
    }

    /// Delivers what is due in a lane, beginning with what was claimed for it already. The counts hold even if it ends in
    /// an error.
    pub(crate) async fn drain(
        &self,
        lane: &Arc<Lane>,
        claimed: Option<Claim>,
    ) -> (Counts, Result<(), ServiceError>) {
        let mut counts = Counts::default();
        let result = match lane.readiness() {
            _ if claimed.is_some() => self.drain_freely(lane, claimed, &mut counts).await,
            Readiness::Free => self.drain_freely(lane, None, &mut counts).await,
            Readiness::Probe => self.probe(lane, &mut counts).await,
            Readiness::Held(_) | Readiness::Paused => Ok(()),
        };
        (counts, result)
    }

    async fn drain_freely(
        &self,
        lane: &Lane,
        claimed: Option<Claim>,
        counts: &mut Counts,
    ) -> Result<(), ServiceError> {
        let mut under_way = FuturesUnordered::new();
        let mut failed = None;
        let mut more = true;
        if let Some(claim) = claimed {
            more = claim.is_full();
            under_way.push(self.deliver(lane, claim));
        }
        loop {
            while more && under_way.len() < BATCHES {
                more = false;
                match self.claim(lane).await {
                    Ok(Some(claim)) => {
                        more = claim.is_full();
                        under_way.push(self.deliver(lane, claim));
                    }
                    Ok(None) => {}
                    Err(error) => failed = Some(error),
                }
            }
            let Some(delivered) = under_way.next().await else {
                break;
            };
            match delivered {
                Ok(delivered) => counts.add(delivered),
                Err(error) => failed = failed.or(Some(error)),
            }
            more = more
                && failed.is_none()
                && lane.readiness() == Readiness::Free
                && !self.service.standstill.is_wanted();
        }
        failed.map_or(Ok(()), Err)
    }

    /// Half-open: one piece of work decides for all that is due.
    async fn probe(&self, lane: &Lane, counts: &mut Counts) -> Result<(), ServiceError> {
        let Some(mut claim) = self.claim(lane).await? else {
            return Ok(());
        };
        let Some(first) = take_first(&mut claim.units, lane.max_subjects) else {
            counts.add(self.deliver(lane, claim).await?);
            return Ok(());
        };
        let (sender, mut reports) = unbounded_channel();
        attempt::run(lane, claim.lease_until, first, sender).await;
        while let Ok(report) = reports.try_recv() {
            counts.changed += usize::from(report.changed);
            claim.settled.push(report.settled);
        }
        let Some(answer) = lane.standing_answer() else {
            counts.add(self.deliver(lane, claim).await?);
            return self.drain_freely(lane, None, counts).await;
        };
        let mut next = Some(claim);
        while let Some(mut claim) = next {
            stand_in(&mut claim, &answer);
            counts.add(self.deliver(lane, claim).await?);
            next = if self.service.standstill.is_wanted() {
                None
            } else {
                self.claim(lane).await?
            };
        }
        Ok(())
    }

    /// A claim under a lease of its own, as large as the lane takes it.
    pub(crate) fn wish(&self, lane: &Lane) -> Wish {
        let number = self.claims.fetch_add(1, Ordering::Relaxed);
        Wish {
            owner: format!("{}/{}/{number}", self.name, lane.target),
            lease_until: self.service.clock.now().plus(lane.options.lease),
            began: Instant::now(),
            asked: lane.claim_size(),
        }
    }

    async fn claim(&self, lane: &Lane) -> Result<Option<Claim>, ServiceError> {
        let wish = self.wish(lane);
        let (service, target, owner) = (&self.service, &lane.target, &wish.owner);
        let (lease, limit) = (lane.options.lease, wish.limit());
        let leased = if lane.has_backlog() {
            deliveries::claim_more(service, target, owner, lease, limit).await?
        } else {
            deliveries::claim(service, target, owner, lease, limit).await?
        };
        let is_full = leased.len() >= wish.asked;
        lane.note_backlog(is_full);
        Ok(Claim::of(wish, lane, leased))
    }

    /// Attempts and records a claim; what was not tried is given back.
    async fn deliver(&self, lane: &Lane, claim: Claim) -> Result<Counts, ServiceError> {
        let is_full = claim.is_full();
        let Claim {
            owner,
            lease_until,
            began,
            asked,
            rows,
            units,
            settled,
            drifted,
        } = claim;
        let (sender, reports) = unbounded_channel();
        let attempts = async {
            // The channel closes when the last unit is through.
            let sender = sender;
            futures_util::stream::iter(units)
                .map(|unit| attempt::run(lane, lease_until, unit, sender.clone()))
                .buffer_unordered(lane.max_in_flight)
                .for_each(|()| std::future::ready(()))
                .await;
        };
        let ((), recorded) = join(
            attempts,
            self.record_all(lane, (&owner, lease_until, &drifted), settled, reports),
        )
        .await;
        let mut counts = recorded?;
        counts.returned = rows.saturating_sub(counts.seen);
        if counts.returned > 0 {
            deliveries::release(&self.service, &owner).await?;
        }
        lane.note_claim(asked, is_full, began.elapsed());
        Ok(counts)
    }

    /// Records reports in batches, while attempts go on.
    async fn record_all(
        &self,
        lane: &Lane,
        (owner, lease_until, drifted): (&str, Timestamp, &BTreeMap<GrantId, Timestamp>),
        settled: Vec<Settled>,
        mut reports: UnboundedReceiver<Report>,
    ) -> Result<Counts, ServiceError> {
        let mut counts = Counts::default();
        let mut ready = settled;
        let mut result = Ok(());
        let mut is_open = true;
        while is_open {
            if ready.is_empty() {
                is_open = take(&mut ready, reports.recv().await, &mut counts);
            }
            let company = tokio::time::sleep(COMPANY);
            tokio::pin!(company);
            while is_open && ready.len() < lane.options.batch {
                tokio::select! {
                    biased;
                    report = reports.recv() => is_open = take(&mut ready, report, &mut counts),
                    () = &mut company => break,
                }
            }
            let results = std::mem::take(&mut ready);
            if !results.is_empty() && result.is_ok() {
                self.count_repairs(lane, drifted, &results);
                result = self
                    .record(lane, (owner, lease_until), results, &mut counts)
                    .await;
            }
        }
        result.map(|()| counts)
    }

    /// Records results; tried again while the database is busy or out of reach, and then left to the lease (RP-42).
    async fn record(
        &self,
        lane: &Lane,
        (owner, lease_until): (&str, Timestamp),
        results: Vec<Settled>,
        counts: &mut Counts,
    ) -> Result<(), ServiceError> {
        for settled in &results {
            counts.seen += 1;
            counts.failed += usize::from(matches!(settled.result, Verdict::Failed { .. }));
            self.count(lane, settled);
        }
        let mut wait = RealTime::from_millis(20);
        let mut tried = 0;
        loop {
            tried += 1;
            match deliveries::record(&self.service, owner, results.clone()).await {
                Ok(recorded) => {
                    tell(lane, recorded);
                    return Ok(());
                }
                Err(error) => {
                    let is_passing = is_out_of_reach(&error)
                        && tried < RECORDINGS_OUT_OF_REACH
                        && self.service.clock.now() < lease_until
                        && !lane.is_stopping();
                    if tried >= RECORDINGS && !is_passing {
                        return Err(error);
                    }
                    tracing::debug!(
                        lease.owner = owner,
                        error = &error as &dyn std::error::Error,
                        "results could not be recorded yet"
                    );
                }
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    /// Drift that is repaired now, and how long that took.
    fn count_repairs(
        &self,
        lane: &Lane,
        drifted: &BTreeMap<GrantId, Timestamp>,
        results: &[Settled],
    ) {
        let now = self.service.clock.now();
        for settled in results {
            let since = drifted.get(&settled.grant_id);
            if let (Verdict::Done { .. }, Some(since)) = (&settled.result, since) {
                let took = now.micros().saturating_sub(since.micros());
                self.metrics
                    .repaired(&lane.target, Duration::from_micros(took));
            }
        }
    }

    fn count(&self, lane: &Lane, settled: &Settled) {
        let outcome = match &settled.result {
            Verdict::Done { .. } => "done",
            Verdict::Failed {
                permanent: true, ..
            } => "refused",
            Verdict::Failed {
                permanent: false, ..
            } => "retry",
        };
        self.metrics.attempted(&lane.target, outcome);
    }
}

/// Whether this is about the database as a whole, and not about what is recorded.
fn is_out_of_reach(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::Unavailable { .. } | ServiceError::Undecided { .. }
    )
}

/// Tells the operator of deliveries that nothing but a person will try again.
fn tell(lane: &Lane, recorded: deliveries::Counts) {
    if recorded.given_up > 0 {
        tracing::warn!(
            target.name = lane.target,
            delivery.given_up = recorded.given_up,
            "deliveries were given up; the ledger says why, in phase needsAttention"
        );
    }
    if recorded.overtaken > 0 {
        tracing::warn!(
            target.name = lane.target,
            delivery.overtaken = recorded.overtaken,
            "writes ended after their lease, and others had done the opposite meanwhile; the target is asked again"
        );
    }
}

/// Takes a report in; false when there will be no more.
fn take(ready: &mut Vec<Settled>, report: Option<Report>, counts: &mut Counts) -> bool {
    let Some(report) = report else { return false };
    counts.changed += usize::from(report.changed);
    ready.push(report.settled);
    true
}

/// Cuts off as much work as one write holds.
fn take_first(units: &mut [Unit], max_subjects: usize) -> Option<Unit> {
    let unit = units.first_mut()?;
    let work = unit.first_mut()?;
    let mut first = work.clone();
    first.rows.truncate(max_subjects);
    work.rows.drain(..first.rows.len());
    Some(vec![first])
}

/// The probe's answer is this attempt of everything that is due.
fn stand_in(claim: &mut Claim, answer: &Outcome) {
    for work in std::mem::take(&mut claim.units).into_iter().flatten() {
        for row in &work.rows {
            claim
                .settled
                .push(attempt::failure(work.operation, row, answer, false));
        }
    }
}
