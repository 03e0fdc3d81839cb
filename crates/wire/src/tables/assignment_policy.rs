//! `accessPackageAssignmentPolicy`. The settings are one document; both projections of it are in [`crate::policy`].

use domain::model;
use serde_json::Value as Json;

use super::{ACCESS_PACKAGE, CATALOG, EXTENSION_HANDLER, EXTENSION_STAGE, POLICY_QUESTION};
use crate::policy;
use crate::table::{
    Edm, Read, Row, Type, both, id, instant, named, only_beta, only_v1, text, way, way_beta, way_v1,
};
use crate::version::Version;
use crate::words;

/// The section of the stored document that a property shows.
const fn section(value: fn(&Row<'_>) -> Json) -> Read {
    Read::Computed {
        columns: &["settings", "allowed_target_scope", "can_extend"],
        related: None,
        value,
    }
}

fn show(row: &Row<'_>, v1: &str, beta: &str) -> Json {
    let name = match row.version {
        Version::V1 => v1,
        Version::Beta => beta,
    };
    policy::section(
        row.version,
        name,
        &row.document(0),
        row.text(1),
        row.flag(2),
    )
}

fn same(row: &Row<'_>, name: &str) -> Json {
    show(row, name, name)
}

/// The rules under which an access package may be had.
pub static ASSIGNMENT_POLICY: Type = Type {
    entity: &model::ASSIGNMENT_POLICY,
    v1: Some("accessPackageAssignmentPolicy"),
    beta: Some("accessPackageAssignmentPolicy"),
    properties: &[
        id(),
        only_beta(
            "accessPackageId",
            Edm::String,
            Read::Column("access_package_id"),
        ),
        text("displayName", "display_name"),
        text("description", "description"),
        only_v1(
            "allowedTargetScope",
            Edm::Enum(&words::ALLOWED_TARGET_SCOPE),
            Read::Column("allowed_target_scope"),
        ),
        only_v1(
            "specificAllowedTargets",
            Edm::Complexes("subjectSet", "userSet"),
            section(|row| same(row, "specificAllowedTargets")),
        ),
        only_beta("canExtend", Edm::Boolean, Read::Column("can_extend")),
        only_beta(
            "durationInDays",
            Edm::Int32,
            section(|row| same(row, "durationInDays")),
        ),
        only_beta(
            "expirationDateTime",
            Edm::Instant,
            section(|row| same(row, "expirationDateTime")),
        ),
        only_v1(
            "expiration",
            Edm::Complex("expirationPattern", "expirationPattern"),
            section(|row| same(row, "expiration")),
        ),
        both(
            "requestorSettings",
            Edm::Complex(
                "accessPackageAssignmentRequestorSettings",
                "requestorSettings",
            ),
            section(|row| same(row, "requestorSettings")),
        ),
        both(
            "requestApprovalSettings",
            Edm::Complex(
                "accessPackageAssignmentApprovalSettings",
                "approvalSettings",
            ),
            section(|row| same(row, "requestApprovalSettings")),
        ),
        named(
            "reviewSettings",
            "accessReviewSettings",
            Edm::Complex(
                "accessPackageAssignmentReviewSettings",
                "assignmentReviewSettings",
            ),
            section(|row| show(row, "reviewSettings", "accessReviewSettings")),
        ),
        named(
            "notificationSettings",
            "accessPackageNotificationSettings",
            Edm::Complex(
                "accessPackageNotificationSettings",
                "accessPackageNotificationSettings",
            ),
            section(|row| {
                show(
                    row,
                    "notificationSettings",
                    "accessPackageNotificationSettings",
                )
            }),
        ),
        only_v1(
            "automaticRequestSettings",
            Edm::Complex(
                "accessPackageAutomaticRequestSettings",
                "accessPackageAutomaticRequestSettings",
            ),
            section(|row| same(row, "automaticRequestSettings")),
        ),
        // Shown always, like the navigation of v1.0: a client that puts back what it read must not lose its questions and
        // stages.
        only_beta(
            "questions",
            Edm::Complexes("accessPackageQuestion", "accessPackageQuestion"),
            section(|row| same(row, "questions")),
        ),
        only_beta(
            "verifiableCredentialSettings",
            Edm::Complex(
                "verifiableCredentialSettings",
                "verifiableCredentialSettings",
            ),
            section(|row| same(row, "verifiableCredentialSettings")),
        ),
        only_beta("createdBy", Edm::String, Read::Column("created_by")),
        instant("createdDateTime", "created_at"),
        only_beta("modifiedBy", Edm::String, Read::Column("modified_by")),
        instant("modifiedDateTime", "modified_at"),
    ],
    navigations: &[
        way(
            "accessPackage",
            "accessPackage",
            "access_package",
            &ACCESS_PACKAGE,
        ),
        way("catalog", "accessPackageCatalog", "catalogs", &CATALOG).first(),
        way_v1("questions", "questions", &POLICY_QUESTION).always(),
        way(
            "customExtensionStageSettings",
            "customExtensionStageSettings",
            "extension_stages",
            &EXTENSION_STAGE,
        )
        .always(),
        way_beta(
            "customExtensionHandlers",
            "extension_handlers",
            &EXTENSION_HANDLER,
        ),
    ],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
