//! Notices to people: written with what they are about, sent under a lease.
//!
//! **Invariant:** who claims a notice has it alone, and a notice that was being sent when its sender vanished is not sent
//! again (NO-3).

use domain::id::{AssignmentId, NoticeId, ObjectId, RequestId, StageId, SubjectId};
use domain::notice::{NoticeState, Occasion};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::outbox::{self, Lease, claim_of, next_due_of};
use crate::value::{int, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND, INSERT, SAVE, CLAIM, CLAIMED, EXPIRE, NEXT_DUE, LIST, COUNTS, PURGE, ENDING, NEXT_END,
    CAUSED,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, number, occasion, request_id, assignment_id, stage_id, about, recipient_id, state, attempts, ",
            "due_at, lease_owner, lease_until, address, failure, created_at, finished_at, version FROM notice ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const INSERT: &str = "INSERT INTO notice (id, number, occasion, request_id, assignment_id, stage_id, about, \
    recipient_id, state, attempts, due_at, lease_owner, lease_until, address, failure, created_at, finished_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
    ON CONFLICT (about, number, recipient_id) DO NOTHING";
const SAVE: &str = "UPDATE notice SET state = $3, attempts = $4, due_at = $5, lease_owner = $6, lease_until = $7, \
    address = $8, failure = $9, finished_at = $10, version = version + 1 WHERE id = $1 AND version = $2";
const CLAIM: &str = claim_of!("notice", "state = 'sending', ");
const CLAIMED: &str = select!("WHERE lease_owner = $1 ORDER BY due_at, id");
const EXPIRE: &str = "UPDATE notice SET state = 'uncertain', due_at = NULL, lease_owner = NULL, lease_until = NULL, \
    finished_at = $1, version = version + 1 WHERE lease_until <= $1";
const NEXT_DUE: &str = next_due_of!("notice");
const LIST: &str = select!(
    "WHERE state = $1 AND (created_at > $2 OR created_at = $2 AND id > $3) ORDER BY created_at, id LIMIT $4"
);
const COUNTS: &str = "SELECT state, count(*) FROM notice GROUP BY state";
const PURGE: &str = "DELETE FROM notice WHERE id IN \
    (SELECT id FROM notice WHERE finished_at <= $1 ORDER BY finished_at LIMIT $2)";

// A request is counted with all that it caused; more than the caller wants to know is not counted.
const CAUSED: &str = "SELECT count(*) FROM (SELECT n.id FROM assignment_request r JOIN notice n ON n.request_id = r.id \
    WHERE r.requestor_id = $1 AND r.created_at > $2 LIMIT $3) caused";

/// What ends after the one that was announced last. Whether it is to be announced is for the caller to say: a condition
/// here would make each look as long as the list of those that are not.
macro_rules! ending {
    ($tail:literal) => {
        concat!(
            "SELECT a.id, a.ends_at FROM assignment a WHERE a.ends_at IS NOT NULL AND a.state <> 'expired' ",
            "AND a.ends_at >= $1 AND (a.ends_at > $1 OR a.id > $2) ",
            $tail
        )
    };
}

const ENDING: &str = ending!("AND a.ends_at <= $3 ORDER BY a.ends_at, a.id LIMIT $4");
const NEXT_END: &str = ending!("ORDER BY a.ends_at LIMIT 1");

/// A notice to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// Its number in the documented table.
    pub number: i64,
    /// What happened.
    pub occasion: Occasion,
    /// The request it is about.
    pub request_id: Option<RequestId>,
    /// The assignment it is about.
    pub assignment_id: Option<AssignmentId>,
    /// The stage it is about.
    pub stage_id: Option<StageId>,
    /// What makes it the same notice as another.
    pub about: String,
    /// Who is told.
    pub recipient_id: ObjectId,
    /// How it stands.
    pub state: NoticeState,
    /// How often it was tried without success.
    pub attempts: i64,
    /// When it is to be sent.
    pub due_at: Option<Timestamp>,
    /// Who is at it.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// Where it went.
    pub address: Option<String>,
    /// Why it did not.
    pub failure: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

/// The notice of this id.
pub fn find(tx: &mut ReadTx<'_>, id: NoticeId) -> Result<Option<Notice>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Stores a new notice, unless the person was told already; answers whether it is new.
pub fn insert(tx: &mut WriteTx<'_>, notice: &Notice) -> Result<bool, Error> {
    let micros = |at: Option<Timestamp>| opt_int(at.map(Timestamp::micros));
    let inserted = tx.execute(
        INSERT,
        &[
            text(notice.id),
            int(notice.number),
            text(notice.occasion),
            opt_text(notice.request_id),
            opt_text(notice.assignment_id),
            opt_text(notice.stage_id),
            text(&notice.about),
            text(notice.recipient_id),
            text(notice.state),
            int(notice.attempts),
            micros(notice.due_at),
            opt_text(notice.lease_owner.as_ref()),
            micros(notice.lease_until),
            opt_text(notice.address.as_ref()),
            opt_text(notice.failure.as_ref()),
            int(notice.created_at.micros()),
            micros(notice.finished_at),
            int(notice.version),
        ],
    )?;
    Ok(inserted == 1)
}

/// How many notices the requests caused that somebody made after then; at most `limit`.
pub fn caused_since(
    tx: &mut ReadTx<'_>,
    requestor: SubjectId,
    since: Timestamp,
    limit: i64,
) -> Result<i64, Error> {
    let args = [text(requestor), int(since.micros()), int(limit)];
    tx.query_one(CAUSED, &args)?.int(0)
}

/// Stores how a notice stands, if nobody else changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, notice: &Notice) -> Result<(), Error> {
    let micros = |at: Option<Timestamp>| opt_int(at.map(Timestamp::micros));
    tx.execute_one(
        SAVE,
        &[
            text(notice.id),
            int(notice.version),
            text(notice.state),
            int(notice.attempts),
            micros(notice.due_at),
            opt_text(notice.lease_owner.as_ref()),
            micros(notice.lease_until),
            opt_text(notice.address.as_ref()),
            opt_text(notice.failure.as_ref()),
            micros(notice.finished_at),
        ],
    )
}

/// Claims up to `limit` notices that are due.
pub fn claim(tx: &mut WriteTx<'_>, lease: Lease<'_>, limit: i64) -> Result<Vec<Notice>, Error> {
    outbox::claim(tx, (CLAIM, CLAIMED), lease, limit, read)
}

/// Gives up what was claimed by somebody who did not come back in time: nobody knows whether it was sent.
pub fn expire(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(EXPIRE, &[int(now.micros())])
}

/// When the next notice is due.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    outbox::next_due(tx, NEXT_DUE)
}

/// The notices in a state, the oldest first, after the one that is given.
pub fn list(
    tx: &mut ReadTx<'_>,
    state: NoticeState,
    after: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<Notice>, Error> {
    let args = [
        text(state),
        int(after.0.micros()),
        text(after.1),
        int(limit),
    ];
    tx.query_map(LIST, &args, read)
}

/// How many notices there are in each state.
pub fn counts(tx: &mut ReadTx<'_>) -> Result<Vec<(NoticeState, i64)>, Error> {
    tx.query_map(COUNTS, &[], |row| {
        let state = word(row, 0, "notice.state", NoticeState::from_name)?;
        Ok((state, row.int(1)?))
    })
}

/// Removes notices that were over before; answers how many.
pub fn purge(tx: &mut WriteTx<'_>, before: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(PURGE, &[int(before.micros()), int(limit)])
}

/// Up to where ends were announced: everything up to this end, and of those that end then up to this assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Announced {
    /// The end.
    pub ends_at: Timestamp,
    /// The assignment.
    pub id: AssignmentId,
}

/// The assignments that end next after one, at `until` or before.
pub fn ending(
    tx: &mut ReadTx<'_>,
    after: Announced,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Announced>, Error> {
    let args = [
        int(after.ends_at.micros()),
        text(after.id),
        int(until.micros()),
        int(limit),
    ];
    tx.query_map(ENDING, &args, read_end)
}

/// The assignment that ends next after one.
pub fn next_end(tx: &mut ReadTx<'_>, after: Announced) -> Result<Option<Announced>, Error> {
    let args = [int(after.ends_at.micros()), text(after.id)];
    tx.query_opt(NEXT_END, &args)?
        .as_ref()
        .map(read_end)
        .transpose()
}

fn read_end(row: &Row<'_>) -> Result<Announced, Error> {
    Ok(Announced {
        id: parsed(row, 0, "assignment.id")?,
        ends_at: instant(row, 1)?,
    })
}

fn read(row: &Row<'_>) -> Result<Notice, Error> {
    Ok(Notice {
        id: parsed(row, 0, "notice.id")?,
        number: row.int(1)?,
        occasion: word(row, 2, "notice.occasion", Occasion::from_name)?,
        request_id: opt_parsed(row, 3, "notice.request_id")?,
        assignment_id: opt_parsed(row, 4, "notice.assignment_id")?,
        stage_id: opt_parsed(row, 5, "notice.stage_id")?,
        about: row.text(6)?.to_owned(),
        recipient_id: parsed(row, 7, "notice.recipient_id")?,
        state: word(row, 8, "notice.state", NoticeState::from_name)?,
        attempts: row.int(9)?,
        due_at: opt_instant(row, 10)?,
        lease_owner: opt_string(row, 11)?,
        lease_until: opt_instant(row, 12)?,
        address: opt_string(row, 13)?,
        failure: opt_string(row, 14)?,
        created_at: instant(row, 15)?,
        finished_at: opt_instant(row, 16)?,
        version: row.int(17)?,
    })
}
