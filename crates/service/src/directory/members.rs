//! Members and owners of groups: one at a time for the API, as sets for the delivery engine.
//!
//! **Invariant:** both go through [`change`], so that what the engine may do and what a client may do is one thing.

use std::collections::BTreeSet;

use auth::directory::DirectoryAction;
use domain::activity::Activity;
use domain::directory::{Group, GroupRole, MemberStanding, judge_addition, judge_modifiable};
use domain::failure::FailureCode;
use domain::id::ObjectId;
use domain::resource::OriginSystem;
use store::directory::{group, membership, object};
use store::ledger::witness;
use store::{Error, ReadTx, WriteTx};

use super::{Operation, Outcome, groups};
use crate::audit::{self, success};
use crate::ctx::{Ctx, Moment, Service};
use crate::drift;
use crate::error::{Code, ServiceError};

/// Adds an object to a group by reference.
pub async fn add(
    service: &Service,
    ctx: &Ctx,
    group: ObjectId,
    role: GroupRole,
    object: ObjectId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            groups::authorize(tx, &ctx, action_for(role), group)?;
            let absent = Code::ResourceNotFound;
            if add_in(tx, &moment, &ctx, group, role, object, absent)? {
                Ok(())
            } else {
                Err(already_there(role))
            }
        })
        .await?;
    service.callers.invalidate();
    service.wake();
    Ok(())
}

/// Removes an object from a group.
pub async fn remove(
    service: &Service,
    ctx: &Ctx,
    group: ObjectId,
    role: GroupRole,
    object: ObjectId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            groups::authorize(tx, &ctx, action_for(role), group)?;
            if remove_in(tx, &moment, &ctx, group, role, object)? {
                return Ok(());
            }
            let relation = role.relation();
            let message = format!("`{object}` is not among the {relation} of the group");
            Err(ServiceError::refused(Code::ResourceNotFound, message))
        })
        .await?;
    service.callers.invalidate();
    service.wake();
    Ok(())
}

/// [`add`] as a part of a larger transaction, whose maker asked whether it is allowed: whether the object was outside.
/// One that does not exist is refused with `absent`.
pub(crate) fn add_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    group: ObjectId,
    role: GroupRole,
    object: ObjectId,
    absent: Code,
) -> Result<bool, ServiceError> {
    let target = groups::get(tx, group)?;
    let outcomes = change(tx, group, role, Operation::Add, &[object])?;
    if let Some(Outcome::AlreadySo) = outcomes.first() {
        return Ok(false);
    }
    accept_addition(&target, role, object, outcomes.first().copied(), absent)?;
    drift::noticed(tx, moment, &granted(group, role), object, true)?;
    let activity = match role {
        GroupRole::Member => Activity::AddMember,
        GroupRole::Owner => Activity::AddOwner,
    };
    let event =
        success(activity, "Group", group, Some(target.display_name)).with("objectId", object);
    audit::record(tx, moment, ctx, event)?;
    Ok(true)
}

/// [`remove`] as a part of a larger transaction, whose maker asked whether it is allowed: whether the object was inside.
pub(crate) fn remove_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    group: ObjectId,
    role: GroupRole,
    object: ObjectId,
) -> Result<bool, ServiceError> {
    let target = groups::get(tx, group)?;
    match change(tx, group, role, Operation::Remove, &[object])?.first() {
        Some(Outcome::Done) => {}
        Some(Outcome::Refused(code)) => {
            return Err(refusal(&target, role, object, *code, Code::BadRequest));
        }
        Some(Outcome::AlreadySo) | None => return Ok(false),
    }
    drift::noticed(tx, moment, &granted(group, role), object, false)?;
    let activity = match role {
        GroupRole::Member => Activity::RemoveMember,
        GroupRole::Owner => Activity::RemoveOwner,
    };
    let event =
        success(activity, "Group", group, Some(target.display_name)).with("objectId", object);
    audit::record(tx, moment, ctx, event)?;
    Ok(true)
}

