//! Requests to assign or remove a role, and, never made, to let somebody activate one.

use domain::model;
use serde_json::{Value as Json, json};

use super::role_assignment::{DEFINITION, DIRECTORY_SCOPE, PRINCIPAL, SCOPE};
use super::{ROLE_ASSIGNMENT_SCHEDULE, ROLE_ELIGIBILITY_SCHEDULE};
use crate::document;
use crate::table::{
    Edm, Property, Read, Row, Type, both, id, instant, only_beta, only_v1, text, way,
};
use crate::words;

/// A request to assign or remove a role.
pub static ROLE_ASSIGNMENT_SCHEDULE_REQUEST: Type = Type {
    entity: &model::ROLE_ASSIGNMENT_SCHEDULE_REQUEST,
    v1: Some("unifiedRoleAssignmentScheduleRequest"),
    beta: Some("unifiedRoleAssignmentScheduleRequest"),
    properties: PROPERTIES,
    navigations: &[
        PRINCIPAL,
        DEFINITION,
        SCOPE,
        DIRECTORY_SCOPE,
        way(
            "targetSchedule",
            "targetSchedule",
            "target_schedule",
            &ROLE_ASSIGNMENT_SCHEDULE,
        ),
        way(
            "activatedUsing",
            "activatedUsing",
            "activated_using",
            &ROLE_ELIGIBILITY_SCHEDULE,
        ),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};

/// A request to let somebody activate a role.
pub static ROLE_ELIGIBILITY_SCHEDULE_REQUEST: Type = Type {
    entity: &model::ROLE_ELIGIBILITY_SCHEDULE_REQUEST,
    v1: Some("unifiedRoleEligibilityScheduleRequest"),
    beta: Some("unifiedRoleEligibilityScheduleRequest"),
    properties: PROPERTIES,
    navigations: &[
        PRINCIPAL,
        DEFINITION,
        SCOPE,
        DIRECTORY_SCOPE,
        way(
            "targetSchedule",
            "targetSchedule",
            "target_schedule",
            &ROLE_ELIGIBILITY_SCHEDULE,
        ),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};

const PROPERTIES: &[Property] = &[
    id(),
    text("status", "status"),
    only_v1(
        "action",
        Edm::Enum(&words::ROLE_SCHEDULE_ACTION),
        Read::Column("action"),
    ),
    only_beta("action", Edm::String, Read::Column("action")),
    text("principalId", "principal_id"),
    text("roleDefinitionId", "role_definition_id"),
    text("directoryScopeId", "directory_scope_id"),
    text("appScopeId", "app_scope_id"),
    text("targetScheduleId", "target_schedule_id"),
    text("justification", "justification"),
    both(
        "isValidationOnly",
        Edm::Boolean,
        Read::Constant(|_| json!(false)),
    ),
    document_of(
        "scheduleInfo",
        "requestSchedule",
        Read::Computed {
            columns: &["schedule_info"],
            related: None,
            value: whole,
        },
    ),
    document_of(
        "ticketInfo",
        "ticketInfo",
        Read::Computed {
            columns: &["ticket_info"],
            related: None,
            value: whole,
        },
    ),
    instant("createdDateTime", "created_at"),
    // What is asked for is done at once.
    instant("completedDateTime", "created_at"),
    text("customData", "custom_data"),
    both("approvalId", Edm::String, Read::Constant(|_| Json::Null)),
    document_of(
        "createdBy",
        "identitySet",
        Read::Computed {
            columns: &["created_by"],
            related: Some(("creator", &["object_type", "display_name"])),
            value: created_by,
        },
    ),
];

const fn document_of(name: &'static str, complex: &'static str, read: Read) -> Property {
    both(name, Edm::Complex(complex, complex), read)
}

fn whole(row: &Row<'_>) -> Json {
    document::members(row.document(0))
}

/// Who asked: a person or an application; the service itself asks for nothing.
fn created_by(row: &Row<'_>) -> Json {
    let Json::String(id) = row.json(0) else {
        return Json::Null;
    };
    let known = row.related.first();
    let column = |index: usize| known.and_then(|record| record.values.get(index)?.as_text());
    let identity = json!({"id": id, "displayName": column(1)});
    let (user, application) = match column(0) {
        Some("servicePrincipal") => (Json::Null, identity),
        _ => (identity, Json::Null),
    };
    json!({"user": user, "application": application, "device": null})
}
