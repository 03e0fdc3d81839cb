//! `accessPackage`.

use domain::model;

use super::{ASSIGNMENT_POLICY, CATALOG, GROUP, RESOURCE_ROLE_SCOPE};
use crate::table::{Edm, Read, Type, flag, id, instant, only_beta, text, way};

/// A bundle of resource roles and the policies under which it may be had.
pub static ACCESS_PACKAGE: Type = Type {
    entity: &model::ACCESS_PACKAGE,
    v1: Some("accessPackage"),
    beta: Some("accessPackage"),
    properties: &[
        id(),
        only_beta("catalogId", Edm::String, Read::Column("catalog_id")),
        text("displayName", "display_name"),
        text("description", "description"),
        flag("isHidden", "is_hidden"),
        only_beta(
            "isRoleScopesVisible",
            Edm::Boolean,
            Read::Column("is_role_scopes_visible"),
        ),
        only_beta("uniqueName", Edm::String, Read::Column("unique_name")),
        only_beta("createdBy", Edm::String, Read::Column("created_by")),
        instant("createdDateTime", "created_at"),
        only_beta("modifiedBy", Edm::String, Read::Column("modified_by")),
        instant("modifiedDateTime", "modified_at"),
    ],
    navigations: &[
        way("catalog", "accessPackageCatalog", "catalog", &CATALOG),
        way(
            "assignmentPolicies",
            "accessPackageAssignmentPolicies",
            "assignment_policies",
            &ASSIGNMENT_POLICY,
        ),
        way(
            "resourceRoleScopes",
            "accessPackageResourceRoleScopes",
            "resource_role_scopes",
            &RESOURCE_ROLE_SCOPE,
        ),
        way(
            "incompatibleAccessPackages",
            "incompatibleAccessPackages",
            "incompatible_access_packages",
            &ACCESS_PACKAGE,
        ),
        way(
            "accessPackagesIncompatibleWith",
            "accessPackagesIncompatibleWith",
            "access_packages_incompatible_with",
            &ACCESS_PACKAGE,
        ),
        way(
            "incompatibleGroups",
            "incompatibleGroups",
            "incompatible_groups",
            &GROUP,
        ),
    ],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
