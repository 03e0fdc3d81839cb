//! Faults that a development tenant injects (ADR 30).

use domain::fault::{Fault, Injected, Place, Route};
use domain::time::Timestamp;

use crate::column::{instant, opt_string};
use crate::value::{int, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[LIST, INSERT, DELETE, DELETE_OF_TARGET, DELETE_ALL];

const LIST: &str = "SELECT id, target, route, fault, calls, share, seed, created_at FROM injected_fault \
    ORDER BY created_at, id";
const INSERT: &str = "INSERT INTO injected_fault (id, target, route, fault, calls, share, seed, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const DELETE: &str = "DELETE FROM injected_fault WHERE id = $1";
const DELETE_OF_TARGET: &str = "DELETE FROM injected_fault WHERE target = $1";
const DELETE_ALL: &str = "DELETE FROM injected_fault";

/// All of them, in the order in which they came.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<(Injected, Timestamp)>, Error> {
    tx.query_map(LIST, &[], |row| {
        let id = row.text(0)?;
        let route = opt_string(row, 2)?.unwrap_or_default();
        let place = match row.opt_text(1)? {
            Some(target) => Place::Target(target.to_owned()),
            None => Place::Route(
                Route::parse(&route)
                    .ok_or_else(|| Error::corrupt("injected_fault", "route", id, &route))?,
            ),
        };
        let fault = row.text(3)?;
        let injected = Injected {
            id: id.to_owned(),
            place,
            fault: Fault::parse(fault)
                .ok_or_else(|| Error::corrupt("injected_fault", "fault", id, fault))?,
            calls: row.opt_int(4)?,
            share: row.opt_int(5)?,
            seed: row.int(6)?,
        };
        Ok((injected, instant(row, 7)?))
    })
}

/// Injects a fault.
pub fn insert(tx: &mut WriteTx<'_>, injected: &Injected, now: Timestamp) -> Result<(), Error> {
    let (target, route) = match &injected.place {
        Place::Target(target) => (Some(target.clone()), None),
        Place::Route(route) => (None, Some(route.to_string())),
    };
    let args = [
        text(&injected.id),
        opt_text(target),
        opt_text(route),
        text(&injected.fault),
        opt_int(injected.calls),
        opt_int(injected.share),
        int(injected.seed),
        int(now.micros()),
    ];
    tx.execute(INSERT, &args).map(drop)
}

/// Takes a fault back; false if there is none with that id.
pub fn delete(tx: &mut WriteTx<'_>, id: &str) -> Result<bool, Error> {
    tx.execute(DELETE, &[text(id)]).map(|gone| gone > 0)
}

/// Takes all faults of a target back.
pub fn delete_of_target(tx: &mut WriteTx<'_>, target: &str) -> Result<u64, Error> {
    tx.execute(DELETE_OF_TARGET, &[text(target)])
}

/// Takes all faults back.
pub fn delete_all(tx: &mut WriteTx<'_>) -> Result<u64, Error> {
    tx.execute(DELETE_ALL, &[])
}
