//! What a statement gives back, read by column number and type.
//!
//! Invariant: a value of another type than the code expects is [`Error::Corrupt`], never a default.

use std::sync::Arc;

use postgres::types::Type;
use rusqlite::types::ValueRef;

use crate::error::Error;
use crate::value::Value;

/// One row, either on its way from the database (so that nothing is copied that is not wanted) or kept.
#[derive(Debug)]
pub(crate) struct Row<'r> {
    cells: Cells<'r>,
    sql: Arc<str>,
}

enum Cells<'r> {
    Owned(Vec<Value>),
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

impl std::fmt::Debug for Cells<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Owned(values) => values.fmt(f),
            Self::Sqlite(_) => f.write_str("a row of SQLite"),
            Self::Postgres(row) => row.fmt(f),
        }
    }
}

/// One cell, borrowed from where the row is.
#[derive(Debug, Clone, Copy)]
enum Cell<'r> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'r str),
}

impl<'r> Row<'r> {
    pub(super) fn sqlite(row: &'r rusqlite::Row<'r>, sql: &Arc<str>) -> Self {
        Self {
            cells: Cells::Sqlite(row),
            sql: Arc::clone(sql),
        }
    }

    pub(super) fn postgres(row: &'r postgres::Row, sql: &Arc<str>) -> Self {
        Self {
            cells: Cells::Postgres(row),
            sql: Arc::clone(sql),
        }
    }

    /// How many columns there are.
    pub(crate) fn columns(&self) -> usize {
        match &self.cells {
            Cells::Owned(values) => values.len(),
            Cells::Sqlite(row) => row.as_ref().column_count(),
            Cells::Postgres(row) => row.len(),
        }
    }

    /// The text in column `index`.
    pub(crate) fn text(&self, index: usize) -> Result<&str, Error> {
        self.opt_text(index)?
            .ok_or_else(|| self.unexpected(index, "a text", "nothing"))
    }

    /// The text in column `index`, if there is one.
    pub(crate) fn opt_text(&self, index: usize) -> Result<Option<&str>, Error> {
        match self.cell(index)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            Cell::Bool(_) => Err(self.unexpected(index, "a text", "a flag")),
            Cell::Int(_) => Err(self.unexpected(index, "a text", "a number")),
        }
    }

    /// The number in column `index`.
    pub(crate) fn int(&self, index: usize) -> Result<i64, Error> {
        self.opt_int(index)?
            .ok_or_else(|| self.unexpected(index, "a number", "nothing"))
    }

    /// The number in column `index`, if there is one.
    pub(crate) fn opt_int(&self, index: usize) -> Result<Option<i64>, Error> {
        match self.cell(index)? {
            Cell::Null => Ok(None),
            Cell::Int(number) => Ok(Some(number)),
            Cell::Bool(_) => Err(self.unexpected(index, "a number", "a flag")),
            Cell::Text(_) => Err(self.unexpected(index, "a number", "a text")),
        }
    }

    /// The flag in column `index`.
    pub(crate) fn boolean(&self, index: usize) -> Result<bool, Error> {
        self.opt_boolean(index)?
            .ok_or_else(|| self.unexpected(index, "a flag", "nothing"))
    }

    /// The flag in column `index`, if there is one. SQLite keeps flags as the numbers 0 and 1.
    pub(crate) fn opt_boolean(&self, index: usize) -> Result<Option<bool>, Error> {
        match self.cell(index)? {
            Cell::Null => Ok(None),
            Cell::Bool(flag) => Ok(Some(flag)),
            Cell::Int(0) => Ok(Some(false)),
            Cell::Int(1) => Ok(Some(true)),
            Cell::Int(_) => Err(self.unexpected(index, "a flag", "another number than 0 or 1")),
            Cell::Text(_) => Err(self.unexpected(index, "a flag", "a text")),
        }
    }

    /// Whatever is in column `index`. A flag is an [`Value::Int`] on SQLite: where it matters, ask for the type.
    pub(crate) fn value(&self, index: usize) -> Result<Value, Error> {
        Ok(match self.cell(index)? {
            Cell::Null => Value::Null,
            Cell::Bool(flag) => Value::Bool(flag),
            Cell::Int(number) => Value::Int(number),
            Cell::Text(text) => Value::Text(text.to_owned()),
        })
    }

    /// The row, kept beyond the statement.
    pub(super) fn to_owned_row(&self) -> Result<Row<'static>, Error> {
        let values: Result<Vec<Value>, Error> =
            (0..self.columns()).map(|at| self.value(at)).collect();
        Ok(Row {
            cells: Cells::Owned(values?),
            sql: Arc::clone(&self.sql),
        })
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, Error> {
        match &self.cells {
            Cells::Owned(values) => self.kept(values, index),
            Cells::Sqlite(row) => match row.get_ref(index) {
                Ok(ValueRef::Null) => Ok(Cell::Null),
                Ok(ValueRef::Integer(number)) => Ok(Cell::Int(number)),
                Ok(ValueRef::Text(bytes)) => match std::str::from_utf8(bytes) {
                    Ok(text) => Ok(Cell::Text(text)),
                    Err(_) => Err(self.unexpected(index, "a text", "bytes that are not UTF-8")),
                },
                Ok(ValueRef::Real(_)) => Err(self.unexpected(index, "a value", "a fraction")),
                Ok(ValueRef::Blob(_)) => Err(self.unexpected(index, "a value", "bytes")),
                Err(_) => Err(self.absent(index)),
            },
            Cells::Postgres(row) => self.postgres_cell(row, index),
        }
    }

    fn kept<'v>(&self, values: &'v [Value], index: usize) -> Result<Cell<'v>, Error> {
        Ok(match values.get(index).ok_or_else(|| self.absent(index))? {
            Value::Null => Cell::Null,
            Value::Bool(flag) => Cell::Bool(*flag),
            Value::Int(number) => Cell::Int(*number),
            Value::Text(text) => Cell::Text(text),
        })
    }

    fn postgres_cell<'v>(&self, row: &'v postgres::Row, index: usize) -> Result<Cell<'v>, Error> {
        let column = row.columns().get(index).ok_or_else(|| self.absent(index))?;
        let cell = match *column.type_() {
            Type::BOOL => row
                .try_get::<_, Option<bool>>(index)
                .map(|v| v.map(Cell::Bool)),
            Type::INT8 => row
                .try_get::<_, Option<i64>>(index)
                .map(|v| v.map(Cell::Int)),
            Type::INT4 => row
                .try_get::<_, Option<i32>>(index)
                .map(|v| v.map(|n| Cell::Int(n.into()))),
            Type::INT2 => row
                .try_get::<_, Option<i16>>(index)
                .map(|v| v.map(|n| Cell::Int(n.into()))),
            _ => row
                .try_get::<_, Option<&str>>(index)
                .map(|v| v.map(Cell::Text)),
        };
        match cell {
            Ok(cell) => Ok(cell.unwrap_or(Cell::Null)),
            Err(_) => {
                Err(self.unexpected(index, "a flag, a number or a text", column.type_().name()))
            }
        }
    }

    fn unexpected(&self, index: usize, wanted: &str, found: &str) -> Error {
        Error::Corrupt {
            place: format!("column {index} of `{}`", self.sql),
            found: format!("{found} where {wanted} is expected"),
        }
    }

    fn absent(&self, index: usize) -> Error {
        Error::Corrupt {
            place: format!("column {index} of `{}`", self.sql),
            found: "no such column".to_owned(),
        }
    }
}
