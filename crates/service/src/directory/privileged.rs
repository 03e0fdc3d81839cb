//! Groups that give roles, and users who hold them: whoever changes the one, or signs in as the other, has the role.
//!
//! A role is held through groups at any depth (AZ-12). So a group is looked at with all groups above it, and for each that
//! holds a role the caller must be somebody who may give that role, or own that very group.
//!
//! **Invariant:** nobody gets a role by changing users and groups who could not have been given it by the caller.

use std::collections::BTreeSet;

use auth::decide::Caller;
use auth::directory::DirectoryAction;
use auth::principal::DirectoryRole;
use auth::roles::Scope;
use domain::directory::GroupRole;
use domain::id::ObjectId;
use store::directory::{group, membership, role_member};
use store::{Error, ReadTx, role_assignment};

use crate::authorize;
use crate::ctx::{Actor, Ctx};
use crate::error::ServiceError;
use crate::role_assignments;

/// Refuses whoever may not give the roles that a group gives to who is in it.
pub(crate) fn check_group(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    group: ObjectId,
) -> Result<(), ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(());
    };
    let groups = with_groups_above(tx, group)?;
    for holder in directory_holders(tx, &groups)? {
        if !owns(tx, caller, holder)? {
            authorize::in_directory(ctx, DirectoryAction::ManageRoleGroups)?;
        }
    }
    for held in role_assignment::held_by(tx, &groups)? {
        if !owns(tx, caller, held.principal_id)?
            && let Some(scope) = Scope::from_app_scope_id(&held.app_scope_id)
        {
            role_assignments::check_may_assign(ctx, scope)?;
        }
    }
    Ok(())
}

/// Refuses whoever may not change a group. To let a group give a role is to say who may change it from then on.
pub(crate) fn check_may_change(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    group: ObjectId,
) -> Result<(), ServiceError> {
    match &ctx.actor {
        Actor::Caller(caller) if !owns(tx, caller, group)? => {
            authorize::in_directory(ctx, DirectoryAction::WriteGroups)
        }
        _ => Ok(()),
    }
}

/// Refuses whoever may not decide how an administrator signs in: who holds a role of the directory, is in a group that gives
/// one or may be made to, or owns such a group. User Administrators decide about each other.
pub(crate) fn check_user(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    user: ObjectId,
) -> Result<(), ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(());
    };
    let mut reached: BTreeSet<ObjectId> = with_groups_above(tx, user)?.into_iter().collect();
    for owned in membership::groups_owned_by(tx, user)? {
        reached.extend(with_groups_above(tx, owned)?);
    }
    let reached: Vec<ObjectId> = reached.into_iter().collect();
    let spared = DirectoryRole::UserAdministrator.template_id();
    let spares = !caller.principal.is_application();
    let is_administrator = role_member::roles_of(tx, &reached)?
        .iter()
        .any(|role| !(spares && role.eq_ignore_ascii_case(spared)));
    if is_administrator || !group::taking_roles(tx, &reached)?.is_empty() {
        authorize::in_directory(ctx, DirectoryAction::ManageAdministrators)?;
    }
    Ok(())
}

fn with_groups_above(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Vec<ObjectId>, Error> {
    let mut all = membership::transitive_groups_of(tx, object)?;
    all.push(object);
    Ok(all)
}

/// Those of `groups` that hold a role of the directory themselves, or may be made to.
fn directory_holders(
    tx: &mut ReadTx<'_>,
    groups: &[ObjectId],
) -> Result<BTreeSet<ObjectId>, Error> {
    let mut holders = role_member::holders_among(tx, groups)?;
    holders.extend(group::taking_roles(tx, groups)?);
    Ok(holders.into_iter().collect())
}

fn owns(tx: &mut ReadTx<'_>, caller: &Caller, group: ObjectId) -> Result<bool, Error> {
    let own = [caller.principal.object()];
    Ok(!membership::among(tx, group, GroupRole::Owner, &own)?.is_empty())
}
