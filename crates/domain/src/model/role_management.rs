//! Role management: roles of entitlement management, who holds them, and the other shapes in which that is read.
//!
//! Roles and their actions are built in: views of constants. A schedule, its instance and the role assignment they stand
//! for share one id, because no role is held for a time only.

use super::{CATALOG, DIRECTORY_OBJECT, field, many, one};
use crate::query::{Direction, Entity, Kind, Relation};

/// A role of entitlement management (a view of constants).
pub static ROLE_DEFINITION: Entity = Entity {
    name: "role_definition",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("allowed_actions", Kind::Document),
        field("inherited_by", Kind::Id),
    ],
    relations: &[many(
        "inherits_from",
        &ROLE_DEFINITION,
        "id",
        "inherited_by",
    )],
    order: &[("display_name", Direction::Ascending)],
};

/// A role that was deleted (a view without rows).
pub static DELETED_ROLE_DEFINITION: Entity = Entity {
    name: "deleted_role_definition",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("allowed_actions", Kind::Document),
        field("inherited_by", Kind::Id),
        field("container", Kind::Text),
    ],
    relations: &[many(
        "inherits_from",
        &ROLE_DEFINITION,
        "id",
        "inherited_by",
    )],
    order: &[("display_name", Direction::Ascending)],
};

/// Where deleted roles are (a view of one row).
pub static ROLE_DELETED_ITEMS: Entity = Entity {
    name: "role_deleted_items",
    fields: &[field("id", Kind::Text)],
    relations: &[many(
        "role_definitions",
        &DELETED_ROLE_DEFINITION,
        "id",
        "container",
    )],
    order: &[],
};

/// Role management itself (a view of one row).
pub static ROLE_APPLICATION: Entity = Entity {
    name: "role_application",
    fields: &[field("id", Kind::Text)],
    relations: &[],
    order: &[],
};

/// What the names of actions begin with (a view of constants). Its id is a name, not a GUID.
pub static ROLE_RESOURCE_NAMESPACE: Entity = Entity {
    name: "role_resource_namespace",
    fields: &[field("id", Kind::Text)],
    relations: &[many("actions", &ROLE_RESOURCE_ACTION, "id", "namespace_id")],
    order: &[],
};

/// An action that roles allow (a view of constants). Its id is a name, not a GUID.
pub static ROLE_RESOURCE_ACTION: Entity = Entity {
    name: "role_resource_action",
    fields: &[
        field("id", Kind::Text),
        field("namespace_id", Kind::Text),
        field("name", Kind::Text),
        field("action_verb", Kind::Text),
        field("description", Kind::Text),
    ],
    relations: &[],
    order: &[("name", Direction::Ascending)],
};

/// Where a role counts (a view): the tenant, or a catalog.
pub static APP_SCOPE: Entity = Entity {
    name: "app_scope",
    fields: &[
        field("id", Kind::Text),
        field("display_name", Kind::Text),
        field("scope_type", Kind::Text),
        field("catalog_id", Kind::Id),
    ],
    relations: &[],
    order: &[],
};

const PRINCIPAL: Relation = one("principal", &DIRECTORY_OBJECT, "principal_id", "id");
const CATALOG_OF: Relation = one("catalog", &CATALOG, "catalog_id", "id");
const DEFINITION_OF: Relation = one(
    "role_definition",
    &ROLE_DEFINITION,
    "role_definition_id",
    "id",
);
const APP_SCOPE_OF: Relation = one("app_scope", &APP_SCOPE, "app_scope_id", "id");
// The directory as a whole is no object of the directory, so this leads nowhere.
const DIRECTORY_SCOPE_OF: Relation = one(
    "directory_scope",
    &DIRECTORY_OBJECT,
    "directory_scope_id",
    "id",
);

