//! What others wrote meanwhile, and what the schema forbids.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use super::{Fixture, execute, number, on_both, script};
use crate::error::{Error, Violation};

#[test]
fn a_violation_is_told_by_its_kind() {
    on_both(|store| {
        script(
            store,
            "CREATE TABLE parent (id TEXT NOT NULL PRIMARY KEY); \
             CREATE TABLE child (id TEXT NOT NULL PRIMARY KEY, parent_id TEXT REFERENCES parent (id), \
                 email TEXT UNIQUE, size BIGINT CHECK (size > 0)); \
             INSERT INTO parent VALUES ('p'); \
             INSERT INTO child VALUES ('c', 'p', 'c@example.org', 1)",
        );

        for (sql, kind) in [
            ("INSERT INTO child (id) VALUES ('c')", Violation::Unique),
            (
                "INSERT INTO child (id, email) VALUES ('d', 'c@example.org')",
                Violation::Unique,
            ),
            (
                "INSERT INTO child (id, parent_id) VALUES ('d', 'nobody')",
                Violation::ForeignKey,
            ),
            ("DELETE FROM parent", Violation::ForeignKey),
            ("UPDATE child SET size = 0", Violation::Check),
            ("UPDATE child SET id = NULL", Violation::NotNull),
        ] {
            let error = execute(store, sql, vec![]).unwrap_err();
            assert!(
                matches!(error, Error::Conflict(found) if found == kind),
                "{sql}: {error:?}"
            );
        }
    });
}

#[test]
fn parallel_writers_lose_no_update() {
    on_both(|store| {
        script(
            store,
            "CREATE TABLE counter (value BIGINT NOT NULL); INSERT INTO counter VALUES (0)",
        );

        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let added: Result<(), Error> = store.write_blocking(|tx| {
                            let value = tx.query_one("SELECT value FROM counter", &[])?.int(0)?;
                            let more = [crate::value::int(value + 1)];
                            tx.execute_one("UPDATE counter SET value = $1", &more)
                        });
                        added.unwrap();
                    }
                });
            }
        });

        assert_eq!(number(store, "SELECT value FROM counter"), 100);
    });
}

#[test]
fn a_transaction_that_read_what_another_changed_is_run_again() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let store = fixture.open();
    script(
        &store,
        "CREATE TABLE counter (value BIGINT NOT NULL); INSERT INTO counter VALUES (0)",
    );
    let runs = Arc::new(AtomicU32::new(0));

    let (counted, other) = (Arc::clone(&runs), fixture.open());
    let done: Result<(), Error> = store.write_blocking(move |tx| {
        let value = tx.query_one("SELECT value FROM counter", &[])?.int(0)?;
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            execute(&other, "UPDATE counter SET value = value + 10", vec![])?;
        }
        tx.execute_one(
            "UPDATE counter SET value = $1",
            &[crate::value::int(value + 1)],
        )
    });

    done.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(number(&store, "SELECT value FROM counter"), 11);
    assert_eq!(store.statistics().retries, 1);
}

#[test]
fn a_conflict_found_only_by_the_commit_is_run_again() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let store = fixture.open();
    script(
        &store,
        "CREATE TABLE duty (doctor TEXT NOT NULL); INSERT INTO duty VALUES ('a'), ('b')",
    );

    // Each goes off duty if another stays: a write skew, which only a serializable database notices.
    let leave = |doctor: &'static str, meanwhile: Option<crate::Store>| {
        let first = AtomicU32::new(0);
        move |tx: &mut crate::WriteTx<'_>| -> Result<bool, Error> {
            let on_duty = tx.query_one("SELECT count(*) FROM duty", &[])?.int(0)?;
            if on_duty < 2 {
                return Ok(false);
            }
            tx.execute(
                "DELETE FROM duty WHERE doctor = $1",
                &[crate::value::text(doctor)],
            )?;
            if let Some(store) = &meanwhile
                && first.fetch_add(1, Ordering::Relaxed) == 0
            {
                let other: Result<u64, Error> = store.write_blocking(|tx| {
                    tx.query_one("SELECT count(*) FROM duty", &[])?.int(0)?;
                    tx.execute("DELETE FROM duty WHERE doctor = 'b'", &[])
                });
                other?;
            }
            Ok(true)
        }
    };
    let left = store.write_blocking(leave("a", Some(fixture.open())));

    assert!(!left.unwrap());
    assert_eq!(number(&store, "SELECT count(*) FROM duty"), 1);
    assert!(store.statistics().retries >= 1);
}

#[test]
fn a_transaction_that_never_gets_through_is_busy() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let store = fixture.open();
    script(
        &store,
        "CREATE TABLE counter (value BIGINT NOT NULL); INSERT INTO counter VALUES (0)",
    );

    let other = fixture.open();
    let done: Result<(), Error> = store.write_blocking(move |tx| {
        tx.query_one("SELECT value FROM counter", &[])?.int(0)?;
        execute(&other, "UPDATE counter SET value = value + 1", vec![])?;
        tx.execute_one("UPDATE counter SET value = 0", &[])
    });

    assert!(matches!(done, Err(Error::Busy)), "{done:?}");
    assert_eq!(number(&store, "SELECT value FROM counter"), 32);
}

#[test]
fn replicas_that_write_the_same_row_all_get_through() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let replicas = [fixture.open(), fixture.open()];
    script(
        &replicas[0],
        "CREATE TABLE counter (value BIGINT NOT NULL); INSERT INTO counter VALUES (0)",
    );

    // The first time, each has read before the other writes.
    let both_have_read = Arc::new(Barrier::new(2));
    let met = Arc::new([const { AtomicBool::new(false) }; 2]);
    let add = |replica: usize| {
        let (both_have_read, met) = (Arc::clone(&both_have_read), Arc::clone(&met));
        move |tx: &mut crate::WriteTx<'_>| -> Result<(), Error> {
            let value = tx.query_one("SELECT value FROM counter", &[])?.int(0)?;
            if !met[replica].swap(true, Ordering::SeqCst) {
                both_have_read.wait();
            }
            let more = [crate::value::int(value + 1)];
            tx.execute_one("UPDATE counter SET value = $1", &more)
        }
    };
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (store, add) = (&replicas[number % 2], add(number % 2));
            scope.spawn(move || {
                for _ in 0..25 {
                    store.write_blocking(add.clone()).unwrap();
                }
            });
        }
    });

    assert_eq!(number(&replicas[0], "SELECT value FROM counter"), 400);
    let [one, two] = replicas.map(|store| store.statistics());
    assert!(one.retries + two.retries > 0, "nobody was in the way");
}
