//! Work as rows with leases: claimed in batches, recorded in batches (L5, R28).
//!
//! A lease saves work; correctness comes from idempotent connectors and from recording only under one's own lease.

use domain::id::{GrantId, ObjectId, RequestId, SubjectId};
use domain::ledger::{Observed, Operation};
use domain::time::{Duration, Timestamp};

use crate::column::{opt_parsed, opt_string, parsed, word};
use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    CLAIM,
    CLAIMED,
    SUCCEED,
    DONE,
    PREEXISTING,
    RETRY,
    TRIED,
    GIVE_UP,
    FAILED,
    DOUBT,
    RELEASE,
    EXPIRE,
    RECLAIM,
    DUE_TARGETS,
    NEXT_ATTEMPT,
    NEXT_ATTEMPT_AFTER,
    NEXT_TIMER,
    WAITING,
];

// What somebody waits for is claimed before what a bulk job woke (G10).
const CLAIM: &str = "UPDATE ledger SET phase = 'leased', lease_owner = $3, lease_until = $4, \
    attempts = attempts + 1, version = version + 1 \
    WHERE id IN (SELECT id FROM ledger WHERE phase = 'pending' AND target = $1 AND is_bulk = $6 \
        AND next_attempt_at <= $2 ORDER BY next_attempt_at, id LIMIT $5 SKIP_LOCKED)";
const CLAIMED: &str = "SELECT l.id, l.operation, l.observed, l.attempts, l.origin_system, l.resource_origin_id, \
    l.role_origin_id, l.scope_origin_id, b.address, \
    COALESCE(g.display_name, p.display_name, l.resource_origin_id), \
    s.id, s.object_id, s.subject_type, COALESCE(u.user_principal_name, s.principal_name), \
    COALESCE(u.display_name, sp.display_name, s.display_name, ''), u.given_name, u.surname, \
    COALESCE(u.mail, s.email), COALESCE(u.account_enabled, sp.account_enabled, FALSE), \
    u.id IS NOT NULL AND u.deleted_at IS NOT NULL, u.id IS NOT NULL OR sp.id IS NOT NULL, \
    (SELECT min(rr.display_name) FROM resource_role rr WHERE rr.origin_id = l.role_origin_id \
        AND rr.origin_system = l.origin_system), \
    CASE WHEN l.operation = 'add' AND l.observed = 'absent' AND l.observed_by IN ('sweep', 'directory') \
        THEN l.observed_at END \
    FROM ledger l JOIN subject s ON s.id = l.subject_id \
    LEFT JOIN directory_user u ON u.id = s.object_id \
    LEFT JOIN service_principal sp ON sp.id = s.object_id \
    LEFT JOIN directory_group g ON g.id = l.resource_origin_id \
    LEFT JOIN service_principal p ON p.id = l.resource_origin_id \
    LEFT JOIN target_binding b ON b.object_id = l.resource_origin_id \
    WHERE l.phase = 'leased' AND l.lease_owner = $1 AND l.target = $2 \
    ORDER BY l.resource_origin_id, l.role_origin_id, l.operation, l.id";
const SUCCEED: &str = "UPDATE ledger SET observed = $3, observed_at = $4, observed_by = $5, in_doubt = FALSE, \
    phase = CASE WHEN desired = $6 THEN 'settled' ELSE 'pending' END, \
    operation = CASE WHEN desired = $6 THEN operation WHEN desired THEN 'add' ELSE 'remove' END, \
    attempts = 0, next_attempt_at = CASE WHEN desired = $6 THEN NULL ELSE CAST($4 AS BIGINT) END, \
    lease_owner = NULL, lease_until = NULL, error_code = NULL, error_message = NULL, error_at = NULL, \
    version = version + 1 WHERE id IN EACH($1) AND UNINDEXED(phase) = 'leased' AND lease_owner = $2 RETURNING id";
const DONE: &str = "UPDATE request_delivery SET outcome = 'done', settled_at = $3, attempts = attempts + 1, \
    error_code = NULL, error_message = NULL \
    WHERE outcome = 'pending' AND operation = $2 AND grant_id IN EACH($1)";
