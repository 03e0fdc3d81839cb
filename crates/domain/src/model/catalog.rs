//! Catalogs and the resources in them.

use super::{
    ACCESS_PACKAGE, ASSIGNMENT_POLICY, CUSTOM_EXTENSION, EXTERNAL_CONNECTOR, LEDGER,
    LEGACY_CUSTOM_EXTENSION, RESOURCE_ENVIRONMENT, SUBJECT, UPLOAD_SESSION, field, many, one,
    through,
};
use crate::query::{Direction, Entity, Kind};

/// A catalog.
pub static CATALOG: Entity = Entity {
    name: "catalog",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("catalog_type", Kind::Word),
        field("state", Kind::Word),
        field("is_externally_visible", Kind::Bool),
        field("unique_name", Kind::Text),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        many("access_packages", &ACCESS_PACKAGE, "id", "catalog_id"),
        through(
            "assignment_policies",
            &ASSIGNMENT_POLICY,
            "access_package",
            ["id", "catalog_id", "id", "access_package_id"],
        ),
        many("resources", &RESOURCE, "id", "catalog_id"),
        // The roles and scopes of all its resources: the pairs are the resources themselves.
        through(
            "resource_roles",
            &RESOURCE_ROLE,
            "resource",
            ["id", "catalog_id", "id", "resource_id"],
        ),
        through(
            "resource_scopes",
            &RESOURCE_SCOPE,
            "resource",
            ["id", "catalog_id", "id", "resource_id"],
        ),
        many("custom_extensions", &CUSTOM_EXTENSION, "id", "catalog_id"),
        many(
            "legacy_custom_extensions",
            &LEGACY_CUSTOM_EXTENSION,
            "id",
            "catalog_id",
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A resource of a catalog.
pub static RESOURCE: Entity = Entity {
    name: "resource",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("resource_type", Kind::Text),
        field("url", Kind::Text),
        field("attributes", Kind::Document),
        field("drift_action", Kind::Word),
        field("external_connector_id", Kind::Id),
        field("object_type", Kind::Word),
        field("notification_endpoint", Kind::Document),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("catalog", &CATALOG, "catalog_id", "id"),
        one(
            "external_connector",
            &EXTERNAL_CONNECTOR,
            "external_connector_id",
            "id",
        ),
        many("roles", &RESOURCE_ROLE, "id", "resource_id"),
        many("scopes", &RESOURCE_SCOPE, "id", "resource_id"),
        one(
            "environment",
            &RESOURCE_ENVIRONMENT,
            "origin_system",
            "origin_system",
        ),
        many("upload_sessions", &UPLOAD_SESSION, "id", "resource_id"),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A role of a resource.
pub static RESOURCE_ROLE: Entity = Entity {
    name: "resource_role",
    fields: &[
        field("id", Kind::Id),
        field("resource_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
    ],
    relations: &[
        one("resource", &RESOURCE, "resource_id", "id"),
        through(
            "catalogs",
            &CATALOG,
            "resource",
            ["resource_id", "id", "catalog_id", "id"],
        ),
        through(
            "grants",
            &LEDGER,
            "ledger_link",
            ["id", "resource_role_id", "grant_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A scope of a resource.
pub static RESOURCE_SCOPE: Entity = Entity {
    name: "resource_scope",
    fields: &[
        field("id", Kind::Id),
        field("resource_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("is_root_scope", Kind::Bool),
    ],
    relations: &[
        one("resource", &RESOURCE, "resource_id", "id"),
        through(
            "catalogs",
            &CATALOG,
            "resource",
            ["resource_id", "id", "catalog_id", "id"],
        ),
        through(
            "grants",
            &LEDGER,
            "ledger_link",
            ["id", "resource_scope_id", "grant_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A request to add, update or remove a resource.
pub static RESOURCE_REQUEST: Entity = Entity {
    name: "resource_request",
    fields: &[
        field("id", Kind::Id),
        field("request_type", Kind::Word),
        field("state", Kind::Word),
        field("status", Kind::Text),
        field("justification", Kind::Text),
        field("catalog_id", Kind::Id),
        field("resource_id", Kind::Id),
        field("requestor_id", Kind::Id),
        field("execute_immediately", Kind::Bool),
        field("is_validation_only", Kind::Bool),
        field("expires_at", Kind::Instant),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        one("catalog", &CATALOG, "catalog_id", "id"),
        one("resource", &RESOURCE, "resource_id", "id"),
        one("requestor", &SUBJECT, "requestor_id", "id"),
    ],
    order: &[("created_at", Direction::Descending)],
};
