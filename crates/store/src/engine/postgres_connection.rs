//! One connection to PostgreSQL, and how statements run on it.

use std::collections::HashMap;
use std::sync::Arc;

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::faults::{Fault, Faults};
use super::row::Row;
use super::sqlite_connection::Failure;
use crate::dialect::{Engine, render};
use crate::error::{Error, Setback, from_postgres};
use crate::value::{Bound, Value};

/// Statements that a connection keeps prepared.
const PREPARED: usize = 512;

/// A connection with its prepared statements.
pub(super) struct PostgresConnection {
    client: Client,
    prepared: HashMap<Box<str>, Prepared>,
    /// What goes wrong on purpose, in tests.
    faults: Option<Faults>,
}

#[derive(Clone)]
struct Prepared {
    statement: Statement,
    sql: Arc<str>,
}

impl PostgresConnection {
    pub(super) fn new(client: Client, faults: Option<Faults>) -> Self {
        Self {
            client,
            faults,
            prepared: HashMap::new(),
        }
    }

    pub(super) fn for_each_row(
        &mut self,
        sql: &str,
        args: &[Value],
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        self.befall_statement(sql)?;
        let Prepared { statement, sql } = self.prepared(sql)?;
        let failed = |error| failure(&sql, error);
        let args: Vec<Bound<'_>> = args.iter().map(Bound).collect();
        let mut rows = self
            .client
            .query_raw(
                &statement,
                args.iter().map(|arg| arg as &(dyn ToSql + Sync)),
            )
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(&Row::postgres(&row, &sql)).map_err(|error| (error, None))?;
        }
        Ok(())
    }

    pub(super) fn execute(&mut self, sql: &str, args: &[Value]) -> Result<u64, Failure> {
        self.befall_statement(sql)?;
        let Prepared { statement, sql } = self.prepared(sql)?;
        let args: Vec<Bound<'_>> = args.iter().map(Bound).collect();
        let args: Vec<&(dyn ToSql + Sync)> = args.iter().map(|arg| arg as _).collect();
        self.client
            .execute(&statement, &args)
            .map_err(|error| failure(&sql, error))
    }

    pub(super) fn execute_script(&mut self, script: &str) -> Result<(), Failure> {
        self.client
            .batch_execute(script)
            .map_err(|error| failure(script, error))
    }

    /// Lets the database check a statement without running it.
    pub(super) fn prepare(&mut self, sql: &str) -> Result<(), Failure> {
        self.prepared(sql).map(drop)
    }

    /// Runs one statement of the engine itself, such as `COMMIT`.
    pub(super) fn control(&mut self, sql: &'static str) -> Result<(), (Error, Setback)> {
        match self
            .faults
            .as_ref()
            .and_then(|faults| fault_of(faults, sql))
        {
            None => self.batch(sql),
            Some(Fault::Unanswered) => {
                self.batch(sql)?;
                self.befall(sql, Fault::Lost)
            }
            Some(fault) => self.befall(sql, fault),
        }
    }

    fn batch(&mut self, sql: &str) -> Result<(), (Error, Setback)> {
        self.client
            .batch_execute(sql)
            .map_err(|error| from_postgres(sql, error))
    }

    fn befall_statement(&mut self, sql: &str) -> Result<(), Failure> {
        match self.faults.as_ref().and_then(Faults::of_statement) {
            None => Ok(()),
            Some(fault) => self
                .befall(sql, fault)
                .map_err(|(error, setback)| (error, Some(setback))),
        }
    }

    /// Has the server itself do what is to go wrong.
    fn befall(&mut self, sql: &str, fault: Fault) -> Result<(), (Error, Setback)> {
        self.client
            .batch_execute(fault.cause())
            .map_err(|error| from_postgres(sql, error))
    }

    fn prepared(&mut self, sql: &str) -> Result<Prepared, Failure> {
        if let Some(prepared) = self.prepared.get(sql) {
            return Ok(prepared.clone());
        }
        let rendered: Arc<str> = render(Engine::Postgres, sql).into();
        let statement = self
            .client
            .prepare(&rendered)
            .map_err(|error| failure(&rendered, error))?;
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        let prepared = Prepared {
            statement,
            sql: rendered,
        };
        self.prepared.insert(sql.into(), prepared.clone());
        Ok(prepared)
    }
}

/// What happens to a statement of the engine itself: only the commit is of interest.
fn fault_of(faults: &Faults, sql: &str) -> Option<Fault> {
    if sql == "COMMIT" {
        faults.of_commit()
    } else {
        None
    }
}

fn failure(sql: &str, error: postgres::Error) -> Failure {
    let (error, setback) = from_postgres(&format!("running `{sql}`"), error);
    (error, Some(setback))
}
