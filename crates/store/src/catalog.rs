//! Catalogs.

use domain::catalog::{CatalogState, CatalogType};
use domain::id::CatalogId;
use domain::time::Timestamp;

use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_DEFAULT,
    FIND_UNIQUE_NAME,
    INSERT,
    SAVE,
    DELETE_REQUESTS,
    DELETE_RESOURCES,
    DELETE,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, display_name, description, catalog_type, state, is_externally_visible, unique_name, ",
            "created_by, created_at, modified_by, modified_at, version FROM catalog ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const FIND_DEFAULT: &str = select!("WHERE catalog_type = 'serviceDefault' ORDER BY id LIMIT 1");
const FIND_UNIQUE_NAME: &str = "SELECT id FROM catalog WHERE unique_name = $1";
const INSERT: &str = "INSERT INTO catalog (id, display_name, description, catalog_type, state, \
    is_externally_visible, unique_name, created_by, created_at, modified_by, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const SAVE: &str = "UPDATE catalog SET display_name = $3, description = $4, state = $5, \
    is_externally_visible = $6, unique_name = $7, modified_by = $8, modified_at = $9, version = version + 1 \
    WHERE id = $1 AND version = $2";
const DELETE_REQUESTS: &str = "DELETE FROM resource_request WHERE catalog_id = $1";
const DELETE_RESOURCES: &str = "DELETE FROM resource WHERE catalog_id = $1";
const DELETE: &str = "DELETE FROM catalog WHERE id = $1 AND version = $2";

/// A catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// Its id.
    pub id: CatalogId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who made it.
    pub catalog_type: CatalogType,
    /// Whether its packages can be requested.
    pub state: CatalogState,
    /// Whether external users may request.
    pub is_externally_visible: bool,
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

/// The catalog of this id.
pub fn find(tx: &mut ReadTx<'_>, id: CatalogId) -> Result<Option<Catalog>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The catalog that set-up made.
pub fn find_default(tx: &mut ReadTx<'_>) -> Result<Option<Catalog>, Error> {
    tx.query_opt(FIND_DEFAULT, &[])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The catalog that has this unique name.
pub fn find_unique_name(tx: &mut ReadTx<'_>, name: &str) -> Result<Option<CatalogId>, Error> {
    tx.query_opt(FIND_UNIQUE_NAME, &[text(name)])?
        .map(|row| parsed(&row, 0, "catalog.id"))
        .transpose()
}

/// Stores a new catalog.
pub fn insert(tx: &mut WriteTx<'_>, catalog: &Catalog) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(catalog.id),
            text(&catalog.display_name),
            opt_text(catalog.description.as_ref()),
            text(catalog.catalog_type),
            text(catalog.state),
            boolean(catalog.is_externally_visible),
            opt_text(catalog.unique_name.as_ref()),
            opt_text(catalog.created_by.as_ref()),
            int(catalog.created_at.micros()),
            opt_text(catalog.modified_by.as_ref()),
            int(catalog.modified_at.micros()),
            int(catalog.version),
        ],
    )
}

/// Stores what may change of a catalog, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, catalog: &Catalog) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(catalog.id),
            int(catalog.version),
            text(&catalog.display_name),
            opt_text(catalog.description.as_ref()),
            text(catalog.state),
            boolean(catalog.is_externally_visible),
            opt_text(catalog.unique_name.as_ref()),
            opt_text(catalog.modified_by.as_ref()),
            int(catalog.modified_at.micros()),
        ],
    )
}

/// Removes a catalog without packages, its resources and requests for resources, and its role assignments.
pub fn delete(tx: &mut WriteTx<'_>, catalog: &Catalog) -> Result<(), Error> {
    tx.execute(DELETE_REQUESTS, &[text(catalog.id)])?;
    tx.execute(DELETE_RESOURCES, &[text(catalog.id)])?;
    tx.execute_one(DELETE, &[text(catalog.id), int(catalog.version)])
}

fn read(row: &Row<'_>) -> Result<Catalog, Error> {
    Ok(Catalog {
        id: parsed(row, 0, "catalog.id")?,
        display_name: row.text(1)?.to_owned(),
        description: opt_string(row, 2)?,
        catalog_type: word(row, 3, "catalog.catalog_type", CatalogType::from_name)?,
        state: word(row, 4, "catalog.state", CatalogState::from_name)?,
        is_externally_visible: row.boolean(5)?,
        unique_name: opt_string(row, 6)?,
        created_by: opt_string(row, 7)?,
        created_at: instant(row, 8)?,
        modified_by: opt_string(row, 9)?,
        modified_at: instant(row, 10)?,
        version: row.int(11)?,
    })
}