/// The role that the ledger knows a membership as.
fn granted(group: ObjectId, role: GroupRole) -> witness::Role {
    let name = match role {
        GroupRole::Member => "Member",
        GroupRole::Owner => "Owner",
    };
    witness::Role {
        origin_system: OriginSystem::AadGroup.as_str(),
        resource: group,
        role_origin_id: format!("{name}_{group}"),
    }
}

/// Makes it so for many subjects in one transaction, on behalf of the delivery engine; one outcome a subject, in the
/// order asked. Saying it twice is the same as saying it once.
pub async fn apply(
    service: &Service,
    group: ObjectId,
    role: GroupRole,
    operation: Operation,
    subjects: &[ObjectId],
) -> Result<Vec<Outcome>, ServiceError> {
    let subjects = subjects.to_vec();
    let outcomes = service
        .store
        .write(move |tx| change(tx, group, role, operation, &subjects))
        .await?;
    if outcomes.contains(&Outcome::Done) {
        service.callers.invalidate();
    }
    Ok(outcomes)
}

/// Whether each subject is in the group, in the order asked. Nobody is in a group that is not there.
pub async fn observe(
    service: &Service,
    group: ObjectId,
    role: GroupRole,
    subjects: &[ObjectId],
) -> Result<Vec<bool>, ServiceError> {
    let subjects = subjects.to_vec();
    let present = service
        .store
        .read(move |tx| {
            let inside = membership::among(tx, group, role, &subjects)?;
            Ok::<Vec<bool>, Error>(
                subjects
                    .iter()
                    .map(|subject| inside.contains(subject))
                    .collect(),
            )
        })
        .await?;
    Ok(present)
}

/// Who is in a group, by their ids, behind this one; none: there is no such group.
pub async fn list(
    service: &Service,
    group: ObjectId,
    role: GroupRole,
    after: String,
    limit: i64,
) -> Result<Option<Vec<ObjectId>>, ServiceError> {
    let page = service
        .store
        .read(move |tx| -> Result<_, Error> {
            if group::find(tx, group)?.is_none() {
                return Ok(None);
            }
            membership::page(tx, group, role, &after, limit).map(Some)
        })
        .await?;
    Ok(page)
}

/// Changes who is in a group and says what became of each.
pub(crate) fn change(
    tx: &mut WriteTx<'_>,
    group: ObjectId,
    role: GroupRole,
    operation: Operation,
    subjects: &[ObjectId],
) -> Result<Vec<Outcome>, Error> {
    let Some(group) = group::find(tx, group)? else {
        // Access through a group that is gone is gone too (AS-21).
        let outcome = match operation {
            Operation::Add => Outcome::Refused(FailureCode::ResourceNotFoundInOriginSystem),
            Operation::Remove => Outcome::AlreadySo,
        };
        return Ok(vec![outcome; subjects.len()]);
    };
    let inside = membership::among(tx, group.id, role, subjects)?;
    match operation {
        Operation::Add => add_all(tx, &group, role, subjects, inside),
        Operation::Remove => remove_all(tx, &group, role, subjects, inside),
    }
}

fn add_all(
    tx: &mut WriteTx<'_>,
    group: &Group,
    role: GroupRole,
    subjects: &[ObjectId],
    mut inside: BTreeSet<ObjectId>,
) -> Result<Vec<Outcome>, Error> {
    let outside: Vec<ObjectId> = subjects
        .iter()
        .copied()
        .filter(|id| !inside.contains(id))
        .collect();
    let standings = object::standings(tx, &outside)?;
    let mut added = Vec::new();
    let mut outcomes = Vec::with_capacity(subjects.len());
    for subject in subjects.iter().copied() {
        if inside.contains(&subject) {
            outcomes.push(Outcome::AlreadySo);
            continue;
        }
        let standing = standings
            .get(&subject)
            .copied()
            .unwrap_or(MemberStanding::Unknown);
        match judge_addition(group, role, subject, standing) {
            Ok(()) => {
                inside.insert(subject);
                added.push(subject);
                outcomes.push(Outcome::Done);
            }
            Err(code) => outcomes.push(Outcome::Refused(code)),
        }
    }
    membership::add(tx, group.id, role, &added)?;
    Ok(outcomes)
}

