//! `unifiedRoleAssignment`, plain and asked for by who holds the role in the end.

use domain::model;
use serde_json::Value as Json;

use super::{APP_SCOPE, DIRECTORY_OBJECT, ROLE_DEFINITION};
use crate::table::{Edm, Navigation, Property, Read, Type, both, id, only_beta, text, way};

/// A role of entitlement management held by a principal.
pub static ROLE_ASSIGNMENT: Type = Type {
    entity: &model::ROLE_ASSIGNMENT,
    v1: Some("unifiedRoleAssignment"),
    beta: Some("unifiedRoleAssignment"),
    properties: &[
        id(),
        text("principalId", "principal_id"),
        ROLE_DEFINITION_ID,
        DIRECTORY_SCOPE_ID,
        APP_SCOPE_ID,
        CONDITION,
        ORGANIZATION,
        RESOURCE_SCOPE,
    ],
    navigations: SCOPED,
    open: None,
    searched: &[],
    lacking: &[],
};

/// The same, where `principalId` finds a member of the group that holds the role, too.
pub static TRANSITIVE_ROLE_ASSIGNMENT: Type = Type {
    entity: &model::TRANSITIVE_ROLE_ASSIGNMENT,
    v1: None,
    beta: Some("unifiedRoleAssignment"),
    properties: &[
        id(),
        both(
            "principalId",
            Edm::String,
            Read::Sought {
                column: "principal_id",
                relation: "holders",
                there: "principal_id",
            },
        ),
        ROLE_DEFINITION_ID,
        DIRECTORY_SCOPE_ID,
        APP_SCOPE_ID,
        CONDITION,
        ORGANIZATION,
        RESOURCE_SCOPE,
    ],
    navigations: SCOPED,
    open: None,
    searched: &[],
    lacking: &[],
};

const ROLE_DEFINITION_ID: Property = text("roleDefinitionId", "role_definition_id");
const DIRECTORY_SCOPE_ID: Property = text("directoryScopeId", "directory_scope_id");
const APP_SCOPE_ID: Property = text("appScopeId", "app_scope_id");
const CONDITION: Property = both("condition", Edm::String, Read::Constant(|_| Json::Null));
const ORGANIZATION: Property = both(
    "principalOrganizationId",
    Edm::String,
    Read::Constant(|_| Json::Null),
);
const RESOURCE_SCOPE: Property = only_beta(
    "resourceScope",
    Edm::String,
    Read::Column("directory_scope_id"),
);

/// What a role assignment and a schedule lead to.
pub(super) const SCOPED: &[Navigation] = &[PRINCIPAL, DEFINITION, SCOPE, DIRECTORY_SCOPE];
pub(super) const PRINCIPAL: Navigation =
    way("principal", "principal", "principal", &DIRECTORY_OBJECT);
pub(super) const DEFINITION: Navigation = way(
    "roleDefinition",
    "roleDefinition",
    "role_definition",
    &ROLE_DEFINITION,
);
pub(super) const SCOPE: Navigation = way("appScope", "appScope", "app_scope", &APP_SCOPE);
pub(super) const DIRECTORY_SCOPE: Navigation = way(
    "directoryScope",
    "directoryScope",
    "directory_scope",
    &DIRECTORY_OBJECT,
);
