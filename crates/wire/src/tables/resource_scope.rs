//! `accessPackageResourceScope`.

use domain::model;
use serde_json::Value as Json;

use super::RESOURCE;
use crate::table::{Edm, Read, Type, flag, id, only_beta, text, way};

/// Where in a resource a role applies.
pub static RESOURCE_SCOPE: Type = Type {
    entity: &model::RESOURCE_SCOPE,
    v1: Some("accessPackageResourceScope"),
    beta: Some("accessPackageResourceScope"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        text("originId", "origin_id"),
        text("originSystem", "origin_system"),
        flag("isRootScope", "is_root_scope"),
        only_beta("roleOriginId", Edm::String, Read::Constant(|_| Json::Null)),
        only_beta("url", Edm::String, Read::Constant(|_| Json::Null)),
    ],
    navigations: &[way(
        "resource",
        "accessPackageResource",
        "resource",
        &RESOURCE,
    )],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
