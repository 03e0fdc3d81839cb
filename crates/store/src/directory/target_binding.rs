//! Which configured target a group or an application is delivered to; without a row it is the built-in directory.

use domain::id::ObjectId;

use crate::column::{opt_string, parsed};
use crate::engine::Row;
use crate::value::{opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, LIST, SET, CLEAR];

const FIND: &str = "SELECT object_id, target, address FROM target_binding WHERE object_id = $1";
const LIST: &str =
    "SELECT object_id, target, address FROM target_binding ORDER BY target, object_id";
const SET: &str = "INSERT INTO target_binding (object_id, target, address) VALUES ($1, $2, $3) \
    ON CONFLICT (object_id) DO UPDATE SET target = excluded.target, address = excluded.address";
const CLEAR: &str = "DELETE FROM target_binding WHERE object_id = $1";

/// A group or an application that is delivered to a configured target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetBinding {
    /// The group or service principal.
    pub object_id: ObjectId,
    /// The name of the target in the configuration.
    pub target: String,
    /// Where the object lives there, if it is bound to a fixed place.
    pub address: Option<String>,
}

/// The binding of an object.
pub fn find(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Option<TargetBinding>, Error> {
    tx.query_opt(FIND, &[text(object)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// All bindings, by target.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<TargetBinding>, Error> {
    tx.query_map(LIST, &[], read)
}

/// Binds an object, whatever it was bound to before.
pub fn set(tx: &mut WriteTx<'_>, binding: &TargetBinding) -> Result<(), Error> {
    let values = [
        text(binding.object_id),
        text(&binding.target),
        opt_text(binding.address.as_ref()),
    ];
    tx.execute(SET, &values).map(drop)
}

/// Unbinds an object; says whether it was bound.
pub fn clear(tx: &mut WriteTx<'_>, object: ObjectId) -> Result<bool, Error> {
    Ok(tx.execute(CLEAR, &[text(object)])? > 0)
}

fn read(row: &Row<'_>) -> Result<TargetBinding, Error> {
    Ok(TargetBinding {
        object_id: parsed(row, 0, "target_binding.object_id")?,
        target: row.text(1)?.to_owned(),
        address: opt_string(row, 2)?,
    })
}
