//! The checks of a submission, one function each (RQ-6): they read, compare and refuse.

use domain::assignment::{Assignment, State as AssignmentState};
use domain::catalog::CatalogState;
use domain::id::{AccessPackageId, ObjectId, SubjectId};
use domain::policy::{
    Asker, EffectiveSchedule, Policy, ScheduleContext, Scrutiny, Target, TargetKind, TargetScope,
    effective_schedule,
};
use domain::submission::{Submission, TargetReference};
use domain::time::Timestamp;
use store::ReadTx;
use store::access_package::Terms;
use store::assignment_request::InTheWay;
use store::subject::Subject;

use crate::error::{Code, ServiceError};

/// The directory object of the target.
pub(super) fn present_object(target: &Subject) -> Result<ObjectId, ServiceError> {
    target.object_id.ok_or_else(|| {
        ServiceError::refused(Code::TargetNotFound, "the target is not in the directory")
    })
}

/// What the policies need to know about the target.
pub(super) fn target_facts(
    tx: &mut ReadTx<'_>,
    object: ObjectId,
    wanted: Scrutiny,
) -> Result<Target, ServiceError> {
    super::facts_as_far_as(tx, object, wanted)?.ok_or_else(|| {
        ServiceError::refused(
            Code::TargetNotFound,
            "the target is not in the directory any more",
        )
    })
}

/// The policy is among those that count for the target (PO-10, PO-13).
pub(super) fn best_rank(
    policies: &[Policy],
    policy: &Policy,
    facts: &Target,
) -> Result<(), ServiceError> {
    if !policy.is_requestable() {
        return Ok(());
    }
    if domain::policy::applicable(policies, facts)
        .iter()
        .any(|one| one.id == policy.id)
    {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::PolicyNotApplicable,
        "assignment/assignmentPolicyId",
        "the policy is not one of those by which the target may ask",
    ))
}

/// The catalog is open for requests (RQ-9).
pub(super) fn catalog_published(terms: Terms) -> Result<(), ServiceError> {
    if terms.catalog_state == CatalogState::Published {
        return Ok(());
    }
    Err(ServiceError::refused(
        Code::CatalogNotPublished,
        "the catalog of the access package is not published",
    ))
}

/// A policy for people outside counts only in a catalog that is open to them (EX-9).
pub(super) fn open_to_outsiders(terms: Terms, policy: &Policy) -> Result<(), ServiceError> {
    if !policy.scope.is_for_outsiders() || terms.is_externally_visible {
        return Ok(());
    }
    Err(ServiceError::refused(
        Code::ExternalAccessDisabled,
        "the catalog of the access package is not open to people outside",
    ))
}

/// The policy takes requests of this kind (RQ-12).
pub(super) fn policy_open(policy: &Policy, asker: Asker) -> Result<(), ServiceError> {
    let open = match asker {
        Asker::User => policy.is_requestable(),
        Asker::Administrator if policy.scope == TargetScope::NotSpecified => {
            policy.settings.requestors.direct_assignment
        }
        Asker::Administrator => true,
    };
    if open {
        return Ok(());
    }
    Err(ServiceError::refused(
        Code::PolicyDisabled,
        "the policy does not take such requests",
    ))
}

/// The target is one that the policy is for.
pub(super) fn in_scope(policy: &Policy, asker: Asker, facts: &Target) -> Result<(), ServiceError> {
    let fits = match asker {
        Asker::User => policy.allows(facts),
        Asker::Administrator => policy.allows_direct_assignment(facts),
    };
    if fits {
        return Ok(());
    }
    Err(ServiceError::refused(
        Code::PolicyRequirementsNotMet,
        "the target is not in the scope of the policy",
    ))
}

/// Whoever the directory does not know is assigned something only by a policy for people outside (section 2.2).
pub(super) fn for_outsiders(policy: &Policy, facts: &Target) -> Result<(), ServiceError> {
    if facts.kind != TargetKind::External || policy.scope.is_for_outsiders() {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::ExternalAccessDisabled,
        "assignment/target/email",
        "nobody in the directory has the address, and the policy is not for people outside",
    ))
}

/// The target may sign in, where that matters (RQ-10).
pub(super) fn not_blocked(
    tx: &mut ReadTx<'_>,
    facts: &Target,
    asker: Asker,
    submission: &Submission,
) -> Result<(), ServiceError> {
    let by_address = matches!(submission.target, Some(TargetReference::Email(_)));
    if facts.kind == TargetKind::ServicePrincipal || (asker == Asker::Administrator && !by_address)
    {
        return Ok(());
    }
    let Some(object) = facts.object_id else {
        return Ok(());
    };
    match store::directory::user::find_present(tx, object)? {
        Some(user) if !user.account_enabled => Err(ServiceError::refused(
            Code::TargetSignInBlocked,
            "the target is blocked from signing in",
        )),
        _ => Ok(()),
    }
}

