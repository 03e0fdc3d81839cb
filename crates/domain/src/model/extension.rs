//! Custom extensions, the stages at which policies call them, and the calls.

use super::{ASSIGNMENT_POLICY, CATALOG, field, one};
use crate::query::{Direction, Entity, Kind};

/// A custom extension of a catalog.
pub static CUSTOM_EXTENSION: Entity = Entity {
    name: "custom_extension",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("object_type", Kind::Word),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("endpoint", Kind::Document),
        field("authentication", Kind::Document),
        field("client", Kind::Document),
        field("callback", Kind::Document),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[one("catalog", &CATALOG, "catalog_id", "id")],
    order: &[("display_name", Direction::Ascending)],
};

/// Those of the older type of beta (a view).
pub static LEGACY_CUSTOM_EXTENSION: Entity = Entity {
    name: "legacy_custom_extension",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("object_type", Kind::Word),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("endpoint", Kind::Document),
        field("authentication", Kind::Document),
        field("client", Kind::Document),
        field("created_at", Kind::Instant),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[one("catalog", &CATALOG, "catalog_id", "id")],
    order: &[("display_name", Direction::Ascending)],
};

/// That a policy calls an extension at a stage (a view).
pub static EXTENSION_STAGE: Entity = Entity {
    name: "extension_stage",
    fields: &[
        field("id", Kind::Id),
        field("policy_id", Kind::Id),
        field("ordinal", Kind::Int),
        field("stage", Kind::Word),
        field("custom_extension_id", Kind::Id),
    ],
    relations: &[
        one(
            "custom_extension",
            &CUSTOM_EXTENSION,
            "custom_extension_id",
            "id",
        ),
        one("assignment_policy", &ASSIGNMENT_POLICY, "policy_id", "id"),
    ],
    order: &[("ordinal", Direction::Ascending)],
};

/// The same, said the older way of beta (a view).
pub static EXTENSION_HANDLER: Entity = Entity {
    name: "extension_handler",
    fields: &[
        field("id", Kind::Id),
        field("policy_id", Kind::Id),
        field("ordinal", Kind::Int),
        field("stage", Kind::Word),
        field("custom_extension_id", Kind::Id),
    ],
    relations: &[
        one(
            "custom_extension",
            &LEGACY_CUSTOM_EXTENSION,
            "custom_extension_id",
            "id",
        ),
        one("assignment_policy", &ASSIGNMENT_POLICY, "policy_id", "id"),
    ],
    order: &[("ordinal", Direction::Ascending)],
};

/// One call of an extension.
pub static EXTENSION_CALLOUT: Entity = Entity {
    name: "extension_callout",
    fields: &[
        field("id", Kind::Id),
        field("custom_extension_id", Kind::Id),
        field("is_handler", Kind::Bool),
        field("request_id", Kind::Id),
        field("assignment_id", Kind::Id),
        field("stage", Kind::Word),
        field("status", Kind::Word),
        field("external_correlation_id", Kind::Text),
        field("detail", Kind::Text),
        field("created_at", Kind::Instant),
    ],
    relations: &[],
    order: &[("created_at", Direction::Ascending)],
};
