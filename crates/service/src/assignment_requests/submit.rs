//! Submitting a request: every check in the order of RQ-6, then the row, its audit event and its way on, in one
//! transaction.

use auth::decide::Access;
use auth::roles::Action;
use domain::activity::Activity;
use domain::assignment::Assignment;
use domain::assignment_request::{
    AssignmentRequest, Event as RequestEvent, Purpose, RequestType, State,
};
use domain::flaw::check_name;
use domain::guest::MailAddress;
use domain::id::{AccessPackageId, ObjectId, RequestId, SubjectId};
use domain::policy::{
    AccessChange, ApprovalExemptions, Asker, EffectiveSchedule, Policy, RequestedSchedule,
    Scrutiny, Target,
};
use domain::submission::{Addressee, Submission, TargetReference};
use store::access_package::AccessPackage;
use store::subject::Subject;
use store::{ReadTx, WriteTx};

use super::{answers, approver_remove, checks, creation_activity, eligibility, on_behalf, routing};
use crate::content::flawed;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::settings::Settings;
use crate::{audit, authorize, guards, guests, user_attributes};

/// Submits a request; answers it as it stands after routing.
pub async fn submit(
    service: &Service,
    ctx: &Ctx,
    submission: Submission,
) -> Result<AssignmentRequest, ServiceError> {
    let about = submission.access_package_id;
    let (activity, only_asks) = (
        creation_activity(submission.request_type, submission.is_extension),
        submission.is_validation_only,
    );
    let done = try_to_submit(service, ctx, submission).await;
    match &done {
        Ok(_) => service.wake(),
        Err(error) if !only_asks => {
            let about = about.map(|package| package.to_string()).unwrap_or_default();
            let event = audit::success(activity, "AccessPackage", about, None);
            audit::refusal(service, ctx, event, error).await?;
        }
        Err(_) => {}
    }
    done
}

async fn try_to_submit(
    service: &Service,
    ctx: &Ctx,
    submission: Submission,
) -> Result<AssignmentRequest, ServiceError> {
    let asker = asker(submission.request_type)?;
    match asker {
        Asker::User if submission.request_type == RequestType::ApproverRemove => {
            authorize::in_tenant(ctx, Action::ApproverRemove)?;
            authorize::as_requestor(ctx, Access::Write).map(drop)?;
        }
        Asker::Administrator => authorize::admitted(ctx, Action::AdminRequest)?,
        Asker::User => drop(authorize::as_requestor(ctx, Access::Write)?),
    }
    let moment = service.moment();
    let settings = service.settings.clone();
    let ctx = ctx.clone();
    service
        .store
        .write(move |tx| -> Result<AssignmentRequest, ServiceError> {
            let case = Case {
                moment: &moment,
                ctx: &ctx,
                settings: &settings,
                asker,
            };
            match submission.request_type.purpose() {
                Purpose::Add => add(tx, &case, &submission),
                Purpose::Remove | Purpose::Update => change(tx, &case, &submission),
                Purpose::Enforce => Err(unsupported(submission.request_type)),
            }
        })
        .await
}

/// What all checks of one submission share.
struct Case<'a> {
    moment: &'a Moment,
    ctx: &'a Ctx,
    settings: &'a Settings,
    asker: Asker,
}

/// Who may submit this type at all (semantics 2.1).
fn asker(request_type: RequestType) -> Result<Asker, ServiceError> {
    match request_type {
        RequestType::UserAdd
        | RequestType::UserUpdate
        | RequestType::UserRemove
        | RequestType::ApproverRemove => Ok(Asker::User),
        RequestType::AdminAdd | RequestType::AdminUpdate | RequestType::AdminRemove => {
            Ok(Asker::Administrator)
        }
        RequestType::SystemAdd | RequestType::SystemUpdate | RequestType::SystemRemove => {
            Err(unsupported(request_type))
        }
    }
}

