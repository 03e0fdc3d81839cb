//! PostgreSQL: a few threads that write and a few that read, each with its own connection.
//!
//! Invariants: a write is run again only while it is certain that it did not commit. A write is answered after its
//! commit; where the connection is lost during the commit the answer is an error that says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::job::{ReadJob, Verdict, WriteJob};
use super::postgres_connection::PostgresConnection;
use super::postgres_tls::tls;
use super::queue::{Lane, Queue};
use super::statistics::{Counters, count};
use super::threads::Threads;
use super::transaction::{Connection, ReadTx, WriteTx};
use super::{Options, backoff};
use crate::error::{Error, Setback, from_postgres};

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How often a write is run before it is given up as [`Error::Busy`].
const TRIES: u32 = 20;

pub(super) struct Postgres {
    writes: Arc<Queue<Box<dyn WriteJob>>>,
    reads: Arc<Queue<Box<dyn ReadJob>>>,
    /// Joined when the last store goes.
    _threads: [Threads; 2],
}

impl Postgres {
    pub(super) fn open(
        url: &str,
        ca: Option<&PathBuf>,
        options: &Options,
        counters: &Arc<Counters>,
    ) -> Result<Self, Error> {
        let mut config: Config = url
            .parse()
            .map_err(|error| Error::driver("reading the address of PostgreSQL", error))?;
        if config.get_application_name().is_none() {
            config.application_name("reeve");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        let session = Session {
            config,
            tls: tls(ca.map(PathBuf::as_path))?,
            counters: Arc::clone(counters),
            connection: None,
        };

        let writers = options.postgres_writers.max(1);
        let readers = options.postgres_readers.max(1);
        let write_queue: Arc<Queue<Box<dyn WriteJob>>> = Arc::new(Queue::new(writers / 2));
        let read_queue: Arc<Queue<Box<dyn ReadJob>>> = Arc::new(Queue::new(readers));
        let write_threads = start(
            writers,
            "store-write",
            &write_queue,
            &session,
            Session::serve_writes,
        )?;
        let read_threads = start(
            readers,
            "store-read",
            &read_queue,
            &session,
            Session::serve_reads,
        )?;
        Ok(Self {
            writes: write_queue,
            reads: read_queue,
            _threads: [write_threads, read_threads],
        })
    }

    pub(super) fn write(&self, lane: Lane, job: Box<dyn WriteJob>) {
        if let Err(job) = self.writes.push(lane, job) {
            job.fail(Error::Closed);
        }
    }

    pub(super) fn read(&self, job: Box<dyn ReadJob>) {
        if let Err(job) = self.reads.push(Lane::Interactive, job) {
            job.fail(Error::Closed);
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.writes.waiting()
    }
}

/// Starts `count` threads that serve `queue`, each with a session of its own.
fn start<J: Send + 'static>(
    count: usize,
    name: &str,
    queue: &Arc<Queue<J>>,
    session: &Session,
    serve: fn(&mut Session, &Queue<J>),
) -> Result<Threads, Error> {
    let closing = Arc::clone(queue);
    let mut threads = Threads::new(move || closing.close());
    for number in 0..count {
        let queue = Arc::clone(queue);
        let mut session = session.another();
        threads.start(format!("{name}-{number}"), move || {
            serve(&mut session, &queue);
        })?;
    }
    Ok(threads)
}

/// What one thread has: its connection, made when it is first needed and again when it was lost.
struct Session {
    config: Config,
    tls: MakeRustlsConnect,
    counters: Arc<Counters>,
    connection: Option<PostgresConnection>,
}

/// What became of one try to write.
enum Tried {
    Committed,
    /// Rolled back; the work's own answer stands.
    RolledBack,
    /// Not committed; worth another try.
    Again,
    /// Not committed, because the connection was lost.
    Lost(Error),
    /// Not committed, or not known to be.
    Failed(Error),
}

impl Session {
    fn another(&self) -> Self {
        Self {
            config: self.config.clone(),
            tls: self.tls.clone(),
            counters: Arc::clone(&self.counters),
            connection: None,
        }
    }

    fn serve_writes(&mut self, queue: &Queue<Box<dyn WriteJob>>) {
        while let Some((lane, jobs)) = queue.take(1) {
            for job in jobs {
                self.write(job, queue);
            }
            if lane == Lane::Bulk {
                queue.bulk_done();
            }
        }
    }

