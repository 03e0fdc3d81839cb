//! What the built-in directory tells of changes that Reeve did not order: it sees them as they happen, so drift in it is
//! known at once and needs no sweep (L8).
//!
//! **Invariant:** only a row that nothing is in flight for is written, and nothing of it but what was observed.

use domain::id::ObjectId;
use domain::time::Timestamp;

use crate::value;
use crate::{Error, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[SEEN];

const SEEN: &str = "UPDATE ledger SET observed = $1, observed_at = $2, observed_by = 'directory', \
    version = version + 1 WHERE phase = 'settled' AND target = 'directory' AND observed <> $1 \
    AND origin_system = $3 AND resource_origin_id = $4 AND role_origin_id = $5 \
    AND subject_id IN (SELECT id FROM subject WHERE object_id = $6)";

/// A role of a resource that the built-in directory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Such as `AadGroup`.
    pub origin_system: &'static str,
    /// The resource.
    pub resource: ObjectId,
    /// The role there, such as `Member_{group id}`.
    pub role_origin_id: String,
}

/// Somebody has the role now, or has it no more.
pub fn changed(
    tx: &mut WriteTx<'_>,
    role: &Role,
    subject: ObjectId,
    present: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let args = [
        value::text(if present { "present" } else { "absent" }),
        value::int(now.micros()),
        value::text(role.origin_system),
        value::text(role.resource),
        value::text(&role.role_origin_id),
        value::text(subject),
    ];
    tx.execute(SEEN, &args).map(drop)
}
