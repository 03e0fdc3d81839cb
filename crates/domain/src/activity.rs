//! The activities of the audit log (section 10.1 of the semantics): one table of everything that an event may be about.
//!
//! **Invariant:** an event names an activity of this table and nothing else, so that whoever searches by name finds all
//! there is. `docs/audit.md` shows the table.

use std::fmt;

/// The group of activities that one belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Catalogs, packages, policies, requests, assignments.
    EntitlementManagement,
    /// Users.
    UserManagement,
    /// Groups and who is in them.
    GroupManagement,
    /// Applications, service principals and their roles.
    ApplicationManagement,
    /// The server itself.
    DirectoryManagement,
}

impl Category {
    /// Its name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EntitlementManagement => "EntitlementManagement",
            Self::UserManagement => "UserManagement",
            Self::GroupManagement => "GroupManagement",
            Self::ApplicationManagement => "ApplicationManagement",
            Self::DirectoryManagement => "DirectoryManagement",
        }
    }

    /// The service that logs it.
    pub const fn service(self) -> &'static str {
        match self {
            Self::EntitlementManagement => "Entitlement Management",
            Self::UserManagement
            | Self::GroupManagement
            | Self::ApplicationManagement
            | Self::DirectoryManagement => "Core Directory",
        }
    }
}

macro_rules! activities {
    ($($(#[$doc:meta])* $activity:ident = $name:literal, $category:ident, $operation:literal;)*) => {
        /// What can happen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Activity {
            $($(#[$doc])* $activity,)*
        }

        impl Activity {
            /// Every activity, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$activity,)*];

            /// The published name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$activity => $name,)*
                }
            }

            /// The category.
            pub const fn category(self) -> Category {
                match self {
                    $(Self::$activity => Category::$category,)*
                }
            }

            /// The kind of operation.
            pub const fn operation(self) -> &'static str {
                match self {
                    $(Self::$activity => $operation,)*
                }
            }
        }
    };
}

