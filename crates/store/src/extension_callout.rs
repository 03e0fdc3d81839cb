//! Calls of custom extensions: written with the transition that reached the stage, sent under a lease, answered or not.
//!
//! **Invariant:** a call that is due stays due until a verdict about it is recorded, so a process that dies while it calls
//! makes the call come twice and never not at all.

use domain::extension::{CalloutStatus, Stage};
use domain::id::{AssignmentId, CalloutId, CustomExtensionId, RequestId};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::outbox::{self, Lease, claim_of, next_due_of};
use crate::value::{boolean, int, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND, OF_STAGE, INSERT, SAVE, CLOSE, CLAIM, CLAIMED, EXPIRE, RECLAIM, OVERDUE, NEXT_DUE,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, custom_extension_id, is_handler, request_id, assignment_id, stage, status, data, waits, ",
            "deadline_at, about_end, attempts, due_at, lease_owner, lease_until, external_correlation_id, detail, failure, ",
            "created_at, finished_at, version FROM extension_callout ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const OF_STAGE: &str = select!("WHERE request_id = $1 AND stage = $2 ORDER BY created_at, id");
const INSERT: &str = "INSERT INTO extension_callout (id, custom_extension_id, is_handler, request_id, assignment_id, \
    stage, status, data, waits, deadline_at, about_end, attempts, due_at, lease_owner, lease_until, \
    external_correlation_id, detail, failure, created_at, finished_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
const SAVE: &str = "UPDATE extension_callout SET status = $3, waits = $4, deadline_at = $5, attempts = $6, due_at = $7, \
    lease_owner = $8, lease_until = $9, external_correlation_id = $10, detail = $11, failure = $12, finished_at = $13, \
    version = version + 1 WHERE id = $1 AND version = $2";
// Nobody waits any more. What was not sent yet still is: the stage was reached.
const CLOSE: &str = "UPDATE extension_callout SET waits = FALSE, deadline_at = NULL, finished_at = $2, \
    status = CASE WHEN status = 'waitingForCallback' THEN 'callbackTimedOut' ELSE status END, version = version + 1 \
    WHERE request_id = $1 AND waits = TRUE";
const CLAIM: &str = claim_of!("extension_callout", "");
const CLAIMED: &str = select!("WHERE lease_owner = $1 ORDER BY due_at, id");
const EXPIRE: &str = "UPDATE extension_callout SET lease_owner = NULL, lease_until = NULL, version = version + 1 \
    WHERE lease_until <= $1";
const RECLAIM: &str = "UPDATE extension_callout SET lease_owner = NULL, lease_until = NULL, version = version + 1 \
    WHERE lease_until IS NOT NULL";
const OVERDUE: &str = select!("WHERE deadline_at <= $1 ORDER BY deadline_at, id LIMIT $2");
const NEXT_DUE: &str = next_due_of!("extension_callout");

/// One call of an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callout {
    /// Its id, by which receivers know it.
    pub id: CalloutId,
    /// What is called.
    pub custom_extension_id: CustomExtensionId,
    /// Said the older way of beta.
    pub is_handler: bool,
    /// The request that came to the stage; none before the end of an assignment.
    pub request_id: Option<RequestId>,
    /// The assignment that it is about, if there is one.
    pub assignment_id: Option<AssignmentId>,
    /// The stage.
    pub stage: Stage,
    /// How it stands.
    pub status: CalloutStatus,
    /// What is sent, as a document.
    pub data: String,
    /// Whether the request waits for an answer.
    pub waits: bool,
    /// Until when.
    pub deadline_at: Option<Timestamp>,
    /// The end of the assignment that it announces.
    pub about_end: Option<Timestamp>,
    /// Attempts that failed.
    pub attempts: i64,
    /// When the next attempt is due.
    pub due_at: Option<Timestamp>,
    /// Who is at it.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// The receiver's own id of its run.
    pub external_correlation_id: Option<String>,
    /// What the receiver said.
    pub detail: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// When the stage was reached.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

/// The call of this id.
pub fn find(tx: &mut ReadTx<'_>, id: CalloutId) -> Result<Option<Callout>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The calls that a request made at a stage.
pub fn of_stage(
    tx: &mut ReadTx<'_>,
    request: RequestId,
    stage: Stage,
) -> Result<Vec<Callout>, Error> {
    tx.query_map(OF_STAGE, &[text(request), text(stage)], read)
}

/// Stores a new call.
pub fn insert(tx: &mut WriteTx<'_>, callout: &Callout) -> Result<(), Error> {
    let micros = |at: Option<Timestamp>| opt_int(at.map(Timestamp::micros));
    tx.execute_one(
        INSERT,
        &[
            text(callout.id),
            text(callout.custom_extension_id),
            boolean(callout.is_handler),
            opt_text(callout.request_id),
            opt_text(callout.assignment_id),
            text(callout.stage),
            text(callout.status),
            text(&callout.data),
            boolean(callout.waits),
            micros(callout.deadline_at),
            micros(callout.about_end),
            int(callout.attempts),
            micros(callout.due_at),
            opt_text(callout.lease_owner.as_ref()),
            micros(callout.lease_until),
            opt_text(callout.external_correlation_id.as_ref()),
            opt_text(callout.detail.as_ref()),
            opt_text(callout.failure.as_ref()),
            int(callout.created_at.micros()),
            micros(callout.finished_at),
            int(callout.version),
        ],
    )
}

/// Stores what changed, if nobody else changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, callout: &Callout) -> Result<(), Error> {
    let micros = |at: Option<Timestamp>| opt_int(at.map(Timestamp::micros));
    tx.execute_one(
        SAVE,
        &[
            text(callout.id),
            int(callout.version),
            text(callout.status),
            boolean(callout.waits),
            micros(callout.deadline_at),
            int(callout.attempts),
            micros(callout.due_at),
            opt_text(callout.lease_owner.as_ref()),
            micros(callout.lease_until),
            opt_text(callout.external_correlation_id.as_ref()),
            opt_text(callout.detail.as_ref()),
            opt_text(callout.failure.as_ref()),
            micros(callout.finished_at),
        ],
    )
}

/// Nobody waits for the answers that a request waited for.
pub fn close(tx: &mut WriteTx<'_>, request: RequestId, now: Timestamp) -> Result<u64, Error> {
    tx.execute(CLOSE, &[text(request), int(now.micros())])
}

/// Claims up to `limit` calls that are due.
pub fn claim(tx: &mut WriteTx<'_>, lease: Lease<'_>, limit: i64) -> Result<Vec<Callout>, Error> {
    outbox::claim(tx, (CLAIM, CLAIMED), lease, limit, read)
}

/// Gives back what was claimed by somebody who did not answer in time.
pub fn expire(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(EXPIRE, &[int(now.micros())])
}

/// Gives back all that is claimed, for a start at which nobody else can be at work.
pub fn reclaim(tx: &mut WriteTx<'_>) -> Result<u64, Error> {
    tx.execute(RECLAIM, &[])
}

/// The calls whose answer did not come in time.
pub fn overdue(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Callout>, Error> {
    tx.query_map(OVERDUE, &[int(now.micros()), int(limit)], read)
}

/// When the next attempt is due.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    outbox::next_due(tx, NEXT_DUE)
}

fn read(row: &Row<'_>) -> Result<Callout, Error> {
    Ok(Callout {
        id: parsed(row, 0, "extension_callout.id")?,
        custom_extension_id: parsed(row, 1, "extension_callout.custom_extension_id")?,
        is_handler: row.boolean(2)?,
        request_id: opt_parsed(row, 3, "extension_callout.request_id")?,
        assignment_id: opt_parsed(row, 4, "extension_callout.assignment_id")?,
        stage: word(row, 5, "extension_callout.stage", Stage::from_name)?,
        status: word(row, 6, "extension_callout.status", CalloutStatus::from_name)?,
        data: row.text(7)?.to_owned(),
        waits: row.boolean(8)?,
        deadline_at: opt_instant(row, 9)?,
        about_end: opt_instant(row, 10)?,
        attempts: row.int(11)?,
        due_at: opt_instant(row, 12)?,
        lease_owner: opt_string(row, 13)?,
        lease_until: opt_instant(row, 14)?,
        external_correlation_id: opt_string(row, 15)?,
        detail: opt_string(row, 16)?,
        failure: opt_string(row, 17)?,
        created_at: instant(row, 18)?,
        finished_at: opt_instant(row, 19)?,
        version: row.int(20)?,
    })
}
