//! Access packages: bundles of resource roles that can be requested, each in exactly one catalog.

use std::fmt;

use crate::change::Change;
use crate::flaw::{Flaw, check_description, check_name, check_unique_name};
use crate::id::{CatalogId, ResourceId, ResourceRoleId, ResourceScopeId};

/// An access package that somebody wants to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccessPackage {
    /// Where.
    pub catalog_id: CatalogId,
    /// Its name; two packages may have the same.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Hidden from browsing, not from requests by id (RQ-9).
    pub is_hidden: bool,
    /// Whether requestors see what is in it (AZ-21).
    pub is_role_scopes_visible: bool,
    /// A key of its own choice, unique in the tenant.
    pub unique_name: Option<String>,
}

impl NewAccessPackage {
    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), Flaw> {
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        check_unique_name("uniqueName", self.unique_name.as_deref())
    }
}

/// What somebody wants to change of an access package. The catalog is not among it: moving is another action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessPackageChange {
    /// Another name.
    pub display_name: Option<String>,
    /// Another description.
    pub description: Change<String>,
    /// Hide or show.
    pub is_hidden: Option<bool>,
    /// Show or hide what is in it.
    pub is_role_scopes_visible: Option<bool>,
    /// Another key.
    pub unique_name: Change<String>,
}

/// How a body names a resource: by our id, by its origin, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceReference {
    /// Our id.
    pub id: Option<ResourceId>,
    /// Its id in the system it comes from.
    pub origin_id: Option<String>,
    /// That system.
    pub origin_system: Option<String>,
}

/// How a body names a role of a resource (DL-2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleReference {
    /// Our id.
    pub id: Option<ResourceRoleId>,
    /// Its id in the system it comes from.
    pub origin_id: Option<String>,
    /// The resource that offers it.
    pub resource: ResourceReference,
}

/// How a body names a scope of a resource (DL-2); nothing at all is the root scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeReference {
    /// Our id.
    pub id: Option<ResourceScopeId>,
    /// Its id in the system it comes from.
    pub origin_id: Option<String>,
    /// Whether the body says that it means the root scope.
    pub is_root_scope: bool,
}

/// A role and a scope that somebody wants in a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewResourceRoleScope {
    /// The role.
    pub role: RoleReference,
    /// Where it applies.
    pub scope: ScopeReference,
}

/// The id of a role scope: `{role id}_{scope id}`; unique within a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleScopeId {
    /// The role.
    pub role: ResourceRoleId,
    /// The scope.
    pub scope: ResourceScopeId,
}

impl RoleScopeId {
    /// Reads the id in either case.
    pub fn parse(id: &str) -> Option<Self> {
        let (role, scope) = id.split_once('_')?;
        Some(Self {
            role: role.parse().ok()?,
            scope: scope.parse().ok()?,
        })
    }
}

impl fmt::Display for RoleScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.role, self.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_scopes_are_named_by_role_and_scope() {
        let role = "ae79f266-94d4-4dab-b730-feca7e132178";
        let scope = "44272f93-9762-48e8-af59-1b5351b1d6b3";

        let id = RoleScopeId::parse(&format!("{}_{scope}", role.to_uppercase())).unwrap();

        assert_eq!(id.to_string(), format!("{role}_{scope}"));
        for wrong in [
            "",
            "_",
            role,
            &format!("{role}-{scope}"),
            &format!("{role}_x"),
        ] {
            assert_eq!(RoleScopeId::parse(wrong), None, "{wrong}");
        }
    }
}
