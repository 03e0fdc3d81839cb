//! What becomes of people from outside: requests that wait until the directory knows them, accounts that go after the last
//! access (EX-3 to EX-8), and users who were deleted.
//!
//! **Invariant:** an account is marked in the transaction in which its access came or went; whoever works the marks off
//! decides by what is true then.

use domain::directory::User;
use domain::id::{AssignmentId, ObjectId, RequestId, SubjectId};
use domain::subject::SubjectLifecycle;
use domain::subscription::ChangeType;
use domain::time::{Duration, Timestamp};

use crate::column::{opt_instant, opt_parsed, parsed, word};
use crate::value::{int, list, opt_int, text};
use crate::{Error, ReadTx, WriteTx, value};

pub(crate) const STATEMENTS: &[&str] = &[
    WAIT,
    STOP_WAITING,
    OVERDUE,
    ARRIVED,
    MOVE_REQUEST,
    MOVE_ASSIGNMENT,
    LOST,
    GAINED,
    TO_LOOK_AT,
    LOOKED,
    ACCOUNT,
    HAS_ACCESS,
    SCHEDULE,
    FORGET,
    DECIDED_BY_OTHERS,
    DUE,
    DELETED_BEFORE,
    NEXT_DUE,
    AWAITS_TARGET,
];

const WAIT: &str = "INSERT INTO guest_wait (request_id, subject_id, ends_at) VALUES ($1, $2, $3) \
    ON CONFLICT (request_id) DO NOTHING";
const STOP_WAITING: &str = "DELETE FROM guest_wait WHERE request_id = $1";
const OVERDUE: &str =
    "SELECT request_id FROM guest_wait WHERE ends_at <= $1 ORDER BY ends_at, request_id LIMIT $2";
const ARRIVED: &str = "UPDATE assignment_request SET plan_due = TRUE, version = version + 1 \
    WHERE state = 'delivering' AND plan_due = FALSE AND id IN (SELECT w.request_id FROM guest_wait w \
    JOIN subject s ON s.id = w.subject_id WHERE s.address_key IN EACH($1))";
const MOVE_REQUEST: &str = "UPDATE assignment_request SET target_id = $2 WHERE id = $1";
const MOVE_ASSIGNMENT: &str = "UPDATE assignment SET target_id = $2 WHERE id = $1";
const LOST: &str = "UPDATE subject SET look_at = $2 WHERE id = $1 AND look_at IS NULL \
    AND subject_lifecycle = 'governed'";
const GAINED: &str = "UPDATE subject SET look_at = $2 WHERE id IN EACH($1) AND look_at IS NULL \
    AND (cleanup_at IS NOT NULL OR blocked_here = TRUE)";
const TO_LOOK_AT: &str = "SELECT id FROM subject WHERE look_at IS NOT NULL AND look_at <= $1 ORDER BY look_at, id LIMIT $2";
const LOOKED: &str = "UPDATE subject SET look_at = NULL WHERE id = $1";
const ACCOUNT: &str = "SELECT object_id, subject_lifecycle, look_at, cleanup_at, blocked_here FROM subject WHERE id = $1";
// OM-3: what is live.
const HAS_ACCESS: &str = "SELECT 1 FROM assignment WHERE target_id = $1 \
    AND state IN ('delivering', 'delivered', 'partiallyDelivered') LIMIT 1";
const SCHEDULE: &str = "UPDATE subject SET cleanup_at = $2, blocked_here = $3 WHERE id = $1";
const FORGET: &str = "UPDATE subject SET cleanup_at = NULL, look_at = NULL WHERE object_id = $1";
const DECIDED_BY_OTHERS: &str =
    "UPDATE subject SET blocked_here = FALSE WHERE object_id = $1 AND blocked_here = TRUE";
const DUE: &str = "SELECT id FROM subject WHERE cleanup_at IS NOT NULL AND cleanup_at <= $1 \
    ORDER BY cleanup_at, id LIMIT $2";
const DELETED_BEFORE: &str = "SELECT id FROM directory_user WHERE deleted_at IS NOT NULL AND deleted_at <= $1 \
    ORDER BY deleted_at, id LIMIT $2";
const NEXT_DUE: &str = "SELECT min(due) FROM (\
    SELECT min(ends_at) AS due FROM guest_wait \
    UNION ALL SELECT min(look_at) FROM subject WHERE look_at IS NOT NULL \
    UNION ALL SELECT min(cleanup_at) FROM subject WHERE cleanup_at IS NOT NULL \
    UNION ALL SELECT min(deleted_at) + CAST($1 AS BIGINT) FROM directory_user WHERE deleted_at IS NOT NULL) AS guests";
const AWAITS_TARGET: &str = "SELECT min(r.delivering_since) FROM request_delivery d \
    JOIN assignment_request r ON r.id = d.request_id JOIN subject s ON s.id = r.target_id \
    JOIN directory_user u ON u.id = s.object_id \
    WHERE d.grant_id = $1 AND d.outcome = 'pending' AND d.operation = 'add' AND LOWER(u.user_type) = 'guest'";

/// Lets a request wait for its target until then; one that waits already goes on as before.
pub fn wait(
    tx: &mut WriteTx<'_>,
    request: RequestId,
    target: SubjectId,
    ends_at: Timestamp,
) -> Result<(), Error> {
    let args = [text(request), text(target), int(ends_at.micros())];
    tx.execute(WAIT, &args).map(drop)
}

/// The request does not wait any more.
pub fn stop_waiting(tx: &mut WriteTx<'_>, request: RequestId) -> Result<(), Error> {
    tx.execute(STOP_WAITING, &[text(request)]).map(drop)
}

