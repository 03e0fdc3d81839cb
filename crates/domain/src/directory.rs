//! The directory that Reeve keeps itself: users, groups and service principals, what may be said about them, and who
//! may be in what.
//!
//! **Invariant:** a change is judged on the object as it would be afterwards, so that a create and an update obey the
//! same rules.

mod application;
mod grant;
mod group;
mod membership;
mod service_principal;
mod user;
mod user_name;

use std::collections::BTreeMap;

pub use application::Application;
pub use grant::{NewAppRoleAssignment, NewRoleAssignment, NewRoleScheduleRequest, RoleAction};
pub use group::{Group, GroupChanges};
pub use membership::{GroupRole, MemberStanding, judge_addition, judge_grant, judge_modifiable};
pub use service_principal::{AppRole, DEFAULT_ACCESS, ServicePrincipal, ServicePrincipalChanges};
pub use user::{User, UserChanges, name_key};
pub use user_name::sign_in_name;

use crate::change::Change;
use crate::flaw::{Flaw, check_detail};

/// Properties that are only kept and served: their names with their values as JSON text.
pub type Details = BTreeMap<String, String>;

/// Changes of properties that are only kept and served.
pub type DetailChanges = BTreeMap<String, Change<String>>;

/// The kinds of object that the directory keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// An application as the directory sees it.
    ServicePrincipal,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::User, Self::Group, Self::ServicePrincipal];

    /// The name of the kind's type, as the wire and the tables spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "servicePrincipal",
        }
    }

    /// The kind as app role assignments spell it in `principalType`.
    pub const fn principal_type(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::ServicePrincipal => "ServicePrincipal",
        }
    }

    /// The kind with this type name, in either case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// Brings a change to `property`.
fn set<T: Clone>(property: &mut Option<T>, change: &Change<T>) {
    *property = change.clone().over(property.take());
}

fn apply_details(changes: &DetailChanges, details: &mut Details) -> Result<(), Flaw> {
    for (name, change) in changes {
        match change {
            Change::Keep => {}
            Change::Clear => drop(details.remove(name)),
            Change::Set(value) => {
                check_detail(name, value)?;
                details.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}
