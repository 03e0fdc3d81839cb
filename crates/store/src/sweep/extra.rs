//! Access that is there and that no grant accounts for.
//!
//! **Invariant:** a row says what the last complete listing of its object saw; whoever reads leaves out those whom the
//! ledger knows by now.

use domain::id::{DriftExtraId, ObjectId, SweepId};
use domain::time::Timestamp;

use super::Place;
use super::found::of;
use crate::column::{opt_parsed, opt_string, parsed};
use crate::engine::Row;
use crate::value::{int, list, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    UNKNOWN,
    KNOWN_KEYS,
    RECORD,
    KEPT,
    FORGET,
    FORGET_TARGET,
    LIST,
    COUNT,
    OF_PLACE,
    HOLDERS,
    LAST_READ,
    PLACES,
];

const UNKNOWN: &str = "SELECT m.value, u.id, COALESCE(u.user_principal_name, g.display_name, p.display_name, m.value) \
    FROM EACH($5) AS m LEFT JOIN directory_user u ON u.id = m.value AND u.deleted_at IS NULL \
    LEFT JOIN directory_group g ON g.id = m.value LEFT JOIN service_principal p ON p.id = m.value \
    WHERE NOT EXISTS (SELECT 1 FROM subject s JOIN ledger l ON l.subject_id = s.id \
        WHERE s.object_id = m.value AND l.origin_system = $1 AND l.resource_origin_id = $2 \
        AND l.role_origin_id = $3 AND l.scope_origin_id = $4) ORDER BY m.value";
const KNOWN_KEYS: &str = "SELECT member_key, object_id FROM drift_extra WHERE origin_system = $1 \
    AND resource_origin_id = $2 AND role_origin_id = $3 AND scope_origin_id = $4 AND target = $5 \
    AND member_key IN EACH($6)";
const RECORD: &str = "INSERT INTO drift_extra (id, target, origin_system, resource_origin_id, role_origin_id, \
    scope_origin_id, member_key, label, object_id, sweep_id, found_at, seen_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
    ON CONFLICT (resource_origin_id, role_origin_id, scope_origin_id, origin_system, target, member_key) DO UPDATE \
    SET label = excluded.label, object_id = excluded.object_id, sweep_id = excluded.sweep_id, seen_at = excluded.seen_at";
const KEPT: &str = "SELECT count(*) FROM drift_extra WHERE origin_system = $1 AND resource_origin_id = $2 \
    AND role_origin_id = $3 AND scope_origin_id = $4 AND sweep_id = $5";
const FORGET: &str = "DELETE FROM drift_extra WHERE origin_system = $1 AND resource_origin_id = $2 \
    AND role_origin_id = $3 AND scope_origin_id = $4 AND sweep_id <> $5";
const FORGET_TARGET: &str = "DELETE FROM drift_extra WHERE target = $1 AND sweep_id <> $2 \
    AND NOT EXISTS (SELECT 1 FROM sweep_object o WHERE o.sweep_id = $2 AND o.state = 'failed' \
        AND o.origin_system = drift_extra.origin_system AND o.resource_origin_id = drift_extra.resource_origin_id \
        AND o.role_origin_id = drift_extra.role_origin_id AND o.scope_origin_id = drift_extra.scope_origin_id)";

/// What is shown, with what follows; whom the ledger knows by now is left out.
macro_rules! select {
    ($columns:literal, $tail:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM drift_extra e WHERE NOT EXISTS (SELECT 1 FROM subject s JOIN ledger l ON l.subject_id = s.id ",
            "WHERE s.object_id = e.object_id AND l.origin_system = e.origin_system ",
            "AND l.resource_origin_id = e.resource_origin_id AND l.role_origin_id = e.role_origin_id ",
            "AND l.scope_origin_id = e.scope_origin_id) ",
            $tail
        )
    };
}

/// The columns in the order of [`read`].
macro_rules! shown {
    ($tail:literal) => {
        select!(
            "e.id, e.target, e.origin_system, e.resource_origin_id, e.role_origin_id, e.scope_origin_id, \
             e.member_key, e.label, e.object_id, e.sweep_id, e.found_at, e.seen_at",
            $tail
        )
    };
}

