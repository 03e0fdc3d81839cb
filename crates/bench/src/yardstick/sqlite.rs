//! Bare SQLite: one thread that writes, and a connection that reads for each thread of the runtime.

use std::cell::RefCell;
use std::path::Path;

use anyhow::Context;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, OptionalExtension, ToSql, params, params_from_iter};
use tokio::sync::mpsc::UnboundedReceiver;

use super::page::{self, Page, Position, Row, Subject};
use super::work::{Argument, Transaction};
use super::{Held, Job, Wanted, answer};

impl ToSql for Argument<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Text(text) => (*text).into(),
            Self::Number(number) => (*number).into(),
        })
    }
}

impl Transaction for &Connection {
    fn run(&mut self, sql: &'static str, arguments: &[Argument<'_>]) -> anyhow::Result<u64> {
        let mut statement = self.prepare_cached(sql)?;
        Ok(statement.execute(params_from_iter(arguments))?.try_into()?)
    }

    fn find(&mut self, sql: &'static str, id: &str) -> anyhow::Result<Option<Vec<String>>> {
        let mut statement = self.prepare_cached(sql)?;
        let columns = statement.column_count();
        let found = statement.query_row([id], |row| (0..columns).map(|n| row.get(n)).collect());
        Ok(found.optional()?)
    }
}

/// Starts the thread that writes. It ends with the other end of the channel.
pub(super) fn write(
    file: &Path,
    mut jobs: UnboundedReceiver<Job>,
    group: usize,
) -> anyhow::Result<()> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA cache_size = -65536",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    std::thread::Builder::new()
        .name("write".to_owned())
        .spawn(move || {
            while let Some(first) = jobs.blocking_recv() {
                let mut waiting = Vec::with_capacity(group);
                let outcome = commit(&connection, first, &mut jobs, group, &mut waiting);
                if outcome.is_err() {
                    // Nothing may be open, then there is nothing to undo.
                    let _ = connection.execute_batch("ROLLBACK");
                }
                answer(waiting, &outcome);
            }
        })?;
    Ok(())
}

/// Runs whatever waits, up to the size of a group, in one transaction.
fn commit(
    mut connection: &Connection,
    first: Job,
    jobs: &mut UnboundedReceiver<Job>,
    group: usize,
    waiting: &mut Vec<tokio::sync::oneshot::Sender<anyhow::Result<()>>>,
) -> anyhow::Result<()> {
    let mut next = Some(first);
    let mut outcome = connection.run("BEGIN IMMEDIATE", &[]).map(drop);
    while let Some((work, sender)) = next {
        waiting.push(sender);
        if outcome.is_ok() {
            outcome = work.run(&mut connection);
        }
        next = if waiting.len() < group {
            jobs.try_recv().ok()
        } else {
            None
        };
    }
    outcome?;
    connection.run("COMMIT", &[]).map(drop)
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Reads on this thread.
pub(super) fn read(file: &Path, wanted: &Wanted) -> anyhow::Result<Vec<u8>> {
    READER.with_borrow_mut(|reader| {
        let connection = match reader {
            Some(connection) => connection,
            None => reader.insert(open(file)?),
        };
        match wanted {
            Wanted::Page(after) => page(connection, after.as_ref()),
            Wanted::One(id) => one(connection, id),
            Wanted::Held(wanted) => held(connection, wanted),
        }
    })
}

fn page(connection: &Connection, after: Option<&Position>) -> anyhow::Result<Vec<u8>> {
    let mut statement = match after {
        None => connection.prepare_cached(page::FIRST)?,
        Some(_) => connection.prepare_cached(page::NEXT)?,
    };
    let mut rows = match after {
        None => statement.query([])?,
        Some((time, id)) => statement.query(params![time, id])?,
    };
    let mut page = Page::new();
    while let Some(row) = rows.next()? {
        let shown = Row {
            id: row.get_ref(0)?.as_str()?,
            state: row.get_ref(1)?.as_str()?,
            status: row.get_ref(2)?.as_str()?,
            schedule: row.get_ref(4)?.as_str()?,
            created_at: row.get(5)?,
        };
        page.push(&shown, None)?;
    }
    Ok(page.finish())
}

fn one(connection: &Connection, id: &str) -> anyhow::Result<Vec<u8>> {
    let mut statement = connection.prepare_cached(page::ONE)?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.context("no such assignment")?;
    let shown = Row {
        id: row.get_ref(0)?.as_str()?,
        state: row.get_ref(1)?.as_str()?,
        status: row.get_ref(2)?.as_str()?,
        schedule: row.get_ref(4)?.as_str()?,
        created_at: row.get(5)?,
    };
    shown.alone()
}

fn held(connection: &Connection, wanted: &Held) -> anyhow::Result<Vec<u8>> {
    let package = wanted.package.as_str();
    let count = if wanted.with_count {
        let mut statement = connection.prepare_cached(page::HELD_COUNT)?;
        Some(statement.query_row([package], |row| row.get(0))?)
    } else {
        None
    };
    let mut statement = connection.prepare_cached(if wanted.with_target {
        page::HELD
    } else {
        page::HELD_ALONE
    })?;
    let mut rows = statement.query([package])?;
    let mut page = Page::new();
    while let Some(row) = rows.next()? {
        let shown = Row {
            id: row.get_ref(0)?.as_str()?,
            state: row.get_ref(1)?.as_str()?,
            status: row.get_ref(2)?.as_str()?,
            schedule: row.get_ref(3)?.as_str()?,
            created_at: row.get(4)?,
        };
        if !wanted.with_target {
            page.push(&shown, None)?;
            continue;
        }
        let target = Subject {
            id: row.get_ref(5)?.as_str()?,
            object_id: row.get_ref(6)?.as_str()?,
            display_name: row.get_ref(7)?.as_str()?,
            principal_name: row.get_ref(8)?.as_str()?,
            email: row.get_ref(9)?.as_str_or_null()?,
            kind: row.get_ref(10)?.as_str()?,
            lifecycle: row.get_ref(11)?.as_str()?,
        };
        page.push(&shown, Some(&target))?;
    }
    Ok(page.finish_with(count))
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456")?;
    Ok(connection)
}
