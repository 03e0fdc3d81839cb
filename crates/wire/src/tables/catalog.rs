//! `accessPackageCatalog`.

use domain::model;

use super::{
    ACCESS_PACKAGE, CUSTOM_EXTENSION, LEGACY_CUSTOM_EXTENSION, RESOURCE, RESOURCE_ROLE,
    RESOURCE_SCOPE,
};
use crate::table::{
    Edm, Read, Type, both, flag, id, instant, lacking, named, only_beta, text, way, way_beta,
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
        way(
            "customWorkflowExtensions",
            "accessPackageCustomWorkflowExtensions",
            "custom_extensions",
            &CUSTOM_EXTENSION,
        ),
        way_beta(
            "customAccessPackageWorkflowExtensions",
            "legacy_custom_extensions",
            &LEGACY_CUSTOM_EXTENSION,
        ),
    ],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[lacking(
        "privilegeLevel",
        "catalogs have no privilege level here",
    )],
};
