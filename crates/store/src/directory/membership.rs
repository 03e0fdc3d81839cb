//! Who is in which group, as a member or as an owner.
//!
//! **Invariant:** a group may be in a group, even in a circle: whoever follows memberships visits each group once.

use std::collections::BTreeSet;

use domain::directory::GroupRole;
use domain::id::ObjectId;

use crate::column::parsed;
use crate::value::{int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    MEMBERS,
    MEMBERS_PAGE,
    OWNERS_PAGE,
    MEMBERS_AMONG,
    OWNERS_AMONG,
    ADD_MEMBERS,
    ADD_OWNERS,
    REMOVE_MEMBERS,
    REMOVE_OWNERS,
    GROUPS_ABOVE,
    GROUPS_OWNED,
    MEMBERS_BELOW,
];

const MEMBERS: &str = "SELECT member_id FROM group_member WHERE group_id = $1 ORDER BY member_id";
const MEMBERS_PAGE: &str = "SELECT member_id FROM group_member WHERE group_id = $1 AND member_id > $2 \
    ORDER BY member_id LIMIT $3";
const OWNERS_PAGE: &str = "SELECT owner_id FROM group_owner WHERE group_id = $1 AND owner_id > $2 \
    ORDER BY owner_id LIMIT $3";
const MEMBERS_AMONG: &str =
    "SELECT member_id FROM group_member WHERE group_id = $1 AND member_id IN EACH($2)";
const OWNERS_AMONG: &str =
    "SELECT owner_id FROM group_owner WHERE group_id = $1 AND owner_id IN EACH($2)";
const ADD_MEMBERS: &str = "INSERT INTO group_member (group_id, member_id) \
    SELECT $1, added.value FROM EACH($2) AS added";
const ADD_OWNERS: &str = "INSERT INTO group_owner (group_id, owner_id) \
    SELECT $1, added.value FROM EACH($2) AS added";
const REMOVE_MEMBERS: &str =
    "DELETE FROM group_member WHERE group_id = $1 AND member_id IN EACH($2)";
const REMOVE_OWNERS: &str = "DELETE FROM group_owner WHERE group_id = $1 AND owner_id IN EACH($2)";
// UNION drops what was seen before, so that a circle of groups comes to an end.
const GROUPS_ABOVE: &str = "WITH RECURSIVE above (id) AS ( \
    SELECT group_id FROM group_member WHERE member_id = $1 \
    UNION SELECT m.group_id FROM group_member m JOIN above ON m.member_id = above.id) \
    SELECT id FROM above WHERE id <> $1 ORDER BY id";
const GROUPS_OWNED: &str = "SELECT group_id FROM group_owner WHERE owner_id = $1 ORDER BY group_id";
const MEMBERS_BELOW: &str = "WITH RECURSIVE below (id) AS ( \
    SELECT member_id FROM group_member WHERE group_id = $1 \
    UNION SELECT m.member_id FROM group_member m JOIN below ON m.group_id = below.id) \
    SELECT id FROM below WHERE id <> $1 ORDER BY id";

/// Who is a member of `group` itself, in the order of their ids.
pub fn members(tx: &mut ReadTx<'_>, group: ObjectId) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(MEMBERS, &[text(group)], |row| {
        parsed(row, 0, "group_member.member_id")
    })
}

/// Who is in `group` itself, in the order of their ids, behind `after`.
pub fn page(
    tx: &mut ReadTx<'_>,
    group: ObjectId,
    role: GroupRole,
    after: &str,
    limit: i64,
) -> Result<Vec<ObjectId>, Error> {
    let sql = match role {
        GroupRole::Member => MEMBERS_PAGE,
        GroupRole::Owner => OWNERS_PAGE,
    };
    tx.query_map(sql, &[text(group), text(after), int(limit)], |row| {
        parsed(row, 0, "group_member.member_id")
    })
}

/// Which of `objects` are in `group`.
pub fn among(
    tx: &mut ReadTx<'_>,
    group: ObjectId,
    role: GroupRole,
    objects: &[ObjectId],
) -> Result<BTreeSet<ObjectId>, Error> {
    let sql = match role {
        GroupRole::Member => MEMBERS_AMONG,
        GroupRole::Owner => OWNERS_AMONG,
    };
    let found = tx.query_map(sql, &[text(group), list(objects)], |row| {
        parsed(row, 0, "group_member.member_id")
    })?;
    Ok(found.into_iter().collect())
}

/// Puts `objects`, none of which is in `group`, into it.
pub fn add(
    tx: &mut WriteTx<'_>,
    group: ObjectId,
    role: GroupRole,
    objects: &[ObjectId],
) -> Result<(), Error> {
    if objects.is_empty() {
        return Ok(());
    }
    let sql = match role {
        GroupRole::Member => ADD_MEMBERS,
        GroupRole::Owner => ADD_OWNERS,
    };
    tx.execute(sql, &[text(group), list(objects)]).map(drop)
}

/// Takes `objects` out of `group`.
pub fn remove(
    tx: &mut WriteTx<'_>,
    group: ObjectId,
    role: GroupRole,
    objects: &[ObjectId],
) -> Result<(), Error> {
    if objects.is_empty() {
        return Ok(());
    }
    let sql = match role {
        GroupRole::Member => REMOVE_MEMBERS,
        GroupRole::Owner => REMOVE_OWNERS,
    };
    tx.execute(sql, &[text(group), list(objects)]).map(drop)
}

/// The groups that `object` is a member of, directly or through other groups, in the order of their ids.
pub fn transitive_groups_of(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(GROUPS_ABOVE, &[text(object)], |row| {
        parsed(row, 0, "group_member.group_id")
    })
}

/// The groups that `object` owns, in the order of their ids.
pub fn groups_owned_by(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(GROUPS_OWNED, &[text(object)], |row| {
        parsed(row, 0, "group_owner.group_id")
    })
}

/// Who is a member of `group`, directly or through other groups, those groups included, in the order of their ids.
pub fn transitive_members(tx: &mut ReadTx<'_>, group: ObjectId) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(MEMBERS_BELOW, &[text(group)], |row| {
        parsed(row, 0, "group_member.member_id")
    })
}
