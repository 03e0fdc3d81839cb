//! What each command of the table asks of its caller before its path is followed.
//!
//! **Invariant:** this decides nothing: it names what `service` is to decide. The walk over all commands holds it against what
//! they answer.

use auth::directory::DirectoryAction as D;
use auth::roles::Action as A;
use domain::query::Entity;
use http::Method;
use service::entrance::Asked;

use crate::graph::Place;

/// What a command asks, by the row of the table that carries it out; `None` for what the table does not have.
pub(crate) fn of(entity: &Entity, place: Place, method: &Method) -> Option<Asked> {
    if let Place::Call(name) = place {
        return called(entity, name);
    }
    Some(match (entity.name, place) {
        ("catalog", Place::Collection) => Asked::Entitlements(A::CreateCatalog),
        ("catalog", _) => Asked::Entitlements(A::UpdateCatalog),
        ("resource_request", _) => Asked::Entitlements(A::ManageResources),
        ("upload_session", _) => Asked::Entitlements(A::UploadSessions),
        ("upload_file", _) => Asked::Entitlements(A::ReadCatalogContent),
        ("access_package" | "resource_role_scope", _)
        | ("directory_group", Place::Links(_) | Place::Link(_)) => {
            Asked::Entitlements(A::ManageAccessPackages)
        }
        ("assignment_policy" | "extension_stage" | "extension_handler" | "policy_question", _) => {
            Asked::Entitlements(A::ManagePolicies)
        }
        ("assignment_request", Place::Object) => Asked::Entitlements(A::DeleteRequest),
        ("custom_extension" | "legacy_custom_extension", _) => {
            Asked::Entitlements(A::ManageExtensions)
        }
        ("connected_organization", _)
        | (
            "directory_object",
            Place::Links("internal_sponsors" | "external_sponsors")
            | Place::Link("internal_sponsors" | "external_sponsors"),
        ) => Asked::Entitlements(A::ManageConnectedOrganizations),
        ("entitlement_settings" | "control_configuration" | "external_connector", _) => {
            Asked::Entitlements(A::ManageSettings)
        }
        ("subject", _) => Asked::Entitlements(A::ManageSubjectLifecycle),
        ("role_assignment" | "role_assignment_schedule_request", _) => {
            Asked::Entitlements(A::AssignCatalogRole)
        }
        ("directory_user" | "deleted_user", _) => Asked::Directory(D::WriteUsers),
        ("directory_group", _)
        | ("directory_object", Place::Links("owners") | Place::Link("owners")) => {
            Asked::Directory(D::WriteGroups)
        }
        ("directory_object", Place::Links(_) | Place::Link(_)) => Asked::Directory(D::WriteMembers),
        // Who asks for themselves does so by the same command as who administers; and what is asked of a directory object
        // depends on its kind, which the id alone tells.
        ("assignment_request" | "approval_stage" | "directory_object" | "subscription", _) => {
            Asked::Own
        }
        ("application" | "service_principal", _) => Asked::Directory(D::WriteApplications),
        ("app_role_assignment", _) => Asked::Directory(D::WriteAppRoleAssignments),
        _ => {
            tracing::debug!(entity = entity.name, %method, "nobody has said what the command asks");
            return None;
        }
    })
}

fn called(entity: &Entity, name: &str) -> Option<Asked> {
    Some(match (entity.name, name) {
        (_, "reprocess") => Asked::Entitlements(A::Reprocess),
        (_, "resume") => Asked::Entitlements(A::Resume),
        (_, "refresh") => Asked::Entitlements(A::ManageResources),
        (_, "uploadFile") => Asked::Entitlements(A::UploadSessions),
        (_, "moveToCatalog") => Asked::Entitlements(A::MovePackage),
        (_, "getApplicablePolicyRequirements") => Asked::Requestor,
        ("deleted_user", "restore") => Asked::Directory(D::WriteUsers),
        // One's own is canceled, listed and asked about without a role; what is built in changes for nobody.
        (
            _,
            "cancel"
            | "reauthorize"
            | "updateRequest"
            | "restore"
            | "importResourceActions"
            | "filterByCurrentUser"
            | "My"
            | "Search"
            | "additionalAccess"
            | "assignedPrincipals"
            | "roleSchedules"
            | "roleScheduleInstances"
            | "transitiveMemberOf"
            | "transitiveMembers"
            | "getMemberGroups"
            | "checkMemberGroups"
            | "getByIds",
        ) => Asked::Own,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::ROUTES;

    #[test]
    fn every_command_says_what_it_asks() {
        let silent: Vec<String> = ROUTES
            .iter()
            .filter(|row| of(row.of, row.place, &row.method).is_none())
            .map(|row| format!("{} {} {:?}", row.method, row.of.name, row.place))
            .collect();
        assert!(silent.is_empty(), "{silent:#?}");
    }
}
