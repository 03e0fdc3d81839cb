//! Reprocess (semantics 4): try a request again whose delivery failed or was partial, or enforce an assignment that was
//! delivered but may have drifted.
//!
//! **Invariant:** acceptance is one durable transaction; no target is spoken to before the caller has the answer.

pub(crate) mod begin;
pub(crate) mod facts;
pub(crate) mod judge;

use auth::roles::Action;
use domain::activity::Activity;
use domain::id::{AssignmentId, RequestId};
use domain::time::Duration;
use store::WriteTx;
use store::accepted_call::{self, Call};

use self::begin::Begun;
use self::facts::Facts;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;
use crate::replay::{call_of, was_accepted};
use crate::settings::Settings;
use crate::{audit, authorize};

const REQUEST: &str = "reprocessRequest";
const ASSIGNMENT: &str = "reprocessAssignment";
const ACTIVITY: Activity = Activity::UpdateRequest;

/// Retries the delivery of a request (section 4.3). `of_assignment` is the assignment that the path named before it (P7).
pub async fn request(
    service: &Service,
    ctx: &Ctx,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
) -> Result<(), ServiceError> {
    let (moment, caller) = (service.moment(), ctx.clone());
    let settings = service.settings.clone();
    let done = service
        .store
        .write(move |tx| accept_request(tx, &moment, &caller, &settings, id, of_assignment))
        .await;
    finish(
        service,
        ctx,
        done,
        "AccessPackageAssignmentRequest",
        &id.to_string(),
    )
    .await
}

/// Enforces an assignment again (section 4.4).
pub async fn assignment(
    service: &Service,
    ctx: &Ctx,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let (moment, caller) = (service.moment(), ctx.clone());
    let settings = service.settings.clone();
    let done = service
        .store
        .write(move |tx| accept_assignment(tx, &moment, &caller, &settings, id))
        .await;
    finish(
        service,
        ctx,
        done,
        "AccessPackageAssignment",
        &id.to_string(),
    )
    .await
}

/// May the caller try at all: the 403 that comes before the id is looked at (RP-5)?
pub fn admitted(ctx: &Ctx) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::Reprocess)
}

/// The same, of the object that the address names; a refusal leaves its event (AL-4).
pub async fn admitted_to(
    service: &Service,
    ctx: &Ctx,
    named: Named<'_>,
) -> Result<(), ServiceError> {
    match admitted(ctx) {
        Ok(()) => Ok(()),
        refused => {
            let (object_type, id) = match named {
                Named::Request(id) => ("AccessPackageAssignmentRequest", id),
                Named::Assignment(id) => ("AccessPackageAssignment", id),
            };
            finish(service, ctx, refused, object_type, id).await
        }
    }
}

/// What an address names, as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// An assignment request.
    Request(&'a str),
    /// An assignment.
    Assignment(&'a str),
}

async fn finish(
    service: &Service,
    ctx: &Ctx,
    done: Result<(), ServiceError>,
    object_type: &'static str,
    id: &str,
) -> Result<(), ServiceError> {
    match &done {
        Ok(()) => service.wake(),
        Err(error) => {
            let event =
                audit::success(ACTIVITY, object_type, id, None).with("operation", "reprocess");
            audit::refusal(service, ctx, event, error).await?;
        }
    }
    done
}

fn accept_request(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("assignment request", id);
    let mut facts = Facts::of_requests(tx, &[id])?;
    let request = facts.requests.get(&id).ok_or_else(unknown)?;
    let catalog = facts
        .catalog_of(request.access_package_id)
        .ok_or_else(unknown)?;
    if of_assignment.is_some_and(|assignment| request.assignment_id != Some(assignment)) {
        return Err(unknown());
    }
    authorize::in_catalog_known_by(
        ctx,
        Action::Reprocess,
        Action::ReadRequests,
        catalog,
        unknown,
    )?;
    if was_accepted(tx, moment, ctx, REQUEST, &id.to_string())? {
        return Ok(());
    }
    judge::request(&facts, moment, settings.reprocess_request_window, request)?;
    within_rate(tx, moment, settings)?;

    let mut begun = Begun::default();
    begun.request(&mut facts, moment, id)?;
    finish_call(tx, moment, ctx, begun)?;
    remember(tx, moment, ctx, settings, REQUEST, &id.to_string())?;
    Ok(())
}

fn accept_assignment(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("assignment", id);
    let mut facts = Facts::of_assignments(tx, moment, &[id])?;
    let found = facts.assignments.get(&id).ok_or_else(unknown)?;
    let catalog = facts
        .catalog_of(found.access_package_id)
        .ok_or_else(unknown)?;
    authorize::in_catalog_known_by(
        ctx,
        Action::Reprocess,
        Action::ReadRequests,
        catalog,
        unknown,
    )?;
    if was_accepted(tx, moment, ctx, ASSIGNMENT, &id.to_string())? {
        return Ok(());
    }
    judge::assignment(&facts, moment, settings.reprocess_request_window, id)?;
    within_rate(tx, moment, settings)?;

    let mut begun = Begun::default();
    begun.assignment(&mut facts, moment, id)?;
    finish_call(tx, moment, ctx, begun)?;
    remember(tx, moment, ctx, settings, ASSIGNMENT, &id.to_string())?;
    Ok(())
}

/// Writes what was begun with its events; the engine plans it.
fn finish_call(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    begun: Begun,
) -> Result<(), ServiceError> {
    let (_, events) = begun.store(tx)?;
    for event in events {
        audit::record(tx, moment, ctx, event)?;
    }
    Ok(())
}

/// Remembers the call, where somebody may ask about it: the client under its own id, or the tenant's limit.
fn remember(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    operation: &str,
    id: &str,
) -> Result<(), store::Error> {
    let request_id = ctx.request_id.to_string();
    let (caller_id, client_request_id) = match call_of(ctx) {
        Some(call) => call,
        None if settings.reprocess_per_minute.is_some() => (String::new(), request_id.as_str()),
        None => return Ok(()),
    };
    let call = Call {
        caller_id: &caller_id,
        client_request_id,
        operation,
        object_id: id,
    };
    accepted_call::remember(tx, &call, moment.now)
}

/// The tenant's own limit, where one is set (RP-53).
fn within_rate(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    settings: &Settings,
) -> Result<(), ServiceError> {
    let Some(limit) = settings.reprocess_per_minute else {
        return Ok(());
    };
    let minute = Duration::from_minutes(1);
    let mut accepted = 0;
    let mut oldest = moment.now;
    for operation in [REQUEST, ASSIGNMENT] {
        let (count, first) = accepted_call::count_since(tx, operation, moment.now.minus(minute))?;
        accepted += count;
        oldest = first.map_or(oldest, |first| oldest.min(first));
    }
    if accepted < i64::from(limit) {
        return Ok(());
    }
    let wait = oldest
        .plus(minute)
        .micros()
        .saturating_sub(moment.now.micros());
    Err(ServiceError::Throttled {
        retry_after: wait.max(0).unsigned_abs().div_ceil(1_000_000).max(1),
    })
}
