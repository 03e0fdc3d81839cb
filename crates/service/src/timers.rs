//! What happens because time passes: starts, time-outs, escalations, ends, leases that ran out. All from the injected
//! clock, all from rows, so that a restart or a moved clock loses nothing.

use domain::activity::Activity;
use domain::approval::StageStatus;
use domain::assignment_request::{Event, RequestType, State};
use domain::notice::Occasion;
use domain::policy::Asker;
use domain::time::{Duration, Timestamp};
use store::WriteTx;

use crate::assignment_requests::routing;
use crate::assignment_requests::withdraw::{begin_system_request, make_way_for_removal};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;
use crate::subscriptions;
use crate::uploads;
use crate::{audit, automatic, callouts, delta, guests, notices, reprocess_jobs, retention};

/// At most so many of each kind in one transaction; the next one takes the rest.
const BATCH: i64 = 200;

/// How long accepted calls are remembered (RP-41).
const REMEMBER_CALLS: Duration = Duration::from_minutes(60);

/// How much was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Scheduled requests that started (T11).
    pub started: usize,
    /// Approval stages that ran out of time (T9).
    pub timed_out: usize,
    /// Approval stages that were escalated (T10).
    pub escalated: usize,
    /// Assignments whose end was reached (A8).
    pub ended: usize,
    /// Callouts whose answer did not come in time (CX-12).
    pub unanswered: usize,
    /// Assignments that came near to their end, where extensions are to hear of it (A6, A7).
    pub near_end: usize,
    /// Assignments that came near to their end, whose holders may be told (N19).
    pub announced: usize,
    /// Leases whose worker did not answer.
    pub leases: usize,
    /// Uploads that were not completed in time.
    pub uploads: usize,
    /// Subscriptions whose end was reached.
    pub subscriptions: usize,
    /// People from outside who did not come, came back, or go (section 3.4).
    pub guests: usize,
    /// Requests and assignments that were kept for long enough (RQ-26), and items of bulk jobs.
    pub purged: usize,
}

impl Counts {
    /// How much in all.
    pub const fn total(&self) -> usize {
        self.started
            + self.timed_out
            + self.escalated
            + self.ended
            + self.unanswered
            + self.near_end
            + self.announced
            + self.leases
            + self.uploads
            + self.subscriptions
            + self.guests
            + self.purged
    }
}

/// Does everything that is due, some at a time; answers how much there was.
pub async fn run_due(service: &Service) -> Result<Counts, ServiceError> {
    let now = service.clock.now();
    let due = next(service).await?;
    if due.is_none_or(|due| due > now) {
        return Ok(Counts::default());
    }
    let (moment, ctx) = (service.moment(), service.system());
    let settings = service.settings.clone();
    let done = service
        .store
        .write(move |tx| -> Result<Counts, ServiceError> {
            store::accepted_call::forget_before(tx, moment.now.minus(REMEMBER_CALLS))?;
            store::callback_token::forget(tx, BATCH)?;
            delta::forget(tx, moment.now, &settings)?;
            store::notice::purge(tx, moment.now.minus(settings.notices.retention), BATCH)?;
            Ok(Counts {
                timed_out: time_out(tx, &moment, &ctx)?,
                escalated: escalate(tx, &moment, &ctx)?,
                started: start(tx, &moment, &ctx)?,
                ended: end(tx, &moment, &ctx)?,
                unanswered: callouts::time_out(tx, &moment, &ctx, &settings, BATCH)?,
                near_end: callouts::reach_ends(tx, &moment)?,
                announced: announce(tx, &moment)?,
                leases: expire(tx, &moment)?,
                uploads: uploads::expire(tx, &moment)?,
                subscriptions: subscriptions::end(tx, &moment, &ctx)?,
                guests: guests::run_due(tx, &moment, &ctx, BATCH)?,
                purged: retention::purge(tx, &moment, &ctx, &settings, BATCH)?
                    + reprocess_jobs::purge(tx, &moment, &settings)?,
            })
        })
        .await?;
    if done.guests > 0 {
        // Who may sign in is not what it was (AZ-12).
        service.callers.invalidate();
    }
    Ok(done)
}

/// Tells holders that their access ends soon, where people are told of things at all.
fn announce(tx: &mut WriteTx<'_>, moment: &Moment) -> Result<usize, ServiceError> {
    if moment.notifies {
        notices::reach_ends(tx, moment)
    } else {
        Ok(0)
    }
}

/// Gives back the work, of whichever kind, of those who did not answer.
fn expire(tx: &mut WriteTx<'_>, moment: &Moment) -> Result<usize, ServiceError> {
    let deliveries = store::ledger::lease::expire(tx, moment.now)?;
    let callouts = store::extension_callout::expire(tx, moment.now)?;
    let notices = store::notice::expire(tx, moment.now)?;
    let feeds = store::change_feed::expire(tx, moment.now)?;
    Ok(usize::try_from(deliveries + callouts + notices + feeds).unwrap_or(usize::MAX))
}

