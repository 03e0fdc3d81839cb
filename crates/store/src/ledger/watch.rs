//! What the ledger says about trouble: drift, work that needs a person, assignments that lost access unasked.

use domain::id::{AssignmentId, GrantId, RequestId};
use domain::time::Timestamp;

use crate::column::parsed;
use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    BEREFT,
    UNATTENDED,
    PHASES,
    OPEN_PHASES,
    FAILED_FOR,
    DRIFT,
    UNITS_FAILED,
    UNITS_DONE,
    HAVE_DONE,
    MAY_BE_THERE,
    REST,
];

// A5: delivered assignments with a grant that was given up although no open request waits for it.
const BEREFT: &str = "SELECT k.assignment_id, l.id FROM ledger l JOIN ledger_link k ON k.grant_id = l.id \
    JOIN assignment a ON a.id = k.assignment_id \
    WHERE l.id IN EACH($1) AND UNINDEXED(l.phase) = 'needsAttention' AND l.operation = 'add' AND a.state = 'delivered' \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.target_id = a.target_id \
        AND r.access_package_id = a.access_package_id \
        AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')) \
    ORDER BY k.assignment_id, l.id";
// RP-21, AS-2: revocations for the assignment's subject that are not through, and that no request waits for or is left to
// retry.
const UNATTENDED: &str = "SELECT a.id, l.id FROM assignment a JOIN ledger l ON l.subject_id = a.target_id \
    WHERE a.id IN EACH($1) AND l.phase <> 'settled' AND l.operation = 'remove' AND l.desired = FALSE \
    AND NOT EXISTS (SELECT 1 FROM request_delivery d JOIN assignment_request r ON r.id = d.request_id \
        WHERE d.grant_id = l.id AND d.operation = 'remove' \
        AND ((d.outcome = 'pending' AND r.state = 'delivering') \
            OR (d.outcome = 'failed' AND r.state IN ('deliveryFailed', 'partiallyDelivered')))) \
    ORDER BY a.id, l.id";
const PHASES: &str =
    "SELECT target, phase, count(*) FROM ledger GROUP BY target, phase ORDER BY target, phase";
// The same of the few that are not settled, by the indexes that hold no other.
const OPEN_PHASES: &str = "SELECT target, phase, count(*) FROM ledger WHERE phase = 'pending' GROUP BY target, phase \
    UNION ALL SELECT target, phase, count(*) FROM ledger WHERE phase = 'leased' GROUP BY target, phase \
    UNION ALL SELECT target, phase, count(*) FROM ledger WHERE phase = 'needsAttention' GROUP BY target, phase \
    ORDER BY 1, 2";
const FAILED_FOR: &str = "SELECT r.id FROM request_delivery d JOIN assignment_request r ON r.id = d.request_id \
    WHERE d.grant_id = $1 AND d.outcome = 'failed' AND r.state IN ('deliveryFailed', 'partiallyDelivered') \
    ORDER BY r.created_at DESC, r.id DESC LIMIT 1";
const DRIFT: &str = "SELECT count(*) FROM drifted_grant";

const UNITS_FAILED: &str = "UPDATE request_delivery SET outcome = 'failed', settled_at = $3, \
    error_code = (SELECT l.error_code FROM ledger l WHERE l.id = request_delivery.grant_id), \
    error_message = (SELECT l.error_message FROM ledger l WHERE l.id = request_delivery.grant_id) \
    WHERE request_id = $1 AND outcome = 'pending' AND grant_id IN EACH($2)";
// A grant that is still on its way keeps its request waiting.
const UNITS_DONE: &str = "UPDATE request_delivery SET outcome = 'done', kept = TRUE, settled_at = $2 \
    WHERE request_id = $1 AND outcome = 'pending' AND EXISTS (SELECT 1 FROM ledger l \
        WHERE l.id = request_delivery.grant_id AND l.phase = 'settled' AND l.observed = 'present')";

const HAVE_DONE: &str = "SELECT DISTINCT request_id FROM request_delivery \
    WHERE request_id IN EACH($1) AND outcome = 'done'";

// RP-24: of an assignment that was delivered once, what is in doubt may be there as well.
const MAY_BE_THERE: &str = "SELECT 1 FROM ledger_link k JOIN ledger l ON l.id = k.grant_id WHERE k.assignment_id = $1 \
    AND (l.observed = 'present' OR ($2 AND l.in_doubt = TRUE)) LIMIT 1";
