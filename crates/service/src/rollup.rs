//! Roll-up: what the units of work make of their requests and assignments (L1, RP-31).
//!
//! **Invariant:** nothing else sets a request or an assignment to delivered, partially delivered or failed.

use std::collections::{BTreeMap, BTreeSet};

use domain::activity::Activity;
use domain::assignment::{self, Assignment};
use domain::assignment_request::{AssignmentRequest, Event, Purpose, RequestType, State};
use domain::extension::Stage;
use domain::id::{AssignmentId, GrantId, PolicyId, RequestId};
use domain::ledger::{Operation, RollUp, Tally, roll_up};
use store::WriteTx;
use store::ledger::{plan, watch};
use store::user_attribute;

use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::{audit, callouts, notices, user_attributes};

/// Ends those of these requests that have nothing left to wait for.
pub(crate) fn requests(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    among: Vec<RequestId>,
) -> Result<(), ServiceError> {
    if among.is_empty() {
        return Ok(());
    }
    let ready = store::assignment_request::rollable(tx, among)?;
    let tallies: BTreeMap<RequestId, Tally> =
        plan::tally(tx, ready.iter().map(|request| request.id))?
            .into_iter()
            .collect();
    let calling: BTreeSet<PolicyId> = store::custom_extension::policies_at_end(tx)?
        .into_iter()
        .collect();
    let mut ended = Vec::new();
    for request in ready {
        let tally = tallies.get(&request.id).copied().unwrap_or_default();
        let calls = request
            .assignment_policy_id
            .is_some_and(|policy| calling.contains(&policy));
        match roll_up(tally) {
            RollUp::Waiting => {}
            RollUp::All if calls => reach_end(tx, moment, ctx, request)?,
            RollUp::All => ended.push((request, Event::AllDelivered)),
            RollUp::Some => ended.push((request, Event::SomeDelivered)),
            RollUp::None => ended.push((request, Event::NoneDelivered)),
        }
    }
    complete_all(tx, moment, ctx, ended)
}

/// Everything is delivered, and the policy wants extensions to know. The assignment shows the access as it is; the request
/// may have to wait for an answer (section 6.9).
fn reach_end(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
) -> Result<(), ServiceError> {
    let stage = if request.request_type.purpose() == Purpose::Remove {
        Stage::RequestRemoved
    } else {
        Stage::RequestGranted
    };
    follow_all(tx, moment, ctx, &[(request.clone(), Event::AllDelivered)])?;
    request.failure = None;
    let event = Some(Event::AllDelivered);
    let waits = callouts::reach(tx, moment, &mut request, stage, event)?;
    store::assignment_request::save(tx, &request)?;
    if !waits {
        audit::record(tx, moment, ctx, completion(&request))?;
    }
    Ok(())
}