/// Scheduled requests whose start is reached (T11).
fn start(tx: &mut WriteTx<'_>, moment: &Moment, ctx: &Ctx) -> Result<usize, ServiceError> {
    let due = store::assignment_request::starting(tx, moment.now, BATCH)?;
    let count = due.len();
    for mut request in due {
        routing::start(tx, moment, ctx, &mut request)?;
        store::assignment_request::save(tx, &request)?;
    }
    Ok(count)
}

/// Approval stages that nobody decided in time end their request (T9).
fn time_out(tx: &mut WriteTx<'_>, moment: &Moment, ctx: &Ctx) -> Result<usize, ServiceError> {
    let due = store::approval::overdue(tx, moment.now, BATCH)?;
    let count = due.len();
    for mut stage in due {
        stage.status = StageStatus::Expired;
        store::approval::save(tx, &stage)?;
        let Some(mut request) = store::assignment_request::find(tx, stage.request_id)? else {
            continue;
        };
        if request.state != State::PendingApproval {
            continue;
        }
        request
            .take(Event::TimedOut, moment.now)
            .map_err(ServiceError::internal)?;
        store::assignment_request::save(tx, &request)?;
        notices::stage_expired(tx, moment, &request, &stage)?;
        notices::refused(tx, moment, &request, Occasion::RequestExpired)?;
        let event = audit::success(
            Activity::RequestTimedOut,
            "AccessPackageAssignmentRequest",
            request.id,
            None,
        );
        audit::record(tx, moment, ctx, event)?;
    }
    Ok(count)
}

/// Approval stages whose alternates are asked from now on (T10).
fn escalate(tx: &mut WriteTx<'_>, moment: &Moment, ctx: &Ctx) -> Result<usize, ServiceError> {
    let due = store::approval::escalating(tx, moment.now, BATCH)?;
    let count = due.len();
    for mut stage in due {
        stage.is_escalated = true;
        store::approval::save(tx, &stage)?;
        let Some(mut request) = store::assignment_request::find(tx, stage.request_id)? else {
            continue;
        };
        if request.state != State::PendingApproval {
            continue;
        }
        request
            .take(Event::Escalated, moment.now)
            .map_err(ServiceError::internal)?;
        store::assignment_request::save(tx, &request)?;
        routing::resolve_again(tx, moment, ctx, &request, &stage)?;
        notices::stage_escalated(tx, moment, &request, &stage)?;
        let event = audit::success(
            Activity::UpdateRequest,
            "AccessPackageAssignmentRequest",
            request.id,
            None,
        );
        audit::record(tx, moment, ctx, event.with("operation", "escalate"))?;
    }
    Ok(count)
}

/// Assignments whose end is reached are removed by a request of the service's own (A8).
fn end(tx: &mut WriteTx<'_>, moment: &Moment, ctx: &Ctx) -> Result<usize, ServiceError> {
    let due = store::assignment::due(tx, moment.now, BATCH)?;
    let count = due.len();
    for assignment in due {
        automatic::suppress(
            tx,
            moment,
            &assignment,
            "the assignment reached its end date",
        )?;
        make_way_for_removal(tx, moment, ctx, &assignment, Asker::Administrator)?;
        begin_system_request(tx, moment, ctx, assignment, RequestType::SystemRemove)?;
    }
    Ok(count)
}

/// When the next thing is due after `instant`, of whatever kind: these things, users about whom something is noted, and
/// attempts at targets, extensions, mailboxes and subscribers.
pub async fn next_after(
    service: &Service,
    instant: Timestamp,
) -> Result<Option<Timestamp>, ServiceError> {
    let timer = next(service).await?;
    let others = service
        .store
        .read(move |tx| -> Result<_, store::Error> {
            Ok([
                store::automatic::note::next_due(tx)?,
                store::ledger::lease::next_attempt_after(tx, instant)?,
                store::extension_callout::next_due(tx)?,
                store::notice::next_due(tx)?,
                store::change_feed::next_due(tx)?,
            ])
        })
        .await?;
    let due = timer.into_iter().chain(others.into_iter().flatten());
    Ok(due.filter(|due| *due > instant).min())
}

/// When the next of these things is due.
pub async fn next(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    let (now, settings) = (service.clock.now(), service.settings.clone());
    service
        .store
        .read(move |tx| -> Result<Option<Timestamp>, ServiceError> {
            let timer = store::ledger::lease::next_timer(tx, now)?;
            let near_end = callouts::next_near_end(tx)?;
            let guests = guests::next_due(tx, &settings.guests)?;
            let announced = if settings.notices.is_on {
                notices::next_near_end(tx)?
            } else {
                None
            };
            let others = near_end.into_iter().chain(announced).chain(guests);
            let others = others.chain(subscriptions::next_timer(tx)?);
            let others = others.chain(retention::next(tx, &settings)?);
            let others = others.chain(reprocess_jobs::next_to_go(tx, &settings)?);
            let others = others.chain(delta::next(tx, &settings)?);
            Ok(timer.into_iter().chain(others).min())
        })
        .await
}
