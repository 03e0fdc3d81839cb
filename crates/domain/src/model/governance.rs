//! Who administers what, and what was done.

use super::{CATALOG, DIRECTORY_OBJECT, field, one};
use crate::query::{Direction, Entity, Kind};

/// A role of entitlement management held by a principal.
pub static ROLE_ASSIGNMENT: Entity = Entity {
    name: "role_assignment",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        one("principal", &DIRECTORY_OBJECT, "principal_id", "id"),
        one("catalog", &CATALOG, "catalog_id", "id"),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// An audit event.
pub static AUDIT_EVENT: Entity = Entity {
    name: "audit_event",
    fields: &[
        field("id", Kind::Id),
        field("happened_at", Kind::Instant),
        field("activity", Kind::Text),
        field("category", Kind::Text),
        field("result", Kind::Word),
        field("result_reason", Kind::Text),
        field("initiated_by", Kind::Document),
        field("target_resources", Kind::Document),
        field("additional_details", Kind::Document),
        field("correlation_id", Kind::Text),
        field("object_id", Kind::Id),
    ],
    relations: &[],
    order: &[("happened_at", Direction::Descending)],
};
