//! `unifiedRoleAssignment`.

use domain::model;
use serde_json::Value as Json;

use super::{DIRECTORY_OBJECT, role_definition};
use crate::table::{Edm, Read, Row, Shown, Type, both, id, lacking, only_beta, text, way};

/// A role of entitlement management held by a principal.
pub static ROLE_ASSIGNMENT: Type = Type {
    entity: &model::ROLE_ASSIGNMENT,
    v1: Some("unifiedRoleAssignment"),
    beta: Some("unifiedRoleAssignment"),
    properties: &[
        id(),
        text("principalId", "principal_id"),
        text("roleDefinitionId", "role_definition_id"),
        text("directoryScopeId", "directory_scope_id"),
        text("appScopeId", "app_scope_id"),
        both("condition", Edm::String, Read::Constant(|_| Json::Null)),
        both(
            "principalOrganizationId",
            Edm::String,
            Read::Constant(|_| Json::Null),
        ),
        only_beta(
            "resourceScope",
            Edm::String,
            Read::Column("directory_scope_id"),
        ),
        both(
            "roleDefinition",
            Edm::Complex("unifiedRoleDefinition", "unifiedRoleDefinition"),
            Read::Computed {
                columns: &["role_definition_id"],
                related: None,
                value: definition,
            },
        )
        .shown(Shown::WhenNamed),
    ],
    navigations: &[way(
        "principal",
        "principal",
        "principal",
        &DIRECTORY_OBJECT,
    )],
    open: None,
    searched: &[],
    lacking: &[
        lacking("appScope", "the scope is named by `appScopeId` alone"),
        lacking("directoryScope", "the scope is always the whole directory"),
    ],
};

fn definition(row: &Row<'_>) -> Json {
    role_definition::find(row.text(0)).map_or(Json::Null, |found| found.json(row.version))
}
