//! Groups: create, update, delete.

use auth::decide::{Decision, Refusal};
use auth::directory::{DirectoryAction, decide_directory};
use domain::activity::Activity;
use domain::change::Change;
use domain::directory::{Group, GroupChanges, GroupRole};
use domain::id::ObjectId;
use store::directory::{group, membership, object};
use store::{ReadTx, WriteTx};

use super::{flawed, members, privileged};
use crate::audit::modified::Audited;
use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Actor, Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

const TYPE: &str = "Group";
/// How many members an update may add, as Graph has it.
const MOST_REFERENCES: usize = 20;

/// Creates a group with its first members and owners; a user who names no owner becomes it.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    changes: GroupChanges,
) -> Result<Group, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteGroups)?;
    if changes.is_assignable_to_role == Change::Set(true) {
        authorize::in_directory(ctx, DirectoryAction::ManageRoleGroups)?;
    }
    let (moment, ctx) = (service.moment(), ctx.clone());
    let created = service
        .store
        .write(move |tx| create_in(tx, &moment, &ctx, &changes))
        .await?;
    service.callers.invalidate();
    Ok(created)
}

/// [`create`] as a part of a larger transaction, whose maker asked whether it is allowed.
pub(crate) fn create_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    changes: &GroupChanges,
) -> Result<Group, ServiceError> {
    let created = Group::create(moment.id(ObjectId::new), moment.now, changes).map_err(flawed)?;
    group::insert(tx, &created)?;
    record(tx, moment, ctx, Activity::AddGroup, None, &created)?;
    let mut owners = changes.owners.clone();
    if owners.is_empty() {
        owners.extend(creator(ctx));
    }
    let id = created.id;
    members::bind(tx, moment, ctx, id, GroupRole::Member, &changes.members)?;
    members::bind(tx, moment, ctx, id, GroupRole::Owner, &owners)?;
    Ok(created)
}

/// Changes a group (HT-1), and adds the members and owners that the body binds.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    changes: GroupChanges,
) -> Result<Group, ServiceError> {
    for (property, bound) in [
        ("members@odata.bind", &changes.members),
        ("owners@odata.bind", &changes.owners),
    ] {
        if bound.len() > MOST_REFERENCES {
            let message = format!("at most {MOST_REFERENCES} references can be added at once");
            return Err(ServiceError::invalid(Code::BadRequest, property, message));
        }
    }
    let (moment, ctx) = (service.moment(), ctx.clone());
    let changed = service
        .store
        .write(move |tx| {
            authorize(tx, &ctx, action_for(&changes), id)?;
            update_in(tx, &moment, &ctx, id, &changes)
        })
        .await?;
    service.callers.invalidate();
    service.wake();
    Ok(changed)
}

/// [`update`] as a part of a larger transaction, whose maker asked whether it is allowed.
pub(crate) fn update_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
    changes: &GroupChanges,
) -> Result<Group, ServiceError> {
    let stored = get(tx, id)?;
    let mut changed = stored.clone();
    changed.change(changes).map_err(flawed)?;
    group::update(tx, &changed)?;
    changed.version += 1;
    members::bind(tx, moment, ctx, id, GroupRole::Member, &changes.members)?;
    members::bind(tx, moment, ctx, id, GroupRole::Owner, &changes.owners)?;
    record(
        tx,
        moment,
        ctx,
        Activity::UpdateGroup,
        Some(&stored),
        &changed,
    )?;
    Ok(changed)
}

/// Deletes a group for good, with all that it gave (AS-21).
pub async fn delete(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| delete_in(tx, &moment, &ctx, id))
        .await?;
    service.callers.invalidate();
    Ok(())
}

pub(crate) fn delete_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
) -> Result<(), ServiceError> {
    authorize(tx, ctx, DirectoryAction::WriteGroups, id)?;
    let gone = get(tx, id)?;
    object::withdraw_access(tx, id)?;
    object::withdraw_roles(tx, id)?;
    group::delete(tx, id)?;
    record(tx, moment, ctx, Activity::DeleteGroup, Some(&gone), &gone)
}

pub(crate) fn get(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Group, ServiceError> {
    group::find(tx, id)?.ok_or_else(|| ServiceError::not_found("group", id))
}

/// Whether the caller may do `action` to the group: by a role, or as its owner, who needs none; and, if the group gives
/// roles, whether they may give these.
pub(crate) fn authorize(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    action: DirectoryAction,
    group: ObjectId,
) -> Result<(), ServiceError> {
    if let Actor::Caller(caller) = &ctx.actor
        && let Decision::Deny(Refusal::MissingRole { .. }) = decide_directory(caller, action)
        && let Some(user) = caller.principal.as_user()
        && !membership::among(tx, group, GroupRole::Owner, &[user])?.is_empty()
    {
        return privileged::check_group(tx, ctx, group);
    }
    authorize::in_directory(ctx, action)?;
    privileged::check_group(tx, ctx, group)
}

/// An update that only adds members asks for less.
fn action_for(changes: &GroupChanges) -> DirectoryAction {
    let only_members = GroupChanges {
        members: changes.members.clone(),
        ..GroupChanges::default()
    };
    if changes.members.is_empty() || *changes != only_members {
        DirectoryAction::WriteGroups
    } else {
        DirectoryAction::WriteMembers
    }
}

fn creator(ctx: &Ctx) -> Option<ObjectId> {
    match &ctx.actor {
        Actor::Caller(caller) => caller.principal.as_user(),
        Actor::System => None,
    }
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    before: Option<&Group>,
    about: &Group,
) -> Result<(), ServiceError> {
    let event = success(activity, TYPE, about.id, Some(about.display_name.clone()))
        .changing(before.map(|row| row as &dyn Audited), Some(about));
    Ok(audit::record(tx, moment, ctx, event)?)
}