const PREEXISTING: &str = "UPDATE ledger SET preexisting = TRUE WHERE id IN EACH($1) AND observed = 'unknown' \
    AND observed_at IS NULL AND in_doubt = FALSE AND UNINDEXED(phase) = 'leased' AND lease_owner = $2";
const RETRY: &str = "UPDATE ledger SET phase = 'pending', \
    operation = CASE WHEN desired THEN 'add' ELSE 'remove' END, \
    observed = CASE WHEN $7 THEN 'unknown' ELSE observed END, in_doubt = in_doubt OR $7, \
    attempts = CASE WHEN operation = CASE WHEN desired THEN 'add' ELSE 'remove' END THEN attempts ELSE 0 END, \
    next_attempt_at = CASE WHEN operation = CASE WHEN desired THEN 'add' ELSE 'remove' END THEN CAST($3 AS BIGINT) ELSE CAST($6 AS BIGINT) END, \
    lease_owner = NULL, lease_until = NULL, error_code = $4, error_message = $5, error_at = $6, \
    version = version + 1 WHERE id = $1 AND UNINDEXED(phase) = 'leased' AND lease_owner = $2";
// RP-37: the units count all attempts, not only the last one.
const TRIED: &str = "UPDATE request_delivery SET attempts = attempts + 1 \
    WHERE outcome = 'pending' AND operation = $2 AND grant_id = $1";
const GIVE_UP: &str = "UPDATE ledger SET \
    phase = CASE WHEN operation = CASE WHEN desired THEN 'add' ELSE 'remove' END THEN 'needsAttention' ELSE 'pending' END, \
    operation = CASE WHEN desired THEN 'add' ELSE 'remove' END, \
    observed = CASE WHEN $6 THEN 'unknown' ELSE observed END, in_doubt = in_doubt OR $6, \
    attempts = CASE WHEN operation = CASE WHEN desired THEN 'add' ELSE 'remove' END THEN attempts ELSE 0 END, \
    next_attempt_at = CASE WHEN operation = CASE WHEN desired THEN 'add' ELSE 'remove' END THEN NULL ELSE CAST($5 AS BIGINT) END, \
    lease_owner = NULL, lease_until = NULL, error_code = $3, error_message = $4, error_at = $5, \
    version = version + 1 WHERE id = $1 AND UNINDEXED(phase) = 'leased' AND lease_owner = $2";
const FAILED: &str = "UPDATE request_delivery SET outcome = 'failed', error_code = $3, error_message = $4, \
    settled_at = $5, attempts = attempts + 1 WHERE outcome = 'pending' AND operation = $2 AND grant_id = $1";
// Whoever has the opposite under a lease by now is left without it, so that their record, too, is no proof any more.
const DOUBT: &str = "UPDATE ledger SET phase = 'pending', observed = 'unknown', in_doubt = TRUE, \
    operation = CASE WHEN desired THEN 'add' ELSE 'remove' END, attempts = 0, next_attempt_at = $4, \
    lease_owner = NULL, lease_until = NULL, version = version + 1 WHERE id IN EACH($1) \
    AND ((phase = 'settled' AND observed <> $2) OR (phase = 'leased' AND operation <> $3))";
const RELEASE: &str = "UPDATE ledger SET phase = 'pending', attempts = attempts - 1, lease_owner = NULL, \
    lease_until = NULL, version = version + 1 WHERE phase = 'leased' AND lease_owner = $1";
// A lease that ends later than any can was made before the clock jumped back.
const EXPIRE: &str = "UPDATE ledger SET phase = 'pending', next_attempt_at = $1, lease_owner = NULL, \
    lease_until = NULL, version = version + 1 WHERE phase = 'leased' AND (lease_until <= $1 OR lease_until > $2)";
const RECLAIM: &str = "UPDATE ledger SET phase = 'pending', next_attempt_at = $1, lease_owner = NULL, \
    lease_until = NULL, version = version + 1 WHERE phase = 'leased'";
