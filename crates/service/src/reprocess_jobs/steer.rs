//! What people tell a job: run, pause, resume, cancel.
//!
//! Whoever lets a job run or go on answers for it from then on: it acts with their rights, and the audit log names them.

use auth::roles::Action;
use domain::id::ReprocessJobId;
use domain::reprocess_job::{Event, State, Thresholds};
use domain::time::Duration;
use store::WriteTx;
use store::reprocess_job::{self as jobs, Job};

use super::rights::{self, Rights};
use super::{View, happened, known, view};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize};

/// What a job is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Run the plan, with other thresholds if some are named.
    Run(Option<Thresholds>),
    /// Begin nothing more for now.
    Pause,
    /// Go on.
    Resume,
    /// Begin nothing more at all.
    Cancel,
}

/// Tells a job something.
pub async fn steer(
    service: &Service,
    ctx: &Ctx,
    id: ReprocessJobId,
    order: Order,
) -> Result<View, ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let told = service
        .store
        .write(move |tx| -> Result<View, ServiceError> {
            let mut job = known(tx, &ctx, id)?;
            follow(tx, &moment, &ctx, &mut job, order)?;
            jobs::save(tx, &job)?;
            jobs::moved(tx, job.id, moment.now)?;
            let operation = match order {
                Order::Run(_) => "runReprocessJob",
                Order::Pause => "pauseReprocessJob",
                Order::Resume => "resumeReprocessJob",
                Order::Cancel => "cancelReprocessJob",
            };
            audit::record(tx, &moment, &ctx, happened(&job, operation))?;
            job.version += 1;
            view(tx, job)
        })
        .await?;
    service.wake();
    Ok(told)
}

fn follow(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    job: &mut Job,
    order: Order,
) -> Result<(), ServiceError> {
    let event = match order {
        // Only a plan that is there is run, and one that is held back is resumed.
        Order::Run(_) if job.state != State::Planning => Event::Started,
        Order::Run(_) => return Err(refused(job.state, "run")),
        Order::Pause => Event::Paused,
        Order::Resume if job.phase == State::Planning => Event::PlanningResumed,
        Order::Resume => Event::Resumed,
        Order::Cancel => Event::Canceled,
    };
    let before = job.state;
    job.state =
        domain::reprocess_job::next(before, event).map_err(|_| refused(before, verb(order)))?;
    match order {
        Order::Run(thresholds) => {
            job.thresholds = thresholds.unwrap_or(job.thresholds);
            within_thresholds(job)?;
            job.reason = None;
            job.phase = State::Running;
            go_on(job, moment);
            job.started_at.get_or_insert(moment.now);
        }
        Order::Pause => {
            job.phase = before;
            job.paused_at = Some(moment.now);
        }
        Order::Resume => go_on(job, moment),
        Order::Cancel => job.ended_at = Some(moment.now),
    }
    if matches!(order, Order::Run(_) | Order::Resume) {
        job.rights = Rights::of(ctx).written();
        job.initiated_by = rights::who(tx, ctx)?;
        job.correlation_id = ctx.request_id.to_string();
    }
    Ok(())
}

/// A plan that removes too much is run only by who says that it may.
fn within_thresholds(job: &Job) -> Result<(), ServiceError> {
    let removes = job.plan.removes.max(job.progress.removed);
    match job.thresholds.exceeded_by(removes, job.plan.grants()) {
        None => Ok(()),
        Some(why) => Err(ServiceError::invalid(
            Code::ThresholdExceeded,
            "thresholds",
            format!("{why}; name higher thresholds to run the plan all the same"),
        )),
    }
}

/// The time in which the job was held back does not count.
fn go_on(job: &mut Job, moment: &Moment) {
    if let (Some(paused), Some(_)) = (job.paused_at, job.started_at) {
        let held_back = moment.now.micros().saturating_sub(paused.micros());
        job.paused_for = Duration::from_micros(job.paused_for.micros() + held_back.max(0));
    }
    job.paused_at = None;
}

const fn verb(order: Order) -> &'static str {
    match order {
        Order::Run(_) => "run",
        Order::Pause => "paused",
        Order::Resume => "resumed",
        Order::Cancel => "canceled",
    }
}

fn refused(state: State, verb: &str) -> ServiceError {
    ServiceError::refused(
        Code::InvalidJobState,
        format!("a job that is {state} cannot be {verb}"),
    )
}
