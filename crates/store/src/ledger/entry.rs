//! A row of the ledger as a whole, to be shown and checked: what is desired, observed and in flight (RP-37).

use domain::id::{GrantId, SubjectId};
use domain::ledger::{Observed, Operation, Phase};
use domain::time::Timestamp;

use crate::column::{opt_string, parsed, word};
use crate::engine::Row;
use crate::value;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, OF_SUBJECT];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, ",
            "observed, observed_at, preexisting, phase, operation, target, attempts, next_attempt_at, error_code, ",
            "error_message FROM ledger ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const OF_SUBJECT: &str = select!("WHERE subject_id = $1 ORDER BY id");

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: GrantId,
    /// For whom.
    pub subject_id: SubjectId,
    /// The kind of system.
    pub origin_system: String,
    /// The resource there.
    pub resource_origin_id: String,
    /// The role there.
    pub role_origin_id: String,
    /// The scope there.
    pub scope_origin_id: String,
    /// Whether a live assignment justifies it.
    pub desired: bool,
    /// What was last seen.
    pub observed: Observed,
    /// When.
    pub observed_at: Option<Timestamp>,
    /// Whether it was there before it was granted (AS-3).
    pub preexisting: bool,
    /// What is in flight.
    pub phase: Phase,
    /// In which direction, of what is or was in flight.
    pub operation: Option<Operation>,
    /// The target that delivers it.
    pub target: String,
    /// Attempts so far.
    pub attempts: i64,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
    /// Code and message of the last failure.
    pub error: Option<(String, String)>,
}

/// The row of this id.
pub fn find(tx: &mut ReadTx<'_>, id: GrantId) -> Result<Option<Entry>, Error> {
    tx.query_opt(FIND, &[value::text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Every grant of a subject, in the order in which they were opened.
pub fn of_subject(tx: &mut ReadTx<'_>, subject: SubjectId) -> Result<Vec<Entry>, Error> {
    tx.query_map(OF_SUBJECT, &[value::text(subject)], read)
}

fn read(row: &Row<'_>) -> Result<Entry, Error> {
    let operation = match opt_string(row, 11)? {
        Some(_) => Some(word(row, 11, "ledger.operation", Operation::from_name)?),
        None => None,
    };
    Ok(Entry {
        id: parsed(row, 0, "ledger.id")?,
        subject_id: parsed(row, 1, "ledger.subject_id")?,
        origin_system: row.text(2)?.to_owned(),
        resource_origin_id: row.text(3)?.to_owned(),
        role_origin_id: row.text(4)?.to_owned(),
        scope_origin_id: row.text(5)?.to_owned(),
        desired: row.boolean(6)?,
        observed: word(row, 7, "ledger.observed", Observed::from_name)?,
        observed_at: row.opt_int(8)?.map(Timestamp::from_micros),
        preexisting: row.boolean(9)?,
        phase: word(row, 10, "ledger.phase", Phase::from_name)?,
        operation,
        target: row.text(12)?.to_owned(),
        attempts: row.int(13)?,
        next_attempt_at: row.opt_int(14)?.map(Timestamp::from_micros),
        error: opt_string(row, 15)?.zip(opt_string(row, 16)?),
    })
}
