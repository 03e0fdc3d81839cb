//! `accessPackageResourceRole`.

use domain::model;

use super::RESOURCE;
use crate::table::{Type, id, lacking, text, way};

/// A role that a resource offers.
pub static RESOURCE_ROLE: Type = Type {
    entity: &model::RESOURCE_ROLE,
    v1: Some("accessPackageResourceRole"),
    beta: Some("accessPackageResourceRole"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        text("originId", "origin_id"),
        text("originSystem", "origin_system"),
    ],
    navigations: &[way(
        "resource",
        "accessPackageResource",
        "resource",
        &RESOURCE,
    )],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[lacking(
        "type",
        "the published schema calls it not implemented",
    )],
};
