//! SQLite: one thread that writes, and a few connections that read on whatever thread asks.
//!
//! Invariants: a write is answered only after the commit that holds it is on the disk. Writes that wait at the same
//! time share one commit, each in a savepoint of its own, so that one that fails takes nothing of its neighbours along.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Options;
use super::job::{Verdict, WriteJob, caught};
use super::queue::{Lane, Queue};
use super::sqlite_connection::SqliteConnection;
use super::statistics::{Counters, count};
use super::threads::Threads;
use super::transaction::{Connection, ReadTx, WriteTx};
use crate::error::Error;

/// Log frames (of 4 KiB) from which on the helper copies them to the file while nobody writes.
const IDLE_FRAMES: i64 = 256;
/// So long after the last write it takes it that nobody does: what one caller waits for is often several writes, and the
/// disk is to be theirs meanwhile (G9).
const CALM: Duration = Duration::from_millis(50);
/// Log frames at which the helper copies them beside the writer: 16 MiB.
const BUSY_FRAMES: i64 = 4_096;
/// Log frames at which the writer copies the rest itself, for only then does the log start anew: 64 MiB.
const MOST_FRAMES: i64 = 16_384;

pub(super) struct Sqlite {
    queue: Arc<Queue<Box<dyn WriteJob>>>,
    readers: Readers,
    counters: Arc<Counters>,
    /// Joined when the last store goes.
    _threads: Threads,
}

impl Sqlite {
    pub(super) fn open(
        path: &Path,
        options: &Options,
        counters: &Arc<Counters>,
    ) -> Result<Self, Error> {
        let committer = Committer {
            connection: SqliteConnection::writer(path, options.sqlite_busy)?,
            counters: Arc::clone(counters),
        };
        let readers = Readers::open(path, options)?;
        let queue: Arc<Queue<Box<dyn WriteJob>>> = Arc::new(Queue::of_one_thread());
        let closing = Arc::clone(&queue);
        let mut threads = Threads::new(move || closing.close());
        let (copy_the_log, asked) = mpsc::sync_channel(1);
        let helper = SqliteConnection::writer(path, options.sqlite_busy)?;
        let mut writer = Writer {
            committer,
            queue: Arc::clone(&queue),
            most: options.sqlite_group.max(1),
            copy_the_log,
        };
        threads.start("store-write".to_owned(), move || writer.serve())?;
        // Ends with the writer, who has the other end of the channel.
        threads.start("store-log".to_owned(), move || {
            while is_to_be_copied(&asked) {
                helper.checkpoint();
            }
        })?;
        Ok(Self {
            queue,
            readers,
            counters: Arc::clone(counters),
            _threads: threads,
        })
    }

    pub(super) fn write(&self, lane: Lane, job: Box<dyn WriteJob>) {
        if let Err(job) = self.queue.push(lane, job) {
            job.fail(Error::Closed);
        }
    }

    /// Writes at once, alone, on this thread and on a connection of its own, and empties the log: for steps of a
    /// migration, which may touch every row of the largest tables.
    pub(super) fn write_large(&self, job: Box<dyn WriteJob>) {
        let opened = SqliteConnection::migrator(&self.readers.path, self.readers.busy);
        match opened {
            Ok(connection) => {
                let mut committer = Committer {
                    connection,
                    counters: Arc::clone(&self.counters),
                };
                committer.write(vec![job]);
                committer.connection.truncate_log();
            }
            Err(error) => job.fail(error),
        }
    }

    /// Runs `work` on this thread with a connection that is free, waiting for one if needed.
    pub(super) async fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let permit = self
            .readers
            .free
            .acquire()
            .await
            .map_err(|_| Error::Closed)?;
        self.readers.run(permit, &self.counters, work)
    }

    /// The same without waiting: if none is free, a connection is opened for this one read.
    pub(super) fn read_blocking<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Ok(permit) = self.readers.free.try_acquire() {
            return self.readers.run(permit, &self.counters, work);
        }
        let mut connection = self.readers.another()?;
        snapshot(&mut connection, &self.counters, work)
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

/// The connections that read. A permit of `free` stands for one of `idle`.
struct Readers {
    free: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
    path: std::path::PathBuf,
    busy: std::time::Duration,
}

