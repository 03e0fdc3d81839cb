//! What a change of a package's roles would mean for whoever holds it (AS-4).
//!
//! **Invariant:** an assignment counts here if planning would look at it when the package changes.

use domain::access_package::RoleScopeId;
use domain::id::{AccessPackageId, AssignmentId};

use crate::column::{opt_string, parsed};
use crate::value::{int, text};
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[HELD, TALLY, PEOPLE];

/// The assignments that follow when their package changes.
macro_rules! live {
    () => {
        concat!(
            "a.access_package_id = $1 AND a.state IN ('delivering', 'delivered', 'partiallyDelivered') ",
            "AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.assignment_id = a.id ",
            "AND r.request_type IN ('systemRemove', 'adminRemove', 'userRemove', 'approverRemove')) ",
            "AND NOT EXISTS (SELECT 1 FROM subject u WHERE u.id = a.target_id AND u.object_id IS NULL) "
        )
    };
}

/// Whether another live assignment gives the same role in the same scope (LG-1).
macro_rules! elsewhere {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM ledger l JOIN ledger_link k ON k.grant_id = l.id ",
            "JOIN assignment b ON b.id = k.assignment_id ",
            "WHERE l.subject_id = a.target_id AND l.origin_system = res.origin_system ",
            "AND l.resource_origin_id = res.origin_id AND l.role_origin_id = role.origin_id ",
            "AND l.scope_origin_id = scope.origin_id AND b.id <> a.id ",
            "AND b.state IN ('delivering', 'delivered', 'partiallyDelivered'))"
        )
    };
}

const HELD: &str = concat!("SELECT count(*) FROM assignment a WHERE ", live!());
const TALLY: &str = concat!(
    "SELECT res.display_name, role.display_name, COALESCE(t.target, 'directory'), ",
    "(SELECT count(*) FROM assignment a WHERE ",
    live!(),
    "AND ",
    elsewhere!(),
    ") FROM resource_role role JOIN resource res ON res.id = role.resource_id ",
    "JOIN resource_scope scope ON scope.id = $3 AND scope.resource_id = res.id ",
    "LEFT JOIN target_binding t ON t.object_id = res.origin_id WHERE role.id = $2"
);
const PEOPLE: &str = concat!(
    "SELECT a.id, s.display_name, s.principal_name, ",
    elsewhere!(),
    " FROM assignment a JOIN subject s ON s.id = a.target_id ",
    "JOIN resource_role role ON role.id = $2 JOIN resource res ON res.id = role.resource_id ",
    "JOIN resource_scope scope ON scope.id = $3 WHERE ",
    live!(),
    "AND a.id > $4 ORDER BY a.id LIMIT $5"
);

/// How many assignments follow when the package changes.
pub fn held(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<i64, Error> {
    tx.query_one(HELD, &[text(package)])?.int(0)
}

/// A role that would come or go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The resource's name.
    pub resource: String,
    /// The role's name.
    pub role: String,
    /// The target that delivers it.
    pub target: String,
    /// How many holders have it through something else as well, so that nothing changes for them.
    pub elsewhere: i64,
}

/// What it would mean if this role came into the package, or left it; `None` if there is no such role.
pub fn tally(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    id: RoleScopeId,
) -> Result<Option<Tally>, Error> {
    let found = tx.query_opt(TALLY, &[text(package), text(id.role), text(id.scope)])?;
    found
        .map(|row| {
            Ok(Tally {
                resource: row.text(0)?.to_owned(),
                role: row.text(1)?.to_owned(),
                target: row.text(2)?.to_owned(),
                elsewhere: row.int(3)?,
            })
        })
        .transpose()
}

/// Somebody who holds the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// By which assignment.
    pub assignment: AssignmentId,
    /// Their name.
    pub name: Option<String>,
    /// What they sign in with.
    pub principal_name: Option<String>,
    /// Whether they have the role through something else as well.
    pub is_elsewhere: bool,
}

/// Those who hold the package, behind one of them, and how they stand to the role.
pub fn people(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    id: RoleScopeId,
    after: Option<AssignmentId>,
    limit: i64,
) -> Result<Vec<Holder>, Error> {
    let values = [
        text(package),
        text(id.role),
        text(id.scope),
        text(after.map(|id| id.to_string()).unwrap_or_default()),
        int(limit),
    ];
    tx.query_map(PEOPLE, &values, |row| {
        Ok(Holder {
            assignment: parsed(row, 0, "assignment.id")?,
            name: opt_string(row, 1)?,
            principal_name: opt_string(row, 2)?,
            is_elsewhere: row.boolean(3)?,
        })
    })
}
