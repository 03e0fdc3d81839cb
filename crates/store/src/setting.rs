//! What an instance remembers of itself, by name.

use crate::value::text;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, SET, REMOVE];

const FIND: &str = "SELECT value FROM setting WHERE name = $1";
const SET: &str = "INSERT INTO setting (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const REMOVE: &str = "DELETE FROM setting WHERE name = $1";

/// What is remembered under this name.
pub fn find(tx: &mut ReadTx<'_>, name: &str) -> Result<Option<String>, Error> {
    let row = tx.query_opt(FIND, &[text(name)])?;
    row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// Remembers it.
pub fn set(tx: &mut WriteTx<'_>, name: &str, value: &str) -> Result<(), Error> {
    tx.execute(SET, &[text(name), text(value)]).map(drop)
}

/// Forgets it.
pub fn remove(tx: &mut WriteTx<'_>, name: &str) -> Result<(), Error> {
    tx.execute(REMOVE, &[text(name)]).map(drop)
}
