//! `accessPackageCatalog`.

use domain::model;
use serde_json::json;

use super::{ACCESS_PACKAGE, RESOURCE, RESOURCE_ROLE, RESOURCE_SCOPE};
use crate::table::{
    Edm, Read, Shown, Type, both, flag, id, instant, lacking, named, only_beta, text, way,
};
use crate::words;

/// A container of resources and access packages, and the border of delegation.
pub static CATALOG: Type = Type {
    entity: &model::CATALOG,
    v1: Some("accessPackageCatalog"),
    beta: Some("accessPackageCatalog"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        both(
            "catalogType",
            Edm::Word(&words::CATALOG_TYPE),
            Read::Column("catalog_type"),
        ),
        named(
            "state",
            "catalogStatus",
            Edm::Word(&words::CATALOG_STATE),
            Read::Column("state"),
        ),
        flag("isExternallyVisible", "is_externally_visible"),
        only_beta("uniqueName", Edm::String, Read::Column("unique_name")),
        only_beta("createdBy", Edm::String, Read::Column("created_by")),
        instant("createdDateTime", "created_at"),
        only_beta("modifiedBy", Edm::String, Read::Column("modified_by")),
        instant("modifiedDateTime", "modified_at"),
        named(
            "customWorkflowExtensions",
            "accessPackageCustomWorkflowExtensions",
            Edm::Complexes("customCalloutExtension", "customCalloutExtension"),
            Read::Constant(|_| json!([])),
        )
        .shown(Shown::WhenNamed),
    ],
    navigations: &[
        way(
            "accessPackages",
            "accessPackages",
            "access_packages",
            &ACCESS_PACKAGE,
        ),
        way(
            "resources",
            "accessPackageResources",
            "resources",
            &RESOURCE,
        ),
        way(
            "resourceRoles",
            "accessPackageResourceRoles",
            "resource_roles",
            &RESOURCE_ROLE,
        ),
        way(
            "resourceScopes",
            "accessPackageResourceScopes",
            "resource_scopes",
            &RESOURCE_SCOPE,
        ),
    ],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[
        lacking("privilegeLevel", "catalogs have no privilege level here"),
        lacking(
            "customAccessPackageWorkflowExtensions",
            "legacy extensions are not offered",
        ),
    ],
};
