//! The two engines behind one type: how a transaction gets to a connection and its answer back.
//!
//! Invariant: the work of a transaction is a plain function. It cannot wait for anything but the database, so no
//! network call happens while a transaction is open.

mod backoff;
mod faults;
mod guard;
mod inline;
mod job;
mod postgres;
mod postgres_address;
mod postgres_connection;
mod postgres_group;
mod postgres_tls;
mod queue;
mod row;
mod sqlite;
mod sqlite_backup;
mod sqlite_connection;
mod statistics;
mod threads;
mod together;
mod transaction;

#[cfg(test)]
pub(crate) mod tests;

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use domain::query::Query;
use tokio::sync::futures::Notified;
use tokio::sync::oneshot;

pub use self::faults::Faults;
use self::guard::Guard;
use self::inline::Inline;
use self::job::{Read, Reply, Write, WriteJob};
use self::postgres::Postgres;
use self::queue::Lane;
pub(crate) use self::row::Row;
use self::sqlite::Sqlite;
pub use self::sqlite_backup::{copy_file, faults_of_file};
pub use self::statistics::Statistics;
use self::statistics::{Counters, count};
pub use self::together::Together;
pub use self::transaction::{ReadTx, WriteTx};
use crate::dialect::Engine;
use crate::error::Error;

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, created if it is not there.
    Sqlite {
        /// Its path.
        path: PathBuf,
    },
    /// A server, or several of which one is the primary.
    Postgres {
        /// A URL or a `key=value` string, as libpq reads it.
        url: String,
        /// A PEM file of the authorities that the server's certificate may come from; the system's, if not given.
        ca: Option<PathBuf>,
    },
}

/// How the engine uses the machine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that read a SQLite file.
    pub sqlite_readers: usize,
    /// Writes that share one commit at most.
    pub sqlite_group: usize,
    /// How long to wait for another process that writes to the file.
    pub sqlite_busy: Duration,
    /// The same on PostgreSQL. A group is in the way of other replicas until its commit, so it is smaller.
    pub postgres_group: usize,
    /// Connections to PostgreSQL that read.
    pub postgres_readers: usize,
    /// PostgreSQL, for tests: what goes wrong on purpose.
    pub postgres_faults: Option<Faults>,
    /// SQLite, for simulations: one connection that reads and writes at once on the thread that asks, so that the path may
    /// be `:memory:`, and nobody waits for the disk. The same calls then always give the same run, and
    /// [`Store::rewind`] works.
    pub deterministic: bool,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            sqlite_readers: (2 * cores).clamp(2, 8),
            sqlite_group: 512,
            sqlite_busy: Duration::from_secs(5),
            postgres_group: 64,
            postgres_readers: 8,
            postgres_faults: None,
            deterministic: false,
        }
    }
}

/// The database. Clones are the same store; the last one to go waits for the writes that were submitted.
#[derive(Clone)]
pub struct Store {
    engine: Arc<AnyEngine>,
    counters: Arc<Counters>,
    guard: Option<Arc<Guard>>,
}

enum AnyEngine {
    Sqlite(Sqlite),
    Inline(Inline),
    Postgres(Postgres),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database and makes sure that it answers. Blocks; may be called from a task.
    pub fn open(location: &Location, options: &Options) -> Result<Self, Error> {
        let counters = Arc::new(Counters::default());
        let engine = match location {
            Location::Sqlite { path } if options.deterministic => {
                AnyEngine::Inline(Inline::open(path, options, &counters)?)
            }
            Location::Sqlite { path } => AnyEngine::Sqlite(Sqlite::open(path, options, &counters)?),
            Location::Postgres { url, ca } => {
                AnyEngine::Postgres(Postgres::open(url, ca.as_ref(), options, &counters)?)
            }
        };
        let store = Self {
            engine: Arc::new(engine),
            counters,
            guard: None,
        };
        store.read_blocking(|tx| tx.query_one("SELECT 1", &[]).map(drop))?;
        Ok(store)
    }

    /// Which database this is.
    pub fn kind(&self) -> Engine {
        match *self.engine {
            AnyEngine::Sqlite(_) | AnyEngine::Inline(_) => Engine::Sqlite,
            AnyEngine::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs `work` in a transaction and answers once it is committed.
    ///
    /// The work may be run several times (others were in its way, a connection was lost), of which one counts; so it
    /// only reads, decides and writes. What it answers as an error is rolled back. It is run even if the caller goes away.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let Some(guard) = self.guard.clone() else {
            return self.write_in(Lane::Interactive, work).await;
        };
        let watched = Arc::clone(&guard);
        let done = self
            .write_in(Lane::Interactive, move |tx| {
                watched.check(tx)?;
                work(tx)
            })
            .await;
        if done.is_ok() {
            guard.spend();
        }
        done
    }

