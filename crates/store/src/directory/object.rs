//! Directory objects of whatever kind: what an id stands for, and what goes with an object when it goes.

use std::collections::BTreeMap;

use domain::directory::{MemberStanding, ObjectKind};
use domain::id::ObjectId;

use crate::column::{opt_string, parsed};
use crate::value::{list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    USERS,
    GROUPS,
    SERVICE_PRINCIPALS,
    FIND,
    LEAVE_GROUPS,
    LEAVE_OWNERSHIP,
    LEAVE_APP_ROLES,
    DROP_EM_ROLES,
    DROP_DIRECTORY_ROLES,
    DROP_BINDING,
    DROP_INTERNAL_SPONSOR,
    DROP_EXTERNAL_SPONSOR,
];

const USERS: &str = "SELECT id, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END \
    FROM directory_user WHERE id IN EACH($1)";
const GROUPS: &str = "SELECT id FROM directory_group WHERE id IN EACH($1)";
const SERVICE_PRINCIPALS: &str = "SELECT id FROM service_principal WHERE id IN EACH($1)";
const FIND: &str = "SELECT object_type, display_name, mail, user_principal_name FROM directory_object WHERE id = $1";
const LEAVE_GROUPS: &str = "DELETE FROM group_member WHERE member_id = $1";
const LEAVE_OWNERSHIP: &str = "DELETE FROM group_owner WHERE owner_id = $1";
const LEAVE_APP_ROLES: &str = "DELETE FROM app_role_assignment WHERE principal_id = $1";
const DROP_EM_ROLES: &str = "DELETE FROM role_assignment WHERE principal_id = $1";
const DROP_DIRECTORY_ROLES: &str = "DELETE FROM directory_role_member WHERE member_id = $1";
const DROP_INTERNAL_SPONSOR: &str =
    "DELETE FROM connected_organization_internal_sponsor WHERE object_id = $1";
const DROP_EXTERNAL_SPONSOR: &str =
    "DELETE FROM connected_organization_external_sponsor WHERE object_id = $1";
const DROP_BINDING: &str = "DELETE FROM target_binding WHERE object_id = $1";

/// What every directory object has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryObject {
    /// The directory id.
    pub id: ObjectId,
    /// What kind of object it is.
    pub kind: ObjectKind,
    /// Name.
    pub display_name: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Sign-in name, of a user.
    pub user_principal_name: Option<String>,
}

/// The object of this id, unless deleted.
pub fn find(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<DirectoryObject>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(id)])? else {
        return Ok(None);
    };
    let kind = row.text(0)?;
    let kind = ObjectKind::from_name(kind)
        .ok_or_else(|| Error::corrupt("directory_object", "object_type", id, kind))?;
    Ok(Some(DirectoryObject {
        id,
        kind,
        display_name: opt_string(&row, 1)?,
        mail: opt_string(&row, 2)?,
        user_principal_name: opt_string(&row, 3)?,
    }))
}

/// What each of `ids` stands for; ids that stand for nothing are left out.
pub fn standings(
    tx: &mut ReadTx<'_>,
    ids: &[ObjectId],
) -> Result<BTreeMap<ObjectId, MemberStanding>, Error> {
    let mut found = BTreeMap::new();
    let users = tx.query_map(USERS, &[list(ids)], |row| {
        let standing = match row.int(1)? {
            0 => MemberStanding::Present(ObjectKind::User),
            _ => MemberStanding::Deleted,
        };
        Ok((parsed(row, 0, "directory_user.id")?, standing))
    })?;
    found.extend(users);
    for (sql, kind) in [
        (GROUPS, ObjectKind::Group),
        (SERVICE_PRINCIPALS, ObjectKind::ServicePrincipal),
    ] {
        let unknown: Vec<ObjectId> = ids
            .iter()
            .copied()
            .filter(|id| !found.contains_key(id))
            .collect();
        if unknown.is_empty() {
            break;
        }
        let there = tx.query_map(sql, &[list(unknown)], |row| {
            parsed(row, 0, "directory_object.id")
        })?;
        found.extend(
            there
                .into_iter()
                .map(|id| (id, MemberStanding::Present(kind))),
        );
    }
    Ok(found)
}

/// Takes an object out of all groups and app roles: what vanishes even with a user who can be restored (AS-16).
pub fn withdraw_access(tx: &mut WriteTx<'_>, id: ObjectId) -> Result<(), Error> {
    for sql in [LEAVE_GROUPS, LEAVE_OWNERSHIP, LEAVE_APP_ROLES] {
        tx.execute(sql, &[text(id)])?;
    }
    Ok(())
}

/// Forgets what an object that goes for good may do, and where it was delivered to.
pub fn withdraw_roles(tx: &mut WriteTx<'_>, id: ObjectId) -> Result<(), Error> {
    for sql in [
        DROP_EM_ROLES,
        DROP_DIRECTORY_ROLES,
        DROP_BINDING,
        DROP_INTERNAL_SPONSOR,
        DROP_EXTERNAL_SPONSOR,
    ] {
        tx.execute(sql, &[text(id)])?;
    }
    Ok(())
}
