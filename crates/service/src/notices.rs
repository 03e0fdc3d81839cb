//! Notices: who is told of what (semantics 10.2). The mail itself is sent elsewhere, later.
//!
//! **Invariant:** a notice is written in the transaction of what it tells of, one for each person, and once (NO-3).

mod facts;
mod near_end;
mod work;

pub(crate) use near_end::{next as next_near_end, reach_ends};
pub use work::{LEASE, Mail, Outcome, claim, list, next_due, overview, record, retry};

use std::collections::BTreeSet;

use domain::approval::{Approver, Stage, StageStatus, Tier, Verdict};
use domain::assignment_request::{AssignmentRequest, Purpose, RequestType};
use domain::id::{AssignmentId, NoticeId, ObjectId, PolicyId, SubjectId};
use domain::notice::{NoticeState, Occasion, StagePlace, number_without_stage};
use domain::time::{Duration, Timestamp};
use store::notice::Notice;
use store::{ReadTx, WriteTx};

use crate::ctx::Moment;
use crate::error::ServiceError;

/// The time within which the mails that a requestor causes are counted.
const A_DAY: Duration = Duration::from_days(1);

/// A stage was opened: its approvers are asked, and reminded when half of its time is over. Answers whether there is
/// anybody to ask: its approvers may be gone, or stand for nobody (AP-8).
pub(crate) fn stage_opened(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<bool, ServiceError> {
    let asked = asked(tx, request, stage, FIRST)?;
    let mut occasions = vec![(Occasion::StageOpened, moment.now)];
    if let Some((opened, due)) = stage.opened_at.zip(stage.due_at) {
        let middle = opened.micros() + (due.micros() - opened.micros()) / 2;
        occasions.push((Occasion::StageReminder, Timestamp::from_micros(middle)));
    }
    to_stage(tx, moment, request, stage, &asked, &occasions)?;
    Ok(!asked.is_empty())
}

/// The alternates of a stage are asked, too.
pub(crate) fn stage_escalated(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    let asked = asked(tx, request, stage, ALTERNATES)?;
    let occasions = [(Occasion::StageEscalated, moment.now)];
    to_stage(tx, moment, request, stage, &asked, &occasions)
}

/// A stage was approved: its approvers and alternates are told; after the last stage those of all stages, and whoever
/// asked (NO-2).
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
    if is_last {
        told.extend(concerned(tx, request)?);
    }
    let told: Vec<_> = told.into_iter().collect();
    let occasions = [(Occasion::StageApproved, moment.now)];
    to_stage(tx, moment, request, stage, &told, &occasions)
}

/// Nobody decided in time: approvers and alternates are told, and whoever asked.
pub(crate) fn stage_expired(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
) -> Result<(), ServiceError> {
    let asked = asked(tx, request, stage, EVERYBODY)?;
    let occasions = [(Occasion::StageExpired, moment.now)];
    to_stage(tx, moment, request, stage, &asked, &occasions)
}

