//! `unifiedRoleDefinition`: the roles of entitlement management, which are built in, and those that were deleted, of
//! which there are none.

use domain::model;
use serde_json::{Value as Json, json};

use crate::table::{
    Edm, Lacking, Property, Read, Row, Type, both, id, lacking, only_beta, text, way, way_beta,
};

/// A role that can be assigned.
pub static ROLE_DEFINITION: Type = Type {
    entity: &model::ROLE_DEFINITION,
    v1: Some("unifiedRoleDefinition"),
    beta: Some("unifiedRoleDefinition"),
    properties: PROPERTIES,
    navigations: &[way(
        "inheritsPermissionsFrom",
        "inheritsPermissionsFrom",
        "inherits_from",
        &ROLE_DEFINITION,
    )],
    open: None,
    searched: &["display_name"],
    lacking: LACKING,
};

/// A role that was deleted.
pub static DELETED_ROLE_DEFINITION: Type = Type {
    entity: &model::DELETED_ROLE_DEFINITION,
    v1: None,
    beta: Some("unifiedRoleDefinition"),
    properties: PROPERTIES,
    navigations: &[way(
        "inheritsPermissionsFrom",
        "inheritsPermissionsFrom",
        "inherits_from",
        &ROLE_DEFINITION,
    )],
    open: None,
    searched: &["display_name"],
    lacking: LACKING,
};

/// Where deleted roles are.
pub static ROLE_DELETED_ITEMS: Type = Type {
    entity: &model::ROLE_DELETED_ITEMS,
    v1: None,
    beta: Some("directoryRoleManagementDeletedItemContainer"),
    properties: &[id()],
    navigations: &[way_beta(
        "roleDefinitions",
        "role_definitions",
        &DELETED_ROLE_DEFINITION,
    )],
    open: None,
    searched: &[],
    lacking: &[],
};

const PROPERTIES: &[Property] = &[
    id(),
    text("displayName", "display_name"),
    text("description", "description"),
    both("isBuiltIn", Edm::Boolean, Read::Constant(|_| json!(true))),
    both("isEnabled", Edm::Boolean, Read::Constant(|_| json!(true))),
    text("templateId", "id"),
    both("version", Edm::String, Read::Constant(|_| json!("1.0"))),
    both(
        "resourceScopes",
        Edm::Strings,
        Read::Constant(|_| json!(["/"])),
    ),
    both(
        "rolePermissions",
        Edm::Complexes("unifiedRolePermission", "unifiedRolePermission"),
        Read::Computed {
            columns: &["allowed_actions"],
            related: None,
            value: permissions,
        },
    ),
    only_beta(
        "isPrivileged",
        Edm::Boolean,
        Read::Constant(|_| json!(false)),
    ),
];

const LACKING: &[Lacking] = &[lacking(
    "allowedPrincipalTypes",
    "any principal may hold any role",
)];

fn permissions(row: &Row<'_>) -> Json {
    json!([{
        "allowedResourceActions": row.document(0),
        "excludedResourceActions": [],
        "condition": null,
    }])
}
