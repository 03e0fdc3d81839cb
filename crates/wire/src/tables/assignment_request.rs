//! `accessPackageAssignmentRequest`.

use domain::model;
use serde_json::{Value as Json, json};

use super::extension::{CALLOUT_INSTANCES, HANDLER_INSTANCES};
use super::{ACCESS_PACKAGE, ASSIGNMENT, SUBJECT};
use crate::document;
use crate::policy;
use crate::table::{Edm, Read, Row, Type, both, id, instant, named, only_beta, text, way};
use crate::words;

/// One attempt to add, change or remove an assignment.
pub static ASSIGNMENT_REQUEST: Type = Type {
    entity: &model::ASSIGNMENT_REQUEST,
    v1: Some("accessPackageAssignmentRequest"),
    beta: Some("accessPackageAssignmentRequest"),
    properties: &[
        id(),
        // An extension is a userUpdate that beta knows by an older name (RQ-3).
        both(
            "requestType",
            Edm::Word(&words::REQUEST_TYPE),
            Read::Flagged {
                column: "request_type",
                flag: "is_extension",
                word: "userUpdate",
                beta: "UserExtend",
            },
        ),
        named(
            "state",
            "requestState",
            Edm::Word(&words::REQUEST_STATE),
            Read::Column("state"),
        ),
        named(
            "status",
            "requestStatus",
            Edm::String,
            Read::Column("status"),
        ),
        instant("createdDateTime", "created_at"),
        named(
            "completedDateTime",
            "completedDate",
            Edm::Instant,
            Read::Column("completed_at"),
        ),
        only_beta("expirationDateTime", Edm::Instant, Read::Column("ends_at")),
        only_beta(
            "isValidationOnly",
            Edm::Boolean,
            Read::Constant(|_| json!(false)),
        ),
        text("justification", "justification"),
        both(
            "schedule",
            Edm::Complex("entitlementManagementSchedule", "requestSchedule"),
            Read::Printed {
                column: "schedule",
                print: document::print_schedule,
            },
        )
        .inside(&super::inside::SCHEDULE),
        both(
            "answers",
            Edm::Complexes("accessPackageAnswer", "accessPackageAnswer"),
            Read::Computed {
                columns: &["answers"],
                related: None,
                value: answers,
            },
        ),
        both(
            "parameters",
            Edm::Complex(
                "accessPackageAssignmentRequestParameters",
                "accessPackageAssignmentRequestParameters",
            ),
            Read::Computed {
                columns: &["bypass_approval"],
                related: None,
                value: parameters,
            },
        ),
        CALLOUT_INSTANCES,
        HANDLER_INSTANCES,
        only_beta(
            "verifiedCredentialsData",
            Edm::Complexes("verifiedCredentialData", "verifiedCredentialData"),
            Read::Constant(|_| json!([])),
        ),
        only_beta(
            "history",
            Edm::Complexes("requestActivity", "requestActivity"),
            Read::Constant(|_| json!([])),
        ),
    ],
    // The target is reached over the assignment alone (OD-15).
    navigations: &[
        way(
            "accessPackage",
            "accessPackage",
            "access_package",
            &ACCESS_PACKAGE,
        ),
        way(
            "assignment",
            "accessPackageAssignment",
            "assignment",
            &ASSIGNMENT,
        ),
        way("requestor", "requestor", "requestor", &SUBJECT),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};

fn answers(row: &Row<'_>) -> Json {
    document::items(row.document(0))
        .into_iter()
        .map(|answer| policy::answer(row.version, answer))
        .collect()
}

fn parameters(row: &Row<'_>) -> Json {
    json!({"bypassApproval": row.flag(0)})
}
