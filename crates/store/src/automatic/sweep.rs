//! Packages whose rules have to be asked of everybody, and how far that is.
//!
//! **Invariant:** a sweep that is asked for again begins again, whoever is at it.

use domain::id::{AccessPackageId, ObjectId, PolicyId};
use domain::time::Timestamp;

use crate::column::{instant, opt_parsed, parsed};
use crate::engine::Row;
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] =
    &[REQUEST, NEXT, FIND, ADVANCE, FINISH, EVALUATED, HELD, NOTED];

const REQUEST: &str = "INSERT INTO automatic_sweep (access_package_id, after_object_id, looked_at, requested_at) \
    VALUES ($1, '', 0, $2) ON CONFLICT (access_package_id) DO UPDATE SET after_object_id = '', looked_at = 0, \
    requested_at = $2";
const NEXT: &str = "SELECT access_package_id, after_object_id, looked_at, requested_at FROM automatic_sweep \
    ORDER BY requested_at, access_package_id LIMIT 1 SKIP_LOCKED";
const FIND: &str = "SELECT access_package_id, after_object_id, looked_at, requested_at FROM automatic_sweep \
    WHERE access_package_id = $1";
const ADVANCE: &str =
    "UPDATE automatic_sweep SET after_object_id = $2, looked_at = $3 WHERE access_package_id = $1";
const FINISH: &str = "DELETE FROM automatic_sweep WHERE access_package_id = $1";
const EVALUATED: &str =
    "UPDATE automatic_policy SET evaluated_at = $2 WHERE access_package_id = $1";
// From the people of the page to what they hold: there may be far more holders than people on a page.
const HELD: &str = "SELECT s.object_id, a.assignment_policy_id, a.status FROM subject s CROSS JOIN assignment a \
    WHERE s.object_id > $2 AND s.object_id <= $3 AND a.target_id = s.id AND a.access_package_id = $1 \
    AND a.state <> 'expired'";
const NOTED: &str = "SELECT DISTINCT n.object_id FROM automatic_note n \
    JOIN assignment_policy p ON p.id = n.policy_id \
    WHERE n.object_id > $2 AND n.object_id <= $3 AND p.access_package_id = $1";

/// A package whose rules are asked of everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The package.
    pub access_package_id: AccessPackageId,
    /// Users up to this one are done.
    pub after: Option<ObjectId>,
    /// How many that were.
    pub looked_at: i64,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// Asks for a sweep of a package, from the beginning.
pub fn request(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(REQUEST, &[text(package), int(now.micros())])
}

/// The sweep to go on with.
pub fn next(tx: &mut WriteTx<'_>) -> Result<Option<Sweep>, Error> {
    tx.query_opt(NEXT, &[])?.as_ref().map(read).transpose()
}

/// The sweep of a package, if one is under way.
pub fn find(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<Option<Sweep>, Error> {
    tx.query_opt(FIND, &[text(package)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Remembers how far a sweep is.
pub fn advance(tx: &mut WriteTx<'_>, sweep: &Sweep, to: ObjectId, more: i64) -> Result<(), Error> {
    tx.execute_one(
        ADVANCE,
        &[
            text(sweep.access_package_id),
            text(to),
            int(sweep.looked_at + more),
        ],
    )
}

/// Everybody was looked at.
pub fn finish(tx: &mut WriteTx<'_>, sweep: &Sweep, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        EVALUATED,
        &[text(sweep.access_package_id), int(now.micros())],
    )?;
    tx.execute_one(FINISH, &[text(sweep.access_package_id)])
}

/// An assignment as a sweep looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// By which policy.
    pub policy_id: PolicyId,
    /// The text beside its state.
    pub status: String,
}

/// What the users after `after` and up to `to` hold of a package.
pub fn held(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    after: Option<ObjectId>,
    to: ObjectId,
) -> Result<Vec<(ObjectId, Held)>, Error> {
    tx.query_map(HELD, &range(package, after, to), |row| {
        Ok((
            parsed(row, 0, "subject.object_id")?,
            Held {
                policy_id: parsed(row, 1, "assignment.assignment_policy_id")?,
                status: row.text(2)?.to_owned(),
            },
        ))
    })
}

/// The users in the same range about whom something is noted for a policy of the package.
pub fn noted(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    after: Option<ObjectId>,
    to: ObjectId,
) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(NOTED, &range(package, after, to), |row| {
        parsed(row, 0, "automatic_note.object_id")
    })
}

fn range(
    package: AccessPackageId,
    after: Option<ObjectId>,
    to: ObjectId,
) -> [crate::value::Value; 3] {
    [
        text(package),
        text(after.map_or(String::new(), |id| id.to_string())),
        text(to),
    ]
}

fn read(row: &Row<'_>) -> Result<Sweep, Error> {
    let after = match row.text(1)? {
        "" => None,
        _ => opt_parsed(row, 1, "automatic_sweep.after_object_id")?,
    };
    Ok(Sweep {
        access_package_id: parsed(row, 0, "automatic_sweep.access_package_id")?,
        after,
        looked_at: row.int(2)?,
        requested_at: instant(row, 3)?,
    })
}
