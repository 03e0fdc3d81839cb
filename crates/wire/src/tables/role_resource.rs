//! `rbacApplication` and what is built into it: `unifiedRbacResourceNamespace` and `unifiedRbacResourceAction`: what roles allow, by name.

use domain::model;
use serde_json::{Value as Json, json};

use crate::table::{Edm, Read, Type, both, id, lacking, only_beta, text, way};

/// Role management itself, whose collections are entity sets.
pub static ROLE_APPLICATION: Type = Type {
    entity: &model::ROLE_APPLICATION,
    v1: Some("rbacApplication"),
    beta: Some("rbacApplication"),
    properties: &[id()],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[
        lacking("deletedItems", ITS_OWN),
        lacking("resourceNamespaces", ITS_OWN),
        lacking("roleAssignmentApprovals", ITS_OWN),
        lacking("roleAssignmentScheduleInstances", ITS_OWN),
        lacking("roleAssignmentScheduleRequests", ITS_OWN),
        lacking("roleAssignmentSchedules", ITS_OWN),
        lacking("roleAssignments", ITS_OWN),
        lacking("roleDefinitions", ITS_OWN),
        lacking("roleEligibilityScheduleInstances", ITS_OWN),
        lacking("roleEligibilityScheduleRequests", ITS_OWN),
        lacking("roleEligibilitySchedules", ITS_OWN),
        lacking("transitiveRoleAssignments", ITS_OWN),
    ],
};

const ITS_OWN: &str = "has a path of its own and is not expanded";

/// What the names of actions begin with.
pub static ROLE_RESOURCE_NAMESPACE: Type = Type {
    entity: &model::ROLE_RESOURCE_NAMESPACE,
    v1: Some("unifiedRbacResourceNamespace"),
    beta: Some("unifiedRbacResourceNamespace"),
    properties: &[id(), text("name", "id")],
    navigations: &[way(
        "resourceActions",
        "resourceActions",
        "actions",
        &ROLE_RESOURCE_ACTION,
    )],
    open: None,
    searched: &["id"],
    lacking: &[],
};

/// An action that roles allow.
pub static ROLE_RESOURCE_ACTION: Type = Type {
    entity: &model::ROLE_RESOURCE_ACTION,
    v1: Some("unifiedRbacResourceAction"),
    beta: Some("unifiedRbacResourceAction"),
    properties: &[
        id(),
        text("name", "name"),
        text("description", "description"),
        text("actionVerb", "action_verb"),
        both(
            "isAuthenticationContextSettable",
            Edm::Boolean,
            Read::Constant(|_| json!(false)),
        ),
        both(
            "authenticationContextId",
            Edm::String,
            Read::Constant(|_| Json::Null),
        ),
        both(
            "resourceScopeId",
            Edm::String,
            Read::Constant(|_| Json::Null),
        ),
        only_beta(
            "isPrivileged",
            Edm::Boolean,
            Read::Constant(|_| json!(false)),
        ),
    ],
    navigations: &[],
    open: None,
    searched: &["name", "description"],
    lacking: &[
        lacking(
            "authenticationContext",
            "no action asks for a way of signing in",
        ),
        lacking("resourceScope", "no action is limited to a kind of scope"),
    ],
};
