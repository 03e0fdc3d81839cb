//! From which time on the newest rows of a few packages are: what lets a list of these packages read little more than
//! the page that is asked for, however many rows they have.
//!
//! **Invariant:** a bound is never too late: at least as many rows as are wanted are not older than it.

use domain::id::AccessPackageId;
use domain::time::Timestamp;

use crate::value;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[ASSIGNMENTS, REQUESTS];

/// How deep to look into each package first. A few rows of each are found at once by the index, and many packages need
/// to give few each.
const SHALLOW: i64 = 4;

/// Of each package the time of one of its newest rows, and of these times one of the newest: `$3` and `$4` rows are left
/// out before.
macro_rules! bound {
    ($table:literal) => {
        concat!(
            "SELECT x.at FROM (SELECT (SELECT a.created_at FROM ",
            $table,
            " a WHERE a.access_package_id = p.value AND a.created_at < $2 ",
            "ORDER BY a.created_at DESC, a.id LIMIT 1 OFFSET $3) AS at FROM EACH($1) p) x ",
            "WHERE x.at IS NOT NULL ORDER BY x.at DESC LIMIT 1 OFFSET $4"
        )
    };
}

const ASSIGNMENTS: &str = bound!("assignment");
const REQUESTS: &str = bound!("assignment_request");

/// What is listed by the time it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Assignments.
    Assignments,
    /// Requests.
    Requests,
}

/// A time since when these packages have at least `wanted` rows that are older than `before`; `None` if that cannot be
/// told, or if they may have fewer.
pub fn since(
    tx: &mut ReadTx<'_>,
    listed: Listed,
    packages: &[AccessPackageId],
    before: Option<Timestamp>,
    wanted: u64,
) -> Result<Option<Timestamp>, Error> {
    let Ok(wanted) = i64::try_from(wanted.max(1)) else {
        return Ok(None);
    };
    let number = i64::try_from(packages.len().max(1)).unwrap_or(i64::MAX);
    // So many packages with so many rows each have together what is wanted. Half of the packages should do.
    let deep = SHALLOW
        .max(wanted.saturating_mul(2) / number + 1)
        .min(wanted);
    for deep in [deep, wanted] {
        let packages_needed = (wanted + deep - 1) / deep;
        if let Some(bound) = nth(tx, listed, packages, before, deep, packages_needed)? {
            return Ok(Some(bound));
        }
    }
    Ok(None)
}

/// The newest time such that `packages_needed` packages have `deep` rows each that are not older.
fn nth(
    tx: &mut ReadTx<'_>,
    listed: Listed,
    packages: &[AccessPackageId],
    before: Option<Timestamp>,
    deep: i64,
    packages_needed: i64,
) -> Result<Option<Timestamp>, Error> {
    let sql = match listed {
        Listed::Assignments => ASSIGNMENTS,
        Listed::Requests => REQUESTS,
    };
    let args = [
        value::list(packages),
        value::int(before.map_or(i64::MAX, Timestamp::micros)),
        value::int(deep - 1),
        value::int(packages_needed - 1),
    ];
    let row = tx.query_opt(sql, &args)?;
    row.map(|row| Ok(Timestamp::from_micros(row.int(0)?)))
        .transpose()
}
