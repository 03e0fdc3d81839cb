//! The ledger: what access should be and is, and for whose sake.

use super::{
    ASSIGNMENT, ASSIGNMENT_REQUEST, DIRECTORY_OBJECT, RESOURCE_ROLE, RESOURCE_SCOPE, SUBJECT,
    field, many, one, through,
};
use crate::query::{Direction, Entity, Kind};

/// A grant: what is desired, what was observed, what is in flight.
pub static LEDGER: Entity = Entity {
    name: "ledger",
    fields: &[
        field("id", Kind::Id),
        field("subject_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("resource_origin_id", Kind::Text),
        field("role_origin_id", Kind::Text),
        field("scope_origin_id", Kind::Text),
        field("desired", Kind::Bool),
        field("observed", Kind::Word),
        field("observed_at", Kind::Instant),
        field("observed_by", Kind::Word),
        field("preexisting", Kind::Bool),
        field("phase", Kind::Word),
        field("operation", Kind::Word),
        field("target", Kind::Text),
        field("attempts", Kind::Int),
        field("next_attempt_at", Kind::Instant),
        field("error_code", Kind::Text),
        field("error_message", Kind::Text),
        field("error_at", Kind::Instant),
        field("created_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("subject", &SUBJECT, "subject_id", "id"),
        one("object", &DIRECTORY_OBJECT, "resource_origin_id", "id"),
        many("links", &LEDGER_LINK, "id", "grant_id"),
        through(
            "assignments",
            &ASSIGNMENT,
            "ledger_link",
            ["id", "grant_id", "assignment_id", "id"],
        ),
        through(
            "roles",
            &RESOURCE_ROLE,
            "ledger_link",
            ["id", "grant_id", "resource_role_id", "id"],
        ),
        through(
            "scopes",
            &RESOURCE_SCOPE,
            "ledger_link",
            ["id", "grant_id", "resource_scope_id", "id"],
        ),
        many("deliveries", &REQUEST_DELIVERY, "id", "grant_id"),
        many("drifted", &DRIFTED_GRANT, "id", "id"),
    ],
    order: &[("created_at", Direction::Descending)],
};

/// A grant that is not as it shall be, while nothing is under way that would change it (L8).
pub static DRIFTED_GRANT: Entity = Entity {
    name: "drifted_grant",
    fields: LEDGER.fields,
    relations: LEDGER.relations,
    order: LEDGER.order,
};

/// An assignment that justifies a grant.
pub static LEDGER_LINK: Entity = Entity {
    name: "ledger_link",
    fields: &[
        field("grant_id", Kind::Id),
        field("assignment_id", Kind::Id),
        field("resource_role_id", Kind::Id),
        field("resource_scope_id", Kind::Id),
    ],
    relations: &[
        one("role", &RESOURCE_ROLE, "resource_role_id", "id"),
        one("scope", &RESOURCE_SCOPE, "resource_scope_id", "id"),
        one("assignment", &ASSIGNMENT, "assignment_id", "id"),
    ],
    order: &[],
};

/// A unit of work that a request waits for.
pub static REQUEST_DELIVERY: Entity = Entity {
    name: "request_delivery",
    fields: &[
        field("grant_id", Kind::Id),
        field("request_id", Kind::Id),
        field("operation", Kind::Word),
        field("outcome", Kind::Word),
        field("kept", Kind::Bool),
        field("error_code", Kind::Text),
        field("error_message", Kind::Text),
        field("attempts", Kind::Int),
        field("settled_at", Kind::Instant),
    ],
    relations: &[
        one("ledger", &LEDGER, "grant_id", "id"),
        one("request", &ASSIGNMENT_REQUEST, "request_id", "id"),
    ],
    order: &[],
};
