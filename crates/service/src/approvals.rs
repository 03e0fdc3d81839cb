//! Approvals: decide a stage, and what that leads to (semantics 2.7).

use auth::decide::Access;
use auth::roles::Action;
use domain::activity::Activity;
use domain::approval::{Approver, NotDecidable, Stage, StageStatus, Verdict, can_decide, is_asked};
use domain::assignment_request::{AssignmentRequest, Event, State};
use domain::id::{ObjectId, RequestId, StageId};
use domain::notice::Occasion;
use store::{ReadTx, WriteTx};

use crate::assignment_requests::{self, routing};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize, notices};

/// A decision as it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub justification: Option<String>,
}

/// Decides a stage (AP-10).
pub async fn decide(
    service: &Service,
    ctx: &Ctx,
    approval: RequestId,
    stage: StageId,
    decision: Decision,
) -> Result<(), ServiceError> {
    let activity = if decision.verdict == Verdict::Approved {
        Activity::ApproveRequest
    } else {
        Activity::DenyRequest
    };
    let done = try_to_decide(service, ctx, approval, stage, decision).await;
    match &done {
        Ok(()) => service.wake(),
        Err(error) => {
            let event = audit::success(activity, "AccessPackageAssignmentRequest", approval, None);
            audit::refusal(service, ctx, event, error).await?;
        }
    }
    done
}

async fn try_to_decide(
    service: &Service,
    ctx: &Ctx,
    approval: RequestId,
    stage: StageId,
    decision: Decision,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::Decide)?;
    let user = authorize::as_requestor(ctx, Access::Write)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| decide_stage(tx, &moment, &ctx, user, approval, stage, &decision))
        .await
}

fn decide_stage(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    user: ObjectId,
    approval: RequestId,
    stage: StageId,
    decision: &Decision,
) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("approval", approval);
    let request = store::assignment_request::find(tx, approval)?.ok_or_else(unknown)?;
    let mut stage = store::approval::find(tx, approval, stage)?.ok_or_else(unknown)?;
    let asked = asks(tx, &stage, &request, user)?;
    if !asked && !assignment_requests::is_known(tx, ctx, &request)? {
        return Err(unknown());
    }
    can_decide(&stage, asked, decision.justification.as_deref()).map_err(refused)?;
    if request.state != State::PendingApproval {
        return Err(refused(NotDecidable::NotOpen));
    }

    let reviewer = store::directory::object::find(tx, user)?;
    stage.status = StageStatus::Completed;
    stage.verdict = decision.verdict;
    stage.justification = decision.justification.clone();
    stage.reviewed_by = Some(user);
    stage.reviewed_by_name = reviewer.as_ref().and_then(|one| one.display_name.clone());
    stage.reviewed_by_principal_name = reviewer.and_then(|one| one.user_principal_name);
    stage.reviewed_at = Some(moment.now);
    store::approval::save(tx, &stage)?;
    if decision.verdict == Verdict::Denied {
        return deny(tx, moment, ctx, request);
    }
    advance(tx, moment, ctx, request, &stage)
}

/// The stage was approved: the next one opens, or everything is agreed (T6, T7).
fn advance(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    let done = audit::success(
        Activity::CompleteApprovalStage,
        "AccessPackageAssignmentRequest",
        request.id,
        None,
    );
    audit::record(tx, moment, ctx, done.with("stage", stage.ordinal + 1))?;
    let next = store::approval::of_request(tx, request.id)?
        .into_iter()
        .find(|one| one.status == StageStatus::Initializing);
    if let Some(next) = next {
        notices::stage_approved(tx, moment, &request, stage)?;
        return routing::open_next(tx, moment, ctx, &mut request, next);
    }
    let approved = audit::success(
        Activity::ApproveRequest,
        "AccessPackageAssignmentRequest",
        request.id,
        None,
    );
    audit::record(tx, moment, ctx, approved)?;
    notices::stage_approved(tx, moment, &request, stage)?;
    routing::agreed(tx, moment, ctx, &mut request)
}

