//! What hangs on a package or a policy when somebody wants to delete it: live assignments, open requests, and the past.
//!
//! **Invariant:** nothing here touches a live assignment; whoever deletes asks [`count_live_of_package`] or
//! [`count_live_of_policy`] first, in the same transaction (AS-9).

use domain::id::{AccessPackageId, PolicyId, RequestId};
use domain::subscription::ChangeType;
use domain::time::Timestamp;

use crate::column::parsed;
use crate::value::{Value, int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    COUNT_LIVE_OF_PACKAGE,
    COUNT_LIVE_OF_POLICY,
    OPEN_OF_PACKAGE,
    OPEN_OF_POLICY,
    CANCEL,
    DELETE_REQUESTS_OF_PACKAGE,
    DELETE_ASSIGNMENTS_OF_PACKAGE,
    DELETE_POLICIES_OF_PACKAGE,
    UNLINK_ASSIGNMENTS_OF_POLICY,
    UNLINK_POLICY,
    DELETE_ASSIGNMENTS_OF_POLICY,
];

const COUNT_LIVE_OF_PACKAGE: &str =
    "SELECT count(*) FROM assignment WHERE access_package_id = $1 AND state <> 'expired'";
const COUNT_LIVE_OF_POLICY: &str =
    "SELECT count(*) FROM assignment WHERE assignment_policy_id = $1 AND state <> 'expired'";
const OPEN_OF_PACKAGE: &str = "SELECT id FROM assignment_request WHERE access_package_id = $1 \
    AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering') ORDER BY created_at, id";
const OPEN_OF_POLICY: &str = "SELECT id FROM assignment_request WHERE assignment_policy_id = $1 \
    AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering') ORDER BY created_at, id";
const CANCEL: &str = "UPDATE assignment_request SET state = 'canceled', status = 'Canceled', plan_due = FALSE, \
    completed_at = $2, first_completed_at = COALESCE(first_completed_at, $2), version = version + 1 WHERE id = $1";
const DELETE_REQUESTS_OF_PACKAGE: &str =
    "DELETE FROM assignment_request WHERE access_package_id = $1 RETURNING id";
const DELETE_ASSIGNMENTS_OF_PACKAGE: &str =
    "DELETE FROM assignment WHERE access_package_id = $1 RETURNING id";
const DELETE_POLICIES_OF_PACKAGE: &str =
    "DELETE FROM assignment_policy WHERE access_package_id = $1";
const UNLINK_ASSIGNMENTS_OF_POLICY: &str = "UPDATE assignment_request \
    SET assignment_id = NULL, version = version + 1 \
    WHERE assignment_id IN (SELECT id FROM assignment WHERE assignment_policy_id = $1) RETURNING id";
const UNLINK_POLICY: &str = "UPDATE assignment_request \
    SET assignment_policy_id = NULL, version = version + 1 WHERE assignment_policy_id = $1 RETURNING id";
const DELETE_ASSIGNMENTS_OF_POLICY: &str =
    "DELETE FROM assignment WHERE assignment_policy_id = $1 RETURNING id";

/// How many assignments of a package are not over.
pub fn count_live_of_package(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<i64, Error> {
    tx.query_one(COUNT_LIVE_OF_PACKAGE, &[text(package)])?
        .int(0)
}

/// How many assignments by a policy are not over.
pub fn count_live_of_policy(tx: &mut ReadTx<'_>, policy: PolicyId) -> Result<i64, Error> {
    tx.query_one(COUNT_LIVE_OF_POLICY, &[text(policy)])?.int(0)
}

/// The requests for a package that are not over.
pub fn open_of_package(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<RequestId>, Error> {
    tx.query_map(OPEN_OF_PACKAGE, &[text(package)], |row| {
        parsed(row, 0, "assignment_request.id")
    })
}

/// The requests by a policy that are not over.
pub fn open_of_policy(tx: &mut ReadTx<'_>, policy: PolicyId) -> Result<Vec<RequestId>, Error> {
    tx.query_map(OPEN_OF_POLICY, &[text(policy)], |row| {
        parsed(row, 0, "assignment_request.id")
    })
}

/// Cancels a request whose package or policy goes away (T17, AS-20).
pub fn cancel(tx: &mut WriteTx<'_>, request: RequestId, now: Timestamp) -> Result<(), Error> {
    crate::approval::close(tx, request)?;
    tx.execute_one(CANCEL, &[text(request), int(now.micros())])?;
    crate::assignment_request::note(tx, request, ChangeType::Updated);
    crate::automatic::due::mark_targets(tx, [request])
}

/// Removes the requests, the expired assignments and the policies of a package.
pub fn delete_of_package(tx: &mut WriteTx<'_>, package: AccessPackageId) -> Result<(), Error> {
    let package = text(package);
    write_requests(
        tx,
        DELETE_REQUESTS_OF_PACKAGE,
        &package,
        ChangeType::Deleted,
    )?;
    delete_assignments(tx, DELETE_ASSIGNMENTS_OF_PACKAGE, &package)?;
    tx.execute(DELETE_POLICIES_OF_PACKAGE, &[package])?;
    Ok(())
}

/// Removes the expired assignments by a policy; its requests stay, without their policy.
pub fn forget_policy(tx: &mut WriteTx<'_>, policy: PolicyId) -> Result<(), Error> {
    let policy = text(policy);
    write_requests(
        tx,
        UNLINK_ASSIGNMENTS_OF_POLICY,
        &policy,
        ChangeType::Updated,
    )?;
    write_requests(tx, UNLINK_POLICY, &policy, ChangeType::Updated)?;
    delete_assignments(tx, DELETE_ASSIGNMENTS_OF_POLICY, &policy)
}

/// Runs a statement that answers the requests that it wrote, and tells subscribers of them.
fn write_requests(
    tx: &mut WriteTx<'_>,
    statement: &str,
    of: &Value,
    change: ChangeType,
) -> Result<(), Error> {
    let written = tx.query_map(statement, std::slice::from_ref(of), |row| {
        parsed(row, 0, "assignment_request.id")
    })?;
    for request in written {
        crate::assignment_request::note(tx, request, change);
    }
    Ok(())
}

/// The same for assignments that are deleted.
fn delete_assignments(tx: &mut WriteTx<'_>, statement: &str, of: &Value) -> Result<(), Error> {
    let deleted = tx.query_map(statement, std::slice::from_ref(of), |row| {
        parsed(row, 0, "assignment.id")
    })?;
    for assignment in deleted {
        crate::assignment::note(tx, assignment, ChangeType::Deleted);
    }
    Ok(())
}
