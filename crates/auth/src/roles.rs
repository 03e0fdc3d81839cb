//! The roles of entitlement management and the table of who may do what (semantics 7.2 and 7.3).
//!
//! **Invariant:** [`MATRIX`] has one row for each [`Action`] and is the only place that says which role suffices.

use std::fmt;

use domain::id::{CatalogId, RoleDefinitionId};
use uuid::{Uuid, uuid};

use crate::principal::{DirectoryRole, Permission};

/// A role of entitlement management.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EmRole {
    /// Creates catalogs, and owns those that it created (AZ-10).
    CatalogCreator,
    /// Manages connected organizations and their sponsors.
    ConnectedOrganizationAdministrator,
    /// Owns a catalog.
    CatalogOwner,
    /// Reads a catalog.
    CatalogReader,
    /// Manages the access packages of a catalog.
    AccessPackageManager,
    /// Manages the assignments of a catalog's access packages.
    AccessPackageAssignmentManager,
}

impl EmRole {
    /// Every role.
    pub const ALL: &'static [Self] = &[
        Self::CatalogCreator,
        Self::ConnectedOrganizationAdministrator,
        Self::CatalogOwner,
        Self::CatalogReader,
        Self::AccessPackageManager,
        Self::AccessPackageAssignmentManager,
    ];

    /// The fixed id of the definition. That of Connected Organization Administrator is our own, because the
    /// published one is misprinted.
    pub const fn definition_id(self) -> RoleDefinitionId {
        const fn id(uuid: Uuid) -> RoleDefinitionId {
            RoleDefinitionId::new(uuid)
        }
        match self {
            Self::CatalogCreator => id(uuid!("ba92d953-d8e0-4e39-a797-0cbedb0a89e8")),
            Self::ConnectedOrganizationAdministrator => {
                id(uuid!("b8689881-cdeb-4adf-a22d-efe9aa18576d"))
            }
            Self::CatalogOwner => id(uuid!("ae79f266-94d4-4dab-b730-feca7e132178")),
            Self::CatalogReader => id(uuid!("44272f93-9762-48e8-af59-1b5351b1d6b3")),
            Self::AccessPackageManager => id(uuid!("7f480852-ebdc-47d4-87de-0d8498384a83")),
            Self::AccessPackageAssignmentManager => {
                id(uuid!("e2182095-804a-4656-ae11-64734e9b7ae5"))
            }
        }
    }

    /// The name that people and clients know.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::CatalogCreator => "Catalog creator",
            Self::ConnectedOrganizationAdministrator => "Connected Organization Administrator",
            Self::CatalogOwner => "Catalog owner",
            Self::CatalogReader => "Catalog reader",
            Self::AccessPackageManager => "Access package manager",
            Self::AccessPackageAssignmentManager => "Access package assignment manager",
        }
    }

    /// What the role is for, in one sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::CatalogCreator => {
                "Creates catalogs and becomes the owner of each catalog it creates."
            }
            Self::ConnectedOrganizationAdministrator => {
                "Manages connected organizations and their sponsors."
            }
            Self::CatalogOwner => {
                "Manages everything in a catalog: resources, roles, access packages and assignments."
            }
            Self::CatalogReader => "Reads everything in a catalog.",
            Self::AccessPackageManager => {
                "Manages the access packages, policies and assignments of a catalog."
            }
            Self::AccessPackageAssignmentManager => {
                "Manages the assignments and requests of a catalog's access packages."
            }
        }
    }

    /// Whether the role is assigned for one catalog, and not for the tenant.
    pub const fn is_for_catalogs(self) -> bool {
        match self {
            Self::CatalogCreator | Self::ConnectedOrganizationAdministrator => false,
            Self::CatalogOwner
            | Self::CatalogReader
            | Self::AccessPackageManager
            | Self::AccessPackageAssignmentManager => true,
        }
    }

    /// The role with this definition.
    pub fn from_definition_id(id: RoleDefinitionId) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.definition_id() == id)
    }

    /// The role with this display name, in either case.
    pub fn from_display_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.display_name().eq_ignore_ascii_case(name))
    }
}

