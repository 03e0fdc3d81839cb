//! What nobody moves on although its deadline has passed (L9).
//!
//! **Invariant:** each statement reads an index of the few rows that are under way, never a whole table.

use domain::time::Timestamp;

use crate::value;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[
    LEASES, DELIVERIES, UNPLANNED, UNMOVED, STARTS, APPROVALS, JOBS, OLDEST_DUE,
];

const LEASES: &str = "SELECT id, lease_until FROM ledger \
    WHERE phase = 'leased' AND lease_until <= $1 ORDER BY lease_until LIMIT $2";
const DELIVERIES: &str = "SELECT id, next_attempt_at FROM ledger \
    WHERE phase = 'pending' AND (next_attempt_at IS NULL OR next_attempt_at <= $1) ORDER BY next_attempt_at LIMIT $2";
const UNPLANNED: &str = "SELECT id, delivering_since FROM assignment_request \
    WHERE plan_due = TRUE AND delivering_since <= $1 ORDER BY delivering_since LIMIT $2";
// A request that delivers and is planned waits for units; each of them is in flight. One whose target is not in the
// directory yet waits for it, with an end of its own. Anything else would wait for ever.
const UNMOVED: &str = "SELECT r.id, r.delivering_since FROM assignment_request r \
    WHERE r.state = 'delivering' AND r.plan_due = FALSE AND r.delivering_since <= $1 \
    AND r.status <> 'WaitingForCallback' \
    AND NOT EXISTS (SELECT 1 FROM guest_wait w WHERE w.request_id = r.id) AND NOT EXISTS (\
        SELECT 1 FROM request_delivery d JOIN ledger l ON l.id = d.grant_id \
        WHERE d.request_id = r.id AND d.outcome = 'pending' AND l.phase IN ('pending', 'leased')) \
    ORDER BY r.delivering_since LIMIT $2";
const STARTS: &str = "SELECT id, starts_at FROM assignment_request \
    WHERE state = 'scheduled' AND starts_at <= $1 ORDER BY starts_at LIMIT $2";
const APPROVALS: &str = "SELECT request_id, due_at FROM approval_stage \
    WHERE status = 'InProgress' AND due_at <= $1 ORDER BY due_at LIMIT $2";
// A bulk job that has items to plan or to begin, or nothing left to wait for, and that nobody has got on with. What it began
// is watched for itself.
const JOBS: &str = "SELECT id, COALESCE(moved_at, created_at) FROM reprocess_job \
    WHERE (state = 'planning' OR (state = 'running' AND (begun_through < items OR in_delivery = 0))) \
    AND COALESCE(moved_at, created_at) <= $1 ORDER BY created_at, id LIMIT $2";
const OLDEST_DUE: &str = "SELECT target, min(next_attempt_at) FROM ledger \
    WHERE phase = 'pending' AND next_attempt_at IS NOT NULL GROUP BY target";

/// What is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A delivery whose lease ended and was not taken back.
    Lease,
    /// A delivery that is due and not attempted.
    Delivery,
    /// A request that is not planned.
    Plan,
    /// A request that delivers although nothing of it is in flight.
    Request,
    /// A scheduled request that was not started.
    Start,
    /// An approval stage that was not timed out.
    Approval,
    /// A bulk job that nobody gets on with.
    Job,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Lease,
        Self::Delivery,
        Self::Plan,
        Self::Request,
        Self::Start,
        Self::Approval,
        Self::Job,
    ];

    /// The kind in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Delivery => "delivery",
            Self::Plan => "plan",
            Self::Request => "request",
            Self::Start => "start",
            Self::Approval => "approval",
            Self::Job => "job",
        }
    }

    const fn statement(self) -> &'static str {
        match self {
            Self::Lease => LEASES,
            Self::Delivery => DELIVERIES,
            Self::Plan => UNPLANNED,
            Self::Request => UNMOVED,
            Self::Start => STARTS,
            Self::Approval => APPROVALS,
            Self::Job => JOBS,
        }
    }
}

/// An object whose deadline passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// In what way it is stuck.
    pub kind: Kind,
    /// A grant of the ledger for a lease or a delivery, a bulk job, else a request.
    pub id: String,
    /// When it should have moved on.
    pub since: Option<Timestamp>,
}

/// The objects that should have moved on before `before`, at most `limit` of each kind.
pub fn list(tx: &mut ReadTx<'_>, before: Timestamp, limit: i64) -> Result<Vec<Overdue>, Error> {
    let mut overdue = Vec::new();
    for kind in Kind::ALL {
        let args = [value::int(before.micros()), value::int(limit)];
        overdue.extend(tx.query_map(kind.statement(), &args, |row| {
            Ok(Overdue {
                kind: *kind,
                id: row.text(0)?.to_owned(),
                since: row.opt_int(1)?.map(Timestamp::from_micros),
            })
        })?);
    }
    Ok(overdue)
}

/// When the oldest delivery of each target became due; targets with nothing pending are not in the answer.
pub fn oldest_due(tx: &mut ReadTx<'_>) -> Result<Vec<(String, Timestamp)>, Error> {
    tx.query_map(OLDEST_DUE, &[], |row| {
        Ok((row.text(0)?.to_owned(), Timestamp::from_micros(row.int(1)?)))
    })
}
