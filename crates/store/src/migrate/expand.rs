//! Replicas are replaced one after the other while the schema moves on: a step only adds, and what an older program asks
//! goes on to work.

use std::sync::atomic::{AtomicBool, Ordering};

use super::tests::NOW;
use super::*;
use crate::engine::tests::on_both;
use crate::statements;

/// Steps up to this one were applied before the first replicas were.
const FIRST_RELEASE: i64 = 23;

/// What takes something away from programs that are still at work, as it stands in a step.
const TAKES_AWAY: &[&str] = &[
    "DROP TABLE",
    "DROP COLUMN",
    "RENAME",
    "SET NOT NULL",
    "ALTER COLUMN",
    "DROP DEFAULT",
];
/// A step that has to says so, with the release that stopped using what it takes: the programs before it have been
/// replaced.
const EXCUSE: &str = "-- contract: unused since";

#[test]
fn a_step_takes_nothing_away_that_programs_of_the_last_release_use() {
    for step in MIGRATIONS
        .iter()
        .filter(|step| step.version > FIRST_RELEASE)
    {
        for sql in [step.sql.sqlite, step.sql.postgres] {
            let flaw = flaw(sql);
            assert_eq!(flaw, None, "step {} (`{}`)", step.version, step.name);
        }
    }
    assert_eq!(flaw("ALTER TABLE t ADD COLUMN c TEXT"), None);
    assert_eq!(
        flaw("ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT ''"),
        None
    );
    assert_eq!(flaw("DROP INDEX i; CREATE INDEX i ON t (c)"), None);
    assert!(flaw("ALTER TABLE t ADD COLUMN c TEXT NOT NULL").is_some());
    assert!(flaw("alter table t rename column a to b").is_some());
    assert!(flaw("DROP VIEW v").is_some());
    assert_eq!(flaw("DROP VIEW v; CREATE VIEW v AS SELECT 1"), None);
    assert_eq!(flaw("-- contract: unused since 0.2\nDROP TABLE t"), None);
}

/// What of a step takes something away without an excuse.
fn flaw(sql: &str) -> Option<String> {
    if sql.contains(EXCUSE) {
        return None;
    }
    let statements = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let text = statements.collect::<Vec<_>>().join(" ").to_uppercase();
    if let Some(found) = TAKES_AWAY.iter().find(|found| text.contains(**found)) {
        return Some((*found).to_owned());
    }
    let is_made_again = |name: &str| text.contains(&format!("CREATE VIEW {name}"));
    for statement in text.split(';').map(str::trim) {
        if statement.contains("ADD COLUMN")
            && statement.contains("NOT NULL")
            && !statement.contains("DEFAULT")
        {
            return Some("a new column that older programs do not fill".to_owned());
        }
        let dropped = statement.strip_prefix("DROP VIEW ");
        if let Some(name) = dropped.filter(|name| !is_made_again(name)) {
            return Some(format!("DROP VIEW {name}"));
        }
    }
    None
}

#[test]
fn a_program_at_work_goes_on_while_a_newer_one_brings_the_schema_forward() {
    const ADDS: &str = "ALTER TABLE catalog ADD COLUMN flavour TEXT; \
        CREATE INDEX catalog_flavour ON catalog (flavour); \
        CREATE TABLE flavour (id TEXT NOT NULL PRIMARY KEY); INSERT INTO flavour (id) VALUES ('sweet')";
    let mut newer = MIGRATIONS.to_vec();
    newer.push(Migration {
        version: newer.last().map_or(1, |step| step.version + 1),
        name: "flavour",
        sql: Sql {
            sqlite: ADDS,
            postgres: ADDS,
        },
    });
    // The program holds its steps for as long as it lives.
    let newer: &'static [Migration] = Box::leak(newer.into());
    on_both(|store| {
        store.migrate(NOW).unwrap();
        assert!(store.schema_serves().unwrap());
        let migrated = AtomicBool::new(false);

        std::thread::scope(|scope| {
            let working = scope.spawn(|| {
                let mut turns = 0;
                // Some turns before, some beside, and some after the step.
                let mut left = 20;
                while left > 0 {
                    work(store).unwrap();
                    turns += 1;
                    left -= usize::from(migrated.load(Ordering::Relaxed));
                }
                turns
            });
            work(store).unwrap();
            assert_eq!(store.migrate_to(newer, NOW, |_| {}).unwrap(), 1);
            migrated.store(true, Ordering::Relaxed);
            assert!(working.join().unwrap() >= 20);
        });

        assert!(store.schema_serves().unwrap(), "it may stay at work");
        assert!(
            store.check_statements().unwrap() > 0,
            "and knows what it asks"
        );
        assert_eq!(statements::all().count(), store.check_statements().unwrap());
        // It would not start any more, nor take the schema further.
        assert!(matches!(
            store.schema_state(),
            Err(Error::SchemaUnknown { .. })
        ));
        assert!(store.migrate(NOW).is_err());
    });
}

#[test]
fn a_program_whose_own_steps_are_not_there_does_not_stay_at_work() {
    on_both(|store| {
        let (all, fewer) = (
            MIGRATIONS,
            MIGRATIONS.split_last().map_or(MIGRATIONS, |(_, rest)| rest),
        );
        store.migrate_to(fewer, NOW, |_| {}).unwrap();

        assert!(store.schema_serves_of(fewer).unwrap());
        assert!(!store.schema_serves_of(all).unwrap());
    });
}

/// Reads and writes a table that the step changes, by statements that stay prepared.
fn work(store: &Store) -> Result<(), Error> {
    store.write_blocking(|tx| {
        let statement = "UPDATE catalog SET version = version + 1 WHERE id = $1";
        tx.execute(statement, &[text("nobody")]).map(drop)
    })?;
    store.read_blocking(|tx| {
        let statement = "SELECT id, display_name FROM catalog WHERE id = $1";
        tx.query_opt(statement, &[text("nobody")]).map(drop)
    })
}
