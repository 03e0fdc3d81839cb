//! By which assignment, and through which groups, somebody holds a role.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use auth::roles::{EmRole, Role, Scope};
use domain::directory::GroupRole;
use domain::id::{ObjectId, RoleAssignmentId};
use store::directory::{membership, object, role_member};
use store::{Error, ReadTx, role_assignment};

/// A group on the way from somebody to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub display_name: Option<String>,
}

/// How a role is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The role.
    pub role: Role,
    /// Where it counts.
    pub scope: Scope,
    /// The assignment, for roles of entitlement management.
    pub assignment: Option<RoleAssignmentId>,
    /// The groups from the caller to the one that the role was given to; empty if it was given to the caller.
    pub through: Vec<Group>,
    /// Whether the directory knows of it; else the token alone says so.
    pub is_recorded: bool,
}

/// How `holder` holds the role.
pub(super) fn find(
    tx: &mut ReadTx<'_>,
    holder: ObjectId,
    role: Role,
    scope: Scope,
) -> Result<Holding, Error> {
    let groups = membership::transitive_groups_of(tx, holder)?;
    let given = match role {
        Role::Em(em) => given(tx, holder, &groups, em, scope)?,
        Role::Directory(directory) => {
            let mut found = None;
            for one in std::iter::once(holder).chain(groups.iter().copied()) {
                let roles = role_member::roles_of(tx, &[one])?;
                if roles.iter().any(|id| id == directory.template_id()) {
                    found = Some((one, None));
                    break;
                }
            }
            found
        }
    };
    let through = match given {
        Some((to, _)) => path(tx, holder, to, &groups)?,
        None => Vec::new(),
    };
    Ok(Holding {
        role,
        scope,
        assignment: given.and_then(|(_, assignment)| assignment),
        through,
        is_recorded: given.is_some(),
    })
}

type Given = (ObjectId, Option<RoleAssignmentId>);

fn given(
    tx: &mut ReadTx<'_>,
    holder: ObjectId,
    groups: &[ObjectId],
    role: EmRole,
    scope: Scope,
) -> Result<Option<Given>, Error> {
    let holders: Vec<ObjectId> = std::iter::once(holder)
        .chain(groups.iter().copied())
        .collect();
    let mut held = role_assignment::held_by(tx, &holders)?;
    held.retain(|one| {
        one.role_definition_id == role.definition_id()
            && Scope::from_app_scope_id(&one.app_scope_id) == Some(scope)
    });
    // What was given to the caller needs no explanation by a group.
    held.sort_by_key(|one| one.principal_id != holder);
    Ok(held.first().map(|one| (one.principal_id, Some(one.id))))
}

/// The shortest way from `from` up to the group `to`, by direct memberships.
fn path(
    tx: &mut ReadTx<'_>,
    from: ObjectId,
    to: ObjectId,
    groups: &[ObjectId],
) -> Result<Vec<Group>, Error> {
    if from == to {
        return Ok(Vec::new());
    }
    let candidates: Vec<ObjectId> = std::iter::once(from)
        .chain(groups.iter().copied())
        .collect();
    // Downwards from the group: whoever is in it is one step nearer to the caller.
    let mut above: BTreeMap<ObjectId, ObjectId> = BTreeMap::new();
    let (mut waiting, mut seen) = (VecDeque::from([to]), BTreeSet::from([to]));
    while let Some(group) = waiting.pop_front() {
        for member in membership::among(tx, group, GroupRole::Member, &candidates)? {
            if seen.insert(member) {
                above.insert(member, group);
                waiting.push_back(member);
            }
        }
        if above.contains_key(&from) {
            break;
        }
    }
    let (mut way, mut at) = (Vec::new(), from);
    while let Some(group) = above.get(&at).copied() {
        let found = object::find(tx, group)?;
        way.push(Group {
            id: group,
            display_name: found.and_then(|one| one.display_name),
        });
        at = group;
    }
    Ok(way)
}
