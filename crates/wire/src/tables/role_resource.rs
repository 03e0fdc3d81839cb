//! `unifiedRbacResourceNamespace` and `unifiedRbacResourceAction`: what roles allow, by name.

use domain::model;
use serde_json::{Value as Json, json};

use crate::table::{Edm, Read, Type, both, id, lacking, only_beta, text, way};

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
