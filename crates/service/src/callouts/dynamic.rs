//! Stages of approval whose approvers an extension names when they begin (AP-15).
//!
//! **Invariant:** a stage is opened as the extension answered it, checked like a stage of a policy; until then nobody can
//! decide in it.

use domain::approval::{Stage as ApprovalStageRow, StageStatus};
use domain::assignment_request::{AssignmentRequest, Event};
use domain::extension::Stage;
use domain::id::CustomExtensionId;
use domain::policy::{ApprovalStage, check_answered_stage};
use serde_json::Value as Json;
use store::{ReadTx, WriteTx, custom_extension, extension_callout};

use super::{data, new_callout};
use crate::assignment_requests::routing;
use crate::content::flawed;
use crate::ctx::Moment;
use crate::error::{Code, ServiceError};
use crate::policies;

/// Where the answer stands in the body of a resume.
pub(super) const PATH: &str = "data/approvalStage";

/// Asks the extension of a stage who decides in it; the request waits. The caller saves the request.
pub(crate) fn ask(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &mut AssignmentRequest,
    extension: CustomExtensionId,
) -> Result<(), ServiceError> {
    const STAGE: Stage = Stage::DeterminingApproval;
    let extension = custom_extension::find(tx, extension)?.ok_or_else(|| {
        ServiceError::internal(store::Error::corrupt(
            "approval_stage",
            "custom_extension_id",
            request.id,
            "an extension that is gone",
        ))
    })?;
    request
        .take(Event::AwaitsCallback, moment.now)
        .map_err(ServiceError::internal)?;
    let mut callout = new_callout(moment, &extension, false, STAGE);
    callout.request_id = Some(request.id);
    callout.assignment_id = request.assignment_id;
    callout.data = data::of_request(tx, request, &extension, &callout)?.to_string();
    Ok(extension_callout::insert(tx, &callout)?)
}

/// Looks at the stage that an extension answered with, `None` where it answered with none.
pub(super) fn checked(
    tx: &mut ReadTx<'_>,
    named: Option<&Json>,
) -> Result<ApprovalStage, ServiceError> {
    let named = named.ok_or_else(|| {
        let message = "the stage of approval that the request waits for is required";
        ServiceError::invalid(Code::InvalidModel, PATH, message)
    })?;
    let stage = store::assignment_policy::approval_stage(PATH, named).map_err(flawed)?;
    check_answered_stage(PATH, &stage).map_err(flawed)?;
    policies::check_approvers(tx, PATH, &stage)?;
    Ok(stage)
}

/// Fills the stage that waits for it.
pub(super) fn fill(
    tx: &mut WriteTx<'_>,
    request: &AssignmentRequest,
    named: &ApprovalStage,
    document: &Json,
) -> Result<(), ServiceError> {
    let Some(mut stage) = next_stage(tx, request)? else {
        return Ok(());
    };
    stage.is_approver_justification_required = named.approver_justification_required;
    stage.lasts_for = named.lasts_for;
    stage.escalates_after = named.escalates_after;
    store::approval::answer(tx, &stage, &document.to_string())?;
    let approvers = routing::approvers_of(tx, request, named)?;
    Ok(store::approval::add_approvers(tx, stage.id, &approvers)?)
}

/// The stage whose turn comes next: the one that is waited for, while its extension is asked.
fn next_stage(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
) -> Result<Option<ApprovalStageRow>, ServiceError> {
    let stages = store::approval::of_request(tx, request.id)?;
    Ok(stages
        .into_iter()
        .find(|stage| stage.status == StageStatus::Initializing))
}
