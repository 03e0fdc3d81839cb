//! Callouts: what happens when a request or an assignment comes to a stage at which its policy calls custom extensions
//! (semantics 6.9 and 10.3).
//!
//! The call itself is made elsewhere, later, as often as it takes; here are the rows that promise it and what follows from
//! the verdict.
//!
//! **Invariant:** a request that waits has a call with a deadline, so it always goes on or ends.

mod data;
mod dynamic;
mod near_end;
mod probe;
mod resume;
mod token;
mod work;

pub use auth::callout::{Sent, Signer, webhook_signature};
pub(crate) use dynamic::ask as ask_for_approvers;
pub(crate) use near_end::{begin as begin_announcing, next as next_near_end, reach_ends};
pub(crate) use probe::probe;
pub use resume::{Reply, resume};
pub use token::{PREFIX, holder, only_for_resume, resume_by_token};
pub use work::{Call, LEASE, Outcome, claim, next_due, reclaim, record};

use domain::activity::Activity;
use domain::assignment_request::{AssignmentRequest, Event, Purpose, RequestType};
use domain::extension::{CalloutStatus, Stage};
use domain::id::{CalloutId, RequestId};
use domain::notice::Occasion;
use domain::policy::{AccessChange, ApprovalExemptions, Asker};
use store::custom_extension::{self, CustomExtension};
use store::extension_callout::{self, Callout};
use store::{ReadTx, WriteTx};

use crate::assignment_requests::routing;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::settings::Settings;
use crate::{audit, notices, rollup};

/// Comes to a stage: calls what the policy says, and lets `event` happen unless an answer has to be waited for. Answers
/// whether it is. The caller saves the request.
pub(crate) fn reach(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &mut AssignmentRequest,
    stage: Stage,
    event: Option<Event>,
) -> Result<bool, ServiceError> {
    let called = called_at(tx, request, stage)?;
    let waits = called.iter().any(|(extension, _)| waits_for(extension));
    if let Some(event) = if waits {
        Some(Event::AwaitsCallback)
    } else {
        event
    } {
        request
            .take(event, moment.now)
            .map_err(ServiceError::internal)?;
    }
    for (extension, is_handler) in &called {
        let mut callout = new_callout(moment, extension, *is_handler, stage);
        callout.request_id = Some(request.id);
        callout.assignment_id = request.assignment_id;
        callout.data = data::of_request(tx, request, extension, &callout)?.to_string();
        extension_callout::insert(tx, &callout)?;
    }
    Ok(waits)
}

fn called_at(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    stage: Stage,
) -> Result<Vec<(CustomExtension, bool)>, ServiceError> {
    let Some(policy) = request.assignment_policy_id else {
        return Ok(Vec::new());
    };
    if !stage.is_reached_by(request.request_type) {
        return Ok(Vec::new());
    }
    let called = custom_extension::at_stage(tx, policy, stage)?;
    // RP-14: a request comes to each stage once, however often it is tried again.
    if called.is_empty() || !extension_callout::of_stage(tx, request.id, stage)?.is_empty() {
        return Ok(Vec::new());
    }
    Ok(called)
}

fn waits_for(extension: &CustomExtension) -> bool {
    extension.content.object_type.may_wait() && extension.content.callback.is_some()
}

fn new_callout(
    moment: &Moment,
    extension: &CustomExtension,
    is_handler: bool,
    stage: Stage,
) -> Callout {
    let callback = extension
        .content
        .callback
        .as_ref()
        .filter(|_| waits_for(extension) && stage.before_end().is_none());
    Callout {
        id: moment.id(CalloutId::new),
        custom_extension_id: extension.id,
        is_handler,
        request_id: None,
        assignment_id: None,
        stage,
        status: CalloutStatus::Queued,
        data: String::new(),
        waits: callback.is_some(),
        deadline_at: callback.map(|callback| moment.now.plus(callback.timeout)),
        about_end: None,
        attempts: 0,
        due_at: Some(moment.now),
        lease_owner: None,
        lease_until: None,
        external_correlation_id: None,
        detail: None,
        failure: None,
        created_at: moment.now,
        finished_at: None,
        version: 1,
    }
}

/// How waiting for one answer came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The receiver said to go on.
    Resumed,
    /// It said no.
    Denied,
    /// It withdrew the request.
    Canceled,
    /// It said nothing, or could not be asked (CX-10, CX-12).
    Silent,
}

/// What follows for a request that waited for an answer at a stage, the row of which was saved already.
fn conclude(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    request: RequestId,
    stage: Stage,
    ending: Ending,
) -> Result<(), ServiceError> {
    let Some(request) = store::assignment_request::find(tx, request)? else {
        return Ok(());
    };
    if !request.awaits_callback() {
        return Ok(());
    }
    match ending {
        Ending::Denied => end(tx, moment, ctx, request, Event::Denied),
        Ending::Canceled => end(tx, moment, ctx, request, Event::Canceled),
        Ending::Silent if stage.may_end_request() => end(tx, moment, ctx, request, Event::TimedOut),
        Ending::Resumed | Ending::Silent => go_on(tx, moment, ctx, settings, request, stage),
    }
}

