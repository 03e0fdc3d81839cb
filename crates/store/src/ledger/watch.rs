//! What the ledger says about trouble: drift, work that needs a person, assignments that lost access unasked.

use domain::id::{AssignmentId, GrantId};

use crate::column::parsed;
use crate::value;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[BEREFT, PHASES, DRIFT];

// A5: delivered assignments with a grant that was given up although no open request waits for it.
const BEREFT: &str = "SELECT k.assignment_id, l.id FROM ledger l JOIN ledger_link k ON k.grant_id = l.id \
    JOIN assignment a ON a.id = k.assignment_id \
    WHERE l.id IN EACH($1) AND l.phase = 'needsAttention' AND l.operation = 'add' AND a.state = 'delivered' \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.target_id = a.target_id \
        AND r.access_package_id = a.access_package_id \
        AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')) \
    ORDER BY k.assignment_id, l.id";
const PHASES: &str =
    "SELECT target, phase, count(*) FROM ledger GROUP BY target, phase ORDER BY target, phase";
const DRIFT: &str = "SELECT count(*) FROM ledger WHERE phase = 'settled' AND (\
    (desired = TRUE AND observed <> 'present') OR (desired = FALSE AND observed = 'present'))";

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
    tx.query_map(PHASES, &[], |row| {
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
