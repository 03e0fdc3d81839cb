//! Where a request goes once it is stored: to its approvers, to its start date, or straight to delivery (T3 to T7, T11).

use domain::activity::Activity;
use domain::approval::{Approver, Stage as ApprovalStageRow, StageStatus, Tier, Verdict};
use domain::assignment::{self, Assignment};
use domain::assignment_request::{AssignmentRequest, Event, Purpose};
use domain::connected_organization::SponsorKind;
use domain::extension::Stage;
use domain::id::{AssignmentId, ConnectedOrganizationId, ObjectId, RequestId, StageId, SubjectId};
use domain::policy::{ApprovalStage, EffectiveSchedule, Policy};
use domain::subject_set::SubjectSet;
use domain::time::Timestamp;
use store::{ReadTx, WriteTx};

use super::{on_behalf, schedule, withdraw};
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::{audit, automatic, callouts, guards, guests, notices, planning};

/// Routes a request that was just stored: extensions that hear of it first, then whoever has to agree.
pub(crate) fn route(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
    policy: &Policy,
    approval: bool,
) -> Result<(), ServiceError> {
    if calls(policy, Stage::RequestCreated)
        && callouts::reach(tx, moment, request, Stage::RequestCreated, None)?
    {
        store::assignment_request::save(tx, request)?;
        request.version += 1;
        return Ok(());
    }
    proceed(tx, moment, ctx, request, policy, approval)
}

/// Whether the policy calls an extension at a stage. Its rows of settings say what its document says.
fn calls(policy: &Policy, stage: Stage) -> bool {
    let mut settings = policy.settings.extensions.iter();
    settings.any(|setting| setting.stage == stage)
}

/// Whether a new request that needs approval comes to its approvers without anything in between: no extension hears of it
/// first, and none says who they are.
pub(crate) fn asks_at_once(request: &AssignmentRequest, policy: &Policy) -> bool {
    let first = policy.settings.approval.stages.first();
    let is_held_up = Stage::RequestCreated.is_reached_by(request.request_type)
        && calls(policy, Stage::RequestCreated);
    !is_held_up && first.is_none_or(|stage| stage.extension.is_none())
}

/// Nothing holds a stored request up any more: somebody has to agree, or nobody has to.
pub(crate) fn proceed(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
    policy: &Policy,
    approval: bool,
) -> Result<(), ServiceError> {
    if approval {
        let first = open_approval(tx, moment, ctx, request, policy)?;
        request
            .take(Event::ApprovalRequired, moment.now)
            .map_err(ServiceError::internal)?;
        if let Some(extension) = first.and_then(|stage| stage.extension_id) {
            callouts::ask_for_approvers(tx, moment, request, extension)?;
        }
        store::assignment_request::save(tx, request)?;
        request.version += 1;
        return Ok(());
    }
    if request.request_type.purpose() != Purpose::Remove {
        let event = event(Activity::AutoApproveRequest, request);
        audit::record(tx, moment, ctx, event)?;
    }
    agreed(tx, moment, ctx, request)
}

/// Whoever had to agree did: extensions that hear of it, then the delivery (T7).
pub(crate) fn agreed(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
) -> Result<(), ServiceError> {
    if callouts::reach(tx, moment, request, Stage::RequestApproved, None)? {
        store::assignment_request::save(tx, request)?;
        request.version += 1;
        return Ok(());
    }
    go(tx, moment, ctx, request)
}

/// Everything is agreed: deliver now, or wait for the start.
pub(crate) fn go(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
) -> Result<(), ServiceError> {
    if request.starts_at.is_some_and(|start| start > moment.now) {
        request
            .take(Event::StartsLater, moment.now)
            .map_err(ServiceError::internal)?;
        let event = event(Activity::ScheduleAssignment, request);
        audit::record(tx, moment, ctx, event)?;
    } else {
        start(tx, moment, ctx, request)?;
    }
    store::assignment_request::save(tx, request)?;
    request.version += 1;
    Ok(())
}

/// Enters delivery: the assignment appears, or begins to go (RQ-16, A1, A9). The caller saves the request.
pub(crate) fn start(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
) -> Result<(), ServiceError> {
    request
        .take(Event::Started, moment.now)
        .map_err(ServiceError::internal)?;
    match request.request_type.purpose() {
        Purpose::Add => {
            let assignment = make_assignment(tx, moment, request)?;
            request.assignment_id = Some(assignment.id);
        }
        Purpose::Remove => {
            suppress(tx, moment, request)?;
            if let Some(assignment) = find_assignment(tx, request)? {
                withdraw::removal_started(tx, moment, assignment)?;
            }
        }
        Purpose::Update => change_dates(tx, moment, ctx, request)?,
        Purpose::Enforce => move_assignment(tx, moment, request, assignment::Event::Reprocessed)?,
    }
    audit::record(tx, moment, ctx, planning::ready_to_fulfill(request))?;
    Ok(())
}

