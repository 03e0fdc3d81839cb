//! What has to be known to judge many reprocess calls at once, and to tell what they would do.

use domain::id::{AccessPackageId, AssignmentId, CatalogId, GrantId, RequestId, SubjectId};
use domain::ledger::Observed;
use domain::time::Timestamp;

use crate::column::{instant, opt_parsed, parsed, word};
use crate::value::list;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[
    OPEN, LIVE, PRESENT, CATALOGS, GRANTS, JUSTIFIED, UNFINISHED, FAILED,
];

const OPEN: &str = "SELECT target_id, access_package_id, id, assignment_id FROM assignment_request \
    WHERE target_id IN EACH($1) AND state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')";
const LIVE: &str = "SELECT target_id, access_package_id, id FROM assignment \
    WHERE target_id IN EACH($1) AND state IN ('delivering', 'delivered', 'partiallyDelivered')";
// EX-4: whoever is known by an address only may come yet.
const PRESENT: &str = "SELECT s.id FROM subject s WHERE s.id IN EACH($1) AND (s.address_key IS NOT NULL \
    OR EXISTS (SELECT 1 FROM directory_user u WHERE u.id = s.object_id AND u.deleted_at IS NULL) \
    OR EXISTS (SELECT 1 FROM directory_group g WHERE g.id = s.object_id) \
    OR EXISTS (SELECT 1 FROM service_principal p WHERE p.id = s.object_id))";
const CATALOGS: &str = "SELECT id, catalog_id FROM access_package WHERE id IN EACH($1)";
const GRANTS: &str = "SELECT id, target, observed FROM ledger WHERE id IN EACH($1)";
const JUSTIFIED: &str = "SELECT k.grant_id, k.assignment_id FROM ledger_link k \
    JOIN assignment a ON a.id = k.assignment_id WHERE k.grant_id IN EACH($1) \
    AND a.state IN ('delivering', 'delivered', 'partiallyDelivered')";
const UNFINISHED: &str = "SELECT DISTINCT r.assignment_id, d.grant_id FROM request_delivery d \
    JOIN assignment_request r ON r.id = d.request_id \
    WHERE r.assignment_id IN EACH($1) AND d.operation = 'remove' AND d.outcome <> 'done'";
const FAILED: &str = "SELECT assignment_id, COALESCE(first_completed_at, completed_at) FROM assignment_request \
    WHERE assignment_id IN EACH($1) AND state IN ('deliveryFailed', 'partiallyDelivered')";

/// When requests about these assignments failed first, wholly or in part.
pub fn failed(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<(AssignmentId, Timestamp)>, Error> {
    tx.query_map(FAILED, &[list(assignments)], |row| {
        Ok((
            parsed(row, 0, "assignment_request.assignment_id")?,
            instant(row, 1)?,
        ))
    })
}

/// An open request: whose, for which package, and of which assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// For whom.
    pub target_id: SubjectId,
    /// The package.
    pub access_package_id: AccessPackageId,
    /// The request.
    pub id: RequestId,
    /// The assignment that it is about.
    pub assignment_id: Option<AssignmentId>,
}

/// The open requests for these targets.
pub fn open(
    tx: &mut ReadTx<'_>,
    targets: impl IntoIterator<Item = SubjectId>,
) -> Result<Vec<Open>, Error> {
    tx.query_map(OPEN, &[list(targets)], |row| {
        Ok(Open {
            target_id: parsed(row, 0, "assignment_request.target_id")?,
            access_package_id: parsed(row, 1, "assignment_request.access_package_id")?,
            id: parsed(row, 2, "assignment_request.id")?,
            assignment_id: opt_parsed(row, 3, "assignment_request.assignment_id")?,
        })
    })
}

/// The live assignments of these targets.
pub fn live(
    tx: &mut ReadTx<'_>,
    targets: impl IntoIterator<Item = SubjectId>,
) -> Result<Vec<(SubjectId, AccessPackageId, AssignmentId)>, Error> {
    tx.query_map(LIVE, &[list(targets)], |row| {
        Ok((
            parsed(row, 0, "assignment.target_id")?,
            parsed(row, 1, "assignment.access_package_id")?,
            parsed(row, 2, "assignment.id")?,
        ))
    })
}

/// Those of these targets that the directory still has, or may have yet.
pub fn present(
    tx: &mut ReadTx<'_>,
    targets: impl IntoIterator<Item = SubjectId>,
) -> Result<Vec<SubjectId>, Error> {
    tx.query_map(PRESENT, &[list(targets)], |row| {
        parsed(row, 0, "subject.id")
    })
}

/// The catalogs of these packages.
pub fn catalogs(
    tx: &mut ReadTx<'_>,
    packages: impl IntoIterator<Item = AccessPackageId>,
) -> Result<Vec<(AccessPackageId, CatalogId)>, Error> {
    tx.query_map(CATALOGS, &[list(packages)], |row| {
        Ok((
            parsed(row, 0, "access_package.id")?,
            parsed(row, 1, "access_package.catalog_id")?,
        ))
    })
}

/// The targets of these grants, and what was last seen of them there.
pub fn grants(
    tx: &mut ReadTx<'_>,
    grants: impl IntoIterator<Item = GrantId>,
) -> Result<Vec<(GrantId, String, Observed)>, Error> {
    tx.query_map(GRANTS, &[list(grants)], |row| {
        Ok((
            parsed(row, 0, "ledger.id")?,
            row.text(1)?.to_owned(),
            word(row, 2, "ledger.observed", Observed::from_name)?,
        ))
    })
}

/// The live assignments that justify these grants.
pub fn justified(
    tx: &mut ReadTx<'_>,
    grants: impl IntoIterator<Item = GrantId>,
) -> Result<Vec<(GrantId, AssignmentId)>, Error> {
    tx.query_map(JUSTIFIED, &[list(grants)], |row| {
        Ok((
            parsed(row, 0, "ledger_link.grant_id")?,
            parsed(row, 1, "ledger_link.assignment_id")?,
        ))
    })
}

/// The grants that no removal from these assignments has brought to its end so far.
pub fn unfinished(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<(AssignmentId, GrantId)>, Error> {
    tx.query_map(UNFINISHED, &[list(assignments)], |row| {
        Ok((
            parsed(row, 0, "assignment_request.assignment_id")?,
            parsed(row, 1, "request_delivery.grant_id")?,
        ))
    })
}
