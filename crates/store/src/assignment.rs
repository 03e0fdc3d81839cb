//! Assignments.

use domain::assignment::{Assignment, State};
use domain::id::{AccessPackageId, AssignmentId, SubjectId};
use domain::subscription::{ChangeType, Followed};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, parsed, word};
use crate::engine::Row;
use crate::value;
use crate::{Error, ReadTx, WriteTx, guest};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_LIVE,
    INSERT,
    SAVE,
    DUE,
    HOLDS,
    CONCERNED,
    NEXT_END,
    UNEXPIRED_OF,
    FIND_ALL,
    MOVE_ALL,
];

/// The assignments that end by themselves (A8): with an end, not over, and with nothing in the way. A removal that failed
/// is not begun again by itself, as its request can be reprocessed.
macro_rules! ends_at_reached {
    ($tail:literal) => {
        concat!(
            "WHERE a.ends_at IS NOT NULL AND a.state <> 'expired' ",
            "AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.target_id = a.target_id ",
            "AND r.access_package_id = a.access_package_id ",
            "AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering') ",
            "AND (r.assignment_id IS NULL OR r.assignment_id <> a.id ",
            "OR (r.state = 'delivering' AND r.request_type <> 'systemUpdate' AND r.status <> 'WaitingForCallback'))) ",
            "AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.assignment_id = a.id ",
            "AND r.request_type IN ('systemRemove', 'adminRemove', 'userRemove', 'approverRemove') ",
            "AND r.state IN ('deliveryFailed', 'partiallyDelivered')) ",
            $tail
        )
    };
}

