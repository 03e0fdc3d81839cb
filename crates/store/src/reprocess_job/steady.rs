//! What the built-in directory shows of assignments, asked for many at once: the directory is in the same database.

use domain::id::{AccessPackageId, AssignmentId, GrantId, SubjectId};
use domain::time::Timestamp;

use crate::column::parsed;
use crate::value::{int, list};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[STANDING, STEADY, SEEN];

/// What a look of the engine at the built-in directory would find, and under the conditions under which it would look: a
/// grant `l` that nobody is at, of somebody (`s`) whom the directory has, to a resource that is bound to no other target.
macro_rules! is_there {
    () => {
        "l.target = 'directory' AND l.phase = 'settled' AND l.desired = TRUE AND l.observed = 'present' \
        AND NOT EXISTS (SELECT 1 FROM target_binding b WHERE b.object_id = l.resource_origin_id) \
        AND (EXISTS (SELECT 1 FROM directory_user u WHERE u.id = s.object_id AND u.deleted_at IS NULL) \
            OR EXISTS (SELECT 1 FROM service_principal p WHERE p.id = s.object_id)) \
        AND CASE WHEN l.origin_system = 'AadApplication' THEN EXISTS (SELECT 1 FROM app_role_assignment h \
                WHERE h.resource_id = l.resource_origin_id AND h.app_role_id = l.role_origin_id \
                AND h.principal_id = s.object_id) \
            WHEN l.origin_system <> 'AadGroup' THEN FALSE \
            WHEN SUBSTR(l.role_origin_id, 1, 7) = 'Member_' THEN EXISTS (SELECT 1 FROM group_member m \
                WHERE m.group_id = l.resource_origin_id AND m.member_id = s.object_id) \
            WHEN SUBSTR(l.role_origin_id, 1, 6) = 'Owner_' THEN EXISTS (SELECT 1 FROM group_owner o \
                WHERE o.group_id = l.resource_origin_id AND o.owner_id = s.object_id) \
            ELSE FALSE END "
    };
}

const STANDING: &str = concat!(
    "SELECT k.assignment_id, l.id FROM ledger_link k JOIN ledger l ON l.id = k.grant_id \
    JOIN subject s ON s.id = l.subject_id WHERE k.assignment_id IN EACH($1) AND ",
    is_there!()
);
// Each role of the package has its link, each link its role, and each grant behind them is there; nothing about the
// assignment is open, waits for an extension or writes attributes, and no removal that nobody waits for is under way.
const STEADY: &str = concat!(
    "SELECT a.id, a.access_package_id, a.target_id, count(*) FROM assignment a \
    JOIN subject s ON s.id = a.target_id \
    JOIN resource_role_scope p ON p.access_package_id = a.access_package_id \
    LEFT JOIN ledger_link k ON k.assignment_id = a.id AND k.resource_role_id = p.resource_role_id \
        AND k.resource_scope_id = p.resource_scope_id \
    LEFT JOIN ledger l ON l.id = k.grant_id AND l.subject_id = a.target_id AND ",
    is_there!(),
    "AND NOT EXISTS (SELECT 1 FROM resource_role o JOIN resource t ON t.id = o.resource_id \
        WHERE o.id = p.resource_role_id AND t.attributes LIKE '%accessPackageUserDirectoryAttributeStore%') \
    WHERE a.id IN EACH($1) AND a.state = 'delivered' AND (a.ends_at IS NULL OR a.ends_at > $2) \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.target_id = a.target_id \
        AND r.access_package_id = a.access_package_id \
        AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')) \
    AND NOT EXISTS (SELECT 1 FROM ledger g WHERE g.subject_id = a.target_id AND g.phase <> 'settled' \
        AND g.operation = 'remove') \
    AND NOT EXISTS (SELECT 1 FROM user_attribute_write w WHERE w.assignment_id = a.id) \
    AND a.assignment_policy_id NOT IN (SELECT e.policy_id FROM extension_stage_setting e \
        WHERE e.stage IN ('assignmentRequestGranted', 'assignmentRequestRemoved')) \
    GROUP BY a.id HAVING count(*) = count(l.id) \
    AND count(*) = (SELECT count(*) FROM ledger_link n WHERE n.assignment_id = a.id) ORDER BY a.id"
);
const SEEN: &str = "UPDATE ledger SET observed_at = $2, observed_by = 'read', in_doubt = FALSE, version = version + 1 \
    WHERE id IN (SELECT grant_id FROM ledger_link WHERE assignment_id IN EACH($1)) AND phase = 'settled'";

/// The grants of these assignments that the built-in directory shows to be there, while nobody is at them.
pub fn standing(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<(AssignmentId, GrantId)>, Error> {
    tx.query_map(STANDING, &[list(assignments)], |row| {
        Ok((
            parsed(row, 0, "ledger_link.assignment_id")?,
            parsed(row, 1, "ledger.id")?,
        ))
    })
}

/// An assignment that is found as it shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    /// The assignment.
    pub id: AssignmentId,
    /// Its package.
    pub access_package_id: AccessPackageId,
    /// Whose it is.
    pub target_id: SubjectId,
    /// How many grants it has.
    pub grants: i64,
}

/// Those of these objects that are delivered assignments with nothing to be done, judged by the ledger and by the built-in
/// directory alone.
pub fn steady<'i>(
    tx: &mut ReadTx<'_>,
    objects: impl IntoIterator<Item = &'i String>,
    now: Timestamp,
) -> Result<Vec<Steady>, Error> {
    tx.query_map(STEADY, &[list(objects), int(now.micros())], |row| {
        Ok(Steady {
            id: parsed(row, 0, "assignment.id")?,
            access_package_id: parsed(row, 1, "assignment.access_package_id")?,
            target_id: parsed(row, 2, "assignment.target_id")?,
            grants: row.int(3)?,
        })
    })
}

/// Records that the grants of these assignments were read where they are, and are there.
pub fn seen(
    tx: &mut WriteTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
    now: Timestamp,
) -> Result<(), Error> {
    let args = [list(assignments), int(now.micros())];
    tx.execute(SEEN, &args).map(drop)
}