/// The targets that have pending work, each found by one step in the index, however much waits for it.
macro_rules! waiting_targets {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE waiting (target) AS (SELECT min(target) FROM ledger WHERE phase = 'pending' ",
            "UNION ALL SELECT (SELECT min(l.target) FROM ledger l WHERE l.phase = 'pending' ",
            "AND l.target > waiting.target) FROM waiting WHERE waiting.target IS NOT NULL), ",
            "lane (is_bulk) AS (SELECT FALSE UNION ALL SELECT TRUE) ",
            $select
        )
    };
}

const DUE_TARGETS: &str = waiting_targets!(
    "SELECT DISTINCT w.target FROM waiting w CROSS JOIN lane WHERE w.target IS NOT NULL \
     AND EXISTS (SELECT 1 FROM ledger l WHERE l.phase = 'pending' AND l.target = w.target \
     AND l.is_bulk = lane.is_bulk AND l.next_attempt_at <= $1) ORDER BY w.target"
);
const NEXT_ATTEMPT: &str = waiting_targets!(
    "SELECT min((SELECT min(l.next_attempt_at) FROM ledger l WHERE l.phase = 'pending' AND l.target = w.target \
     AND l.is_bulk = lane.is_bulk)) FROM waiting w CROSS JOIN lane"
);
const NEXT_ATTEMPT_AFTER: &str =
    "SELECT min(next_attempt_at) FROM ledger WHERE phase = 'pending' AND next_attempt_at > $1";
const NEXT_TIMER: &str = "SELECT min(due) FROM (\
    SELECT min(lease_until) AS due FROM ledger WHERE phase = 'leased' \
    UNION ALL SELECT CAST(0 AS BIGINT) WHERE EXISTS (SELECT 1 FROM ledger WHERE phase = 'leased' AND lease_until > $1) \
    UNION ALL SELECT min(starts_at) FROM assignment_request WHERE state = 'scheduled' \
    UNION ALL SELECT min(expires_at) FROM upload_session WHERE status = 'active' \
    UNION ALL SELECT min(due_at) FROM approval_stage WHERE status = 'InProgress' \
    UNION ALL SELECT min(escalates_at) FROM approval_stage WHERE status = 'InProgress' AND is_escalated = FALSE \
    UNION ALL SELECT min(deadline_at) FROM extension_callout WHERE deadline_at IS NOT NULL \
    UNION ALL SELECT min(lease_until) FROM extension_callout WHERE lease_until IS NOT NULL \
    UNION ALL SELECT min(lease_until) FROM notice WHERE lease_until IS NOT NULL) AS timers";
const WAITING: &str = "SELECT DISTINCT d.request_id FROM request_delivery d \
    JOIN assignment_request r ON r.id = d.request_id \
    WHERE d.grant_id IN EACH($1) AND UNINDEXED(r.state) = 'delivering' AND r.plan_due = FALSE";

/// No lease is longer than this.
pub const LONGEST: Duration = Duration::from_minutes(60);

/// A unit of work under a lease, with all that a connector needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The ledger's row.
    pub id: GrantId,
    /// Grant or take away.
    pub operation: Operation,
    /// What was last seen; if it agrees with the operation, a read comes first.
    pub observed: Observed,
    /// The number of this attempt, from 1.
    pub attempts: i64,
    /// The kind of system.
    pub origin_system: String,
    /// The resource there.
    pub resource_origin_id: String,
    /// The role there.
    pub role_origin_id: String,
    /// The scope there.
    pub scope_origin_id: String,
    /// Where in its target the resource lives, if it is bound to a fixed place.
    pub address: Option<String>,
    /// The resource's name.
    pub resource_display_name: String,
    /// For whom.
    pub subject_id: SubjectId,
    /// Their directory id.
    pub object_id: Option<ObjectId>,
    /// `User` or `ServicePrincipal`.
    pub subject_type: String,
    /// Sign-in name, of a user.
    pub user_principal_name: Option<String>,
    /// Full name.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they are soft-deleted.
    pub deleted: bool,
    /// Whether the directory knows them at all.
    pub known: bool,
    /// The role's name, while a catalog has the role.
    pub role_display_name: Option<String>,
    /// Since when it is known to be missing, if this repairs drift.
    pub drifted_at: Option<Timestamp>,
}

