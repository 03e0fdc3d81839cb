//! What all outboxes ask of their tables alike: rows that are due, handed out under a lease.
//!
//! Such a table has `id`, `due_at`, `lease_owner`, `lease_until` and `version`. A row is waiting while it has a time at
//! which it is due and no owner.
//!
//! **Invariant:** who claims a row has it alone until the lease is over.

use domain::time::Timestamp;

use crate::column::opt_instant;
use crate::engine::Row;
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

/// Claims what is due of a table: `$1` the owner, `$2` now, `$3` the end of the lease, `$4` how many; what else is set then
/// ends with a comma.
macro_rules! claim_of {
    ($table:literal, $also:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $also,
            "lease_owner = $1, lease_until = $3, version = version + 1 WHERE id IN (SELECT id FROM ",
            $table,
            " WHERE due_at <= $2 AND lease_owner IS NULL ORDER BY due_at, id LIMIT $4 SKIP_LOCKED)"
        )
    };
}

/// When the next row of a table is due that nobody has claimed.
macro_rules! next_due_of {
    ($table:literal) => {
        concat!(
            "SELECT min(due_at) FROM ",
            $table,
            " WHERE due_at IS NOT NULL AND lease_owner IS NULL"
        )
    };
}

pub(crate) use {claim_of, next_due_of};

/// A lease to claim under.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'a> {
    /// Who claims; must be new.
    pub owner: &'a str,
    /// When.
    pub now: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Claims up to `limit` rows by one statement, and reads them by another.
pub(crate) fn claim<T>(
    tx: &mut WriteTx<'_>,
    (claim, claimed): (&str, &str),
    lease: Lease<'_>,
    limit: i64,
    read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let args = [
        text(lease.owner),
        int(lease.now.micros()),
        int(lease.until.micros()),
        int(limit),
    ];
    if tx.execute(claim, &args)? == 0 {
        return Ok(Vec::new());
    }
    tx.query_map(claimed, &[text(lease.owner)], read)
}

/// The one time that a statement of `next_due_of` finds.
pub(crate) fn next_due(tx: &mut ReadTx<'_>, statement: &str) -> Result<Option<Timestamp>, Error> {
    opt_instant(&tx.query_one(statement, &[])?, 0)
}