const LIST: &str = shown!(
    "AND ($1 = '' OR e.target = $1) AND ($2 = '' OR e.resource_origin_id = $2) AND ($3 = '' OR e.object_id = $3) \
     AND ($4 = '' OR e.id > $4) ORDER BY e.id LIMIT $5"
);
const COUNT: &str = select!(
    "count(*)",
    "AND ($1 = '' OR e.target = $1) AND ($2 = '' OR e.resource_origin_id = $2) AND ($3 = '' OR e.object_id = $3)"
);
const OF_PLACE: &str = shown!(
    "AND e.origin_system = $1 AND e.resource_origin_id = $2 AND e.role_origin_id = $3 AND e.scope_origin_id = $4 \
     ORDER BY e.id LIMIT $5"
);
// Who has an object, whether or not Reeve granted it.
const HOLDERS: &str = "SELECT e.object_id FROM drift_extra e WHERE e.object_id IS NOT NULL AND e.origin_system = $1 \
    AND e.resource_origin_id = $2 AND e.role_origin_id = $3 AND e.scope_origin_id = $4 AND e.object_id > $5 \
    UNION SELECT s.object_id FROM ledger l JOIN subject s ON s.id = l.subject_id WHERE s.object_id IS NOT NULL \
    AND l.origin_system = $1 AND l.resource_origin_id = $2 AND l.role_origin_id = $3 AND l.scope_origin_id = $4 \
    AND l.observed = 'present' AND s.object_id > $5 ORDER BY 1 LIMIT $6";
const LAST_READ: &str = "SELECT max(o.ended_at) FROM sweep_object o WHERE o.state = 'read' AND o.origin_system = $1 \
    AND o.resource_origin_id = $2 AND o.role_origin_id = $3 AND o.scope_origin_id = $4";
const PLACES: &str = "SELECT DISTINCT res.origin_system, res.origin_id, role.origin_id, scope.origin_id \
    FROM resource_role_scope rrs JOIN resource_role role ON role.id = rrs.resource_role_id \
    JOIN resource_scope scope ON scope.id = rrs.resource_scope_id JOIN resource res ON res.id = role.resource_id \
    WHERE rrs.access_package_id = $1 ORDER BY 1, 2, 3, 4";

/// Access that no grant accounts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Its id.
    pub id: DriftExtraId,
    /// The target.
    pub target: String,
    /// What it is access to.
    pub place: Place,
    /// By which the target knows the member.
    pub member_key: String,
    /// What the target calls the member.
    pub label: String,
    /// The user of the directory who that is.
    pub object_id: Option<ObjectId>,
    /// The sweep that saw it last.
    pub sweep_id: SweepId,
    /// When it was first seen.
    pub found_at: Timestamp,
    /// When it was last seen.
    pub seen_at: Timestamp,
}

/// A member whom no grant accounts for, on the way into the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExtra {
    /// By which the target knows the member.
    pub member_key: String,
    /// What the target calls the member.
    pub label: String,
    /// The user of the directory who that is.
    pub object_id: Option<ObjectId>,
}

/// Which of these directory ids have no grant for the object.
pub fn unknown(
    tx: &mut ReadTx<'_>,
    place: &Place,
    members: &[String],
) -> Result<Vec<NewExtra>, Error> {
    let mut args = of(place).to_vec();
    args.push(list(members));
    tx.query_map(UNKNOWN, &args, |row| {
        Ok(NewExtra {
            member_key: row.text(0)?.to_owned(),
            object_id: opt_parsed(row, 1, "directory_user.id")?,
            label: row.text(2)?.to_owned(),
        })
    })
}

/// Which of these members were found before, and who they were taken for.
pub fn known(
    tx: &mut ReadTx<'_>,
    target: &str,
    place: &Place,
    keys: &[String],
) -> Result<Vec<(String, Option<ObjectId>)>, Error> {
    let mut args = of(place).to_vec();
    args.extend([text(target), list(keys)]);
    tx.query_map(KNOWN_KEYS, &args, |row| {
        Ok((
            row.text(0)?.to_owned(),
            opt_parsed(row, 1, "drift_extra.object_id")?,
        ))
    })
}

/// Remembers a member whom no grant accounts for.
pub fn record(
    tx: &mut WriteTx<'_>,
    fresh: DriftExtraId,
    sweep: SweepId,
    target: &str,
    place: &Place,
    extra: &NewExtra,
    now: Timestamp,
) -> Result<(), Error> {
    let mut args = vec![text(fresh), text(target)];
    args.extend(of(place));
    args.extend([
        text(&extra.member_key),
        text(&extra.label),
        opt_text(extra.object_id),
        text(sweep),
        int(now.micros()),
    ]);
    tx.execute(RECORD, &args).map(drop)
}

