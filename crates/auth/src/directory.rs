//! Who may read and write the directory subset.
//!
//! **Invariant:** [`DIRECTORY`] has one row for each [`DirectoryAction`]. An application writes the directory only
//! with a permission of the directory; those of entitlement management never suffice.

use crate::decide::{Caller, Decision, Needs, Refusal};
use crate::principal::{DirectoryRole, Permission};
use crate::roles::Role;

/// What somebody wants to do in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectoryAction {
    /// Read one's own profile (`/me`).
    ReadOwnProfile,
    /// List or get users.
    ReadUsers,
    /// Create, update or delete users.
    WriteUsers,
    /// List or get groups and their members and owners.
    ReadGroups,
    /// Create, update or delete groups, and change their owners.
    WriteGroups,
    /// Add or remove members of groups.
    WriteMembers,
    /// List or get applications and service principals.
    ReadApplications,
    /// Create, update or delete applications and service principals.
    WriteApplications,
    /// Grant or revoke app role assignments.
    WriteAppRoleAssignments,
    /// Read audit events.
    ReadAudit,
    /// Read the role assignments of the directory.
    ReadRoleAssignments,
    /// Change the role assignments of the directory.
    WriteRoleAssignments,
    /// Change a group that gives a role of the directory to who is in it, or may be made to; on top of changing groups.
    ManageRoleGroups,
    /// Change how an administrator signs in, and delete or restore one; on top of changing users.
    ManageAdministrators,
}

/// One way for a signed-in user to be allowed: any of the permissions together with any of the roles.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Any of these.
    pub permissions: &'static [Permission],
    /// And any of these; empty: any signed-in user.
    pub roles: &'static [Role],
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryRow {
    /// What is done.
    pub action: DirectoryAction,
    /// The application permissions, any of which suffices.
    pub application: &'static [Permission],
    /// The ways for signed-in users.
    pub delegated: &'static [Way],
}

use DirectoryRole as D;
use Permission as P;

const ANYBODY: &[Role] = &[];
const GLOBAL: &[Role] = &[Role::Directory(D::GlobalAdministrator)];
const USER_ADMINISTRATORS: &[Role] = &[
    Role::Directory(D::UserAdministrator),
    Role::Directory(D::GlobalAdministrator),
];
const GOVERNORS: &[Role] = &[
    Role::Directory(D::IdentityGovernanceAdministrator),
    Role::Directory(D::GlobalAdministrator),
];
const OVERSEERS: &[Role] = &[
    Role::Directory(D::GlobalReader),
    Role::Directory(D::SecurityReader),
    Role::Directory(D::SecurityAdministrator),
    Role::Directory(D::ComplianceAdministrator),
    Role::Directory(D::IdentityGovernanceAdministrator),
    Role::Directory(D::GlobalAdministrator),
];

const READ_OWN_PROFILE: &[Permission] = &[
    P::UserRead,
    P::UserReadAll,
    P::UserReadWriteAll,
    P::DirectoryReadAll,
    P::DirectoryReadWriteAll,
    P::SubjectAccessReadWrite,
    P::EntitlementManagementReadAll,
    P::EntitlementManagementReadWriteAll,
];
const READ_USERS: &[Permission] = &[
    P::UserReadAll,
    P::UserReadWriteAll,
    P::DirectoryReadAll,
    P::DirectoryReadWriteAll,
];
const WRITE_USERS: &[Permission] = &[P::UserReadWriteAll, P::DirectoryReadWriteAll];
const READ_GROUPS: &[Permission] = &[
    P::GroupMemberReadAll,
    P::GroupMemberReadWriteAll,
    P::GroupReadAll,
    P::GroupReadWriteAll,
    P::DirectoryReadAll,
    P::DirectoryReadWriteAll,
];
const WRITE_GROUPS: &[Permission] = &[P::GroupReadWriteAll, P::DirectoryReadWriteAll];
const WRITE_MEMBERS: &[Permission] = &[
    P::GroupMemberReadWriteAll,
    P::GroupReadWriteAll,
    P::DirectoryReadWriteAll,
];
const READ_APPLICATIONS: &[Permission] = &[
    P::ApplicationReadAll,
    P::ApplicationReadWriteAll,
    P::DirectoryReadAll,
    P::DirectoryReadWriteAll,
];
const WRITE_APPLICATIONS: &[Permission] = &[P::ApplicationReadWriteAll, P::DirectoryReadWriteAll];
const WRITE_APP_ROLES: &[Permission] =
    &[P::AppRoleAssignmentReadWriteAll, P::DirectoryReadWriteAll];
const READ_AUDIT: &[Permission] = &[P::AuditLogReadAll, P::DirectoryReadWriteAll];
const READ_ROLES: &[Permission] = &[
    P::RoleManagementReadDirectory,
    P::RoleManagementReadAll,
    P::RoleManagementReadWriteDirectory,
    P::DirectoryReadAll,
    P::DirectoryReadWriteAll,
];
// Not `Directory.ReadWrite.All`: who may write the directory must not become its administrator by that.
const WRITE_ROLES: &[Permission] = &[P::RoleManagementReadWriteDirectory];