fn unsupported(request_type: RequestType) -> ServiceError {
    ServiceError::invalid(
        Code::InvalidModel,
        "requestType",
        format!(
            "`{request_type}` cannot be submitted; expected userAdd, userUpdate, userRemove, adminAdd, adminUpdate, adminRemove or approverRemove"
        ),
    )
}

fn add(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
) -> Result<AssignmentRequest, ServiceError> {
    let package_id = submission.access_package_id.ok_or_else(|| {
        ServiceError::invalid(
            Code::InvalidModel,
            "assignment/accessPackageId",
            "a request that adds must name an access package",
        )
    })?;
    let unknown = || ServiceError::not_found("access package", package_id);
    let (package, terms) =
        store::access_package::find_with_terms(tx, package_id)?.ok_or_else(unknown)?;
    if case.asker == Asker::Administrator {
        authorize::in_catalog_known_by(
            case.ctx,
            Action::AdminRequest,
            Action::ReadCatalogContent,
            package.catalog_id,
            unknown,
        )?;
    }
    let found = match target(tx, case, submission) {
        refused @ (Ok(_) | Err(ServiceError::Refused { .. })) => refused,
        Err(broken) => return Err(broken),
    };
    if case.asker == Asker::User && submission.target.is_some() {
        may_ask_for(tx, case, submission, package_id, found.as_ref().ok())?;
    }
    let target = found?;
    let (policies, named) = policies_in_sight(tx, case, submission, package_id, &target)?;
    let scrutiny = Scrutiny::of(policies.iter().chain(&named));
    let facts = facts(tx, &target, scrutiny)?;
    let policy = choose_policy(
        case,
        submission,
        package_id,
        &target,
        (&policies, named),
        &facts,
    )?;
    let in_the_way = store::assignment_request::in_the_way(tx, target.id, package_id)?;
    let judged = eligibility::Case {
        moment: case.moment,
        ctx: case.ctx,
        asker: case.asker,
        package: &package,
        terms,
        target: Some(target.id),
        in_the_way,
        facts: &facts,
        policies: &policies,
        policy: &policy,
        submission,
    };
    eligibility::all(tx, &judged)?;
    let schedule = checks::schedule(&policy, submission, case.asker, case.moment.now, false)?;

    if !submission.is_validation_only {
        crate::connected_organizations::propose(
            tx,
            case.moment,
            case.ctx,
            &policy,
            &facts,
            target.email.as_deref(),
        )?;
    }
    let request = new_request(tx, case, submission, &target, &policy, &schedule)?;
    let needed = policy.settings.approval.is_needed(
        AccessChange::Add,
        case.asker,
        ApprovalExemptions {
            bypass: request.bypass_approval,
            admin_add_auto_approves: case.settings.admin_add_auto_approves,
        },
    );
    store_and_route(tx, case, submission, (request, &target), &policy, needed)
}

