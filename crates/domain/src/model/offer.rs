//! What end users are offered, the questions that they are asked, and who holds what does not go together: all views.

use super::{ASSIGNMENT, ASSIGNMENT_POLICY, RESOURCE_ROLE_SCOPE, field, many, one};
use crate::query::{Direction, Entity, Kind};

/// An access package as whoever may ask for it sees it.
pub static AVAILABLE_ACCESS_PACKAGE: Entity = Entity {
    name: "available_access_package",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
    ],
    relations: &[many(
        "resource_role_scopes",
        &RESOURCE_ROLE_SCOPE,
        "id",
        "access_package_id",
    )],
    order: &[("display_name", Direction::Ascending)],
};

/// A package that is suggested to the caller. Its id is the package's; the reasons differ from caller to caller and are
/// filled in by whoever answers.
pub static SUGGESTION: Entity = Entity {
    name: "access_package_suggestion",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("reasons", Kind::Document),
    ],
    relations: &[one("access_package", &AVAILABLE_ACCESS_PACKAGE, "id", "id")],
    order: &[("display_name", Direction::Ascending)],
};

/// A question of a policy. Its version is the policy's, as both are stored together.
pub static POLICY_QUESTION: Entity = Entity {
    name: "policy_question",
    fields: &[
        field("id", Kind::Id),
        field("assignment_policy_id", Kind::Id),
        field("object_type", Kind::Text),
        field("is_required", Kind::Bool),
        field("is_answer_editable", Kind::Bool),
        field("sequence", Kind::Int),
        field("question_text", Kind::Text),
        field("localizations", Kind::Document),
        field("is_single_line", Kind::Bool),
        field("regex_pattern", Kind::Text),
        field("is_multiple_choice", Kind::Bool),
        field("choices", Kind::Document),
        field("version", Kind::Int),
    ],
    relations: &[one(
        "assignment_policy",
        &ASSIGNMENT_POLICY,
        "assignment_policy_id",
        "id",
    )],
    // A question that was copied from policy to policy has the same id in each.
    order: &[
        ("sequence", Direction::Ascending),
        ("assignment_policy_id", Direction::Ascending),
    ],
};

/// An assignment whose target holds something else that does not go with it (SD-6).
pub static HELD_BESIDE: Entity = Entity {
    name: "held_beside",
    fields: &[
        field("assignment_id", Kind::Id),
        field("other_id", Kind::Id),
    ],
    relations: &[one("other", &ASSIGNMENT, "other_id", "id")],
    order: &[],
};
