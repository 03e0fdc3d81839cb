//! `availableAccessPackage`.

use domain::model;

use super::RESOURCE_ROLE_SCOPE;
use crate::table::{Type, id, text, way};

/// An access package as whoever may ask for it sees it.
pub static AVAILABLE_ACCESS_PACKAGE: Type = Type {
    entity: &model::AVAILABLE_ACCESS_PACKAGE,
    v1: Some("availableAccessPackage"),
    beta: Some("availableAccessPackage"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
    ],
    navigations: &[way(
        "resourceRoleScopes",
        "resourceRoleScopes",
        "resource_role_scopes",
        &RESOURCE_ROLE_SCOPE,
    )],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
