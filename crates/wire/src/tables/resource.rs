//! `accessPackageResource`.

use domain::model;
use serde_json::{Value as Json, json};

use super::{
    CATALOG, EXTERNAL_CONNECTOR, RESOURCE_ENVIRONMENT, RESOURCE_ROLE, RESOURCE_SCOPE,
    UPLOAD_SESSION,
};
use crate::table::{Edm, Read, Row, Shown, Type, both, id, only_beta, only_v1, text, way};
use crate::{attribute, document};

/// A directory thing onboarded to one catalog.
pub static RESOURCE: Type = Type {
    entity: &model::RESOURCE,
    v1: Some("accessPackageResource"),
    beta: Some("accessPackageResource"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        text("originId", "origin_id"),
        text("originSystem", "origin_system"),
        only_beta("resourceType", Edm::String, Read::Column("resource_type")),
        only_beta("url", Edm::String, Read::Column("url")),
        only_beta(
            "isPendingOnboarding",
            Edm::Boolean,
            Read::Constant(|_| json!(false)),
        ),
        only_beta("addedBy", Edm::String, Read::Column("created_by")),
        only_beta("addedOn", Edm::Instant, Read::Column("created_at")),
        only_v1("createdDateTime", Edm::Instant, Read::Column("created_at")),
        only_v1(
            "modifiedDateTime",
            Edm::Instant,
            Read::Column("modified_at"),
        ),
        both(
            "attributes",
            Edm::Complexes(
                "accessPackageResourceAttribute",
                "accessPackageResourceAttribute",
            ),
            Read::Computed {
                columns: &["attributes"],
                related: None,
                value: attributes,
            },
        ),
        // Of the derived type, so other resources do not have it.
        both(
            "notificationEndpointConfiguration",
            Edm::Complex(
                "customExtensionEndpointConfiguration",
                "customExtensionEndpointConfiguration",
            ),
            Read::Computed {
                columns: &["notification_endpoint"],
                related: None,
                value: notification_endpoint,
            },
        )
        .shown(Shown::WhenSet),
    ],
    navigations: &[
        way(
            "roles",
            "accessPackageResourceRoles",
            "roles",
            &RESOURCE_ROLE,
        ),
        way(
            "scopes",
            "accessPackageResourceScopes",
            "scopes",
            &RESOURCE_SCOPE,
        ),
        way(
            "environment",
            "accessPackageResourceEnvironment",
            "environment",
            &RESOURCE_ENVIRONMENT,
        ),
        way(
            "uploadSessions",
            "uploadSessions",
            "upload_sessions",
            &UPLOAD_SESSION,
        ),
        way(
            "externalOriginResourceConnector",
            "externalOriginResourceConnector",
            "external_connector",
            &EXTERNAL_CONNECTOR,
        ),
        // Not in the published type; clients filter by it all the same.
        way("catalog", "accessPackageCatalog", "catalog", &CATALOG),
    ],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};

fn attributes(row: &Row<'_>) -> Json {
    let stored = document::items(row.document(0));
    stored
        .iter()
        .map(|stored| attribute::show(row.version, stored))
        .collect()
}

fn notification_endpoint(row: &Row<'_>) -> Json {
    document::members(row.document(0))
}
