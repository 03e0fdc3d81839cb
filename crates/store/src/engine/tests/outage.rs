//! Connections and servers that go away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use peers::policy::started_or_skipped;
use peers::postgres::{Cluster, Durability, NAME};

use super::commits::{insert, together};
use super::{Fixture, execute, number, script};
use crate::engine::{Location, Options, Store};
use crate::error::Error;

/// Ends every connection of stores to this database.
const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity \
    WHERE application_name = 'reeve' AND datname = current_database()";

#[test]
fn a_connection_lost_between_transactions_is_made_again() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let database = fixture.database.as_ref().unwrap();
    let store = fixture.open();
    script(&store, "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY)");

    for _ in 0..3 {
        database.sql(TERMINATE).unwrap();
        assert_eq!(execute(&store, "DELETE FROM thing", vec![]).unwrap(), 0);
        assert_eq!(number(&store, "SELECT count(*) FROM thing"), 0);
    }
}

#[test]
fn a_transaction_whose_connection_is_lost_is_run_again() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let store = fixture.open();
    script(&store, "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY)");
    let runs = Arc::new(AtomicU32::new(0));

    let counted = Arc::clone(&runs);
    let database = Arc::new(fixture.database.unwrap());
    let terminating = Arc::clone(&database);
    let done: Result<u64, Error> = store.write_blocking(move |tx| {
        tx.execute("INSERT INTO thing (id) VALUES ('a')", &[])?;
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            terminating.sql(TERMINATE).unwrap();
        }
        tx.execute("INSERT INTO thing (id) VALUES ('b')", &[])
    });

    assert_eq!(done.unwrap(), 1);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(number(&store, "SELECT count(*) FROM thing"), 2);
}

#[test]
fn a_connection_lost_during_the_commit_is_said_and_not_tried_again() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let store = fixture.open();
    script(
        &store,
        "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY); \
         CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION leave()",
    );
    let runs = Arc::new(AtomicU32::new(0));

    let counted = Arc::clone(&runs);
    let done: Result<u64, Error> = store.write_blocking(move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        tx.execute("INSERT INTO thing (id) VALUES ('a')", &[])
    });

    assert!(matches!(done, Err(Error::Undecided { .. })), "{done:?}");
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(number(&store, "SELECT count(*) FROM thing"), 0);
}

#[test]
fn of_a_group_whose_commit_is_not_heard_of_everybody_is_told_so() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let store = fixture.open();
    script(
        &store,
        "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY); \
         CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION leave()",
    );

    let writes = ["a", "b", "c"].map(|id| insert(&store, id));
    let done = together(&store, writes, 3);

    for one in done {
        let error = one.unwrap_err();
        let causes = format!("{error}: {:?}", std::error::Error::source(&error));
        assert!(
            causes.contains("whether it happened is unknown"),
            "{causes}"
        );
    }
    assert_eq!(number(&store, "SELECT count(*) FROM thing"), 0);
}

#[test]
fn an_outage_of_the_server_is_an_error_until_it_is_back() {
    let started = started_or_skipped(NAME, Cluster::start(Durability::None));
    let Some(mut cluster) = started else { return };
    let location = Location::Postgres {
        url: cluster.url("postgres"),
        ca: None,
    };
    let store = Store::open(&location, &Options::default()).unwrap();
    script(&store, "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY)");

    cluster.stop();
    let written = execute(&store, "INSERT INTO thing VALUES ('lost')", vec![]);
    let read: Result<i64, Error> = store.read_blocking(|tx| tx.query_one("SELECT 1", &[])?.int(0));
    let opened = Store::open(&location, &Options::default());
    cluster.start_again().unwrap();

    assert!(
        matches!(written, Err(Error::Unavailable { .. })),
        "{written:?}"
    );
    assert!(matches!(read, Err(Error::Unavailable { .. })), "{read:?}");
    assert!(opened.is_err());
    assert_eq!(
        execute(&store, "INSERT INTO thing VALUES ('kept')", vec![]).unwrap(),
        1
    );
    assert_eq!(number(&store, "SELECT count(*) FROM thing"), 1);
}

#[test]
fn no_clock_of_the_database_cancels_what_a_commit_may_wait_for_and_locks_are_not_held_by_who_is_stopped()
 {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let database = fixture.database.as_ref().unwrap();
    let name = database.name();
    database
        .sql(&format!(
            "ALTER DATABASE {name} SET statement_timeout = '20ms'"
        ))
        .unwrap();
    let store = fixture.open();

    assert_eq!(number(&store, "SELECT 7 FROM pg_sleep(0.1)"), 7);
    let limit: Result<String, Error> = store.write_blocking(|tx| {
        let row = tx.query_one("SHOW idle_in_transaction_session_timeout", &[])?;
        Ok(row.text(0)?.to_owned())
    });
    assert_eq!(limit.unwrap(), "10s");
}

#[test]
fn tls_is_spoken_with_whom_the_authority_vouches_for_and_nobody_else() {
    let started = started_or_skipped(NAME, Cluster::start_with_tls(Durability::None));
    let Some(cluster) = started else { return };
    let open = |ca| {
        let url = cluster.tls_url("postgres");
        Store::open(&Location::Postgres { url, ca }, &Options::default())
    };

    let trusted = open(Some(cluster.ca_file())).unwrap();
    let unknown = open(None);

    let encrypted: Result<bool, Error> = trusted.read_blocking(|tx| {
        tx.query_one(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            &[],
        )?
        .boolean(0)
    });
    assert!(encrypted.unwrap());
    assert!(
        matches!(unknown, Err(Error::Unavailable { .. })),
        "{unknown:?}"
    );
}

#[test]
fn a_store_is_opened_and_used_within_a_task() {
    super::with_both(|fixture| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();

        let seven: Result<i64, Error> = runtime.block_on(async {
            let store = fixture.open();
            store.write_blocking(|_| Ok::<(), Error>(()))?;
            store.read(|tx| tx.query_one("SELECT 7", &[])?.int(0)).await
        });

        assert_eq!(seven.unwrap(), 7);
    });
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-a-database");
    std::fs::write(
        &file,
        "this is a text and not a database, however long it gets ".repeat(100),
    )
    .unwrap();
    let certificate = folder.path().join("ca.pem");
    std::fs::write(&certificate, "no certificate").unwrap();

    for (location, reason) in [
        (
            Location::Sqlite {
                path: folder.path().join("no/such/folder/reeve.db"),
            },
            "opening",
        ),
        (Location::Sqlite { path: file }, "opening"),
        (
            Location::Postgres {
                url: "postgresql://host:port/".to_owned(),
                ca: None,
            },
            "address",
        ),
        (
            Location::Postgres {
                url: "host=/nowhere user=reeve".to_owned(),
                ca: None,
            },
            "connecting",
        ),
        (
            Location::Postgres {
                url: "host=/nowhere".to_owned(),
                ca: Some(certificate),
            },
            "holds no certificate",
        ),
    ] {
        let error = Store::open(&location, &Options::default()).unwrap_err();
        let source = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(
            format!("{error}: {source}").contains(reason),
            "{location:?}: {error}: {source}"
        );
    }
}
