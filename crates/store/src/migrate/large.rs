//! A database with many rows is brought forward from the oldest schema that is upgraded beside running replicas.

use domain::time::Timestamp;

use super::*;
use crate::engine::tests::on_both;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// The last step of the first release.
const RELEASED: i64 = 23;

/// People, each with an assignment, a request and a grant.
const PEOPLE: i64 = 50_000;

const PARENTS: &str = "INSERT INTO catalog (id, display_name, catalog_type, state, is_externally_visible, created_at, modified_at, version) \
     VALUES ('c', 'C', 'userManaged', 'published', FALSE, 1, 1, 1); \
     INSERT INTO access_package (id, catalog_id, display_name, is_hidden, is_role_scopes_visible, created_at, \
     modified_at, version) VALUES ('p', 'c', 'P', FALSE, TRUE, 1, 1, 1); \
     INSERT INTO assignment_policy (id, access_package_id, display_name, allowed_target_scope, can_extend, settings, \
     created_at, modified_at, version) VALUES ('y', 'p', 'Y', 'allDirectoryUsers', FALSE, '{\"v\":1}', 1, 1, 1)";

/// The rows of a table, one for each of [`PEOPLE`] whose number is `i`.
const ROWS: [(&str, &str); 4] = [
    (
        "subject (id, object_id, subject_type, subject_lifecycle, created_at)",
        "'s' || i, 'o' || i, 'user', 'notGoverned', i",
    ),
    (
        "assignment (id, access_package_id, assignment_policy_id, target_id, state, status, schedule, starts_at, \
         is_extended, created_at, modified_at, version)",
        "'a' || i, 'p', 'y', 's' || i, 'delivered', 'Delivered', 'null', i, FALSE, i, i, 2",
    ),
    (
        "assignment_request (id, request_type, is_extension, access_package_id, assignment_policy_id, assignment_id, \
         requestor_id, target_id, created_by, state, status, answers, schedule, bypass_approval, plan_due, created_at, \
         version)",
        "'r' || i, 'adminAdd', FALSE, 'p', 'y', 'a' || i, 's' || i, 's' || i, 'o' || (i % 7), 'delivered', 'Delivered', \
         '[]', 'null', FALSE, FALSE, i, 3",
    ),
    (
        "ledger (id, subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, observed, \
         preexisting, phase, target, attempts, created_at, version)",
        "'g' || i, 's' || i, 'AadGroup', 'x', 'Member_x', 'x', TRUE, 'present', FALSE, 'settled', 'directory', 0, i, 3",
    ),
];

fn fill(store: &Store) {
    let rows = ROWS.map(|(table, values)| {
        format!(
            "; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE}) \
             INSERT INTO {table} SELECT {values} FROM n"
        )
    });
    let script = format!("{PARENTS}{}", rows.concat());
    let filled: Result<(), Error> = store.write_blocking(move |tx| tx.execute_script(&script));
    filled.unwrap();
}

/// How many rows each table has, and what is in them as far as a sum tells.
fn sums(store: &Store) -> Vec<[i64; 3]> {
    let sums: Result<Vec<[i64; 3]>, Error> = store.read_blocking(|tx| {
        ROWS.iter()
            .map(|(table, _)| {
                let table = table.split(' ').next().unwrap_or_default();
                let sql = format!(
                    "SELECT count(*), CAST(sum(LENGTH(id)) AS BIGINT), CAST(sum(created_at) AS BIGINT) FROM {table}"
                );
                let row = tx.query_one(&sql, &[])?;
                Ok([row.int(0)?, row.int(1)?, row.int(2)?])
            })
            .collect()
    });
    sums.unwrap()
}

#[test]
fn a_database_with_many_rows_keeps_them_all_and_tells_of_each_step() {
    on_both(|store| {
        store.migrate_up_to(RELEASED, NOW).unwrap();
        fill(store);
        let before = sums(store);
        assert_eq!(before[0][0], PEOPLE);
        let mut told = Vec::new();

        let steps = store.migrate_telling(NOW, |step| told.push(step.version));

        let missing = MIGRATIONS.iter().map(|step| step.version);
        let missing: Vec<i64> = missing.filter(|version| *version > RELEASED).collect();
        assert_eq!(told, missing);
        assert_eq!(steps.unwrap(), missing.len());
        assert_eq!(sums(store), before);
        assert!(store.schema_state().unwrap().is_current());
    });
}

#[test]
fn what_a_step_of_a_large_database_sorts_goes_to_files() {
    const WHERE: &str = "PRAGMA temp_store";
    let fixture = crate::engine::tests::Fixture::sqlite();
    let store = fixture.open();
    let asked = |tx: &mut WriteTx<'_>| tx.query_one(WHERE, &[])?.int(0);

    let memory: Result<i64, Error> = store.write_blocking(asked);
    let files: Result<i64, Error> = store.write_large(asked);

    assert_eq!((memory.unwrap(), files.unwrap()), (2, 1));
}

#[test]
fn a_step_that_fails_in_a_large_database_leaves_nothing_behind() {
    let fixture = crate::engine::tests::Fixture::sqlite();
    let store = fixture.open();
    let made: Result<(), Error> =
        store.write_blocking(|tx| tx.execute_script("CREATE TABLE thing (id TEXT)"));
    made.unwrap();

    let failed: Result<(), Error> = store.write_large(|tx| {
        tx.execute_script("INSERT INTO thing VALUES ('a'); INSERT INTO nowhere VALUES (1)")
    });

    assert!(matches!(failed, Err(Error::Driver { .. })), "{failed:?}");
    let left: Result<i64, Error> =
        store.read_blocking(|tx| tx.query_one("SELECT count(*) FROM thing", &[])?.int(0));
    assert_eq!(left.unwrap(), 0);
}
