//! The schema: brought forward step by step, and refused where it is not one this program knows.
//!
//! Invariant: a step that is recorded was applied whole, by the text whose checksum is recorded beside it.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use domain::time::Timestamp;

use crate::dialect::{COUNT_TABLES, COUNT_TABLES_NAMED, Engine, Sql};
use crate::engine::{ReadTx, Store, WriteTx};
use crate::error::{Error, Violation};
use crate::value::{int, text};

/// What this module asks of a database whose record of steps is there.
pub(crate) const STATEMENTS: &[&str] = &[CREATE_GUARD, TAKE_GUARD, APPLIED, RECORD];

/// One step, embedded in the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: Sql,
}

/// All steps in their order, without gaps.
const MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (\
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
/// The row 0 is no step: every step updates it, so that two programs that migrate at once collide and one repeats.
const CREATE_GUARD: &str = "INSERT INTO schema_migration (version, name, checksum, applied_at) \
    VALUES (0, 'guard', '', $1) ON CONFLICT (version) DO NOTHING";
const TAKE_GUARD: &str = "UPDATE schema_migration SET applied_at = $1 WHERE version = 0";
const APPLIED: &str =
    "SELECT version, name, checksum FROM schema_migration WHERE version > 0 ORDER BY version";
const RECORD: &str =
    "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// Programs that start at once on an empty PostgreSQL may collide while they create the table; then one looks again.
const TRIES: usize = 10;

/// A step that is about to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationStep {
    /// Its number.
    pub version: i64,
    /// What it is for.
    pub name: &'static str,
    /// The number of the last one.
    pub latest: i64,
}

/// How the schema of a database relates to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// There is nothing yet.
    Empty,
    /// Some steps are missing.
    Behind {
        /// The last step that was applied.
        applied: i64,
        /// The last step that there is.
        latest: i64,
    },
    /// All steps were applied.
    Current,
}

impl SchemaState {
    /// Whether all steps were applied.
    pub fn is_current(self) -> bool {
        self == Self::Current
    }
}

impl Store {
    /// How the schema relates to this program; [`Error::SchemaUnknown`] if it is newer, changed, or not ours.
    pub fn schema_state(&self) -> Result<SchemaState, Error> {
        self.schema_state_of(MIGRATIONS)
    }

    /// Whether a program that is at work may stay so: every step of its own is there, unchanged. There may be newer ones,
    /// for those only add (`migrate/expand.rs`), so that replicas are replaced one after the other.
    pub fn schema_serves(&self) -> Result<bool, Error> {
        self.schema_serves_of(MIGRATIONS)
    }

    /// Applies the steps that are missing and says how many there were. Never goes back.
    pub fn migrate(&self, now: Timestamp) -> Result<usize, Error> {
        self.migrate_telling(now, |_| {})
    }

    /// The same; tells of each step before it begins, for in a large database one may take minutes.
    pub fn migrate_telling(
        &self,
        now: Timestamp,
        tell: impl FnMut(MigrationStep),
    ) -> Result<usize, Error> {
        self.migrate_to(MIGRATIONS, now, tell)
    }

    /// As [`Store::migrate`], but no further than this step: how the schema was when that was the last.
    pub fn migrate_up_to(&self, version: i64, now: Timestamp) -> Result<usize, Error> {
        let last = MIGRATIONS.partition_point(|step| step.version <= version);
        self.migrate_to(MIGRATIONS.get(..last).unwrap_or(MIGRATIONS), now, |_| {})
    }

    pub(crate) fn schema_state_of(
        &self,
        migrations: &'static [Migration],
    ) -> Result<SchemaState, Error> {
        self.read_blocking(move |tx| state(tx, migrations))
    }

    pub(crate) fn schema_serves_of(&self, migrations: &'static [Migration]) -> Result<bool, Error> {
        let latest = migrations.last().map_or(0, |step| step.version);
        self.read_blocking(move |tx| {
            let recorded: Vec<_> = recorded(tx)?
                .into_iter()
                .filter(|(version, ..)| *version <= latest)
                .collect();
            Ok(known(tx.engine(), recorded, migrations)? == latest)
        })
    }

    pub(crate) fn migrate_to(
        &self,
        migrations: &'static [Migration],
        now: Timestamp,
        mut tell: impl FnMut(MigrationStep),
    ) -> Result<usize, Error> {
        let latest = migrations.last().map_or(0, |step| step.version);
        let mut state = self.schema_state_of(migrations)?;
        // A database without tables has no rows either.
        let is_large = matches!(state, SchemaState::Behind { .. });
        self.create_record(now)?;
        let mut count = 0;
        loop {
            let applied = match state {
                SchemaState::Empty => 0,
                SchemaState::Behind { applied, .. } => applied,
                SchemaState::Current => return Ok(count),
            };
            if let Some(next) = migrations.iter().find(|step| step.version > applied) {
                let (version, name) = (next.version, next.name);
                tell(MigrationStep {
                    version,
                    name,
                    latest,
                });
            }
            let apply = move |tx: &mut WriteTx<'_>| apply_next(tx, migrations, now);
            let done = if is_large {
                self.write_large(apply)?
            } else {
                self.write_blocking(apply)?
            };
            count += usize::from(done);
            state = self.schema_state_of(migrations)?;
        }
    }