/// The request came to a bad end: whoever asked is told, unless it was an administrator (NO-1). If the last stage said no,
/// the approvers and alternates of all stages are told as well (NO-2).
pub(crate) fn refused(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    occasion: Occasion,
) -> Result<(), ServiceError> {
    if is_direct(request) {
        return Ok(());
    }
    let mut told = concerned(tx, request)?;
    if occasion == Occasion::RequestDenied {
        told.extend(all_of_a_last_no(tx, moment, request)?);
    }
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

/// Whoever asked, and who it is for.
fn concerned(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
) -> Result<BTreeSet<ObjectId>, ServiceError> {
    let target = person(tx, request.target_id)?;
    Ok(target.into_iter().chain([request.created_by]).collect())
}

/// The approvers and alternates of all stages, if it was the last stage that said no.
fn all_of_a_last_no(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<Vec<ObjectId>, ServiceError> {
    let stages = store::approval::of_request(tx, request.id)?;
    let is_last_no = stages
        .last()
        .is_some_and(|last| last.verdict == Verdict::Denied);
    if !is_last_no {
        return Ok(Vec::new());
    }
    let mut people = BTreeSet::new();
    for stage in &stages {
        people.extend(asked(tx, request, stage, EVERYBODY)?);
    }
    let people: Vec<_> = people.into_iter().collect();
    let room = room(tx, moment, request)?;
    Ok(people.into_iter().take(room).collect())
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

/// Whether somebody asked who is no administrator.
fn is_by_user(request: &AssignmentRequest) -> bool {
    matches!(
        request.request_type,
        RequestType::UserAdd | RequestType::UserUpdate | RequestType::UserRemove
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
    let asked = store::approval::asked(tx, stage.id, request.id)?;
    let approvers = asked.approvers;
    let own = [Some(request.created_by), asked.target];
    let mut people = BTreeSet::new();
    for (tier, fallback) in tiers.iter().copied() {
        let first = people_of(tx, &approvers, tier)?;
        people.extend(if first.is_empty() {
            people_of(tx, &approvers, fallback)?
        } else {
            first
        });
    }
    people.retain(|person| !own.contains(&Some(*person)));
    Ok(people.into_iter().collect())
}

fn people_of(
    tx: &mut ReadTx<'_>,
    approvers: &[(Approver, bool)],
    tier: Tier,
) -> Result<BTreeSet<ObjectId>, ServiceError> {
    let mut people = BTreeSet::new();
    for (approver, is_user) in approvers.iter().filter(|(one, _)| one.tier == tier) {
        if *is_user {
            people.insert(approver.principal_id);
            continue;
        }
        for member in store::directory::membership::transitive_members(tx, approver.principal_id)? {
            let user = store::directory::user::find_type(tx, member)?;
            if user.is_some_and(|user| user.is_present) {
                people.insert(member);
            }
        }
    }
    Ok(people)
}

/// Keeps a notice of each occasion, due at its time, for each of these people.
fn to_stage(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
    stage: &Stage,
    people: &[ObjectId],
    occasions: &[(Occasion, Timestamp)],
) -> Result<(), ServiceError> {
    if people.is_empty() || !moment.notifies {
        return Ok(());
    }
    let place = StagePlace {
        ordinal: stage.ordinal,
        is_only: store::approval::count(tx, request.id)? == 1,
        escalates: stage.escalates_after.is_some(),
    };
    let mut room = room(tx, moment, request)?;
    for (occasion, due) in occasions.iter().copied() {
        for recipient in people.iter().copied() {
            let number = place.number(occasion);
            let notice = Notice {
                request_id: Some(request.id),
                stage_id: Some(stage.id),
                about: stage.id.to_string(),
                due_at: Some(due),
                ..blank(moment, number, occasion, recipient)
            };
            let notice = if room > 0 {
                notice
            } else {
                withheld(moment, notice)
            };
            room = room.saturating_sub(1);
            write(tx, moment, notice)?;
        }
    }
    Ok(())
}

/// How many more mails the requests of one person may cause: whoever asks and cancels over and over floods nobody.
/// Administrators and the service itself are not counted.
fn room(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<usize, ServiceError> {
    let most = moment.mails_per_requestor;
    if !moment.notifies || !is_by_user(request) {
        return Ok(usize::MAX);
    }
    let since = moment.now.minus(A_DAY);
    let caused = store::notice::caused_since(tx, request.requestor_id, since, most)?;
    Ok(usize::try_from(most.saturating_sub(caused)).unwrap_or_default())
}

/// The notice as one that is kept and not sent.
fn withheld(moment: &Moment, notice: Notice) -> Notice {
    Notice {
        state: NoticeState::Withheld,
        due_at: None,
        failure: Some(
            "the requests of this requestor caused too many mails within a day".to_owned(),
        ),
        finished_at: Some(moment.now),
        ..notice
    }
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
