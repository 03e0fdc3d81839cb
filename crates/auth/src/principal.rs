//! The authenticated caller: what a valid token says about who calls and with which permissions.
//!
//! **Invariant:** a [`Principal`] always names a directory object; a caller known by something else is [`Unbound`]
//! until the directory has told who it is.

use std::fmt;
use std::sync::Arc;

use domain::id::{AppId, ObjectId};
use domain::time::Timestamp;

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A permission that a token can carry, as Graph names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $variant,)+
        }

        impl Permission {
            /// Every permission, in the order of the tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name as tokens spell it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

permissions! {
    /// All reads of entitlement management that the caller's role allows.
    EntitlementManagementReadAll = "EntitlementManagement.Read.All",
    /// Reads and writes of entitlement management.
    EntitlementManagementReadWriteAll = "EntitlementManagement.ReadWrite.All",
    /// The caller's own requests; delegated only.
    SubjectAccessReadWrite = "EntitlementMgmt-SubjectAccess.ReadWrite",
    /// Reads the whole directory.
    DirectoryReadAll = "Directory.Read.All",
    /// Reads and writes the whole directory.
    DirectoryReadWriteAll = "Directory.ReadWrite.All",
    /// Reads the signed-in user.
    UserRead = "User.Read",
    /// Reads all users.
    UserReadAll = "User.Read.All",
    /// Reads and writes all users.
    UserReadWriteAll = "User.ReadWrite.All",
    /// Reads all groups.
    GroupReadAll = "Group.Read.All",
    /// Reads and writes all groups.
    GroupReadWriteAll = "Group.ReadWrite.All",
    /// Reads the members of groups.
    GroupMemberReadAll = "GroupMember.Read.All",
    /// Reads and writes the members of groups.
    GroupMemberReadWriteAll = "GroupMember.ReadWrite.All",
    /// Reads applications and service principals.
    ApplicationReadAll = "Application.Read.All",
    /// Reads and writes applications and service principals.
    ApplicationReadWriteAll = "Application.ReadWrite.All",
    /// Reads and writes app role assignments.
    AppRoleAssignmentReadWriteAll = "AppRoleAssignment.ReadWrite.All",
    /// Reads audit events.
    AuditLogReadAll = "AuditLog.Read.All",
    /// Reads role assignments of every provider.
    RoleManagementReadAll = "RoleManagement.Read.All",
    /// Reads the role assignments of the directory.
    RoleManagementReadDirectory = "RoleManagement.Read.Directory",
    /// Reads and writes the role assignments of the directory.
    RoleManagementReadWriteDirectory = "RoleManagement.ReadWrite.Directory",
}

impl Permission {
    /// The permission that a token or a scope names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// No permission at all.
    pub const EMPTY: Self = Self(0);

    /// The set of those given.
    pub fn of(permissions: &[Permission]) -> Self {
        permissions.iter().copied().collect()
    }

    /// Those that `names` names; names that mean nothing here are left out.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names
            .into_iter()
            .filter_map(Permission::from_name)
            .collect()
    }

    /// Whether `permission` is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether any of `permissions` is in the set.
    pub fn contains_any(self, permissions: &[Permission]) -> bool {
        permissions
            .iter()
            .any(|permission| self.contains(*permission))
    }

    /// Those in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }
}

impl fmt::Display for PermissionSet {
    /// The names with spaces between, as in the `scp` claim.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, permission) in self.iter().enumerate() {
            let space = if position == 0 { "" } else { " " };
            write!(f, "{space}{permission}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A directory role that means something here (semantics 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectoryRole {
    /// May do everything.
    GlobalAdministrator,
    /// May do everything in entitlement management.
    IdentityGovernanceAdministrator,
    /// Reads everything.
    GlobalReader,
    /// Reads everything in entitlement management.
    SecurityReader,
    /// Reads everything in entitlement management.
    SecurityAdministrator,
    /// Reads everything in entitlement management.
    ComplianceAdministrator,
    /// Manages users and groups; has no rights in entitlement management.
    UserAdministrator,
}

impl DirectoryRole {
    /// Every role.
    pub const ALL: &'static [Self] = &[
        Self::GlobalAdministrator,
        Self::IdentityGovernanceAdministrator,
        Self::GlobalReader,
        Self::SecurityReader,
        Self::SecurityAdministrator,
        Self::ComplianceAdministrator,
        Self::UserAdministrator,
    ];

