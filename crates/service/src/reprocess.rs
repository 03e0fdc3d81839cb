//! Reprocess (semantics 4): try a request again whose delivery failed or was partial, or enforce an assignment that was
//! delivered but may have drifted.
//!
//! **Invariant:** acceptance is one durable transaction; no target is spoken to before the caller has the answer.

use auth::roles::Action;
use domain::activity::Activity;
use domain::assignment::{self, Assignment, State as AssignmentState};
use domain::assignment_request::{
    AssignmentRequest, Event, NotReprocessable, Purpose, RequestType, can_reprocess,
};
use domain::id::{AssignmentId, RequestId};
use domain::time::Duration;
use store::WriteTx;
use store::accepted_call::{self, Call};

use crate::assignment_requests::find_with_catalog;
use crate::assignment_requests::withdraw::begin_system_request;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::replay::{call_of, was_accepted};
use crate::settings::Settings;
use crate::{audit, authorize, guards, planning};

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
    let (mut request, catalog) = find_with_catalog(tx, id)?;
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
    let window = settings.reprocess_request_window;
    can_reprocess(
        request.state,
        request.first_completed_at,
        moment.now,
        window,
    )
    .map_err(refused)?;
    check_still(tx, moment, &request)?;
    within_rate(tx, moment, settings)?;

    request
        .take(Event::Reprocessed, moment.now)
        .map_err(ServiceError::internal)?;
    request.failure = None;
    store::assignment_request::save(tx, &request)?;
    deliver_again(tx, moment, &request)?;
    remember(tx, moment, ctx, settings, REQUEST, &id.to_string())?;
    let event = audit::success(ACTIVITY, "AccessPackageAssignmentRequest", id, None)
        .with("operation", "reprocess");
    audit::record(tx, moment, ctx, event)?;
    audit::record(tx, moment, ctx, planning::ready_to_fulfill(&request))?;
    Ok(())
}

/// The assignment of a request that is tried again goes back to delivering (A3), to be there again or to go at last.
fn deliver_again(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let Some(id) = request.assignment_id else {
        return Ok(());
    };
    let Some(mut assignment) = store::assignment::find(tx, id)? else {
        return Ok(());
    };
    let event = match request.request_type.purpose() {
        Purpose::Remove => assignment::Event::RemovalStarted,
        Purpose::Add | Purpose::Update | Purpose::Enforce => assignment::Event::Reprocessed,
    };
    if assignment.take(event, moment.now).is_err() {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            format!("the assignment of the request is {}", assignment.state),
        ));
    }
    store::assignment::save(tx, &assignment)?;
    Ok(())
}

/// What must still be true of a request that adds (RP-11), of one that enforces an assignment, and of a removal.
fn check_still(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let assignment = match request.assignment_id {
        Some(id) => store::assignment::find(tx, id)?,
        None => None,
    };
    if request.request_type.purpose() == Purpose::Remove {
        return check_removal(tx, request, assignment.as_ref());
    }
    let end = match &assignment {
        Some(assignment) => assignment.ends_at,
        None => request.ends_at,
    };
    if end.is_some_and(|end| end <= moment.now) {
        return Err(ServiceError::refused(
            Code::InvalidSchedule,
            "the end date of the request has passed; submit a new request",
        ));
    }
    if guards::target_object(tx, request.target_id)?.is_none() {
        return Err(ServiceError::refused(
            Code::TargetNotFound,
            "the target of the request does not exist any more",
        ));
    }
    let live = store::assignment::find_live(tx, request.target_id, request.access_package_id)?;
    if live.is_some_and(|live| Some(live.id) != request.assignment_id) {
        return Err(ServiceError::refused(
            Code::ExistingAssignment,
            "the target has another assignment of the access package by now",
        ));
    }
    if let Some(open) =
        store::assignment_request::find_open(tx, request.target_id, request.access_package_id)?
    {
        return Err(ServiceError::refused(
            Code::ExistingOpenRequest,
            format!("the request `{}` for the same is under way", open.id),
        ));
    }
    Ok(())
}

/// A removal is tried again only while there is something left to remove, and nobody else is at it.
fn check_removal(
    tx: &mut WriteTx<'_>,
    request: &AssignmentRequest,
    assignment: Option<&Assignment>,
) -> Result<(), ServiceError> {
    let Some(assignment) = assignment.filter(|one| one.state != AssignmentState::Expired) else {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            "the assignment of the request is over by now",
        ));
    };
    match store::assignment_request::find_open_of(tx, assignment.id)? {
        Some(open) if open.id != request.id => Err(ServiceError::refused(
            Code::ExistingOpenRequest,
            format!("the request `{}` for the same is under way", open.id),
        )),
        _ => Ok(()),
    }
}

fn refused(why: NotReprocessable) -> ServiceError {
    match why {
        NotReprocessable::State(state) => ServiceError::refused(
            Code::InvalidRequestState,
            format!(
                "a request that is {state} cannot be reprocessed; only deliveryFailed and partiallyDelivered ones can"
            ),
        ),
        NotReprocessable::WindowOver(end) => ServiceError::refused(
            Code::ReprocessWindowExpired,
            format!("the request could be reprocessed until {end}; cancel it and submit a new one"),
        ),
    }
}

fn accept_assignment(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("assignment", id);
    let mut found = store::assignment::find(tx, id)?.ok_or_else(unknown)?;
    let package = store::access_package::find(tx, found.access_package_id)?.ok_or_else(unknown)?;
    authorize::in_catalog_known_by(
        ctx,
        Action::Reprocess,
        Action::ReadRequests,
        package.catalog_id,
        unknown,
    )?;
    if was_accepted(tx, moment, ctx, ASSIGNMENT, &id.to_string())? {
        return Ok(());
    }
    if found.state != AssignmentState::Delivered {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            not_delivered(found.state),
        ));
    }
    if let Some(open) =
        store::assignment_request::find_open(tx, found.target_id, found.access_package_id)?
    {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            format!(
                "the request `{}` about the assignment is under way",
                open.id
            ),
        ));
    }
    within_rate(tx, moment, settings)?;

    found
        .take(assignment::Event::Reprocessed, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment::save(tx, &found)?;
    remember(tx, moment, ctx, settings, ASSIGNMENT, &id.to_string())?;
    begin_system_request(tx, moment, ctx, found, RequestType::SystemUpdate)
}

fn not_delivered(state: AssignmentState) -> String {
    let way_out = match state {
        AssignmentState::PartiallyDelivered | AssignmentState::DeliveryFailed => {
            "; reprocess its failed request instead"
        }
        AssignmentState::Delivering => "; wait until its delivery ends",
        AssignmentState::Delivered | AssignmentState::Expired => "",
    };
    format!("an assignment that is {state} cannot be reprocessed, only a delivered one{way_out}")
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
