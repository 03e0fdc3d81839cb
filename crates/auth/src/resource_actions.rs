//! The actions of entitlement management as role definitions name them, derived from the table of who may do what.
//!
//! **Invariant:** a role's list is what [`MATRIX`] grants it, so that what is published is what is enforced.

use crate::roles::{Action, EmRole, MATRIX, Role, Who};

/// What the names of all actions begin with.
pub const NAMESPACE: &str = "microsoft.entitlementManagement";

/// The name of an action without its namespace; `None` for what no role is asked for.
pub const fn name(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::ReadCatalogContent => "catalogs/allProperties/read",
        Action::CreateCatalog => "catalogs/create",
        Action::UpdateCatalog => "catalogs/allTasks",
        Action::ManageResources => "resources/allTasks",
        Action::AssignCatalogRole => "catalogs/roleAssignments/allTasks",
        Action::AssignCatalogCreator => "roleAssignments/allTasks",
        Action::ManageAccessPackages => "accessPackages/allTasks",
        Action::MovePackage => "accessPackages/move",
        Action::ManagePolicies => "assignmentPolicies/allTasks",
        Action::ManageAutoPolicies => "assignmentPolicies/automatic/allTasks",
        Action::ReadPolicies => "assignmentPolicies/allProperties/read",
        Action::ReadRequests => "assignments/allProperties/read",
        Action::AdminRequest => "assignmentRequests/create",
        Action::Cancel => "assignmentRequests/cancel",
        Action::Reprocess => "assignmentRequests/reprocess",
        Action::Resume => "assignmentRequests/resume",
        Action::DeleteRequest => "assignmentRequests/delete",
        Action::ManageExtensions => "customExtensions/allTasks",
        Action::ReadConnectedOrganizations => "connectedOrganizations/allProperties/read",
        Action::ManageConnectedOrganizations => "connectedOrganizations/allTasks",
        Action::ReadSettings => "settings/allProperties/read",
        Action::ManageSettings => "settings/allTasks",
        Action::ManageSubjectLifecycle => "subjects/lifecycle/update",
        Action::UploadSessions => "uploadSessions/allTasks",
        Action::UserRequest | Action::ApproverRemove | Action::Decide | Action::QueryAsUser => {
            return None;
        }
    })
}

/// Every action that some role is asked for, in the order of the table.
pub fn all() -> Vec<&'static str> {
    MATRIX.iter().filter_map(|row| name(row.action)).collect()
}

/// What a role of entitlement management may do, in the order of the table.
pub fn of_role(role: EmRole) -> Vec<&'static str> {
    MATRIX
        .iter()
        .filter(|row| matches!(row.who, Who::Holders(holders) if holders.contains(&Role::Em(role))))
        .filter_map(|row| name(row.action))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_action_has_a_name_exactly_if_a_role_is_asked_for() {
        for row in MATRIX {
            let asks = matches!(row.who, Who::Holders(_));
            assert_eq!(name(row.action).is_some(), asks, "{:?}", row.action);
        }
        let distinct: BTreeSet<_> = all().into_iter().collect();
        assert_eq!(distinct.len(), all().len());
    }

    #[test]
    fn readers_only_read_and_owners_do_what_package_managers_do() {
        for action in of_role(EmRole::CatalogReader) {
            assert!(action.ends_with("/read"), "{action}");
        }
        let owner = of_role(EmRole::CatalogOwner);
        for action in of_role(EmRole::AccessPackageManager) {
            assert!(owner.contains(&action), "{action}");
        }
        assert_eq!(of_role(EmRole::CatalogCreator), ["catalogs/create"]);
    }
}
