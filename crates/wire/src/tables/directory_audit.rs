//! `directoryAudit`.

use domain::model;
use serde_json::Value as Json;

use crate::document;
use crate::table::{Edm, Read, Row, Type, both, id, instant, lacking, text};
use crate::words;

/// Something that was done, by whom and to what.
pub static DIRECTORY_AUDIT: Type = Type {
    entity: &model::AUDIT_EVENT,
    v1: Some("directoryAudit"),
    beta: Some("directoryAudit"),
    properties: &[
        id(),
        instant("activityDateTime", "happened_at"),
        text("activityDisplayName", "activity"),
        text("category", "category"),
        text("correlationId", "correlation_id"),
        text("loggedByService", "logged_by"),
        text("operationType", "operation_type"),
        both(
            "result",
            Edm::Enum(&words::OPERATION_RESULT),
            Read::Column("result"),
        ),
        text("resultReason", "result_reason"),
        both(
            "initiatedBy",
            Edm::Complex("auditActivityInitiator", "auditActivityInitiator"),
            Read::Computed {
                columns: &["initiated_by"],
                related: None,
                value: initiated_by,
            },
        )
        .inside(&super::inside::INITIATED_BY),
        both(
            "targetResources",
            Edm::Complexes("targetResource", "targetResource"),
            Read::Computed {
                columns: &["target_resources"],
                related: None,
                value: items,
            },
        )
        .inside(&super::inside::TARGET_RESOURCES),
        both(
            "additionalDetails",
            Edm::Complexes("keyValue", "keyValue"),
            Read::Computed {
                columns: &["additional_details"],
                related: None,
                value: items,
            },
        )
        .inside(&super::inside::ADDITIONAL_DETAILS),
    ],
    navigations: &[],
    open: None,
    searched: &["activity"],
    lacking: &[
        lacking("performedBy", "nobody acts for another's agent here"),
        lacking("userAgent", "the agent of a call is not recorded"),
    ],
};

fn initiated_by(row: &Row<'_>) -> Json {
    document::members(row.document(0))
}

fn items(row: &Row<'_>) -> Json {
    Json::Array(document::items(row.document(0)))
}
