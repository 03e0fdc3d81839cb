//! The rule of each entity: to whom its rows are shown.
//!
//! **Invariant:** an entity that is not named here shows nothing to anybody but the service itself.

use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::query::Entity;

/// What an entity shows to whom.
pub(super) enum Rule {
    /// The content of a catalog, reached by this path, to those who may do this there.
    Catalog(Action, &'static [&'static str], &'static str),
    /// Rows that something in a catalog leads to: follow the relations, then the path.
    Through(
        Action,
        &'static [&'static str],
        &'static [&'static str],
        &'static str,
    ),
    /// The directory, to those who may do this.
    Directory(DirectoryAction),
    /// The objects of the directory, to those who may read their kind; and the sponsors among them to those who may read
    /// whom they speak for.
    DirectoryOrSponsors,
    /// What the tenant has as a whole, to those who may do this.
    Tenant(Action),
    /// What is the same for every catalog, to those who may do this in one.
    AnyCatalog(Action),
    /// What is built in, or always empty, to every caller.
    Everybody,
    /// What the caller made through the same application.
    Creator,
    /// What is offered to the caller, who has to be a signed-in user.
    Offered,
    /// Nothing.
    Nobody,
}

/// The rule of each entity.
pub(super) fn rule(entity: &Entity) -> Rule {
    use Action as A;
    use DirectoryAction as D;
    match entity.name {
        "catalog" => Rule::Catalog(A::ReadCatalogContent, &[], "id"),
        "resource"
        | "resource_request"
        | "access_package"
        | "custom_extension"
        | "legacy_custom_extension"
        | "role_assignment"
        | "transitive_role_assignment"
        | "role_assignment_holder"
        | "app_scope"
        | "role_assignment_schedule"
        | "role_assignment_schedule_instance"
        | "role_assignment_schedule_request"
        | "role_eligibility_schedule"
        | "role_eligibility_schedule_instance"
        | "role_eligibility_schedule_request" => {
            Rule::Catalog(A::ReadCatalogContent, &[], "catalog_id")
        }
        "role_definition"
        | "deleted_role_definition"
        | "role_deleted_items"
        | "role_application"
        | "role_resource_namespace"
        | "role_resource_action"
        | "role_assignment_approval"
        | "role_assignment_approval_step" => Rule::Everybody,
        "resource_environment" => Rule::AnyCatalog(A::ReadCatalogContent),
        "upload_file" => Rule::Catalog(
            A::ReadCatalogContent,
            &["session", "resource"],
            "catalog_id",
        ),
        "resource_role" | "resource_scope" | "upload_session" => {
            Rule::Catalog(A::ReadCatalogContent, &["resource"], "catalog_id")
        }
        "resource_role_scope" => {
            Rule::Catalog(A::ReadCatalogContent, &["access_package"], "catalog_id")
        }
        "assignment_policy" => Rule::Catalog(A::ReadPolicies, &["access_package"], "catalog_id"),
        "assignment" | "assignment_request" | "approval" => {
            Rule::Catalog(A::ReadRequests, &["access_package"], "catalog_id")
        }
        "approval_stage" | "request_delivery" => Rule::Catalog(
            A::ReadRequests,
            &["request", "access_package"],
            "catalog_id",
        ),
        "ledger_link" => Rule::Catalog(
            A::ReadRequests,
            &["assignment", "access_package"],
            "catalog_id",
        ),
        "ledger" | "drifted_grant" | "subject" => Rule::Through(
            A::ReadRequests,
            &["assignments"],
            &["access_package"],
            "catalog_id",
        ),
        "directory_user" | "deleted_user" | "provisioned_user" => Rule::Directory(D::ReadUsers),
        "directory_object" => Rule::DirectoryOrSponsors,
        "connected_organization" => Rule::Tenant(A::ReadConnectedOrganizations),
        "entitlement_settings" | "control_configuration" | "external_connector" => {
            Rule::Tenant(A::ReadSettings)
        }
        "directory_group" | "provisioned_group" => Rule::Directory(D::ReadGroups),
        "application" | "service_principal" | "app_role" | "app_role_assignment" => {
            Rule::Directory(D::ReadApplications)
        }
        "extension_stage" | "extension_handler" | "policy_question" => Rule::Catalog(
            A::ReadPolicies,
            &["assignment_policy", "access_package"],
            "catalog_id",
        ),
        "audit_event" => Rule::Directory(D::ReadAudit),
        "held_beside" => Rule::Catalog(A::ReadRequests, &["other", "access_package"], "catalog_id"),
        "available_access_package" | "access_package_suggestion" => Rule::Offered,
        "subscription" => Rule::Creator,
        _ => Rule::Nobody,
    }
}
