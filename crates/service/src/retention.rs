//! Requests and assignments that are over go once they were kept for long enough, if the tenant wants that (RQ-26).
//!
//! What ended is gone through from its oldest end, a bounded number in each transaction, and again every day: what had to
//! stay the last time may go the next.
//!
//! **Invariant:** the audit log keeps what it says about them.

use domain::activity::Activity;
use domain::id::{AssignmentId, RequestId};
use domain::time::{Duration, Timestamp};
use store::retention::{self, Ended};
use store::{ReadTx, WriteTx, assignment_request, setting};

use crate::audit;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::settings::Settings;

/// How long after one round the next begins.
const INTERVAL: Duration = Duration::from_days(1);

/// Under which name is kept how far a round came.
const REQUESTS: &str = "retention.requests";
const ASSIGNMENTS: &str = "retention.assignments";

/// How far a round came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Round {
    /// When it began.
    began_at: Timestamp,
    /// The last that was looked at; none: it is over.
    after: Option<(Timestamp, String)>,
}

/// When there is something to look at next; never, where everything is kept.
pub(crate) fn next(
    tx: &mut ReadTx<'_>,
    settings: &Settings,
) -> Result<Option<Timestamp>, ServiceError> {
    let mut due = Vec::new();
    for (name, keeps) in [
        (REQUESTS, settings.retention_requests),
        (ASSIGNMENTS, settings.retention_assignments),
    ] {
        if keeps.is_none() {
            continue;
        }
        due.push(match round(tx, name)? {
            None => Timestamp::from_micros(0),
            Some(round) if round.after.is_some() => round.began_at,
            Some(round) => round.began_at.plus(INTERVAL),
        });
    }
    Ok(due.into_iter().min())
}

/// Lets go of what may; answers how much that was.
pub(crate) fn purge(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    limit: i64,
) -> Result<usize, ServiceError> {
    let mut gone = 0;
    if let Some(keeps) = settings.retention_requests
        && let Some(round) = begun(tx, moment, REQUESTS)?
    {
        let tried = moment.now.minus(settings.reprocess_request_window);
        let until = moment.now.minus(keeps);
        let ended = retention::requests(tx, until, start(&round), tried, limit)?;
        go_on(tx, REQUESTS, round, &ended, limit)?;
        for one in ended.iter().filter(|one| one.may_go) {
            gone += usize::from(forget_request(tx, moment, ctx, one.id)?);
        }
    }
    if let Some(keeps) = settings.retention_assignments
        && let Some(round) = begun(tx, moment, ASSIGNMENTS)?
    {
        let until = moment.now.minus(keeps);
        let ended = retention::assignments(tx, until, start(&round), limit)?;
        go_on(tx, ASSIGNMENTS, round, &ended, limit)?;
        for one in ended.iter().filter(|one| one.may_go) {
            forget_assignment(tx, moment, ctx, one.id)?;
            gone += 1;
        }
    }
    Ok(gone)
}

fn forget_request(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: RequestId,
) -> Result<bool, ServiceError> {
    let Some(request) = assignment_request::find(tx, id)? else {
        return Ok(false);
    };
    assignment_request::delete(tx, &request)?;
    let activity = Activity::DeleteRequest;
    let event = audit::success(activity, "AccessPackageAssignmentRequest", id, None);
    audit::record(tx, moment, ctx, event.with("reason", REQUESTS))?;
    Ok(true)
}

fn forget_assignment(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    retention::delete_assignment(tx, id)?;
    let activity = Activity::DeleteRequest;
    let event = audit::success(activity, "AccessPackageAssignment", id, None);
    Ok(audit::record(
        tx,
        moment,
        ctx,
        event.with("reason", ASSIGNMENTS),
    )?)
}

/// The round that is under way, or one that begins; none, if the next is not due.
fn begun(tx: &mut ReadTx<'_>, moment: &Moment, name: &str) -> Result<Option<Round>, ServiceError> {
    Ok(match round(tx, name)? {
        Some(round) if round.after.is_some() => Some(round),
        Some(round) if round.began_at.plus(INTERVAL) > moment.now => None,
        Some(_) | None => Some(Round {
            began_at: moment.now,
            after: None,
        }),
    })
}

fn start(round: &Round) -> (Timestamp, &str) {
    match &round.after {
        Some((at, id)) => (*at, id),
        None => (Timestamp::from_micros(i64::MIN), ""),
    }
}

/// Remembers how far the round came: to its end, unless there was as much as was asked for.
fn go_on<Id: ToString>(
    tx: &mut WriteTx<'_>,
    name: &str,
    mut round: Round,
    ended: &[Ended<Id>],
    limit: i64,
) -> Result<(), ServiceError> {
    let is_full = i64::try_from(ended.len()).is_ok_and(|count| count >= limit);
    let last = ended.last().filter(|_| is_full);
    round.after = last.map(|last| (last.at, last.id.to_string()));
    let began = round.began_at.micros();
    let kept = match &round.after {
        Some((at, id)) => format!("{began} {} {id}", at.micros()),
        None => began.to_string(),
    };
    Ok(setting::set(tx, name, &kept)?)
}

/// What was remembered; what nobody can read is a round that never was.
fn round(tx: &mut ReadTx<'_>, name: &str) -> Result<Option<Round>, ServiceError> {
    let Some(kept) = setting::find(tx, name)? else {
        return Ok(None);
    };
    let mut words = kept.split(' ');
    let mut instant = || words.next()?.parse().ok().map(Timestamp::from_micros);
    let Some(began_at) = instant() else {
        return Ok(None);
    };
    let at = instant();
    let after = at.zip(words.next().map(str::to_owned));
    Ok(Some(Round { began_at, after }))
}
