//! Taking requests back: cancel (RQ-20 to RQ-23), delete (RQ-24), and making way for a removal (RQ-8, RP-43).

use std::collections::BTreeSet;

use auth::decide::Access;
use auth::roles::Action;
use domain::activity::Activity;
use domain::assignment::{self, Assignment};
use domain::assignment_request::{AssignmentRequest, Event, Purpose, RequestType, State};
use domain::id::{GrantId, ObjectId, RequestId};
use domain::ledger::Observed;
use domain::policy::Asker;
use store::ledger::{plan, watch};
use store::reprocess_job::facts;
use store::{ReadTx, WriteTx};

use super::{checks, find_with_catalog, is_known};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize, automatic, callouts, planning, rollup, user_attributes};

/// Cancels a request: one's own, or as an administrator anybody's (RQ-22).
pub async fn cancel(service: &Service, ctx: &Ctx, id: RequestId) -> Result<(), ServiceError> {
    let done = try_to_cancel(service, ctx, id).await;
    match &done {
        Ok(()) => service.wake(),
        Err(error) => {
            let event = audit::success(
                Activity::CancelRequest,
                "AccessPackageAssignmentRequest",
                id,
                None,
            );
            audit::refusal(service, ctx, event, error).await?;
        }
    }
    done
}

async fn try_to_cancel(service: &Service, ctx: &Ctx, id: RequestId) -> Result<(), ServiceError> {
    if authorize::user_of(ctx).is_some() && authorize::as_requestor(ctx, Access::Write).is_ok() {
        // Whether it is theirs is seen below.
    } else {
        authorize::admitted(ctx, Action::Cancel)?;
    }
    let (moment, caller) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let ctx = &caller;
            let (request, catalog) = find_with_catalog(tx, id)?;
            if !is_own(tx, ctx, &request)? {
                if !is_known(tx, ctx, &request)? {
                    return Err(ServiceError::not_found("assignment request", id));
                }
                authorize::in_catalog_known_by(
                    ctx,
                    Action::Cancel,
                    Action::ReadRequests,
                    catalog,
                    || ServiceError::not_found("assignment request", id),
                )?;
            }
            cancel_request(tx, &moment, ctx, request)
        })
        .await
}

/// Whether the request is the caller's own: asked for by them, or for them.
pub(crate) fn is_own(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    request: &AssignmentRequest,
) -> Result<bool, ServiceError> {
    let Some(user) = authorize::user_of(ctx) else {
        return Ok(false);
    };
    if request.created_by == user {
        return Ok(true);
    }
    let subject = store::subject::find_by_object(tx, user)?;
    Ok(subject
        .is_some_and(|subject| [request.requestor_id, request.target_id].contains(&subject.id)))
}

fn cancel_request(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
) -> Result<(), ServiceError> {
    let before = request.state;
    if request.take(Event::Canceled, moment.now).is_err() {
        return Err(ServiceError::refused(
            Code::InvalidRequestState,
            format!("a request that is {before} cannot be canceled"),
        ));
    }
    store::assignment_request::save(tx, &request)?;
    store::approval::close(tx, request.id)?;
    store::extension_callout::close(tx, request.id, moment.now)?;
    let activity = Activity::CancelRequest;
    let event = audit::success(activity, "AccessPackageAssignmentRequest", request.id, None);
    audit::record(tx, moment, ctx, event)?;
    if matches!(before, State::PartiallyDelivered | State::DeliveryFailed) {
        undo(tx, moment, ctx, &request)?;
    }
    Ok(())
}

/// What a failed delivery left behind is brought to an end by a request of its own (RQ-2): a failed add is taken away
/// again, a failed removal is enforced again. An assignment that could not be enforced again is what its grants say.
fn undo(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    canceled: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let Some(id) = canceled.assignment_id else {
        return Ok(());
    };
    let Some(assignment) = store::assignment::find(tx, id)? else {
        return Ok(());
    };
    let request_type = match canceled.request_type.purpose() {
        Purpose::Add => RequestType::SystemRemove,
        Purpose::Remove if assignment.state == assignment::State::Delivering => {
            RequestType::SystemUpdate
        }
        Purpose::Enforce => return put_back(tx, moment, ctx, assignment),
        // The assignment was enforced again since, or nothing was begun.
        Purpose::Remove | Purpose::Update => return Ok(()),
    };
    if assignment.state == assignment::State::Expired {
        return Ok(());
    }
    checks::nothing_open(tx, assignment.target_id, assignment.access_package_id)?;
    if request_type == RequestType::SystemRemove {
        automatic::suppress(tx, moment, &assignment, "somebody canceled the request")?;
    }
    begin_system_request(tx, moment, ctx, assignment, request_type)
}

