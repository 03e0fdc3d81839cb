//! Access packages: what is in them and who may have them.

use super::{
    CATALOG, EXTENSION_HANDLER, EXTENSION_STAGE, GROUP, POLICY_QUESTION, RESOURCE_ROLE,
    RESOURCE_SCOPE, field, many, one, through,
};
use crate::query::{Direction, Entity, Kind};

/// An access package.
pub static ACCESS_PACKAGE: Entity = Entity {
    name: "access_package",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("is_hidden", Kind::Bool),
        field("is_role_scopes_visible", Kind::Bool),
        field("unique_name", Kind::Text),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("catalog", &CATALOG, "catalog_id", "id"),
        many(
            "assignment_policies",
            &ASSIGNMENT_POLICY,
            "id",
            "access_package_id",
        ),
        many(
            "resource_role_scopes",
            &RESOURCE_ROLE_SCOPE,
            "id",
            "access_package_id",
        ),
        through(
            "incompatible_access_packages",
            &ACCESS_PACKAGE,
            "incompatible_access_package",
            ["id", "access_package_id", "incompatible_id", "id"],
        ),
        through(
            "access_packages_incompatible_with",
            &ACCESS_PACKAGE,
            "incompatible_access_package",
            ["id", "incompatible_id", "access_package_id", "id"],
        ),
        through(
            "incompatible_groups",
            &GROUP,
            "incompatible_group",
            ["id", "access_package_id", "group_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A (role, scope) of a resource inside an access package.
pub static RESOURCE_ROLE_SCOPE: Entity = Entity {
    name: "resource_role_scope",
    fields: &[
        field("id", Kind::Id),
        field("access_package_id", Kind::Id),
        field("resource_role_id", Kind::Id),
        field("resource_scope_id", Kind::Id),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
        one("role", &RESOURCE_ROLE, "resource_role_id", "id"),
        one("scope", &RESOURCE_SCOPE, "resource_scope_id", "id"),
    ],
    // The same pair may be in several packages.
    order: &[
        ("created_at", Direction::Ascending),
        ("access_package_id", Direction::Ascending),
    ],
};

/// An assignment policy.
pub static ASSIGNMENT_POLICY: Entity = Entity {
    name: "assignment_policy",
    fields: &[
        field("id", Kind::Id),
        field("access_package_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("allowed_target_scope", Kind::Word),
        field("can_extend", Kind::Bool),
        field("settings", Kind::Document),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
        through(
            "catalogs",
            &CATALOG,
            "access_package",
            ["access_package_id", "id", "catalog_id", "id"],
        ),
        many("questions", &POLICY_QUESTION, "id", "assignment_policy_id"),
        many("extension_stages", &EXTENSION_STAGE, "id", "policy_id"),
        many("extension_handlers", &EXTENSION_HANDLER, "id", "policy_id"),
    ],
    order: &[("display_name", Direction::Ascending)],
};
