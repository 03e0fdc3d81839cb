//! `customDataProvidedResourceUploadSession` and `customDataProvidedResourceFile`.

use domain::model;
use serde_json::{Value as Json, json};

use crate::document;
use crate::table::{Edm, Read, Row, Type, both, flag, id, instant, text, way};
use crate::words;

/// An upload of access data. The published type is abstract; each row says which one it is.
pub static UPLOAD_SESSION: Type = Type {
    entity: &model::UPLOAD_SESSION,
    v1: Some("customDataProvidedResourceUploadSession"),
    beta: Some("customDataProvidedResourceUploadSession"),
    properties: &[
        id(),
        instant("createdDateTime", "created_at"),
        both(
            "data",
            Edm::Complex(
                "customDataProvidedResourcePayloads.data",
                "customDataProvidedResourcePayloads.data",
            ),
            Read::Computed {
                columns: &["data"],
                related: None,
                value: data,
            },
        ),
        flag("isUploadDone", "is_upload_done"),
        text("referenceId", "reference_id"),
        both(
            "stats",
            Edm::Complex(
                "customDataProvidedResourceUploadStats",
                "customDataProvidedResourceUploadStats",
            ),
            Read::Computed {
                columns: &["files_uploaded", "total_bytes_uploaded"],
                related: None,
                value: stats,
            },
        ),
        both(
            "status",
            Edm::Enum(&words::CUSTOM_DATA_PROVIDED_RESOURCE_UPLOAD_STATUS),
            Read::Column("status"),
        ),
    ],
    navigations: &[way("files", "files", "files", &UPLOAD_FILE)],
    open: None,
    searched: &[],
    lacking: &[],
};

/// A file of an upload; what is in it is behind `$value`.
pub static UPLOAD_FILE: Type = Type {
    entity: &model::UPLOAD_FILE,
    v1: Some("customDataProvidedResourceFile"),
    beta: Some("customDataProvidedResourceFile"),
    properties: &[
        id(),
        text("name", "name"),
        both("size", Edm::Int64, Read::Column("size")),
        instant("uploadedDateTime", "uploaded_at"),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};

fn data(row: &Row<'_>) -> Json {
    document::members(row.document(0))
}

fn stats(row: &Row<'_>) -> Json {
    json!({"filesUploaded": row.json(0), "totalBytesUploaded": row.json(1)})
}
