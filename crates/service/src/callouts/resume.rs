//! Resume: the answer of a receiver that a request waits for (semantics 10.4).

use auth::roles::Action;
use domain::activity::Activity;
use domain::extension::{Answer, CalloutStatus, Stage};
use domain::id::{AssignmentId, CalloutId, RequestId};
use serde_json::Value as Json;
use store::extension_callout;
use store::{ReadTx, WriteTx};

use super::{Ending, conclude, dynamic, settle, token};
use crate::assignment_requests::find_with_catalog;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::settings::Settings;
use crate::{audit, authorize, replay};

const OPERATION: &str = "resume";

/// What the receiver says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Who it says it is, for the audit trail.
    pub source: Option<String>,
    /// The stage that its type names, if it has one.
    pub type_stage: Option<String>,
    /// The stage that it answers for.
    pub stage: String,
    /// The callout that it answers.
    pub instance_id: CalloutId,
    /// What it has to tell the approvers (RS-4).
    pub detail: Option<String>,
    /// What is to become of the request.
    pub answer: Answer,
    /// The stage of approval that is to be opened, as a document in the shape of a policy's stages (AP-15).
    pub approval_stage: Option<Json>,
}

/// Takes the answer of a receiver; the request goes on or ends. `of_assignment` is the assignment that the path named
/// before the request.
pub async fn resume(
    service: &Service,
    ctx: &Ctx,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
    reply: Reply,
) -> Result<(), ServiceError> {
    answer(service, ctx, Bearer::Caller, id, of_assignment, reply).await
}

/// By what right somebody answers.
pub(super) enum Bearer {
    /// By their role.
    Caller,
    /// By a secret that came with the callout, told by its fingerprint.
    Secret(String),
}

/// [`resume`] for whoever shows what.
pub(super) async fn answer(
    service: &Service,
    ctx: &Ctx,
    bearer: Bearer,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
    reply: Reply,
) -> Result<(), ServiceError> {
    let done = try_to_resume(service, ctx, bearer, id, of_assignment, reply).await;
    match &done {
        Ok(()) => service.wake(),
        Err(error) => audit::refusal(service, ctx, event(id), error).await?,
    }
    done
}

async fn try_to_resume(
    service: &Service,
    ctx: &Ctx,
    bearer: Bearer,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
    reply: Reply,
) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::Resume)?;
    let (moment, caller) = (service.moment(), ctx.clone());
    let settings = service.settings.clone();
    service
        .store
        .write(move |tx| {
            if let Bearer::Secret(hash) = &bearer {
                may_answer(tx, hash, id, &reply)?;
            }
            accept(tx, &moment, &caller, &settings, id, of_assignment, &reply)
        })
        .await
}

/// A secret is good for the callout that it came with, and for the request of that.
fn may_answer(
    tx: &mut ReadTx<'_>,
    hash: &str,
    id: RequestId,
    reply: &Reply,
) -> Result<(), ServiceError> {
    let holder = store::callback_token::holder(tx, hash)?.ok_or_else(token::unknown)?;
    let callout = extension_callout::find(tx, holder)?;
    let is_its = callout.is_some_and(|callout| callout.request_id == Some(id));
    if is_its && holder == reply.instance_id {
        return Ok(());
    }
    Err(ServiceError::refused(
        Code::AccessDenied,
        "the callback token is good for the callout that it came with, and for no other",
    ))
}

fn event(id: RequestId) -> audit::Event {
    audit::success(
        Activity::UpdateRequest,
        "AccessPackageAssignmentRequest",
        id,
        None,
    )
    .with("operation", OPERATION)
}

fn accept(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    id: RequestId,
    of_assignment: Option<AssignmentId>,
    reply: &Reply,
) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("assignment request", id);
    let (request, catalog) = find_with_catalog(tx, id)?;
    if of_assignment.is_some_and(|assignment| request.assignment_id != Some(assignment)) {
        return Err(unknown());
    }
    authorize::in_catalog_known_by(ctx, Action::Resume, Action::ReadRequests, catalog, unknown)?;
    let instance = reply.instance_id.to_string();
    // RS-5: a client that did not hear the answer asks again under the same id.
    if replay::was_accepted(tx, moment, ctx, OPERATION, &instance)? {
        return Ok(());
    }
    if !request.awaits_callback() {
        return Err(ServiceError::refused(
            Code::InvalidRequestState,
            format!("a request that is {} waits for no callback", request.status),
        ));
    }
    let found = extension_callout::find(tx, reply.instance_id)?
        .filter(|callout| callout.request_id == Some(id) && callout.waits);
    let Some(mut callout) = found else {
        return Err(mismatch(
            "data/customExtensionStageInstanceId",
            "the request waits for another instance",
        ));
    };
    let is_its = |stage: &str| Stage::from_name(stage) == Some(callout.stage);
    if !is_its(&reply.stage) {
        return Err(mismatch("data/stage", "the instance is at another stage"));
    }
    if !reply.type_stage.as_deref().is_none_or(is_its) {
        return Err(mismatch("type", "the instance is at another stage"));
    }
    if reply.answer != Answer::Resume && !callout.stage.may_end_request() {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "data/state",
            format!("a request cannot be ended at the stage {}", callout.stage),
        ));
    }
    if callout.stage == Stage::DeterminingApproval {
        if reply.answer == Answer::Resume {
            let named = dynamic::checked(tx, reply.approval_stage.as_ref())?;
            let document = reply.approval_stage.as_ref().unwrap_or(&Json::Null);
            dynamic::fill(tx, &request, &named, document)?;
        }
    } else if reply.approval_stage.is_some() {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            dynamic::PATH,
            format!(
                "nobody asks for a stage of approval at the stage {}",
                callout.stage
            ),
        ));
    }
    callout.status = CalloutStatus::CallbackReceived;
    callout.detail = reply.detail.clone();
    callout.waits = false;
    callout.deadline_at = None;
    callout.finished_at = Some(moment.now);
    if callout.lease_owner.is_none() {
        // Nobody is at it, so what is not sent need not be.
        settle(&mut callout, moment);
    }
    extension_callout::save(tx, &callout)?;
    replay::remember(tx, moment, ctx, OPERATION, &instance)?;
    let mut accepted = event(id)
        .with("stage", callout.stage)
        .with("customExtensionStageInstanceId", callout.id);
    if let Some(source) = &reply.source {
        accepted = accepted.with("source", source);
    }
    audit::record(tx, moment, ctx, accepted)?;
    let ending = match reply.answer {
        Answer::Resume => Ending::Resumed,
        Answer::Deny => Ending::Denied,
        Answer::Cancel => Ending::Canceled,
    };
    conclude(tx, moment, ctx, settings, id, callout.stage, ending)
}

fn mismatch(target: &str, message: &str) -> ServiceError {
    ServiceError::invalid(Code::CallbackMismatch, target, message)
}
