//! Calls that were accepted under a client's own request id, so that a repeated one is answered and not repeated (RP-41).

use std::collections::BTreeMap;

use domain::time::Timestamp;

use crate::value::{self, Value};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, FIND_ALL, INSERT, INSERT_ALL, FORGET, COUNT_SINCE];

const FIND: &str = "SELECT accepted_at FROM accepted_call \
    WHERE caller_id = $1 AND client_request_id = $2 AND operation = $3 AND object_id = $4 AND accepted_at >= $5";
const FIND_ALL: &str = "SELECT caller_id, client_request_id, operation, object_id, accepted_at FROM accepted_call \
    WHERE caller_id = $1 AND client_request_id IN EACH($2) AND accepted_at >= $3";
const INSERT: &str = "INSERT INTO accepted_call (caller_id, client_request_id, operation, object_id, accepted_at) \
    VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (caller_id, client_request_id, operation, object_id) DO UPDATE SET accepted_at = excluded.accepted_at";
// Without a condition SQLite would take the conflict for one of a join.
const INSERT_ALL: &str = "INSERT INTO accepted_call (caller_id, client_request_id, operation, object_id, accepted_at) \
    SELECT JSON_OF(e.value) ->> 'c', JSON_OF(e.value) ->> 'r', JSON_OF(e.value) ->> 'o', JSON_OF(e.value) ->> 'i', \
    CAST(JSON_OF(e.value) ->> 'a' AS BIGINT) FROM OBJECTS($1) e WHERE TRUE \
    ON CONFLICT (caller_id, client_request_id, operation, object_id) DO UPDATE SET accepted_at = excluded.accepted_at";
const FORGET: &str = "DELETE FROM accepted_call WHERE accepted_at < $1";
const COUNT_SINCE: &str = "SELECT count(*), min(accepted_at) FROM accepted_call \
    WHERE operation = $1 AND accepted_at > $2";

/// What identifies a call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who called.
    pub caller_id: &'a str,
    /// The client's own id of the call.
    pub client_request_id: &'a str,
    /// What was asked for.
    pub operation: &'a str,
    /// Of which object.
    pub object_id: &'a str,
}

impl Call<'_> {
    fn key(&self) -> [Value; 4] {
        [
            value::text(self.caller_id),
            value::text(self.client_request_id),
            value::text(self.operation),
            value::text(self.object_id),
        ]
    }
}

/// Whether this very call was accepted since then.
pub fn was_accepted(tx: &mut ReadTx<'_>, call: &Call<'_>, since: Timestamp) -> Result<bool, Error> {
    let mut args = call.key().to_vec();
    args.push(value::int(since.micros()));
    Ok(tx.query_opt(FIND, &args)?.is_some())
}

/// Remembers that the call was accepted.
pub fn remember(tx: &mut WriteTx<'_>, call: &Call<'_>, now: Timestamp) -> Result<(), Error> {
    let mut args = call.key().to_vec();
    args.push(value::int(now.micros()));
    tx.execute(INSERT, &args).map(drop)
}

/// A call that was accepted, by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accepted {
    /// Who called.
    pub caller_id: String,
    /// The client's own id of the call.
    pub client_request_id: String,
    /// What was asked for.
    pub operation: String,
    /// Of which object.
    pub object_id: String,
}

/// The calls of somebody under these ids that were accepted since then, and when.
pub fn find_all<'a>(
    tx: &mut ReadTx<'_>,
    caller: &str,
    client_request_ids: impl IntoIterator<Item = &'a str>,
    since: Timestamp,
) -> Result<Vec<(Accepted, Timestamp)>, Error> {
    let args = [
        value::text(caller),
        value::list(client_request_ids),
        value::int(since.micros()),
    ];
    tx.query_map(FIND_ALL, &args, |row| {
        let call = Accepted {
            caller_id: row.text(0)?.to_owned(),
            client_request_id: row.text(1)?.to_owned(),
            operation: row.text(2)?.to_owned(),
            object_id: row.text(3)?.to_owned(),
        };
        Ok((call, Timestamp::from_micros(row.int(4)?)))
    })
}

/// Remembers that these calls were accepted, all in one statement.
pub fn remember_all(
    tx: &mut WriteTx<'_>,
    calls: &BTreeMap<Accepted, Timestamp>,
) -> Result<(), Error> {
    if calls.is_empty() {
        return Ok(());
    }
    let rows = calls.iter().map(|(call, at)| {
        serde_json::json!({
            "c": call.caller_id,
            "r": call.client_request_id,
            "o": call.operation,
            "i": call.object_id,
            "a": at.micros(),
        })
    });
    tx.execute(INSERT_ALL, &[value::objects(rows)]).map(drop)
}

/// Forgets calls accepted before then.
pub fn forget_before(tx: &mut WriteTx<'_>, instant: Timestamp) -> Result<u64, Error> {
    tx.execute(FORGET, &[value::int(instant.micros())])
}

/// How many such calls were accepted after then, and when the first of them was.
pub fn count_since(
    tx: &mut ReadTx<'_>,
    operation: &str,
    since: Timestamp,
) -> Result<(i64, Option<Timestamp>), Error> {
    let row = tx.query_one(
        COUNT_SINCE,
        &[value::text(operation), value::int(since.micros())],
    )?;
    Ok((row.int(0)?, row.opt_int(1)?.map(Timestamp::from_micros)))
}
