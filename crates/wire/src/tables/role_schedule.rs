//! Role assignments as schedules and as instances of schedules, and eligibilities in the same shapes.
//!
//! A role is held until it is taken away: the schedule begins when it was assigned and has no end, and nobody is merely
//! eligible for a role.

use domain::model;
use domain::time::Timestamp;
use serde_json::{Value as Json, json};

use super::role_assignment::{DEFINITION, DIRECTORY_SCOPE, PRINCIPAL, SCOPE, SCOPED};
use crate::table::{Edm, Property, Read, Row, Type, both, id, instant, text, way};

/// A standing role assignment as a schedule.
pub static ROLE_ASSIGNMENT_SCHEDULE: Type = Type {
    entity: &model::ROLE_ASSIGNMENT_SCHEDULE,
    v1: Some("unifiedRoleAssignmentSchedule"),
    beta: Some("unifiedRoleAssignmentSchedule"),
    properties: &[
        id(),
        PRINCIPAL_ID,
        ROLE_DEFINITION_ID,
        DIRECTORY_SCOPE_ID,
        APP_SCOPE_ID,
        CREATED_USING,
        CREATED,
        MODIFIED,
        STATUS,
        ASSIGNMENT_TYPE,
        MEMBER_TYPE,
        SCHEDULE_INFO,
    ],
    navigations: &[
        PRINCIPAL,
        DEFINITION,
        SCOPE,
        DIRECTORY_SCOPE,
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

/// A standing role assignment as an instance of its schedule.
pub static ROLE_ASSIGNMENT_SCHEDULE_INSTANCE: Type = Type {
    entity: &model::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE,
    v1: Some("unifiedRoleAssignmentScheduleInstance"),
    beta: Some("unifiedRoleAssignmentScheduleInstance"),
    properties: &[
        id(),
        PRINCIPAL_ID,
        ROLE_DEFINITION_ID,
        DIRECTORY_SCOPE_ID,
        APP_SCOPE_ID,
        text("roleAssignmentOriginId", "id"),
        text("roleAssignmentScheduleId", "id"),
        ASSIGNMENT_TYPE,
        MEMBER_TYPE,
        START,
        END,
    ],
    navigations: &[
        PRINCIPAL,
        DEFINITION,
        SCOPE,
        DIRECTORY_SCOPE,
        way(
            "activatedUsing",
            "activatedUsing",
            "activated_using",
            &ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
        ),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};

/// A role that somebody may activate.
pub static ROLE_ELIGIBILITY_SCHEDULE: Type = Type {
    entity: &model::ROLE_ELIGIBILITY_SCHEDULE,
    v1: Some("unifiedRoleEligibilitySchedule"),
    beta: Some("unifiedRoleEligibilitySchedule"),
    properties: &[
        id(),
        PRINCIPAL_ID,
        ROLE_DEFINITION_ID,
        DIRECTORY_SCOPE_ID,
        APP_SCOPE_ID,
        CREATED_USING,
        CREATED,
        MODIFIED,
        STATUS,
        MEMBER_TYPE,
        SCHEDULE_INFO,
    ],
    navigations: SCOPED,
    open: None,
    searched: &[],
    lacking: &[],
};

/// A role that somebody may activate now.
pub static ROLE_ELIGIBILITY_SCHEDULE_INSTANCE: Type = Type {
    entity: &model::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
    v1: Some("unifiedRoleEligibilityScheduleInstance"),
    beta: Some("unifiedRoleEligibilityScheduleInstance"),
    properties: &[
        id(),
        PRINCIPAL_ID,
        ROLE_DEFINITION_ID,
        DIRECTORY_SCOPE_ID,
        APP_SCOPE_ID,
        text("roleEligibilityScheduleId", "id"),
        MEMBER_TYPE,
        START,
        END,
    ],
    navigations: SCOPED,
    open: None,
    searched: &[],
    lacking: &[],
};

const PRINCIPAL_ID: Property = text("principalId", "principal_id");
const ROLE_DEFINITION_ID: Property = text("roleDefinitionId", "role_definition_id");
const DIRECTORY_SCOPE_ID: Property = text("directoryScopeId", "directory_scope_id");
const APP_SCOPE_ID: Property = text("appScopeId", "app_scope_id");
const CREATED_USING: Property = text("createdUsing", "created_using");
const CREATED: Property = instant("createdDateTime", "created_at");
// A role assignment never changes.
const MODIFIED: Property = both(
    "modifiedDateTime",
    Edm::Instant,
    Read::Constant(|_| Json::Null),
);
const STATUS: Property = both(
    "status",
    Edm::String,
    Read::Constant(|_| json!("Provisioned")),
);
const ASSIGNMENT_TYPE: Property = both(
    "assignmentType",
    Edm::String,
    Read::Constant(|_| json!("Assigned")),
);
const MEMBER_TYPE: Property = both(
    "memberType",
    Edm::String,
    Read::Constant(|_| json!("Direct")),
);
const START: Property = instant("startDateTime", "created_at");
const END: Property = both("endDateTime", Edm::Instant, Read::Constant(|_| Json::Null));
const SCHEDULE_INFO: Property = both(
    "scheduleInfo",
    Edm::Complex("requestSchedule", "requestSchedule"),
    Read::Computed {
        columns: &["created_at"],
        related: None,
        value: schedule_info,
    },
);

fn schedule_info(row: &Row<'_>) -> Json {
    let start = row
        .columns
        .first()
        .and_then(|value| value.as_int())
        .map(|micros| Timestamp::from_micros(micros).to_string());
    json!({
        "startDateTime": start,
        "recurrence": null,
        "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null},
    })
}
