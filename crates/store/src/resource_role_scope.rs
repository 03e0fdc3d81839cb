//! Resource role scopes: what is in an access package.

use domain::access_package::RoleScopeId;
use domain::id::{AccessPackageId, ResourceId};
use domain::time::Timestamp;

use crate::column::{instant, opt_string, parsed};
use crate::engine::Row;
use crate::value::{int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    OF_PACKAGE,
    PACKAGES_WITH,
    COUNT_OF_RESOURCE,
    INSERT,
    REPLACE,
    REPLACE_LINKS,
    DELETE,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT access_package_id, resource_role_id, resource_scope_id, created_by, created_at ",
            "FROM resource_role_scope ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE access_package_id = $1 AND id = $2");
const OF_PACKAGE: &str = select!("WHERE access_package_id = $1 ORDER BY created_at, id");
const PACKAGES_WITH: &str =
    "SELECT access_package_id FROM resource_role_scope WHERE id = $1 ORDER BY access_package_id";
const COUNT_OF_RESOURCE: &str = "SELECT count(*) FROM resource_role_scope s \
    JOIN resource_role r ON r.id = s.resource_role_id WHERE r.resource_id = $1";
const INSERT: &str = "INSERT INTO resource_role_scope \
    (id, access_package_id, resource_role_id, resource_scope_id, created_by, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (access_package_id, resource_role_id, resource_scope_id) DO NOTHING";
const REPLACE: &str = "UPDATE resource_role_scope SET id = $4, resource_role_id = $5, resource_scope_id = $6 \
    WHERE access_package_id = $1 AND resource_role_id = $2 AND resource_scope_id = $3";
const REPLACE_LINKS: &str = "UPDATE ledger_link SET resource_role_id = $4, resource_scope_id = $5 \
    WHERE resource_role_id = $2 AND resource_scope_id = $3 \
    AND assignment_id IN (SELECT id FROM assignment WHERE access_package_id = $1)";
const DELETE: &str = "DELETE FROM resource_role_scope WHERE access_package_id = $1 AND id = $2";

/// A role in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRoleScope {
    /// Which role, and where it applies.
    pub id: RoleScopeId,
    /// In which package.
    pub access_package_id: AccessPackageId,
    /// Who added it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// The role scope of a package with this id.
pub fn find(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    id: RoleScopeId,
) -> Result<Option<ResourceRoleScope>, Error> {
    tx.query_opt(FIND, &[text(package), text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// What is in a package.
pub fn of_package(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<ResourceRoleScope>, Error> {
    tx.query_map(OF_PACKAGE, &[text(package)], read)
}

/// The packages that have a role scope: the same pair of role and scope may be in several.
pub fn packages_with(tx: &mut ReadTx<'_>, id: RoleScopeId) -> Result<Vec<AccessPackageId>, Error> {
    tx.query_map(PACKAGES_WITH, &[text(id)], |row| {
        parsed(row, 0, "resource_role_scope.access_package_id")
    })
}

/// How often packages use roles of a resource.
pub fn count_of_resource(tx: &mut ReadTx<'_>, resource: ResourceId) -> Result<i64, Error> {
    tx.query_one(COUNT_OF_RESOURCE, &[text(resource)])?.int(0)
}

/// Stores a new role scope; `false` if the package has it already (DL-4).
pub fn insert(tx: &mut WriteTx<'_>, role_scope: &ResourceRoleScope) -> Result<bool, Error> {
    let inserted = tx.execute(
        INSERT,
        &[
            text(role_scope.id),
            text(role_scope.access_package_id),
            text(role_scope.id.role),
            text(role_scope.id.scope),
            opt_text(role_scope.created_by.as_ref()),
            int(role_scope.created_at.micros()),
        ],
    )?;
    Ok(inserted > 0)
}

/// Puts the same role of the same resource in another catalog in place of one, in the package and in what its assignments
/// justify.
pub fn replace(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    here: RoleScopeId,
    there: RoleScopeId,
) -> Result<(), Error> {
    tx.execute_one(
        REPLACE,
        &[
            text(package),
            text(here.role),
            text(here.scope),
            text(there),
            text(there.role),
            text(there.scope),
        ],
    )?;
    let links = [
        text(package),
        text(here.role),
        text(here.scope),
        text(there.role),
        text(there.scope),
    ];
    tx.execute(REPLACE_LINKS, &links).map(drop)
}

/// Removes a role scope; `false` if it is not there.
pub fn delete(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    id: RoleScopeId,
) -> Result<bool, Error> {
    Ok(tx.execute(DELETE, &[text(package), text(id)])? > 0)
}

fn read(row: &Row<'_>) -> Result<ResourceRoleScope, Error> {
    Ok(ResourceRoleScope {
        access_package_id: parsed(row, 0, "resource_role_scope.access_package_id")?,
        id: RoleScopeId {
            role: parsed(row, 1, "resource_role_scope.resource_role_id")?,
            scope: parsed(row, 2, "resource_role_scope.resource_scope_id")?,
        },
        created_by: opt_string(row, 3)?,
        created_at: instant(row, 4)?,
    })
}
