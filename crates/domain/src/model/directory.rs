//! The directory: people, groups, applications and who is in what.

use super::{ACCESS_PACKAGE, CONNECTED_ORGANIZATION, field, many, one, through};
use crate::query::{Direction, Entity, Kind};

/// A person of the directory.
pub static USER: Entity = Entity {
    name: "directory_user",
    fields: &[
        field("id", Kind::Id),
        field("user_principal_name", Kind::Text),
        // The same in lower case: what is looked up.
        field("user_principal_name_key", Kind::Id),
        field("display_name", Kind::Text),
        field("given_name", Kind::Text),
        field("surname", Kind::Text),
        field("mail", Kind::Text),
        field("mail_nickname", Kind::Text),
        field("user_type", Kind::Text),
        field("account_enabled", Kind::Bool),
        field("job_title", Kind::Text),
        field("department", Kind::Text),
        field("company_name", Kind::Text),
        field("employee_id", Kind::Text),
        field("office_location", Kind::Text),
        field("mobile_phone", Kind::Text),
        field("usage_location", Kind::Text),
        field("preferred_language", Kind::Text),
        field("details", Kind::Document),
        field("manager_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("deleted_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("manager", &USER, "manager_id", "id"),
        many("direct_reports", &USER, "id", "manager_id"),
        through(
            "member_of",
            &GROUP,
            "group_member",
            ["id", "member_id", "group_id", "id"],
        ),
        many(
            "app_role_assignments",
            &APP_ROLE_ASSIGNMENT,
            "id",
            "principal_id",
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A person who was deleted and can be restored (a view).
pub static DELETED_USER: Entity = Entity {
    name: "deleted_user",
    fields: &[
        field("id", Kind::Id),
        field("user_principal_name", Kind::Text),
        field("display_name", Kind::Text),
        field("given_name", Kind::Text),
        field("surname", Kind::Text),
        field("mail", Kind::Text),
        field("mail_nickname", Kind::Text),
        field("user_type", Kind::Text),
        field("account_enabled", Kind::Bool),
        field("job_title", Kind::Text),
        field("department", Kind::Text),
        field("company_name", Kind::Text),
        field("employee_id", Kind::Text),
        field("office_location", Kind::Text),
        field("mobile_phone", Kind::Text),
        field("usage_location", Kind::Text),
        field("preferred_language", Kind::Text),
        field("details", Kind::Document),
        field("created_at", Kind::Instant),
        field("deleted_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[],
    order: &[("deleted_at", Direction::Descending)],
};

/// A group of the directory.
pub static GROUP: Entity = Entity {
    name: "directory_group",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("mail", Kind::Text),
        field("mail_nickname", Kind::Text),
        field("mail_enabled", Kind::Bool),
        field("security_enabled", Kind::Bool),
        field("group_types", Kind::Document),
        field("membership_rule", Kind::Text),
        field("visibility", Kind::Text),
        field("is_assignable_to_role", Kind::Bool),
        field("on_premises_sync_enabled", Kind::Bool),
        field("details", Kind::Document),
        field("created_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        through(
            "members",
            &DIRECTORY_OBJECT,
            "group_member",
            ["id", "group_id", "member_id", "id"],
        ),
        through(
            "owners",
            &DIRECTORY_OBJECT,
            "group_owner",
            ["id", "group_id", "owner_id", "id"],
        ),
        through(
            "member_of",
            &GROUP,
            "group_member",
            ["id", "member_id", "group_id", "id"],
        ),
        through(
            "incompatible_access_packages",
            &ACCESS_PACKAGE,
            "incompatible_group",
            ["id", "group_id", "access_package_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// An application as the directory sees it.
pub static SERVICE_PRINCIPAL: Entity = Entity {
    name: "service_principal",
    fields: &[
        field("id", Kind::Id),
        field("app_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("account_enabled", Kind::Bool),
        field("app_role_assignment_required", Kind::Bool),
        field("service_principal_type", Kind::Text),
        field("details", Kind::Document),
        field("created_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        many("app_roles", &APP_ROLE, "id", "service_principal_id"),
        many(
            "app_role_assigned_to",
            &APP_ROLE_ASSIGNMENT,
            "id",
            "resource_id",
        ),
        many(
            "app_role_assignments",
            &APP_ROLE_ASSIGNMENT,
            "id",
            "principal_id",
        ),
        through(
            "member_of",
            &GROUP,
            "group_member",
            ["id", "member_id", "group_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// An application as it is registered.
pub static APPLICATION: Entity = Entity {
    name: "application",
    fields: &[
        field("id", Kind::Id),
        field("app_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("app_roles", Kind::Document),
        field("details", Kind::Document),
        field("created_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[],
    order: &[("display_name", Direction::Ascending)],
};

/// A role that an application offers.
pub static APP_ROLE: Entity = Entity {
    name: "app_role",
    fields: &[
        field("id", Kind::Id),
        field("service_principal_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("value", Kind::Text),
        field("is_enabled", Kind::Bool),
        field("allowed_member_types", Kind::Document),
    ],
    relations: &[],
    order: &[("display_name", Direction::Ascending)],
};

/// An app role held by a user, group or service principal.
pub static APP_ROLE_ASSIGNMENT: Entity = Entity {
    name: "app_role_assignment",
    fields: &[
        field("id", Kind::Id),
        field("principal_id", Kind::Id),
        field("principal_type", Kind::Text),
        field("resource_id", Kind::Id),
        field("app_role_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        one("principal", &DIRECTORY_OBJECT, "principal_id", "id"),
        one("resource", &SERVICE_PRINCIPAL, "resource_id", "id"),
    ],
    order: &[("created_at", Direction::Ascending)],
};

/// A user, group or service principal (a view).
pub static DIRECTORY_OBJECT: Entity = Entity {
    name: "directory_object",
    fields: &[
        field("id", Kind::Id),
        field("object_type", Kind::Word),
        field("display_name", Kind::Text),
        field("mail", Kind::Text),
        field("user_principal_name", Kind::Text),
    ],
    relations: &[
        one("user", &USER, "id", "id"),
        one("group", &GROUP, "id", "id"),
        one("service_principal", &SERVICE_PRINCIPAL, "id", "id"),
        through(
            "member_of",
            &GROUP,
            "group_member",
            ["id", "member_id", "group_id", "id"],
        ),
        through(
            "owned_groups",
            &GROUP,
            "group_owner",
            ["id", "owner_id", "group_id", "id"],
        ),
        through(
            "internally_sponsored",
            &CONNECTED_ORGANIZATION,
            "connected_organization_internal_sponsor",
            ["id", "object_id", "connected_organization_id", "id"],
        ),
        through(
            "externally_sponsored",
            &CONNECTED_ORGANIZATION,
            "connected_organization_external_sponsor",
            ["id", "object_id", "connected_organization_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};