fn remove_all(
    tx: &mut WriteTx<'_>,
    group: &Group,
    role: GroupRole,
    subjects: &[ObjectId],
    mut inside: BTreeSet<ObjectId>,
) -> Result<Vec<Outcome>, Error> {
    let permitted = judge_modifiable(group, role);
    let mut removed = Vec::new();
    let mut outcomes = Vec::with_capacity(subjects.len());
    for subject in subjects.iter().copied() {
        let outcome = match permitted {
            _ if !inside.contains(&subject) => Outcome::AlreadySo,
            Err(code) => Outcome::Refused(code),
            Ok(()) => {
                inside.remove(&subject);
                removed.push(subject);
                Outcome::Done
            }
        };
        outcomes.push(outcome);
    }
    membership::remove(tx, group.id, role, &removed)?;
    Ok(outcomes)
}

/// Adds to a group what the body of a change binds, as [`add`] does one at a time; all of it, or the first refusal.
pub(super) fn bind(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    group: ObjectId,
    role: GroupRole,
    objects: &[ObjectId],
) -> Result<(), ServiceError> {
    for object in objects.iter().copied() {
        if !add_in(tx, moment, ctx, group, role, object, Code::BadRequest)? {
            return Err(already_there(role));
        }
    }
    Ok(())
}

/// To a client, adding what is there already is an error, as in Graph.
fn accept_addition(
    group: &Group,
    role: GroupRole,
    object: ObjectId,
    outcome: Option<Outcome>,
    absent: Code,
) -> Result<(), ServiceError> {
    match outcome {
        Some(Outcome::Done) => Ok(()),
        Some(Outcome::Refused(code)) => Err(refusal(group, role, object, code, absent)),
        Some(Outcome::AlreadySo) | None => Err(already_there(role)),
    }
}

fn already_there(role: GroupRole) -> ServiceError {
    let relation = role.relation();
    let message = format!(
        "One or more added object references already exist for the following modified properties: '{relation}'."
    );
    ServiceError::invalid(Code::BadRequest, relation, message)
}

fn refusal(
    group: &Group,
    role: GroupRole,
    object: ObjectId,
    code: FailureCode,
    absent: Code,
) -> ServiceError {
    let relation = role.relation();
    match code {
        FailureCode::TargetNotFound | FailureCode::TargetDeleted => ServiceError::invalid(
            absent,
            relation,
            format!("directory object `{object}` does not exist"),
        ),
        FailureCode::GroupNotModifiable if group.is_mastered_elsewhere() => {
            let message = "the group is mastered on-premises, so it cannot be changed here";
            ServiceError::invalid(Code::BadRequest, relation, message)
        }
        FailureCode::GroupNotModifiable => {
            let message = "the group's membership rule decides who is a member";
            ServiceError::invalid(Code::BadRequest, relation, message)
        }
        _ if object == group.id => {
            ServiceError::invalid(Code::BadRequest, relation, "a group cannot be in itself")
        }
        _ if role == GroupRole::Member => ServiceError::invalid(
            Code::BadRequest,
            relation,
            "a group that roles can be assigned to has no groups in it",
        ),
        _ => ServiceError::invalid(
            Code::BadRequest,
            relation,
            "only users and service principals can own a group",
        ),
    }
}

fn action_for(role: GroupRole) -> DirectoryAction {
    match role {
        GroupRole::Member => DirectoryAction::WriteMembers,
        GroupRole::Owner => DirectoryAction::WriteGroups,
    }
}

/// The groups that `object` is in, directly or through other groups.
pub fn transitive_groups_of(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Vec<ObjectId>, Error> {
    membership::transitive_groups_of(tx, object)
}

/// Who is in `group`, directly or through other groups.
pub fn transitive_members(tx: &mut ReadTx<'_>, group: ObjectId) -> Result<Vec<ObjectId>, Error> {
    membership::transitive_members(tx, group)
}
