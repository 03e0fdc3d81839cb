//! Requests, the assignments they lead to, and the decisions on the way.

use super::{
    ACCESS_PACKAGE, ASSIGNMENT_POLICY, CONNECTED_ORGANIZATION, EXTENSION_CALLOUT, HELD_BESIDE,
    LEDGER, REQUEST_DELIVERY, USER, field, many, one, through,
};
use crate::query::{Direction, Entity, Kind};

/// An identity as entitlement management sees it.
pub static SUBJECT: Entity = Entity {
    name: "subject",
    fields: &[
        field("id", Kind::Id),
        field("object_id", Kind::Id),
        field("subject_type", Kind::Word),
        field("display_name", Kind::Text),
        field("email", Kind::Text),
        field("principal_name", Kind::Text),
        field("subject_lifecycle", Kind::Word),
        field("connected_organization_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("cleanup_at", Kind::Instant),
    ],
    relations: &[
        one("user", &USER, "object_id", "id"),
        one(
            "connected_organization",
            &CONNECTED_ORGANIZATION,
            "connected_organization_id",
            "id",
        ),
        many("assignments", &ASSIGNMENT, "id", "target_id"),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// An access package held by a subject.
pub static ASSIGNMENT: Entity = Entity {
    name: "assignment",
    fields: &[
        field("id", Kind::Id),
        field("access_package_id", Kind::Id),
        field("assignment_policy_id", Kind::Id),
        field("target_id", Kind::Id),
        field("state", Kind::Word),
        field("status", Kind::Text),
        field("schedule", Kind::Document),
        field("starts_at", Kind::Instant),
        field("ends_at", Kind::Instant),
        field("is_extended", Kind::Bool),
        field("expired_at", Kind::Instant),
        field("created_at", Kind::Instant),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
        one(
            "assignment_policy",
            &ASSIGNMENT_POLICY,
            "assignment_policy_id",
            "id",
        ),
        one("target", &SUBJECT, "target_id", "id"),
        many(
            "assignment_requests",
            &ASSIGNMENT_REQUEST,
            "id",
            "assignment_id",
        ),
        through(
            "assignment_resource_roles",
            &LEDGER,
            "ledger_link",
            ["id", "assignment_id", "grant_id", "id"],
        ),
        many("callouts", &EXTENSION_CALLOUT, "id", "assignment_id"),
        many("held_beside", &HELD_BESIDE, "id", "assignment_id"),
    ],
    order: &[("created_at", Direction::Descending)],
};

/// A request to add, change or end an assignment.
pub static ASSIGNMENT_REQUEST: Entity = Entity {
    name: "assignment_request",
    fields: &[
        field("id", Kind::Id),
        field("request_type", Kind::Word),
        field("is_extension", Kind::Bool),
        field("access_package_id", Kind::Id),
        field("assignment_policy_id", Kind::Id),
        field("assignment_id", Kind::Id),
        field("requestor_id", Kind::Id),
        field("target_id", Kind::Id),
        field("created_by", Kind::Id),
        field("state", Kind::Word),
        field("status", Kind::Text),
        field("justification", Kind::Text),
        field("answers", Kind::Document),
        field("schedule", Kind::Document),
        field("starts_at", Kind::Instant),
        field("ends_at", Kind::Instant),
        field("bypass_approval", Kind::Bool),
        field("created_at", Kind::Instant),
        field("completed_at", Kind::Instant),
        field("first_completed_at", Kind::Instant),
        field("failure_code", Kind::Text),
        field("failure_message", Kind::Text),
        field("version", Kind::Int),
    ],
    relations: &[
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
        one(
            "assignment_policy",
            &ASSIGNMENT_POLICY,
            "assignment_policy_id",
            "id",
        ),
        one("assignment", &ASSIGNMENT, "assignment_id", "id"),
        one("requestor", &SUBJECT, "requestor_id", "id"),
        one("target", &SUBJECT, "target_id", "id"),
        many("stages", &APPROVAL_STAGE, "id", "request_id"),
        many("deliveries", &REQUEST_DELIVERY, "id", "request_id"),
        many("callouts", &EXTENSION_CALLOUT, "id", "request_id"),
    ],
    order: &[("created_at", Direction::Descending)],
};

/// The approval of a request (a view); its id is the request's.
pub static APPROVAL: Entity = Entity {
    name: "approval",
    fields: &[
        field("id", Kind::Id),
        field("access_package_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        many("stages", &APPROVAL_STAGE, "id", "request_id"),
        one("request", &ASSIGNMENT_REQUEST, "id", "id"),
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
    ],
    order: &[("created_at", Direction::Descending)],
};

/// One stage of an approval.
pub static APPROVAL_STAGE: Entity = Entity {
    name: "approval_stage",
    fields: &[
        field("id", Kind::Id),
        field("request_id", Kind::Id),
        field("ordinal", Kind::Int),
        field("display_name", Kind::Text),
        field("status", Kind::Text),
        field("review_result", Kind::Text),
        field("is_approver_justification_required", Kind::Bool),
        field("justification", Kind::Text),
        field("reviewed_by_id", Kind::Id),
        field("reviewed_by_name", Kind::Text),
        field("reviewed_by_principal_name", Kind::Text),
        field("reviewed_at", Kind::Instant),
        field("opened_at", Kind::Instant),
        field("due_at", Kind::Instant),
        field("escalates_at", Kind::Instant),
        field("is_escalated", Kind::Bool),
        field("version", Kind::Int),
    ],
    relations: &[
        one("request", &ASSIGNMENT_REQUEST, "request_id", "id"),
        many("approvers", &APPROVAL_STAGE_APPROVER, "id", "stage_id"),
    ],
    order: &[("ordinal", Direction::Ascending)],
};

/// Who may decide in a stage.
pub static APPROVAL_STAGE_APPROVER: Entity = Entity {
    name: "approval_stage_approver",
    fields: &[
        field("principal_id", Kind::Id),
        field("stage_id", Kind::Id),
        field("tier", Kind::Word),
    ],
    relations: &[],
    order: &[],
};
