//! The requests by which rules give packages and take them: without approval or questions, otherwise like any other (AU-5).

use domain::activity::Activity;
use domain::assignment::Assignment;
use domain::assignment_request::{AssignmentRequest, Purpose, RequestType, State};
use domain::catalog::CatalogState;
use domain::id::{AccessPackageId, ObjectId, PolicyId, RequestId, SubjectId};
use domain::policy::{Asker, RequestedSchedule, ScheduleContext, effective_schedule};
use store::{ReadTx, WriteTx, automatic};

use super::rules::Known;
use crate::assignment_requests::withdraw::{begin_system_request, make_way_for_removal};
use crate::assignment_requests::{routing, schedule};
use crate::audit;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::guards;

const REQUEST: &str = "AccessPackageAssignmentRequest";

/// What stands in the way of giving a package to a user, in words.
pub(super) fn obstacle(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    package: AccessPackageId,
    subject: Option<SubjectId>,
    user: ObjectId,
) -> Result<Option<String>, ServiceError> {
    let Some(found) = store::access_package::find(tx, package)? else {
        return Ok(Some(
            "the access package does not exist any more".to_owned(),
        ));
    };
    let catalog = store::catalog::find(tx, found.catalog_id)?;
    if catalog.is_none_or(|catalog| catalog.state != CatalogState::Published) {
        let reason = "the catalog of the access package is not published";
        return Ok(Some(reason.to_owned()));
    }
    let blocker = guards::incompatible(tx, moment, package, subject, Some(user))?;
    // SD-7: whoever reads the note may not be one who may read what is in the way.
    Ok(blocker.map(|blocker| blocker.unnamed().to_owned()))
}

/// That a policy has as many targets as it may (AU-3).
pub(super) fn no_room(most: i64) -> String {
    format!("the policy has {most} targets by now, as many as are allowed")
}

/// Gives the package to a user, or says why that cannot be.
pub(super) fn add(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    known: &Known,
    user: ObjectId,
) -> Result<Result<(), String>, ServiceError> {
    let gone = |what: &str| Ok(Err(format!("the {what} does not exist any more")));
    let Some(policy) = store::assignment_policy::find_policy(tx, known.id())? else {
        return gone("policy");
    };
    let context = ScheduleContext {
        now: moment.now,
        asker: Asker::Administrator,
        is_update: false,
    };
    let dates = match effective_schedule(&policy, &RequestedSchedule::default(), context) {
        Ok(dates) => dates,
        Err(wrong) => return Ok(Err(wrong.to_string())),
    };
    let fresh = moment.id(SubjectId::new);
    let Some(subject) = store::subject::ensure(tx, user, fresh, moment.now)? else {
        return gone("user");
    };
    let mut request = AssignmentRequest {
        id: moment.id(RequestId::new),
        request_type: RequestType::SystemAdd,
        is_extension: false,
        access_package_id: policy.access_package_id,
        assignment_policy_id: Some(policy.id),
        assignment_id: None,
        requestor_id: subject.id,
        target_id: subject.id,
        created_by: ObjectId::new(uuid::Uuid::nil()),
        state: State::Submitted,
        status: State::Submitted.status().to_owned(),
        justification: None,
        answers: "[]".to_owned(),
        schedule: schedule::effective(dates.starts_at, dates.ends_at, dates.lasts_for),
        starts_at: Some(dates.starts_at),
        ends_at: dates.ends_at,
        lasts_for: dates.lasts_for,
        bypass_approval: false,
        plan_due: false,
        failure: None,
        created_at: moment.now,
        delivering_since: None,
        completed_at: None,
        first_completed_at: None,
        version: 1,
    };
    store::assignment_request::insert(tx, &request)?;
    for activity in [Activity::SystemAssigns, Activity::AutoApproveRequest] {
        let event = audit::success(activity, REQUEST, request.id, None);
        audit::record(tx, moment, ctx, event)?;
    }
    routing::go(tx, moment, ctx, &mut request)?;
    Ok(Ok(()))
}

/// Takes the package from a user; false if something is in the way that marks the user when it ends, or that a person has
/// to look at.
pub(super) fn remove(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    assignment: &Assignment,
) -> Result<bool, ServiceError> {
    if automatic::has_failed_removal(tx, assignment.id)? {
        return Ok(false);
    }
    let open = store::assignment_request::find_open(
        tx,
        assignment.target_id,
        assignment.access_package_id,
    )?;
    if let Some(open) = open {
        let gives_way = open.assignment_id == Some(assignment.id)
            && match open.request_type.purpose() {
                Purpose::Enforce => true,
                Purpose::Update => open.state != State::Delivering,
                Purpose::Add => open.awaits_callback(),
                Purpose::Remove => false,
            };
        if !gives_way {
            return Ok(false);
        }
        make_way_for_removal(tx, moment, ctx, assignment, Asker::Administrator)?;
    }
    // Making way may have changed it.
    if let Some(assignment) = store::assignment::find(tx, assignment.id)? {
        begin_system_request(tx, moment, ctx, assignment, RequestType::SystemRemove)?;
    }
    Ok(true)
}

/// The event of an assignment that goes by another policy from now on.
pub(super) fn handed_over(assignment: &Assignment, to: PolicyId) -> audit::Event {
    let from = assignment.assignment_policy_id;
    audit::success(
        Activity::UpdateRequest,
        "AccessPackageAssignment",
        assignment.id,
        None,
    )
    .with("operation", "handOver")
    .with("previousPolicy", from)
    .with("policy", to)
}
