//! `accessPackageAssignmentResourceRole`: the ledger as beta shows it.

use domain::model;
use serde_json::{Value as Json, json};

use super::{ASSIGNMENT, RESOURCE_ROLE, RESOURCE_SCOPE, SUBJECT};
use crate::table::{Edm, Read, Row, Type, id, only_beta, way_beta};

/// One role delivered, or being delivered, to one subject.
pub static DELIVERED_ROLE: Type = Type {
    entity: &model::LEDGER,
    v1: None,
    beta: Some("accessPackageAssignmentResourceRole"),
    properties: &[
        id(),
        only_beta("originId", Edm::String, Read::Column("role_origin_id")),
        only_beta("originSystem", Edm::String, Read::Column("origin_system")),
        only_beta(
            "status",
            Edm::String,
            Read::Computed {
                columns: &["desired", "observed", "phase"],
                related: None,
                value: status,
            },
        ),
    ],
    navigations: &[
        way_beta("accessPackageSubject", "subject", &SUBJECT),
        way_beta("accessPackageResourceRole", "roles", &RESOURCE_ROLE).first(),
        way_beta("accessPackageResourceScope", "scopes", &RESOURCE_SCOPE).first(),
        way_beta("accessPackageAssignments", "assignments", &ASSIGNMENT),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};

/// Fulfilled is what is observed to be as it should be, with nothing in flight (L2).
fn status(row: &Row<'_>) -> Json {
    let wanted = if row.flag(0) { "present" } else { "absent" };
    if row.text(1) == wanted && row.text(2) == "settled" {
        json!("Fulfilled")
    } else {
        json!("PendingFulfillment")
    }
}