/// Updates and removals of an existing assignment.
fn change(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
) -> Result<AssignmentRequest, ServiceError> {
    let assignment_id = submission.assignment_id.ok_or_else(|| {
        ServiceError::invalid(
            Code::InvalidModel,
            "assignment/id",
            "a request that changes or removes must name the assignment",
        )
    })?;
    let unknown = || ServiceError::not_found("assignment", assignment_id);
    let assignment = store::assignment::find(tx, assignment_id)?.ok_or_else(unknown)?;
    let package =
        store::access_package::find(tx, assignment.access_package_id)?.ok_or_else(unknown)?;
    let target = store::subject::find(tx, assignment.target_id)?.ok_or_else(unknown)?;
    let policy = policy_to_change(tx, case, submission, &assignment, &package, &target)?;
    let removes = submission.request_type.purpose() == Purpose::Remove;
    let by_approver = submission.request_type == RequestType::ApproverRemove;
    if by_approver && submission.schedule != RequestedSchedule::default() {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "schedule",
            "what an approver takes back ends at once; there is no schedule for it",
        ));
    }
    checks::can_change(assignment.state, removes)?;
    if removes {
        if !by_approver {
            checks::may_remove(&policy, case.asker)?;
        }
        super::withdraw::make_way_for_removal(tx, case.moment, case.ctx, &assignment, case.asker)?;
    } else {
        let object = checks::present_object(&target)?;
        let facts = checks::target_facts(tx, object, Scrutiny::of([&policy]))?;
        checks::may_update(&policy, case.asker, &facts)?;
        checks::justification(&policy, case.asker, submission)?;
    }
    checks::nothing_open(tx, assignment.target_id, assignment.access_package_id)?;
    checks::bypass(case.asker, submission)?;
    let schedule = if removes {
        EffectiveSchedule {
            starts_at: case.moment.now,
            ends_at: None,
            lasts_for: None,
        }
    } else if submission.only_answers() {
        EffectiveSchedule {
            starts_at: case.moment.now,
            ends_at: assignment.ends_at,
            lasts_for: None,
        }
    } else {
        checks::schedule(&policy, submission, case.asker, case.moment.now, true)?
    };
    if !removes {
        not_renewed_against_the_rules(tx, case, &assignment, &target, &schedule)?;
    }
    let mut request = new_request(tx, case, submission, &target, &policy, &schedule)?;
    request.assignment_id = Some(assignment_id);
    if !removes {
        let questions = user_attributes::questions(tx, &policy, target.object_id)?;
        request.answers = answers::changed(tx, &questions, submission, target.id, package.id)?;
    }
    let needed = !removes
        && policy.settings.approval.is_needed(
            AccessChange::Update,
            case.asker,
            ApprovalExemptions {
                bypass: request.bypass_approval,
                admin_add_auto_approves: case.settings.admin_add_auto_approves,
            },
        );
    store_and_route(tx, case, submission, (request, &target), &policy, needed)
}

/// Whoever holds what does not go together keeps it, and does not get more time for it (SD-3).
fn not_renewed_against_the_rules(
    tx: &mut ReadTx<'_>,
    case: &Case<'_>,
    assignment: &Assignment,
    target: &Subject,
    schedule: &EffectiveSchedule,
) -> Result<(), ServiceError> {
    let end = schedule.ends_after_start(case.moment.now);
    if !routing::ends_later(assignment.ends_at, end) {
        return Ok(());
    }
    let (package, object) = (assignment.access_package_id, target.object_id);
    match guards::incompatible(tx, case.moment, package, Some(target.id), object)? {
        Some(blocker) => Err(blocker.refusal(tx, case.ctx)?),
        None => Ok(()),
    }
}

/// The policy of an assignment that the caller may change or end, as it is for this caller. To others the assignment does not
/// exist, or they are told why not.
fn policy_to_change(
    tx: &mut ReadTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
    assignment: &Assignment,
    package: &AccessPackage,
    target: &Subject,
) -> Result<Policy, ServiceError> {
    let unknown = || ServiceError::not_found("assignment", assignment.id);
    if case.asker == Asker::Administrator {
        authorize::in_catalog_known_by(
            case.ctx,
            Action::AdminRequest,
            Action::ReadRequests,
            package.catalog_id,
            unknown,
        )?;
    }
    let policy = store::assignment_policy::find_policy(tx, assignment.assignment_policy_id)?
        .ok_or_else(unknown)?;
    if submission.request_type == RequestType::ApproverRemove {
        approver_remove::check(tx, case.ctx, assignment, package.catalog_id, submission)?;
        return Ok(policy);
    }
    let user = authorize::user_of(case.ctx);
    if case.asker == Asker::Administrator || user == target.object_id {
        return Ok(policy);
    }
    let requestor = user.ok_or_else(unknown)?;
    let about = (target.id, target.object_id);
    let policy = on_behalf::as_seen_by(tx, policy, requestor, about)?;
    let may = match submission.request_type.purpose() {
        Purpose::Remove => policy.settings.requestors.self_remove,
        Purpose::Add | Purpose::Update | Purpose::Enforce => policy.can_extend,
    };
    may.then_some(policy).ok_or_else(unknown)
}

