//! Fresh, behind, ahead and tampered with.

use domain::time::Timestamp;

use super::*;
use crate::engine::tests::{on_both, with_both};

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

const fn step(version: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration {
        version,
        name,
        sql: Sql {
            sqlite: sql,
            postgres: sql,
        },
    }
}

const FIRST: Migration = step(
    1,
    "first",
    "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY, note TEXT); -- a comment; with a semicolon\n\
     INSERT INTO thing VALUES ('a;b', 'it''s; fine');",
);
const SECOND: Migration = Migration {
    version: 2,
    name: "second",
    sql: Sql {
        sqlite: "CREATE TRIGGER mark AFTER INSERT ON thing BEGIN \
                 UPDATE thing SET note = 'marked' WHERE id = new.id; DELETE FROM thing WHERE id = 'a;b'; END;",
        postgres: "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   DELETE FROM thing WHERE id = 'a;b'; new.note = 'marked'; RETURN new; END $$; \
                   CREATE TRIGGER mark BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION mark();",
    },
};
const BROKEN: Migration = step(
    2,
    "broken",
    "CREATE TABLE more (id TEXT); INSERT INTO nowhere VALUES (1);",
);

const ONE: &[Migration] = &[FIRST];
const TWO: &[Migration] = &[FIRST, SECOND];

fn unknown(result: Result<impl std::fmt::Debug, Error>) -> String {
    match result {
        Err(Error::SchemaUnknown { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fresh_database_gets_every_step_once() {
    on_both(|store| {
        assert_eq!(store.schema_state_of(TWO).unwrap(), SchemaState::Empty);

        assert_eq!(store.migrate_to(TWO, NOW, |_| {}).unwrap(), 2);

        assert_eq!(store.schema_state_of(TWO).unwrap(), SchemaState::Current);
        assert_eq!(store.migrate_to(TWO, NOW, |_| {}).unwrap(), 0);
        let inserted: Result<Vec<String>, Error> = store.write_blocking(|tx| {
            tx.execute("INSERT INTO thing (id) VALUES ('c')", &[])?;
            tx.query_map("SELECT note FROM thing", &[], |row| {
                Ok(row.text(0)?.to_owned())
            })
        });
        assert_eq!(inserted.unwrap(), ["marked"]);
    });
}

#[test]
fn a_database_behind_gets_what_is_missing() {
    on_both(|store| {
        store.migrate_to(ONE, NOW, |_| {}).unwrap();

        let state = store.schema_state_of(TWO).unwrap();

        assert_eq!(
            state,
            SchemaState::Behind {
                applied: 1,
                latest: 2
            }
        );
        assert_eq!(store.migrate_to(TWO, NOW, |_| {}).unwrap(), 1);
    });
}

#[test]
fn a_step_that_fails_leaves_nothing_behind() {
    on_both(|store| {
        let failed = store.migrate_to(&[FIRST, BROKEN], NOW, |_| {});

        assert!(matches!(failed, Err(Error::Driver { .. })), "{failed:?}");
        let state = store.schema_state_of(&[FIRST, BROKEN]).unwrap();
        assert_eq!(
            state,
            SchemaState::Behind {
                applied: 1,
                latest: 2
            }
        );
        let more: Result<i64, Error> = store.read_blocking(|tx| {
            tx.query_one_of(&COUNT_TABLES_NAMED, &[text("more")])?
                .int(0)
        });
        assert_eq!(more.unwrap(), 0);
    });
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    on_both(|store| {
        store.migrate_to(TWO, NOW, |_| {}).unwrap();

        let reason = unknown(store.schema_state_of(ONE));

        assert!(
            reason.contains("step 2 (`second`) is of a newer program"),
            "{reason}"
        );
        unknown(store.migrate_to(ONE, NOW, |_| {}));
    });
}

#[test]
fn a_step_whose_text_was_changed_afterwards_is_refused() {
    on_both(|store| {
        const EDITED: Migration = step(1, "first", "CREATE TABLE thing (id TEXT NOT NULL)");
        const RENAMED: Migration = Migration {
            name: "premier",
            ..FIRST
        };
        store.migrate_to(ONE, NOW, |_| {}).unwrap();

        for changed in [&[EDITED], &[RENAMED]] {
            let reason = unknown(store.schema_state_of(changed));
            assert!(reason.contains("applied with another text"), "{reason}");
        }
    });
}

#[test]
fn a_record_that_was_tampered_with_is_refused() {
    for tamper in [
        "UPDATE schema_migration SET checksum = 'feed' WHERE version = 1",
        "DELETE FROM schema_migration WHERE version = 1",
    ] {
        on_both(|store| {
            store.migrate_to(TWO, NOW, |_| {}).unwrap();
            let tampered: Result<u64, Error> =
                store.write_blocking(move |tx| tx.execute(tamper, &[]));
            tampered.unwrap();

            unknown(store.schema_state_of(TWO));
            unknown(store.migrate_to(TWO, NOW, |_| {}));
        });
    }
}

#[test]
fn a_database_of_something_else_is_refused() {
    on_both(|store| {
        let created: Result<(), Error> =
            store.write_blocking(|tx| tx.execute_script("CREATE TABLE foreign_thing (id TEXT)"));
        created.unwrap();

        let reason = unknown(store.migrate_to(TWO, NOW, |_| {}));

        assert!(reason.contains("1 tables"), "{reason}");
    });
}

#[test]
fn programs_that_start_at_once_apply_every_step_once() {
    with_both(|fixture| {
        let applied: usize = std::thread::scope(|scope| {
            let starters: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| fixture.open().migrate_to(TWO, NOW, |_| {}).unwrap()))
                .collect();
            starters
                .into_iter()
                .map(|starter| starter.join().unwrap())
                .sum()
        });

        assert_eq!(applied, 2);
        assert_eq!(
            fixture.open().schema_state_of(TWO).unwrap(),
            SchemaState::Current
        );
    });
}

#[test]
fn the_steps_of_this_program_apply_to_both_databases() {
    on_both(|store| {
        let applied = store.migrate(NOW).unwrap();

        assert_eq!(applied, MIGRATIONS.len());
        assert_eq!(store.schema_state().unwrap(), SchemaState::Current);
    });
}
