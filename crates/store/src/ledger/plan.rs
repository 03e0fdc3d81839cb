//! What is desired: grants, the assignments that justify them, and the work that follows.
//!
//! Every function takes many rows at once (L4): its cost grows with what changed.

use domain::id::{
    AccessPackageId, AssignmentId, GrantId, RequestId, ResourceRoleId, ResourceScopeId, SubjectId,
};
use domain::ledger::{Operation, Tally};
use domain::time::Timestamp;

use crate::column::{opt_parsed, parsed};
use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    WANTED,
    LINKED,
    INSERT,
    INSERT_LINK,
    DELETE_LINK,
    UNLINK,
    DERIVE_DESIRED,
    DESIRED,
    UNSEEN,
    WAKE,
    HURRY,
    AWAIT,
    AWAIT_ALL,
    SEEN,
    SEEN_ALL,
    KEEP,
    UNFINISHED,
    TALLY,
    REPLAN,
    NEXT_REPLAN,
    REPLAN_CHUNK,
    ADVANCE_REPLAN,
    END_REPLAN,
];

const WANTED: &str = "SELECT a.id, a.target_id, res.origin_system, res.origin_id, role.origin_id, scope.origin_id, \
    role.id, scope.id, COALESCE(b.target, 'directory'), l.id \
    FROM assignment a \
    JOIN resource_role_scope rrs ON rrs.access_package_id = a.access_package_id \
    JOIN resource_role role ON role.id = rrs.resource_role_id \
    JOIN resource_scope scope ON scope.id = rrs.resource_scope_id \
    JOIN resource res ON res.id = role.resource_id \
    LEFT JOIN target_binding b ON b.object_id = res.origin_id \
    LEFT JOIN ledger l ON l.subject_id = a.target_id AND l.origin_system = res.origin_system \
        AND l.resource_origin_id = res.origin_id AND l.role_origin_id = role.origin_id \
        AND l.scope_origin_id = scope.origin_id \
    WHERE a.id IN EACH($1) ORDER BY a.id, role.id, scope.id";
const LINKED: &str =
    "SELECT assignment_id, grant_id FROM ledger_link WHERE assignment_id IN EACH($1)";
const INSERT: &str = "INSERT INTO ledger (id, subject_id, origin_system, resource_origin_id, role_origin_id, \
    scope_origin_id, desired, observed, in_doubt, preexisting, phase, target, attempts, created_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, FALSE, 'unknown', FALSE, FALSE, 'settled', $7, 0, $8, 1)";
const INSERT_LINK: &str = "INSERT INTO ledger_link (grant_id, assignment_id, resource_role_id, resource_scope_id) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (assignment_id, grant_id) DO UPDATE \
    SET resource_role_id = excluded.resource_role_id, resource_scope_id = excluded.resource_scope_id";
const DELETE_LINK: &str = "DELETE FROM ledger_link WHERE assignment_id = $1 AND grant_id = $2";
const UNLINK: &str = "DELETE FROM ledger_link WHERE assignment_id = $1";
// LG-4: only assignments that are live justify access; the links of one that is being removed are gone already.
const DERIVE_DESIRED: &str = "UPDATE ledger SET version = version + 1, desired = EXISTS (\
        SELECT 1 FROM ledger_link k JOIN assignment a ON a.id = k.assignment_id \
        WHERE k.grant_id = ledger.id AND a.state IN ('delivering', 'delivered', 'partiallyDelivered')) \
    WHERE id IN EACH($1)";
const UNSEEN: &str = "SELECT id FROM ledger WHERE id IN EACH($1) AND desired = TRUE AND UNINDEXED(phase) = 'settled' \
    AND observed = 'unknown'";
