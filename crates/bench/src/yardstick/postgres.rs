//! Bare PostgreSQL: as many threads with a connection each as Reeve has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Statement};
use tokio::sync::mpsc::UnboundedReceiver;

use super::page::{self, Page, Position, Row, Subject};
use super::work::{Argument, Transaction};
use super::{Held, Job, Question, Wanted, answer};

/// Connections that write, and as many that read.
const CONNECTIONS: usize = 8;

type BoxError = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Argument<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match self {
            Self::Text(text) => text.to_sql(kind, out),
            Self::Number(number) => number.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TEXT | Type::INT8)
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// A connection with its prepared statements.
struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

impl Session {
    fn open(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::connect(url, NoTls)?,
            prepared: HashMap::new(),
        })
    }

    fn statement(&mut self, sql: &'static str) -> anyhow::Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }
}

impl Transaction for Session {
    fn run(&mut self, sql: &'static str, arguments: &[Argument<'_>]) -> anyhow::Result<u64> {
        let statement = self.statement(sql)?;
        let arguments: Vec<&(dyn ToSql + Sync)> = arguments
            .iter()
            .map(|one| one as &(dyn ToSql + Sync))
            .collect();
        Ok(self.client.execute(&statement, &arguments)?)
    }

    fn find(&mut self, sql: &'static str, id: &str) -> anyhow::Result<Option<Vec<String>>> {
        let statement = self.statement(sql)?;
        let found = self.client.query_opt(&statement, &[&id])?;
        Ok(found.map(|row| (0..row.len()).map(|column| row.get(column)).collect()))
    }
}

/// Starts the threads that write. They end with the other end of the channel.
pub(super) fn write(url: &str, jobs: UnboundedReceiver<Job>, group: usize) -> anyhow::Result<()> {
    let jobs = Arc::new(Mutex::new(jobs));
    on_threads("write", url, move |session| {
        while let Some(taken) = take(&jobs, group) {
            let (work, waiting): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
            let outcome = session.run("BEGIN", &[]).and_then(|_| {
                for work in &work {
                    work.run(session)?;
                }
                session.run("COMMIT", &[]).map(drop)
            });
            if outcome.is_err() {
                // Nothing may be open, then there is nothing to undo.
                let _ = session.run("ROLLBACK", &[]);
            }
            answer(waiting, &outcome);
        }
    })
}

/// Starts the threads that read. They end with the other end of the channel.
pub(super) fn read(url: &str, questions: UnboundedReceiver<Question>) -> anyhow::Result<()> {
    let questions = Arc::new(Mutex::new(questions));
    on_threads("read", url, move |session| {
        while let Some(taken) = take(&questions, 1) {
            for (wanted, sender) in taken {
                let answer = match wanted {
                    Wanted::Page(after) => page(session, after.as_ref()),
                    Wanted::One(id) => one(session, &id),
                    Wanted::Held(wanted) => held(session, &wanted),
                };
                // Who asked may be gone.
                let _ = sender.send(answer);
            }
        }
    })
}

/// Runs `serve` on every thread with a connection of its own, once all of them are connected. The driver connects on
/// threads that run no tasks alone.
fn on_threads(
    name: &str,
    url: &str,
    serve: impl Fn(&mut Session) + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let (connected, connections) = mpsc::channel();
    for _ in 0..CONNECTIONS {
        let (url, serve, connected) = (url.to_owned(), serve.clone(), connected.clone());
        let work = move || {
            let (told, session) = match Session::open(&url) {
                Ok(session) => (Ok(()), Some(session)),
                Err(error) => (Err(error), None),
            };
            // Whoever waits for it may have given up.
            let _ = connected.send(told);
            if let Some(mut session) = session {
                serve(&mut session);
            }
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)?;
    }
    for _ in 0..CONNECTIONS {
        connections.recv()??;
    }
    Ok(())
}

/// What waits, up to the size of a group; `None` when nothing will come any more.
fn take<T>(queue: &Mutex<UnboundedReceiver<T>>, group: usize) -> Option<Vec<T>> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken = vec![queue.blocking_recv()?];
    while taken.len() < group
        && let Ok(one) = queue.try_recv()
    {
        taken.push(one);
    }
    Some(taken)
}

fn page(session: &mut Session, after: Option<&Position>) -> anyhow::Result<Vec<u8>> {
    let rows = match after {
        None => {
            let statement = session.statement(page::FIRST)?;
            session.client.query(&statement, &[])?
        }
        Some((time, id)) => {
            let statement = session.statement(page::NEXT)?;
            session.client.query(&statement, &[time, id])?
        }
    };
    let mut page = Page::new();
    for row in &rows {
        let shown = Row {
            id: row.get(0),
            state: row.get(1),
            status: row.get(2),
            schedule: row.get(4),
            created_at: row.get(5),
        };
        page.push(&shown, None)?;
    }
    Ok(page.finish())
}

fn one(session: &mut Session, id: &str) -> anyhow::Result<Vec<u8>> {
    let statement = session.statement(page::ONE)?;
    let row = session.client.query_one(&statement, &[&id])?;
    let shown = Row {
        id: row.get(0),
        state: row.get(1),
        status: row.get(2),
        schedule: row.get(4),
        created_at: row.get(5),
    };
    shown.alone()
}

fn held(session: &mut Session, wanted: &Held) -> anyhow::Result<Vec<u8>> {
    let package = &wanted.package;
    let count = if wanted.with_count {
        let statement = session.statement(page::HELD_COUNT)?;
        Some(session.client.query_one(&statement, &[package])?.get(0))
    } else {
        None
    };
    let statement = session.statement(if wanted.with_target {
        page::HELD
    } else {
        page::HELD_ALONE
    })?;
    let mut page = Page::new();
    for row in &session.client.query(&statement, &[package])? {
        let shown = Row {
            id: row.get(0),
            state: row.get(1),
            status: row.get(2),
            schedule: row.get(3),
            created_at: row.get(4),
        };
        if !wanted.with_target {
            page.push(&shown, None)?;
            continue;
        }
        let target = Subject {
            id: row.get(5),
            object_id: row.get(6),
            display_name: row.get(7),
            principal_name: row.get(8),
            email: row.get(9),
            kind: row.get(10),
            lifecycle: row.get(11),
        };
        page.push(&shown, Some(&target))?;
    }
    Ok(page.finish_with(count))
}