activities! {
    /// T1, userAdd.
    UserRequests = "User requests access package assignment", EntitlementManagement, "Add";
    /// T1, userAdd for a service principal.
    UserRequestsForServicePrincipal = "User requests access package assignment on behalf of service principal",
        EntitlementManagement, "Add";
    /// T1, userUpdate that only moves the end.
    UserRequestsExtension = "User requests to extend access package assignment", EntitlementManagement, "Update";
    /// T1, any other userUpdate.
    UserRequestsUpdate = "Create access package assignment user update request", EntitlementManagement, "Update";
    /// T1, userRemove.
    UserRequestsRemoval = "User requests to remove access package assignment", EntitlementManagement, "Delete";
    /// T1, adminAdd.
    AdministratorAssigns = "Administrator directly assigns user to access package", EntitlementManagement, "Assign";
    /// T1, adminRemove and approverRemove.
    AdministratorRemoves = "Administrator directly removes user access package assignment",
        EntitlementManagement, "Unassign";
    /// T1, systemAdd.
    SystemAssigns = "Entitlement Management creates access package assignment request for user",
        EntitlementManagement, "Assign";
    /// T1, systemRemove.
    SystemRemoves = "Entitlement Management removes access package assignment request for user",
        EntitlementManagement, "Unassign";
    /// T4.
    AutoApproveRequest = "Auto approve access package assignment request", EntitlementManagement, "Update";
    /// T6, T7.
    CompleteApprovalStage = "Approval stage completed for access package assignment request",
        EntitlementManagement, "Update";
    /// T7.
    ApproveRequest = "Approve access package assignment request", EntitlementManagement, "Update";
    /// T2, T8.
    DenyRequest = "Deny access package assignment request", EntitlementManagement, "Update";
    /// T9.
    RequestTimedOut = "Access package assignment request timed out (no approver action taken)",
        EntitlementManagement, "Update";
    /// T12.
    CancelRequest = "Cancel access package assignment request", EntitlementManagement, "Update";
    /// T5.
    ScheduleAssignment = "Schedule a future access package assignment", EntitlementManagement, "Update";
    /// The request goes to delivery, for the first time or again.
    ReadyToFulfill = "Ready to fulfill access package assignment request", EntitlementManagement, "Update";
    /// One role was granted at its target.
    FulfillResource = "Fulfill access package resource assignment", EntitlementManagement, "Assign";
    /// One role was taken away at its target.
    RemoveResource = "Remove access package resource assignment", EntitlementManagement, "Unassign";
    /// T13.
    FulfillRequest = "Fulfill access package assignment request", EntitlementManagement, "Update";
    /// T14.
    PartiallyFulfillRequest = "Partially fulfill access package assignment request", EntitlementManagement, "Update";
    /// T15.
    FailRequest = "Failed access package assignment request", EntitlementManagement, "Update";
    /// An update was delivered that ends later than before.
    ExtendAssignment = "Extend access package assignment", EntitlementManagement, "Update";
    /// adminUpdate, reprocess, resume, escalation.
    UpdateRequest = "Update access package assignment request", EntitlementManagement, "Update";
    /// A request that is over was deleted.
    DeleteRequest = "Delete access package assignment request", EntitlementManagement, "Delete";
    /// A callout was made.
    ExecuteExtension = "Execute custom extension", EntitlementManagement, "Update";
    /// An access package was created.
    CreatePackage = "Create access package", EntitlementManagement, "Add";
    /// An access package was changed.
    UpdatePackage = "Update access package", EntitlementManagement, "Update";
    /// An access package was deleted.
    DeletePackage = "Delete access package", EntitlementManagement, "Delete";
    /// A policy was created.
    CreatePolicy = "Create access package assignment policy", EntitlementManagement, "CreateEntitlementGrantPolicy";
    /// A policy was changed.
    UpdatePolicy = "Update access package assignment policy", EntitlementManagement, "UpdateEntitlementGrantPolicy";
    /// A policy was deleted.
    DeletePolicy = "Delete access package assignment policy", EntitlementManagement, "Delete";
    /// A catalog was created.
    CreateCatalog = "Create access package catalog", EntitlementManagement, "Add";
    /// A catalog was changed.
    UpdateCatalog = "Update access package catalog", EntitlementManagement, "Update";
    /// A catalog was deleted.
    DeleteCatalog = "Delete access package catalog", EntitlementManagement, "Delete";
    /// A connected organization was created.
    CreateOrganization = "Create connected organization", EntitlementManagement, "Add";
    /// A connected organization was changed.
    UpdateOrganization = "Update connected organization", EntitlementManagement, "Update";
    /// A connected organization was deleted.
    DeleteOrganization = "Delete connected organization", EntitlementManagement, "Delete";
    /// A sponsor of our own was named.
    AssignInternalSponsor = "Assign user as internal sponsor", EntitlementManagement, "Assign";
    /// A sponsor of theirs was named.
    AssignExternalSponsor = "Assign user as external sponsor", EntitlementManagement, "Assign";
    /// A sponsor of our own is none any more.
    RemoveInternalSponsor = "Remove user as internal sponsor", EntitlementManagement, "Unassign";
    /// A sponsor of theirs is none any more.
    RemoveExternalSponsor = "Remove user as external sponsor", EntitlementManagement, "Unassign";
    /// A custom extension was created.
    CreateExtension = "Create custom extension", EntitlementManagement, "Add";
    /// A custom extension was changed.
    UpdateExtension = "Update custom extension", EntitlementManagement, "Update";
    /// A custom extension was deleted.
    DeleteExtension = "Delete custom extension", EntitlementManagement, "Delete";
    /// A resource of a catalog was changed.
    UpdateResource = "Update access package catalog resource", EntitlementManagement, "Update";
    /// A package became incompatible with another.
    CreateIncompatiblePackage = "Create incompatible access package", EntitlementManagement, "Add";
    /// A package is compatible with another again.
    DeleteIncompatiblePackage = "Delete incompatible access package", EntitlementManagement, "Delete";
    /// A package became incompatible with a group.
    CreateIncompatibleGroup = "Create incompatible group", EntitlementManagement, "Add";
    /// A package is compatible with a group again.
    DeleteIncompatibleGroup = "Delete incompatible group", EntitlementManagement, "Delete";
    /// A resource was brought into a catalog.
    CreateResourceRequest = "Create resource request", EntitlementManagement, "Add";
    /// A resource was taken out of a catalog.
    CreateResourceRemoveRequest = "Create resource remove request", EntitlementManagement, "Delete";
    /// A role of a catalog or of the whole was given.
    AddRoleAssignment = "Add Entitlement Management role assignment", EntitlementManagement, "Assign";
    /// It was taken away.
    RemoveRoleAssignment = "Remove Entitlement Management role assignment", EntitlementManagement, "Unassign";
    /// A setting of the tenant was changed.
    UpdateSetting = "Update tenant setting", EntitlementManagement, "Update";
    /// A notice is sent that came to no good end before.
    RetryNotice = "Send notice again", EntitlementManagement, "Update";
    /// Whether a subject is governed was changed.
    UpdateSubject = "Update subject lifecycle", EntitlementManagement, "Update";
    /// A governed guest lost the last access, and the account is to be deleted.
    ScheduleUserDeletion = "Schedule deletion of external user", EntitlementManagement, "Update";
    /// A guest got access again before that.
    CancelUserDeletion = "Cancel deletion of external user", EntitlementManagement, "Update";
    /// A connector of resources from outside was created.
    CreateConnector = "Create external origin resource connector", EntitlementManagement, "Add";
    /// It was changed.
    UpdateConnector = "Update external origin resource connector", EntitlementManagement, "Update";
    /// It was deleted.
    DeleteConnector = "Delete external origin resource connector", EntitlementManagement, "Delete";
    /// Somebody subscribed to changes.
    CreateSubscription = "Create subscription", EntitlementManagement, "Add";
    /// A subscription was renewed, sent elsewhere, or authorized again.
    UpdateSubscription = "Update subscription", EntitlementManagement, "Update";
    /// A subscription was deleted, or removed because its receiver is gone.
    DeleteSubscription = "Delete subscription", EntitlementManagement, "Delete";
    /// A user was created.
    AddUser = "Add user", UserManagement, "Add";
    /// The account of somebody outside was created for an access package.
    InviteUser = "Invite external user", UserManagement, "Add";
    /// A user was changed.
    UpdateUser = "Update user", UserManagement, "Update";
    /// A user was deleted and may come back.
    DeleteUser = "Delete user", UserManagement, "Delete";
    /// A deleted user came back.
    RestoreUser = "Restore user", UserManagement, "Update";
    /// A deleted user is gone for good.
    HardDeleteUser = "Hard Delete user", UserManagement, "Delete";
    /// A group was created.
    AddGroup = "Add group", GroupManagement, "Add";
    /// A group was changed.
    UpdateGroup = "Update group", GroupManagement, "Update";
    /// A group was deleted.
    DeleteGroup = "Delete group", GroupManagement, "Delete";
    /// Somebody joined a group.
    AddMember = "Add member to group", GroupManagement, "Assign";
    /// Somebody left a group.
    RemoveMember = "Remove member from group", GroupManagement, "Unassign";
    /// Somebody became an owner of a group.
    AddOwner = "Add owner to group", GroupManagement, "Assign";
    /// An owner of a group is none any more.
    RemoveOwner = "Remove owner from group", GroupManagement, "Unassign";
    /// An application was created.
    AddApplication = "Add application", ApplicationManagement, "Add";
    /// An application was changed.
    UpdateApplication = "Update application", ApplicationManagement, "Update";
    /// An application was deleted.
    DeleteApplication = "Delete application", ApplicationManagement, "Delete";
    /// A service principal was created.
    AddServicePrincipal = "Add service principal", ApplicationManagement, "Add";
    /// A service principal was changed.
    UpdateServicePrincipal = "Update service principal", ApplicationManagement, "Update";
    /// A service principal was deleted.
    RemoveServicePrincipal = "Remove service principal", ApplicationManagement, "Delete";
    /// A role of an application was given.
    AddAppRoleAssignment = "Add app role assignment", ApplicationManagement, "Assign";
    /// It was taken away.
    RemoveAppRoleAssignment = "Remove app role assignment", ApplicationManagement, "Unassign";
    /// A group or an application got a place at a target.
    BindObject = "Bind directory object to target", DirectoryManagement, "Assign";
    /// It lost it.
    UnbindObject = "Unbind directory object from target", DirectoryManagement, "Unassign";
    /// A copy of the development tenant was kept.
    TakeSnapshot = "Take tenant snapshot", DirectoryManagement, "Add";
    /// It was let go.
    DeleteSnapshot = "Delete tenant snapshot", DirectoryManagement, "Delete";
    /// It was brought back.
    RestoreSnapshot = "Restore tenant snapshot", DirectoryManagement, "Update";
    /// The audit log was signed anew by hand.
    SignAuditLog = "Sign audit log anew", DirectoryManagement, "Update";
}