/// Forgets what a complete listing of the object did not see any more; answers how many are left.
pub fn settle(tx: &mut WriteTx<'_>, sweep: SweepId, place: &Place) -> Result<i64, Error> {
    let mut args = of(place).to_vec();
    args.push(text(sweep));
    tx.execute(FORGET, &args)?;
    tx.query_one(KEPT, &args)?.int(0)
}

/// Forgets what belongs to objects that the target does not have any more.
pub fn settle_target(tx: &mut WriteTx<'_>, sweep: SweepId, target: &str) -> Result<(), Error> {
    tx.execute(FORGET_TARGET, &[text(target), text(sweep)])
        .map(drop)
}

/// Which extras are asked for; an empty text asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this target.
    pub target: String,
    /// Of this resource, by its id in its origin.
    pub resource: String,
    /// Of this user.
    pub object_id: String,
}

/// Extras in the order of their ids, behind the one of this id.
pub fn page(
    tx: &mut ReadTx<'_>,
    wanted: &Wanted,
    after: Option<DriftExtraId>,
    limit: i64,
) -> Result<Vec<Extra>, Error> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let args = [
        text(&wanted.target),
        text(&wanted.resource),
        text(&wanted.object_id),
        text(after),
        int(limit),
    ];
    tx.query_map(LIST, &args, read)
}

/// How many there are.
pub fn count(tx: &mut ReadTx<'_>, wanted: &Wanted) -> Result<i64, Error> {
    let args = [
        text(&wanted.target),
        text(&wanted.resource),
        text(&wanted.object_id),
    ];
    tx.query_one(COUNT, &args)?.int(0)
}

/// The extras of an object.
pub fn of_place(tx: &mut ReadTx<'_>, place: &Place, limit: i64) -> Result<Vec<Extra>, Error> {
    let mut args = of(place).to_vec();
    args.push(int(limit));
    tx.query_map(OF_PLACE, &args, read)
}

/// Users who have the object, granted or not, by their ids.
pub fn holders(
    tx: &mut ReadTx<'_>,
    place: &Place,
    after: &str,
    limit: i64,
) -> Result<Vec<ObjectId>, Error> {
    let mut args = of(place).to_vec();
    args.extend([text(after), int(limit)]);
    tx.query_map(HOLDERS, &args, |row| {
        parsed(row, 0, "drift_extra.object_id")
    })
}

/// When a sweep last read the object to its end.
pub fn last_read(tx: &mut ReadTx<'_>, place: &Place) -> Result<Option<Timestamp>, Error> {
    Ok(tx
        .query_one(LAST_READ, &of(place))?
        .opt_int(0)?
        .map(Timestamp::from_micros))
}

/// The objects that a package holds.
pub fn places(
    tx: &mut ReadTx<'_>,
    package: domain::id::AccessPackageId,
) -> Result<Vec<Place>, Error> {
    tx.query_map(PLACES, &[text(package)], |row| {
        Ok(Place {
            origin_system: row.text(0)?.to_owned(),
            resource_origin_id: row.text(1)?.to_owned(),
            role_origin_id: row.text(2)?.to_owned(),
            scope_origin_id: row.text(3)?.to_owned(),
        })
    })
}

fn read(row: &Row<'_>) -> Result<Extra, Error> {
    Ok(Extra {
        id: parsed(row, 0, "drift_extra.id")?,
        target: row.text(1)?.to_owned(),
        place: Place {
            origin_system: row.text(2)?.to_owned(),
            resource_origin_id: row.text(3)?.to_owned(),
            role_origin_id: row.text(4)?.to_owned(),
            scope_origin_id: row.text(5)?.to_owned(),
        },
        member_key: row.text(6)?.to_owned(),
        label: opt_string(row, 7)?.unwrap_or_default(),
        object_id: opt_parsed(row, 8, "drift_extra.object_id")?,
        sweep_id: parsed(row, 9, "drift_extra.sweep_id")?,
        found_at: Timestamp::from_micros(row.int(10)?),
        seen_at: Timestamp::from_micros(row.int(11)?),
    })
}
