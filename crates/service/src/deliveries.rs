//! Units of work for the delivery engine: handed out under leases, and what came of them recorded in batches.

use std::collections::BTreeMap;

use auth::roles::Action;
use domain::activity::Activity;
use domain::failure::FailureCode;
use domain::id::{GrantId, RequestId};
use domain::ledger::{Operation, Phase, next_attempt};
use domain::model;
use domain::query::{Page, Predicate, Query, Value};
use domain::time::{Duration, Timestamp};
use store::WriteTx;
use store::ledger::lease::{self, Failure, Leased, ObservedBy};
use store::ledger::plan::{self, Haste};

use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize, reads, reprocess, rollup, timers};

/// As many results at once are of a backlog: to record them lets those go first who wait for an answer (G10).
const MANY: usize = 100;

/// What came of one unit of work.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The ledger's row.
    pub grant_id: GrantId,
    /// What was tried.
    pub operation: Operation,
    /// What came of it.
    pub result: Verdict,
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The effect is there, and was seen (L2).
    Done {
        /// How it was seen.
        by: ObservedBy,
        /// It was there before anything was written (AS-3).
        preexisting: bool,
    },
    /// It did not work.
    Failed {
        /// Stable code.
        code: FailureCode,
        /// A sentence for the operator.
        message: String,
        /// The target may have taken the write all the same.
        in_doubt: bool,
        /// Trying again will not help (RP-34).
        permanent: bool,
        /// The target's own wish for the next attempt.
        retry_after: Option<Duration>,
        /// The number of this attempt, from 1.
        attempts: i64,
    },
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Verified.
    pub done: usize,
    /// To be tried again.
    pub retried: usize,
    /// Given up.
    pub given_up: usize,
    /// Writes that ended after their lease, when another worker had already done the opposite: what the target shows is
    /// in doubt, and is looked at again.
    pub overtaken: usize,
}

/// The targets that have work due now.
pub async fn due_targets(service: &Service) -> Result<Vec<String>, ServiceError> {
    due_since(service, service.clock.now()).await
}

/// The targets with work that nobody has attempted for as long as attempts may last.
pub async fn neglected_targets(service: &Service) -> Result<Vec<String>, ServiceError> {
    let schedule = &service.settings.delivery_retry_schedule;
    let patience = schedule
        .iter()
        .fold(0, |sum: i64, gap| sum.saturating_add(gap.micros()));
    let before = service.clock.now().minus(Duration::from_micros(patience));
    due_since(service, before).await
}

async fn due_since(service: &Service, since: Timestamp) -> Result<Vec<String>, ServiceError> {
    Ok(service
        .store
        .read(move |tx| lease::due_targets(tx, since))
        .await?)
}

/// When the next attempt is due, or was.
pub(crate) async fn earliest_attempt(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    Ok(service.store.read(lease::next_attempt).await?)
}

/// When the next thing is due that waits for time.
pub async fn next_due(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    let attempt = earliest_attempt(service).await?;
    let timer = timers::next(service).await?;
    Ok(attempt.into_iter().chain(timer).min())
}

/// Claims up to `limit` due units of a target's work under the lease `owner`, which must be new.
pub async fn claim(
    service: &Service,
    target: &str,
    owner: &str,
    lease_for: Duration,
    limit: i64,
) -> Result<Vec<Leased>, ServiceError> {
    claim_in(
        service,
        Haste::Interactive,
        (target, owner),
        lease_for,
        limit,
    )
    .await
}

/// The same of a backlog: those go first who wait for an answer.
pub async fn claim_more(
    service: &Service,
    target: &str,
    owner: &str,
    lease_for: Duration,
    limit: i64,
) -> Result<Vec<Leased>, ServiceError> {
    claim_in(service, Haste::Bulk, (target, owner), lease_for, limit).await
}

async fn claim_in(
    service: &Service,
    haste: Haste,
    (target, owner): (&str, &str),
    lease_for: Duration,
    limit: i64,
) -> Result<Vec<Leased>, ServiceError> {
    let now = service.clock.now();
    let (target, owner) = (target.to_owned(), owner.to_owned());
    let work = move |tx: &mut WriteTx<'_>| {
        lease::claim(tx, &target, &owner, now, now.plus(lease_for), limit)
    };
    Ok(match haste {
        Haste::Interactive => service.store.write(work).await?,
        Haste::Bulk => service.store.write_bulk(work).await?,
    })
}