/// Ends a request that was delivered whole and waited for an answer since.
pub(crate) fn finish(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
) -> Result<(), ServiceError> {
    request
        .take(Event::AllDelivered, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment_request::save(tx, &request)?;
    audit::record(tx, moment, ctx, completion(&request))?;
    Ok(())
}

/// Ends a delivering request, and moves its assignment with it (A2, A8, A9, AS-2).
pub(crate) fn complete(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: AssignmentRequest,
    event: Event,
) -> Result<(), ServiceError> {
    complete_all(tx, moment, ctx, vec![(request, event)])
}

/// The same for many at once, of which no two are about the same assignment: a pair of subject and package has one open
/// request (RQ-8).
fn complete_all(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut ended: Vec<(AssignmentRequest, Event)>,
) -> Result<(), ServiceError> {
    if ended.is_empty() {
        return Ok(());
    }
    for (request, event) in &mut ended {
        request
            .take(*event, moment.now)
            .map_err(ServiceError::internal)?;
        if *event == Event::AllDelivered {
            request.failure = None;
        }
    }
    follow_all(tx, moment, ctx, &ended)?;
    let requests: Vec<AssignmentRequest> = ended.into_iter().map(|(request, _)| request).collect();
    store::assignment_request::end_all(tx, &requests)?;
    audit::record_by(tx, moment, ctx, requests.iter().map(completion).collect())?;
    Ok(())
}

/// Moves the assignments of requests to where their deliveries left them.
fn follow_all(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    ended: &[(AssignmentRequest, Event)],
) -> Result<(), ServiceError> {
    let about: BTreeSet<AssignmentId> = ended
        .iter()
        .filter_map(|(request, _)| request.assignment_id)
        .collect();
    let mut assignments: BTreeMap<AssignmentId, Assignment> =
        store::assignment::find_all(tx, about.iter().copied())?
            .into_iter()
            .map(|assignment| (assignment.id, assignment))
            .collect();
    for (request, event) in ended {
        let assignment = request
            .assignment_id
            .and_then(|id| assignments.get_mut(&id));
        let Some(assignment) = assignment else {
            continue;
        };
        if let Err(illegal) = move_assignment(assignment, request, *event, moment) {
            // One row that does not add up must not hold up the deliveries of everybody else: the request ends, the
            // assignment stays as it is, and a person has to look.
            tracing::error!(
                assignment.id = %assignment.id,
                request.id = %request.id,
                error = %illegal,
                "the assignment of a request that ended is not where it should be"
            );
        }
    }
    let moved: Vec<Assignment> = assignments.into_values().collect();
    store::assignment::move_all(tx, &moved)?;
    let concerned: BTreeSet<AssignmentId> = user_attribute::concerned(tx, about.iter().copied())?
        .into_iter()
        .collect();
    for assignment in &moved {
        if concerned.contains(&assignment.id) {
            user_attributes::follow(tx, moment, ctx, assignment)?;
        }
    }
    let failed = moved
        .iter()
        .filter(|one| one.state == assignment::State::DeliveryFailed);
    justify_nothing(tx, failed.map(|one| one.id))?;
    for (request, event) in ended {
        if *event == Event::AllDelivered {
            notices::delivered(tx, moment, request)?;
        }
    }
    Ok(())
}

/// What the end of the request means for its assignment.
fn move_assignment(
    assignment: &mut Assignment,
    request: &AssignmentRequest,
    event: Event,
    moment: &Moment,
) -> Result<(), assignment::IllegalTransition> {
    use assignment::Event as A;
    if assignment.state == assignment::State::Expired {
        // It ended by another way; the request ends all the same, or it would hold up everything after it.
        return Ok(());
    }
    let happening = match (request.request_type.purpose(), event) {
        (Purpose::Add | Purpose::Enforce, Event::AllDelivered) => A::AllDelivered,
        (Purpose::Add | Purpose::Enforce, Event::SomeDelivered) => A::SomeDelivered,
        (Purpose::Add | Purpose::Enforce, Event::NoneDelivered) => A::NoneDelivered,
        (Purpose::Remove, Event::AllDelivered) => A::Removed,
        // AS-2: until the last role is gone the assignment stays as it is.
        _ => return Ok(()),
    };
    assignment.take(happening, moment.now)
}

/// Whether anything that the request was to deliver may be there already, whatever this attempt comes to. An assignment
/// of which something is there is not failed: it is held, for separation of duties as for everybody else (SD-4, OM-3).
pub(crate) fn may_be_there(
    tx: &mut WriteTx<'_>,
    request: &AssignmentRequest,
    assignment: AssignmentId,
) -> Result<bool, store::Error> {
    match request.request_type.purpose() {
        Purpose::Add => watch::may_be_there(tx, assignment, false),
        Purpose::Enforce => watch::may_be_there(tx, assignment, true),
        Purpose::Update | Purpose::Remove => Ok(false),
    }
}

/// A failed assignment is not live, so it justifies no access (OM-3, LG-4). Its links stay for the next try, or for the
/// removal that canceling the request leads to.
fn justify_nothing(
    tx: &mut WriteTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<(), store::Error> {
    let mut assignments = assignments.into_iter().peekable();
    if assignments.peek().is_none() {
        return Ok(());
    }
    let grants: BTreeSet<GrantId> = plan::linked(tx, assignments)?
        .into_iter()
        .map(|(_, grant)| grant)
        .collect();
    plan::derive_desired(tx, &grants.into_iter().collect::<Vec<_>>())
}

/// A5: a role change that could not be delivered to a delivered assignment. The assignment becomes partial or failed, and a
/// request that can be reprocessed says why (RP-24).
pub(crate) fn bereft(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    grants: &[GrantId],
) -> Result<(), ServiceError> {
    let mut lost: BTreeMap<AssignmentId, Vec<GrantId>> = BTreeMap::new();
    for (assignment, grant) in watch::bereft(tx, grants)? {
        lost.entry(assignment).or_default().push(grant);
    }
    for (id, gone) in lost {
        let Some(assignment) = store::assignment::find(tx, id)? else {
            continue;
        };
        let mut request = tracking_request(moment, &assignment);
        request
            .take(Event::Started, moment.now)
            .map_err(ServiceError::internal)?;
        request.plan_due = false;
        store::assignment_request::insert(tx, &request)?;
        let all: Vec<GrantId> = plan::linked(tx, [id])?
            .into_iter()
            .map(|(_, grant)| grant)
            .collect();
        for grant in &all {
            plan::wait_for(tx, request.id, *grant, Operation::Add)?;
        }
        watch::settle_units(tx, request.id, &gone, moment.now)?;
        requests(tx, moment, ctx, vec![request.id])?;
    }
    Ok(())
}

/// A request by which the service enforces an assignment again (RP-24), still submitted.
pub(crate) fn tracking_request(moment: &Moment, assignment: &Assignment) -> AssignmentRequest {
    system_request(moment, assignment, RequestType::SystemUpdate)
}

/// A request of the service's own about an assignment, still submitted.
pub(crate) fn system_request(
    moment: &Moment,
    assignment: &Assignment,
    request_type: RequestType,
) -> AssignmentRequest {
    AssignmentRequest {
        id: moment.id(RequestId::new),
        request_type,
        is_extension: false,
        access_package_id: assignment.access_package_id,
        assignment_policy_id: Some(assignment.assignment_policy_id),
        assignment_id: Some(assignment.id),
        requestor_id: assignment.target_id,
        target_id: assignment.target_id,
        created_by: domain::id::ObjectId::new(uuid::Uuid::nil()),
        state: State::Submitted,
        status: State::Submitted.status().to_owned(),
        justification: None,
        answers: "[]".to_owned(),
        schedule: "null".to_owned(),
        starts_at: Some(moment.now),
        ends_at: assignment.ends_at,
        lasts_for: None,
        bypass_approval: false,
        plan_due: false,
        failure: None,
        created_at: moment.now,
        delivering_since: None,
        completed_at: None,
        first_completed_at: None,
        version: 1,
    }
}

/// The event that ends a request (T13 to T15).
pub(crate) fn completion(request: &AssignmentRequest) -> audit::Event {
    let (activity, failed) = match request.state {
        State::Delivered => (Activity::FulfillRequest, false),
        State::PartiallyDelivered => (Activity::PartiallyFulfillRequest, false),
        _ => (Activity::FailRequest, true),
    };
    let event = audit::success(activity, "AccessPackageAssignmentRequest", request.id, None);
    match (&request.failure, failed) {
        (Some((code, message)), true) => event.failed(format!("{code}: {message}")),
        (None, true) => event.failed("no role could be delivered"),
        (_, false) => event,
    }
}
