//! Who holds which role of entitlement management, for the tenant or for one catalog (semantics 7.2).

use domain::id::{CatalogId, ObjectId, RoleAssignmentId, RoleDefinitionId};
use domain::time::Timestamp;

use crate::column::{instant, opt_parsed, parsed};
use crate::engine::Row;
use crate::value::{int, list, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, HELD_BY, INSERT, DELETE];

const FIND: &str = "SELECT id, principal_id, role_definition_id, app_scope_id, catalog_id, created_at \
    FROM role_assignment WHERE id = $1";
const HELD_BY: &str = "SELECT id, principal_id, role_definition_id, app_scope_id, catalog_id, created_at \
    FROM role_assignment WHERE principal_id IN EACH($1) ORDER BY created_at, id";
const INSERT: &str = "INSERT INTO role_assignment \
    (id, principal_id, role_definition_id, directory_scope_id, app_scope_id, catalog_id, created_at) \
    VALUES ($1, $2, $3, '/', $4, $5, $6) \
    ON CONFLICT (principal_id, role_definition_id, app_scope_id) DO NOTHING";
const DELETE: &str = "DELETE FROM role_assignment WHERE id = $1";

/// A role of entitlement management, held by a user, group or service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its own id.
    pub id: RoleAssignmentId,
    /// Who holds the role.
    pub principal_id: ObjectId,
    /// The role.
    pub role_definition_id: RoleDefinitionId,
    /// Where it counts: `/` or `/AccessPackageCatalog/{id}`.
    pub app_scope_id: String,
    /// The catalog, if it counts in one.
    pub catalog_id: Option<CatalogId>,
    /// When it was assigned.
    pub created_at: Timestamp,
}

/// The assignment of this id.
pub fn find(tx: &mut ReadTx<'_>, id: RoleAssignmentId) -> Result<Option<RoleAssignment>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// What any of `principals` holds.
pub fn held_by(tx: &mut ReadTx<'_>, principals: &[ObjectId]) -> Result<Vec<RoleAssignment>, Error> {
    tx.query_map(HELD_BY, &[list(principals)], read)
}

/// Stores a new assignment; says whether the principal did not hold the role there before.
pub fn insert(tx: &mut WriteTx<'_>, assignment: &RoleAssignment) -> Result<bool, Error> {
    let values = [
        text(assignment.id),
        text(assignment.principal_id),
        text(assignment.role_definition_id),
        text(&assignment.app_scope_id),
        opt_text(assignment.catalog_id),
        int(assignment.created_at.micros()),
    ];
    Ok(tx.execute(INSERT, &values)? > 0)
}

/// Removes the assignment of this id.
pub fn delete(tx: &mut WriteTx<'_>, id: RoleAssignmentId) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(id)])
}

fn read(row: &Row<'_>) -> Result<RoleAssignment, Error> {
    Ok(RoleAssignment {
        id: parsed(row, 0, "role_assignment.id")?,
        principal_id: parsed(row, 1, "role_assignment.principal_id")?,
        role_definition_id: parsed(row, 2, "role_assignment.role_definition_id")?,
        app_scope_id: row.text(3)?.to_owned(),
        catalog_id: opt_parsed(row, 4, "role_assignment.catalog_id")?,
        created_at: instant(row, 5)?,
    })
}