/// Where a role of entitlement management counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere (`/`).
    Tenant,
    /// In one catalog (`/AccessPackageCatalog/{id}`).
    Catalog(CatalogId),
}

impl Scope {
    const CATALOG: &'static str = "/AccessPackageCatalog/";

    /// The scope that an `appScopeId` names; the segment in either case.
    pub fn from_app_scope_id(text: &str) -> Option<Self> {
        if text == "/" {
            return Some(Self::Tenant);
        }
        let (segment, id) = text.split_at_checked(Self::CATALOG.len())?;
        if !segment.eq_ignore_ascii_case(Self::CATALOG) {
            return None;
        }
        id.parse().ok().map(Self::Catalog)
    }
}

impl fmt::Display for Scope {
    /// As `appScopeId` spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("/"),
            Self::Catalog(id) => write!(f, "{}{id}", Self::CATALOG),
        }
    }
}

/// Any role that the table knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A role of the directory, for the whole tenant.
    Directory(DirectoryRole),
    /// A role of entitlement management, for its scope.
    Em(EmRole),
}

impl Role {
    /// The name that people know.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Directory(role) => role.display_name(),
            Self::Em(role) => role.display_name(),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.display_name())
    }
}

/// What somebody wants to do: one for each row of semantics 7.3, and two for the reads that its rows imply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// List or get catalogs, access packages, resource role scopes, resources, role assignments, extensions.
    ReadCatalogContent,
    /// Create a catalog.
    CreateCatalog,
    /// Update or delete a catalog.
    UpdateCatalog,
    /// Add, update, remove or refresh a resource; rights on the resource come on top (DL-13).
    ManageResources,
    /// Assign a role of entitlement management in a catalog.
    AssignCatalogRole,
    /// Assign a tenant-wide role of entitlement management, such as Catalog creator.
    AssignCatalogCreator,
    /// Create, update or delete an access package, its role scopes and its incompatibilities.
    ManageAccessPackages,
    /// Move an access package; to be asked for both catalogs.
    MovePackage,
    /// Create, update or delete a policy.
    ManagePolicies,
    /// Create, update or delete a policy that assigns by rule.
    ManageAutoPolicies,
    /// List or get policies.
    ReadPolicies,
    /// List or get requests, assignments, delivered roles, errors.
    ReadRequests,
    /// `adminAdd`, `adminUpdate`, `adminRemove`.
    AdminRequest,
    /// `userAdd`, `userUpdate`, `userRemove`; policies and ownership are the service's to check.
    UserRequest,
    /// `approverRemove`; that the caller approved is the service's to check.
    ApproverRemove,
    /// Cancel a request of somebody; one's own goes by [`crate::decide::may_act_as_requestor`].
    Cancel,
    /// Reprocess a request or an assignment.
    Reprocess,
    /// Resume a request that waits for an extension.
    Resume,
    /// Delete a request.
    DeleteRequest,
    /// Approve or deny; that the caller is an approver is the service's to check.
    Decide,
    /// Create, update or delete custom extensions.
    ManageExtensions,
    /// Read connected organizations and their sponsors.
    ReadConnectedOrganizations,
    /// Create, update or delete connected organizations and their sponsors.
    ManageConnectedOrganizations,
    /// Read settings, control configurations and connectors.
    ReadSettings,
    /// Change settings, control configurations and connectors.
    ManageSettings,
    /// Change the life cycle of an external subject.
    ManageSubjectLifecycle,
    /// Create and fill upload sessions.
    UploadSessions,
    /// `getApplicablePolicyRequirements` and `filterByCurrentUser`.
    QueryAsUser,
}

/// Who passes, once the permission of the token suffices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever holds one of these, for the catalog in question.
    Holders(&'static [Role]),
    /// Any signed-in user; never an application (AZ-2).
    AnyUser,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What is done.
    pub action: Action,
    /// The delegated permissions, any of which suffices.
    pub delegated: &'static [Permission],
    /// The application permissions, any of which suffices for the whole tenant; none: not for applications.
    pub application: &'static [Permission],
    /// Who passes.
    pub who: Who,
    /// Roles that may ask for the list and see what is theirs by other roles (AZ-10).
    pub own_only: &'static [Role],
}

