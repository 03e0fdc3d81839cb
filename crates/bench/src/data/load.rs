//! Puts the rows into a database as fast as it takes them.

use std::io::Write;

use anyhow::Context;
use rusqlite::types::{Null, ToSqlOutput, Value};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::rows::tables;
use super::{Cell, Size, Table};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => Null.into(),
            Self::Flag(flag) => ToSqlOutput::Owned(Value::Integer(i64::from(*flag))),
            Self::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => text.as_str().into(),
        })
    }
}

/// Fills a migrated SQLite file that nobody else uses.
pub(crate) fn into_sqlite(connection: &mut Connection, size: Size) -> anyhow::Result<()> {
    connection.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA foreign_keys = OFF",
    )?;
    let tx = connection.transaction()?;
    for table in tables(size) {
        let (name, columns) = (table.name, table.columns);
        let places = vec!["?"; columns.split(',').count()].join(", ");
        let mut insert =
            tx.prepare(&format!("INSERT INTO {name} ({columns}) VALUES ({places})"))?;
        for n in 0..table.count {
            insert
                .execute(params_from_iter((table.row)(n)))
                .with_context(|| format!("filling {name}"))?;
        }
    }
    tx.commit()?;
    // The log goes into the file, so that the file alone is the database.
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// Fills a migrated PostgreSQL database.
pub(crate) fn into_postgres(url: &str, size: Size) -> anyhow::Result<()> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    for table in tables(size) {
        copy(&mut client, &table).with_context(|| format!("filling {}", table.name))?;
    }
    // Each by itself: VACUUM runs in no transaction.
    client.batch_execute("VACUUM ANALYZE")?;
    client.batch_execute("CHECKPOINT")?;
    Ok(())
}

fn copy(client: &mut postgres::Client, table: &Table) -> anyhow::Result<()> {
    let copy = format!("COPY {} ({}) FROM STDIN", table.name, table.columns);
    let mut sink = client.copy_in(&copy)?;
    let mut line = String::new();
    for n in 0..table.count {
        line.clear();
        for (position, cell) in (table.row)(n).iter().enumerate() {
            if position > 0 {
                line.push('\t');
            }
            push(&mut line, cell);
        }
        line.push('\n');
        sink.write_all(line.as_bytes())?;
    }
    sink.finish()?;
    Ok(())
}

/// A cell as COPY reads it. No text of ours holds what COPY would need escaped.
fn push(line: &mut String, cell: &Cell) {
    match cell {
        Cell::Null => line.push_str("\\N"),
        Cell::Flag(flag) => line.push(if *flag { 't' } else { 'f' }),
        Cell::Number(number) => line.push_str(&number.to_string()),
        Cell::Text(text) => line.push_str(text),
    }
}
