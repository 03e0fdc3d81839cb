//! Both engines, asked the same.

mod basics;
mod commits;
mod conflicts;
mod crash;
mod faults;
mod outage;
mod together;

use peers::postgres::{Cluster, Database};
use tempfile::TempDir;

use super::{Location, Options, Store};
use crate::error::Error;
use crate::value::Value;

/// A database that is there for one test.
pub(crate) struct Fixture {
    pub(crate) location: Location,
    /// For what only PostgreSQL can be asked behind the store's back.
    pub(crate) database: Option<Database<'static>>,
    _folder: TempDir,
}

impl Fixture {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reeve.db");
        Self {
            location: Location::Sqlite { path },
            database: None,
            _folder: folder,
        }
    }

    /// `None`, after saying so, where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        let database = Cluster::shared()?.create_database().unwrap();
        let location = Location::Postgres {
            url: database.url(),
            ca: None,
        };
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            location,
            database: Some(database),
            _folder: folder,
        })
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.location, &Options::default()).unwrap()
    }
}

/// Runs `test` once on an empty database of each kind.
pub(crate) fn on_both(test: impl Fn(&Store)) {
    with_both(|fixture| test(&fixture.open()));
}

/// The same for tests that open the database themselves.
pub(crate) fn with_both(test: impl Fn(&Fixture)) {
    test(&Fixture::sqlite());
    if let Some(fixture) = Fixture::postgres() {
        test(&fixture);
    }
}

/// Creates what a test needs.
fn script(store: &Store, script: &'static str) {
    let done: Result<(), Error> = store.write_blocking(|tx| tx.execute_script(script));
    done.unwrap();
}

/// Runs one statement in a transaction of its own.
fn execute(store: &Store, sql: &'static str, args: Vec<Value>) -> Result<u64, Error> {
    store.write_blocking(move |tx| tx.execute(sql, &args))
}

/// The number that a statement gives.
fn number(store: &Store, sql: &'static str) -> i64 {
    let read: Result<i64, Error> = store.read_blocking(|tx| tx.query_one(sql, &[])?.int(0));
    read.unwrap()
}

/// The texts in the first column.
fn texts(store: &Store, sql: &'static str, args: Vec<Value>) -> Vec<String> {
    let read: Result<Vec<String>, Error> =
        store.read_blocking(move |tx| tx.query_map(sql, &args, |row| Ok(row.text(0)?.to_owned())));
    read.unwrap()
}