fn deny(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
) -> Result<(), ServiceError> {
    request
        .take(Event::Denied, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment_request::save(tx, &request)?;
    notices::refused(tx, moment, &request, Occasion::RequestDenied)?;
    let event = audit::success(
        Activity::DenyRequest,
        "AccessPackageAssignmentRequest",
        request.id,
        None,
    );
    audit::record(tx, moment, ctx, event)?;
    Ok(())
}

/// Whether a stage of the request names the user, or a group that they are in, as an approver.
pub(crate) fn names(
    tx: &mut ReadTx<'_>,
    request: RequestId,
    user: ObjectId,
) -> Result<bool, ServiceError> {
    let mut me = vec![user];
    me.extend(store::directory::membership::transitive_groups_of(
        tx, user,
    )?);
    for stage in store::approval::of_request(tx, request)? {
        let approvers = store::approval::approvers(tx, stage.id)?;
        if approvers.iter().any(|one| me.contains(&one.principal_id)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the user is asked in this stage now (AP-9, AP-16).
fn asks(
    tx: &mut ReadTx<'_>,
    stage: &Stage,
    request: &AssignmentRequest,
    user: ObjectId,
) -> Result<bool, ServiceError> {
    let approvers = store::approval::approvers(tx, stage.id)?;
    let mut own = vec![request.created_by];
    own.extend(store::subject::find(tx, request.target_id)?.and_then(|subject| subject.object_id));
    asks_of(tx, stage, &approvers, &own, user)
}

/// The same with these approvers, about a request of these people.
pub(crate) fn asks_of(
    tx: &mut ReadTx<'_>,
    stage: &Stage,
    approvers: &[Approver],
    own: &[ObjectId],
    user: ObjectId,
) -> Result<bool, ServiceError> {
    let mut me = vec![user];
    me.extend(store::directory::membership::transitive_groups_of(
        tx, user,
    )?);
    let standing = standing(tx, approvers)?;
    Ok(is_asked(stage, approvers, &me, own, |principal| {
        standing.contains(&principal)
    }))
}

/// Those of the principals that stand for anybody: users that are there, groups with a member (AP-7, AP-8).
pub(crate) fn standing(
    tx: &mut ReadTx<'_>,
    approvers: &[Approver],
) -> Result<Vec<ObjectId>, ServiceError> {
    let mut standing = Vec::new();
    for approver in approvers {
        let stands = match store::directory::object::find(tx, approver.principal_id)? {
            Some(object) if object.kind == domain::directory::ObjectKind::Group => {
                let members =
                    store::directory::membership::transitive_members(tx, approver.principal_id)?;
                !members.is_empty()
            }
            Some(_) => true,
            None => false,
        };
        if stands {
            standing.push(approver.principal_id);
        }
    }
    Ok(standing)
}

fn refused(why: NotDecidable) -> ServiceError {
    match why {
        NotDecidable::NotAsked => ServiceError::refused(
            Code::AccessDenied,
            "the caller is not an approver of this stage; nobody decides about a request of their own",
        ),
        NotDecidable::NotOpen => ServiceError::refused(
            Code::Conflict,
            "the stage is not open for a decision any more",
        ),
        NotDecidable::JustificationRequired => ServiceError::invalid(
            Code::InvalidModel,
            "justification",
            "the stage wants a justification with the decision",
        ),
    }
}

/// The stages that wait for this user's decision now: for `filterByCurrentUser(on='approver')` (AP-13) and
/// `assignedToMe` (AP-11).
pub async fn waiting_for(
    service: &Service,
    user: ObjectId,
) -> Result<Vec<(RequestId, StageId)>, ServiceError> {
    attend(service).await?;
    service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            let mut me = vec![user];
            me.extend(store::directory::membership::transitive_groups_of(
                tx, user,
            )?);
            let mut waiting = Vec::new();
            for stage in store::approval::open_for(tx, &me)? {
                let Some(request) = store::assignment_request::find(tx, stage.request_id)? else {
                    continue;
                };
                let open = request.state == State::PendingApproval;
                if open && asks(tx, &stage, &request, user)? {
                    waiting.push((stage.request_id, stage.id));
                }
            }
            Ok(waiting)
        })
        .await
}

/// Most stages without approvers that are looked at again in one go; those that have waited longest come first.
const UNATTENDED: i64 = 100;

/// Names approvers of the stages that had none, where there are some by now (AP-8). Mostly there is nothing to write, and
/// nothing is.
async fn attend(service: &Service) -> Result<(), ServiceError> {
    let found = service
        .store
        .read(|tx| -> Result<Vec<StageId>, ServiceError> {
            let mut found = Vec::new();
            for stage in store::approval::unattended(tx, UNATTENDED)? {
                let request = store::assignment_request::find(tx, stage.request_id)?;
                if let Some(request) = request
                    && !routing::found_now(tx, &request, &stage)?.is_empty()
                {
                    found.push(stage.id);
                }
            }
            Ok(found)
        })
        .await?;
    if found.is_empty() {
        return Ok(());
    }
    let (moment, ctx) = (service.moment(), service.system());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            for stage in store::approval::unattended(tx, UNATTENDED)? {
                let request = store::assignment_request::find(tx, stage.request_id)?;
                if let Some(request) = request.filter(|_| found.contains(&stage.id)) {
                    routing::resolve_again(tx, &moment, &ctx, &request, &stage)?;
                }
            }
            Ok(())
        })
        .await?;
    service.wake();
    Ok(())
}