fn make_assignment(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<Assignment, ServiceError> {
    let policy = request.assignment_policy_id.ok_or_else(|| {
        ServiceError::internal(store::Error::corrupt(
            "assignment_request",
            "assignment_policy_id",
            request.id,
            "no policy for a request that adds",
        ))
    })?;
    let assignment = Assignment {
        id: moment.id(AssignmentId::new),
        access_package_id: request.access_package_id,
        assignment_policy_id: policy,
        target_id: request.target_id,
        state: assignment::State::Delivering,
        status: assignment::State::Delivering.status().to_owned(),
        schedule: schedule::effective(moment.now, end_of(request, moment), None),
        starts_at: moment.now,
        ends_at: end_of(request, moment),
        is_extended: false,
        expired_at: None,
        created_at: moment.now,
        modified_at: moment.now,
        version: 1,
    };
    store::assignment::insert(tx, &assignment)?;
    Ok(assignment)
}

/// When access ends that begins now (SC-2, SC-3).
fn end_of(request: &AssignmentRequest, moment: &Moment) -> Option<Timestamp> {
    EffectiveSchedule {
        starts_at: moment.now,
        ends_at: request.ends_at,
        lasts_for: request.lasts_for,
    }
    .ends_after_start(moment.now)
}

/// Somebody takes an assignment on purpose: a rule does not give it back (AU-9).
fn suppress(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let Some(id) = request.assignment_id else {
        return Ok(());
    };
    match store::assignment::find(tx, id)? {
        Some(held) => automatic::suppress(tx, moment, &held, "somebody ended the assignment"),
        None => Ok(()),
    }
}

fn find_assignment(
    tx: &mut WriteTx<'_>,
    request: &AssignmentRequest,
) -> Result<Option<Assignment>, store::Error> {
    match request.assignment_id {
        Some(id) => store::assignment::find(tx, id),
        None => Ok(None),
    }
}

fn move_assignment(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    event: assignment::Event,
) -> Result<(), ServiceError> {
    let Some(mut assignment) = find_assignment(tx, request)? else {
        return Ok(());
    };
    assignment
        .take(event, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment::save(tx, &assignment)?;
    Ok(())
}

/// An update changes the dates of the assignment, nothing else (RQ-18, A11).
fn change_dates(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let Some(id) = request.assignment_id else {
        return Ok(());
    };
    let Some(mut assignment) = store::assignment::find(tx, id)? else {
        return Ok(());
    };
    let status = assignment.status.clone();
    assignment
        .take(assignment::Event::Updated, moment.now)
        .map_err(ServiceError::internal)?;
    assignment.status = status;
    let end = end_of(request, moment);
    let later = ends_later(assignment.ends_at, end);
    assignment.is_extended |= later;
    assignment.ends_at = end;
    assignment.schedule = schedule::effective(assignment.starts_at, end, None);
    store::assignment::save(tx, &assignment)?;
    if later {
        let event = audit::success(
            Activity::ExtendAssignment,
            "AccessPackageAssignment",
            assignment.id,
            None,
        )
        .with("request", request.id);
        audit::record(tx, moment, ctx, event)?;
    }
    Ok(())
}

/// Whether an end that changes gives more time.
pub(crate) fn ends_later(before: Option<Timestamp>, after: Option<Timestamp>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Copies the stages of the policy into the approval of the request and opens the first, unless an extension has to say
/// first who decides in it (AP-15). Answers with the first.
pub(crate) fn open_approval(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
    policy: &Policy,
) -> Result<Option<ApprovalStageRow>, ServiceError> {
    let mut asked = Asked::About(request.target_id);
    let mut first = None;
    for (ordinal, settings) in (0_i64..).zip(&policy.settings.approval.stages) {
        let mut stage = stage_of(moment.id(StageId::new), request.id, ordinal, settings);
        if ordinal == 0 && stage.extension_id.is_none() {
            stage.open(moment.now);
        }
        let approvers = approvers_for(tx, &mut asked, settings)?;
        store::approval::insert(tx, &stage, &approvers)?;
        first = first.or(Some(stage));
    }
    if let Some(stage) = first.as_ref().filter(|stage| stage.extension_id.is_none()) {
        stage_opened(tx, moment, ctx, request, stage)?;
    }
    Ok(first)
}

/// The turn of a stage comes after another one was approved (T6): it opens, or its extension is asked who decides.
pub(crate) fn open_next(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
    stage: ApprovalStageRow,
) -> Result<(), ServiceError> {
    let Some(extension) = stage.extension_id else {
        return open(tx, moment, ctx, request, stage);
    };
    request
        .take(Event::StageApproved, moment.now)
        .map_err(ServiceError::internal)?;
    callouts::ask_for_approvers(tx, moment, request, extension)?;
    Ok(store::assignment_request::save(tx, request)?)
}

/// The extension has said who decides in the stage that waits (AP-15).
pub(crate) fn determined(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
) -> Result<(), ServiceError> {
    let stages = store::approval::of_request(tx, request.id)?;
    let waiting = stages
        .into_iter()
        .find(|stage| stage.status == StageStatus::Initializing);
    match waiting {
        Some(stage) => open(tx, moment, ctx, request, stage),
        None => Ok(()),
    }
}

fn open(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
    mut stage: ApprovalStageRow,
) -> Result<(), ServiceError> {
    stage.open(moment.now);
    store::approval::save(tx, &stage)?;
    request
        .take(Event::StageApproved, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment_request::save(tx, request)?;
    stage_opened(tx, moment, ctx, request, &stage)
}

/// A stage as the policy describes it; its turn has not come.
pub(crate) fn stage_of(
    id: StageId,
    request_id: RequestId,
    ordinal: i64,
    settings: &ApprovalStage,
) -> ApprovalStageRow {
    ApprovalStageRow {
        id,
        request_id,
        ordinal,
        display_name: Some(format!("Stage {}", ordinal + 1)),
        extension_id: settings.extension,
        status: StageStatus::Initializing,
        verdict: Verdict::NotReviewed,
        is_approver_justification_required: settings.approver_justification_required,
        justification: None,
        reviewed_by: None,
        reviewed_by_name: None,
        reviewed_by_principal_name: None,
        reviewed_at: None,
        lasts_for: settings.lasts_for,
        escalates_after: settings.escalates_after,
        opened_at: None,
        due_at: None,
        escalates_at: None,
        is_escalated: false,
        version: 1,
    }
}

/// Approvers are told of a stage that waits for them. Where there is nobody, the request waits all the same, until somebody
/// is there or its time is over, and the log warns of it (AP-8).
pub(crate) fn stage_opened(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
    stage: &ApprovalStageRow,
) -> Result<(), ServiceError> {
    if notices::stage_opened(tx, moment, request, stage)? {
        return Ok(());
    }
    warn_of_nobody(tx, moment, ctx, request, "openStage")
}

fn warn_of_nobody(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
    operation: &str,
) -> Result<(), ServiceError> {
    let event = event(Activity::UpdateRequest, request)
        .with("operation", operation)
        .with("warning", "nobody can decide about this stage");
    Ok(audit::record(tx, moment, ctx, event)?)
}

/// Looks again for who is to decide in an open stage that asks nobody: the target may have a manager by now, and the
/// organization a sponsor (AP-8). Whoever is found is told. The log warns if that is nobody still.
pub(crate) fn resolve_again(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
    stage: &ApprovalStageRow,
) -> Result<(), ServiceError> {
    const OPERATION: &str = "resolveApprovers";
    if !notices::asks_nobody(tx, request, stage)? {
        return Ok(());
    }
    let found = found_now(tx, request, stage)?;
    store::approval::add_approvers(tx, stage.id, &found)?;
    if !notices::stage_opened(tx, moment, request, stage)? {
        return warn_of_nobody(tx, moment, ctx, request, OPERATION);
    }
    let event = event(Activity::UpdateRequest, request)
        .with("operation", OPERATION)
        .with("stage", stage.ordinal + 1);
    Ok(audit::record(tx, moment, ctx, event)?)
}

/// Approvers whom the policy means now, and whom the stage does not name yet.
pub(crate) fn found_now(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    stage: &ApprovalStageRow,
) -> Result<Vec<Approver>, ServiceError> {
    let Some(settings) = settings_of(tx, request, stage)? else {
        return Ok(Vec::new());
    };
    let target = guards::target_object(tx, request.target_id)?;
    let named = store::approval::approvers(tx, stage.id)?;
    let mut found = approvers(tx, target, &settings)?;
    found.retain(|approver| !named.contains(approver));
    Ok(found)
}

/// What says who decides in a stage of a request: the answer of its extension, or the policy as it is now.
pub(crate) fn settings_of(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    stage: &ApprovalStageRow,
) -> Result<Option<ApprovalStage>, ServiceError> {
    if stage.extension_id.is_some() {
        return Ok(store::approval::answered(tx, stage.id)?);
    }
    let policy = match request.assignment_policy_id {
        Some(id) => store::assignment_policy::find_policy(tx, id)?,
        None => None,
    };
    let ordinal = usize::try_from(stage.ordinal).unwrap_or(usize::MAX);
    let stages = policy.map(|policy| policy.settings.approval.stages);
    Ok(stages.and_then(|stages| stages.into_iter().nth(ordinal)))
}

/// The users and groups that a stage names for a request.
pub(crate) fn approvers_of(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    settings: &ApprovalStage,
) -> Result<Vec<Approver>, ServiceError> {
    approvers_for(tx, &mut Asked::About(request.target_id), settings)
}

/// The users and groups that a stage names for a target; managers are looked up now (AP-16).
pub(crate) fn approvers(
    tx: &mut ReadTx<'_>,
    target: Option<ObjectId>,
    settings: &ApprovalStage,
) -> Result<Vec<Approver>, ServiceError> {
    let organization = match target {
        Some(guest) => store::connected_organization::of_guest(tx, guest)?,
        None => None,
    };
    let organization = organization.map(|(id, _)| id);
    approvers_for(tx, &mut Asked::Known(target, organization), settings)
}

/// Whom approvers are looked for about: what their sets depend on is looked up at the first that does.
enum Asked {
    /// Nothing was looked up yet.
    About(SubjectId),
    /// The directory object, and the connected organization, as far as there are any.
    Known(Option<ObjectId>, Option<ConnectedOrganizationId>),
}

impl Asked {
    fn known(
        &mut self,
        tx: &mut ReadTx<'_>,
    ) -> Result<(Option<ObjectId>, Option<ConnectedOrganizationId>), ServiceError> {
        match *self {
            Self::Known(target, organization) => Ok((target, organization)),
            Self::About(subject) => {
                let target = guards::target_object(tx, subject)?;
                let organization = guests::organization_of(tx, subject)?;
                *self = Self::Known(target, organization);
                Ok((target, organization))
            }
        }
    }
}

/// The same for a target that may be known by an address only, and belongs to this connected organization.
fn approvers_for(
    tx: &mut ReadTx<'_>,
    asked: &mut Asked,
    settings: &ApprovalStage,
) -> Result<Vec<Approver>, ServiceError> {
    let mut found = Vec::new();
    if settings.extension.is_some() {
        // AP-15: whoever the policy may name beside the extension is not asked.
        return Ok(found);
    }
    for (tier, sets) in [
        (Tier::Primary, &settings.primary),
        (Tier::FallbackPrimary, &settings.fallback_primary),
        (Tier::Escalation, &settings.escalation),
        (Tier::FallbackEscalation, &settings.fallback_escalation),
    ] {
        for set in sets {
            for principal_id in principals(tx, asked, set)? {
                let approver = Approver { principal_id, tier };
                if !found.contains(&approver) {
                    found.push(approver);
                }
            }
        }
    }
    Ok(found)
}

/// The directory objects that a set stands for.
fn principals(
    tx: &mut ReadTx<'_>,
    asked: &mut Asked,
    set: &SubjectSet,
) -> Result<Vec<ObjectId>, ServiceError> {
    match set {
        SubjectSet::SingleUser(object)
        | SubjectSet::GroupMembers(object)
        | SubjectSet::SingleServicePrincipal(object) => Ok(vec![*object]),
        SubjectSet::RequestorManager { level } | SubjectSet::TargetManager { level } => {
            let (target, _) = asked.known(tx)?;
            Ok(on_behalf::manager_above(tx, target, *level)?
                .into_iter()
                .collect())
        }
        SubjectSet::InternalSponsors => {
            let (_, organization) = asked.known(tx)?;
            sponsors(tx, organization, SponsorKind::Internal)
        }
        SubjectSet::ExternalSponsors => {
            let (_, organization) = asked.known(tx)?;
            sponsors(tx, organization, SponsorKind::External)
        }
        SubjectSet::ConnectedOrganizationMembers(_)
        | SubjectSet::TargetUserSponsors
        | SubjectSet::TargetApplicationOwners
        | SubjectSet::TargetAgentIdentitySponsorsOrOwners
        | SubjectSet::AttributeRuleMembers { .. } => Ok(Vec::new()),
    }
}

/// Who speaks for the organization of the target (AP-16): nobody, where the target belongs to none.
fn sponsors(
    tx: &mut ReadTx<'_>,
    organization: Option<ConnectedOrganizationId>,
    kind: SponsorKind,
) -> Result<Vec<ObjectId>, ServiceError> {
    match organization {
        Some(organization) => Ok(store::connected_organization::sponsors(
            tx,
            organization,
            kind,
        )?),
        None => Ok(Vec::new()),
    }
}

fn event(activity: Activity, request: &AssignmentRequest) -> audit::Event {
    audit::success(activity, "AccessPackageAssignmentRequest", request.id, None)
}
