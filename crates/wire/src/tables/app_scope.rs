//! `appScope`: where a role of entitlement management counts.

use domain::model;

use crate::table::{Type, id, text};

/// The tenant, or a catalog.
pub static APP_SCOPE: Type = Type {
    entity: &model::APP_SCOPE,
    v1: Some("appScope"),
    beta: Some("appScope"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("type", "scope_type"),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};
