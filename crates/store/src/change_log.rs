//! What changed since somebody holds a delta link: requests and assignments, in the order of the commits (ADR 25).
//!
//! A transaction writes what it noted before it commits, if a mark says that somebody reads the log. On PostgreSQL the
//! last thing before the commit is the lock of a row, which lasts until then, and only then positions are drawn.
//!
//! **Invariant:** whoever sees a position sees all smaller ones; and while a mark stands, nothing behind it is missing.

use std::collections::BTreeMap;

use domain::id::AccessPackageId;
use domain::subscription::{ChangeType, Followed};
use domain::time::Timestamp;

use crate::value::{int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    TAKE_TURN, APPEND, NEWEST, MARK, EXISTS, LAST, READ, ENDED, FORGET, PRUNE, FIRST, END,
];

/// The entity under which is logged that packages moved between catalogs, so that other roles show their requests.
const MOVED: &str = "access_package";

/// A row that nobody changes: who waits for it goes on with the snapshot it has.
const TAKE_TURN: &str = "SELECT id FROM change_log_turn WHERE id = 1 LOCKED";
const APPEND: &str = "INSERT INTO change_log (entity, object_id, change) \
    SELECT $1, c.value, $2 FROM EACH($3) c";
const NEWEST: &str = "SELECT max(at) FROM change_log_mark";
const FIRST: &str = "SELECT min(at) FROM change_log_mark";
const MARK: &str = "INSERT INTO change_log_mark (at, position) VALUES ($1, $2)";
const EXISTS: &str = "SELECT 1 FROM change_log_mark WHERE at = $1";
const LAST: &str = "SELECT COALESCE(max(position), 0) FROM (\
    SELECT max(position) AS position FROM change_log UNION ALL SELECT max(position) FROM change_log_mark) p";
const READ: &str = "SELECT position, object_id, change FROM change_log \
    WHERE entity = $1 AND position > $2 ORDER BY position LIMIT $3";
const ENDED: &str = "SELECT 1 FROM change_log WHERE change = 'deleted' AND position > $2 \
    AND (entity = $1 OR entity = 'access_package') LIMIT 1";
const FORGET: &str = "DELETE FROM change_log_mark WHERE at <= $1";
const END: &str = "DELETE FROM change_log_mark";
// Up to the oldest mark, or all of it where nobody has one.
const PRUNE: &str = "DELETE FROM change_log \
    WHERE position <= (SELECT COALESCE(min(position), CAST(9223372036854775807 AS BIGINT)) FROM change_log_mark)";

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Where it stands.
    pub position: i64,
    /// What changed.
    pub object_id: String,
    /// Whether it is gone.
    pub is_deleted: bool,
}

/// Says that a package is in another catalog now: what roles show of its requests and assignments is not what it was.
pub fn moved(tx: &mut WriteTx<'_>, package: AccessPackageId) {
    tx.note_move(package);
}

/// Writes what a transaction changed: the last thing that it does.
pub(crate) fn append(
    tx: &mut WriteTx<'_>,
    kinds: &BTreeMap<(Followed, ChangeType), Vec<String>>,
    moved: &[String],
) -> Result<(), Error> {
    tx.query_one(TAKE_TURN, &[])?;
    for ((of, change), ids) in kinds {
        tx.execute(APPEND, &[text(of), text(change), list(ids)])?;
    }
    if !moved.is_empty() {
        let gone = text(ChangeType::Deleted);
        tx.execute(APPEND, &[text(MOVED), gone, list(moved)])?;
    }
    Ok(())
}

/// Sees to it that everything is logged from now on; answers the newest mark, which is not older than `since`.
pub fn mark(tx: &mut WriteTx<'_>, now: Timestamp, since: Timestamp) -> Result<Timestamp, Error> {
    if let Some(newest) = newest(tx)?.filter(|newest| *newest >= since) {
        return Ok(newest);
    }
    let last = last(tx)?;
    tx.execute_one(MARK, &[int(now.micros()), int(last)])?;
    Ok(now)
}

/// When the newest mark was made.
pub fn newest(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    let newest = tx.query_one(NEWEST, &[])?.opt_int(0)?;
    Ok(newest.map(Timestamp::from_micros))
}

/// Whether a mark still stands.
pub fn is_marked(tx: &mut ReadTx<'_>, mark: Timestamp) -> Result<bool, Error> {
    Ok(tx.query_opt(EXISTS, &[int(mark.micros())])?.is_some())
}

/// The last position that was drawn.
pub fn last(tx: &mut ReadTx<'_>) -> Result<i64, Error> {
    tx.query_one(LAST, &[])?.int(0)
}

/// The next lines behind a position.
pub fn read(
    tx: &mut ReadTx<'_>,
    of: Followed,
    after: i64,
    limit: i64,
) -> Result<Vec<Logged>, Error> {
    tx.query_map(READ, &[text(of), int(after), int(limit)], |row| {
        Ok(Logged {
            position: row.int(0)?,
            object_id: row.text(1)?.to_owned(),
            is_deleted: row.text(2)? == ChangeType::Deleted.as_str(),
        })
    })
}

/// Whether something went behind a position, from the tenant or to another catalog.
pub fn has_ended(tx: &mut ReadTx<'_>, of: Followed, after: i64) -> Result<bool, Error> {
    Ok(tx.query_opt(ENDED, &[text(of), int(after)])?.is_some())
}

/// When the oldest mark was made.
pub fn oldest(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    let oldest = tx.query_one(FIRST, &[])?.opt_int(0)?;
    Ok(oldest.map(Timestamp::from_micros))
}

/// Drops the marks that were made until then, and what nobody can read on from any more; answers how many marks.
pub fn forget(tx: &mut WriteTx<'_>, until: Timestamp) -> Result<u64, Error> {
    let gone = tx.execute(FORGET, &[int(until.micros())])?;
    if gone > 0 {
        tx.execute(PRUNE, &[])?;
    }
    Ok(gone)
}

/// Drops everything: all that was read is of a state of the tenant that is no more.
pub(crate) fn end(tx: &mut WriteTx<'_>) -> Result<(), Error> {
    tx.execute(END, &[])?;
    tx.execute(PRUNE, &[])?;
    Ok(())
}

#[cfg(test)]
mod tests;