impl Readers {
    fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        let count = options.sqlite_readers.max(1);
        let readers = Self {
            free: Semaphore::new(count),
            idle: Mutex::new(Vec::with_capacity(count)),
            path: path.to_owned(),
            busy: options.sqlite_busy,
        };
        for _ in 0..count {
            let connection = readers.another()?;
            readers.lock().push(connection);
        }
        Ok(readers)
    }

    fn another(&self) -> Result<SqliteConnection, Error> {
        SqliteConnection::reader(&self.path, self.busy)
    }

    fn run<T, E: From<Error>>(
        &self,
        permit: SemaphorePermit<'_>,
        counters: &Counters,
        work: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.another()?,
        };
        let done = snapshot(&mut connection, counters, work);
        self.lock().push(connection);
        // Only now: who gets the permit finds the connection.
        drop(permit);
        done
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work` so that all its statements see the same moment.
fn snapshot<T, E: From<Error>>(
    connection: &mut SqliteConnection,
    counters: &Counters,
    work: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    count(&counters.reads);
    connection
        .control("BEGIN DEFERRED")
        .map_err(|(error, _)| error)?;
    let mut tx = ReadTx::new(Connection::Sqlite(connection), counters);
    let done = caught(|| work(&mut tx));
    connection.roll_back();
    done?
}

/// The thread that writes.
struct Writer {
    committer: Committer,
    queue: Arc<Queue<Box<dyn WriteJob>>>,
    most: usize,
    copy_the_log: mpsc::SyncSender<Copying>,
}

/// When the log is to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    /// As soon as nobody writes.
    Later,
    /// Beside the writer.
    Now,
}

/// Waits until the log is to be copied; false if nobody writes any more.
fn is_to_be_copied(asked: &mpsc::Receiver<Copying>) -> bool {
    let Ok(mut copying) = asked.recv() else {
        return false;
    };
    while copying == Copying::Later {
        copying = match asked.recv_timeout(CALM) {
            Ok(again) => again,
            Err(RecvTimeoutError::Timeout) => Copying::Now,
            Err(RecvTimeoutError::Disconnected) => return false,
        };
    }
    true
}

impl Writer {
    fn serve(&mut self) {
        while let Some((lane, jobs)) = self.queue.take(self.most) {
            self.committer.write(jobs);
            self.queue.done(lane);
            self.tend_the_log();
        }
        self.committer.connection.truncate_log();
    }

    /// Has the log copied to the file, if possible where nobody waits for it.
    fn tend_the_log(&self) {
        let connection = &self.committer.connection;
        let frames = connection.log_frames();
        if frames >= MOST_FRAMES {
            connection.checkpoint();
        } else if frames >= IDLE_FRAMES {
            let copying = if frames >= BUSY_FRAMES {
                Copying::Now
            } else {
                Copying::Later
            };
            // A full channel means that the helper is at it, or learns at once that somebody writes.
            let _ = self.copy_the_log.try_send(copying);
        }
    }
}

/// The one connection that writes.
struct Committer {
    connection: SqliteConnection,
    counters: Arc<Counters>,
}

impl Committer {
    /// Runs the jobs in one transaction and answers them.
    fn write(&mut self, mut jobs: Vec<Box<dyn WriteJob>>) {
        if let Err((error, _)) = self.connection.control("BEGIN IMMEDIATE") {
            return fail_all(jobs, &error);
        }
        let is_alone = jobs.len() == 1;
        let mut verdicts = Vec::with_capacity(jobs.len());
        for job in &mut jobs {
            let run = if is_alone {
                self.run_alone(job.as_mut())
            } else {
                self.run(job.as_mut())
            };
            match run {
                Ok(verdict) => verdicts.push(verdict),
                Err(error) => {
                    self.connection.roll_back();
                    return fail_all(jobs, &error);
                }
            }
        }
        let end = if is_alone && verdicts.iter().any(|verdict| *verdict != Verdict::Keep) {
            "ROLLBACK"
        } else {
            "COMMIT"
        };
        if let Err((error, _)) = self.connection.control(end) {
            self.connection.roll_back();
            // A constraint that is only checked at the end: each for itself, to find whose it was.
            let can_be_divided = jobs.len() > 1 || jobs.iter().any(|job| job.is_many());
            if matches!(error, Error::Conflict(_)) && can_be_divided {
                for job in jobs.into_iter().flat_map(WriteJob::parts) {
                    self.write(vec![job]);
                }
            } else {
                fail_all(jobs, &error);
            }
            return;
        }
        self.counters.committed();
        let mut divided = Vec::new();
        for (job, verdict) in jobs.into_iter().zip(verdicts) {
            if verdict != Verdict::Keep && job.is_many() {
                divided.extend(job.parts());
                continue;
            }
            count(match verdict {
                Verdict::Keep => &self.counters.transactions,
                Verdict::Discard | Verdict::Panicked => &self.counters.rollbacks,
            });
            job.answer();
        }
        if !divided.is_empty() {
            self.write(divided);
        }
    }

    /// Runs one job in its savepoint. An error means that the whole transaction is gone.
    fn run(&mut self, job: &mut dyn WriteJob) -> Result<Verdict, Error> {
        self.control("SAVEPOINT job")?;
        let verdict = self.run_alone(job)?;
        if verdict != Verdict::Keep {
            self.control("ROLLBACK TO job")?;
        }
        self.control("RELEASE job")?;
        Ok(verdict)
    }

    /// Runs the only job of a transaction. Without a savepoint SQLite need not keep a copy of every page that is written.
    fn run_alone(&mut self, job: &mut dyn WriteJob) -> Result<Verdict, Error> {
        let mut tx = WriteTx::new(Connection::Sqlite(&mut self.connection), &self.counters);
        let verdict = job.run(&mut tx);
        let is_full = tx.met_a_full_disk();
        if self.connection.lost_its_transaction() {
            if is_full {
                return Err(Error::Full);
            }
            return Err(Error::driver(
                "writing",
                "the database gave up the transaction",
            ));
        }
        Ok(verdict)
    }

    fn control(&self, sql: &'static str) -> Result<(), Error> {
        self.connection.control(sql).map_err(|(error, _)| error)
    }
}

/// Answers the same failure to all: nothing of any of them was stored.
fn fail_all(jobs: Vec<Box<dyn WriteJob>>, error: &Error) {
    for job in jobs {
        job.fail(error.for_another());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_9_the_log_is_copied_once_nobody_writes_any_more_or_at_once_where_it_has_to_be() {
        let (ask, asked) = mpsc::sync_channel(4);
        ask.send(Copying::Now).unwrap();
        assert!(is_to_be_copied(&asked));

        for _ in 0..3 {
            ask.send(Copying::Later).unwrap();
        }
        assert!(is_to_be_copied(&asked));
        assert!(
            asked.try_recv().is_err(),
            "the writes that came meanwhile are one reason to copy it, not three"
        );

        ask.send(Copying::Later).unwrap();
        drop(ask);
        assert!(!is_to_be_copied(&asked), "the writer empties it at its end");
    }
}