/// Requests that waited for their target as long as they may (RP-35).
pub fn overdue(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<RequestId>, Error> {
    tx.query_map(OVERDUE, &[int(now.micros()), int(limit)], |row| {
        parsed(row, 0, "guest_wait.request_id")
    })
}

/// A user is there, or has another address: whatever waits for them is planned again.
pub(crate) fn arrived(tx: &mut WriteTx<'_>, user: &User) -> Result<(), Error> {
    let names = user.mail.iter().chain([&user.user_principal_name]);
    let keys = list(names.map(|name| name.to_lowercase()));
    tx.execute(ARRIVED, &[keys]).map(drop)
}

/// Makes the request, and the assignment that it made, somebody else's: whoever was known by an address is a subject
/// that was known before.
pub fn hand_over(
    tx: &mut WriteTx<'_>,
    request: RequestId,
    assignment: Option<AssignmentId>,
    to: SubjectId,
) -> Result<(), Error> {
    tx.execute_one(MOVE_REQUEST, &[text(request), text(to)])?;
    crate::assignment_request::note(tx, request, ChangeType::Updated);
    if let Some(assignment) = assignment {
        tx.execute_one(MOVE_ASSIGNMENT, &[text(assignment), text(to)])?;
        crate::assignment::note(tx, assignment, ChangeType::Updated);
    }
    Ok(())
}

/// Marks the account of a governed guest who lost an assignment.
pub(crate) fn lost(tx: &mut WriteTx<'_>, subject: SubjectId, now: Timestamp) -> Result<(), Error> {
    tx.execute(LOST, &[text(subject), int(now.micros())])
        .map(drop)
}

/// Marks accounts that were blocked or are to be deleted, and whose holders have access again (EX-8).
pub(crate) fn gained(
    tx: &mut WriteTx<'_>,
    subjects: impl IntoIterator<Item = SubjectId>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(GAINED, &[list(subjects), int(now.micros())])
        .map(drop)
}

/// What is known of the account of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its user.
    pub object_id: Option<ObjectId>,
    /// Whether it is looked after.
    pub lifecycle: SubjectLifecycle,
    /// When access came or went.
    pub look_at: Option<Timestamp>,
    /// When it is deleted.
    pub cleanup_at: Option<Timestamp>,
    /// Whether Reeve blocked its sign-in.
    pub blocked_here: bool,
}

/// The accounts that are marked.
pub fn to_look_at(
    tx: &mut ReadTx<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SubjectId>, Error> {
    tx.query_map(TO_LOOK_AT, &[int(now.micros()), int(limit)], |row| {
        parsed(row, 0, "subject.id")
    })
}

/// Takes the mark off.
pub fn looked(tx: &mut WriteTx<'_>, subject: SubjectId) -> Result<(), Error> {
    tx.execute_one(LOOKED, &[text(subject)])
}

/// The account of a subject.
pub fn account(tx: &mut ReadTx<'_>, subject: SubjectId) -> Result<Option<Account>, Error> {
    let row = tx.query_opt(ACCOUNT, &[text(subject)])?;
    row.map(|row| {
        Ok(Account {
            object_id: opt_parsed(&row, 0, "subject.object_id")?,
            lifecycle: word(
                &row,
                1,
                "subject.subject_lifecycle",
                SubjectLifecycle::from_name,
            )?,
            look_at: opt_instant(&row, 2)?,
            cleanup_at: opt_instant(&row, 3)?,
            blocked_here: row.boolean(4)?,
        })
    })
    .transpose()
}

/// Whether the subject has a live assignment.
pub fn has_access(tx: &mut ReadTx<'_>, subject: SubjectId) -> Result<bool, Error> {
    Ok(tx.query_opt(HAS_ACCESS, &[text(subject)])?.is_some())
}

/// Says when the account is deleted, if ever, and whether Reeve blocked its sign-in.
pub fn schedule(
    tx: &mut WriteTx<'_>,
    subject: SubjectId,
    cleanup_at: Option<Timestamp>,
    blocked_here: bool,
) -> Result<(), Error> {
    let cleanup_at = opt_int(cleanup_at.map(Timestamp::micros));
    tx.execute_one(
        SCHEDULE,
        &[text(subject), cleanup_at, value::boolean(blocked_here)],
    )
}

/// A user was deleted: nothing is left to be done about the account. Whether Reeve blocked its sign-in stays known, for it
/// may be restored.
pub fn forget(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(FORGET, &[text(user)]).map(drop)
}

/// Somebody else said whether the user may sign in, or the user is gone for good: it is not Reeve's block any more.
pub fn decided_by_others(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(DECIDED_BY_OTHERS, &[text(user)]).map(drop)
}

/// The accounts that are to be deleted by now.
pub fn due(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<SubjectId>, Error> {
    tx.query_map(DUE, &[int(now.micros()), int(limit)], |row| {
        parsed(row, 0, "subject.id")
    })
}

/// Users who were deleted until then, and are not restored.
pub fn deleted_before(
    tx: &mut ReadTx<'_>,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(DELETED_BEFORE, &[int(before.micros()), int(limit)], |row| {
        parsed(row, 0, "directory_user.id")
    })
}

/// When something of all this is due, where deleted users can be restored for `restorable`.
pub fn next_due(tx: &mut ReadTx<'_>, restorable: Duration) -> Result<Option<Timestamp>, Error> {
    opt_instant(&tx.query_one(NEXT_DUE, &[int(restorable.micros())])?, 0)
}

/// Since when a guest waits for this grant; `None`, if it is not for a guest or nobody waits (EX-4).
pub fn waits_since(
    tx: &mut ReadTx<'_>,
    grant: domain::id::GrantId,
) -> Result<Option<Timestamp>, Error> {
    opt_instant(&tx.query_one(AWAITS_TARGET, &[text(grant)])?, 0)
}
