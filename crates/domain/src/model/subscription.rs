//! Subscriptions to changes.

use super::field;
use crate::query::{Direction, Entity, Kind};

/// A subscription.
pub static SUBSCRIPTION: Entity = Entity {
    name: "subscription",
    fields: &[
        field("id", Kind::Id),
        field("resource", Kind::Text),
        field("change_types", Kind::Text),
        field("notification_url", Kind::Text),
        field("lifecycle_url", Kind::Text),
        field("notification_url_app_id", Kind::Text),
        field("client_state", Kind::Text),
        field("tls_version", Kind::Text),
        field("expires_at", Kind::Instant),
        field("creator_id", Kind::Id),
        field("application_id", Kind::Text),
        field("created_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[],
    order: &[("created_at", Direction::Ascending)],
};
