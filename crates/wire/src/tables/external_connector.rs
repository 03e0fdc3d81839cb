//! `externalOriginResourceConnector`.

use domain::model;

use crate::document;
use crate::table::{Edm, Read, Type, both, id, instant, text};
use crate::words;

/// A connector to a system outside that resources come from.
pub static EXTERNAL_CONNECTOR: Type = Type {
    entity: &model::EXTERNAL_CONNECTOR,
    v1: Some("externalOriginResourceConnector"),
    beta: Some("externalOriginResourceConnector"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        both(
            "connectorType",
            Edm::Enum(&words::CONNECTOR_TYPE),
            Read::Column("connector_type"),
        ),
        both(
            "connectionInfo",
            Edm::Complex("connectionInfo", "connectionInfo"),
            Read::Computed {
                columns: &["connection_info"],
                related: None,
                value: |row| document::members(row.document(0)),
            },
        ),
        text("createdBy", "created_by"),
        instant("createdDateTime", "created_at"),
        text("modifiedBy", "modified_by"),
        instant("modifiedDateTime", "modified_at"),
    ],
    navigations: &[],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
