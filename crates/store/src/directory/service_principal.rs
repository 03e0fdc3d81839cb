//! Service principals and the roles that they offer.

use domain::directory::{AppRole, DEFAULT_ACCESS, ServicePrincipal};
use domain::id::{AppId, ObjectId};

use super::{details_document, details_of, texts_document, texts_of};
use crate::column::{instant, opt_string, parsed};
use crate::engine::Row;
use crate::value::{Value, boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_BY_APP,
    INSERT,
    UPDATE,
    DELETE,
    SECRET,
    SET_SECRET,
    ROLES,
    INSERT_ROLE,
    DELETE_ROLES,
    DROP_ORPHANS,
];

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, app_id, display_name, description, account_enabled, app_role_assignment_required, \
             service_principal_type, details, created_at, version FROM service_principal WHERE ",
            $condition
        )
    };
}

const FIND: &str = select!("id = $1");
const FIND_BY_APP: &str = select!("app_id = $1");
const INSERT: &str = "INSERT INTO service_principal (id, app_id, display_name, description, account_enabled, \
    app_role_assignment_required, service_principal_type, details, created_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const UPDATE: &str = "UPDATE service_principal SET app_id = $2, display_name = $3, description = $4, \
    account_enabled = $5, app_role_assignment_required = $6, service_principal_type = $7, details = $8, \
    created_at = $9, version = version + 1 WHERE id = $1 AND version = $10";
const DELETE: &str = "DELETE FROM service_principal WHERE id = $1";
const SECRET: &str = "SELECT secret_hash FROM service_principal WHERE id = $1";
const SET_SECRET: &str = "UPDATE service_principal SET secret_hash = $2 WHERE id = $1";
const ROLES: &str = "SELECT id, display_name, description, value, is_enabled, allowed_member_types \
    FROM app_role WHERE service_principal_id = $1 ORDER BY display_name, id";
const INSERT_ROLE: &str = "INSERT INTO app_role (service_principal_id, id, display_name, description, value, \
    is_enabled, allowed_member_types) VALUES ($1, $2, $3, $4, $5, $6, $7)";
// Plain access is no role of the list, and stays.
const DROP_ORPHANS: &str = "DELETE FROM app_role_assignment WHERE resource_id = $1 AND app_role_id <> $2 \
    AND app_role_id NOT IN (SELECT id FROM app_role WHERE service_principal_id = $1)";
const DELETE_ROLES: &str = "DELETE FROM app_role WHERE service_principal_id = $1";

/// The service principal of this id, with its roles.
pub fn find(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<ServicePrincipal>, Error> {
    let row = tx.query_opt(FIND, &[text(id)])?;
    with_roles(tx, row)
}

/// The service principal of this client id, with its roles.
pub fn find_by_app(tx: &mut ReadTx<'_>, app_id: AppId) -> Result<Option<ServicePrincipal>, Error> {
    let row = tx.query_opt(FIND_BY_APP, &[text(app_id)])?;
    with_roles(tx, row)
}

/// Stores a new service principal, whose client id nobody has.
pub fn insert(tx: &mut WriteTx<'_>, service_principal: &ServicePrincipal) -> Result<(), Error> {
    tx.execute_one(INSERT, &values(service_principal))?;
    insert_roles(tx, service_principal)
}

/// Stores a changed service principal; who holds a role that it offers no more loses it.
pub fn update(tx: &mut WriteTx<'_>, service_principal: &ServicePrincipal) -> Result<(), Error> {
    tx.execute_one(UPDATE, &values(service_principal))?;
    tx.execute(DELETE_ROLES, &[text(service_principal.id)])?;
    insert_roles(tx, service_principal)?;
    tx.execute(
        DROP_ORPHANS,
        &[text(service_principal.id), text(DEFAULT_ACCESS)],
    )
    .map(drop)
}

/// Removes a service principal with its roles, who holds them, and its permissions.
pub fn delete(tx: &mut WriteTx<'_>, id: ObjectId) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(id)])
}

/// The hash of the client secret, if there is one.
pub fn secret_hash(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<String>, Error> {
    let row = tx.query_opt(SECRET, &[text(id)])?;
    row.as_ref().map_or(Ok(None), |row| opt_string(row, 0))
}

/// Gives the client a secret, told by its hash.
pub fn set_secret_hash(tx: &mut WriteTx<'_>, id: ObjectId, hash: &str) -> Result<(), Error> {
    tx.execute_one(SET_SECRET, &[text(id), text(hash)])
}

fn with_roles(
    tx: &mut ReadTx<'_>,
    row: Option<Row<'_>>,
) -> Result<Option<ServicePrincipal>, Error> {
    let Some(row) = row else { return Ok(None) };
    let mut service_principal = read(&row)?;
    service_principal.app_roles = tx.query_map(ROLES, &[text(service_principal.id)], read_role)?;
    Ok(Some(service_principal))
}

fn insert_roles(tx: &mut WriteTx<'_>, service_principal: &ServicePrincipal) -> Result<(), Error> {
    for role in &service_principal.app_roles {
        let values = [
            text(service_principal.id),
            text(role.id),
            opt_text(role.display_name.as_ref()),
            opt_text(role.description.as_ref()),
            opt_text(role.value.as_ref()),
            boolean(role.is_enabled),
            text(texts_document(&role.allowed_member_types)),
        ];
        tx.execute_one(INSERT_ROLE, &values)?;
    }
    Ok(())
}

fn values(service_principal: &ServicePrincipal) -> [Value; 10] {
    [
        text(service_principal.id),
        text(service_principal.app_id),
        text(&service_principal.display_name),
        opt_text(service_principal.description.as_ref()),
        boolean(service_principal.account_enabled),
        boolean(service_principal.app_role_assignment_required),
        text(&service_principal.service_principal_type),
        text(details_document(&service_principal.details)),
        int(service_principal.created_at.micros()),
        int(service_principal.version),
    ]
}

fn read(row: &Row<'_>) -> Result<ServicePrincipal, Error> {
    Ok(ServicePrincipal {
        id: parsed(row, 0, "service_principal.id")?,
        app_id: parsed(row, 1, "service_principal.app_id")?,
        display_name: row.text(2)?.to_owned(),
        description: opt_string(row, 3)?,
        account_enabled: row.boolean(4)?,
        app_role_assignment_required: row.boolean(5)?,
        service_principal_type: row.text(6)?.to_owned(),
        details: details_of(row, 7, "service_principal.details")?,
        app_roles: Vec::new(),
        created_at: instant(row, 8)?,
        version: row.int(9)?,
    })
}

fn read_role(row: &Row<'_>) -> Result<AppRole, Error> {
    Ok(AppRole {
        id: parsed(row, 0, "app_role.id")?,
        display_name: opt_string(row, 1)?,
        description: opt_string(row, 2)?,
        value: opt_string(row, 3)?,
        is_enabled: row.boolean(4)?,
        allowed_member_types: texts_of(row, 5, "app_role.allowed_member_types")?,
    })
}