const READ: &[Permission] = &[
    Permission::EntitlementManagementReadAll,
    Permission::EntitlementManagementReadWriteAll,
];
const WRITE: &[Permission] = &[Permission::EntitlementManagementReadWriteAll];
const OWN_READ: &[Permission] = &[
    Permission::SubjectAccessReadWrite,
    Permission::EntitlementManagementReadAll,
    Permission::EntitlementManagementReadWriteAll,
];
const OWN_WRITE: &[Permission] = &[
    Permission::SubjectAccessReadWrite,
    Permission::EntitlementManagementReadWriteAll,
];

const GA: Role = Role::Directory(DirectoryRole::GlobalAdministrator);
const IGA: Role = Role::Directory(DirectoryRole::IdentityGovernanceAdministrator);
const GR: Role = Role::Directory(DirectoryRole::GlobalReader);
const SR: Role = Role::Directory(DirectoryRole::SecurityReader);
const SA: Role = Role::Directory(DirectoryRole::SecurityAdministrator);
const CA: Role = Role::Directory(DirectoryRole::ComplianceAdministrator);
const CC: Role = Role::Em(EmRole::CatalogCreator);
const COA: Role = Role::Em(EmRole::ConnectedOrganizationAdministrator);
const CO: Role = Role::Em(EmRole::CatalogOwner);
const CR: Role = Role::Em(EmRole::CatalogReader);
const APM: Role = Role::Em(EmRole::AccessPackageManager);
const APAM: Role = Role::Em(EmRole::AccessPackageAssignmentManager);

// Least privileged first: refusals list the roles in this order.
const READERS: &[Role] = &[CR, APAM, APM, CO, GR, SR, SA, CA, IGA, GA];
const CREATORS: &[Role] = &[CC, IGA, GA];
const OWNERS: &[Role] = &[CO, IGA, GA];
const PACKAGE_MANAGERS: &[Role] = &[APM, CO, IGA, GA];
const ASSIGNMENT_MANAGERS: &[Role] = &[APAM, APM, CO, IGA, GA];
const ADMINISTRATORS: &[Role] = &[IGA, GA];
const ORGANIZATION_ADMINISTRATORS: &[Role] = &[COA, IGA, GA];
const ORGANIZATION_READERS: &[Role] = &[COA, GR, SR, SA, CA, IGA, GA];
const TENANT_READERS: &[Role] = &[GR, SR, SA, CA, IGA, GA];

const fn read(action: Action, roles: &'static [Role]) -> Row {
    Row {
        action,
        delegated: READ,
        application: READ,
        who: Who::Holders(roles),
        own_only: &[],
    }
}

const fn write(action: Action, roles: &'static [Role]) -> Row {
    Row {
        action,
        delegated: WRITE,
        application: WRITE,
        who: Who::Holders(roles),
        own_only: &[],
    }
}

const fn own(action: Action, delegated: &'static [Permission]) -> Row {
    Row {
        action,
        delegated,
        application: &[],
        who: Who::AnyUser,
        own_only: &[],
    }
}

/// The whole table of semantics 7.3. An action that is absent is refused.
pub const MATRIX: &[Row] = &[
    Row {
        own_only: &[CC],
        ..read(Action::ReadCatalogContent, READERS)
    },
    write(Action::CreateCatalog, CREATORS),
    write(Action::UpdateCatalog, OWNERS),
    write(Action::ManageResources, OWNERS),
    write(Action::AssignCatalogRole, OWNERS),
    write(Action::AssignCatalogCreator, ADMINISTRATORS),
    write(Action::ManageAccessPackages, PACKAGE_MANAGERS),
    write(Action::MovePackage, PACKAGE_MANAGERS),
    write(Action::ManagePolicies, PACKAGE_MANAGERS),
    write(Action::ManageAutoPolicies, ADMINISTRATORS),
    read(Action::ReadPolicies, READERS),
    read(Action::ReadRequests, READERS),
    write(Action::AdminRequest, ASSIGNMENT_MANAGERS),
    own(Action::UserRequest, OWN_WRITE),
    own(Action::ApproverRemove, OWN_WRITE),
    write(Action::Cancel, ASSIGNMENT_MANAGERS),
    write(Action::Reprocess, ASSIGNMENT_MANAGERS),
    write(Action::Resume, ASSIGNMENT_MANAGERS),
    write(Action::DeleteRequest, ASSIGNMENT_MANAGERS),
    own(Action::Decide, OWN_WRITE),
    write(Action::ManageExtensions, OWNERS),
    read(Action::ReadConnectedOrganizations, ORGANIZATION_READERS),
    write(
        Action::ManageConnectedOrganizations,
        ORGANIZATION_ADMINISTRATORS,
    ),
    read(Action::ReadSettings, TENANT_READERS),
    write(Action::ManageSettings, ADMINISTRATORS),
    write(Action::ManageSubjectLifecycle, ASSIGNMENT_MANAGERS),
    write(Action::UploadSessions, OWNERS),
    own(Action::QueryAsUser, OWN_READ),
];