/// Takes back all claimed work, for a start at which nobody else can be at work: what a process that was killed had
/// claimed need not wait for its lease to run out.
pub async fn reclaim(service: &Service) -> Result<u64, ServiceError> {
    let now = service.clock.now();
    Ok(service
        .store
        .write(move |tx| {
            store::reprocess_job::reclaim(tx)?;
            lease::reclaim(tx, now)
        })
        .await?)
}

/// The units of work of a request, to whoever may see the request (RP-37); `query` says what is read of them.
pub async fn of_request(
    service: &Service,
    ctx: &Ctx,
    request: RequestId,
    query: Query,
) -> Result<Page, ServiceError> {
    authorize::admitted(ctx, Action::ReadRequests)?;
    let key = model::ASSIGNMENT_REQUEST
        .key()
        .ok_or_else(|| ServiceError::Internal("requests have no key".into()))?;
    let named = Predicate::equals(key, Value::Text(request.to_string()));
    if !reads::exists(service, ctx, &model::ASSIGNMENT_REQUEST, named).await? {
        return Err(ServiceError::not_found("assignment request", request));
    }
    reads::list(service, ctx, query).await
}

/// An object that nobody moves on although its deadline has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// What it is, in one word.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Since when it should have moved.
    pub since: Timestamp,
}

/// What the engine knows of its own work, to whoever may see the requests of the whole tenant (L9).
pub async fn watched<T>(
    ctx: &Ctx,
    ask: impl AsyncFnOnce() -> Result<T, ServiceError>,
) -> Result<T, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    ask().await
}

/// Makes an attempt due at once for a grant that was given up, whether or not a request is behind it. A request that failed
/// because of it, and can be retried, is: then it ends as the grant does.
pub async fn retry(service: &Service, ctx: &Ctx, grant: GrantId) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::Reprocess)?;
    let unknown = || ServiceError::not_found("grant", grant);
    let (entry, failed) = service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            Ok((
                store::ledger::entry::find(tx, grant)?,
                store::ledger::watch::failed_for(tx, grant)?,
            ))
        })
        .await?;
    let entry = entry.ok_or_else(unknown)?;
    if let Some(request) = failed.filter(|_| entry.phase == Phase::NeedsAttention) {
        match reprocess::again(service, ctx, request).await {
            // Too long ago, or something else was asked for since: the grant is tried by itself.
            Err(ServiceError::Refused { .. }) => {}
            done => return done,
        }
    }
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let unknown = || ServiceError::not_found("grant", grant);
            let entry = store::ledger::entry::find(tx, grant)?.ok_or_else(unknown)?;
            if entry.phase != Phase::NeedsAttention {
                return Err(ServiceError::refused(
                    Code::InvalidRequestState,
                    "only a grant that needs attention can be tried again",
                ));
            }
            plan::wake(tx, &[grant], Haste::Interactive, moment.now)?;
            let event = audit::success(
                Activity::UpdateResource,
                "AccessPackageResourceAssignment",
                grant,
                None,
            );
            audit::record(tx, &moment, &ctx, event.with("operation", "retry"))?;
            Ok(())
        })
        .await?;
    service.wake();
    Ok(())
}

/// Gives the work of a lease back untried.
pub async fn release(service: &Service, owner: &str) -> Result<u64, ServiceError> {
    let owner = owner.to_owned();
    Ok(service
        .store
        .write(move |tx| lease::release(tx, &owner))
        .await?)
}

/// Records what came of units of work, decides about further attempts, and rolls up what waited for them: one transaction.
pub async fn record(
    service: &Service,
    owner: &str,
    results: Vec<Settled>,
) -> Result<Counts, ServiceError> {
    let moment = service.moment();
    let ctx = service.system();
    let owner = owner.to_owned();
    let schedule = service.settings.delivery_retry_schedule.clone();
    let is_backlog = results.len() > MANY;
    let work = move |tx: &mut WriteTx<'_>| -> Result<Counts, ServiceError> {
        let mut counts = Counts::default();
        record_successes(tx, &moment, &ctx, &owner, &results, &mut counts)?;
        let given_up =
            record_failures(tx, &moment, &ctx, &owner, &schedule, &results, &mut counts)?;
        let touched: Vec<GrantId> = results.iter().map(|settled| settled.grant_id).collect();
        let waiting = lease::waiting(tx, &touched)?;
        rollup::requests(tx, &moment, &ctx, waiting)?;
        rollup::bereft(tx, &moment, &ctx, &given_up)?;
        Ok(counts)
    };
    if is_backlog {
        service.store.write_bulk(work).await
    } else {
        service.store.write(work).await
    }
}

