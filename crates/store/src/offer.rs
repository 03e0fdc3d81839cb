//! Why a package might be for somebody: who of their team has it, and whether they had it before.

use domain::id::{AccessPackageId, ObjectId, SubjectId};
use domain::time::Timestamp;

use crate::column::{instant, opt_string, parsed};
use crate::value::text;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[INSIGHT, HELD, TEAM, PAST, ANSWERS];

const INSIGHT: &str = "SELECT related_people_insight_level FROM control_configuration WHERE object_type = 'endUserSettings'";
const HELD: &str = "SELECT a.access_package_id FROM assignment a JOIN subject s ON s.id = a.target_id \
    WHERE s.object_id = $1 AND a.state IN ('delivering', 'delivered', 'partiallyDelivered') \
    UNION SELECT r.access_package_id FROM assignment_request r JOIN subject s ON s.id = r.target_id \
    WHERE s.object_id = $1 AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')";
// The team: who has the same manager, and that manager.
const TEAM: &str = "SELECT a.access_package_id, u.id, u.display_name FROM directory_user me \
    JOIN directory_user u ON u.manager_id = me.manager_id OR u.id = me.manager_id \
    JOIN subject s ON s.object_id = u.id \
    JOIN assignment a ON a.target_id = s.id \
    WHERE me.id = $1 AND u.id <> me.id AND u.deleted_at IS NULL \
    AND a.state IN ('delivered', 'partiallyDelivered') \
    ORDER BY a.access_package_id, u.display_name, u.id";
const PAST: &str = "SELECT a.access_package_id, count(*), max(a.created_at) FROM assignment a \
    JOIN subject s ON s.id = a.target_id WHERE s.object_id = $1 AND a.state = 'expired' \
    GROUP BY a.access_package_id ORDER BY a.access_package_id";
// What somebody said last about what they hold.
const ANSWERS: &str = "SELECT r.answers FROM assignment_request r \
    JOIN assignment a ON a.id = r.assignment_id \
    WHERE a.target_id = $1 AND a.access_package_id = $2 \
    AND a.state IN ('delivering', 'delivered', 'partiallyDelivered') \
    AND r.state IN ('delivering', 'delivered', 'partiallyDelivered') AND r.answers <> '[]' \
    ORDER BY r.created_at DESC, r.id LIMIT 1";

/// Somebody of the team who has a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The package.
    pub access_package_id: AccessPackageId,
    /// Who it is.
    pub user: ObjectId,
    /// Their name.
    pub display_name: Option<String>,
}

/// How often somebody had a package that they have no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The package.
    pub access_package_id: AccessPackageId,
    /// How often.
    pub times: i64,
    /// When they last got it.
    pub last: Timestamp,
}

/// How much end users are told of each other, as the tenant's settings word it.
pub fn insight_level(tx: &mut ReadTx<'_>) -> Result<Option<String>, Error> {
    match tx.query_opt(INSIGHT, &[])? {
        Some(row) => opt_string(&row, 0),
        None => Ok(None),
    }
}

/// The packages that a user has, or has asked for.
pub fn held(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Vec<AccessPackageId>, Error> {
    tx.query_map(HELD, &[text(user)], |row| {
        parsed(row, 0, "assignment.access_package_id")
    })
}

/// Who of the user's team has which package, package by package.
pub fn team(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Vec<Colleague>, Error> {
    tx.query_map(TEAM, &[text(user)], |row| {
        Ok(Colleague {
            access_package_id: parsed(row, 0, "assignment.access_package_id")?,
            user: parsed(row, 1, "directory_user.id")?,
            display_name: opt_string(row, 2)?,
        })
    })
}

/// What the user had.
pub fn past(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Vec<Past>, Error> {
    tx.query_map(PAST, &[text(user)], |row| {
        Ok(Past {
            access_package_id: parsed(row, 0, "assignment.access_package_id")?,
            times: row.int(1)?,
            last: instant(row, 2)?,
        })
    })
}

/// The answers that a subject gave for the package it holds, as they are stored.
pub fn answers(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<Option<String>, Error> {
    tx.query_opt(ANSWERS, &[text(target), text(package)])?
        .map(|row| Ok(row.text(0)?.to_owned()))
        .transpose()
}
