//! `accessPackageSubject`.

use domain::model;
use serde_json::Value as Json;

use super::CONNECTED_ORGANIZATION;
use crate::table::{Edm, Read, Type, both, id, named, only_beta, text, way};
use crate::words;

/// An identity as entitlement management sees it.
pub static SUBJECT: Type = Type {
    entity: &model::SUBJECT,
    v1: Some("accessPackageSubject"),
    beta: Some("accessPackageSubject"),
    properties: &[
        id(),
        text("objectId", "object_id"),
        text("displayName", "display_name"),
        text("principalName", "principal_name"),
        text("email", "email"),
        both(
            "onPremisesSecurityIdentifier",
            Edm::String,
            Read::Constant(|_| Json::Null),
        ),
        only_beta("altSecId", Edm::String, Read::Constant(|_| Json::Null)),
        only_beta(
            "connectedOrganizationId",
            Edm::String,
            Read::Column("connected_organization_id"),
        ),
        only_beta(
            "cleanupScheduledDateTime",
            Edm::Instant,
            Read::Column("cleanup_at"),
        ),
        named(
            "subjectType",
            "type",
            Edm::Word(&words::SUBJECT_TYPE),
            Read::Column("subject_type"),
        ),
        both(
            "subjectLifecycle",
            Edm::Enum(&words::SUBJECT_LIFECYCLE),
            Read::Column("subject_lifecycle"),
        ),
    ],
    navigations: &[way(
        "connectedOrganization",
        "connectedOrganization",
        "connected_organization",
        &CONNECTED_ORGANIZATION,
    )],
    open: None,
    searched: &["display_name", "email"],
    lacking: &[],
};