/// Claims due work of a target under a lease that nobody else has, and reads it.
pub fn claim(
    tx: &mut WriteTx<'_>,
    target: &str,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Leased>, Error> {
    let mut claimed = 0;
    for is_bulk in [false, true] {
        let args = [
            value::text(target),
            value::int(now.micros()),
            value::text(owner),
            value::int(until.micros()),
            value::int(limit - claimed),
            value::boolean(is_bulk),
        ];
        claimed += i64::try_from(tx.execute(CLAIM, &args)?).unwrap_or(limit);
        if claimed >= limit {
            break;
        }
    }
    if claimed == 0 {
        return Ok(Vec::new());
    }
    tx.query_map(CLAIMED, &[value::text(owner), value::text(target)], |row| {
        Ok(Leased {
            id: parsed(row, 0, "ledger.id")?,
            operation: word(row, 1, "ledger.operation", Operation::from_name)?,
            observed: word(row, 2, "ledger.observed", Observed::from_name)?,
            attempts: row.int(3)?,
            origin_system: row.text(4)?.to_owned(),
            resource_origin_id: row.text(5)?.to_owned(),
            role_origin_id: row.text(6)?.to_owned(),
            scope_origin_id: row.text(7)?.to_owned(),
            address: opt_string(row, 8)?,
            resource_display_name: row.text(9)?.to_owned(),
            subject_id: parsed(row, 10, "subject.id")?,
            object_id: opt_parsed(row, 11, "subject.object_id")?,
            subject_type: row.text(12)?.to_owned(),
            user_principal_name: opt_string(row, 13)?,
            display_name: row.text(14)?.to_owned(),
            given_name: opt_string(row, 15)?,
            surname: opt_string(row, 16)?,
            mail: opt_string(row, 17)?,
            enabled: row.boolean(18)?,
            deleted: row.boolean(19)?,
            known: row.boolean(20)?,
            role_display_name: opt_string(row, 21)?,
            drifted_at: row.opt_int(22)?.map(Timestamp::from_micros),
        })
    })
}

/// How an observation was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedBy {
    /// The answer to a write showed it.
    Write,
    /// A read showed it.
    Read,
}

impl ObservedBy {
    /// The stored spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// Remembers of grants that were never seen before that their access was there already (AS-3). Before [`succeed`].
pub fn mark_preexisting(
    tx: &mut WriteTx<'_>,
    owner: &str,
    grants: &[GrantId],
) -> Result<(), Error> {
    tx.execute(PREEXISTING, &[value::list(grants), value::text(owner)])
        .map(drop)
}

/// Records that the operation is verified for these grants; answers those that were still under the lease. Where `desired`
/// changed meanwhile, the opposite work is due.
pub fn succeed(
    tx: &mut WriteTx<'_>,
    owner: &str,
    grants: &[GrantId],
    operation: Operation,
    by: ObservedBy,
    now: Timestamp,
) -> Result<Vec<GrantId>, Error> {
    let args = [
        value::list(grants),
        value::text(owner),
        value::text(operation.leads_to().as_str()),
        value::int(now.micros()),
        value::text(by.as_str()),
        value::boolean(operation == Operation::Add),
    ];
    let recorded = tx.query_map(SUCCEED, &args, |row| parsed(row, 0, "ledger.id"))?;
    if !recorded.is_empty() {
        let args = [
            value::list(&recorded),
            value::text(operation.as_str()),
            value::int(now.micros()),
        ];
        tx.execute(DONE, &args)?;
    }
    Ok(recorded)
}

/// A failed attempt of one grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The ledger's row.
    pub grant_id: GrantId,
    /// What was tried.
    pub operation: Operation,
    /// Stable code.
    pub code: String,
    /// A sentence for the operator.
    pub message: String,
    /// Whether the target may have taken the write all the same.
    pub in_doubt: bool,
    /// When to try again; `None`: never.
    pub next_attempt_at: Option<Timestamp>,
}