/// Nobody tries to enforce the assignment any more: if everything that its package wants was last seen in place, it is
/// delivered, as it was before. Otherwise it stays as it is, and can be reprocessed itself (RP-20).
fn put_back(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut assignment: Assignment,
) -> Result<(), ServiceError> {
    if assignment.state != assignment::State::PartiallyDelivered {
        return Ok(());
    }
    let linked: BTreeSet<GrantId> = plan::linked(tx, [assignment.id])?
        .into_iter()
        .map(|(_, grant)| grant)
        .collect();
    let wanted: BTreeSet<Option<GrantId>> = plan::wanted(tx, [assignment.id])?
        .into_iter()
        .map(|wanted| wanted.grant_id)
        .collect();
    let seen: BTreeSet<Option<GrantId>> = facts::grants(tx, linked.iter().copied())?
        .into_iter()
        .filter(|(_, _, observed)| *observed == Observed::Present)
        .map(|(grant, _, _)| Some(grant))
        .collect();
    if !wanted.is_subset(&seen) || linked.len() != wanted.len() {
        return Ok(());
    }
    let linked: Vec<GrantId> = linked.into_iter().collect();
    watch::rest(tx, &linked)?;
    assignment
        .take(assignment::Event::AllDelivered, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment::save(tx, &assignment)?;
    user_attributes::follow(tx, moment, ctx, &assignment)?;
    Ok(())
}

/// The removal of an assignment begins. Beside another live one of the same package a failed one stays as it is until it
/// is gone: there is never more than one live (OM-3).
pub(crate) fn removal_started(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    mut assignment: Assignment,
) -> Result<(), ServiceError> {
    if checks::another_live(tx, &assignment)?.is_some() {
        return Ok(());
    }
    assignment
        .take(assignment::Event::RemovalStarted, moment.now)
        .map_err(ServiceError::internal)?;
    store::assignment::save(tx, &assignment)?;
    Ok(())
}

/// Makes a request of the service's own about an assignment and sets it to delivering.
pub(crate) fn begin_system_request(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    assignment: Assignment,
    request_type: RequestType,
) -> Result<(), ServiceError> {
    let mut request = rollup::system_request(moment, &assignment, request_type);
    request
        .take(Event::Started, moment.now)
        .map_err(ServiceError::internal)?;
    if request_type.purpose() == Purpose::Remove {
        removal_started(tx, moment, assignment)?;
    }
    store::assignment_request::insert(tx, &request)?;
    let activity = super::creation_activity(request.request_type, request.is_extension);
    let event = audit::success(activity, "AccessPackageAssignmentRequest", request.id, None);
    audit::record(tx, moment, ctx, event)?;
    audit::record(tx, moment, ctx, planning::ready_to_fulfill(&request))?;
    Ok(())
}

/// Clears the way for a removal: an enforcement under way ends as soon as a removal is accepted (RP-43), a pending
/// extension is canceled by an administrator's removal (RQ-8); anything else is in the way.
pub(crate) fn make_way_for_removal(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    assignment: &Assignment,
    asker: Asker,
) -> Result<(), ServiceError> {
    let Some(mut open) = store::assignment_request::find_open_of(tx, assignment.id)? else {
        return Ok(());
    };
    if callouts::stop_waiting(tx, moment, ctx, &open)? {
        return Ok(());
    }
    let event = match open.request_type.purpose() {
        Purpose::Enforce => Event::Withdrawn,
        Purpose::Update if asker == Asker::Administrator && open.state != State::Delivering => {
            Event::Canceled
        }
        Purpose::Add | Purpose::Update | Purpose::Remove => {
            return Err(checks::open_request(open.id));
        }
    };
    open.take(event, moment.now)
        .map_err(ServiceError::internal)?;
    open.failure = Some((
        "Superseded".to_owned(),
        "a removal took precedence".to_owned(),
    ));
    store::assignment_request::save(tx, &open)?;
    store::approval::close(tx, open.id)?;
    store::extension_callout::close(tx, open.id, moment.now)?;
    let activity = Activity::CancelRequest;
    let event = audit::success(activity, "AccessPackageAssignmentRequest", open.id, None)
        .with("reason", "a removal took precedence");
    audit::record(tx, moment, ctx, event)?;
    Ok(())
}

/// The directory object of a subject is gone for good: its open requests end, and so do its assignments (AS-18, T17). A
/// removal under way goes on.
pub(crate) fn end_all_of(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    object: ObjectId,
) -> Result<(), ServiceError> {
    let Some(subject) = store::subject::find_by_object(tx, object)? else {
        return Ok(());
    };
    let mut leaving = Vec::new();
    for open in store::assignment_request::open_of_target(tx, subject.id)? {
        if open.request_type.purpose() == Purpose::Remove {
            leaving.extend(open.assignment_id);
            continue;
        }
        withdraw_for_deletion(tx, moment, ctx, open)?;
    }
    for assignment in store::assignment::unexpired_of(tx, subject.id)? {
        if !leaving.contains(&assignment.id) {
            begin_system_request(tx, moment, ctx, assignment, RequestType::SystemRemove)?;
        }
    }
    Ok(())
}

/// A user was deleted and may come back: what waits for a decision or a start ends, what is being delivered is left to the
/// engine (T17, AS-16).
pub(crate) fn end_waiting_of(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    object: ObjectId,
) -> Result<(), ServiceError> {
    let Some(subject) = store::subject::find_by_object(tx, object)? else {
        return Ok(());
    };
    for open in store::assignment_request::open_of_target(tx, subject.id)? {
        if open.state != State::Delivering {
            withdraw_for_deletion(tx, moment, ctx, open)?;
        }
    }
    Ok(())
}

fn withdraw_for_deletion(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut open: AssignmentRequest,
) -> Result<(), ServiceError> {
    const WHY: &str = "the target of the request was deleted";
    open.take(Event::Withdrawn, moment.now)
        .map_err(ServiceError::internal)?;
    open.failure = Some((Code::TargetNotFound.name(), WHY.to_owned()));
    store::assignment_request::save(tx, &open)?;
    store::approval::close(tx, open.id)?;
    store::extension_callout::close(tx, open.id, moment.now)?;
    let activity = Activity::CancelRequest;
    let event = audit::success(activity, "AccessPackageAssignmentRequest", open.id, None);
    audit::record(tx, moment, ctx, event.with("reason", WHY))?;
    Ok(())
}

/// Deletes a request that is over (RQ-24, RQ-25).
pub async fn delete(service: &Service, ctx: &Ctx, id: RequestId) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::DeleteRequest)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let with_live = service.settings.delete_with_live_assignment;
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let (request, catalog) = find_with_catalog(tx, id)?;
            authorize::in_catalog_known_by(
                &ctx,
                Action::DeleteRequest,
                Action::ReadRequests,
                catalog,
                || ServiceError::not_found("assignment request", id),
            )?;
            if !request.state.is_terminal() {
                return Err(ServiceError::refused(
                    Code::InvalidRequestState,
                    format!(
                        "a request that is {} cannot be deleted; cancel it first",
                        request.state
                    ),
                ));
            }
            let live = match request.assignment_id {
                Some(id) => store::assignment::find(tx, id)?
                    .is_some_and(|assignment| assignment.state != assignment::State::Expired),
                None => false,
            };
            if live && !with_live {
                return Err(ServiceError::refused(
                    Code::RequestHasAssignment,
                    "the request has an assignment that is not expired",
                ));
            }
            let activity = Activity::DeleteRequest;
            let event = audit::success(activity, "AccessPackageAssignmentRequest", id, None);
            audit::record(tx, &moment, &ctx, event)?;
            store::assignment_request::delete(tx, &request)?;
            Ok(())
        })
        .await
}
