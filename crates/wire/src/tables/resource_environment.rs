//! `accessPackageResourceEnvironment`.

use domain::model;
use serde_json::Value as Json;

use super::RESOURCE;
use crate::table::{Edm, Read, Type, both, flag, id, instant, only_beta, text, way};

/// Where the resources of a system live: a system of the directory has one environment, its default.
pub static RESOURCE_ENVIRONMENT: Type = Type {
    entity: &model::RESOURCE_ENVIRONMENT,
    v1: Some("accessPackageResourceEnvironment"),
    beta: Some("accessPackageResourceEnvironment"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        text("originId", "origin_id"),
        text("originSystem", "origin_system"),
        flag("isDefaultEnvironment", "is_default_environment"),
        // Systems of the directory are reached without a connection of their own.
        both(
            "connectionInfo",
            Edm::Complex("connectionInfo", "connectionInfo"),
            Read::Constant(|_| Json::Null),
        ),
        only_beta("createdBy", Edm::String, Read::Column("created_by")),
        instant("createdDateTime", "created_at"),
        only_beta("modifiedBy", Edm::String, Read::Column("modified_by")),
        instant("modifiedDateTime", "modified_at"),
    ],
    navigations: &[way(
        "resources",
        "accessPackageResources",
        "resources",
        &RESOURCE,
    )],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
