//! Users whom the rules have to be asked about.
//!
//! **Invariant:** a mark is left in the transaction that gives the reason for it, and taken away in the one that deals with
//! it. Where no policy assigns by itself, nobody is marked: a policy that begins to has everybody looked at.

use domain::id::{ObjectId, RequestId};

use crate::column::parsed;
use crate::value::{int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[MARK, MARK_TARGETS, TAKE, SETTLED, COUNT, IS_ANY];

const MARK: &str = "INSERT INTO automatic_due (object_id) SELECT u.id FROM directory_user u WHERE u.id = $1 \
    AND EXISTS (SELECT 1 FROM automatic_policy) ON CONFLICT (object_id) DO NOTHING";
const MARK_TARGETS: &str = "INSERT INTO automatic_due (object_id) SELECT DISTINCT s.object_id FROM assignment_request r \
    JOIN subject s ON s.id = r.target_id WHERE r.id IN EACH($1) AND s.object_id IS NOT NULL \
    AND EXISTS (SELECT 1 FROM automatic_policy) ON CONFLICT (object_id) DO NOTHING";
const TAKE: &str = "SELECT object_id FROM automatic_due ORDER BY object_id LIMIT $1 SKIP_LOCKED";
const SETTLED: &str = "DELETE FROM automatic_due WHERE object_id = $1";
const COUNT: &str = "SELECT count(*) FROM automatic_due";
const IS_ANY: &str = "SELECT 1 FROM automatic_due UNION ALL SELECT 1 FROM automatic_sweep LIMIT 1";

/// A user changed, is new, was deleted or came back.
pub(crate) fn mark(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(MARK, &[text(user)]).map(drop)
}

/// Requests came to their end: what they held up may go on.
pub(crate) fn mark_targets(
    tx: &mut WriteTx<'_>,
    requests: impl IntoIterator<Item = RequestId>,
) -> Result<(), Error> {
    let mut requests = requests.into_iter().peekable();
    if requests.peek().is_none() {
        return Ok(());
    }
    tx.execute(MARK_TARGETS, &[list(requests)]).map(drop)
}

/// The next users to look at.
pub fn take(tx: &mut WriteTx<'_>, limit: i64) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(TAKE, &[int(limit)], |row| {
        parsed(row, 0, "automatic_due.object_id")
    })
}

/// A user was looked at.
pub fn settled(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(SETTLED, &[text(user)]).map(drop)
}

/// How many wait to be looked at.
pub fn count(tx: &mut ReadTx<'_>) -> Result<i64, Error> {
    tx.query_one(COUNT, &[])?.int(0)
}

/// Whether anybody, one or all, waits to be looked at.
pub fn is_any(tx: &mut ReadTx<'_>) -> Result<bool, Error> {
    Ok(tx.query_opt(IS_ANY, &[])?.is_some())
}
