//! One connection to the SQLite file: how it is opened, and how statements run on it.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{CachedStatement, OpenFlags, StatementStatus, params_from_iter};

use super::row::Row;
use crate::dialect::{Engine, Rendered};
use crate::error::{Error, Setback, from_sqlite};
use crate::value::{Bound, Value};

/// Statements that a connection keeps prepared.
const PREPARED: usize = 512;

/// A failed call: the error, and what it did to the transaction (nothing, if a row could merely not be read).
pub(super) type Failure = (Error, Option<Setback>);

/// A connection with its prepared statements.
pub(super) struct SqliteConnection {
    connection: rusqlite::Connection,
    rendered: Rendered,
    /// Steps that statements have taken since somebody asked.
    steps: u64,
}

impl SqliteConnection {
    /// Opens the file for writing, and creates it if it is not there.
    pub(super) fn writer(path: &Path, busy: Duration) -> Result<Self, Error> {
        let settings = "PRAGMA journal_mode = WAL; \
                        PRAGMA synchronous = FULL; \
                        PRAGMA foreign_keys = ON; \
                        PRAGMA wal_autocheckpoint = 0; \
                        PRAGMA cache_size = -65536; \
                        PRAGMA temp_store = MEMORY;";
        let writer = Self::open(path, OpenFlags::default(), busy, settings)?;
        writer.keep_plans()?;
        Ok(writer)
    }

    /// Opens the file for steps of a migration: what they sort goes to temporary files where it is more than the cache
    /// holds, so that memory does not grow with the tables.
    pub(super) fn migrator(path: &Path, busy: Duration) -> Result<Self, Error> {
        let settings = "PRAGMA journal_mode = WAL; \
                        PRAGMA synchronous = FULL; \
                        PRAGMA foreign_keys = ON; \
                        PRAGMA wal_autocheckpoint = 0; \
                        PRAGMA cache_size = -65536; \
                        PRAGMA temp_store = FILE;";
        Self::open(path, OpenFlags::default(), busy, settings)
    }

