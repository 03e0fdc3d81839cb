//! The decision: may this caller do that, in that catalog (semantics 7.1 to 7.3).
//!
//! **Invariant:** a pure function of caller, action and catalog. A signed-in user needs the permission *and* a
//! role; an application needs the permission *or* a role (AZ-1). Whatever is not in the table is refused.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use domain::id::CatalogId;

use crate::principal::{DirectoryRole, Permission, Principal};
use crate::roles::{
    Action, EmRole, OWN_READ_PERMISSIONS, OWN_WRITE_PERMISSIONS, Role, Scope, Who,
    counts_in_entitlement_management, row,
};

/// The principal with the roles that it holds, itself or through groups (AZ-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who calls.
    pub principal: Arc<Principal>,
    /// The directory roles, for the whole tenant.
    pub directory_roles: BTreeSet<DirectoryRole>,
    /// The roles of entitlement management, each with its scope.
    pub em_roles: Vec<(EmRole, Scope)>,
}

/// What [`decide`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// Do not, and say why.
    Deny(Refusal),
}

impl Decision {
    fn of(found: Result<Ground, Refusal>) -> Self {
        found.map_or_else(Self::Deny, |_| Self::Allow)
    }
}

/// What a permission to go on rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The permission of the token alone.
    Permission,
    /// A role, for its scope; with the permission of the token, unless an application calls (AZ-1).
    Role(Role, Scope),
    /// Some role or other, where it is only asked whether to look further.
    SomeRole,
}

/// Why not. `Display` says what would be needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token lacks the permission.
    #[error("the token lacks a permission: this {needs}")]
    MissingPermission {
        /// What would do.
        needs: Needs,
    },
    /// The permission is there, the role is not, or not for this catalog.
    #[error("the caller lacks a role: this {needs}")]
    MissingRole {
        /// What would do.
        needs: Needs,
    },
    /// The permission is there, but the caller holds no role that counts here, for any catalog.
    #[error("the caller holds no role: this {needs}")]
    NoRoleAnywhere {
        /// What would do.
        needs: Needs,
    },
    /// Only signed-in users may (AZ-2).
    #[error("only a signed-in user can do this, not an application")]
    NotForApplications,
}

/// What would have been enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The permissions, any of which will do.
    pub permissions: &'static [Permission],
    /// The roles, any of which will do; empty where no role is asked for.
    pub roles: &'static [Role],
    /// Whether permission and role stand for each other, as they do for applications.
    pub either: bool,
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs the permission ")?;
        any_of(f, self.permissions)?;
        if !self.roles.is_empty() {
            write!(f, " {} the role ", if self.either { "or" } else { "and" })?;
            any_of(f, self.roles)?;
        }
        Ok(())
    }
}

/// Writes `A`, `A or B`, `A, B or C`.
fn any_of<T: fmt::Display>(f: &mut fmt::Formatter<'_>, names: &[T]) -> fmt::Result {
    for (position, name) in names.iter().enumerate() {
        match position {
            0 => write!(f, "{name}")?,
            _ if position + 1 == names.len() => write!(f, " or {name}")?,
            _ => write!(f, ", {name}")?,
        }
    }
    Ok(())
}

/// The catalogs whose content a caller may read, to be pushed down into the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catalogs {
    /// All of them.
    All,
    /// These; the caller holds catalog roles only, so AZ-6 applies. May be empty (AZ-10).
    Some(BTreeSet<CatalogId>),
    /// The caller may not even ask for the list.
    None(Refusal),
}

impl Catalogs {
    /// Whether `catalog` is among them.
    pub fn contains(&self, catalog: CatalogId) -> bool {
        match self {
            Self::All => true,
            Self::Some(catalogs) => catalogs.contains(&catalog),
            Self::None(_) => false,
        }
    }
}

/// Reading or changing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Leaves everything as it is.
    Read,
    /// Changes something.
    Write,
}

impl Caller {
    /// Whether the caller holds one of `roles` for `catalog`, or for the tenant.
    pub(crate) fn holds(&self, roles: &[Role], catalog: Option<CatalogId>) -> bool {
        self.holding(roles, catalog).is_some()
    }

    /// The first of `roles` that the caller holds for `catalog`, or for the tenant; those of the directory come first.
    fn holding(&self, roles: &[Role], catalog: Option<CatalogId>) -> Option<Ground> {
        let directory = self
            .directory_roles
            .iter()
            .map(|role| (Role::Directory(*role), Scope::Tenant));
        let em = self
            .em_roles
            .iter()
            .map(|(role, scope)| (Role::Em(*role), *scope));
        directory
            .chain(em)
            .find(|(role, scope)| roles.contains(role) && covers(*scope, catalog))
            .map(|(role, scope)| Ground::Role(role, scope))
    }
}