    /// The well-known id, the same in every tenant, as the `wids` claim carries it.
    pub const fn template_id(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "62e90394-69f5-4237-9190-012177145e10",
            Self::IdentityGovernanceAdministrator => "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",
            Self::GlobalReader => "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
            Self::SecurityReader => "5d6b6bb7-de71-4623-b4af-96380a352509",
            Self::SecurityAdministrator => "194ae4cb-b126-40b2-bd5b-6091b380977d",
            Self::ComplianceAdministrator => "17315797-102d-40b4-93e0-432062caca18",
            Self::UserAdministrator => "fe930be7-5e62-47db-91af-98c3a49a38b1",
        }
    }

    /// The name that people know.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "Global Administrator",
            Self::IdentityGovernanceAdministrator => "Identity Governance Administrator",
            Self::GlobalReader => "Global Reader",
            Self::SecurityReader => "Security Reader",
            Self::SecurityAdministrator => "Security Administrator",
            Self::ComplianceAdministrator => "Compliance Administrator",
            Self::UserAdministrator => "User Administrator",
        }
    }

    /// The role with this well-known id, in either case.
    pub fn from_template_id(id: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.template_id().eq_ignore_ascii_case(id))
    }

    /// The role with this display name, in either case.
    pub fn from_display_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.display_name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for DirectoryRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.display_name())
    }
}

/// Whether a person calls through an application, or an application for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A signed-in user, through an application.
    Delegated {
        /// The user's directory object.
        user: ObjectId,
        /// The client id of the application in between, where the token names it.
        client_id: Option<String>,
    },
    /// An application with its own credentials.
    Application {
        /// The service principal's directory object.
        object: ObjectId,
        /// The client id of the application.
        client_id: String,
    },
}

/// What a valid token says besides who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// The permissions: delegated scopes of a user's token, app roles of an application's.
    pub scopes: PermissionSet,
    /// The directory roles that the token itself names (`wids`), or that its groups stand for; roles held in the
    /// directory come on top.
    pub directory_roles: Vec<DirectoryRole>,
    /// The tenant (`tid`), where the issuer has tenants.
    pub tenant: Option<String>,
    /// The issuer, as configured.
    pub issuer: Arc<str>,
    /// The token's own id (`uti` or `jti`), for the audit.
    pub token_id: Option<String>,
}

/// The authenticated caller of our API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who calls.
    pub kind: Kind,
    /// With what.
    pub token: TokenFacts,
}

impl Principal {
    /// A user who came without a bearer token, such as one with a portal session.
    pub fn user(user: ObjectId, scopes: PermissionSet) -> Self {
        Self {
            kind: Kind::Delegated {
                user,
                client_id: None,
            },
            token: TokenFacts::of(scopes),
        }
    }

    /// An application that came without a bearer token.
    pub fn application(object: ObjectId, client_id: &str, scopes: PermissionSet) -> Self {
        Self {
            kind: Kind::Application {
                object,
                client_id: client_id.to_owned(),
            },
            token: TokenFacts::of(scopes),
        }
    }

    /// The directory object that calls: the user, or the application's service principal.
    pub const fn object(&self) -> ObjectId {
        match self.kind {
            Kind::Delegated { user, .. } => user,
            Kind::Application { object, .. } => object,
        }
    }

    /// The user, unless an application calls for itself.
    pub const fn as_user(&self) -> Option<ObjectId> {
        match self.kind {
            Kind::Delegated { user, .. } => Some(user),
            Kind::Application { .. } => None,
        }
    }

    /// Whether an application calls for itself.
    pub const fn is_application(&self) -> bool {
        matches!(self.kind, Kind::Application { .. })
    }

    /// The client id of the application, where known.
    pub fn client_id(&self) -> Option<&str> {
        match &self.kind {
            Kind::Delegated { client_id, .. } => client_id.as_deref(),
            Kind::Application { client_id, .. } => Some(client_id),
        }
    }