/// An administrator of governance picks users, groups and applications without a permission of the directory.
const GOVERNED: Way = Way {
    permissions: &[
        P::EntitlementManagementReadAll,
        P::EntitlementManagementReadWriteAll,
    ],
    roles: GOVERNORS,
};

const fn way(permissions: &'static [Permission], roles: &'static [Role]) -> Way {
    Way { permissions, roles }
}

/// The whole table. An action that is absent is refused.
pub const DIRECTORY: &[DirectoryRow] = &[
    DirectoryRow {
        action: DirectoryAction::ReadOwnProfile,
        application: &[],
        delegated: &[way(READ_OWN_PROFILE, ANYBODY)],
    },
    DirectoryRow {
        action: DirectoryAction::ReadUsers,
        application: READ_USERS,
        delegated: &[way(READ_USERS, ANYBODY), GOVERNED],
    },
    DirectoryRow {
        action: DirectoryAction::WriteUsers,
        application: WRITE_USERS,
        delegated: &[way(WRITE_USERS, USER_ADMINISTRATORS)],
    },
    DirectoryRow {
        action: DirectoryAction::ReadGroups,
        application: READ_GROUPS,
        delegated: &[way(READ_GROUPS, ANYBODY), GOVERNED],
    },
    DirectoryRow {
        action: DirectoryAction::WriteGroups,
        application: WRITE_GROUPS,
        delegated: &[way(WRITE_GROUPS, USER_ADMINISTRATORS)],
    },
    DirectoryRow {
        action: DirectoryAction::WriteMembers,
        application: WRITE_MEMBERS,
        delegated: &[way(WRITE_MEMBERS, USER_ADMINISTRATORS)],
    },
    DirectoryRow {
        action: DirectoryAction::ReadApplications,
        application: READ_APPLICATIONS,
        delegated: &[way(READ_APPLICATIONS, ANYBODY), GOVERNED],
    },
    DirectoryRow {
        action: DirectoryAction::WriteApplications,
        application: WRITE_APPLICATIONS,
        delegated: &[way(WRITE_APPLICATIONS, GLOBAL)],
    },
    DirectoryRow {
        action: DirectoryAction::WriteAppRoleAssignments,
        application: WRITE_APP_ROLES,
        delegated: &[way(WRITE_APP_ROLES, GLOBAL)],
    },
    DirectoryRow {
        action: DirectoryAction::ReadAudit,
        application: READ_AUDIT,
        delegated: &[way(READ_AUDIT, OVERSEERS), GOVERNED],
    },
    DirectoryRow {
        action: DirectoryAction::ReadRoleAssignments,
        application: READ_ROLES,
        delegated: &[way(READ_ROLES, OVERSEERS), GOVERNED],
    },
    DirectoryRow {
        action: DirectoryAction::WriteRoleAssignments,
        application: WRITE_ROLES,
        delegated: &[way(WRITE_ROLES, GLOBAL)],
    },
    DirectoryRow {
        action: DirectoryAction::ManageRoleGroups,
        application: WRITE_ROLES,
        delegated: &[way(WRITE_ROLES, GLOBAL)],
    },
    DirectoryRow {
        action: DirectoryAction::ManageAdministrators,
        application: WRITE_ROLES,
        delegated: &[way(WRITE_USERS, GLOBAL)],
    },
];

/// Whether `caller` may do `action` in the directory. That a user manages a group as its owner is the service's to see.
pub fn decide_directory(caller: &Caller, action: DirectoryAction) -> Decision {
    let scopes = caller.principal.scopes();
    let (application, delegated): (&'static [Permission], &'static [Way]) = DIRECTORY
        .iter()
        .find(|row| row.action == action)
        .map_or((&[], &[]), |row| (row.application, row.delegated));

    if caller.principal.is_application() {
        return match application {
            [] => Decision::Deny(Refusal::NotForApplications),
            permissions if scopes.contains_any(permissions) => Decision::Allow,
            permissions => Decision::Deny(Refusal::MissingPermission {
                needs: needs(permissions, &[]),
            }),
        };
    }
    let permitted = |way: &&Way| scopes.contains_any(way.permissions);
    if delegated
        .iter()
        .filter(permitted)
        .any(|way| has_role(caller, way.roles))
    {
        return Decision::Allow;
    }
    // The first way is the ordinary one; a refusal speaks of it.
    let ordinary = delegated.first().copied().unwrap_or(way(&[], &[]));
    let needs = needs(ordinary.permissions, ordinary.roles);
    if permitted(&&ordinary) {
        Decision::Deny(Refusal::MissingRole { needs })
    } else {
        Decision::Deny(Refusal::MissingPermission { needs })
    }
}

fn has_role(caller: &Caller, roles: &[Role]) -> bool {
    roles.is_empty() || caller.holds(roles, None)
}

const fn needs(permissions: &'static [Permission], roles: &'static [Role]) -> Needs {
    Needs {
        permissions,
        roles,
        either: false,
    }
}
