//! What the built-in directory tells of changes that Reeve did not order: it sees them as they happen, so drift in it is
//! known at once (L8).
//!
//! **Invariant:** only a row that nothing is in flight for is written, and nothing of it but what was observed. Whoever
//! lost access that nobody granted is not taken to have it until the next sweep.

use domain::id::{AssignmentId, ObjectId};
use domain::time::Timestamp;

use crate::column::parsed;
use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[SEEN, GONE, CAME_BACK, RESTORABLE];

const SEEN: &str = "UPDATE ledger SET observed = $1, observed_at = $2, observed_by = 'directory', \
    version = version + 1 WHERE phase IN ('settled', 'needsAttention') AND target = 'directory' AND observed <> $1 \
    AND origin_system = $3 AND resource_origin_id = $4 AND role_origin_id = $5 \
    AND subject_id IN (SELECT id FROM subject WHERE object_id = $6)";

// What a sweep saw of somebody whom nobody granted access: they have it no more.
const GONE: &str = "DELETE FROM drift_extra WHERE target = 'directory' AND origin_system = $1 \
    AND resource_origin_id = $2 AND role_origin_id = $3 AND object_id = $4";

const CAME_BACK: &str = "UPDATE ledger SET observed = 'unknown', version = version + 1 \
    WHERE phase IN ('settled', 'needsAttention') AND desired = TRUE \
    AND subject_id IN (SELECT id FROM subject WHERE object_id = $1)";

// L8: only where the resource says so, and nothing about the assignment is under way.
const RESTORABLE: &str = "SELECT DISTINCT a.id FROM ledger l JOIN ledger_link k ON k.grant_id = l.id \
    JOIN assignment a ON a.id = k.assignment_id AND a.state = 'delivered' \
    JOIN resource_role rr ON rr.id = k.resource_role_id \
    JOIN resource res ON res.id = rr.resource_id AND res.drift_action = 'restore' \
    WHERE l.phase = 'settled' AND l.desired = TRUE AND l.observed = 'absent' \
    AND l.origin_system = $1 AND l.resource_origin_id = $2 AND l.role_origin_id = $3 \
    AND l.subject_id IN (SELECT id FROM subject WHERE object_id = $4) \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.target_id = a.target_id \
        AND r.access_package_id = a.access_package_id \
        AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')) ORDER BY a.id";

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
    tx.execute(SEEN, &args)?;
    if !present {
        let place = [
            value::text(role.origin_system),
            value::text(role.resource),
            value::text(&role.role_origin_id),
            value::text(subject),
        ];
        tx.execute(GONE, &place)?;
    }
    Ok(())
}

/// A deleted user is there again: what was observed of the access before is not known any more (AS-17).
pub fn came_back(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(CAME_BACK, &[value::text(user)]).map(drop)
}

/// The delivered assignments that lack the role now, of resources whose drift is to be restored (L8).
pub fn restorable(
    tx: &mut ReadTx<'_>,
    role: &Role,
    subject: ObjectId,
) -> Result<Vec<AssignmentId>, Error> {
    let args = [
        value::text(role.origin_system),
        value::text(role.resource),
        value::text(&role.role_origin_id),
        value::text(subject),
    ];
    tx.query_map(RESTORABLE, &args, |row| parsed(row, 0, "assignment.id"))
}
