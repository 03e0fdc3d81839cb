//! Sweeps of targets: asked for, claimed under a lease with a fence, and carried on from where they stand.
//!
//! **Invariant:** one sweep of a target is open at a time, and only who holds its newest fence writes for it.

pub mod extra;
pub mod found;

use domain::id::SweepId;
use domain::sweep::{Cause, State};
use domain::time::Timestamp;

use crate::column::{opt_string, parsed, word};
use crate::engine::Row;
use crate::ledger::lease::LONGEST;
use crate::value::{int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    LIST,
    INSERT,
    OPEN,
    LAST,
    DUE,
    CLAIM,
    HELD,
    RENEW,
    START,
    OBJECTS,
    TAKE_OBJECTS,
    NEXT,
    ADVANCE,
    END_OBJECT,
    COUNT,
    POSTPONE,
    RELEASE,
    END,
    CANCEL,
    FORGET,
    OF_SWEEP,
    EXPIRED,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT s.id, s.target, s.state, s.cause, s.requested_by, s.requested_at, s.started_at, s.ended_at, ",
            "s.failure_code, s.failure_message, s.fence, s.missing, s.returned, s.restored, s.removed, s.postponed, ",
            "(SELECT count(*) FROM sweep_object o WHERE o.sweep_id = s.id), ",
            "(SELECT count(*) FROM sweep_object o WHERE o.sweep_id = s.id AND o.state = 'read'), ",
            "(SELECT count(*) FROM sweep_object o WHERE o.sweep_id = s.id AND o.state = 'failed'), ",
            "CAST((SELECT COALESCE(sum(o.members), 0) FROM sweep_object o WHERE o.sweep_id = s.id) AS BIGINT), ",
            "CAST((SELECT COALESCE(sum(o.extras), 0) FROM sweep_object o WHERE o.sweep_id = s.id) AS BIGINT) ",
            "FROM sweep s ",
            $tail
        )
    };
}