const DESIRED: &str = "SELECT id FROM ledger WHERE desired = TRUE AND id IN EACH($1)";
// A row that is leased is left to its worker, who looks at `desired` again when recording; one that already waits for
// the same operation keeps its place in the retry schedule (RP-32).
const WAKE: &str = "UPDATE ledger SET phase = 'pending', attempts = 0, next_attempt_at = $2, is_bulk = $3, \
    operation = CASE WHEN desired THEN 'add' ELSE 'remove' END, \
    target = COALESCE((SELECT b.target FROM target_binding b WHERE b.object_id = ledger.resource_origin_id), 'directory'), \
    error_code = NULL, error_message = NULL, error_at = NULL, version = version + 1 \
    WHERE id IN EACH($1) AND phase <> 'leased' \
    AND NOT (phase = 'pending' AND operation = CASE WHEN desired THEN 'add' ELSE 'remove' END)";
// Somebody waits now for what a bulk job woke.
const HURRY: &str = "UPDATE ledger SET is_bulk = FALSE WHERE id IN EACH($1) AND UNINDEXED(phase) = 'pending' AND is_bulk = TRUE";
const AWAIT_ALL: &str = "INSERT INTO request_delivery (request_id, grant_id, operation, outcome, kept, attempts) \
    SELECT JSON_OF(e.value) ->> 'r', JSON_OF(e.value) ->> 'g', JSON_OF(e.value) ->> 'o', 'pending', FALSE, 0 \
    FROM OBJECTS($1) e WHERE TRUE ON CONFLICT (request_id, grant_id) DO UPDATE \
    SET operation = excluded.operation, outcome = 'pending', kept = FALSE, error_code = NULL, error_message = NULL, \
    settled_at = NULL";
// What waking a grant, claiming it and reading it at its target leave in the end.
const SEEN: &str = "UPDATE ledger SET observed = 'present', observed_at = $2, observed_by = 'read', in_doubt = FALSE, \
    operation = 'add', is_bulk = TRUE, attempts = 0, next_attempt_at = NULL, error_code = NULL, error_message = NULL, \
    error_at = NULL, version = version + 1 WHERE id IN EACH($1) AND phase = 'settled'";
const SEEN_ALL: &str = "INSERT INTO request_delivery (request_id, grant_id, operation, outcome, kept, attempts, settled_at) \
    SELECT JSON_OF(e.value) ->> 'r', JSON_OF(e.value) ->> 'g', 'add', 'done', FALSE, 1, CAST($2 AS BIGINT) FROM EACH($1) e";
const AWAIT: &str = "INSERT INTO request_delivery (request_id, grant_id, operation, outcome, kept, attempts) \
    VALUES ($1, $2, $3, 'pending', FALSE, 0) ON CONFLICT (request_id, grant_id) DO UPDATE \
    SET operation = excluded.operation, outcome = 'pending', kept = FALSE, error_code = NULL, error_message = NULL, \
    settled_at = NULL";
// LG-1: a removal is done for a request as soon as something else justifies the access; and an addition is, as soon as
// nothing justifies it any more (AS-4), or its request would wait for a delivery that never comes (L9).
const KEEP: &str = "UPDATE request_delivery SET outcome = 'done', kept = TRUE, settled_at = $2 \
    WHERE outcome = 'pending' AND grant_id IN EACH($1) AND EXISTS (SELECT 1 FROM ledger l \
        WHERE l.id = request_delivery.grant_id AND l.desired = (request_delivery.operation = 'remove'))";
// An earlier removal has taken the links; what it could not revoke is known by its units alone.
const UNFINISHED: &str = "SELECT DISTINCT d.grant_id FROM request_delivery d \
    JOIN assignment_request r ON r.id = d.request_id \
    WHERE r.assignment_id = $1 AND d.operation = 'remove' AND d.outcome <> 'done' ORDER BY d.grant_id";
