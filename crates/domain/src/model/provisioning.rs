//! The directory as an outside one sees it that feeds it: users and groups under the names that it gave (views).

use super::{DIRECTORY_OBJECT, field, through};
use crate::query::{Direction, Entity, Kind};

/// A user who is not deleted.
pub static PROVISIONED_USER: Entity = Entity {
    name: "provisioned_user",
    fields: &[
        field("id", Kind::Id),
        // The sign-in name in lower case: what is looked up.
        field("user_principal_name_key", Kind::Id),
        field("user_name", Kind::Text),
        // The user name in lower case where it is not the sign-in name.
        field("alias_key", Kind::Id),
        // Compared exactly: it is another directory's key.
        field("external_id", Kind::Word),
        field("display_name", Kind::Text),
        field("given_name", Kind::Text),
        field("surname", Kind::Text),
        field("mail", Kind::Text),
        field("user_type", Kind::Text),
        field("account_enabled", Kind::Bool),
        field("job_title", Kind::Text),
        field("department", Kind::Text),
        field("company_name", Kind::Text),
        field("employee_id", Kind::Text),
        field("mobile_phone", Kind::Text),
        field("preferred_language", Kind::Text),
        field("details", Kind::Document),
        field("manager_id", Kind::Id),
        field("created_at", Kind::Instant),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[through(
        "member_of",
        &PROVISIONED_GROUP,
        "group_member",
        ["id", "member_id", "group_id", "id"],
    )],
    order: &[("created_at", Direction::Ascending)],
};

/// A group.
pub static PROVISIONED_GROUP: Entity = Entity {
    name: "provisioned_group",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("external_id", Kind::Word),
        field("created_at", Kind::Instant),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[through(
        "members",
        &DIRECTORY_OBJECT,
        "group_member",
        ["id", "group_id", "member_id", "id"],
    )],
    order: &[("created_at", Direction::Ascending)],
};
