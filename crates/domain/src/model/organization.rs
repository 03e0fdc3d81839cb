//! Connected organizations, the settings of the tenant, control configurations and connectors to outside systems.

use super::{DIRECTORY_OBJECT, field, through};
use crate::query::{Direction, Entity, Kind};

/// A partner.
pub static CONNECTED_ORGANIZATION: Entity = Entity {
    name: "connected_organization",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("state", Kind::Word),
        field("identity_sources", Kind::Document),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        through(
            "internal_sponsors",
            &DIRECTORY_OBJECT,
            "connected_organization_internal_sponsor",
            ["id", "connected_organization_id", "object_id", "id"],
        ),
        through(
            "external_sponsors",
            &DIRECTORY_OBJECT,
            "connected_organization_external_sponsor",
            ["id", "connected_organization_id", "object_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// The settings of the tenant: one row.
pub static ENTITLEMENT_SETTINGS: Entity = Entity {
    name: "entitlement_settings",
    fields: &[
        field("id", Kind::Id),
        field("external_user_lifecycle_action", Kind::Word),
        // A length of time in microseconds.
        field("external_user_deleted_after", Kind::Int),
        field("version", Kind::Int),
    ],
    relations: &[],
    order: &[],
};

/// A control configuration: one row for each kind.
pub static CONTROL_CONFIGURATION: Entity = Entity {
    name: "control_configuration",
    fields: &[
        field("id", Kind::Id),
        field("object_type", Kind::Word),
        field("is_enabled", Kind::Bool),
        field("is_approval_required", Kind::Bool),
        field("minimum_risk_level", Kind::Word),
        field("related_people_insight_level", Kind::Word),
        field("show_approver_details_to_members", Kind::Bool),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[],
    order: &[],
};

/// A connector to a system outside.
pub static EXTERNAL_CONNECTOR: Entity = Entity {
    name: "external_connector",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("connector_type", Kind::Word),
        field("connection_info", Kind::Document),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[],
    order: &[("display_name", Direction::Ascending)],
};