fn store_and_route(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
    (mut request, target): (AssignmentRequest, &Subject),
    policy: &Policy,
    approval: bool,
) -> Result<AssignmentRequest, ServiceError> {
    if submission.is_validation_only {
        return Ok(request);
    }
    // RQ-5: the answer shows the request as it was accepted; what routing does to it is the next read's to tell.
    let accepted = request.clone();
    let is_asked_at_once = approval && routing::asks_at_once(&request, policy);
    if is_asked_at_once {
        request
            .take(RequestEvent::ApprovalRequired, case.moment.now)
            .map_err(ServiceError::internal)?;
        request.version += 1;
    }
    store::assignment_request::insert(tx, &request)?;
    let mut event = audit::success(
        activity_of(&request, target),
        "AccessPackageAssignmentRequest",
        request.id,
        None,
    );
    if request.bypass_approval {
        event = event.with("approval", "bypassed by the request");
    } else if case.asker == Asker::Administrator && case.settings.admin_add_auto_approves {
        event = event.with("approval", "compat.adminAddAutoApproves");
    }
    audit::record(tx, case.moment, case.ctx, event)?;
    if is_asked_at_once {
        routing::open_approval(tx, case.moment, case.ctx, &request, policy)?;
    } else {
        routing::route(tx, case.moment, case.ctx, &mut request, policy, approval)?;
    }
    Ok(accepted)
}

/// The activity of a request that is made: asking for an application has a name of its own.
fn activity_of(request: &AssignmentRequest, target: &Subject) -> Activity {
    if request.request_type == RequestType::UserAdd && target.subject_type == "servicePrincipal" {
        return Activity::UserRequestsForServicePrincipal;
    }
    creation_activity(request.request_type, request.is_extension)
}

fn new_request(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
    target: &Subject,
    policy: &Policy,
    schedule: &EffectiveSchedule,
) -> Result<AssignmentRequest, ServiceError> {
    let created_by = authorize::object_of(case.ctx).unwrap_or(ObjectId::new(uuid::Uuid::nil()));
    let requestor = match authorize::object_of(case.ctx) {
        Some(object) => {
            let fresh = case.moment.id(SubjectId::new);
            store::subject::ensure(tx, object, fresh, case.moment.now)?
                .map_or(target.id, |one| one.id)
        }
        None => target.id,
    };
    Ok(AssignmentRequest {
        id: case.moment.id(RequestId::new),
        request_type: submission.request_type,
        is_extension: submission.is_extension,
        access_package_id: policy.access_package_id,
        assignment_policy_id: Some(policy.id),
        assignment_id: None,
        requestor_id: requestor,
        target_id: target.id,
        created_by,
        state: State::Submitted,
        status: State::Submitted.status().to_owned(),
        justification: submission.justification.clone(),
        answers: submission.answers_document.clone(),
        schedule: if submission.schedule.is_custom() {
            submission.schedule_document.clone()
        } else {
            super::schedule::effective(schedule.starts_at, schedule.ends_at, schedule.lasts_for)
        },
        starts_at: Some(schedule.starts_at),
        ends_at: schedule.ends_at,
        lasts_for: schedule.lasts_for,
        bypass_approval: submission.bypass_approval.unwrap_or(false),
        plan_due: false,
        failure: None,
        created_at: case.moment.now,
        delivering_since: None,
        completed_at: None,
        first_completed_at: None,
        version: 1,
    })
}

