//! `accessPackageResourceRequest`.

use domain::model;

use super::{CATALOG, RESOURCE, SUBJECT};
use crate::table::{Edm, Read, Type, both, id, named, only_beta, only_v1, way, way_beta, way_v1};
use crate::words;

/// A request to add, update or remove a resource of a catalog.
pub static RESOURCE_REQUEST: Type = Type {
    entity: &model::RESOURCE_REQUEST,
    v1: Some("accessPackageResourceRequest"),
    beta: Some("accessPackageResourceRequest"),
    properties: &[
        id(),
        both(
            "requestType",
            Edm::Word(&words::REQUEST_TYPE),
            Read::Column("request_type"),
        ),
        named(
            "state",
            "requestState",
            Edm::Word(&words::REQUEST_STATE),
            Read::Column("state"),
        ),
        only_beta("requestStatus", Edm::String, Read::Column("status")),
        only_beta("catalogId", Edm::String, Read::Column("catalog_id")),
        only_beta("justification", Edm::String, Read::Column("justification")),
        only_beta(
            "executeImmediately",
            Edm::Boolean,
            Read::Column("execute_immediately"),
        ),
        only_beta(
            "isValidationOnly",
            Edm::Boolean,
            Read::Column("is_validation_only"),
        ),
        only_beta(
            "expirationDateTime",
            Edm::Instant,
            Read::Column("expires_at"),
        ),
        only_v1("createdDateTime", Edm::Instant, Read::Column("created_at")),
    ],
    navigations: &[
        way_v1("catalog", "catalog", &CATALOG),
        way("resource", "accessPackageResource", "resource", &RESOURCE),
        way_beta("requestor", "requestor", &SUBJECT),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};