/// The request ends here; whatever else it waited for at the stage does not matter any more.
fn end(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
    event: Event,
) -> Result<(), ServiceError> {
    let activity = match event {
        Event::Denied => Activity::DenyRequest,
        Event::TimedOut => Activity::RequestTimedOut,
        _ => Activity::CancelRequest,
    };
    request
        .take(event, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment_request::save(tx, &request)?;
    store::approval::close(tx, request.id)?;
    extension_callout::close(tx, request.id, moment.now)?;
    match event {
        Event::Denied => notices::refused(tx, moment, &request, Occasion::RequestDenied)?,
        Event::TimedOut => notices::refused(tx, moment, &request, Occasion::RequestExpired)?,
        _ => {}
    }
    let event = audit::success(activity, "AccessPackageAssignmentRequest", request.id, None);
    audit::record(tx, moment, ctx, event.with("by", "custom extension"))?;
    Ok(())
}

/// The request goes on, once every answer that it waits for at the stage is there.
fn go_on(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    mut request: AssignmentRequest,
    stage: Stage,
) -> Result<(), ServiceError> {
    let waiting = extension_callout::of_stage(tx, request.id, stage)?;
    if waiting.iter().any(|callout| callout.waits) {
        return Ok(());
    }
    match stage {
        Stage::RequestCreated => {
            let policy = match request.assignment_policy_id {
                Some(id) => store::assignment_policy::find_policy(tx, id)?,
                None => None,
            };
            // A policy that is deleted takes its open requests along (AS-20).
            let Some(policy) = policy else { return Ok(()) };
            let needed = needs_approval(&policy.settings.approval, &request, settings);
            routing::proceed(tx, moment, ctx, &mut request, &policy, needed)
        }
        Stage::DeterminingApproval => routing::determined(tx, moment, ctx, &mut request),
        Stage::RequestApproved => routing::go(tx, moment, ctx, &mut request),
        Stage::RequestGranted | Stage::RequestRemoved => rollup::finish(tx, moment, ctx, request),
        Stage::FourteenDaysBeforeExpiration | Stage::OneDayBeforeExpiration => Ok(()),
    }
}

/// Whether somebody has to agree, as at the submission of the request (AP-1, AP-12).
fn needs_approval(
    approval: &domain::policy::ApprovalSettings,
    request: &AssignmentRequest,
    settings: &Settings,
) -> bool {
    let change = match request.request_type.purpose() {
        Purpose::Add => AccessChange::Add,
        Purpose::Update => AccessChange::Update,
        Purpose::Enforce | Purpose::Remove => return false,
    };
    let asker = match request.request_type {
        RequestType::AdminAdd | RequestType::AdminUpdate => Asker::Administrator,
        _ => Asker::User,
    };
    let exemptions = ApprovalExemptions {
        bypass: request.bypass_approval,
        admin_add_auto_approves: settings.admin_add_auto_approves,
    };
    approval.is_needed(change, asker, exemptions)
}

/// A removal, or the end of the assignment, does not wait for an answer about access that is there: the request counts as
/// delivered from now on. Answers whether that cleared the way.
pub(crate) fn stop_waiting(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
) -> Result<bool, ServiceError> {
    let is_granted = request.state == domain::assignment_request::State::Delivering
        && request.request_type.purpose() == Purpose::Add;
    if !is_granted || !request.awaits_callback() {
        return Ok(false);
    }
    extension_callout::close(tx, request.id, moment.now)?;
    rollup::finish(tx, moment, ctx, request.clone())?;
    Ok(true)
}

/// Answers that did not come in time (CX-12); answers how many.
pub(crate) fn time_out(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    settings: &Settings,
    limit: i64,
) -> Result<usize, ServiceError> {
    let overdue = extension_callout::overdue(tx, moment.now, limit)?;
    let mut count = 0;
    for found in overdue {
        // Another one of the same request may have ended it meanwhile.
        let Some(mut callout) = extension_callout::find(tx, found.id)? else {
            continue;
        };
        let Some(request) = callout.request_id.filter(|_| callout.waits) else {
            continue;
        };
        count += 1;
        callout.status = if callout.status == CalloutStatus::Queued {
            CalloutStatus::CalloutFailed
        } else {
            CalloutStatus::CallbackTimedOut
        };
        let stage = callout.stage;
        settle(&mut callout, moment);
        extension_callout::save(tx, &callout)?;
        conclude(tx, moment, ctx, settings, request, stage, Ending::Silent)?;
    }
    Ok(count)
}

/// Nothing more is done about the call, and nobody waits for its answer.
fn settle(callout: &mut Callout, moment: &Moment) {
    callout.waits = false;
    callout.deadline_at = None;
    callout.due_at = None;
    callout.lease_owner = None;
    callout.lease_until = None;
    callout.finished_at = Some(moment.now);
}