// What was given up and was seen since is done. What was given up and may be there all the same is not nothing: a role that
// was seen and could not be looked at again, or, where an assignment is enforced that was delivered once, one in doubt.
const TALLY: &str = "SELECT u.request_id, \
    SUM(CASE WHEN u.outcome = 'pending' THEN 1 ELSE 0 END), SUM(CASE WHEN u.outcome = 'done' THEN 1 ELSE 0 END), \
    SUM(CASE WHEN u.outcome = 'failed' THEN 1 ELSE 0 END), SUM(CASE WHEN u.outcome = 'there' THEN 1 ELSE 0 END) \
    FROM (SELECT d.request_id, CASE WHEN d.outcome <> 'failed' OR d.operation <> 'add' THEN d.outcome \
        WHEN l.observed = 'present' AND l.phase = 'settled' THEN 'done' \
        WHEN l.observed = 'present' OR (l.in_doubt = TRUE AND r.request_type = 'systemUpdate') THEN 'there' \
        ELSE d.outcome END AS outcome \
        FROM request_delivery d JOIN assignment_request r ON r.id = d.request_id \
        LEFT JOIN ledger l ON l.id = d.grant_id WHERE d.request_id IN EACH($1)) u GROUP BY u.request_id";
const REPLAN: &str = "INSERT INTO package_replan (access_package_id, after_assignment_id, requested_at) \
    VALUES ($1, '', $2) ON CONFLICT (access_package_id) DO UPDATE SET after_assignment_id = ''";
const NEXT_REPLAN: &str = "SELECT access_package_id, after_assignment_id FROM package_replan \
    ORDER BY requested_at, access_package_id LIMIT 1";
// EX-4: whom the directory does not know yet is planned once it does.
const REPLAN_CHUNK: &str = "SELECT a.id FROM assignment a WHERE a.access_package_id = $1 AND a.id > $2 \
    AND a.state IN ('delivering', 'delivered', 'partiallyDelivered') \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.assignment_id = a.id \
        AND r.request_type IN ('systemRemove', 'adminRemove', 'userRemove', 'approverRemove')) \
    AND NOT EXISTS (SELECT 1 FROM subject s WHERE s.id = a.target_id AND s.object_id IS NULL) \
    ORDER BY a.id LIMIT $3";
const ADVANCE_REPLAN: &str =
    "UPDATE package_replan SET after_assignment_id = $2 WHERE access_package_id = $1";
const END_REPLAN: &str = "DELETE FROM package_replan WHERE access_package_id = $1";

/// A grant that an assignment justifies by what its package holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The assignment.
    pub assignment_id: AssignmentId,
    /// Who it is for.
    pub subject_id: SubjectId,
    /// The kind of system.
    pub origin_system: String,
    /// The resource there.
    pub resource_origin_id: String,
    /// The role there.
    pub role_origin_id: String,
    /// The scope there.
    pub scope_origin_id: String,
    /// The role's row.
    pub role_id: ResourceRoleId,
    /// The scope's row.
    pub scope_id: ResourceScopeId,
    /// The target that delivers it.
    pub target: String,
    /// The ledger's row, if there is one already.
    pub grant_id: Option<GrantId>,
}

/// What the packages of these assignments want for them, in one statement.
pub fn wanted(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<Wanted>, Error> {
    tx.query_map(WANTED, &[value::list(assignments)], |row| {
        Ok(Wanted {
            assignment_id: parsed(row, 0, "assignment.id")?,
            subject_id: parsed(row, 1, "assignment.target_id")?,
            origin_system: row.text(2)?.to_owned(),
            resource_origin_id: row.text(3)?.to_owned(),
            role_origin_id: row.text(4)?.to_owned(),
            scope_origin_id: row.text(5)?.to_owned(),
            role_id: parsed(row, 6, "resource_role.id")?,
            scope_id: parsed(row, 7, "resource_scope.id")?,
            target: row.text(8)?.to_owned(),
            grant_id: opt_parsed(row, 9, "ledger.id")?,
        })
    })
}

/// Which grants these assignments are linked to.
pub fn linked(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<(AssignmentId, GrantId)>, Error> {
    tx.query_map(LINKED, &[value::list(assignments)], |row| {
        Ok((
            parsed(row, 0, "ledger_link.assignment_id")?,
            parsed(row, 1, "ledger_link.grant_id")?,
        ))
    })
}

/// Opens a row for a grant that the ledger does not know yet.
pub fn insert(
    tx: &mut WriteTx<'_>,
    id: GrantId,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            value::text(id),
            value::text(wanted.subject_id),
            value::text(&wanted.origin_system),
            value::text(&wanted.resource_origin_id),
            value::text(&wanted.role_origin_id),
            value::text(&wanted.scope_origin_id),
            value::text(&wanted.target),
            value::int(now.micros()),
        ],
    )
}

