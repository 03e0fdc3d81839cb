//! `accessPackageResourceRoleScope`.

use domain::model;

use super::{ACCESS_PACKAGE, RESOURCE_ROLE, RESOURCE_SCOPE};
use crate::table::{Edm, Read, Type, id, instant, only_beta, way};

/// A (role, scope) pair inside an access package; its id is `{role}_{scope}`.
pub static RESOURCE_ROLE_SCOPE: Type = Type {
    entity: &model::RESOURCE_ROLE_SCOPE,
    v1: Some("accessPackageResourceRoleScope"),
    beta: Some("accessPackageResourceRoleScope"),
    properties: &[
        id(),
        only_beta("createdBy", Edm::String, Read::Column("created_by")),
        instant("createdDateTime", "created_at"),
        // A pair never changes, so it was last modified when it was made.
        only_beta("modifiedBy", Edm::String, Read::Column("created_by")),
        only_beta("modifiedDateTime", Edm::Instant, Read::Column("created_at")),
    ],
    navigations: &[
        way("role", "accessPackageResourceRole", "role", &RESOURCE_ROLE),
        way(
            "scope",
            "accessPackageResourceScope",
            "scope",
            &RESOURCE_SCOPE,
        ),
        // Not in the published type; the set without a package is searched by it.
        way(
            "accessPackage",
            "accessPackage",
            "access_package",
            &ACCESS_PACKAGE,
        ),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};
