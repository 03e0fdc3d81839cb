//! Assignment requests.

use domain::assignment_request::{AssignmentRequest, RequestType, State};
use domain::id::{AccessPackageId, AssignmentId, RequestId, SubjectId};
use domain::subscription::{ChangeType, Followed};
use domain::time::{Duration, Timestamp};

use crate::automatic;
use crate::column::{instant, opt_duration, opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{self, Value};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    FIND_OPEN,
    IN_THE_WAY,
    FIND_OPEN_OF,
    INSERT,
    OPEN_OF_TARGET,
    SAVE,
    DELETE,
    PLAN_DUE,
    STARTING,
    ROLLABLE,
    FIND_ORIGIN,
    FIND_ALL,
    INSERT_ALL,
    MOVE_ALL,
    END_ALL,
    PLANNED,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, request_type, is_extension, access_package_id, assignment_policy_id, assignment_id, ",
            "requestor_id, target_id, created_by, state, status, justification, answers, schedule, starts_at, ",
            "ends_at, lasts_for, bypass_approval, plan_due, failure_code, failure_message, created_at, ",
            "delivering_since, completed_at, first_completed_at, version FROM assignment_request r ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const FIND_OPEN: &str = select!(
    "WHERE target_id = $1 AND access_package_id = $2 AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')"
);
const IN_THE_WAY: &str = "SELECT (SELECT id FROM assignment WHERE target_id = $1 AND access_package_id = $2 \
    AND state IN ('delivering', 'delivered', 'partiallyDelivered') LIMIT 1), \
    (SELECT id FROM assignment_request WHERE target_id = $1 AND access_package_id = $2 \
    AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering') LIMIT 1)";
const FIND_OPEN_OF: &str = select!(
    "WHERE assignment_id = $1 AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')"
);
const OPEN_OF_TARGET: &str = select!(
    "WHERE target_id = $1 AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering') ORDER BY id"
);
const INSERT: &str = "INSERT INTO assignment_request (id, request_type, is_extension, access_package_id, \
    assignment_policy_id, assignment_id, requestor_id, target_id, created_by, state, status, justification, answers, \
    schedule, starts_at, ends_at, lasts_for, bypass_approval, plan_due, failure_code, \
    failure_message, created_at, delivering_since, completed_at, first_completed_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
    $22, $23, $24, $25, $26)";
const SAVE: &str = "UPDATE assignment_request SET assignment_id = $3, state = $4, status = $5, answers = $6, \
    starts_at = $7, ends_at = $8, lasts_for = $9, plan_due = $10, failure_code = $11, failure_message = $12, \
    delivering_since = $13, completed_at = $14, first_completed_at = $15, version = version + 1 \
    WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM assignment_request WHERE id = $1 AND version = $2";
const PLAN_DUE: &str =
    select!("WHERE plan_due = TRUE ORDER BY delivering_since, id LIMIT $1 SKIP_LOCKED");
const STARTING: &str =
    select!("WHERE state = 'scheduled' AND starts_at <= $1 ORDER BY starts_at, id LIMIT $2");
const ROLLABLE: &str = select!(
    "WHERE UNINDEXED(state) = 'delivering' AND plan_due = FALSE AND status <> 'WaitingForCallback' AND id IN EACH($1) AND NOT EXISTS (SELECT 1 FROM request_delivery d WHERE d.request_id = r.id AND d.outcome = 'pending')"
);

const FIND_ORIGIN: &str = "SELECT id FROM assignment_request WHERE assignment_id = $1 \
    AND request_type IN ('userAdd', 'adminAdd', 'systemAdd') ORDER BY created_at, id LIMIT 1";