const REST: &str = "UPDATE ledger SET phase = 'settled', next_attempt_at = NULL, error_code = NULL, \
    error_message = NULL, error_at = NULL, version = version + 1 \
    WHERE id IN EACH($1) AND UNINDEXED(phase) = 'needsAttention' AND desired = TRUE AND observed = 'present'";

/// Whether anything that the assignment is linked to was last seen in its target, or, if `counts_doubt`, may be there.
pub fn may_be_there(
    tx: &mut ReadTx<'_>,
    assignment: AssignmentId,
    counts_doubt: bool,
) -> Result<bool, Error> {
    let args = [value::text(assignment), value::boolean(counts_doubt)];
    Ok(tx.query_opt(MAY_BE_THERE, &args)?.is_some())
}

/// Nobody waits any more for a new look at those of these grants that are there as far as is known.
pub fn rest(tx: &mut WriteTx<'_>, grants: &[GrantId]) -> Result<(), Error> {
    tx.execute(REST, &[value::list(grants)]).map(drop)
}

/// The revocations for the subjects of these assignments, such as those of roles that left a package, that are on their way
/// or were given up, unless a request waits for them or is there to retry them.
pub fn unattended(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<(AssignmentId, GrantId)>, Error> {
    tx.query_map(UNATTENDED, &[value::list(assignments)], |row| {
        Ok((
            parsed(row, 0, "assignment.id")?,
            parsed(row, 1, "ledger.id")?,
        ))
    })
}

/// Those of these requests of which any unit of work is done.
pub fn with_done_units(
    tx: &mut ReadTx<'_>,
    requests: impl IntoIterator<Item = RequestId>,
) -> Result<Vec<RequestId>, Error> {
    tx.query_map(HAVE_DONE, &[value::list(requests)], |row| {
        parsed(row, 0, "request_delivery.request_id")
    })
}

/// Brings the units of a request that came afterwards to where the ledger stands: these are given up, those that are
/// settled are done.
pub fn settle_units(
    tx: &mut WriteTx<'_>,
    request: RequestId,
    given_up: &[GrantId],
    now: Timestamp,
) -> Result<(), Error> {
    let (request, now) = (value::text(request), value::int(now.micros()));
    tx.execute(
        UNITS_FAILED,
        &[request.clone(), value::list(given_up), now.clone()],
    )?;
    tx.execute(UNITS_DONE, &[request, now]).map(drop)
}

/// Delivered assignments among those that rest on these grants, with the grants they have lost for good.
pub fn bereft(
    tx: &mut ReadTx<'_>,
    grants: &[GrantId],
) -> Result<Vec<(AssignmentId, GrantId)>, Error> {
    tx.query_map(BEREFT, &[value::list(grants)], |row| {
        Ok((
            parsed(row, 0, "ledger_link.assignment_id")?,
            parsed(row, 1, "ledger.id")?,
        ))
    })
}

/// How many rows of each target are in each phase.
pub fn phases(tx: &mut ReadTx<'_>) -> Result<Vec<(String, String, i64)>, Error> {
    counted(tx, PHASES)
}

/// The same without those that are settled, which are nearly all.
pub fn open_phases(tx: &mut ReadTx<'_>) -> Result<Vec<(String, String, i64)>, Error> {
    counted(tx, OPEN_PHASES)
}

/// The newest request that failed, at least in part, because of this grant.
pub fn failed_for(tx: &mut ReadTx<'_>, grant: GrantId) -> Result<Option<RequestId>, Error> {
    let found = tx.query_map(FAILED_FOR, &[value::text(grant)], |row| {
        parsed(row, 0, "assignment_request.id")
    })?;
    Ok(found.into_iter().next())
}

fn counted(
    tx: &mut ReadTx<'_>,
    statement: &'static str,
) -> Result<Vec<(String, String, i64)>, Error> {
    tx.query_map(statement, &[], |row| {
        Ok((
            row.text(0)?.to_owned(),
            row.text(1)?.to_owned(),
            row.int(2)?,
        ))
    })
}

/// How many grants have drifted (L8).
pub fn drifted(tx: &mut ReadTx<'_>) -> Result<i64, Error> {
    tx.query_one(DRIFT, &[])?.int(0)
}
