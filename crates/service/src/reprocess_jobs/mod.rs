//! Bulk reprocess as a job: a filter or a list becomes a plan, the plan is run item by item, and every item has an
//! outcome. An item goes the way of a single call: judged by the same rules, written by the same transitions, tracked and
//! audited alike ([`crate::reprocess`]).
//!
//! **Invariant:** the set is fixed when it is planned, and everything a job knows is in the database: whoever works at it
//! can be killed between any two statements.

mod accept;
mod as_found;
mod collect;
mod condition;
mod forecast;
mod in_place;
mod plan;
mod retention;
mod rights;
mod run;
mod steer;
mod work;

use std::collections::BTreeSet;

use auth::roles::Action;
use domain::activity::Activity;
use domain::id::{ObjectId, ReprocessJobId};
use domain::model;
use domain::query::{Entity, Predicate, Query};
use domain::reprocess_job::{Collection, State, Thresholds, Tracking};
use domain::time::{Duration, Timestamp};
use serde_json::json;
use store::reprocess_job::{item, tally};
use store::{ReadTx, WriteTx};

pub use store::reprocess_job::item::Line;
pub use store::reprocess_job::tally::TargetTally;
pub use store::reprocess_job::{Job, Plan, Progress};

pub(crate) use retention::{next as next_to_go, purge};
pub use steer::{Order, steer};
pub use store::reprocess_job::Due;
pub use work::{counts, due, run_due, step};

use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize, reads};
use rights::Rights;

/// Most ids that a job can name; more are selected by a filter.
pub const MOST_IDS: usize = 10_000;

/// Most jobs of one maker that are not over.
pub const MOST_OPEN_OF_ONE: i64 = 10;
/// Most jobs that are not over.
pub const MOST_OPEN: i64 = 50;

/// What the audit log calls a job.
const OBJECT_TYPE: &str = "ReprocessJob";

/// A job that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What it is about.
    pub collection: Collection,
    /// Which of them.
    pub selection: Selection,
    /// Whether only the plan is wanted.
    pub dry_run: bool,
    /// Which items leave what a single call leaves.
    pub tracking: Tracking,
    /// Where it stops.
    pub thresholds: Thresholds,
    /// What is written beside it.
    pub note: Option<String>,
}

/// Which objects a job is about.
#[derive(Debug, Clone)]
pub enum Selection {
    /// Those that a filter selects: as it was written, and what it came to.
    Filter(String, Predicate),
    /// These.
    Ids(BTreeSet<String>),
}

/// A job as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The job.
    pub job: Job,
    /// What it does to each target.
    pub targets: Vec<(String, TargetTally)>,
    /// How many items are refused, by code.
    pub refusals: Vec<(String, i64)>,
}

impl View {
    /// Units of work: all, those done, and those given up.
    pub fn units(&self) -> (i64, i64, i64) {
        self.targets.iter().fold((0, 0, 0), |sum, (_, tally)| {
            let all = tally.adds + tally.removes + tally.kept;
            (sum.0 + all, sum.1 + tally.done, sum.2 + tally.failed)
        })
    }

    /// How long the job has run, without the time in which it was held back.
    pub fn ran_for(&self, now: Timestamp) -> Option<Duration> {
        let started = self.job.started_at?;
        let until = self.job.ended_at.or(self.job.paused_at).unwrap_or(now);
        let whole = until.micros().saturating_sub(started.micros());
        let held_back = self.job.paused_for.micros();
        Some(Duration::from_micros(
            whole.saturating_sub(held_back).max(0),
        ))
    }
}

/// The entity of a collection.
const fn entity(collection: Collection) -> &'static Entity {
    match collection {
        Collection::Assignments => &model::ASSIGNMENT,
        Collection::AssignmentRequests => &model::ASSIGNMENT_REQUEST,
    }
}

/// Makes a job; it is planned from now on.
pub async fn create(service: &Service, ctx: &Ctx, new: NewJob) -> Result<View, ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)?;
    if new.tracking == Tracking::Changes && new.collection == Collection::AssignmentRequests {
        let message = "what is done to a request is always a change; `changes` is for assignments";
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "tracking",
            message,
        ));
    }
    let (filter, condition, ids) = match new.selection {
        Selection::Filter(text, predicate) => {
            let query = Query {
                filter: predicate,
                ..Query::of(entity(new.collection))
            };
            let query = reads::as_listed(service, ctx, query).await?;
            let condition = condition::kept(query.entity, &query.filter).map_err(|_| {
                let message = "a job cannot keep this condition; name what the list shows of the object itself";
                ServiceError::invalid(Code::InvalidModel, "filter", message)
            })?;
            (Some(text), Some(condition), None)
        }
        Selection::Ids(ids) => (None, None, Some(json!(ids).to_string())),
    };
    let (moment, ctx) = (service.moment(), ctx.clone());
    let job = Job {
        id: moment.id(ReprocessJobId::new),
        collection: new.collection,
        filter,
        condition,
        ids,
        dry_run: new.dry_run,
        tracking: new.tracking,
        note: new.note,
        thresholds: new.thresholds,
        created_by: authorize::object_of(&ctx),
        initiated_by: String::new(),
        correlation_id: ctx.request_id.to_string(),
        rights: Rights::of(&ctx).written(),
        state: State::Planning,
        phase: State::Planning,
        reason: None,
        plan: Plan::default(),
        progress: Progress::default(),
        created_at: moment.now,
        planned_at: None,
        started_at: None,
        paused_at: None,
        paused_for: Duration::default(),
        ended_at: None,
        version: 1,
    };
    let made = service
        .store
        .write(move |tx| -> Result<Job, ServiceError> {
            room(tx, job.created_by)?;
            let job = Job {
                initiated_by: rights::who(tx, &ctx)?,
                ..job.clone()
            };
            store::reprocess_job::insert(tx, &job)?;
            let event = happened(&job, "createReprocessJob")
                .with("collection", job.collection)
                .with("dryRun", job.dry_run)
                .with("tracking", job.tracking);
            audit::record(tx, &moment, &ctx, event)?;
            Ok(job)
        })
        .await?;
    service.wake();
    Ok(View {
        job: made,
        targets: Vec::new(),
        refusals: Vec::new(),
    })
}