/// Every column in the order of [`read_object`], with what follows the table's name.
macro_rules! select_object {
    ($tail:literal) => {
        concat!(
            "SELECT seq, origin_system, resource_origin_id, role_origin_id, scope_origin_id, state, after_subject_id, ",
            "after_member, members, extras, failure_code, failure_message, ended_at FROM sweep_object ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE s.id = $1");
const LIST: &str = select!(
    "WHERE ($1 = '' OR s.target = $1) AND ($2 = '' OR s.id < $2) ORDER BY s.id DESC LIMIT $3"
);
const OPEN: &str = select!("WHERE s.target = $1 AND s.state IN ('queued', 'running')");
const LAST: &str = "SELECT max(requested_at) FROM sweep WHERE target = $1";
const INSERT: &str = "INSERT INTO sweep (id, target, state, cause, requested_by, requested_at, fence, postponed, \
    missing, returned, restored, removed) VALUES ($1, $2, 'queued', $3, $4, $5, 0, 0, 0, 0, 0, 0)";
// A lease that ends later than any can was taken before the clock jumped back.
const DUE: &str = "SELECT id, target FROM sweep WHERE state IN ('queued', 'running') \
    AND (lease_until IS NULL OR lease_until <= $1 OR lease_until > $2) AND (resume_at IS NULL OR resume_at <= $1) ORDER BY id";
const CLAIM: &str = "UPDATE sweep SET lease_owner = $2, lease_until = $3, fence = fence + 1 WHERE id = $1 \
    AND state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until <= $4 OR lease_until > $5)";
const HELD: &str =
    "SELECT 1 FROM sweep WHERE id = $1 AND fence = $2 AND state IN ('queued', 'running')";
const RENEW: &str = "UPDATE sweep SET lease_until = $3, postponed = 0, resume_at = NULL \
    WHERE id = $1 AND fence = $2 AND state IN ('queued', 'running')";
const START: &str = "UPDATE sweep SET state = 'running', started_at = $2 WHERE id = $1";
const OBJECTS: &str = "SELECT res.origin_system, res.origin_id, role.origin_id, scope.origin_id \
    FROM resource_role_scope rrs JOIN resource_role role ON role.id = rrs.resource_role_id \
    JOIN resource_scope scope ON scope.id = rrs.resource_scope_id JOIN resource res ON res.id = role.resource_id \
    LEFT JOIN target_binding b ON b.object_id = res.origin_id WHERE COALESCE(b.target, 'directory') = $1 \
    UNION SELECT l.origin_system, l.resource_origin_id, l.role_origin_id, l.scope_origin_id FROM ledger l \
    WHERE l.target = $1 ORDER BY 1, 2, 3, 4";
const TAKE_OBJECTS: &str = "INSERT INTO sweep_object (sweep_id, seq, origin_system, resource_origin_id, \
    role_origin_id, scope_origin_id, state, after_subject_id, members, extras) \
    VALUES ($1, $2, $3, $4, $5, $6, 'waiting', '', 0, 0)";
const NEXT: &str =
    select_object!("WHERE sweep_id = $1 AND state = 'waiting' AND seq > $2 ORDER BY seq LIMIT 1");
const OF_SWEEP: &str = select_object!("WHERE sweep_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
const ADVANCE: &str = "UPDATE sweep_object SET after_subject_id = $3, after_member = $4, members = $5 \
    WHERE sweep_id = $1 AND seq = $2";
const END_OBJECT: &str = "UPDATE sweep_object SET state = $3, members = $4, extras = $5, failure_code = $6, \
    failure_message = $7, ended_at = $8 WHERE sweep_id = $1 AND seq = $2";
const COUNT: &str = "UPDATE sweep SET missing = missing + $2, returned = returned + $3, restored = restored + $4, \
    removed = removed + $5 WHERE id = $1";
const POSTPONE: &str = "UPDATE sweep SET lease_owner = NULL, lease_until = NULL, resume_at = $3, \
    postponed = postponed + 1 WHERE id = $1 AND fence = $2 AND state IN ('queued', 'running')";
const RELEASE: &str =
    "UPDATE sweep SET lease_owner = NULL, lease_until = NULL WHERE id = $1 AND fence = $2";
const END: &str = "UPDATE sweep SET state = $3, ended_at = $4, failure_code = $5, failure_message = $6, \
    lease_owner = NULL, lease_until = NULL, resume_at = NULL \
    WHERE id = $1 AND fence = $2 AND state IN ('queued', 'running')";
const CANCEL: &str = "UPDATE sweep SET state = 'cancelled', ended_at = $2, lease_owner = NULL, lease_until = NULL, \
    resume_at = NULL, fence = fence + 1 WHERE id = $1 AND state IN ('queued', 'running')";
const EXPIRED: &str = "SELECT id FROM sweep WHERE target = $1 AND state NOT IN ('queued', 'running') \
    ORDER BY id DESC LIMIT 100 OFFSET $2";
const FORGET: &str = "DELETE FROM sweep WHERE id IN EACH($1)";

/// A sweep of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Its id; later sweeps have greater ones.
    pub id: SweepId,
    /// The target.
    pub target: String,
    /// How far it is.
    pub state: State,
    /// Why it is made.
    pub cause: Cause,
    /// Who asked for it, by directory id.
    pub requested_by: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Code and message of why it failed or was skipped.
    pub failure: Option<(String, String)>,
    /// Raised by each claim.
    pub fence: i64,
    /// Grants that were found to be missing.
    pub missing: i64,
    /// Grants that were thought to be missing and are there.
    pub returned: i64,
    /// Assignments that are being restored.
    pub restored: i64,
    /// Members that are being removed because nobody granted it.
    pub removed: i64,
    /// How often in a row the target asked for patience.
    pub postponed: i64,
    /// How many objects there are to read.
    pub objects: i64,
    /// How many of them were read.
    pub objects_read: i64,
    /// How many could not be read.
    pub objects_failed: i64,
    /// Members of the objects that were read.
    pub members: i64,
    /// Those among them whom no grant accounts for.
    pub extras: i64,
}

/// A role of a resource, with its scope, as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The kind of system.
    pub origin_system: String,
    /// The resource there.
    pub resource_origin_id: String,
    /// The role there.
    pub role_origin_id: String,
    /// The scope there.
    pub scope_origin_id: String,
}

/// An object of a sweep, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepObject {
    /// Its number in the sweep.
    pub seq: i64,
    /// What it is.
    pub place: Place,
    /// `waiting`, `read` or `failed`.
    pub state: String,
    /// Grants up to this subject are compared.
    pub after_subject_id: String,
    /// All grants are compared, and members up to this one are known.
    pub after_member: Option<String>,
    /// How many members it has.
    pub members: i64,
    /// How many of them no grant accounts for.
    pub extras: i64,
    /// Code and message of why it could not be read, or of what was left undone.
    pub failure: Option<(String, String)>,
    /// When it was done.
    pub ended_at: Option<Timestamp>,
}

/// What a step of a sweep found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// Grants that are missing.
    pub missing: i64,
    /// Grants that are there again.
    pub returned: i64,
    /// Assignments that are restored.
    pub restored: i64,
    /// Members that are removed.
    pub removed: i64,
}

