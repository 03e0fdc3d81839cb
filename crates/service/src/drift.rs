//! Drift that the built-in directory tells of (L8): it is recorded always, and undone where the resource says so.

use domain::id::ObjectId;
use store::WriteTx;
use store::ledger::witness::{self, Role};

use crate::ctx::Moment;
use crate::error::ServiceError;
use crate::sweeps::work::restore;

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
    let assignments = witness::restorable(tx, role, subject)?;
    restore(tx, moment, assignments).map(drop)
}