/// Refuses a job more where there are too many that are not over.
fn room(tx: &mut ReadTx<'_>, maker: Option<ObjectId>) -> Result<(), ServiceError> {
    let (all, own) = store::reprocess_job::count_open(tx, maker)?;
    let full = |most: i64, whose: &str| {
        ServiceError::refused(
            Code::TooManyRequests,
            format!("{most} jobs {whose} are not over; cancel one or wait for it"),
        )
    };
    if own >= MOST_OPEN_OF_ONE {
        return Err(full(MOST_OPEN_OF_ONE, "of yours"));
    }
    if all >= MOST_OPEN {
        return Err(full(MOST_OPEN, "of the tenant"));
    }
    Ok(())
}

/// An event about the job itself.
fn happened(job: &Job, operation: &str) -> audit::Event {
    audit::success(
        Activity::UpdateRequest,
        OBJECT_TYPE,
        job.id,
        job.note.clone(),
    )
    .with("operation", operation)
}

/// An event of the job's own doing, in the name of who lets it run.
fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    job: &Job,
    event: audit::Event,
) -> Result<(), store::Error> {
    audit::record_all(
        tx,
        moment,
        &job.initiated_by,
        &job.correlation_id,
        vec![event],
    )
}

/// One job, to who made it and to whoever may reprocess in the whole tenant.
pub async fn get(service: &Service, ctx: &Ctx, id: ReprocessJobId) -> Result<View, ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)?;
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<View, ServiceError> {
            let job = known(tx, &ctx, id)?;
            view(tx, job)
        })
        .await
}

/// The jobs that the caller may know, newest first, behind a place.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    after: Option<(Timestamp, ReprocessJobId)>,
    limit: i64,
) -> Result<Vec<View>, ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)?;
    let of = match authorize::in_tenant(ctx, Action::Reprocess) {
        Ok(()) => None,
        Err(_) => authorize::object_of(ctx),
    };
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Vec<View>, ServiceError> {
            let mut found = Vec::new();
            let mut place = after;
            // Own jobs that are out of sight by now leave gaps, which the next ones fill.
            loop {
                let jobs = store::reprocess_job::newest(tx, of, place, limit)?;
                let Some(last) = jobs.last() else {
                    return Ok(found);
                };
                place = Some((last.created_at, last.id));
                for job in jobs {
                    if of.is_none() || is_in_sight(tx, &ctx, &job)? {
                        found.push(view(tx, job)?);
                    }
                    if i64::try_from(found.len()).is_ok_and(|count| count >= limit) {
                        return Ok(found);
                    }
                }
            }
        })
        .await
}

/// The next items of a job behind a place, in the order in which they are begun.
pub async fn results(
    service: &Service,
    ctx: &Ctx,
    id: ReprocessJobId,
    after: i64,
    only_failed: bool,
    limit: i64,
) -> Result<Vec<Line>, ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)?;
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Vec<Line>, ServiceError> {
            known(tx, &ctx, id)?;
            Ok(item::page(tx, id, after, only_failed, limit)?)
        })
        .await
}

fn view(tx: &mut ReadTx<'_>, job: Job) -> Result<View, ServiceError> {
    Ok(View {
        targets: tally::targets(tx, job.id)?,
        refusals: tally::refusals(tx, job.id)?,
        job,
    })
}

/// The job, if the caller may know it.
fn known(tx: &mut ReadTx<'_>, ctx: &Ctx, id: ReprocessJobId) -> Result<Job, ServiceError> {
    let unknown = || ServiceError::not_found("reprocess job", id);
    let job = store::reprocess_job::find(tx, id)?.ok_or_else(unknown)?;
    if authorize::in_tenant(ctx, Action::Reprocess).is_ok() {
        return Ok(job);
    }
    let is_own = job.created_by.is_some() && job.created_by == authorize::object_of(ctx);
    if is_own && is_in_sight(tx, ctx, &job)? {
        Ok(job)
    } else {
        Err(unknown())
    }
}

/// Whether the caller, who made the job, may still see all that it is about: it tells of people.
fn is_in_sight(tx: &mut ReadTx<'_>, ctx: &Ctx, job: &Job) -> Result<bool, store::Error> {
    let now = Rights::of(ctx);
    match now.seen() {
        Some(seen) if !Rights::read(&job.rights).see_no_more_than(&now) => {
            Ok(!item::any_beyond(tx, job.id, job.collection, seen)?)
        }
        _ => Ok(true),
    }
}

/// A code and a sentence, of what the caller of a single call would be told; anything else is a fault.
fn told(error: ServiceError) -> Result<(String, String), ServiceError> {
    match error {
        ServiceError::Refused { code, message, .. } => Ok((code.name(), message)),
        other => Err(other),
    }
}

/// The code of a job that stops at its thresholds.
fn too_much() -> String {
    Code::ThresholdExceeded.name()
}
