//! Who holds which role of the directory, such as Identity Governance Administrator.

use domain::id::ObjectId;

use crate::column::parsed;
use crate::value::{list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[ROLES_OF, HOLDERS, ADD, REMOVE];

const ROLES_OF: &str =
    "SELECT DISTINCT role_id FROM directory_role_member WHERE member_id IN EACH($1)";
const HOLDERS: &str = "SELECT DISTINCT member_id FROM directory_role_member \
    WHERE member_id IN EACH($1) ORDER BY member_id";
const ADD: &str = "INSERT INTO directory_role_member (role_id, member_id) VALUES ($1, $2) \
    ON CONFLICT (role_id, member_id) DO NOTHING";
const REMOVE: &str = "DELETE FROM directory_role_member WHERE role_id = $1 AND member_id = $2";

/// The well-known ids of the roles that any of `members` holds.
pub fn roles_of(tx: &mut ReadTx<'_>, members: &[ObjectId]) -> Result<Vec<String>, Error> {
    tx.query_map(ROLES_OF, &[list(members)], |row| {
        row.text(0).map(ToOwned::to_owned)
    })
}

/// Those of `members` that hold a role themselves.
pub fn holders_among(tx: &mut ReadTx<'_>, members: &[ObjectId]) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(HOLDERS, &[list(members)], |row| {
        parsed(row, 0, "directory_role_member.member_id")
    })
}

/// Gives `member` the role; says whether it was new.
pub fn add(tx: &mut WriteTx<'_>, role_id: &str, member: ObjectId) -> Result<bool, Error> {
    Ok(tx.execute(ADD, &[text(role_id), text(member)])? > 0)
}

/// Takes the role from `member`; says whether it was there.
pub fn remove(tx: &mut WriteTx<'_>, role_id: &str, member: ObjectId) -> Result<bool, Error> {
    Ok(tx.execute(REMOVE, &[text(role_id), text(member)])? > 0)
}