/// The permissions that let a signed-in user read what is their own (AZ-4).
pub(crate) const OWN_READ_PERMISSIONS: &[Permission] = OWN_READ;

/// The permissions that let a signed-in user change what is their own (AZ-4).
pub(crate) const OWN_WRITE_PERMISSIONS: &[Permission] = OWN_WRITE;

/// The row of `action`; one that admits nobody, were it ever missing.
pub fn row(action: Action) -> Row {
    MATRIX
        .iter()
        .copied()
        .find(|row| row.action == action)
        .unwrap_or(Row {
            action,
            delegated: &[],
            application: &[],
            who: Who::Holders(&[]),
            own_only: &[],
        })
}

/// Whether any row of the table admits holders of `role`: User Administrator has no such rights any more.
pub fn counts_in_entitlement_management(role: Role) -> bool {
    MATRIX.iter().any(|row| {
        row.own_only.contains(&role)
            || matches!(row.who, Who::Holders(roles) if roles.contains(&role))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_exactly_one_row() {
        for row in MATRIX {
            let same = MATRIX
                .iter()
                .filter(|other| other.action == row.action)
                .count();
            assert_eq!(same, 1, "{:?}", row.action);
        }
        // `QueryAsUser` is the last of the enum, so its number counts the actions.
        assert_eq!(MATRIX.len(), Action::QueryAsUser as usize + 1);
    }

    #[test]
    fn administrators_pass_every_row_that_asks_for_a_role() {
        for row in MATRIX {
            if let Who::Holders(roles) = row.who {
                assert!(
                    roles.contains(&GA) && roles.contains(&IGA),
                    "{:?}",
                    row.action
                );
            }
        }
    }

    #[test]
    fn user_administrator_has_no_rights_here() {
        for role in DirectoryRole::ALL.iter().copied() {
            assert_eq!(
                counts_in_entitlement_management(Role::Directory(role)),
                role != DirectoryRole::UserAdministrator,
                "{role}"
            );
        }
        for role in EmRole::ALL.iter().copied() {
            assert!(counts_in_entitlement_management(Role::Em(role)));
        }
    }

    #[test]
    fn definitions_are_found_by_id_and_by_name() {
        for role in EmRole::ALL.iter().copied() {
            assert_eq!(EmRole::from_definition_id(role.definition_id()), Some(role));
            assert_eq!(
                EmRole::from_display_name(&role.display_name().to_uppercase()),
                Some(role)
            );
        }
    }

    #[test]
    fn scopes_read_and_print_as_app_scope_ids() {
        let text = "/AccessPackageCatalog/ae79f266-94d4-4dab-b730-feca7e132178";

        let scope = Scope::from_app_scope_id(&text.replace("Access", "access")).unwrap();

        assert_eq!(scope.to_string(), text);
        assert_eq!(Scope::from_app_scope_id("/"), Some(Scope::Tenant));
        for wrong in [
            "",
            "/AccessPackageCatalog/",
            "/AccessPackageCatalog/x",
            "//",
            "ä",
        ] {
            assert_eq!(Scope::from_app_scope_id(wrong), None, "{wrong}");
        }
    }
}