const FIND_ALL: &str = select!("WHERE id IN EACH($1)");
const INSERT_ALL: &str = "INSERT INTO assignment_request (id, request_type, is_extension, access_package_id, assignment_policy_id, \
    assignment_id, requestor_id, target_id, created_by, state, status, justification, answers, schedule, \
    starts_at, ends_at, lasts_for, bypass_approval, plan_due, failure_code, failure_message, created_at, \
    delivering_since, completed_at, first_completed_at, version) \
    SELECT JSON_OF(e.value) ->> 'a', JSON_OF(e.value) ->> 'b', CAST(JSON_OF(e.value) ->> 'c' AS BOOLEAN), \
    JSON_OF(e.value) ->> 'd', JSON_OF(e.value) ->> 'e', JSON_OF(e.value) ->> 'f', JSON_OF(e.value) ->> 'g', \
    JSON_OF(e.value) ->> 'h', JSON_OF(e.value) ->> 'i', JSON_OF(e.value) ->> 'j', JSON_OF(e.value) ->> 'k', \
    JSON_OF(e.value) ->> 'l', JSON_OF(e.value) ->> 'm', JSON_OF(e.value) ->> 'n', \
    CAST(JSON_OF(e.value) ->> 'o' AS BIGINT), CAST(JSON_OF(e.value) ->> 'p' AS BIGINT), \
    CAST(JSON_OF(e.value) ->> 'q' AS BIGINT), CAST(JSON_OF(e.value) ->> 'r' AS BOOLEAN), \
    CAST(JSON_OF(e.value) ->> 's' AS BOOLEAN), JSON_OF(e.value) ->> 't', JSON_OF(e.value) ->> 'u', \
    CAST(JSON_OF(e.value) ->> 'v' AS BIGINT), CAST(JSON_OF(e.value) ->> 'w' AS BIGINT), \
    CAST(JSON_OF(e.value) ->> 'x' AS BIGINT), CAST(JSON_OF(e.value) ->> 'y' AS BIGINT), \
    CAST(JSON_OF(e.value) ->> 'z' AS BIGINT) FROM OBJECTS($1) e";
// What going back to delivery changes, for many at once.
const MOVE_ALL: &str = "UPDATE assignment_request SET state = JSON_OF(e.value) ->> 's', \
    status = JSON_OF(e.value) ->> 't', plan_due = CAST(JSON_OF(e.value) ->> 'p' AS BOOLEAN), failure_code = NULL, \
    failure_message = NULL, delivering_since = CAST(JSON_OF(e.value) ->> 'd' AS BIGINT), completed_at = NULL, \
    version = version + 1 FROM OBJECTS($1) e \
    WHERE id = JSON_OF(e.value) ->> 'i' AND version = CAST(JSON_OF(e.value) ->> 'v' AS BIGINT)";
// What the end of a delivery changes, for many at once.
const END_ALL: &str = "UPDATE assignment_request SET state = JSON_OF(e.value) ->> 's', \
    status = JSON_OF(e.value) ->> 't', plan_due = FALSE, failure_code = JSON_OF(e.value) ->> 'c', \
    failure_message = JSON_OF(e.value) ->> 'm', completed_at = CAST(JSON_OF(e.value) ->> 'e' AS BIGINT), \
    first_completed_at = CAST(JSON_OF(e.value) ->> 'f' AS BIGINT), version = version + 1 FROM EACH($1) e \
    WHERE id = JSON_OF(e.value) ->> 'i' AND version = CAST(JSON_OF(e.value) ->> 'v' AS BIGINT)";
const PLANNED: &str =
    "UPDATE assignment_request SET plan_due = FALSE, version = version + 1 WHERE id IN EACH($1)";

/// The request that an assignment came from, unless it was deleted.
pub fn find_origin(
    tx: &mut ReadTx<'_>,
    assignment: AssignmentId,
) -> Result<Option<RequestId>, Error> {
    tx.query_opt(FIND_ORIGIN, &[value::text(assignment)])?
        .map(|row| parsed(&row, 0, "assignment_request.id"))
        .transpose()
}

