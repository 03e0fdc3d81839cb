//! Drift that the built-in directory tells of (L8): it is recorded always, and undone where the resource says so.

use domain::assignment::Event;
use domain::assignment_request::RequestType;
use domain::id::ObjectId;
use store::WriteTx;
use store::ledger::witness::{self, Role};

use crate::assignment_requests::withdraw::begin_system_request;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;

/// Somebody has a role now, or has it no more, by a change that Reeve did not order.
pub(crate) fn noticed(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    role: &Role,
    subject: ObjectId,
    present: bool,
) -> Result<(), ServiceError> {
    witness::changed(tx, role, subject, present, moment.now)?;
    if present {
        return Ok(());
    }
    let ctx = Ctx::system(moment.id(|uuid| uuid));
    for id in witness::restorable(tx, role, subject)? {
        let Some(mut assignment) = store::assignment::find(tx, id)? else {
            continue;
        };
        assignment
            .take(Event::Reprocessed, moment.now)
            .map_err(ServiceError::internal)?;
        store::assignment::save(tx, &assignment)?;
        begin_system_request(tx, moment, &ctx, assignment, RequestType::SystemUpdate)?;
    }
    Ok(())
}