/// Says that the assignment justifies the grant.
pub fn link(tx: &mut WriteTx<'_>, grant: GrantId, wanted: &Wanted) -> Result<(), Error> {
    let args = [
        value::text(grant),
        value::text(wanted.assignment_id),
        value::text(wanted.role_id),
        value::text(wanted.scope_id),
    ];
    tx.execute(INSERT_LINK, &args).map(drop)
}

/// Says that the assignment no longer justifies the grant.
pub fn unlink(tx: &mut WriteTx<'_>, assignment: AssignmentId, grant: GrantId) -> Result<(), Error> {
    tx.execute(DELETE_LINK, &[value::text(assignment), value::text(grant)])
        .map(drop)
}

/// Says that the assignment justifies nothing any more.
pub fn unlink_all(tx: &mut WriteTx<'_>, assignment: AssignmentId) -> Result<(), Error> {
    tx.execute(UNLINK, &[value::text(assignment)]).map(drop)
}

/// Derives `desired` anew from the links (LG-2).
pub fn derive_desired(tx: &mut WriteTx<'_>, grants: &[GrantId]) -> Result<(), Error> {
    tx.execute(DERIVE_DESIRED, &[value::list(grants)]).map(drop)
}

/// Those of these grants that are desired, that nobody is at, and of which nobody knows whether they are there (AS-17).
pub fn unseen(tx: &mut ReadTx<'_>, grants: &[GrantId]) -> Result<Vec<GrantId>, Error> {
    tx.query_map(UNSEEN, &[value::list(grants)], |row| {
        parsed(row, 0, "ledger.id")
    })
}

/// Those of these grants that are desired.
pub fn desired(tx: &mut ReadTx<'_>, grants: &[GrantId]) -> Result<Vec<GrantId>, Error> {
    tx.query_map(DESIRED, &[value::list(grants)], |row| {
        parsed(row, 0, "ledger.id")
    })
}

/// Who waits for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// Somebody who asked for just this.
    Interactive,
    /// A bulk job: everything else goes first.
    Bulk,
}

/// Makes an attempt due now for each of these grants, towards what is desired. Where that was observed before, the
/// attempt reads first and writes only what is missing.
pub fn wake(
    tx: &mut WriteTx<'_>,
    grants: &[GrantId],
    haste: Haste,
    now: Timestamp,
) -> Result<(), Error> {
    let args = [
        value::list(grants),
        value::int(now.micros()),
        value::boolean(haste == Haste::Bulk),
    ];
    tx.execute(WAKE, &args)?;
    match haste {
        Haste::Interactive => tx.execute(HURRY, &[value::list(grants)]).map(drop),
        Haste::Bulk => Ok(()),
    }
}

/// Makes the request wait for the grant's operation.
pub fn wait_for(
    tx: &mut WriteTx<'_>,
    request: RequestId,
    grant: GrantId,
    operation: Operation,
) -> Result<(), Error> {
    let args = [
        value::text(request),
        value::text(grant),
        value::text(operation.as_str()),
    ];
    tx.execute(AWAIT, &args).map(drop)
}

