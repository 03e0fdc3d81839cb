//! What a single reprocess would be answered now, for whoever thinks about it: judged as the call is, and nothing written.

use std::collections::BTreeSet;

use domain::id::{AssignmentId, RequestId};

use super::accept::may_reprocess;
use super::facts::Facts;
use super::judge;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

/// Whether the delivery of a request could be tried again now.
pub async fn look_at_request(
    service: &Service,
    ctx: &Ctx,
    id: RequestId,
) -> Result<(), ServiceError> {
    super::admitted(ctx)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let window = service.settings.reprocess_request_window;
    service
        .store
        .read(move |tx| -> Result<(), ServiceError> {
            let facts = Facts::of(tx, &moment, [id].into(), BTreeSet::new())?;
            let unknown = || ServiceError::not_found("assignment request", id);
            let found = facts.requests.get(&id).ok_or_else(unknown)?;
            may_reprocess(&facts, &ctx, found.access_package_id, unknown)?;
            judge::request(&facts, &moment, window, found)
        })
        .await
}

/// Whether an assignment could be enforced again now.
pub async fn look_at_assignment(
    service: &Service,
    ctx: &Ctx,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    super::admitted(ctx)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let window = service.settings.reprocess_request_window;
    service
        .store
        .read(move |tx| -> Result<(), ServiceError> {
            let facts = Facts::of(tx, &moment, BTreeSet::new(), [id].into())?;
            let unknown = || ServiceError::not_found("assignment", id);
            let found = facts.assignments.get(&id).ok_or_else(unknown)?;
            may_reprocess(&facts, &ctx, found.access_package_id, unknown)?;
            judge::assignment(&facts, &moment, window, id)
        })
        .await
}
