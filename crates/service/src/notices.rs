//! Notices: who is told of what (semantics 10.2). The mail itself is sent elsewhere, later.
//!
//! **Invariant:** a notice is written in the transaction of what it tells of, one for each person, and once (NO-3).

mod facts;
mod near_end;
mod work;

pub(crate) use near_end::{next as next_near_end, reach_ends};
pub use work::{LEASE, Mail, Outcome, claim, list, next_due, overview, record, retry};

use std::collections::BTreeSet;

use domain::approval::{Approver, Stage, StageStatus, Tier};
use domain::assignment_request::{AssignmentRequest, Purpose, RequestType};
use domain::id::{AssignmentId, NoticeId, ObjectId, PolicyId, SubjectId};
use domain::notice::{NoticeState, Occasion, StagePlace, number_without_stage};
use domain::time::Timestamp;
use store::notice::Notice;
use store::{ReadTx, WriteTx};

use crate::ctx::Moment;
use crate::error::ServiceError;

/// A stage was opened: its approvers are asked, and reminded when half of its time is over.
pub(crate) fn stage_opened(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    let asked = asked(tx, request, stage, FIRST)?;
    to_stage(
        tx,
        moment,
        request,
        stage,
        Occasion::StageOpened,
        &asked,
        moment.now,
    )?;
    let half = stage.opened_at.zip(stage.due_at).map(|(opened, due)| {
        let middle = opened.micros() + (due.micros() - opened.micros()) / 2;
        Timestamp::from_micros(middle)
    });
    match half {
        Some(half) => to_stage(
            tx,
            moment,
            request,
            stage,
            Occasion::StageReminder,
            &asked,
            half,
        ),
        None => Ok(()),
    }
}

/// The alternates of a stage are asked, too.
pub(crate) fn stage_escalated(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    let asked = asked(tx, request, stage, ALTERNATES)?;
    to_stage(
        tx,
        moment,
        request,
        stage,
        Occasion::StageEscalated,
        &asked,
        moment.now,
    )
}

/// A stage was approved: its approvers and alternates are told; after the last stage those of all stages (NO-2).
pub(crate) fn stage_approved(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    if is_direct(request) {
        return Ok(());
    }
    let stages = store::approval::of_request(tx, request.id)?;
    let is_last = !stages
        .iter()
        .any(|other| other.status == StageStatus::Initializing);
    let mut told = BTreeSet::new();
    for one in stages.iter().filter(|one| is_last || one.id == stage.id) {
        told.extend(asked(tx, request, one, EVERYBODY)?);
    }
    let told: Vec<_> = told.into_iter().collect();
    to_stage(
        tx,
        moment,
        request,
        stage,
        Occasion::StageApproved,
        &told,
        moment.now,
    )
}

/// Nobody decided in time: approvers and alternates are told, and whoever asked.
pub(crate) fn stage_expired(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    let asked = asked(tx, request, stage, EVERYBODY)?;
    to_stage(
        tx,
        moment,
        request,
        stage,
        Occasion::StageExpired,
        &asked,
        moment.now,
    )
}

/// The request came to a bad end: whoever asked is told, unless it was an administrator (NO-1).
pub(crate) fn refused(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    occasion: Occasion,
) -> Result<(), ServiceError> {
    if is_direct(request) {
        return Ok(());
    }
    let mut told = vec![request.created_by];
    told.extend(person(tx, request.target_id)?);
    told.dedup();
    for recipient in told {
        write(
            tx,
            moment,
            Notice {
                request_id: Some(request.id),
                about: request.id.to_string(),
                ..blank(moment, number_without_stage(occasion), occasion, recipient)
            },
        )?;
    }
    Ok(())
}