    fn create_record(&self, now: Timestamp) -> Result<(), Error> {
        let create = move |tx: &mut WriteTx<'_>| {
            tx.execute(CREATE, &[])?;
            tx.execute(CREATE_GUARD, &[int(now.micros())]).map(drop)
        };
        for _ in 1..TRIES {
            match self.write_blocking(create) {
                Err(Error::Conflict(Violation::Unique) | Error::Busy) => {}
                done => return done,
            }
        }
        self.write_blocking(create)
    }
}

/// Applies the first step that is missing; says whether there was one.
fn apply_next(
    tx: &mut WriteTx<'_>,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<bool, Error> {
    tx.execute(TAKE_GUARD, &[int(now.micros())])?;
    let applied = applied(tx, migrations)?;
    let Some(next) = migrations.iter().find(|step| step.version > applied) else {
        return Ok(false);
    };
    let script = next.sql.of(tx.engine());
    tx.execute_script(script)?;
    let args = [
        int(next.version),
        text(next.name),
        text(checksum(script)),
        int(now.micros()),
    ];
    tx.execute(RECORD, &args)?;
    Ok(true)
}

fn state(tx: &mut ReadTx<'_>, migrations: &[Migration]) -> Result<SchemaState, Error> {
    let recorded = tx
        .query_one_of(&COUNT_TABLES_NAMED, &[text("schema_migration")])?
        .int(0)?;
    if recorded == 0 {
        return match tx.query_one_of(&COUNT_TABLES, &[])?.int(0)? {
            0 => Ok(SchemaState::Empty),
            tables => Err(Error::SchemaUnknown {
                reason: format!("it has {tables} tables but no record of how they were made"),
            }),
        };
    }
    let latest = migrations.last().map_or(0, |step| step.version);
    match applied(tx, migrations)? {
        0 if latest > 0 => Ok(SchemaState::Empty),
        applied if applied < latest => Ok(SchemaState::Behind { applied, latest }),
        _ => Ok(SchemaState::Current),
    }
}

/// The last step that was applied, once every recorded step is known to be one of `migrations`, unchanged.
fn applied(tx: &mut ReadTx<'_>, migrations: &[Migration]) -> Result<i64, Error> {
    let recorded = recorded(tx)?;
    known(tx.engine(), recorded, migrations)
}

/// Version, name and checksum of every step that was applied.
fn recorded(tx: &mut ReadTx<'_>) -> Result<Vec<(i64, String, String)>, Error> {
    tx.query_map(APPLIED, &[], |row| {
        Ok((
            row.int(0)?,
            row.text(1)?.to_owned(),
            row.text(2)?.to_owned(),
        ))
    })
}

/// The last of these steps, once each is known to be one of `migrations`, unchanged.
fn known(
    engine: Engine,
    recorded: Vec<(i64, String, String)>,
    migrations: &[Migration],
) -> Result<i64, Error> {
    let steps: BTreeMap<i64, &Migration> =
        migrations.iter().map(|step| (step.version, step)).collect();
    let mut last = 0;
    for (version, name, checksum) in recorded {
        verify(
            engine,
            steps.get(&version).copied(),
            version,
            &name,
            &checksum,
        )?;
        if version != last + 1 {
            return Err(Error::SchemaUnknown {
                reason: format!("step {} is missing before step {version}", last + 1),
            });
        }
        last = version;
    }
    Ok(last)
}

fn verify(
    engine: Engine,
    known: Option<&Migration>,
    version: i64,
    name: &str,
    recorded: &str,
) -> Result<(), Error> {
    let Some(step) = known else {
        return Err(Error::SchemaUnknown {
            reason: format!("step {version} (`{name}`) is of a newer program"),
        });
    };
    if step.name != name || checksum(step.sql.of(engine)) != recorded {
        return Err(Error::SchemaUnknown {
            reason: format!(
                "step {version} (`{name}`) was applied with another text than this program's"
            ),
        });
    }
    Ok(())
}

/// SHA-256 of a step's text, in hexadecimal.
fn checksum(script: &str) -> String {
    use std::fmt::Write as _;
    let hash = digest::digest(&digest::SHA256, script.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod expand;
#[cfg(test)]
mod large;
#[cfg(test)]
mod tests;