const NEXT_END: &str = concat!(
    "SELECT min(a.ends_at) FROM assignment a ",
    ends_at_reached!("")
);

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:expr) => {
        concat!(
            "SELECT id, access_package_id, assignment_policy_id, target_id, state, status, schedule, starts_at, ",
            "ends_at, is_extended, expired_at, created_at, modified_at, version FROM assignment a ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const FIND_ALL: &str = select!("WHERE id IN EACH($1)");
// What moving to another state changes, for many at once.
const MOVE_ALL: &str = "UPDATE assignment SET state = JSON_OF(e.value) ->> 's', status = JSON_OF(e.value) ->> 't', \
    expired_at = CAST(JSON_OF(e.value) ->> 'x' AS BIGINT), \
    modified_at = CAST(JSON_OF(e.value) ->> 'm' AS BIGINT), version = version + $2 FROM OBJECTS($1) e \
    WHERE id = JSON_OF(e.value) ->> 'i' AND version = CAST(JSON_OF(e.value) ->> 'v' AS BIGINT)";
const FIND_LIVE: &str = select!(
    "WHERE target_id = $1 AND access_package_id = $2 AND state IN ('delivering', 'delivered', 'partiallyDelivered')"
);
const UNEXPIRED_OF: &str = select!("WHERE target_id = $1 AND state <> 'expired' ORDER BY id");
const INSERT: &str = "INSERT INTO assignment (id, access_package_id, assignment_policy_id, target_id, state, status, \
    schedule, starts_at, ends_at, is_extended, expired_at, created_at, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const SAVE: &str = "UPDATE assignment SET state = $3, status = $4, schedule = $5, starts_at = $6, ends_at = $7, \
    is_extended = $8, expired_at = $9, modified_at = $10, version = version + 1 \
    WHERE id = $1 AND version = $2";
const DUE: &str = select!(ends_at_reached!(
    "AND a.ends_at <= $1 ORDER BY a.ends_at, a.id LIMIT $2"
));

// SD-4: what is live, and what is approved to start later.
const HOLDS: &str = "SELECT 1 FROM assignment WHERE target_id = $1 AND access_package_id = $2 \
    AND state IN ('delivering', 'delivered', 'partiallyDelivered') \
    UNION ALL SELECT 1 FROM assignment_request WHERE target_id = $1 AND access_package_id = $2 \
    AND state = 'scheduled' LIMIT 1";

// Whatever became of it.
const CONCERNED: &str = "SELECT 1 FROM assignment WHERE target_id = $1 AND access_package_id = $2 \
    UNION ALL SELECT 1 FROM assignment_request WHERE target_id = $1 AND access_package_id = $2 LIMIT 1";

/// Whether the target ever had an assignment of the package, or a request for it.
pub fn concerned(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<bool, Error> {
    Ok(tx
        .query_opt(CONCERNED, &[value::text(target), value::text(package)])?
        .is_some())
}

/// Whether the target holds the package, or is about to (SD-4).
pub fn holds(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<bool, Error> {
    Ok(tx
        .query_opt(HOLDS, &[value::text(target), value::text(package)])?
        .is_some())
}

/// The assignment of this id.
pub fn find(tx: &mut ReadTx<'_>, id: AssignmentId) -> Result<Option<Assignment>, Error> {
    tx.query_opt(FIND, &[value::text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The assignments of these ids.
pub fn find_all(
    tx: &mut ReadTx<'_>,
    ids: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<Assignment>, Error> {
    tx.query_map(FIND_ALL, &[value::list(ids)], read)
}

/// The live assignment of a package to a target (OM-3: there is at most one).
pub fn find_live(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<Option<Assignment>, Error> {
    tx.query_opt(FIND_LIVE, &[value::text(target), value::text(package)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Assignments whose end is reached and that nobody is removing yet (A8). A removal that failed is not begun again by
/// itself: its request can be reprocessed.
pub fn due(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Assignment>, Error> {
    tx.query_map(DUE, &[value::int(now.micros()), value::int(limit)], read)
}

/// The assignments of a target that are not over.
pub fn unexpired_of(tx: &mut ReadTx<'_>, target: SubjectId) -> Result<Vec<Assignment>, Error> {
    tx.query_map(UNEXPIRED_OF, &[value::text(target)], read)
}

/// When the next assignment ends by itself.
pub fn next_end(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    opt_instant(&tx.query_one(NEXT_END, &[])?, 0)
}

/// Stores a new assignment.
pub fn insert(tx: &mut WriteTx<'_>, assignment: &Assignment) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            value::text(assignment.id),
            value::text(assignment.access_package_id),
            value::text(assignment.assignment_policy_id),
            value::text(assignment.target_id),
            value::text(assignment.state),
            value::text(&assignment.status),
            value::text(&assignment.schedule),
            value::int(assignment.starts_at.micros()),
            value::opt_int(assignment.ends_at.map(Timestamp::micros)),
            value::boolean(assignment.is_extended),
            value::opt_int(assignment.expired_at.map(Timestamp::micros)),
            value::int(assignment.created_at.micros()),
            value::int(assignment.modified_at.micros()),
            value::int(assignment.version),
        ],
    )?;
    note(tx, assignment.id, ChangeType::Created);
    guest::gained(tx, [assignment.target_id], assignment.created_at)
}

/// Stores what changed, if nobody else changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, assignment: &Assignment) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            value::text(assignment.id),
            value::int(assignment.version),
            value::text(assignment.state),
            value::text(&assignment.status),
            value::text(&assignment.schedule),
            value::int(assignment.starts_at.micros()),
            value::opt_int(assignment.ends_at.map(Timestamp::micros)),
            value::boolean(assignment.is_extended),
            value::opt_int(assignment.expired_at.map(Timestamp::micros)),
            value::int(assignment.modified_at.micros()),
        ],
    )?;
    note(tx, assignment.id, ChangeType::Updated);
    match assignment.state {
        State::Expired => guest::lost(tx, assignment.target_id, assignment.modified_at),
        State::Delivering => guest::gained(tx, [assignment.target_id], assignment.modified_at),
        State::Delivered | State::PartiallyDelivered | State::DeliveryFailed => Ok(()),
    }
}

/// Stores where assignments moved to, if nobody else changed any of them since it was read.
pub fn move_all(tx: &mut WriteTx<'_>, assignments: &[Assignment]) -> Result<(), Error> {
    move_by(tx, assignments, 1)?;
    let (live, over): (Vec<&Assignment>, Vec<&Assignment>) = assignments
        .iter()
        .partition(|one| one.state != State::Expired);
    for one in over {
        guest::lost(tx, one.target_id, one.modified_at)?;
    }
    let begun = |one: &&&Assignment| one.state == State::Delivering;
    match live.iter().find(begun) {
        Some(first) => {
            let targets = live.iter().filter(begun).map(|one| one.target_id);
            guest::gained(tx, targets, first.modified_at)
        }
        None => Ok(()),
    }
}

/// Stores that assignments went to delivery and came back from it delivered, if nobody else changed any of them since it was
/// read.
pub fn enforce_all(tx: &mut WriteTx<'_>, assignments: &[Assignment]) -> Result<(), Error> {
    move_by(tx, assignments, 2)?;
    match assignments.first() {
        Some(first) => {
            let targets = assignments.iter().map(|one| one.target_id);
            guest::gained(tx, targets, first.modified_at)
        }
        None => Ok(()),
    }
}

/// So many moves at once, each of which is a version.
fn move_by(tx: &mut WriteTx<'_>, assignments: &[Assignment], moves: i64) -> Result<(), Error> {
    if assignments.is_empty() {
        return Ok(());
    }
    let rows = assignments.iter().map(|assignment| {
        serde_json::json!({
            "i": assignment.id.to_string(),
            "v": assignment.version,
            "s": assignment.state.as_str(),
            "t": assignment.status,
            "m": assignment.modified_at.micros(),
            "x": assignment.expired_at.map(Timestamp::micros),
        })
    });
    let changed = tx.execute(MOVE_ALL, &[value::objects(rows), value::int(moves)])?;
    value::all_changed(changed, assignments.len())?;
    for assignment in assignments {
        note(tx, assignment.id, ChangeType::Updated);
    }
    Ok(())
}

/// Every statement that writes what an assignment shows is followed by this, or subscribers miss it.
pub(crate) fn note(tx: &mut WriteTx<'_>, id: AssignmentId, change: ChangeType) {
    tx.note_change(Followed::Assignment, id, change);
}

fn read(row: &Row<'_>) -> Result<Assignment, Error> {
    Ok(Assignment {
        id: parsed(row, 0, "assignment.id")?,
        access_package_id: parsed(row, 1, "assignment.access_package_id")?,
        assignment_policy_id: parsed(row, 2, "assignment.assignment_policy_id")?,
        target_id: parsed(row, 3, "assignment.target_id")?,
        state: word(row, 4, "assignment.state", State::from_name)?,
        status: row.text(5)?.to_owned(),
        schedule: row.text(6)?.to_owned(),
        starts_at: instant(row, 7)?,
        ends_at: opt_instant(row, 8)?,
        is_extended: row.boolean(9)?,
        expired_at: opt_instant(row, 10)?,
        created_at: instant(row, 11)?,
        modified_at: instant(row, 12)?,
        version: row.int(13)?,
    })
}