/// The request of this id.
pub fn find(tx: &mut ReadTx<'_>, id: RequestId) -> Result<Option<AssignmentRequest>, Error> {
    tx.query_opt(FIND, &[value::text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The open request of a target for a package (RQ-8: there is at most one).
pub fn find_open(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<Option<AssignmentRequest>, Error> {
    tx.query_opt(FIND_OPEN, &[value::text(target), value::text(package)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// What keeps a target from asking for a package again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InTheWay {
    /// The target has it.
    pub assignment: Option<AssignmentId>,
    /// A request for it is under way.
    pub request: Option<RequestId>,
}

/// Whether the target has the package or is about to get it, in one look.
pub fn in_the_way(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<InTheWay, Error> {
    let row = tx.query_one(IN_THE_WAY, &[value::text(target), value::text(package)])?;
    Ok(InTheWay {
        assignment: opt_parsed(&row, 0, "assignment.id")?,
        request: opt_parsed(&row, 1, "assignment_request.id")?,
    })
}

/// The open request about an assignment.
pub fn find_open_of(
    tx: &mut ReadTx<'_>,
    assignment: AssignmentId,
) -> Result<Option<AssignmentRequest>, Error> {
    tx.query_opt(FIND_OPEN_OF, &[value::text(assignment)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The open requests for a target.
pub fn open_of_target(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
) -> Result<Vec<AssignmentRequest>, Error> {
    tx.query_map(OPEN_OF_TARGET, &[value::text(target)], read)
}

/// Requests whose deliveries are not planned yet, oldest first.
pub fn plan_due(tx: &mut WriteTx<'_>, limit: i64) -> Result<Vec<AssignmentRequest>, Error> {
    tx.query_map(PLAN_DUE, &[value::int(limit)], read)
}

/// Scheduled requests whose start is reached (T11).
pub fn starting(
    tx: &mut ReadTx<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<AssignmentRequest>, Error> {
    tx.query_map(
        STARTING,
        &[value::int(now.micros()), value::int(limit)],
        read,
    )
}

/// Those of these requests that are delivering and have no work left to wait for.
pub fn rollable(
    tx: &mut ReadTx<'_>,
    among: impl IntoIterator<Item = RequestId>,
) -> Result<Vec<AssignmentRequest>, Error> {
    tx.query_map(ROLLABLE, &[value::list(among)], read)
}

/// Stores a new request.
pub fn insert(tx: &mut WriteTx<'_>, request: &AssignmentRequest) -> Result<(), Error> {
    let (failure_code, failure_message) = failure(request);
    tx.execute_one(
        INSERT,
        &[
            value::text(request.id),
            value::text(request.request_type),
            value::boolean(request.is_extension),
            value::text(request.access_package_id),
            value::opt_text(request.assignment_policy_id),
            value::opt_text(request.assignment_id),
            value::text(request.requestor_id),
            value::text(request.target_id),
            value::text(request.created_by),
            value::text(request.state),
            value::text(&request.status),
            value::opt_text(request.justification.as_ref()),
            value::text(&request.answers),
            value::text(&request.schedule),
            value::opt_int(request.starts_at.map(Timestamp::micros)),
            value::opt_int(request.ends_at.map(Timestamp::micros)),
            value::opt_int(request.lasts_for.map(Duration::micros)),
            value::boolean(request.bypass_approval),
            value::boolean(request.plan_due),
            failure_code,
            failure_message,
            value::int(request.created_at.micros()),
            value::opt_int(request.delivering_since.map(Timestamp::micros)),
            value::opt_int(request.completed_at.map(Timestamp::micros)),
            value::opt_int(request.first_completed_at.map(Timestamp::micros)),
            value::int(request.version),
        ],
    )?;
    note(tx, request.id, ChangeType::Created);
    Ok(())
}

/// The requests of these ids.
pub fn find_all(
    tx: &mut ReadTx<'_>,
    ids: impl IntoIterator<Item = RequestId>,
) -> Result<Vec<AssignmentRequest>, Error> {
    tx.query_map(FIND_ALL, &[value::list(ids)], read)
}

/// Stores new requests, all in one statement.
pub fn insert_all(tx: &mut WriteTx<'_>, requests: &[AssignmentRequest]) -> Result<(), Error> {
    let rows = requests.iter().map(|request| {
        serde_json::json!({
            "a": request.id.to_string(),
            "b": request.request_type.as_str(),
            "c": request.is_extension,
            "d": request.access_package_id.to_string(),
            "e": request.assignment_policy_id.map(|id| id.to_string()),
            "f": request.assignment_id.map(|id| id.to_string()),
            "g": request.requestor_id.to_string(),
            "h": request.target_id.to_string(),
            "i": request.created_by.to_string(),
            "j": request.state.as_str(),
            "k": request.status,
            "l": request.justification,
            "m": request.answers,
            "n": request.schedule,
            "o": request.starts_at.map(Timestamp::micros),
            "p": request.ends_at.map(Timestamp::micros),
            "q": request.lasts_for.map(Duration::micros),
            "r": request.bypass_approval,
            "s": request.plan_due,
            "t": request.failure.as_ref().map(|(code, _)| code),
            "u": request.failure.as_ref().map(|(_, message)| message),
            "v": request.created_at.micros(),
            "w": request.delivering_since.map(Timestamp::micros),
            "x": request.completed_at.map(Timestamp::micros),
            "y": request.first_completed_at.map(Timestamp::micros),
            "z": request.version,
        })
    });
    tx.execute(INSERT_ALL, &[value::objects(rows)])?;
    for request in requests {
        note(tx, request.id, ChangeType::Created);
    }
    ended(tx, requests)
}

/// Stores how the deliveries of requests ended, if nobody else changed any of them since it was read.
pub fn end_all(tx: &mut WriteTx<'_>, requests: &[AssignmentRequest]) -> Result<(), Error> {
    if requests.is_empty() {
        return Ok(());
    }
    let rows = requests.iter().map(|request| {
        let failure = request.failure.as_ref();
        serde_json::json!({
            "i": request.id.to_string(),
            "v": request.version,
            "s": request.state.as_str(),
            "t": request.status,
            "c": failure.map(|(code, _)| code),
            "m": failure.map(|(_, message)| message),
            "e": request.completed_at.map(Timestamp::micros),
            "f": request.first_completed_at.map(Timestamp::micros),
        })
    });
    value::all_changed(tx.execute(END_ALL, &[value::list(rows)])?, requests.len())?;
    for request in requests {
        note(tx, request.id, ChangeType::Updated);
    }
    ended(tx, requests)
}

/// What those of these requests held up that are at their end may go on.
fn ended(tx: &mut WriteTx<'_>, requests: &[AssignmentRequest]) -> Result<(), Error> {
    let ended = requests.iter().filter(|one| one.state.is_terminal());
    automatic::due::mark_targets(tx, ended.map(|one| one.id))
}

/// Stores that requests went back to delivery, if nobody else changed any of them since it was read.
pub fn move_all(tx: &mut WriteTx<'_>, requests: &[AssignmentRequest]) -> Result<(), Error> {
    let rows = requests.iter().map(|request| {
        serde_json::json!({
            "i": request.id.to_string(),
            "v": request.version,
            "s": request.state.as_str(),
            "t": request.status,
            "p": request.plan_due,
            "d": request.delivering_since.map(Timestamp::micros),
        })
    });
    value::all_changed(
        tx.execute(MOVE_ALL, &[value::objects(rows)])?,
        requests.len(),
    )?;
    for request in requests {
        note(tx, request.id, ChangeType::Updated);
    }
    Ok(())
}

/// Stores that the deliveries of these requests are planned.
pub fn planned(tx: &mut WriteTx<'_>, requests: &[RequestId]) -> Result<(), Error> {
    tx.execute(PLANNED, &[value::list(requests)]).map(drop)
}

/// Stores what changed, if nobody else changed it since it was read (RQ-14).
pub fn save(tx: &mut WriteTx<'_>, request: &AssignmentRequest) -> Result<(), Error> {
    let (failure_code, failure_message) = failure(request);
    tx.execute_one(
        SAVE,
        &[
            value::text(request.id),
            value::int(request.version),
            value::opt_text(request.assignment_id),
            value::text(request.state),
            value::text(&request.status),
            value::text(&request.answers),
            value::opt_int(request.starts_at.map(Timestamp::micros)),
            value::opt_int(request.ends_at.map(Timestamp::micros)),
            value::opt_int(request.lasts_for.map(Duration::micros)),
            value::boolean(request.plan_due),
            failure_code,
            failure_message,
            value::opt_int(request.delivering_since.map(Timestamp::micros)),
            value::opt_int(request.completed_at.map(Timestamp::micros)),
            value::opt_int(request.first_completed_at.map(Timestamp::micros)),
        ],
    )?;
    note(tx, request.id, ChangeType::Updated);
    if request.state.is_terminal() {
        automatic::due::mark_targets(tx, [request.id])?;
    }
    Ok(())
}

/// Removes a request from all reads (RQ-25).
pub fn delete(tx: &mut WriteTx<'_>, request: &AssignmentRequest) -> Result<(), Error> {
    tx.execute_one(
        DELETE,
        &[value::text(request.id), value::int(request.version)],
    )?;
    note(tx, request.id, ChangeType::Deleted);
    Ok(())
}

/// Every statement that writes what a request shows is followed by this, or subscribers miss it.
pub(crate) fn note(tx: &mut WriteTx<'_>, id: RequestId, change: ChangeType) {
    tx.note_change(Followed::AssignmentRequest, id, change);
}

fn failure(request: &AssignmentRequest) -> (Value, Value) {
    match &request.failure {
        Some((code, message)) => (value::text(code), value::text(message)),
        None => (Value::Null, Value::Null),
    }
}

fn read(row: &Row<'_>) -> Result<AssignmentRequest, Error> {
    let failure = match (opt_string(row, 19)?, opt_string(row, 20)?) {
        (Some(code), message) => Some((code, message.unwrap_or_default())),
        (None, _) => None,
    };
    Ok(AssignmentRequest {
        id: parsed(row, 0, "assignment_request.id")?,
        request_type: word(
            row,
            1,
            "assignment_request.request_type",
            RequestType::from_name,
        )?,
        is_extension: row.boolean(2)?,
        access_package_id: parsed(row, 3, "assignment_request.access_package_id")?,
        assignment_policy_id: opt_parsed(row, 4, "assignment_request.assignment_policy_id")?,
        assignment_id: opt_parsed(row, 5, "assignment_request.assignment_id")?,
        requestor_id: parsed(row, 6, "assignment_request.requestor_id")?,
        target_id: parsed(row, 7, "assignment_request.target_id")?,
        created_by: parsed(row, 8, "assignment_request.created_by")?,
        state: word(row, 9, "assignment_request.state", State::from_name)?,
        status: row.text(10)?.to_owned(),
        justification: opt_string(row, 11)?,
        answers: row.text(12)?.to_owned(),
        schedule: row.text(13)?.to_owned(),
        starts_at: opt_instant(row, 14)?,
        ends_at: opt_instant(row, 15)?,
        lasts_for: opt_duration(row, 16)?,
        bypass_approval: row.boolean(17)?,
        plan_due: row.boolean(18)?,
        failure,
        created_at: instant(row, 21)?,
        delivering_since: opt_instant(row, 22)?,
        completed_at: opt_instant(row, 23)?,
        first_completed_at: opt_instant(row, 24)?,
        version: row.int(25)?,
    })
}
