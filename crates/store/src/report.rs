//! What reports are made of: who has a resource, what ends soon, how old drift is, how long deliveries took.
//!
//! **Invariant:** each statement begins at an index and ends at a limit; how much there is in all is told up to a limit only.

use domain::id::{AssignmentId, CatalogId, GrantId};
use domain::time::Timestamp;

use crate::column::parsed;
use crate::value::{int, list, text};
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[
    GRANTS, GRANTS_IN, ENDING, ENDING_IN, ENDINGS, ENDINGS_IN, DRIFTED, DELIVERED,
];

/// Whether one of the assignments behind a grant is of these catalogs.
macro_rules! of_catalogs {
    ($argument:literal) => {
        concat!(
            "AND EXISTS (SELECT 1 FROM ledger_link k JOIN assignment a ON a.id = k.assignment_id ",
            "JOIN access_package p ON p.id = a.access_package_id ",
            "WHERE k.grant_id = l.id AND p.catalog_id IN EACH(",
            $argument,
            ")) "
        )
    };
}

macro_rules! grants {
    ($scope:expr) => {
        concat!(
            "SELECT l.id FROM ledger l WHERE l.origin_system = $1 AND l.resource_origin_id = $2 ",
            "AND (l.role_origin_id, l.scope_origin_id, l.subject_id) > ($3, $4, $5) ",
            "AND (l.desired = TRUE OR l.observed = 'present') ",
            $scope,
            "ORDER BY l.role_origin_id, l.scope_origin_id, l.subject_id LIMIT $6"
        )
    };
}

const GRANTS: &str = grants!("");
const GRANTS_IN: &str = grants!(of_catalogs!("$7"));

/// Whether the package of an assignment is of these catalogs.
macro_rules! in_catalogs {
    ($argument:literal) => {
        concat!(
            "AND EXISTS (SELECT 1 FROM access_package p WHERE p.id = a.access_package_id AND p.catalog_id IN EACH(",
            $argument,
            ")) "
        )
    };
}

macro_rules! ending {
    ($scope:expr) => {
        concat!(
            "SELECT a.id, a.ends_at FROM assignment a WHERE a.ends_at IS NOT NULL AND a.state <> 'expired' ",
            "AND a.ends_at >= $1 AND a.ends_at < $2 AND (a.ends_at, a.id) > ($1, $3) ",
            $scope,
            "ORDER BY a.ends_at, a.id LIMIT $4"
        )
    };
}

const ENDING: &str = ending!("");
const ENDING_IN: &str = ending!(in_catalogs!("$5"));

macro_rules! endings {
    ($scope:expr) => {
        concat!(
            "SELECT count(*) FROM (SELECT 1 FROM assignment a WHERE a.ends_at IS NOT NULL AND a.state <> 'expired' ",
            "AND a.ends_at >= $1 AND a.ends_at < $2 ",
            $scope,
            "LIMIT $3) found"
        )
    };
}

const ENDINGS: &str = endings!("");
const ENDINGS_IN: &str = endings!(in_catalogs!("$4"));

const DRIFTED: &str = "SELECT COALESCE(observed_at, created_at) FROM drifted_grant \
    WHERE ($2 = '' OR target = $2) LIMIT $1";

// What was written for the last requests, and when it was seen to be there. Nothing was written for what was kept.
// The requests first, says `CROSS JOIN` to SQLite, which would read all units otherwise.
const DELIVERED: &str = "SELECT l.target, r.delivering_since, d.settled_at FROM \
    (SELECT id, delivering_since FROM assignment_request ORDER BY created_at DESC, id LIMIT $1) r \
    CROSS JOIN request_delivery d JOIN ledger l ON l.id = d.grant_id \
    WHERE d.request_id = r.id AND d.outcome = 'done' AND d.kept = FALSE AND d.settled_at IS NOT NULL AND r.delivering_since IS NOT NULL \
    LIMIT $2";

/// Where the grants of a resource go on: behind this role, scope and subject; empty texts are before every grant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behind {
    /// The role's id in the target.
    pub role: String,
    /// The scope's id in the target.
    pub scope: String,
    /// The subject's id.
    pub subject: String,
}

/// The grants of a resource that are to be there, or are; of these catalogs, if any are named.
pub fn grants(
    tx: &mut ReadTx<'_>,
    (origin_system, origin_id): (&str, &str),
    behind: &Behind,
    catalogs: Option<&[CatalogId]>,
    limit: i64,
) -> Result<Vec<GrantId>, Error> {
    let mut args = vec![
        text(origin_system),
        text(origin_id),
        text(&behind.role),
        text(&behind.scope),
        text(&behind.subject),
        int(limit),
    ];
    args.extend(catalogs.map(list));
    let sql = if catalogs.is_some() {
        GRANTS_IN
    } else {
        GRANTS
    };
    tx.query_map(sql, &args, |row| parsed(row, 0, "ledger.id"))
}

