//! The chain of the audit log: which place an event has in it, and where the chain begins and ends (ADR 16).
//!
//! **Invariant:** places are given once, in order and without gaps, and nothing but a place is ever added to an event.

use domain::id::AuditEventId;
use domain::time::Timestamp;

use crate::column::{opt_string, parsed};
use crate::engine::Row;
use crate::value::{int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    MARK,
    SET_MARK,
    UNSEALED,
    BACKLOG,
    SEAL,
    AFTER,
    FIRST_SINCE,
    LAST_BEFORE,
    REMOVE,
];

const MARK: &str = "SELECT seq, hash, proof FROM audit_chain WHERE place = $1";
const SET_MARK: &str = "INSERT INTO audit_chain (place, seq, hash, proof) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, proof = excluded.proof";
const UNSEALED: &str = "SELECT id, happened_at, activity, category, operation_type, logged_by, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, seq, hash \
    FROM audit_event WHERE seq IS NULL ORDER BY happened_at, id LIMIT $1";
const BACKLOG: &str = "SELECT COUNT(*), MIN(happened_at) FROM audit_event WHERE seq IS NULL";
/// Each text is an id (36 characters), a hash (64) and a place, with a space between them. Places begin with 1; asked for
/// with `IS NULL`, PostgreSQL would read all that is not sealed to find these.
const SEAL: &str = "UPDATE audit_event SET hash = SUBSTR(given.value, 38, 64), \
    seq = CAST(SUBSTR(given.value, 103) AS BIGINT) \
    FROM EACH($1) AS given WHERE audit_event.id = SUBSTR(given.value, 1, 36) AND COALESCE(audit_event.seq, 0) = 0";
const AFTER: &str = "SELECT id, happened_at, activity, category, operation_type, logged_by, result, result_reason, \
    initiated_by, target_resources, additional_details, correlation_id, object_id, seq, hash \
    FROM audit_event WHERE seq > $1 ORDER BY seq LIMIT $2";
const FIRST_SINCE: &str =
    "SELECT MIN(seq) FROM audit_event WHERE seq IS NOT NULL AND happened_at >= $1";
const LAST_BEFORE: &str =
    "SELECT MAX(seq) FROM audit_event WHERE seq IS NOT NULL AND happened_at < $1";
const REMOVE: &str = "DELETE FROM audit_event WHERE seq <= $1";

/// One of the two ends of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What comes before the first event that is still there.
    Anchor,
    /// The last event.
    Head,
}

impl Place {
    /// The stored spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anchor => "anchor",
            Self::Head => "head",
        }
    }
}

/// An end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The place of the event.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// The server's signature of both.
    pub proof: String,
}

/// An event as it is stored, every column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its id.
    pub id: String,
    /// When it happened.
    pub happened_at: Timestamp,
    /// What happened.
    pub activity: String,
    /// The group of activities.
    pub category: String,
    /// The kind of operation.
    pub operation_type: String,
    /// The service that logged it.
    pub logged_by: String,
    /// Whether it came to pass.
    pub result: String,
    /// Why not.
    pub result_reason: Option<String>,
    /// Who caused it, as a document.
    pub initiated_by: String,
    /// What it is about, as a document.
    pub target_resources: String,
    /// More, as a document.
    pub additional_details: String,
    /// The id of the call.
    pub correlation_id: String,
    /// The id of the object it is about.
    pub object_id: Option<String>,
    /// Its place in the chain and its hash, once it is sealed.
    pub link: Option<(i64, String)>,
}

/// A place that an event is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which event.
    pub id: String,
    /// Its place.
    pub seq: i64,
    /// The hash, in hexadecimal.
    pub hash: String,
}

/// Events that have no place yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// How many.
    pub count: i64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
}

/// An end of the chain, if there is one.
pub fn mark(tx: &mut ReadTx<'_>, place: Place) -> Result<Option<Mark>, Error> {
    let row = tx.query_opt(MARK, &[text(place.as_str())])?;
    row.map(|row| {
        Ok(Mark {
            seq: row.int(0)?,
            hash: row.text(1)?.to_owned(),
            proof: row.text(2)?.to_owned(),
        })
    })
    .transpose()
}

/// Moves an end of the chain.
pub fn set_mark(tx: &mut WriteTx<'_>, place: Place, mark: &Mark) -> Result<(), Error> {
    let args = [
        text(place.as_str()),
        int(mark.seq),
        text(&mark.hash),
        text(&mark.proof),
    ];
    tx.execute(SET_MARK, &args).map(drop)
}

/// Events that have no place yet, the oldest first.
pub fn unsealed(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<StoredEvent>, Error> {
    tx.query_map(UNSEALED, &[int(limit)], event)
}

/// How many events have no place yet.
pub fn backlog(tx: &mut ReadTx<'_>) -> Result<Backlog, Error> {
    let row = tx.query_one(BACKLOG, &[])?;
    Ok(Backlog {
        count: row.int(0)?,
        oldest: row.opt_int(1)?.map(Timestamp::from_micros),
    })
}

/// Gives events their places.
pub fn seal(tx: &mut WriteTx<'_>, links: &[Link]) -> Result<(), Error> {
    let given = links
        .iter()
        .map(|link| format!("{} {} {}", link.id, link.hash, link.seq));
    let sealed = tx.execute(SEAL, &[list(given)])?;
    if usize::try_from(sealed) == Ok(links.len()) {
        return Ok(());
    }
    Err(Error::Corrupt {
        place: "the unsealed events of the audit log".to_owned(),
        found: format!("{sealed} of {} could be sealed", links.len()),
    })
}

/// The events after a place, in the order of the chain.
pub fn after(tx: &mut ReadTx<'_>, seq: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
    tx.query_map(AFTER, &[int(seq), int(limit)], event)
}

/// The first place whose event is not older.
pub fn first_since(tx: &mut ReadTx<'_>, instant: Timestamp) -> Result<Option<i64>, Error> {
    tx.query_one(FIRST_SINCE, &[int(instant.micros())])?
        .opt_int(0)
}

/// The last place whose event is older.
pub fn last_before(tx: &mut ReadTx<'_>, instant: Timestamp) -> Result<Option<i64>, Error> {
    tx.query_one(LAST_BEFORE, &[int(instant.micros())])?
        .opt_int(0)
}

/// Removes the events up to a place, which [`Place::Anchor`] then stands for.
pub fn remove_through(tx: &mut WriteTx<'_>, seq: i64) -> Result<u64, Error> {
    tx.execute(REMOVE, &[int(seq)])
}

fn event(row: &Row<'_>) -> Result<StoredEvent, Error> {
    let id: AuditEventId = parsed(row, 0, "audit_event.id")?;
    let link = match (row.opt_int(13)?, opt_string(row, 14)?) {
        (Some(seq), Some(hash)) => Some((seq, hash)),
        (Some(seq), None) => Some((seq, String::new())),
        (None, _) => None,
    };
    Ok(StoredEvent {
        id: id.to_string(),
        happened_at: Timestamp::from_micros(row.int(1)?),
        activity: row.text(2)?.to_owned(),
        category: row.text(3)?.to_owned(),
        operation_type: row.text(4)?.to_owned(),
        logged_by: row.text(5)?.to_owned(),
        result: row.text(6)?.to_owned(),
        result_reason: opt_string(row, 7)?,
        initiated_by: row.text(8)?.to_owned(),
        target_resources: row.text(9)?.to_owned(),
        additional_details: row.text(10)?.to_owned(),
        correlation_id: row.text(11)?.to_owned(),
        object_id: opt_string(row, 12)?,
        link,
    })
}
