//! Groups.

use domain::directory::Group;
use domain::id::ObjectId;

use super::{details_document, details_of, texts_document, texts_of};
use crate::column::{instant, opt_string, parsed};
use crate::engine::Row;
use crate::value::{Value, boolean, int, list, opt_boolean, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, TAKING_ROLES, INSERT, UPDATE, DELETE];

const FIND: &str = "SELECT id, display_name, description, mail, mail_nickname, mail_enabled, security_enabled, \
    group_types, membership_rule, visibility, is_assignable_to_role, on_premises_sync_enabled, details, created_at, \
    version FROM directory_group WHERE id = $1";
const TAKING_ROLES: &str =
    "SELECT id FROM directory_group WHERE id IN EACH($1) AND is_assignable_to_role ORDER BY id";
const INSERT: &str = "INSERT INTO directory_group (id, display_name, description, mail, mail_nickname, mail_enabled, \
    security_enabled, group_types, membership_rule, visibility, is_assignable_to_role, on_premises_sync_enabled, \
    details, created_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
const UPDATE: &str = "UPDATE directory_group SET display_name = $2, description = $3, mail = $4, mail_nickname = $5, \
    mail_enabled = $6, security_enabled = $7, group_types = $8, membership_rule = $9, visibility = $10, \
    is_assignable_to_role = $11, on_premises_sync_enabled = $12, details = $13, created_at = $14, \
    version = version + 1 WHERE id = $1 AND version = $15";
const DELETE: &str = "DELETE FROM directory_group WHERE id = $1";

/// The group of this id.
pub fn find(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<Group>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Those of `groups` that directory roles can be assigned to.
pub fn taking_roles(tx: &mut ReadTx<'_>, groups: &[ObjectId]) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(TAKING_ROLES, &[list(groups)], |row| {
        parsed(row, 0, "directory_group.id")
    })
}

/// Stores a new group.
pub fn insert(tx: &mut WriteTx<'_>, group: &Group) -> Result<(), Error> {
    tx.execute_one(INSERT, &values(group))
}

/// Stores a changed group.
pub fn update(tx: &mut WriteTx<'_>, group: &Group) -> Result<(), Error> {
    tx.execute_one(UPDATE, &values(group))
}

/// Removes a group with its lists of members and owners.
pub fn delete(tx: &mut WriteTx<'_>, id: ObjectId) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(id)])
}

fn values(group: &Group) -> [Value; 15] {
    [
        text(group.id),
        text(&group.display_name),
        opt_text(group.description.as_ref()),
        opt_text(group.mail.as_ref()),
        opt_text(group.mail_nickname.as_ref()),
        boolean(group.mail_enabled),
        boolean(group.security_enabled),
        text(texts_document(&group.group_types)),
        opt_text(group.membership_rule.as_ref()),
        opt_text(group.visibility.as_ref()),
        opt_boolean(group.is_assignable_to_role),
        opt_boolean(group.on_premises_sync_enabled),
        text(details_document(&group.details)),
        int(group.created_at.micros()),
        int(group.version),
    ]
}

fn read(row: &Row<'_>) -> Result<Group, Error> {
    Ok(Group {
        id: parsed(row, 0, "directory_group.id")?,
        display_name: row.text(1)?.to_owned(),
        description: opt_string(row, 2)?,
        mail: opt_string(row, 3)?,
        mail_nickname: opt_string(row, 4)?,
        mail_enabled: row.boolean(5)?,
        security_enabled: row.boolean(6)?,
        group_types: texts_of(row, 7, "directory_group.group_types")?,
        membership_rule: opt_string(row, 8)?,
        visibility: opt_string(row, 9)?,
        is_assignable_to_role: row.opt_boolean(10)?,
        on_premises_sync_enabled: row.opt_boolean(11)?,
        details: details_of(row, 12, "directory_group.details")?,
        created_at: instant(row, 13)?,
        version: row.int(14)?,
    })
}