/// A request was delivered whole: the target has access, or has it no more.
pub(crate) fn delivered(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<(), ServiceError> {
    let occasion = match request.request_type.purpose() {
        Purpose::Add => Occasion::AccessDelivered,
        Purpose::Remove => Occasion::AccessEnded,
        Purpose::Update | Purpose::Enforce => return Ok(()),
    };
    if !moment.notifies || is_silent(tx, request.assignment_policy_id)? {
        return Ok(());
    }
    let Some(recipient) = person(tx, request.target_id)? else {
        return Ok(());
    };
    write(
        tx,
        moment,
        Notice {
            request_id: Some(request.id),
            assignment_id: request.assignment_id,
            about: request.id.to_string(),
            ..blank(moment, number_without_stage(occasion), occasion, recipient)
        },
    )
}

/// An assignment comes to its end, so many days before.
fn near_end(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    assignment: AssignmentId,
    target: SubjectId,
    about: String,
) -> Result<(), ServiceError> {
    let Some(recipient) = person(tx, target)? else {
        return Ok(());
    };
    let occasion = Occasion::AccessNearEnd;
    write(
        tx,
        moment,
        Notice {
            assignment_id: Some(assignment),
            about,
            ..blank(moment, number_without_stage(occasion), occasion, recipient)
        },
    )
}

/// Whether an administrator asked, who knows what they did.
fn is_direct(request: &AssignmentRequest) -> bool {
    matches!(
        request.request_type,
        RequestType::AdminAdd | RequestType::AdminUpdate | RequestType::AdminRemove
    )
}

/// Whether the policy sends no mails about access (NO-3).
fn is_silent(tx: &mut ReadTx<'_>, policy: Option<PolicyId>) -> Result<bool, ServiceError> {
    let Some(policy) = policy else {
        return Ok(false);
    };
    let policy = store::assignment_policy::find_policy(tx, policy)?;
    Ok(policy.is_some_and(|policy| policy.settings.notifications_disabled))
}

/// The user behind a subject.
fn person(tx: &mut ReadTx<'_>, subject: SubjectId) -> Result<Option<ObjectId>, ServiceError> {
    Ok(store::subject::find(tx, subject)?.and_then(|subject| subject.object_id))
}

/// A tier, and the one that stands in for it where it resolves to nobody (AP-7).
type Tiers = &'static [(Tier, Tier)];
const FIRST: Tiers = &[(Tier::Primary, Tier::FallbackPrimary)];
const ALTERNATES: Tiers = &[(Tier::Escalation, Tier::FallbackEscalation)];
const EVERYBODY: Tiers = &[
    (Tier::Primary, Tier::FallbackPrimary),
    (Tier::Escalation, Tier::FallbackEscalation),
];

/// Whether a stage that is open asks nobody at all: its approvers are gone, or stand for nobody (AP-8).
pub(crate) fn asks_nobody(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<bool, ServiceError> {
    Ok(asked(tx, request, stage, FIRST)?.is_empty())
}

/// The people whom a stage asks by these tiers: members of groups one by one, nobody about a request of their own (AP-9).
fn asked(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    stage: &Stage,
    tiers: Tiers,
) -> Result<Vec<ObjectId>, ServiceError> {
    let approvers = store::approval::approvers(tx, stage.id)?;
    let mut own = vec![request.created_by];
    own.extend(person(tx, request.target_id)?);
    let mut people = BTreeSet::new();
    for (tier, fallback) in tiers.iter().copied() {
        let first = people_of(tx, &approvers, tier)?;
        people.extend(if first.is_empty() {
            people_of(tx, &approvers, fallback)?
        } else {
            first
        });
    }
    people.retain(|person| !own.contains(person));
    Ok(people.into_iter().collect())
}

fn people_of(
    tx: &mut ReadTx<'_>,
    approvers: &[Approver],
    tier: Tier,
) -> Result<BTreeSet<ObjectId>, ServiceError> {
    let mut people = BTreeSet::new();
    for approver in approvers.iter().filter(|approver| approver.tier == tier) {
        if store::directory::user::find_present(tx, approver.principal_id)?.is_some() {
            people.insert(approver.principal_id);
            continue;
        }
        for member in store::directory::membership::transitive_members(tx, approver.principal_id)? {
            if store::directory::user::find_present(tx, member)?.is_some() {
                people.insert(member);
            }
        }
    }
    Ok(people)
}

fn to_stage(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
    occasion: Occasion,
    people: &[ObjectId],
    due: Timestamp,
) -> Result<(), ServiceError> {
    if people.is_empty() {
        return Ok(());
    }
    let stages = store::approval::of_request(tx, request.id)?;
    let place = StagePlace {
        ordinal: stage.ordinal,
        is_only: stages.len() == 1,
        escalates: stage.escalates_after.is_some(),
    };
    for recipient in people.iter().copied() {
        write(
            tx,
            moment,
            Notice {
                request_id: Some(request.id),
                stage_id: Some(stage.id),
                about: stage.id.to_string(),
                due_at: Some(due),
                ..blank(moment, place.number(occasion), occasion, recipient)
            },
        )?;
    }
    Ok(())
}

fn blank(moment: &Moment, number: i64, occasion: Occasion, recipient: ObjectId) -> Notice {
    Notice {
        id: moment.id(NoticeId::new),
        number,
        occasion,
        request_id: None,
        assignment_id: None,
        stage_id: None,
        about: String::new(),
        recipient_id: recipient,
        state: NoticeState::Queued,
        attempts: 0,
        due_at: Some(moment.now),
        lease_owner: None,
        lease_until: None,
        address: None,
        failure: None,
        created_at: moment.now,
        finished_at: None,
        version: 1,
    }
}

/// Keeps the notice, unless this tenant sends none.
fn write(tx: &mut WriteTx<'_>, moment: &Moment, notice: Notice) -> Result<(), ServiceError> {
    if moment.notifies {
        store::notice::insert(tx, &notice)?;
    }
    Ok(())
}
