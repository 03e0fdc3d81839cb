//! Whether a request or an assignment can be reprocessed now: the same answer for a single call and for an item of a job
//! (RP-5, RP-11, RP-25).

use domain::assignment::State as AssignmentState;
use domain::assignment_request::{AssignmentRequest, NotReprocessable, Purpose, can_reprocess};
use domain::id::AssignmentId;
use domain::time::Duration;

use super::facts::Facts;
use crate::ctx::Moment;
use crate::error::{Code, ServiceError};

/// Whether the delivery of a request can be tried again (section 4.3).
pub(crate) fn request(
    facts: &Facts,
    moment: &Moment,
    window: Duration,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    can_reprocess(
        request.state,
        request.first_completed_at,
        moment.now,
        window,
    )
    .map_err(not_reprocessable)?;
    if request.request_type.purpose() == Purpose::Remove {
        removal(facts, request)
    } else {
        still_wanted(facts, moment, request)
    }
}

/// What must still be true of a request that adds (RP-11), and of one that enforces an assignment.
fn still_wanted(
    facts: &Facts,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let assignment = request
        .assignment_id
        .and_then(|id| facts.assignments.get(&id));
    let end = match assignment {
        Some(assignment) => assignment.ends_at,
        None => request.ends_at,
    };
    if end.is_some_and(|end| end <= moment.now) {
        return Err(ServiceError::refused(
            Code::InvalidSchedule,
            "the end date of the request has passed; submit a new request",
        ));
    }
    if !facts.is_present(request.target_id) {
        return Err(ServiceError::refused(
            Code::TargetNotFound,
            "the target of the request does not exist any more",
        ));
    }
    let live = facts.live(request.target_id, request.access_package_id);
    if live.is_some_and(|live| Some(live) != request.assignment_id) {
        return Err(ServiceError::refused(
            Code::ExistingAssignment,
            "the target has another assignment of the access package by now",
        ));
    }
    match facts.open(request.target_id, request.access_package_id) {
        Some(open) => Err(under_way(open)),
        None => Ok(()),
    }
}

/// A removal is tried again only while there is something left to remove, and nobody else is at it.
fn removal(facts: &Facts, request: &AssignmentRequest) -> Result<(), ServiceError> {
    let assignment = request
        .assignment_id
        .and_then(|id| facts.assignments.get(&id))
        .filter(|one| one.state != AssignmentState::Expired);
    let Some(assignment) = assignment else {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            "the assignment of the request is over by now",
        ));
    };
    match facts.open_of(assignment.id) {
        Some(open) if open != request.id => Err(under_way(open)),
        _ => Ok(()),
    }
}

/// Whether an assignment can be enforced again (section 4.4). One that is not whole can, once none of its requests can be
/// tried again instead: canceled or too old, they would leave no way back.
pub(crate) fn assignment(
    facts: &Facts,
    moment: &Moment,
    window: Duration,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let Some(found) = facts.assignments.get(&id) else {
        return Err(ServiceError::not_found("assignment", id));
    };
    let is_open = match found.state {
        AssignmentState::Delivered => true,
        AssignmentState::PartiallyDelivered | AssignmentState::DeliveryFailed => {
            !facts.has_retryable(id, moment, window)
        }
        AssignmentState::Delivering | AssignmentState::Expired => false,
    };
    if !is_open {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            not_delivered(found.state),
        ));
    }
    let live = facts.live(found.target_id, found.access_package_id);
    if live.is_some_and(|live| live != id) {
        return Err(ServiceError::refused(
            Code::ExistingAssignment,
            "the target has another assignment of the access package by now; remove this one",
        ));
    }
    if let Some(why) = facts.blocker(id) {
        return Err(ServiceError::refused(Code::IncompatibleAccess, why));
    }
    match facts.open(found.target_id, found.access_package_id) {
        Some(open) => Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            format!("the request `{open}` about the assignment is under way"),
        )),
        None => Ok(()),
    }
}

fn under_way(open: domain::id::RequestId) -> ServiceError {
    ServiceError::refused(
        Code::ExistingOpenRequest,
        format!("the request `{open}` for the same is under way"),
    )
}

fn not_reprocessable(why: NotReprocessable) -> ServiceError {
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
