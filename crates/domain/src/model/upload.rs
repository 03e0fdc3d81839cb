//! Environments of resources, and uploads of access data for resources whose access is known elsewhere.

use super::{CATALOG, RESOURCE, field, many, one, through};
use crate::query::{Direction, Entity, Kind};

/// Where resources of a system live.
pub static RESOURCE_ENVIRONMENT: Entity = Entity {
    name: "resource_environment",
    fields: &[
        field("id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("is_default_environment", Kind::Bool),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
    ],
    relations: &[many(
        "resources",
        &RESOURCE,
        "origin_system",
        "origin_system",
    )],
    order: &[("display_name", Direction::Ascending)],
};

/// An upload of access data for one context.
pub static UPLOAD_SESSION: Entity = Entity {
    name: "upload_session",
    fields: &[
        field("id", Kind::Id),
        field("resource_id", Kind::Id),
        field("object_type", Kind::Word),
        field("reference_id", Kind::Text),
        field("data", Kind::Document),
        field("status", Kind::Word),
        field("is_upload_done", Kind::Bool),
        field("files_uploaded", Kind::Int),
        field("total_bytes_uploaded", Kind::Int),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("expires_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("resource", &RESOURCE, "resource_id", "id"),
        many("files", &UPLOAD_FILE, "id", "upload_session_id"),
        through(
            "catalogs",
            &CATALOG,
            "resource",
            ["resource_id", "id", "catalog_id", "id"],
        ),
    ],
    order: &[("created_at", Direction::Descending)],
};

/// A file of an upload, without what is in it: that is read by its own statement.
pub static UPLOAD_FILE: Entity = Entity {
    name: "upload_file",
    fields: &[
        field("id", Kind::Id),
        field("upload_session_id", Kind::Id),
        field("name", Kind::Text),
        field("size", Kind::Int),
        field("uploaded_at", Kind::Instant),
    ],
    relations: &[one("session", &UPLOAD_SESSION, "upload_session_id", "id")],
    order: &[("uploaded_at", Direction::Ascending)],
};