    fn serve_reads(&mut self, queue: &Queue<Box<dyn ReadJob>>) {
        while let Some((_, jobs)) = queue.take(1) {
            for job in jobs {
                self.read(job);
            }
        }
    }

    fn write(&mut self, mut job: Box<dyn WriteJob>, queue: &Queue<Box<dyn WriteJob>>) {
        let mut reconnected = false;
        for attempt in 0..TRIES {
            match self.try_write(job.as_mut()) {
                Tried::Committed => {
                    count(&self.counters.transactions);
                    count(&self.counters.commits);
                    return job.answer();
                }
                Tried::RolledBack => {
                    count(&self.counters.rollbacks);
                    return job.answer();
                }
                Tried::Failed(error) => return job.fail(error),
                Tried::Lost(error) if reconnected => return job.fail(error),
                Tried::Lost(_) => reconnected = true,
                Tried::Again => queue.pause(backoff::pause(attempt)),
            }
            count(&self.counters.retries);
        }
        job.fail(Error::Busy);
    }

    fn try_write(&mut self, job: &mut dyn WriteJob) -> Tried {
        let counters = Arc::clone(&self.counters);
        let connection = match self.begin(BEGIN_WRITE) {
            Ok(connection) => connection,
            Err((error, Setback::Disconnected)) => return Tried::Lost(error),
            Err((error, _)) => return Tried::Failed(error),
        };
        let mut tx = WriteTx::new(Connection::Postgres(connection), &counters);
        let verdict = job.run(&mut tx);
        let setback = tx.setback();
        match (verdict, setback) {
            (Verdict::Panicked, _) | (Verdict::Discard, None | Some(Setback::Failed)) => {
                self.roll_back();
                Tried::RolledBack
            }
            (_, Some(Setback::Contended)) => {
                self.roll_back();
                Tried::Again
            }
            (_, Some(Setback::Disconnected)) => {
                self.connection = None;
                Tried::Lost(Error::driver(
                    "running a transaction",
                    "the connection to PostgreSQL was lost",
                ))
            }
            (Verdict::Keep, _) => self.commit(),
        }
    }

    fn commit(&mut self) -> Tried {
        let Some(connection) = &mut self.connection else {
            return Tried::Failed(Error::Closed);
        };
        match connection.control("COMMIT") {
            Ok(()) => Tried::Committed,
            Err((_, Setback::Contended)) => {
                self.roll_back();
                Tried::Again
            }
            Err((error, Setback::Disconnected)) => {
                self.connection = None;
                let context =
                    "the connection was lost during the commit: whether it happened is unknown";
                Tried::Failed(Error::driver(context, error))
            }
            Err((error, Setback::Failed)) => {
                self.roll_back();
                Tried::Failed(error)
            }
        }
    }

    fn read(&mut self, job: Box<dyn ReadJob>) {
        count(&self.counters.reads);
        let counters = Arc::clone(&self.counters);
        let connection = match self.begin(BEGIN_READ) {
            // The first statement of a connection tells whether it is still there; nothing has been run yet.
            Err((_, Setback::Disconnected)) => self.begin(BEGIN_READ),
            begun => begun,
        };
        match connection {
            Ok(connection) => {
                let mut tx = ReadTx::new(Connection::Postgres(connection), &counters);
                job.run(&mut tx);
                let lost = tx.setback() == Some(Setback::Disconnected);
                if lost {
                    self.connection = None;
                } else {
                    self.roll_back();
                }
            }
            Err((error, _)) => job.fail(error),
        }
    }

    /// Begins a transaction, on a new connection if there is none.
    fn begin(&mut self, sql: &'static str) -> Result<&mut PostgresConnection, (Error, Setback)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        connection.control(sql)?;
        Ok(self.connection.insert(connection))
    }

    fn connect(&self) -> Result<PostgresConnection, (Error, Setback)> {
        let client = self.config.connect(self.tls.clone()).map_err(|error| {
            // Failing to connect is final for this job: the driver has tried every host.
            (
                from_postgres("connecting to PostgreSQL", error).0,
                Setback::Failed,
            )
        })?;
        count(&self.counters.connections);
        Ok(PostgresConnection::new(client))
    }

    /// A connection that cannot even roll back is given up.
    fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection
            && connection.control("ROLLBACK").is_err()
        {
            self.connection = None;
        }
    }
}