fn covers(scope: Scope, catalog: Option<CatalogId>) -> bool {
    match scope {
        Scope::Tenant => true,
        Scope::Catalog(_) => catalog.is_some_and(|catalog| scope == Scope::Catalog(catalog)),
    }
}

/// Whether `caller` may do `action` in `catalog`; `None` for what belongs to no catalog.
pub fn decide(caller: &Caller, action: Action, catalog: Option<CatalogId>) -> Decision {
    Decision::of(ground(caller, action, catalog))
}

/// The same, with what it rests on.
pub fn ground(
    caller: &Caller,
    action: Action,
    catalog: Option<CatalogId>,
) -> Result<Ground, Refusal> {
    weigh(caller, action, |roles| caller.holding(roles, catalog))
}

/// The first 403 of RP-5, to be asked before the id is looked at: refuses a caller whose token lacks the permission
/// or who holds no role anywhere. Allowing means only that it is worth looking further.
pub fn admit(caller: &Caller, action: Action) -> Decision {
    let found = weigh(caller, action, |_| {
        holds_any_role(caller).then_some(Ground::SomeRole)
    });
    Decision::of(found)
}

/// Whether the caller holds any role that counts in entitlement management, for any catalog (RP-5).
pub fn holds_any_role(caller: &Caller) -> bool {
    !caller.em_roles.is_empty()
        || caller
            .directory_roles
            .iter()
            .any(|role| counts_in_entitlement_management(Role::Directory(*role)))
}

/// The catalogs whose content the caller may see through `action`, one of the reads.
pub fn readable_catalogs(caller: &Caller, action: Action) -> Catalogs {
    let refusal = match decide(caller, action, None) {
        Decision::Allow => return Catalogs::All,
        Decision::Deny(refusal) => refusal,
    };
    let row = row(action);
    let roles = match (row.who, &refusal) {
        (Who::AnyUser, _) | (_, Refusal::MissingPermission { .. }) => {
            return Catalogs::None(refusal);
        }
        (Who::Holders(roles), _) => roles,
    };
    let catalogs: BTreeSet<CatalogId> = caller
        .em_roles
        .iter()
        .filter(|(role, _)| roles.contains(&Role::Em(*role)))
        .filter_map(|(_, scope)| match scope {
            Scope::Catalog(catalog) => Some(*catalog),
            Scope::Tenant => None,
        })
        .collect();
    if catalogs.is_empty() && !caller.holds(row.own_only, None) {
        return Catalogs::None(refusal);
    }
    Catalogs::Some(catalogs)
}

/// Whether the token lets its user act on what is their own: requests, assignments, decisions to take (AZ-4).
/// Whether an object *is* their own is the service's to check.
pub fn may_act_as_requestor(principal: &Principal, access: Access) -> Decision {
    if principal.is_application() {
        return Decision::Deny(Refusal::NotForApplications);
    }
    let permissions = match access {
        Access::Read => OWN_READ_PERMISSIONS,
        Access::Write => OWN_WRITE_PERMISSIONS,
    };
    if principal.scopes().contains_any(permissions) {
        return Decision::Allow;
    }
    Decision::Deny(Refusal::MissingPermission {
        needs: Needs {
            permissions,
            roles: &[],
            either: false,
        },
    })
}

/// AZ-1, with `holds` as the question whether one of the row's roles is held.
fn weigh(
    caller: &Caller,
    action: Action,
    holds: impl Fn(&[Role]) -> Option<Ground>,
) -> Result<Ground, Refusal> {
    let row = row(action);
    let scopes = caller.principal.scopes();
    let application = caller.principal.is_application();
    let roles = match row.who {
        Who::AnyUser if application => return Err(Refusal::NotForApplications),
        Who::AnyUser => &[],
        Who::Holders(roles) => roles,
    };
    let needs = Needs {
        permissions: if application {
            row.application
        } else {
            row.delegated
        },
        roles,
        either: application,
    };
    let permitted = scopes.contains_any(needs.permissions);
    match (application, permitted, row.who) {
        (true, true, _) | (false, true, Who::AnyUser) => return Ok(Ground::Permission),
        (false, false, _) => return Err(Refusal::MissingPermission { needs }),
        _ => {}
    }
    match holds(roles) {
        Some(ground) => Ok(ground),
        None if holds_any_role(caller) => Err(Refusal::MissingRole { needs }),
        None if application => Err(Refusal::MissingPermission { needs }),
        None => Err(Refusal::NoRoleAnywhere { needs }),
    }
}