    /// The same store, whose first write happens only if a row still has one of these versions: `query` reads that
    /// version as its one field. What stands in the way is [`Error::StaleVersion`].
    #[must_use]
    pub fn guarded(&self, query: Query, versions: Vec<i64>) -> Self {
        Self {
            guard: Some(Arc::new(Guard::new(query, versions))),
            ..self.clone()
        }
    }

    /// The same for work that can wait, such as a chunk of a sweep: interactive writes go first.
    pub async fn write_bulk<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_in(Lane::Bulk, work).await
    }

    /// Writes a call together with others of its kind that wait as well; otherwise as [`Store::write`].
    pub async fn write_together<I, T, E>(&self, kind: &Together<I, T, E>, item: I) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.guard.is_some() {
            // What has to hold, has to hold for this call alone.
            return self.write(kind.alone(item)).await;
        }
        let (sender, receiver) = oneshot::channel();
        match kind.join(item, Reply::Task(sender)) {
            Some(unit) => self.submit_job(Lane::Interactive, unit),
            None => count(&self.counters.joined),
        }
        receiver.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// [`Store::write`] for code that is not a task: tools, start-up and tests.
    pub fn write_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.submit(Lane::Interactive, work, Reply::Thread(sender));
        receiver
            .recv()
            .unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// [`Store::write_blocking`] for what may touch every row of the largest tables.
    pub(crate) fn write_large<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let AnyEngine::Sqlite(sqlite) = &*self.engine else {
            // The memory that a statement takes is the server's there, and bounded by its settings.
            return self.write_blocking(work);
        };
        let (sender, receiver) = mpsc::sync_channel(1);
        sqlite.write_large(Box::new(Write::new(work, Reply::Thread(sender))));
        receiver
            .recv()
            .unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Runs `work` on one snapshot of the database, which holds every write that was answered before.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            AnyEngine::Sqlite(sqlite) => sqlite.read(work).await,
            AnyEngine::Inline(inline) => inline.read(work),
            AnyEngine::Postgres(postgres) => {
                let (sender, receiver) = oneshot::channel();
                postgres.read(Box::new(Read::new(work, Reply::Task(sender))));
                receiver.await.unwrap_or_else(|_| Err(Error::Closed.into()))
            }
        }
    }

    /// [`Store::read`] for code that is not a task: tools, start-up and tests.
    pub fn read_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            AnyEngine::Sqlite(sqlite) => sqlite.read_blocking(work),
            AnyEngine::Inline(inline) => inline.read(work),
            AnyEngine::Postgres(postgres) => {
                let (sender, receiver) = mpsc::sync_channel(1);
                postgres.read(Box::new(Read::new(work, Reply::Thread(sender))));
                receiver
                    .recv()
                    .unwrap_or_else(|_| Err(Error::Closed.into()))
            }
        }
    }

    /// Takes a deterministic store back to how it was at the last call; the first call takes back nothing.
    pub fn rewind(&self) -> Result<(), Error> {
        match &*self.engine {
            AnyEngine::Inline(inline) => inline.rewind(),
            AnyEngine::Sqlite(_) | AnyEngine::Postgres(_) => Err(Error::driver(
                "rewinding",
                "only a deterministic store can be rewound",
            )),
        }
    }

    /// Waits for the next commit of this process. Those of other processes are not heard of.
    pub fn news(&self) -> Notified<'_> {
        self.counters.news.notified()
    }

    /// What the store has done so far.
    pub fn statistics(&self) -> Statistics {
        let waiting = match &*self.engine {
            AnyEngine::Sqlite(sqlite) => sqlite.waiting(),
            AnyEngine::Inline(_) => 0,
            AnyEngine::Postgres(postgres) => postgres.waiting(),
        };
        self.counters.snapshot(waiting)
    }

    async fn write_in<T, E, F>(&self, lane: Lane, work: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.submit(lane, work, Reply::Task(sender));
        receiver.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    fn submit<T, E, F>(&self, lane: Lane, work: F, reply: Reply<Result<T, E>>)
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit_job(lane, Box::new(Write::new(work, reply)));
    }

    fn submit_job(&self, lane: Lane, job: Box<dyn WriteJob>) {
        match &*self.engine {
            AnyEngine::Sqlite(sqlite) => sqlite.write(lane, job),
            AnyEngine::Inline(inline) => inline.write(job),
            AnyEngine::Postgres(postgres) => postgres.write(lane, job),
        }
    }
}
