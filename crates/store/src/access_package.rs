//! Access packages.

use std::collections::BTreeSet;

use domain::catalog::CatalogState;
use domain::id::{AccessPackageId, CatalogId};
use domain::time::Timestamp;

use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, list, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_WITH_TERMS,
    FIND_UNIQUE_NAME,
    COUNT_IN_CATALOG,
    IN_CATALOGS,
    COUNT,
    INSERT,
    SAVE,
    DELETE,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, catalog_id, display_name, description, is_hidden, is_role_scopes_visible, unique_name, ",
            "created_by, created_at, modified_by, modified_at, version FROM access_package ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
// Most packages go with everything and ask nothing: one statement tells, and the rest is not read.
const FIND_WITH_TERMS: &str = "SELECT p.id, p.catalog_id, p.display_name, p.description, p.is_hidden, \
    p.is_role_scopes_visible, p.unique_name, p.created_by, p.created_at, p.modified_by, p.modified_at, p.version, \
    c.state, c.is_externally_visible, \
    EXISTS (SELECT 1 FROM incompatible_access_package i WHERE i.access_package_id = p.id) \
    OR EXISTS (SELECT 1 FROM incompatible_access_package i WHERE i.incompatible_id = p.id) \
    OR EXISTS (SELECT 1 FROM incompatible_group i WHERE i.access_package_id = p.id), \
    EXISTS (SELECT 1 FROM resource_role_scope s JOIN resource_role o ON o.id = s.resource_role_id \
    JOIN resource r ON r.id = o.resource_id WHERE s.access_package_id = p.id \
    AND r.attributes LIKE '%\"question\"%') \
    FROM access_package p JOIN catalog c ON c.id = p.catalog_id WHERE p.id = $1";
const FIND_UNIQUE_NAME: &str = "SELECT id FROM access_package WHERE unique_name = $1";
const IN_CATALOGS: &str = "SELECT id FROM access_package WHERE catalog_id IN EACH($1) LIMIT $2";
const COUNT: &str = "SELECT count(*) FROM access_package";
const COUNT_IN_CATALOG: &str = "SELECT count(*) FROM access_package WHERE catalog_id = $1";
const INSERT: &str = "INSERT INTO access_package (id, catalog_id, display_name, description, is_hidden, \
    is_role_scopes_visible, unique_name, created_by, created_at, modified_by, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const SAVE: &str = "UPDATE access_package SET catalog_id = $3, display_name = $4, description = $5, \
    is_hidden = $6, is_role_scopes_visible = $7, unique_name = $8, modified_by = $9, modified_at = $10, \
    version = version + 1 WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM access_package WHERE id = $1 AND version = $2";

/// An access package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPackage {
    /// Its id.
    pub id: AccessPackageId,
    /// Where.
    pub catalog_id: CatalogId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Hidden from browsing.
    pub is_hidden: bool,
    /// Whether requestors see what is in it.
    pub is_role_scopes_visible: bool,
    /// Its key of its own choice.
    pub unique_name: Option<String>,
    /// Who created it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Who changed it last.
    pub modified_by: Option<String>,
    /// When.
    pub modified_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// The package of this id.
pub fn find(tx: &mut ReadTx<'_>, id: AccessPackageId) -> Result<Option<AccessPackage>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// What besides its policies decides whether a package can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether the catalog is open for requests.
    pub catalog_state: CatalogState,
    /// Whether the catalog is open to people outside.
    pub is_externally_visible: bool,
    /// Whether there may be anything that it does not go with, whichever side says so.
    pub has_incompatible: bool,
    /// Whether a resource in it may come with questions.
    pub has_questions: bool,
}

/// The package of this id, with its terms.
pub fn find_with_terms(
    tx: &mut ReadTx<'_>,
    id: AccessPackageId,
) -> Result<Option<(AccessPackage, Terms)>, Error> {
    let Some(row) = tx.query_opt(FIND_WITH_TERMS, &[text(id)])? else {
        return Ok(None);
    };
    let terms = Terms {
        catalog_state: word(&row, 12, "catalog.state", CatalogState::from_name)?,
        is_externally_visible: row.boolean(13)?,
        has_incompatible: row.boolean(14)?,
        has_questions: row.boolean(15)?,
    };
    Ok(Some((read(&row)?, terms)))
}

/// The package that has this unique name.
pub fn find_unique_name(tx: &mut ReadTx<'_>, name: &str) -> Result<Option<AccessPackageId>, Error> {
    tx.query_opt(FIND_UNIQUE_NAME, &[text(name)])?
        .map(|row| parsed(&row, 0, "access_package.id"))
        .transpose()
}

/// How many packages a catalog has.
pub fn count_in_catalog(tx: &mut ReadTx<'_>, catalog: CatalogId) -> Result<i64, Error> {
    tx.query_one(COUNT_IN_CATALOG, &[text(catalog)])?.int(0)
}

/// The packages of some catalogs, at most so many.
pub fn in_catalogs(
    tx: &mut ReadTx<'_>,
    catalogs: &BTreeSet<CatalogId>,
    limit: i64,
) -> Result<Vec<AccessPackageId>, Error> {
    tx.query_map(IN_CATALOGS, &[list(catalogs), int(limit)], |row| {
        parsed(row, 0, "access_package.id")
    })
}

/// How many packages there are.
pub fn count(tx: &mut ReadTx<'_>) -> Result<i64, Error> {
    tx.query_one(COUNT, &[])?.int(0)
}

/// Stores a new package.
pub fn insert(tx: &mut WriteTx<'_>, package: &AccessPackage) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(package.id),
            text(package.catalog_id),
            text(&package.display_name),
            opt_text(package.description.as_ref()),
            boolean(package.is_hidden),
            boolean(package.is_role_scopes_visible),
            opt_text(package.unique_name.as_ref()),
            opt_text(package.created_by.as_ref()),
            int(package.created_at.micros()),
            opt_text(package.modified_by.as_ref()),
            int(package.modified_at.micros()),
            int(package.version),
        ],
    )
}

/// Stores what may change of a package, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, package: &AccessPackage) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(package.id),
            int(package.version),
            text(package.catalog_id),
            text(&package.display_name),
            opt_text(package.description.as_ref()),
            boolean(package.is_hidden),
            boolean(package.is_role_scopes_visible),
            opt_text(package.unique_name.as_ref()),
            opt_text(package.modified_by.as_ref()),
            int(package.modified_at.micros()),
        ],
    )
}

/// Removes a package that has neither policies nor requests any more, with its role scopes and incompatibilities.
pub fn delete(tx: &mut WriteTx<'_>, package: &AccessPackage) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(package.id), int(package.version)])
}

fn read(row: &Row<'_>) -> Result<AccessPackage, Error> {
    Ok(AccessPackage {
        id: parsed(row, 0, "access_package.id")?,
        catalog_id: parsed(row, 1, "access_package.catalog_id")?,
        display_name: row.text(2)?.to_owned(),
        description: opt_string(row, 3)?,
        is_hidden: row.boolean(4)?,
        is_role_scopes_visible: row.boolean(5)?,
        unique_name: opt_string(row, 6)?,
        created_by: opt_string(row, 7)?,
        created_at: instant(row, 8)?,
        modified_by: opt_string(row, 9)?,
        modified_at: instant(row, 10)?,
        version: row.int(11)?,
    })
}
