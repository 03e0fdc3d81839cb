//! Requests to assign or remove a role of entitlement management: the same as doing it, and a record that it was asked.
//!
//! **Invariant:** what is asked for is done in the transaction that keeps the request, so no request is ever pending.

use domain::directory::{NewRoleScheduleRequest, RoleAction};
use domain::id::RoleScheduleRequestId;
use store::role_schedule_request::{self, RoleScheduleRequest};

use crate::ctx::{Actor, Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::role_assignments;

/// Carries a request out and keeps it.
pub async fn submit(
    service: &Service,
    ctx: &Ctx,
    wanted: NewRoleScheduleRequest,
) -> Result<RoleScheduleRequestId, ServiceError> {
    let grant = role_assignments::read(&wanted.assignment)?;
    role_assignments::authorize_in(ctx, grant.scope)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    if wanted.starts_at.is_some_and(|start| start > moment.now) {
        let message = "a role is assigned at once, not at a later time";
        return Err(ServiceError::invalid(
            Code::BadRequest,
            "scheduleInfo/startDateTime",
            message,
        ));
    }
    let id = service
        .store
        .write(move |tx| {
            let wanted = wanted.clone();
            let target = match wanted.action {
                RoleAction::Assign => role_assignments::assign(tx, &moment, &ctx, grant)?,
                RoleAction::Remove => {
                    let held = role_assignments::get_held(tx, grant)?;
                    role_assignments::withdraw(tx, &moment, &ctx, &held)?;
                    held
                }
            };
            let request = RoleScheduleRequest {
                id: moment.id(RoleScheduleRequestId::new),
                action: wanted.action,
                target,
                justification: wanted.justification,
                custom_data: wanted.custom_data,
                schedule_info: wanted.schedule_info,
                ticket_info: wanted.ticket_info,
                created_by: match &ctx.actor {
                    Actor::System => None,
                    Actor::Caller(caller) => Some(caller.principal.object()),
                },
                created_at: moment.now,
            };
            role_schedule_request::insert(tx, &request)?;
            Ok::<_, ServiceError>(request.id)
        })
        .await?;
    service.callers.invalidate();
    Ok(id)
}
