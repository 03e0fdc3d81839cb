//! What a unit of work sees of the database: one snapshot to read, or one transaction to read and write.
//!
//! Invariant: a transaction in which a statement failed never commits, whatever the work answers. PostgreSQL demands
//! it; SQLite is held to it, so that both behave alike.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};

use domain::subscription::{ChangeType, Followed};

use super::postgres_connection::PostgresConnection;
use super::row::Row;
use super::sqlite_connection::SqliteConnection;
use super::statistics::{Counters, add, count};
use crate::change_feed::{self, Changes};
use crate::dialect::{Engine, Sql};
use crate::error::{Error, Setback};
use crate::value::Value;

/// The connection that the transaction runs on.
pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PostgresConnection),
}

/// A view of the database at one moment.
pub struct ReadTx<'c> {
    connection: Connection<'c>,
    counters: &'c Counters,
    setback: Option<Setback>,
    is_full: bool,
    statements: u64,
    has_written: bool,
}

/// A transaction: what it reads stays true until it commits, and what it writes is there whole or not at all.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    changes: Changes,
}

impl<'c> ReadTx<'c> {
    pub(super) fn new(connection: Connection<'c>, counters: &'c Counters) -> Self {
        Self {
            connection,
            counters,
            setback: None,
            is_full: false,
            statements: 0,
            has_written: false,
        }
    }

    /// How many statements the transaction has run so far.
    pub fn statements(&self) -> u64 {
        self.statements
    }

    /// What the worst statement so far did to the transaction.
    pub(super) fn setback(&self) -> Option<Setback> {
        self.setback
    }

    /// Whether a statement failed because the disk is full.
    pub(super) fn met_a_full_disk(&self) -> bool {
        self.is_full
    }

    /// Which database this is; only [`crate::dialect`] and the engine may care.
    pub(crate) fn engine(&self) -> Engine {
        match self.connection {
            Connection::Sqlite(_) => Engine::Sqlite,
            Connection::Postgres(_) => Engine::Postgres,
        }
    }

    /// Calls `each` for every row, as the rows come.
    pub(crate) fn for_each_row(
        &mut self,
        sql: &str,
        args: &[Value],
        mut each: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.setback.is_some() {
            return Err(Error::Aborted);
        }
        self.count_statement();
        // What only reads begins so; a statement that begins otherwise may write and give rows.
        self.has_written |= !sql.starts_with("SELECT");
        let mut rows = 0;
        let mut counted = |row: &Row<'_>| {
            rows += 1;
            each(row)
        };
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => connection.for_each_row(sql, args, &mut counted),
            Connection::Postgres(connection) => connection.for_each_row(sql, args, &mut counted),
        };
        add(&self.counters.rows, rows);
        self.count_steps();
        self.noted(done)
    }

    fn count_statement(&mut self) {
        self.statements += 1;
        count(&self.counters.statements);
    }

    fn count_steps(&mut self) {
        if let Connection::Sqlite(connection) = &mut self.connection {
            add(&self.counters.steps, connection.take_steps());
        }
    }

    /// One `T` per row.
    pub(crate) fn query_map<T>(
        &mut self,
        sql: &str,
        args: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        self.for_each_row(sql, args, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// The first row, if there is one.
    pub(crate) fn query_opt(
        &mut self,
        sql: &str,
        args: &[Value],
    ) -> Result<Option<Row<'static>>, Error> {
        let mut first = None;
        self.for_each_row(sql, args, |row| {
            if first.is_none() {
                first = Some(row.to_owned_row()?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// The row of a statement that always gives one, such as a count.
    pub(crate) fn query_one(&mut self, sql: &str, args: &[Value]) -> Result<Row<'static>, Error> {
        self.query_opt(sql, args)?.ok_or_else(|| Error::Corrupt {
            place: format!("`{sql}`"),
            found: "no row where one is expected".to_owned(),
        })
    }

    /// The row of a statement that is written twice.
    pub(crate) fn query_one_of(
        &mut self,
        sql: &Sql,
        args: &[Value],
    ) -> Result<Row<'static>, Error> {
        self.query_one(sql.of(self.engine()), args)
    }

    /// Lets the database check a statement without running it.
    pub(crate) fn prepare(&mut self, sql: &str) -> Result<(), Error> {
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => connection.prepare(sql),
            Connection::Postgres(connection) => connection.prepare(sql),
        };
        self.noted(done)
    }

    fn noted<T>(&mut self, done: Result<T, (Error, Option<Setback>)>) -> Result<T, Error> {
        done.map_err(|(error, setback)| {
            self.setback = setback.or(self.setback);
            self.is_full |= matches!(error, Error::Full);
            error
        })
    }
}

impl<'c> WriteTx<'c> {
    pub(super) fn new(connection: Connection<'c>, counters: &'c Counters) -> Self {
        Self {
            read: ReadTx::new(connection, counters),
            changes: Changes::default(),
        }
    }

    /// Whether there may be something to undo.
    pub(super) fn has_written(&self) -> bool {
        self.read.has_written
    }

    /// Notes that something changed that others may have subscribed to.
    pub(crate) fn note_change(&mut self, of: Followed, id: impl Display, change: ChangeType) {
        self.changes.note(of, id.to_string(), change);
    }

    /// Notes that a package is in another catalog now, so that others may read its requests.
    pub(crate) fn note_move(&mut self, package: impl Display) {
        self.changes.note_move(package.to_string());
    }

    /// Tells subscribers what changed: the last thing that a transaction does.
    pub(super) fn publish(&mut self) -> Result<(), Error> {
        let changes = std::mem::take(&mut self.changes);
        change_feed::append(self, changes)
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &str, args: &[Value]) -> Result<u64, Error> {
        if self.read.setback.is_some() {
            return Err(Error::Aborted);
        }
        self.read.count_statement();
        self.read.has_written = true;
        let done = match &mut self.read.connection {
            Connection::Sqlite(connection) => connection.execute(sql, args),
            Connection::Postgres(connection) => connection.execute(sql, args),
        };
        add(
            &self.read.counters.rows,
            done.as_ref().copied().unwrap_or_default(),
        );
        self.read.count_steps();
        self.read.noted(done)
    }

    /// Runs a statement that names the version it read and so changes exactly one row, or none if another was faster.
    pub(crate) fn execute_one(&mut self, sql: &str, args: &[Value]) -> Result<(), Error> {
        match self.execute(sql, args)? {
            0 => Err(Error::StaleVersion),
            1 => Ok(()),
            many => Err(Error::Corrupt {
                place: format!("`{sql}`"),
                found: format!("{many} rows where one is expected"),
            }),
        }
    }

    /// Runs a script: any number of statements without parameters.
    pub(crate) fn execute_script(&mut self, script: &str) -> Result<(), Error> {
        if self.read.setback.is_some() {
            return Err(Error::Aborted);
        }
        self.read.has_written = true;
        let done = match &mut self.read.connection {
            Connection::Sqlite(connection) => connection.execute_script(script),
            Connection::Postgres(connection) => connection.execute_script(script),
        };
        self.read.noted(done)
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

impl DerefMut for WriteTx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.read
    }
}
