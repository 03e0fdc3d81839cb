//! Resources of catalogs, with the roles and scopes that they offer.

use domain::id::{CatalogId, ResourceId, ResourceRoleId, ResourceScopeId};
use domain::resource::{DriftAction, OriginSystem};
use domain::time::Timestamp;

use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_BY_ORIGIN,
    OF_ORIGIN,
    INSERT,
    SAVE,
    DELETE,
    FIND_ROLE,
    ROLES,
    INSERT_ROLE,
    SAVE_ROLE,
    DELETE_UNUSED_ROLE,
    FIND_SCOPE,
    SCOPES,
    INSERT_SCOPE,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, catalog_id, origin_system, origin_id, display_name, description, resource_type, url, ",
            "attributes, drift_action, notification_endpoint, created_by, created_at, modified_at, version ",
            "FROM resource ",
            $tail
        )
    };
}

/// Every column in the order of [`read_role`], with what follows the table's name.
macro_rules! select_role {
    ($tail:literal) => {
        concat!(
            "SELECT id, resource_id, origin_system, origin_id, display_name, description FROM resource_role ",
            $tail
        )
    };
}

/// Every column in the order of [`read_scope`], with what follows the table's name.
macro_rules! select_scope {
    ($tail:literal) => {
        concat!(
            "SELECT id, resource_id, origin_system, origin_id, display_name, description, is_root_scope ",
            "FROM resource_scope ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const FIND_BY_ORIGIN: &str =
    select!("WHERE catalog_id = $1 AND origin_system = $2 AND origin_id = $3");
const OF_ORIGIN: &str = select!("WHERE origin_system = $1 AND origin_id = $2 ORDER BY id");
const INSERT: &str = "INSERT INTO resource (id, catalog_id, origin_system, origin_id, display_name, description, \
    resource_type, url, attributes, drift_action, notification_endpoint, created_by, created_at, modified_at, \
    version, object_type) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const SAVE: &str = "UPDATE resource SET display_name = $3, description = $4, resource_type = $5, url = $6, \
    attributes = $7, drift_action = $8, modified_at = $9, notification_endpoint = $10, version = version + 1 WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM resource WHERE id = $1 AND version = $2";
const FIND_ROLE: &str = select_role!("WHERE id = $1");
const ROLES: &str = select_role!("WHERE resource_id = $1 ORDER BY display_name, id");
const INSERT_ROLE: &str = "INSERT INTO resource_role \
    (id, resource_id, origin_system, origin_id, display_name, description) VALUES ($1, $2, $3, $4, $5, $6)";
const SAVE_ROLE: &str =
    "UPDATE resource_role SET display_name = $2, description = $3 WHERE id = $1";
const DELETE_UNUSED_ROLE: &str = "DELETE FROM resource_role WHERE id = $1 \
    AND NOT EXISTS (SELECT 1 FROM resource_role_scope s WHERE s.resource_role_id = $1)";
const FIND_SCOPE: &str = select_scope!("WHERE id = $1");
const SCOPES: &str =
    select_scope!("WHERE resource_id = $1 ORDER BY is_root_scope DESC, display_name, id");
const INSERT_SCOPE: &str = "INSERT INTO resource_scope \
    (id, resource_id, origin_system, origin_id, display_name, description, is_root_scope) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// A thing of the directory that was brought into a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// Where.
    pub catalog_id: CatalogId,
    /// The system it comes from.
    pub origin_system: OriginSystem,
    /// Its id there.
    pub origin_id: String,
    /// Its name there, as it was when last read.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What kind of thing it is, for people.
    pub resource_type: Option<String>,
    /// Where people find it.
    pub url: Option<String>,
    /// Its attributes, as a document.
    pub attributes: String,
    /// What happens when drift is found.
    pub drift_action: DriftAction,
    /// Who is told of decisions about access that only its owner can take away, as a document.
    pub notification_endpoint: Option<String>,
    /// Who brought it in.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed or refreshed.
    pub modified_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// A role of a resource, whether a package uses it or not (DL-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRole {
    /// Its id.
    pub id: ResourceRoleId,
    /// The resource that offers it.
    pub resource_id: ResourceId,
    /// The system it comes from.
    pub origin_system: OriginSystem,
    /// Its id there.
    pub origin_id: String,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A scope of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceScope {
    /// Its id.
    pub id: ResourceScopeId,
    /// The resource that it belongs to.
    pub resource_id: ResourceId,
    /// The system it comes from.
    pub origin_system: OriginSystem,
    /// Its id there.
    pub origin_id: String,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is the whole resource.
    pub is_root_scope: bool,
}

/// The resource of this id.
pub fn find(tx: &mut ReadTx<'_>, id: ResourceId) -> Result<Option<Resource>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The resource of a catalog that stands for a thing of a system.
pub fn find_by_origin(
    tx: &mut ReadTx<'_>,
    catalog: CatalogId,
    origin_system: OriginSystem,
    origin_id: &str,
) -> Result<Option<Resource>, Error> {
    tx.query_opt(
        FIND_BY_ORIGIN,
        &[text(catalog), text(origin_system), text(origin_id)],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

/// The resources that stand for a thing of a system, in whatever catalogs.
pub fn of_origin(
    tx: &mut ReadTx<'_>,
    origin_system: OriginSystem,
    origin_id: &str,
) -> Result<Vec<Resource>, Error> {
    tx.query_map(OF_ORIGIN, &[text(origin_system), text(origin_id)], read)
}

/// Stores a new resource.
pub fn insert(tx: &mut WriteTx<'_>, resource: &Resource) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(resource.id),
            text(resource.catalog_id),
            text(resource.origin_system),
            text(&resource.origin_id),
            text(&resource.display_name),
            opt_text(resource.description.as_ref()),
            opt_text(resource.resource_type.as_ref()),
            opt_text(resource.url.as_ref()),
            text(&resource.attributes),
            text(resource.drift_action),
            opt_text(resource.notification_endpoint.as_ref()),
            opt_text(resource.created_by.as_ref()),
            int(resource.created_at.micros()),
            int(resource.modified_at.micros()),
            int(resource.version),
            opt_text(resource.origin_system.derived_type()),
        ],
    )
}

/// Stores what may change of a resource, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, resource: &Resource) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(resource.id),
            int(resource.version),
            text(&resource.display_name),
            opt_text(resource.description.as_ref()),
            opt_text(resource.resource_type.as_ref()),
            opt_text(resource.url.as_ref()),
            text(&resource.attributes),
            text(resource.drift_action),
            int(resource.modified_at.micros()),
            opt_text(resource.notification_endpoint.as_ref()),
        ],
    )
}

/// Removes a resource that no package uses, with its roles and scopes.
pub fn delete(tx: &mut WriteTx<'_>, resource: &Resource) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(resource.id), int(resource.version)])
}

/// The role of this id.
pub fn find_role(tx: &mut ReadTx<'_>, id: ResourceRoleId) -> Result<Option<ResourceRole>, Error> {
    tx.query_opt(FIND_ROLE, &[text(id)])?
        .as_ref()
        .map(read_role)
        .transpose()
}

/// The roles of a resource.
pub fn roles(tx: &mut ReadTx<'_>, resource: ResourceId) -> Result<Vec<ResourceRole>, Error> {
    tx.query_map(ROLES, &[text(resource)], read_role)
}

/// Stores a new role.
pub fn insert_role(tx: &mut WriteTx<'_>, role: &ResourceRole) -> Result<(), Error> {
    tx.execute_one(
        INSERT_ROLE,
        &[
            text(role.id),
            text(role.resource_id),
            text(role.origin_system),
            text(&role.origin_id),
            text(&role.display_name),
            opt_text(role.description.as_ref()),
        ],
    )
}

/// Stores the name and the description of a role.
pub fn save_role(tx: &mut WriteTx<'_>, role: &ResourceRole) -> Result<(), Error> {
    tx.execute_one(
        SAVE_ROLE,
        &[
            text(role.id),
            text(&role.display_name),
            opt_text(role.description.as_ref()),
        ],
    )
}

/// Removes a role, unless a package uses it.
pub fn delete_unused_role(tx: &mut WriteTx<'_>, id: ResourceRoleId) -> Result<(), Error> {
    tx.execute(DELETE_UNUSED_ROLE, &[text(id)])?;
    Ok(())
}

/// The scope of this id.
pub fn find_scope(
    tx: &mut ReadTx<'_>,
    id: ResourceScopeId,
) -> Result<Option<ResourceScope>, Error> {
    tx.query_opt(FIND_SCOPE, &[text(id)])?
        .as_ref()
        .map(read_scope)
        .transpose()
}

/// The scopes of a resource, the root first.
pub fn scopes(tx: &mut ReadTx<'_>, resource: ResourceId) -> Result<Vec<ResourceScope>, Error> {
    tx.query_map(SCOPES, &[text(resource)], read_scope)
}

/// Stores a new scope.
pub fn insert_scope(tx: &mut WriteTx<'_>, scope: &ResourceScope) -> Result<(), Error> {
    tx.execute_one(
        INSERT_SCOPE,
        &[
            text(scope.id),
            text(scope.resource_id),
            text(scope.origin_system),
            text(&scope.origin_id),
            text(&scope.display_name),
            opt_text(scope.description.as_ref()),
            boolean(scope.is_root_scope),
        ],
    )
}

fn read(row: &Row<'_>) -> Result<Resource, Error> {
    Ok(Resource {
        id: parsed(row, 0, "resource.id")?,
        catalog_id: parsed(row, 1, "resource.catalog_id")?,
        origin_system: word(row, 2, "resource.origin_system", OriginSystem::from_name)?,
        origin_id: row.text(3)?.to_owned(),
        display_name: row.text(4)?.to_owned(),
        description: opt_string(row, 5)?,
        resource_type: opt_string(row, 6)?,
        url: opt_string(row, 7)?,
        attributes: row.text(8)?.to_owned(),
        drift_action: word(row, 9, "resource.drift_action", DriftAction::from_name)?,
        notification_endpoint: opt_string(row, 10)?,
        created_by: opt_string(row, 11)?,
        created_at: instant(row, 12)?,
        modified_at: instant(row, 13)?,
        version: row.int(14)?,
    })
}

fn read_role(row: &Row<'_>) -> Result<ResourceRole, Error> {
    Ok(ResourceRole {
        id: parsed(row, 0, "resource_role.id")?,
        resource_id: parsed(row, 1, "resource_role.resource_id")?,
        origin_system: word(
            row,
            2,
            "resource_role.origin_system",
            OriginSystem::from_name,
        )?,
        origin_id: row.text(3)?.to_owned(),
        display_name: row.text(4)?.to_owned(),
        description: opt_string(row, 5)?,
    })
}

fn read_scope(row: &Row<'_>) -> Result<ResourceScope, Error> {
    Ok(ResourceScope {
        id: parsed(row, 0, "resource_scope.id")?,
        resource_id: parsed(row, 1, "resource_scope.resource_id")?,
        origin_system: word(
            row,
            2,
            "resource_scope.origin_system",
            OriginSystem::from_name,
        )?,
        origin_id: row.text(3)?.to_owned(),
        display_name: row.text(4)?.to_owned(),
        description: opt_string(row, 5)?,
        is_root_scope: row.boolean(6)?,
    })
}