/// The sweep of this id.
pub fn find(tx: &mut ReadTx<'_>, id: SweepId) -> Result<Option<Sweep>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Sweeps, the newest first, of one target or of all.
pub fn list(
    tx: &mut ReadTx<'_>,
    target: Option<&str>,
    before: Option<SweepId>,
    limit: i64,
) -> Result<Vec<Sweep>, Error> {
    let before = before.map(|id| id.to_string()).unwrap_or_default();
    let args = [text(target.unwrap_or_default()), text(before), int(limit)];
    tx.query_map(LIST, &args, read)
}

/// The sweep of the target that is not over.
pub fn open(tx: &mut ReadTx<'_>, target: &str) -> Result<Option<Sweep>, Error> {
    tx.query_opt(OPEN, &[text(target)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// When a sweep of the target was last asked for.
pub fn last(tx: &mut ReadTx<'_>, target: &str) -> Result<Option<Timestamp>, Error> {
    Ok(tx
        .query_one(LAST, &[text(target)])?
        .opt_int(0)?
        .map(Timestamp::from_micros))
}

/// Asks for a sweep, and forgets all but the newest `keep` of those that are over.
pub fn request(
    tx: &mut WriteTx<'_>,
    id: SweepId,
    target: &str,
    cause: Cause,
    by: Option<&str>,
    now: Timestamp,
    keep: i64,
) -> Result<(), Error> {
    let old: Vec<SweepId> = tx.query_map(EXPIRED, &[text(target), int(keep)], |row| {
        parsed(row, 0, "sweep.id")
    })?;
    if !old.is_empty() {
        tx.execute(FORGET, &[crate::value::list(old)])?;
    }
    let args = [
        text(id),
        text(target),
        text(cause),
        opt_text(by),
        int(now.micros()),
    ];
    tx.execute_one(INSERT, &args)
}

/// Sweeps that somebody could go on with now.
pub fn due(tx: &mut ReadTx<'_>, now: Timestamp) -> Result<Vec<(SweepId, String)>, Error> {
    let args = [int(now.micros()), int(now.plus(LONGEST).micros())];
    tx.query_map(DUE, &args, |row| {
        Ok((parsed(row, 0, "sweep.id")?, row.text(1)?.to_owned()))
    })
}

/// Claims a sweep that nobody works on; answers it with its new fence.
pub fn claim(
    tx: &mut WriteTx<'_>,
    id: SweepId,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Sweep>, Error> {
    let args = [
        text(id),
        text(owner),
        int(until.micros()),
        int(now.micros()),
        int(now.plus(LONGEST).micros()),
    ];
    if tx.execute(CLAIM, &args)? == 0 {
        return Ok(None);
    }
    find(tx, id)
}

/// Whether the fence is still the newest and the sweep not over.
pub fn is_held(tx: &mut ReadTx<'_>, id: SweepId, fence: i64) -> Result<bool, Error> {
    Ok(tx.query_opt(HELD, &[text(id), int(fence)])?.is_some())
}

/// Holds the lease for longer; false if somebody else has it, or the sweep is over.
pub fn renew(
    tx: &mut WriteTx<'_>,
    id: SweepId,
    fence: i64,
    until: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(RENEW, &[text(id), int(fence), int(until.micros())])? > 0)
}

/// The objects of a target: what packages hold now, and what the ledger knows of from before.
pub fn places(tx: &mut ReadTx<'_>, target: &str) -> Result<Vec<Place>, Error> {
    tx.query_map(OBJECTS, &[text(target)], |row| {
        Ok(Place {
            origin_system: row.text(0)?.to_owned(),
            resource_origin_id: row.text(1)?.to_owned(),
            role_origin_id: row.text(2)?.to_owned(),
            scope_origin_id: row.text(3)?.to_owned(),
        })
    })
}

/// Begins: takes down which objects there are.
pub fn start(
    tx: &mut WriteTx<'_>,
    sweep: &Sweep,
    places: &[Place],
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(START, &[text(sweep.id), int(now.micros())])?;
    for (seq, place) in (1_i64..).zip(places) {
        let args = [
            text(sweep.id),
            int(seq),
            text(&place.origin_system),
            text(&place.resource_origin_id),
            text(&place.role_origin_id),
            text(&place.scope_origin_id),
        ];
        tx.execute_one(TAKE_OBJECTS, &args)?;
    }
    Ok(())
}

/// The object to go on with, behind the one of this number; none: all are done.
pub fn next(tx: &mut ReadTx<'_>, id: SweepId, after: i64) -> Result<Option<SweepObject>, Error> {
    tx.query_opt(NEXT, &[text(id), int(after)])?
        .as_ref()
        .map(read_object)
        .transpose()
}

/// The objects of a sweep behind the one of this number.
pub fn objects(
    tx: &mut ReadTx<'_>,
    id: SweepId,
    after: i64,
    limit: i64,
) -> Result<Vec<SweepObject>, Error> {
    tx.query_map(OF_SWEEP, &[text(id), int(after), int(limit)], read_object)
}

/// Remembers how far an object is.
pub fn advance(tx: &mut WriteTx<'_>, id: SweepId, object: &SweepObject) -> Result<(), Error> {
    let args = [
        text(id),
        int(object.seq),
        text(&object.after_subject_id),
        opt_text(object.after_member.as_ref()),
        int(object.members),
    ];
    tx.execute_one(ADVANCE, &args)
}

/// An object is done, in the state that it says.
pub fn end_object(
    tx: &mut WriteTx<'_>,
    id: SweepId,
    object: &SweepObject,
    now: Timestamp,
) -> Result<(), Error> {
    let failure = object.failure.as_ref();
    let args = [
        text(id),
        int(object.seq),
        text(&object.state),
        int(object.members),
        int(object.extras),
        opt_text(failure.map(|(code, _)| code)),
        opt_text(failure.map(|(_, message)| message)),
        int(now.micros()),
    ];
    tx.execute_one(END_OBJECT, &args)
}

/// Adds up what a step found.
pub fn count(tx: &mut WriteTx<'_>, id: SweepId, found: Found) -> Result<(), Error> {
    if found == Found::default() {
        return Ok(());
    }
    let args = [
        text(id),
        int(found.missing),
        int(found.returned),
        int(found.restored),
        int(found.removed),
    ];
    tx.execute_one(COUNT, &args)
}

/// Leaves the sweep until the target has got the patience that it asked for.
pub fn postpone(
    tx: &mut WriteTx<'_>,
    id: SweepId,
    fence: i64,
    until: Timestamp,
) -> Result<(), Error> {
    tx.execute(POSTPONE, &[text(id), int(fence), int(until.micros())])
        .map(drop)
}

/// Gives the sweep back, for anybody to go on with.
pub fn release(tx: &mut WriteTx<'_>, id: SweepId, fence: i64) -> Result<(), Error> {
    tx.execute(RELEASE, &[text(id), int(fence)]).map(drop)
}

/// Ends the sweep; false if the fence is not the newest any more.
pub fn end(
    tx: &mut WriteTx<'_>,
    id: SweepId,
    fence: i64,
    state: State,
    failure: Option<(&str, &str)>,
    now: Timestamp,
) -> Result<bool, Error> {
    let args = [
        text(id),
        int(fence),
        text(state),
        int(now.micros()),
        opt_text(failure.map(|(code, _)| code)),
        opt_text(failure.map(|(_, message)| message)),
    ];
    Ok(tx.execute(END, &args)? > 0)
}

/// Ends a sweep that somebody may be working on; false if it is over.
pub fn cancel(tx: &mut WriteTx<'_>, id: SweepId, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(CANCEL, &[text(id), int(now.micros())])? > 0)
}

fn read(row: &Row<'_>) -> Result<Sweep, Error> {
    Ok(Sweep {
        id: parsed(row, 0, "sweep.id")?,
        target: row.text(1)?.to_owned(),
        state: word(row, 2, "sweep.state", State::from_name)?,
        cause: word(row, 3, "sweep.cause", Cause::from_name)?,
        requested_by: opt_string(row, 4)?,
        requested_at: Timestamp::from_micros(row.int(5)?),
        started_at: row.opt_int(6)?.map(Timestamp::from_micros),
        ended_at: row.opt_int(7)?.map(Timestamp::from_micros),
        failure: opt_string(row, 8)?.zip(opt_string(row, 9)?),
        fence: row.int(10)?,
        missing: row.int(11)?,
        returned: row.int(12)?,
        restored: row.int(13)?,
        removed: row.int(14)?,
        postponed: row.int(15)?,
        objects: row.int(16)?,
        objects_read: row.int(17)?,
        objects_failed: row.int(18)?,
        members: row.int(19)?,
        extras: row.int(20)?,
    })
}

fn read_object(row: &Row<'_>) -> Result<SweepObject, Error> {
    Ok(SweepObject {
        seq: row.int(0)?,
        place: Place {
            origin_system: row.text(1)?.to_owned(),
            resource_origin_id: row.text(2)?.to_owned(),
            role_origin_id: row.text(3)?.to_owned(),
            scope_origin_id: row.text(4)?.to_owned(),
        },
        state: row.text(5)?.to_owned(),
        after_subject_id: row.text(6)?.to_owned(),
        after_member: opt_string(row, 7)?,
        members: row.int(8)?,
        extras: row.int(9)?,
        failure: opt_string(row, 10)?.zip(opt_string(row, 11)?),
        ended_at: row.opt_int(12)?.map(Timestamp::from_micros),
    })
}
