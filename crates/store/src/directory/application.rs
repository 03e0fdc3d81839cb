//! Applications as they are registered.

use domain::directory::{AppRole, Application};
use domain::id::{AppId, AppRoleId, ObjectId};
use serde_json::{Value as Json, json};

use super::{details_document, details_of};
use crate::column::{instant, opt_string, parsed};
use crate::engine::Row;
use crate::value::{Value, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, FIND_BY_APP, INSERT, UPDATE, DELETE];

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, app_id, display_name, description, app_roles, details, created_at, version \
             FROM application WHERE ",
            $condition
        )
    };
}

const FIND: &str = select!("id = $1");
const FIND_BY_APP: &str = select!("app_id = $1");
const INSERT: &str = "INSERT INTO application (id, app_id, display_name, description, app_roles, details, created_at, \
    version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const UPDATE: &str = "UPDATE application SET app_id = $2, display_name = $3, description = $4, app_roles = $5, \
    details = $6, created_at = $7, version = version + 1 WHERE id = $1 AND version = $8";
const DELETE: &str = "DELETE FROM application WHERE id = $1";

/// The application of this id.
pub fn find(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<Application>, Error> {
    let row = tx.query_opt(FIND, &[text(id)])?;
    row.as_ref().map(read).transpose()
}

/// The application of this client id.
pub fn find_by_app(tx: &mut ReadTx<'_>, app_id: AppId) -> Result<Option<Application>, Error> {
    let row = tx.query_opt(FIND_BY_APP, &[text(app_id)])?;
    row.as_ref().map(read).transpose()
}

/// Stores a new application.
pub fn insert(tx: &mut WriteTx<'_>, application: &Application) -> Result<(), Error> {
    tx.execute_one(INSERT, &values(application))
}

/// Stores a changed application.
pub fn update(tx: &mut WriteTx<'_>, application: &Application) -> Result<(), Error> {
    tx.execute_one(UPDATE, &values(application))
}

/// Removes an application.
pub fn delete(tx: &mut WriteTx<'_>, id: ObjectId) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(id)])
}

fn values(application: &Application) -> [Value; 8] {
    let roles: Json = application.app_roles.iter().map(role_document).collect();
    [
        text(application.id),
        text(application.app_id),
        text(&application.display_name),
        opt_text(application.description.as_ref()),
        text(json!({ "v": 1, "items": roles })),
        text(details_document(&application.details)),
        int(application.created_at.micros()),
        int(application.version),
    ]
}

fn read(row: &Row<'_>) -> Result<Application, Error> {
    Ok(Application {
        id: parsed(row, 0, "application.id")?,
        app_id: parsed(row, 1, "application.app_id")?,
        display_name: row.text(2)?.to_owned(),
        description: opt_string(row, 3)?,
        app_roles: roles(row.text(4)?)?,
        details: details_of(row, 5, "application.details")?,
        created_at: instant(row, 6)?,
        version: row.int(7)?,
    })
}

fn role_document(role: &AppRole) -> Json {
    json!({
        "allowedMemberTypes": role.allowed_member_types,
        "description": role.description,
        "displayName": role.display_name,
        "id": role.id.to_string(),
        "isEnabled": role.is_enabled,
        "origin": "Application",
        "value": role.value,
    })
}

fn roles(document: &str) -> Result<Vec<AppRole>, Error> {
    let corrupt = || Error::corrupt("application", "app_roles", "", document);
    let stored: Json = serde_json::from_str(document).map_err(|_| corrupt())?;
    let items = stored.get("items").and_then(Json::as_array);
    let items = items.ok_or_else(corrupt)?;
    let one = |role: &Json| {
        let member = |name: &str| role.get(name).and_then(Json::as_str).map(str::to_owned);
        let id = member("id")?.parse::<AppRoleId>().ok()?;
        let types = role.get("allowedMemberTypes").and_then(Json::as_array);
        let types = types.into_iter().flatten().filter_map(Json::as_str);
        Some(AppRole {
            id,
            display_name: member("displayName"),
            description: member("description"),
            value: member("value"),
            is_enabled: role.get("isEnabled").and_then(Json::as_bool)?,
            allowed_member_types: types.map(str::to_owned).collect(),
        })
    };
    items
        .iter()
        .map(|role| one(role).ok_or_else(corrupt))
        .collect()
}