    /// The permissions of the token.
    pub const fn scopes(&self) -> PermissionSet {
        self.token.scopes
    }
}

impl TokenFacts {
    fn of(scopes: PermissionSet) -> Self {
        Self {
            scopes,
            directory_roles: Vec::new(),
            tenant: None,
            issuer: Arc::from("local"),
            token_id: None,
        }
    }
}

/// What of a user in the directory an issuer tells users by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserAttribute {
    /// The id of the directory object.
    ObjectId,
    /// The sign-in name, in either case.
    UserPrincipalName,
    /// The mail address, in either case.
    Mail,
    /// The employee number.
    EmployeeId,
    /// The id that the outside directory gave when it provisioned the user.
    ExternalId,
}

impl UserAttribute {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::ObjectId,
        Self::UserPrincipalName,
        Self::Mail,
        Self::EmployeeId,
        Self::ExternalId,
    ];

    /// The name of the property.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ObjectId => "id",
            Self::UserPrincipalName => "userPrincipalName",
            Self::Mail => "mail",
            Self::EmployeeId => "employeeId",
            Self::ExternalId => "externalId",
        }
    }
}

/// What a caller is looked up by, where the token does not name the directory object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// The user with this attribute.
    User {
        /// Which attribute.
        by: UserAttribute,
        /// What it is.
        value: String,
    },
    /// The service principal of this application.
    Application {
        /// The application.
        app_id: AppId,
    },
}

/// A caller whom the token does not call by the id of a directory object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbound {
    /// Whom to look up.
    pub lookup: Lookup,
    /// The claim that told, for whoever has to put it right.
    pub claim: String,
    /// The client id of the application in between, where the token names it.
    pub client_id: Option<String>,
    /// What else the token says.
    pub token: TokenFacts,
}

impl Unbound {
    /// The principal, now that the directory has told whose it is.
    pub fn resolved(&self, object: ObjectId) -> Principal {
        let kind = match &self.lookup {
            Lookup::User { .. } => Kind::Delegated {
                user: object,
                client_id: self.client_id.clone(),
            },
            Lookup::Application { app_id } => Kind::Application {
                object,
                client_id: app_id.to_string(),
            },
        };
        Principal {
            kind,
            token: self.token.clone(),
        }
    }
}

/// What a valid token was found to mean. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// A caller known by object id.
    Principal(Arc<Principal>),
    /// A caller to be looked up.
    Unbound(Arc<Unbound>),
}

/// From when until when something may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    /// The first instant.
    pub(crate) from: Timestamp,
    /// The first instant after.
    pub(crate) until: Timestamp,
}

impl Validity {
    /// Whether `now` lies within.
    pub(crate) fn contains(self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_found_by_its_name_and_has_its_own_bit() {
        let mut seen = PermissionSet::EMPTY;
        for permission in Permission::ALL.iter().copied() {
            assert_eq!(Permission::from_name(permission.as_str()), Some(permission));
            assert!(!seen.contains(permission), "{permission}");
            seen = seen.iter().chain([permission]).collect();
        }
        assert_eq!(seen.iter().count(), Permission::ALL.len());
    }

    #[test]
    fn a_set_prints_as_the_scp_claim() {
        let set = PermissionSet::from_names([
            "User.Read",
            "Mail.Send",
            "EntitlementManagement.ReadWrite.All",
        ]);

        assert_eq!(
            set.to_string(),
            "EntitlementManagement.ReadWrite.All User.Read"
        );
        assert!(!set.contains_any(&[Permission::UserReadAll, Permission::DirectoryReadAll]));
    }

    #[test]
    fn directory_roles_are_found_by_id_and_name_in_either_case() {
        for role in DirectoryRole::ALL.iter().copied() {
            assert_eq!(
                DirectoryRole::from_template_id(&role.template_id().to_uppercase()),
                Some(role)
            );
            assert_eq!(
                DirectoryRole::from_display_name(&role.display_name().to_lowercase()),
                Some(role)
            );
        }
    }
}