/// Makes requests wait for operations of grants, all in one statement. No pair of request and grant may be named twice.
pub fn wait_for_all(
    tx: &mut WriteTx<'_>,
    units: impl IntoIterator<Item = (RequestId, GrantId, Operation)>,
) -> Result<(), Error> {
    let rows = units.into_iter().map(|(request, grant, operation)| {
        serde_json::json!({
            "r": request.to_string(),
            "g": grant.to_string(),
            "o": operation.as_str(),
        })
    });
    tx.execute(AWAIT_ALL, &[value::objects(rows)]).map(drop)
}

/// Records that these grants were read where they are and that these requests, which are new, have nothing left to wait
/// for: at once what waking, claiming and recording leave.
pub fn seen(
    tx: &mut WriteTx<'_>,
    units: &[(RequestId, GrantId)],
    now: Timestamp,
) -> Result<(), Error> {
    let grants: std::collections::BTreeSet<GrantId> =
        units.iter().map(|(_, grant)| *grant).collect();
    let now = value::int(now.micros());
    tx.execute(SEEN, &[value::list(&grants), now.clone()])?;
    let rows = units.iter().map(
        |(request, grant)| serde_json::json!({"r": request.to_string(), "g": grant.to_string()}),
    );
    tx.execute(SEEN_ALL, &[value::list(rows), now]).map(drop)
}

/// Ends the waiting for what is not wanted any more: removals of grants that something else still justifies (LG-1), and
/// grants whose role has left the package.
pub fn keep(tx: &mut WriteTx<'_>, grants: &[GrantId], now: Timestamp) -> Result<(), Error> {
    tx.execute(KEEP, &[value::list(grants), value::int(now.micros())])
        .map(drop)
}

/// The grants that no removal from this assignment has brought to its end so far.
pub fn unfinished(tx: &mut ReadTx<'_>, assignment: AssignmentId) -> Result<Vec<GrantId>, Error> {
    tx.query_map(UNFINISHED, &[value::text(assignment)], |row| {
        parsed(row, 0, "request_delivery.grant_id")
    })
}

/// How the units of work of these requests ended; a request without units is not in the answer.
pub fn tally(
    tx: &mut ReadTx<'_>,
    requests: impl IntoIterator<Item = RequestId>,
) -> Result<Vec<(RequestId, Tally)>, Error> {
    tx.query_map(TALLY, &[value::list(requests)], |row| {
        let tally = Tally {
            pending: row.int(1)?,
            done: row.int(2)?,
            failed: row.int(3)?,
            there: row.int(4)?,
        };
        Ok((parsed(row, 0, "request_delivery.request_id")?, tally))
    })
}

/// Remembers that a package's roles changed, so that its live assignments are planned anew (AS-4).
pub fn replan(tx: &mut WriteTx<'_>, package: AccessPackageId, now: Timestamp) -> Result<(), Error> {
    tx.execute(REPLAN, &[value::text(package), value::int(now.micros())])
        .map(drop)
}

/// The next live assignments of a package whose roles changed. The bookmark moves with the transaction; an empty list
/// means that a package is through; `None`, that there is none to do.
pub fn next_replan(tx: &mut WriteTx<'_>, limit: i64) -> Result<Option<Vec<AssignmentId>>, Error> {
    let Some(row) = tx.query_opt(NEXT_REPLAN, &[])? else {
        return Ok(None);
    };
    let package = value::text(row.text(0)?);
    let after = value::text(row.text(1)?);
    let chunk: Vec<AssignmentId> = tx.query_map(
        REPLAN_CHUNK,
        &[package.clone(), after, value::int(limit)],
        |row| parsed(row, 0, "assignment.id"),
    )?;
    match chunk.last() {
        Some(last) => tx.execute(ADVANCE_REPLAN, &[package, value::text(last)])?,
        None => tx.execute(END_REPLAN, &[package])?,
    };
    Ok(Some(chunk))
}