/// Records a failed attempt: try again later, or leave it to a person and fail what waits for it. Answers whether the grant
/// was still under the lease.
pub fn fail(
    tx: &mut WriteTx<'_>,
    owner: &str,
    failure: &Failure,
    now: Timestamp,
) -> Result<bool, Error> {
    let (code, message) = (value::text(&failure.code), value::text(&failure.message));
    if let Some(next) = failure.next_attempt_at {
        let args = [
            value::text(failure.grant_id),
            value::text(owner),
            value::int(next.micros()),
            code,
            message,
            value::int(now.micros()),
            value::boolean(failure.in_doubt),
        ];
        let recorded = tx.execute(RETRY, &args)? > 0;
        if recorded {
            let args = [
                value::text(failure.grant_id),
                value::text(failure.operation.as_str()),
            ];
            tx.execute(TRIED, &args)?;
        }
        return Ok(recorded);
    }
    let args = [
        value::text(failure.grant_id),
        value::text(owner),
        code.clone(),
        message.clone(),
        value::int(now.micros()),
        value::boolean(failure.in_doubt),
    ];
    let recorded = tx.execute(GIVE_UP, &args)? > 0;
    if recorded {
        let args = [
            value::text(failure.grant_id),
            value::text(failure.operation.as_str()),
            code,
            message,
            value::int(now.micros()),
        ];
        tx.execute(FAILED, &args)?;
    }
    Ok(recorded)
}

/// What a write did whose lease had ended is known to its worker alone, and may have come after what others did and proved
/// since. Where they did the opposite, nothing is certain any more: the target is asked again. Answers for how many.
pub fn doubt(
    tx: &mut WriteTx<'_>,
    grants: &[GrantId],
    operation: Operation,
    now: Timestamp,
) -> Result<usize, Error> {
    let args = [
        value::list(grants),
        value::text(operation.leads_to().as_str()),
        value::text(operation.as_str()),
        value::int(now.micros()),
    ];
    let doubted = tx.execute(DOUBT, &args)?;
    Ok(usize::try_from(doubted).unwrap_or(usize::MAX))
}

/// Gives all work of a lease back untried (orderly stop).
pub fn release(tx: &mut WriteTx<'_>, owner: &str) -> Result<u64, Error> {
    tx.execute(RELEASE, &[value::text(owner)])
}

/// Takes work back whose worker did not answer in time, or whose lease is of a time that is not yet.
pub fn expire(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<u64, Error> {
    let longest = now.plus(LONGEST);
    tx.execute(
        EXPIRE,
        &[value::int(now.micros()), value::int(longest.micros())],
    )
}

/// Takes all claimed work back, whoever claimed it.
pub fn reclaim(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(RECLAIM, &[value::int(now.micros())])
}

/// The targets that have work due.
pub fn due_targets(tx: &mut ReadTx<'_>, now: Timestamp) -> Result<Vec<String>, Error> {
    tx.query_map(DUE_TARGETS, &[value::int(now.micros())], |row| {
        Ok(row.text(0)?.to_owned())
    })
}

/// When the next attempt is due.
pub fn next_attempt(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    Ok(tx
        .query_one(NEXT_ATTEMPT, &[])?
        .opt_int(0)?
        .map(Timestamp::from_micros))
}

/// When the next attempt is due that was not due at `instant` already.
pub fn next_attempt_after(
    tx: &mut ReadTx<'_>,
    instant: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    Ok(tx
        .query_one(NEXT_ATTEMPT_AFTER, &[value::int(instant.micros())])?
        .opt_int(0)?
        .map(Timestamp::from_micros))
}

/// When the next thing is due that only waits for time: the end of a lease, a start, a time-out, an end.
/// A lease that ends later than any can ([`expire`]) is over already.
pub fn next_timer(tx: &mut ReadTx<'_>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let timer = tx
        .query_one(NEXT_TIMER, &[value::int(now.plus(LONGEST).micros())])?
        .opt_int(0)?
        .map(Timestamp::from_micros);
    Ok(match (timer, crate::assignment::next_end(tx)?) {
        (Some(timer), Some(end)) => Some(timer.min(end)),
        (timer, end) => timer.or(end),
    })
}

/// The requests that wait for these grants.
pub fn waiting(tx: &mut ReadTx<'_>, grants: &[GrantId]) -> Result<Vec<RequestId>, Error> {
    tx.query_map(WAITING, &[value::list(grants)], |row| {
        parsed(row, 0, "request_delivery.request_id")
    })
}