/// A role of entitlement management held by a principal.
pub static ROLE_ASSIGNMENT: Entity = Entity {
    name: "role_assignment",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// The same, but asked for by who holds the role in the end (a view).
pub static TRANSITIVE_ROLE_ASSIGNMENT: Entity = Entity {
    name: "transitive_role_assignment",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
        many("holders", &ROLE_ASSIGNMENT_HOLDER, "id", "assignment_id"),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// Who holds a role directly or through groups (a view).
pub static ROLE_ASSIGNMENT_HOLDER: Entity = Entity {
    name: "role_assignment_holder",
    fields: &[
        field("id", Kind::Id),
        field("assignment_id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("catalog_id", Kind::Id),
    ],
    relations: &[],
    order: &[],
};

/// A standing role assignment as a schedule without end (a view).
pub static ROLE_ASSIGNMENT_SCHEDULE: Entity = Entity {
    name: "role_assignment_schedule",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("created_using", Kind::Id),
        field("eligibility_id", Kind::Id),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
        one(
            "activated_using",
            &ROLE_ELIGIBILITY_SCHEDULE,
            "eligibility_id",
            "id",
        ),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// A standing role assignment as what its schedule has come to (a view).
pub static ROLE_ASSIGNMENT_SCHEDULE_INSTANCE: Entity = Entity {
    name: "role_assignment_schedule_instance",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("eligibility_id", Kind::Id),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
        one(
            "activated_using",
            &ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
            "eligibility_id",
            "id",
        ),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// A role that somebody may activate (a view without rows).
pub static ROLE_ELIGIBILITY_SCHEDULE: Entity = Entity {
    name: "role_eligibility_schedule",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("created_using", Kind::Id),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// The same as what its schedule has come to (a view without rows).
pub static ROLE_ELIGIBILITY_SCHEDULE_INSTANCE: Entity = Entity {
    name: "role_eligibility_schedule_instance",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// A request to assign or remove a role, as it was carried out.
pub static ROLE_ASSIGNMENT_SCHEDULE_REQUEST: Entity = Entity {
    name: "role_assignment_schedule_request",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("action", Kind::Word),
        field("status", Kind::Text),
        field("justification", Kind::Text),
        field("custom_data", Kind::Text),
        field("schedule_info", Kind::Document),
        field("ticket_info", Kind::Document),
        field("target_schedule_id", Kind::Id),
        field("created_by", Kind::Id),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
        one(
            "target_schedule",
            &ROLE_ASSIGNMENT_SCHEDULE,
            "target_schedule_id",
            "id",
        ),
        // A request that activated an eligibility would have it as its target; there are none.
        one(
            "activated_using",
            &ROLE_ELIGIBILITY_SCHEDULE,
            "target_schedule_id",
            "id",
        ),
        one("creator", &DIRECTORY_OBJECT, "created_by", "id"),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// A request to let somebody activate a role (a view without rows).
pub static ROLE_ELIGIBILITY_SCHEDULE_REQUEST: Entity = Entity {
    name: "role_eligibility_schedule_request",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("role_definition_id", Kind::Id),
        field("directory_scope_id", Kind::Text),
        field("app_scope_id", Kind::Text),
        field("catalog_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("action", Kind::Word),
        field("status", Kind::Text),
        field("justification", Kind::Text),
        field("custom_data", Kind::Text),
        field("schedule_info", Kind::Document),
        field("ticket_info", Kind::Document),
        field("target_schedule_id", Kind::Id),
        field("created_by", Kind::Id),
    ],
    relations: &[
        PRINCIPAL,
        CATALOG_OF,
        DEFINITION_OF,
        APP_SCOPE_OF,
        DIRECTORY_SCOPE_OF,
        one(
            "target_schedule",
            &ROLE_ELIGIBILITY_SCHEDULE,
            "target_schedule_id",
            "id",
        ),
        one("creator", &DIRECTORY_OBJECT, "created_by", "id"),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// The approval of a request for a role (a view without rows).
pub static ROLE_ASSIGNMENT_APPROVAL: Entity = Entity {
    name: "role_assignment_approval",
    fields: &[field("id", Kind::Id), field("created_at", Kind::Instant)],
    relations: &[many(
        "steps",
        &ROLE_ASSIGNMENT_APPROVAL_STEP,
        "id",
        "approval_id",
    )],
    order: &[("created_at", Direction::Ascending)],
};

/// A step of such an approval (a view without rows).
pub static ROLE_ASSIGNMENT_APPROVAL_STEP: Entity = Entity {
    name: "role_assignment_approval_step",
    fields: &[
        field("id", Kind::Id),
        field("approval_id", Kind::Id),
        field("display_name", Kind::Text),
        field("status", Kind::Text),
        field("review_result", Kind::Text),
        field("justification", Kind::Text),
        field("reviewed_at", Kind::Instant),
    ],
    relations: &[],
    order: &[("reviewed_at", Direction::Ascending)],
};