/// Whether a policy lets the requestor ask for somebody else. Asked before it is told whether there is such a person: who
/// may not ask learns nothing about who is there.
fn may_ask_for(
    tx: &mut ReadTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
    package: AccessPackageId,
    target: Option<&Subject>,
) -> Result<(), ServiceError> {
    let object = target.and_then(|target| target.object_id);
    let Some(requestor) = authorize::user_of(case.ctx).filter(|user| object != Some(*user)) else {
        return Ok(());
    };
    let nobody = case.moment.id(SubjectId::new);
    let about = (target.map_or(nobody, |target| target.id), object);
    let mut policies = Vec::new();
    for policy in store::assignment_policy::of_package(tx, package)? {
        policies.push(on_behalf::as_seen_by(tx, policy, requestor, about)?);
    }
    let wanted = submission
        .assignment_policy_id
        .filter(|id| policies.iter().any(|policy| policy.id == *id));
    let lets = policies.iter().any(|policy| {
        policy.settings.requestors.self_add && wanted.is_none_or(|id| policy.id == id)
    });
    if lets {
        Ok(())
    } else {
        Err(on_behalf::refusal())
    }
}

/// The subject that the request is for (ID-3, RQ-11).
fn target(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
) -> Result<Subject, ServiceError> {
    let fresh = case.moment.id(SubjectId::new);
    let found = match &submission.target {
        None if case.asker == Asker::Administrator => {
            return Err(ServiceError::invalid(
                Code::InvalidModel,
                "assignment/targetId",
                "a direct assignment must name its target",
            ));
        }
        None => match authorize::user_of(case.ctx) {
            Some(user) => store::subject::ensure(tx, user, fresh, case.moment.now)?,
            None => None,
        },
        Some(TargetReference::Id(id)) => {
            match store::subject::ensure(tx, *id, fresh, case.moment.now)? {
                Some(subject) => Some(subject),
                None => store::subject::find(tx, SubjectId::new(id.uuid()))?,
            }
        }
        Some(TargetReference::Email(addressee)) => {
            return by_address(tx, case, submission, addressee, fresh);
        }
    };
    let subject = found.ok_or_else(|| {
        let id = match &submission.target {
            Some(TargetReference::Id(id)) => id.to_string(),
            _ => "of the caller".to_owned(),
        };
        ServiceError::invalid(
            Code::SubjectNotFound,
            "assignment/targetId",
            format!("no user or service principal `{id}` exists in the directory"),
        )
    })?;
    Ok(subject)
}

/// What the policies need to know about the target: a directory object, or somebody known by an address only.
fn facts(tx: &mut ReadTx<'_>, target: &Subject, wanted: Scrutiny) -> Result<Target, ServiceError> {
    if let Some(address) = guests::address_of(target) {
        return guests::facts_of_stranger(tx, &address);
    }
    let object = checks::present_object(target)?;
    checks::target_facts(tx, object, wanted)
}

/// Whoever has the address: a user of the directory (RQ-11), or else somebody outside, whom only administrators name.
fn by_address(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
    addressee: &Addressee,
    fresh: SubjectId,
) -> Result<Subject, ServiceError> {
    const EMAIL: &str = "assignment/target/email";
    const NAME: &str = "assignment/target/displayName";
    if let Some(user) = store::subject::user_by_address(tx, &addressee.address)?
        && let Some(subject) = store::subject::ensure(tx, user, fresh, case.moment.now)?
    {
        return Ok(subject);
    }
    if case.asker == Asker::User {
        let message =
            "only a direct assignment can be for somebody whom the directory does not know";
        return Err(ServiceError::invalid(
            Code::ExternalAccessDisabled,
            EMAIL,
            message,
        ));
    }
    let address = MailAddress::parse(&addressee.address).map_err(|flaw| {
        ServiceError::invalid(Code::InvalidModel, EMAIL, format!("`{EMAIL}` {flaw}"))
    })?;
    if case.settings.is_own_domain(address.domain()) {
        let message = "the domain is the directory's own: its people are users, not guests";
        return Err(ServiceError::invalid(Code::InvalidModel, EMAIL, message));
    }
    let name = addressee.display_name.as_deref().unwrap_or(address.name());
    check_name(NAME, name).map_err(flawed)?;
    if name.contains(char::is_control) {
        let message = format!("`{NAME}` must not contain control characters");
        return Err(ServiceError::invalid(Code::InvalidModel, NAME, message));
    }
    let known = store::subject::find_by_address(tx, &address.key())?;
    if known.is_none() && submission.is_validation_only {
        return Ok(Subject {
            id: fresh,
            object_id: None,
            subject_type: "user".to_owned(),
            display_name: Some(name.to_owned()),
            email: Some(address.to_string()),
            principal_name: None,
        });
    }
    match known {
        Some(known) => Ok(known),
        None => Ok(store::subject::ensure_address(
            tx,
            &address,
            name,
            fresh,
            case.moment.now,
        )?),
    }
}

