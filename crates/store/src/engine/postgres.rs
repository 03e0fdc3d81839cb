//! PostgreSQL: two threads that write and a few that read, each with its own connection.
//!
//! One thread writes what somebody waits for, the other what can wait. More would only be in each other's way: the
//! database lets those through that look as if they ran one after the other, and has the rest run again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Options;
use super::faults::Faults;
use super::job::{ReadJob, WriteJob};
use super::postgres_address::{self, GREETING};
use super::postgres_connection::PostgresConnection;
use super::postgres_tls::tls;
use super::queue::{Lane, Queue};
use super::statistics::{Counters, count};
use super::threads::Threads;
use super::transaction::{Connection, ReadTx};
use crate::error::{Error, Setback};

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Threads that write.
const WRITERS: usize = 2;

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
        let session = Session {
            config: postgres_address::config(url)?,
            faults: options.postgres_faults.clone(),
            reachable: Arc::new(AtomicBool::new(true)),
            tls: tls(ca.map(PathBuf::as_path))?,
            counters: Arc::clone(counters),
            connection: None,
        };

        let readers = options.postgres_readers.max(1);
        let write_queue: Arc<Queue<Box<dyn WriteJob>>> = Arc::new(Queue::new(1, 1));
        let read_queue: Arc<Queue<Box<dyn ReadJob>>> = Arc::new(Queue::new(readers, 1));
        let most = options.postgres_group.max(1);
        let write_threads = start(
            WRITERS,
            "store-write",
            &write_queue,
            &session,
            move |session, queue| session.serve_writes(queue, most),
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
    serve: impl Fn(&mut Session, &Queue<J>) + Clone + Send + 'static,
) -> Result<Threads, Error> {
    let closing = Arc::clone(queue);
    let mut threads = Threads::new(move || closing.close());
    for number in 0..count {
        let queue = Arc::clone(queue);
        let mut session = session.another();
        let serve = serve.clone();
        threads.start(format!("{name}-{number}"), move || {
            serve(&mut session, &queue);
        })?;
    }
    Ok(threads)
}

/// What one thread has: its connection, made when it is first needed and again when it was lost.
pub(super) struct Session {
    config: Config,
    tls: MakeRustlsConnect,
    pub(super) faults: Option<Faults>,
    /// Whether the last session that tried found the database; all sessions share it, so that it is told once.
    pub(super) reachable: Arc<AtomicBool>,
    pub(super) counters: Arc<Counters>,
    pub(super) connection: Option<PostgresConnection>,
}

impl Session {
    fn another(&self) -> Self {
        Self {
            config: self.config.clone(),
            tls: self.tls.clone(),
            faults: self.faults.clone(),
            reachable: Arc::clone(&self.reachable),
            counters: Arc::clone(&self.counters),
            connection: None,
        }
    }

    fn serve_writes(&mut self, queue: &Queue<Box<dyn WriteJob>>, most: usize) {
        while let Some((lane, jobs)) = queue.take(most) {
            self.write(jobs, queue);
            queue.done(lane);
        }
    }

    fn serve_reads(&mut self, queue: &Queue<Box<dyn ReadJob>>) {
        while let Some((lane, jobs)) = queue.take(1) {
            for job in jobs {
                self.read(job);
            }
            queue.done(lane);
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
    pub(super) fn begin(
        &mut self,
        sql: &'static str,
    ) -> Result<&mut PostgresConnection, (Error, Setback)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        // Nothing of the work has been run: a server that cannot even begin, such as a primary that became a standby, is
        // left for another.
        connection
            .control(sql)
            .map_err(|(error, _)| (error.into_unavailable(), Setback::Disconnected))?;
        Ok(self.connection.insert(connection))
    }

    /// Connects to the first host that takes us. Failing to is final for this job: the driver has asked every host.
    fn connect(&self) -> Result<PostgresConnection, (Error, Setback)> {
        let connected = self
            .config
            .connect(self.tls.clone())
            .and_then(|mut client| client.batch_execute(GREETING).map(|()| client));
        let was_reachable = self.reachable.swap(connected.is_ok(), Ordering::Relaxed);
        match connected {
            Ok(client) => {
                if !was_reachable {
                    tracing::info!("PostgreSQL can be reached again");
                }
                count(&self.counters.connections);
                Ok(PostgresConnection::new(client, self.faults.clone()))
            }
            Err(error) => {
                let error = Error::unavailable("connecting to PostgreSQL", error);
                if was_reachable {
                    let cause: &dyn std::error::Error = &error;
                    tracing::warn!(error = cause, "PostgreSQL cannot be reached");
                }
                Err((error, Setback::Failed))
            }
        }
    }

    /// A connection that cannot even roll back is given up.
    pub(super) fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection
            && connection.control("ROLLBACK").is_err()
        {
            self.connection = None;
        }
    }
}
