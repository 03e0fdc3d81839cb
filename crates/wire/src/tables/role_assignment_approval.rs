//! Approvals of requests for roles. Roles are assigned without asking anybody, so there are none.

use domain::model;
use serde_json::{Value as Json, json};

use crate::table::{Edm, Read, Type, id, instant, only_beta, text, way_beta};

/// The approval of a request for a role.
pub static ROLE_ASSIGNMENT_APPROVAL: Type = Type {
    entity: &model::ROLE_ASSIGNMENT_APPROVAL,
    v1: None,
    beta: Some("approval"),
    properties: &[id()],
    navigations: &[way_beta("steps", "steps", &ROLE_ASSIGNMENT_APPROVAL_STEP)],
    open: None,
    searched: &[],
    lacking: &[],
};

/// A step of such an approval.
pub static ROLE_ASSIGNMENT_APPROVAL_STEP: Type = Type {
    entity: &model::ROLE_ASSIGNMENT_APPROVAL_STEP,
    v1: None,
    beta: Some("approvalStep"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("status", "status"),
        only_beta(
            "assignedToMe",
            Edm::Boolean,
            Read::Constant(|_| json!(false)),
        ),
        text("reviewResult", "review_result"),
        text("justification", "justification"),
        only_beta(
            "reviewedBy",
            Edm::Complex("identity", "identity"),
            Read::Constant(|_| Json::Null),
        ),
        instant("reviewedDateTime", "reviewed_at"),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};