    /// Opens the file, which a writer has opened before, for reading.
    pub(super) fn reader(path: &Path, busy: Duration) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let settings = "PRAGMA query_only = ON; \
                        PRAGMA cache_size = -16384; \
                        PRAGMA mmap_size = 268435456; \
                        PRAGMA temp_store = MEMORY;";
        Self::open(path, flags, busy, settings)
    }

    /// Opens a file that is there, to copy or to check it whole; what that sorts goes to temporary files.
    pub(super) fn copier(path: &Path, busy: Duration) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::open(path, flags, busy, "PRAGMA temp_store = FILE;")
    }

    fn open(path: &Path, flags: OpenFlags, busy: Duration, settings: &str) -> Result<Self, Error> {
        let open = || {
            let connection = rusqlite::Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(busy)?;
            connection.set_prepared_statement_cache_capacity(PREPARED);
            connection.execute_batch(settings)?;
            add_functions(&connection)?;
            Ok(connection)
        };
        match open() {
            Ok(connection) => Ok(Self {
                connection,
                rendered: Rendered::new(Engine::Sqlite),
                steps: 0,
            }),
            Err(error) => Err(from_sqlite(&format!("opening `{}`", path.display()), error).0),
        }
    }

    pub(super) fn for_each_row(
        &mut self,
        sql: &str,
        args: &[Value],
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let sql = self.rendered.get(sql);
        let failed = |error| failure(&sql, error);
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement
            .query(params_from_iter(args.iter().map(Bound)))
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(&Row::sqlite(row, &sql)).map_err(|error| (error, None))?;
        }
        drop(rows);
        self.steps += steps(&statement);
        Ok(())
    }

    pub(super) fn execute(&mut self, sql: &str, args: &[Value]) -> Result<u64, Failure> {
        let sql = self.rendered.get(sql);
        let failed = |error| failure(&sql, error);
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let changed = statement
            .execute(params_from_iter(args.iter().map(Bound)))
            .map_err(failed)?;
        self.steps += steps(&statement);
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// The steps of the database's own machine since the last time: what statements cost, however loaded the computer is.
    pub(super) fn take_steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }

    pub(super) fn execute_script(&mut self, script: &str) -> Result<(), Failure> {
        self.connection
            .execute_batch(script)
            .map_err(|error| failure(script, error))
    }

    /// Does not wait for the disk any more.
    pub(super) fn trust_the_machine(&self) -> Result<(), Error> {
        let trust = "PRAGMA synchronous = OFF";
        self.connection
            .execute_batch(trust)
            .map_err(|error| from_sqlite(trust, error).0)
    }

    /// Plans a statement once, whatever is bound to it. Otherwise SQLite prepares it anew whenever another value might let
    /// it use another index, which took two fifths of the time of small transactions. What a writer runs is written down,
    /// with words of states in it where an index is about them; a reader's lists are not, and profit from a plan of their own.
    fn keep_plans(&self) -> Result<(), Error> {
        let keep = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        self.connection
            .set_db_config(keep, true)
            .map(drop)
            .map_err(|error| from_sqlite("keeping the plans of statements", error).0)
    }

    /// Lets the database check a statement without running it.
    pub(super) fn prepare(&mut self, sql: &str) -> Result<(), Failure> {
        let sql = self.rendered.get(sql);
        match self.connection.prepare(&sql) {
            Ok(_) => Ok(()),
            Err(error) => Err(failure(&sql, error)),
        }
    }

    /// Runs one statement of the engine itself, such as `COMMIT`.
    pub(super) fn control(&self, sql: &'static str) -> Result<(), (Error, Setback)> {
        let run = || self.connection.prepare_cached(sql)?.execute([]);
        run().map(drop).map_err(|error| from_sqlite(sql, error))
    }

    /// Whether SQLite itself has rolled back the transaction, as it does when the disk is full.
    pub(super) fn lost_its_transaction(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Ends whatever transaction is open.
    pub(super) fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err((error, _)) = self.control("ROLLBACK")
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a transaction could not be rolled back"
            );
        }
    }

    /// Frames in the write-ahead log.
    pub(super) fn log_frames(&self) -> i64 {
        self.checkpoint_pragma("PRAGMA wal_checkpoint(NOOP)")
    }

    /// Copies what the log holds to the file, as far as no reader needs it; says how many frames the log has.
    pub(super) fn checkpoint(&self) -> i64 {
        self.checkpoint_pragma("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// Copies all that the log holds to the file and empties it.
    pub(super) fn truncate_log(&self) -> i64 {
        self.checkpoint_pragma("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// A checkpoint that fails costs nothing but space: the next one does its work.
    fn checkpoint_pragma(&self, sql: &'static str) -> i64 {
        let frames = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get(1)));
        frames.unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a checkpoint of the database failed"
            );
            0
        })
    }
}

/// SQLite's own LOWER only knows ASCII.
fn add_functions(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("lower", 1, flags, |call| {
        let text = call.get_raw(0).as_str_or_null()?;
        Ok(text.map(str::to_lowercase))
    })
}

/// The steps that a statement has taken, counted once.
fn steps(statement: &CachedStatement<'_>) -> u64 {
    u64::try_from(statement.reset_status(StatementStatus::VmStep)).unwrap_or_default()
}

fn failure(sql: &str, error: rusqlite::Error) -> Failure {
    let (error, setback) = from_sqlite(&format!("running `{sql}`"), error);
    (error, Some(setback))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_with_a_limit_is_prepared_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let mut writer = SqliteConnection::writer(&path, Duration::ZERO).unwrap();
        writer
            .execute_script("CREATE TABLE thing (id TEXT PRIMARY KEY, name TEXT)")
            .unwrap();
        // A writer keeps every plan.
        let mut connection = SqliteConnection::reader(&path, Duration::ZERO).unwrap();
        let ours = "SELECT id FROM thing WHERE id > $1 ORDER BY id LIMIT $2";
        // As it would be, if nobody rewrote it.
        let bare = "SELECT id FROM thing WHERE id > ?1 ORDER BY id LIMIT ?2";

        for sql in [ours, bare] {
            for limit in [1, 1, 2] {
                let args = [Value::Text("a".to_owned()), Value::Int(limit)];
                connection
                    .for_each_row(sql, &args, &mut |_| Ok(()))
                    .unwrap();
            }
        }

        let mut prepared_anew = |sql| {
            let sql = connection.rendered.get(sql);
            let statement = connection.connection.prepare_cached(&sql).unwrap();
            statement.get_status(StatementStatus::RePrepare)
        };
        assert_eq!(prepared_anew(ours), 0);
        assert!(
            prepared_anew(bare) > 0,
            "nothing has to be rewritten any more"
        );
    }
}
