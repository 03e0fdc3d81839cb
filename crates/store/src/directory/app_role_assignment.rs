//! Who holds which app role of which application.

use std::collections::{BTreeMap, BTreeSet};

use domain::directory::ObjectKind;
use domain::id::{AppRoleAssignmentId, AppRoleId, ObjectId};
use domain::time::Timestamp;

use crate::column::{instant, parsed, word};
use crate::engine::Row;
use crate::value::{int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, AMONG, PAGE, ADD, REMOVE, DELETE];

const FIND: &str = "SELECT id, principal_id, principal_type, resource_id, app_role_id, created_at \
    FROM app_role_assignment WHERE id = $1";
const AMONG: &str = "SELECT principal_id FROM app_role_assignment \
    WHERE resource_id = $1 AND app_role_id = $2 AND principal_id IN EACH($3)";
const PAGE: &str = "SELECT DISTINCT principal_id FROM app_role_assignment \
    WHERE resource_id = $1 AND app_role_id = $2 AND principal_id > $3 ORDER BY principal_id LIMIT $4";
// Which id goes to which principal does not matter, so the two lists are paired by position.
const ADD: &str = "INSERT INTO app_role_assignment \
    (id, principal_id, principal_type, resource_id, app_role_id, created_at) \
    SELECT fresh.value, added.value, $3, $4, $5, CAST($6 AS BIGINT) \
    FROM (SELECT value, ROW_NUMBER() OVER () AS position FROM EACH($1) AS ids) AS fresh \
    JOIN (SELECT value, ROW_NUMBER() OVER () AS position FROM EACH($2) AS principals) AS added \
    ON added.position = fresh.position";
const REMOVE: &str = "DELETE FROM app_role_assignment \
    WHERE resource_id = $1 AND app_role_id = $2 AND principal_id IN EACH($3)";
const DELETE: &str = "DELETE FROM app_role_assignment WHERE id = $1";

/// An app role held by a user, group or service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRoleAssignment {
    /// Its own id.
    pub id: AppRoleAssignmentId,
    /// Who holds the role.
    pub principal_id: ObjectId,
    /// What kind of object that is.
    pub principal_type: ObjectKind,
    /// The service principal that offers the role.
    pub resource_id: ObjectId,
    /// The role.
    pub app_role_id: AppRoleId,
    /// When it was granted.
    pub created_at: Timestamp,
}

/// What is granted: a role of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// The service principal that offers it.
    pub resource_id: ObjectId,
    /// The role.
    pub app_role_id: AppRoleId,
}

/// The assignment of this id.
pub fn find(
    tx: &mut ReadTx<'_>,
    id: AppRoleAssignmentId,
) -> Result<Option<AppRoleAssignment>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Who holds `role`, in the order of their ids, behind `after`.
pub fn page(
    tx: &mut ReadTx<'_>,
    role: Role,
    after: &str,
    limit: i64,
) -> Result<Vec<ObjectId>, Error> {
    let values = [
        text(role.resource_id),
        text(role.app_role_id),
        text(after),
        int(limit),
    ];
    tx.query_map(PAGE, &values, |row| {
        parsed(row, 0, "app_role_assignment.principal_id")
    })
}

/// Which of `principals` hold `role`.
pub fn among(
    tx: &mut ReadTx<'_>,
    role: Role,
    principals: &[ObjectId],
) -> Result<BTreeSet<ObjectId>, Error> {
    let values = [
        text(role.resource_id),
        text(role.app_role_id),
        list(principals),
    ];
    let found = tx.query_map(AMONG, &values, |row| {
        parsed(row, 0, "app_role_assignment.principal_id")
    })?;
    Ok(found.into_iter().collect())
}

/// Grants `role` to those in `principals`, none of whom holds it: id and kind of each, and the ids to give.
pub fn add(
    tx: &mut WriteTx<'_>,
    role: Role,
    principals: &[(ObjectId, ObjectKind, AppRoleAssignmentId)],
    now: Timestamp,
) -> Result<(), Error> {
    let mut by_kind: BTreeMap<ObjectKind, (Vec<AppRoleAssignmentId>, Vec<ObjectId>)> =
        BTreeMap::new();
    for (principal, kind, id) in principals {
        let (ids, objects) = by_kind.entry(*kind).or_default();
        ids.push(*id);
        objects.push(*principal);
    }
    for (kind, (ids, objects)) in by_kind {
        let values = [
            list(ids),
            list(objects),
            text(kind.principal_type()),
            text(role.resource_id),
            text(role.app_role_id),
            int(now.micros()),
        ];
        tx.execute(ADD, &values)?;
    }
    Ok(())
}

/// Takes `role` from `principals`.
pub fn remove(tx: &mut WriteTx<'_>, role: Role, principals: &[ObjectId]) -> Result<(), Error> {
    if principals.is_empty() {
        return Ok(());
    }
    let values = [
        text(role.resource_id),
        text(role.app_role_id),
        list(principals),
    ];
    tx.execute(REMOVE, &values).map(drop)
}

/// Removes the assignment of this id.
pub fn delete(tx: &mut WriteTx<'_>, id: AppRoleAssignmentId) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(id)])
}

fn read(row: &Row<'_>) -> Result<AppRoleAssignment, Error> {
    Ok(AppRoleAssignment {
        id: parsed(row, 0, "app_role_assignment.id")?,
        principal_id: parsed(row, 1, "app_role_assignment.principal_id")?,
        principal_type: word(
            row,
            2,
            "app_role_assignment.principal_type",
            ObjectKind::from_name,
        )?,
        resource_id: parsed(row, 3, "app_role_assignment.resource_id")?,
        app_role_id: parsed(row, 4, "app_role_assignment.app_role_id")?,
        created_at: instant(row, 5)?,
    })
}