/// A time from one instant on, until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant behind it.
    pub until: Timestamp,
}

/// The assignments that end within a span, the first to end first, behind one that ends at its first instant; of these
/// catalogs, if any are named.
pub fn ending(
    tx: &mut ReadTx<'_>,
    span: Span,
    behind: Option<AssignmentId>,
    catalogs: Option<&[CatalogId]>,
    limit: i64,
) -> Result<Vec<(AssignmentId, Timestamp)>, Error> {
    let behind = behind.map(|id| id.to_string()).unwrap_or_default();
    let mut args = vec![
        int(span.from.micros()),
        int(span.until.micros()),
        text(behind),
        int(limit),
    ];
    args.extend(catalogs.map(list));
    let sql = if catalogs.is_some() {
        ENDING_IN
    } else {
        ENDING
    };
    tx.query_map(sql, &args, |row| {
        Ok((
            parsed(row, 0, "assignment.id")?,
            Timestamp::from_micros(row.int(1)?),
        ))
    })
}

/// How many assignments end within a span; counted up to `most`.
pub fn count_ending(
    tx: &mut ReadTx<'_>,
    span: Span,
    catalogs: Option<&[CatalogId]>,
    most: i64,
) -> Result<i64, Error> {
    let mut args = vec![int(span.from.micros()), int(span.until.micros()), int(most)];
    args.extend(catalogs.map(list));
    let sql = if catalogs.is_some() {
        ENDINGS_IN
    } else {
        ENDINGS
    };
    tx.query_one(sql, &args)?.int(0)
}

/// Since when it is known of each grant that it has drifted, of a target if one is named; at most so many.
pub fn drifted(
    tx: &mut ReadTx<'_>,
    target: Option<&str>,
    most: i64,
) -> Result<Vec<Timestamp>, Error> {
    let target = target.unwrap_or_default();
    tx.query_map(DRIFTED, &[int(most), text(target)], |row| {
        Ok(Timestamp::from_micros(row.int(0)?))
    })
}

/// A change that was brought to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The target.
    pub target: String,
    /// When it was accepted: sent, and approved where that was needed.
    pub accepted_at: Timestamp,
    /// When it was seen in the target.
    pub verified_at: Timestamp,
}

/// What was brought to targets for the last `requests` requests; at most so many changes.
pub fn delivered(tx: &mut ReadTx<'_>, requests: i64, most: i64) -> Result<Vec<Delivered>, Error> {
    tx.query_map(DELIVERED, &[int(requests), int(most)], |row| {
        Ok(Delivered {
            target: row.text(0)?.to_owned(),
            accepted_at: Timestamp::from_micros(row.int(1)?),
            verified_at: Timestamp::from_micros(row.int(2)?),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Store;
    use crate::engine::tests::Fixture;

    /// How SQLite would run a statement.
    fn plan(store: &Store, sql: &str) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let arguments = (1..=9)
            .filter(|number| sql.contains(&format!("${number}")))
            .map(|number| match number {
                7 => list(["x"]),
                4 | 5 if sql.contains(&format!("EACH(${number})")) => list(["x"]),
                _ => int(1),
            });
        let arguments: Vec<_> = arguments.collect();
        let lines: Result<Vec<String>, Error> = store.read_blocking(move |tx| {
            tx.query_map(&sql, &arguments, |row| Ok(row.text(3)?.to_owned()))
        });
        lines.unwrap().join("; ")
    }

    #[test]
    fn every_report_begins_at_an_index_and_sorts_nothing() {
        let fixture = Fixture::sqlite();
        let store = fixture.open();
        store.migrate(Timestamp::from_micros(0)).unwrap();
        for (sql, index) in [
            (GRANTS, "ledger_object"),
            (GRANTS_IN, "ledger_object"),
            (ENDING, "assignment_ending"),
            (ENDING_IN, "assignment_ending"),
            (ENDINGS, "assignment_ending"),
            (ENDINGS_IN, "assignment_ending"),
            (DRIFTED, "ledger_drifted"),
            (DELIVERED, "assignment_request_order"),
        ] {
            let plan = plan(&store, sql);
            assert!(plan.contains(index), "{sql}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
            assert!(!plan.contains("SCAN ledger;"), "{sql}: {plan}");
        }
    }
}
