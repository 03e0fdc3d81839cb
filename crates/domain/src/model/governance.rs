//! What was done.

use super::field;
use crate::query::{Direction, Entity, Kind};

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
        field("object_id", Kind::Text),
        field("operation_type", Kind::Text),
        field("logged_by", Kind::Text),
    ],
    relations: &[],
    order: &[("happened_at", Direction::Descending)],
};
