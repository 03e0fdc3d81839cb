//! What is over and may go once it was kept for long enough (RQ-26).
//!
//! **Invariant:** what is listed here is told apart from what must stay in the same statement: nothing that is under way,
//! that can be tried again, or that something else refers to may go.

use domain::id::{AssignmentId, RequestId};
use domain::time::Timestamp;

use crate::column::{instant, parsed};
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[REQUESTS, ASSIGNMENTS, DELETE_ASSIGNMENT];

// An assignment that is not over shows where it came from, so its requests stay. What failed can be reprocessed for a while.
const REQUESTS: &str = "SELECT r.id, r.completed_at, r.state IN ('delivered', 'partiallyDelivered', 'deliveryFailed', \
    'denied', 'canceled') AND (a.id IS NULL OR a.state = 'expired') \
    AND (r.state NOT IN ('partiallyDelivered', 'deliveryFailed') OR COALESCE(r.first_completed_at, r.completed_at) <= $4) \
    FROM assignment_request r LEFT JOIN assignment a ON a.id = r.assignment_id \
    WHERE r.completed_at IS NOT NULL AND r.completed_at <= $1 \
    AND r.completed_at >= $2 AND (r.completed_at > $2 OR r.id > $3) ORDER BY r.completed_at, r.id LIMIT $5";
// The requests of an assignment go first.
const ASSIGNMENTS: &str = "SELECT a.id, a.expired_at, a.state = 'expired' \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.assignment_id = a.id) \
    AND NOT EXISTS (SELECT 1 FROM ledger_link l WHERE l.assignment_id = a.id) \
    FROM assignment a WHERE a.expired_at IS NOT NULL AND a.expired_at <= $1 \
    AND a.expired_at >= $2 AND (a.expired_at > $2 OR a.id > $3) ORDER BY a.expired_at, a.id LIMIT $4";
const DELETE_ASSIGNMENT: &str = "DELETE FROM assignment WHERE id = $1 AND state = 'expired'";

/// Something that ended, in the order in which it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended<Id> {
    /// Its id.
    pub id: Id,
    /// When it ended.
    pub at: Timestamp,
    /// Whether it may go.
    pub may_go: bool,
}

/// Requests that ended until then, after the one that was looked at last. What failed may go if it first did so before
/// `reprocessable_since`.
pub fn requests(
    tx: &mut ReadTx<'_>,
    until: Timestamp,
    after: (Timestamp, &str),
    reprocessable_since: Timestamp,
    limit: i64,
) -> Result<Vec<Ended<RequestId>>, Error> {
    let args = [
        int(until.micros()),
        int(after.0.micros()),
        text(after.1),
        int(reprocessable_since.micros()),
        int(limit),
    ];
    tx.query_map(REQUESTS, &args, |row| {
        Ok(Ended {
            id: parsed(row, 0, "assignment_request.id")?,
            at: instant(row, 1)?,
            may_go: row.boolean(2)?,
        })
    })
}

/// Assignments that ended until then, after the one that was looked at last.
pub fn assignments(
    tx: &mut ReadTx<'_>,
    until: Timestamp,
    after: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<Ended<AssignmentId>>, Error> {
    let args = [
        int(until.micros()),
        int(after.0.micros()),
        text(after.1),
        int(limit),
    ];
    tx.query_map(ASSIGNMENTS, &args, |row| {
        Ok(Ended {
            id: parsed(row, 0, "assignment.id")?,
            at: instant(row, 1)?,
            may_go: row.boolean(2)?,
        })
    })
}

/// Removes an assignment that is over.
pub fn delete_assignment(tx: &mut WriteTx<'_>, id: AssignmentId) -> Result<(), Error> {
    tx.execute_one(DELETE_ASSIGNMENT, &[text(id)])?;
    crate::assignment::note(tx, id, domain::subscription::ChangeType::Deleted);
    Ok(())
}
