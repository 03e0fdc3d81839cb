//! Requests to assign or remove a role of entitlement management: a record of what was done, never changed.

use domain::directory::RoleAction;
use domain::id::{ObjectId, RoleScheduleRequestId};
use domain::time::Timestamp;

use crate::role_assignment::RoleAssignment;
use crate::value::{int, opt_text, text};
use crate::{Error, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[INSERT];

const INSERT: &str = "INSERT INTO role_assignment_schedule_request (id, action, status, principal_id, \
    role_definition_id, directory_scope_id, app_scope_id, catalog_id, justification, custom_data, schedule_info, \
    ticket_info, target_schedule_id, created_by, created_at) \
    VALUES ($1, $2, $3, $4, $5, '/', $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// A request to assign or remove a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleScheduleRequest {
    /// Its id.
    pub id: RoleScheduleRequestId,
    /// What was done.
    pub action: RoleAction,
    /// The role assignment that was made or removed.
    pub target: RoleAssignment,
    /// Why.
    pub justification: Option<String>,
    /// What the client wants to find again.
    pub custom_data: Option<String>,
    /// The document of the schedule that was asked for.
    pub schedule_info: Option<String>,
    /// The document of the ticket that it belongs to.
    pub ticket_info: Option<String>,
    /// Who asked, if it was not the service itself.
    pub created_by: Option<ObjectId>,
    /// When.
    pub created_at: Timestamp,
}

/// What became of a request, which is carried out at once.
const fn status(action: RoleAction) -> &'static str {
    match action {
        RoleAction::Assign => "Provisioned",
        RoleAction::Remove => "Revoked",
    }
}

/// Stores a request.
pub fn insert(tx: &mut WriteTx<'_>, request: &RoleScheduleRequest) -> Result<(), Error> {
    let target = &request.target;
    tx.execute_one(
        INSERT,
        &[
            text(request.id),
            text(request.action.as_str()),
            text(status(request.action)),
            text(target.principal_id),
            text(target.role_definition_id),
            text(&target.app_scope_id),
            opt_text(target.catalog_id),
            opt_text(request.justification.as_ref()),
            opt_text(request.custom_data.as_ref()),
            opt_text(request.schedule_info.as_ref()),
            opt_text(request.ticket_info.as_ref()),
            text(target.id),
            opt_text(request.created_by),
            int(request.created_at.micros()),
        ],
    )
}