/// The target does not hold the package (OM-3).
pub(super) fn not_assigned(in_the_way: InTheWay) -> Result<(), ServiceError> {
    match in_the_way.assignment {
        Some(id) => Err(ServiceError::refused(
            Code::ExistingAssignment,
            format!("the target has the assignment `{id}` of the access package already"),
        )),
        None => Ok(()),
    }
}

/// The live assignment of the package that the target got after this one had failed (OM-3).
pub(super) fn another_live(
    tx: &mut ReadTx<'_>,
    assignment: &Assignment,
) -> Result<Option<Assignment>, ServiceError> {
    let live =
        store::assignment::find_live(tx, assignment.target_id, assignment.access_package_id)?;
    Ok(live.filter(|live| live.id != assignment.id))
}

/// No request of the target for the package is under way (RQ-8).
pub(super) fn nothing_under_way(in_the_way: InTheWay) -> Result<(), ServiceError> {
    match in_the_way.request {
        Some(id) => Err(open_request(id)),
        None => Ok(()),
    }
}

/// The same, of what was not looked up before.
pub(super) fn nothing_open(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<(), ServiceError> {
    match store::assignment_request::find_open(tx, target, package)? {
        Some(request) => Err(open_request(request.id)),
        None => Ok(()),
    }
}

/// Another request is in the way.
pub(super) fn open_request(id: domain::id::RequestId) -> ServiceError {
    ServiceError::refused(
        Code::ExistingOpenRequest,
        format!("the request `{id}` for the same is still under way"),
    )
}

/// The dates are possible by the policy (SC-1 to SC-5).
pub(super) fn schedule(
    policy: &Policy,
    submission: &Submission,
    asker: Asker,
    now: Timestamp,
    is_update: bool,
) -> Result<EffectiveSchedule, ServiceError> {
    let context = ScheduleContext {
        now,
        asker,
        is_update,
    };
    effective_schedule(policy, &submission.schedule, context).map_err(|error| {
        ServiceError::invalid(Code::InvalidSchedule, "schedule", error.to_string())
    })
}

/// The requestor says why, where the policy wants it (QA-7).
pub(super) fn justification(
    policy: &Policy,
    asker: Asker,
    submission: &Submission,
) -> Result<(), ServiceError> {
    let given = submission
        .justification
        .as_ref()
        .is_some_and(|text| !text.trim().is_empty());
    let wanted = asker == Asker::User && policy.settings.approval.requestor_justification_required;
    if wanted && !given {
        return Err(ServiceError::invalid(
            Code::JustificationRequired,
            "justification",
            "the policy wants a justification",
        ));
    }
    Ok(())
}

/// Only administrators may skip approval (AP-12).
pub(super) fn bypass(asker: Asker, submission: &Submission) -> Result<(), ServiceError> {
    if asker == Asker::User && submission.bypass_approval == Some(true) {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "parameters/bypassApproval",
            "only a direct assignment may bypass approval",
        ));
    }
    Ok(())
}

/// The assignment is in a state that can be changed or ended.
pub(super) fn can_change(state: AssignmentState, removes: bool) -> Result<(), ServiceError> {
    let fits = match state {
        AssignmentState::Delivered | AssignmentState::PartiallyDelivered => true,
        AssignmentState::Delivering | AssignmentState::DeliveryFailed => removes,
        AssignmentState::Expired => false,
    };
    if fits {
        return Ok(());
    }
    Err(ServiceError::refused(
        Code::InvalidAssignmentState,
        format!(
            "an assignment that is {state} cannot be {}",
            if removes { "removed" } else { "updated" }
        ),
    ))
}

/// Holders may give the assignment back by this policy (section 6.1).
pub(super) fn may_remove(policy: &Policy, asker: Asker) -> Result<(), ServiceError> {
    if asker == Asker::User && !policy.settings.requestors.self_remove {
        return Err(ServiceError::refused(
            Code::PolicyRequirementsNotMet,
            "the policy does not let holders give the access package back",
        ));
    }
    Ok(())
}

/// Holders may change the assignment by this policy, and are still in its scope (AS-7).
pub(super) fn may_update(
    policy: &Policy,
    asker: Asker,
    facts: &Target,
) -> Result<(), ServiceError> {
    if asker == Asker::Administrator {
        return Ok(());
    }
    if !policy.can_extend {
        return Err(ServiceError::refused(
            Code::PolicyRequirementsNotMet,
            "the policy does not let holders extend the assignment",
        ));
    }
    in_scope(policy, asker, facts)
}