/// Activities of the published list that Reeve never logs, each with the reason.
pub const NOT_PRODUCED: &[(&str, &str)] = &[
    (
        "Update request answers by approver",
        "approvers cannot change answers",
    ),
    (
        "Create resource environment",
        "environments are set up by the server, not by a call",
    ),
    (
        "Delete access package assignment policy for a deleted user",
        "a policy that names a deleted user stays; its owner changes it",
    ),
];

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_activity_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Activity::ALL.iter().map(|one| one.name()).collect();

        assert_eq!(names.len(), Activity::ALL.len());
        for (absent, _) in NOT_PRODUCED {
            assert!(!names.contains(absent), "{absent} is logged after all");
        }
    }

    #[test]
    fn al_1_approvals_have_the_category_of_all_that_is_governed() {
        for activity in [
            Activity::CreatePolicy,
            Activity::UpdatePolicy,
            Activity::AutoApproveRequest,
            Activity::CompleteApprovalStage,
            Activity::ApproveRequest,
            Activity::DenyRequest,
            Activity::RequestTimedOut,
        ] {
            assert_eq!(activity.category(), Category::EntitlementManagement);
        }
        let own: BTreeSet<_> = Activity::ALL
            .iter()
            .filter(|one| one.category().service() == "Entitlement Management")
            .map(|one| one.category().as_str())
            .collect();
        assert_eq!(own, BTreeSet::from(["EntitlementManagement"]));
    }

    #[test]
    fn policies_are_written_under_their_documented_operations() {
        assert_eq!(
            Activity::CreatePolicy.operation(),
            "CreateEntitlementGrantPolicy"
        );
        assert_eq!(
            Activity::UpdatePolicy.operation(),
            "UpdateEntitlementGrantPolicy"
        );
    }

    #[test]
    fn every_activity_is_in_the_documentation() {
        let shown = include_str!("../../../docs/audit.md");

        for one in Activity::ALL {
            let (name, category) = (one.name(), one.category().as_str());
            let row = format!("| {name} | {category} | {} |", one.operation());
            assert!(shown.contains(&row), "docs/audit.md lacks the row {row}");
        }
        for (name, why) in NOT_PRODUCED {
            let row = format!("| {name} | {why} |");
            assert!(shown.contains(&row), "docs/audit.md lacks the row {row}");
        }
    }
}
