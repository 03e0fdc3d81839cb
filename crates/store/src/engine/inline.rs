//! SQLite for simulations: one connection that reads and writes on whatever thread asks, and can be taken back to how it
//! was.
//!
//! Invariants: the same calls always give the same run. A write that fails leaves nothing behind; nothing that was written
//! since [`Inline::rewind`] outlives the next one. Nobody waits for the disk.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Options;
use super::job::{Verdict, WriteJob, caught};
use super::sqlite_connection::SqliteConnection;
use super::statistics::{Counters, count};
use super::transaction::{Connection, ReadTx, WriteTx};
use crate::error::Error;

pub(super) struct Inline {
    connection: Mutex<SqliteConnection>,
    counters: Arc<Counters>,
}

impl Inline {
    pub(super) fn open(
        path: &Path,
        options: &Options,
        counters: &Arc<Counters>,
    ) -> Result<Self, Error> {
        let connection = SqliteConnection::writer(path, options.sqlite_busy)?;
        connection.trust_the_machine()?;
        Ok(Self {
            connection: Mutex::new(connection),
            counters: Arc::clone(counters),
        })
    }

    /// Takes back what was written since this was called last; the first call takes back nothing. One transaction spans
    /// all that follows, so that statements stay prepared and going back costs what was changed.
    pub(super) fn rewind(&self) -> Result<(), Error> {
        let connection = self.lock();
        connection.roll_back();
        connection
            .control("BEGIN IMMEDIATE")
            .map_err(|(error, _)| error)
    }

    pub(super) fn write(&self, mut job: Box<dyn WriteJob>) {
        let run = self.run(job.as_mut());
        match run {
            Ok(()) => job.answer(),
            Err(error) => job.fail(error),
        }
    }

    /// Runs one job. An error means that nothing of it was stored, whatever it answers.
    fn run(&self, job: &mut dyn WriteJob) -> Result<(), Error> {
        let mut connection = self.lock();
        let control = |connection: &SqliteConnection, sql| {
            connection.control(sql).map_err(|(error, _)| error)
        };
        // Outside of any transaction this begins one, and its release commits.
        control(&connection, "SAVEPOINT work")?;
        let mut tx = WriteTx::new(Connection::Sqlite(&mut connection), &self.counters);
        let verdict = job.run(&mut tx);
        if verdict != Verdict::Keep {
            control(&connection, "ROLLBACK TO work")?;
        }
        control(&connection, "RELEASE work")?;
        count(match verdict {
            Verdict::Keep => &self.counters.transactions,
            Verdict::Discard | Verdict::Panicked => &self.counters.rollbacks,
        });
        self.counters.committed();
        Ok(())
    }

    pub(super) fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        count(&self.counters.reads);
        let mut connection = self.lock();
        let mut tx = ReadTx::new(Connection::Sqlite(&mut connection), &self.counters);
        caught(|| work(&mut tx))?
    }

    fn lock(&self) -> MutexGuard<'_, SqliteConnection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
