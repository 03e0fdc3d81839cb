//! What somebody wants to grant: an app role, or a role of entitlement management.

use crate::id::{AppRoleId, ObjectId};

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