fn record_successes(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    owner: &str,
    results: &[Settled],
    counts: &mut Counts,
) -> Result<(), ServiceError> {
    let mut preexisting = Vec::new();
    let mut groups: BTreeMap<(&str, &str), (Operation, ObservedBy, Vec<GrantId>)> = BTreeMap::new();
    for settled in results {
        let Verdict::Done {
            by,
            preexisting: was_there,
        } = &settled.result
        else {
            continue;
        };
        if *was_there && settled.operation == Operation::Add {
            preexisting.push(settled.grant_id);
        }
        groups
            .entry((settled.operation.as_str(), by.as_str()))
            .or_insert_with(|| (settled.operation, *by, Vec::new()))
            .2
            .push(settled.grant_id);
    }
    if !preexisting.is_empty() {
        lease::mark_preexisting(tx, owner, &preexisting)?;
    }
    for (operation, by, grants) in groups.into_values() {
        let recorded = lease::succeed(tx, owner, &grants, operation, by, moment.now)?;
        counts.done += recorded.len();
        if recorded.len() < grants.len() {
            let lost: Vec<GrantId> = grants
                .into_iter()
                .filter(|grant| !recorded.contains(grant))
                .collect();
            counts.overtaken += lease::doubt(tx, &lost, operation, moment.now)?;
        }
        let events = recorded
            .iter()
            .map(|grant| fulfilled(operation, *grant))
            .collect();
        audit::record_by(tx, moment, ctx, events)?;
    }
    Ok(())
}

fn record_failures(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    owner: &str,
    schedule: &[Duration],
    results: &[Settled],
    counts: &mut Counts,
) -> Result<Vec<GrantId>, ServiceError> {
    let mut given_up = Vec::new();
    for settled in results {
        let Verdict::Failed {
            code,
            message,
            in_doubt,
            permanent,
            retry_after,
            attempts,
        } = &settled.result
        else {
            continue;
        };
        let jitter = moment.jitter(settled.grant_id.uuid());
        let next = if *permanent {
            None
        } else {
            match next_attempt(schedule, *attempts, moment.now, *retry_after, jitter) {
                None if *code == FailureCode::TargetNotProvisioned => {
                    guest_expected(tx, moment, schedule, settled.grant_id)?
                }
                next => next,
            }
        };
        let failure = Failure {
            grant_id: settled.grant_id,
            operation: settled.operation,
            code: code.as_str().to_owned(),
            message: message.clone(),
            in_doubt: *in_doubt,
            next_attempt_at: next,
        };
        if !lease::fail(tx, owner, &failure, moment.now)? {
            if *in_doubt {
                let lost = [settled.grant_id];
                counts.overtaken += lease::doubt(tx, &lost, settled.operation, moment.now)?;
            }
            continue;
        }
        if next.is_some() {
            counts.retried += 1;
        } else {
            counts.given_up += 1;
            given_up.push(settled.grant_id);
            let event = fulfilled(settled.operation, settled.grant_id)
                .failed(format!("{}: {message}", code.as_str()));
            audit::record(tx, moment, ctx, event)?;
        }
    }
    Ok(given_up)
}

/// When a target is asked again that does not know a guest yet (EX-4): the last gap of the schedule, over and over, until the
/// time for that is over (RP-35).
fn guest_expected(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    schedule: &[Duration],
    grant: GrantId,
) -> Result<Option<Timestamp>, ServiceError> {
    let Some(since) = store::guest::waits_since(tx, grant)? else {
        return Ok(None);
    };
    let last = since.plus(moment.guests.wait);
    let gap = schedule.last().copied().unwrap_or_default();
    let gap = gap.max(Duration::from_minutes(1));
    Ok((moment.now < last).then(|| moment.now.plus(gap).min(last)))
}

/// The event of one grant or revocation.
pub(crate) fn fulfilled(operation: Operation, grant: GrantId) -> audit::Event {
    let activity = match operation {
        Operation::Add => Activity::FulfillResource,
        Operation::Remove => Activity::RemoveResource,
    };
    audit::success(activity, "AccessPackageResourceAssignment", grant, None)
}
