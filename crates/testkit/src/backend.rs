//! The two databases that every behaviour holds on.

use peers::postgres::{Cluster, Database};
use store::{Faults, Location, Options, Store};
use tempfile::TempDir;

use crate::app::START;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the cluster that the test process shares.
    Postgres,
}

impl Backend {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// A migrated, empty store; `None`, after saying so, if PostgreSQL is not installed and may be missing.
    ///
    /// `faults` says how PostgreSQL goes wrong, from when on is for the test to say.
    pub(crate) fn open(self, faults: Option<Faults>) -> Option<(Store, Home)> {
        let (location, home) = match self {
            Self::Sqlite => {
                let folder = TempDir::new().unwrap();
                let path = folder.path().join("reeve.db");
                (Location::Sqlite { path }, Home::Folder(folder))
            }
            Self::Postgres => {
                let database = Cluster::shared()?.create_database().unwrap();
                let location = Location::Postgres {
                    url: database.url(),
                    ca: None,
                };
                (location, Home::Database(database))
            }
        };
        let options = Options {
            sqlite_readers: 2,
            postgres_readers: 2,
            postgres_faults: faults,
            ..Options::default()
        };
        let store = Store::open(&location, &options).unwrap();
        store.migrate(START).unwrap();
        Some((store, home))
    }
}

/// Where the data is; gone with this value.
pub(crate) enum Home {
    Folder(TempDir),
    Database(Database<'static>),
}

impl Home {
    /// Runs a statement past the program, as somebody could who has the database in their hands; says how many rows it
    /// changed.
    pub(crate) fn tamper(&self, sql: &str) -> u64 {
        match self {
            Self::Folder(folder) => {
                let file = rusqlite::Connection::open(folder.path().join("reeve.db")).unwrap();
                file.busy_timeout(std::time::Duration::from_secs(5))
                    .unwrap();
                u64::try_from(file.execute(sql, []).unwrap()).unwrap()
            }
            Self::Database(database) => {
                let (url, sql) = (database.url(), sql.to_owned());
                // The client blocks, which a task of the runtime must not.
                std::thread::spawn(move || {
                    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
                    client.execute(sql.as_str(), &[]).unwrap()
                })
                .join()
                .unwrap()
            }
        }
    }
}
