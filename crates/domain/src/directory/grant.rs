//! What somebody wants to grant: an app role, or a role of entitlement management.

use crate::id::{AppRoleId, ObjectId};
use crate::time::Timestamp;

/// An app role that somebody wants to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAppRoleAssignment {
    /// Who shall hold it.
    pub principal_id: ObjectId,
    /// The service principal that offers it.
    pub resource_id: ObjectId,
    /// The role; all zeros for plain access.
    pub app_role_id: AppRoleId,
}

/// A role of entitlement management that somebody wants to assign, in the words of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoleAssignment {
    /// Who shall hold it.
    pub principal_id: ObjectId,
    /// The role: the id of its definition, or its name.
    pub role: String,
    /// Where it counts: `/`, or `/AccessPackageCatalog/` with the id of a catalog.
    pub app_scope_id: String,
}

/// What a request for a role does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleAction {
    /// Assigns the role.
    Assign,
    /// Takes it away.
    Remove,
}

impl RoleAction {
    /// Its name, as requests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "adminAssign",
            Self::Remove => "adminRemove",
        }
    }
}

/// A request to assign or remove a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoleScheduleRequest {
    /// What to do.
    pub action: RoleAction,
    /// With what.
    pub assignment: NewRoleAssignment,
    /// From when on, if the body says so.
    pub starts_at: Option<Timestamp>,
    /// Why.
    pub justification: Option<String>,
    /// What the client wants to find again.
    pub custom_data: Option<String>,
    /// The document of the schedule, to be kept.
    pub schedule_info: Option<String>,
    /// The document of the ticket, to be kept.
    pub ticket_info: Option<String>,
}