/// The policies of the package, as far as the asker has to go by them, and the one that the request names, if there is
/// such a policy.
fn policies_in_sight(
    tx: &mut ReadTx<'_>,
    case: &Case<'_>,
    submission: &Submission,
    package: AccessPackageId,
    target: &Subject,
) -> Result<(Vec<Policy>, Option<Policy>), ServiceError> {
    let mut policies = match case.asker {
        Asker::User => store::assignment_policy::of_package(tx, package)?,
        Asker::Administrator => Vec::new(),
    };
    if let Some(requestor) = on_behalf_of_another(case, target) {
        policies = on_behalf::all_as_seen_by(tx, policies, requestor, target)?;
    }
    let named = match submission.assignment_policy_id {
        Some(id) => match policies.iter().find(|policy| policy.id == id) {
            Some(policy) => Some(policy.clone()),
            None => store::assignment_policy::find_policy(tx, id)?,
        },
        None => None,
    };
    Ok((policies, named))
}

/// Whoever asks for somebody else as a user.
fn on_behalf_of_another(case: &Case<'_>, target: &Subject) -> Option<ObjectId> {
    authorize::user_of(case.ctx)
        .filter(|user| case.asker == Asker::User && target.object_id != Some(*user))
}

/// The policy that the request goes by (RQ-12, section 6.3).
fn choose_policy(
    case: &Case<'_>,
    submission: &Submission,
    package: AccessPackageId,
    target: &Subject,
    (policies, named): (&[Policy], Option<Policy>),
    facts: &Target,
) -> Result<Policy, ServiceError> {
    let requestor = on_behalf_of_another(case, target);
    if let Some(id) = submission.assignment_policy_id {
        let policy = named.ok_or_else(|| ServiceError::not_found("assignment policy", id))?;
        if policy.access_package_id != package {
            return Err(ServiceError::invalid(
                Code::PolicyNotApplicable,
                POLICY,
                format!("the policy `{id}` belongs to another access package"),
            ));
        }
        if requestor.is_some() && !policy.settings.requestors.self_add {
            return Err(on_behalf::refusal());
        }
        return Ok(policy);
    }
    if requestor.is_some()
        && !policies
            .iter()
            .any(|policy| policy.settings.requestors.self_add)
    {
        return Err(on_behalf::refusal());
    }
    if case.asker == Asker::Administrator {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            POLICY,
            "a direct assignment must name the policy that it goes by",
        ));
    }
    the_policy_for(policies, facts).cloned()
}

/// Where a request names its policy.
const POLICY: &str = "assignment/assignmentPolicyId";

/// The policy that a request goes by which names none: the only one of the best rank (PO-10).
pub(crate) fn the_policy_for<'p>(
    policies: &'p [Policy],
    facts: &Target,
) -> Result<&'p Policy, ServiceError> {
    match domain::policy::applicable(policies, facts).as_slice() {
        [] => Err(ServiceError::refused(
            Code::PolicyNotApplicable,
            "no policy of the access package lets the target ask for it",
        )),
        [only] => Ok(only),
        several => {
            let names: Vec<_> = several.iter().map(|one| format!("`{}`", one.id)).collect();
            Err(ServiceError::invalid(
                Code::PolicySelectionRequired,
                POLICY,
                format!("several policies apply; choose one of {}", names.join(", ")),
            ))
        }
    }
}
