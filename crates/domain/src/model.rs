//! The entities that can be read, with their fields and relations: one row a table or view.
//!
//! **Invariant:** an entity's name is its table's, a field's name its column's. A test of `store` selects every field of
//! every entity on both databases, so the two cannot drift apart.

use crate::query::{Direction, Entity, Field, Kind, Link, Relation};

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

const fn one(
    name: &'static str,
    to: &'static Entity,
    here: &'static str,
    there: &'static str,
) -> Relation {
    Relation {
        name,
        to,
        link: Link::One { here, there },
    }
}

const fn many(
    name: &'static str,
    to: &'static Entity,
    here: &'static str,
    there: &'static str,
) -> Relation {
    Relation {
        name,
        to,
        link: Link::Many { here, there },
    }
}

/// A relation through a table of pairs.
const fn through(
    name: &'static str,
    to: &'static Entity,
    table: &'static str,
    [here, near, far, there]: [&'static str; 4],
) -> Relation {
    Relation {
        name,
        to,
        link: Link::Through {
            table,
            here,
            near,
            far,
            there,
        },
    }
}

/// Every entity.
pub static ENTITIES: &[&Entity] = &[
    &USER,
    &GROUP,
    &SERVICE_PRINCIPAL,
    &APP_ROLE,
    &APP_ROLE_ASSIGNMENT,
    &DIRECTORY_OBJECT,
    &CATALOG,
    &RESOURCE,
    &RESOURCE_ROLE,
    &RESOURCE_SCOPE,
    &RESOURCE_REQUEST,
    &ACCESS_PACKAGE,
    &RESOURCE_ROLE_SCOPE,
    &ASSIGNMENT_POLICY,
    &SUBJECT,
    &ASSIGNMENT,
    &ASSIGNMENT_REQUEST,
    &APPROVAL,
    &APPROVAL_STAGE,
    &APPROVAL_STAGE_APPROVER,
    &ROLE_ASSIGNMENT,
    &LEDGER,
    &LEDGER_LINK,
    &REQUEST_DELIVERY,
    &AUDIT_EVENT,
];

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
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A catalog.
pub static CATALOG: Entity = Entity {
    name: "catalog",
    fields: &[
        field("id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("catalog_type", Kind::Word),
        field("state", Kind::Word),
        field("is_externally_visible", Kind::Bool),
        field("unique_name", Kind::Text),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        many("access_packages", &ACCESS_PACKAGE, "id", "catalog_id"),
        through(
            "assignment_policies",
            &ASSIGNMENT_POLICY,
            "access_package",
            ["id", "catalog_id", "id", "access_package_id"],
        ),
        many("resources", &RESOURCE, "id", "catalog_id"),
        // The roles and scopes of all its resources: the pairs are the resources themselves.
        through(
            "resource_roles",
            &RESOURCE_ROLE,
            "resource",
            ["id", "catalog_id", "id", "resource_id"],
        ),
        through(
            "resource_scopes",
            &RESOURCE_SCOPE,
            "resource",
            ["id", "catalog_id", "id", "resource_id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A resource of a catalog.
pub static RESOURCE: Entity = Entity {
    name: "resource",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("resource_type", Kind::Text),
        field("url", Kind::Text),
        field("attributes", Kind::Document),
        field("drift_action", Kind::Word),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("catalog", &CATALOG, "catalog_id", "id"),
        many("roles", &RESOURCE_ROLE, "id", "resource_id"),
        many("scopes", &RESOURCE_SCOPE, "id", "resource_id"),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A role of a resource.
pub static RESOURCE_ROLE: Entity = Entity {
    name: "resource_role",
    fields: &[
        field("id", Kind::Id),
        field("resource_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
    ],
    relations: &[
        one("resource", &RESOURCE, "resource_id", "id"),
        through(
            "catalogs",
            &CATALOG,
            "resource",
            ["resource_id", "id", "catalog_id", "id"],
        ),
        through(
            "grants",
            &LEDGER,
            "ledger_link",
            ["id", "resource_role_id", "grant_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A scope of a resource.
pub static RESOURCE_SCOPE: Entity = Entity {
    name: "resource_scope",
    fields: &[
        field("id", Kind::Id),
        field("resource_id", Kind::Id),
        field("origin_system", Kind::Text),
        field("origin_id", Kind::Text),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("is_root_scope", Kind::Bool),
    ],
    relations: &[
        one("resource", &RESOURCE, "resource_id", "id"),
        through(
            "catalogs",
            &CATALOG,
            "resource",
            ["resource_id", "id", "catalog_id", "id"],
        ),
        through(
            "grants",
            &LEDGER,
            "ledger_link",
            ["id", "resource_scope_id", "grant_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A request to add, update or remove a resource.
pub static RESOURCE_REQUEST: Entity = Entity {
    name: "resource_request",
    fields: &[
        field("id", Kind::Id),
        field("request_type", Kind::Word),
        field("state", Kind::Word),
        field("status", Kind::Text),
        field("justification", Kind::Text),
        field("catalog_id", Kind::Id),
        field("resource_id", Kind::Id),
        field("requestor_id", Kind::Id),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        one("catalog", &CATALOG, "catalog_id", "id"),
        one("resource", &RESOURCE, "resource_id", "id"),
        one("requestor", &SUBJECT, "requestor_id", "id"),
    ],
    order: &[("created_at", Direction::Descending)],
};

/// An access package.
pub static ACCESS_PACKAGE: Entity = Entity {
    name: "access_package",
    fields: &[
        field("id", Kind::Id),
        field("catalog_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("is_hidden", Kind::Bool),
        field("is_role_scopes_visible", Kind::Bool),
        field("unique_name", Kind::Text),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("catalog", &CATALOG, "catalog_id", "id"),
        many(
            "assignment_policies",
            &ASSIGNMENT_POLICY,
            "id",
            "access_package_id",
        ),
        many(
            "resource_role_scopes",
            &RESOURCE_ROLE_SCOPE,
            "id",
            "access_package_id",
        ),
        through(
            "incompatible_access_packages",
            &ACCESS_PACKAGE,
            "incompatible_access_package",
            ["id", "access_package_id", "incompatible_id", "id"],
        ),
        through(
            "access_packages_incompatible_with",
            &ACCESS_PACKAGE,
            "incompatible_access_package",
            ["id", "incompatible_id", "access_package_id", "id"],
        ),
        through(
            "incompatible_groups",
            &GROUP,
            "incompatible_group",
            ["id", "access_package_id", "group_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

/// A (role, scope) of a resource inside an access package.
pub static RESOURCE_ROLE_SCOPE: Entity = Entity {
    name: "resource_role_scope",
    fields: &[
        field("id", Kind::Id),
        field("access_package_id", Kind::Id),
        field("resource_role_id", Kind::Id),
        field("resource_scope_id", Kind::Id),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
    ],
    relations: &[
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
        one("role", &RESOURCE_ROLE, "resource_role_id", "id"),
        one("scope", &RESOURCE_SCOPE, "resource_scope_id", "id"),
    ],
    // The same pair may be in several packages.
    order: &[
        ("created_at", Direction::Ascending),
        ("access_package_id", Direction::Ascending),
    ],
};

/// An assignment policy.
pub static ASSIGNMENT_POLICY: Entity = Entity {
    name: "assignment_policy",
    fields: &[
        field("id", Kind::Id),
        field("access_package_id", Kind::Id),
        field("display_name", Kind::Text),
        field("description", Kind::Text),
        field("allowed_target_scope", Kind::Word),
        field("can_extend", Kind::Bool),
        field("settings", Kind::Document),
        field("created_by", Kind::Text),
        field("created_at", Kind::Instant),
        field("modified_by", Kind::Text),
        field("modified_at", Kind::Instant),
        field("version", Kind::Int),
    ],
    relations: &[
        one("access_package", &ACCESS_PACKAGE, "access_package_id", "id"),
        through(
            "catalogs",
            &CATALOG,
            "access_package",
            ["access_package_id", "id", "catalog_id", "id"],
        ),
    ],
    order: &[("display_name", Direction::Ascending)],
};

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
    ],
    relations: &[
        one("user", &USER, "object_id", "id"),
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
        one("principal", &DIRECTORY_OBJECT, "principal_id", "id"),
        one("catalog", &CATALOG, "catalog_id", "id"),
    ],
    order: &[("created_at", Direction::Ascending)],
};

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
    ],
    order: &[("created_at", Direction::Descending)],
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

/// An audit event.
pub static AUDIT_EVENT: Entity = Entity {
    name: "audit_event",
    fields: &[
        field("id", Kind::Id),
        field("happened_at", Kind::Instant),
        field("activity", Kind::Text),
        field("category", Kind::Text),
        field("result", Kind::Word),
        field("result_reason", Kind::Text),
        field("initiated_by", Kind::Document),
        field("target_resources", Kind::Document),
        field("additional_details", Kind::Document),
        field("correlation_id", Kind::Text),
        field("object_id", Kind::Id),
    ],
    relations: &[],
    order: &[("happened_at", Direction::Descending)],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_join_fields_that_exist() {
        for entity in ENTITIES {
            for relation in entity.relations {
                let (here, there) = match relation.link {
                    Link::One { here, there }
                    | Link::Many { here, there }
                    | Link::Through { here, there, .. } => (here, there),
                };
                let name = format!("{}.{}", entity.name, relation.name);
                assert!(entity.field(here).is_some(), "{name}: `{here}`");
                assert!(relation.to.field(there).is_some(), "{name}: `{there}`");
            }
        }
    }

    #[test]
    fn lists_are_ordered_by_fields_that_exist() {
        for entity in ENTITIES {
            for (name, _) in entity.order {
                assert!(entity.field(name).is_some(), "{}.{name}", entity.name);
            }
        }
    }

    #[test]
    fn names_within_an_entity_are_unique() {
        for entity in ENTITIES {
            let names: Vec<_> = entity.fields.iter().map(|field| field.name).collect();
            let distinct: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "{}", entity.name);
        }
    }
}
