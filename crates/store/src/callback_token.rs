//! Secrets that receivers were sent to answer with (RS-6): their fingerprints, and nothing else of them.
//!
//! **Invariant:** a secret is found only while the request waits for the answer of its callout.

use domain::id::CalloutId;
use domain::time::Timestamp;

use crate::column::parsed;
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[HOLDER, INSERT, FORGET];

const HOLDER: &str = "SELECT t.callout_id FROM callback_token t JOIN extension_callout c ON c.id = t.callout_id \
    WHERE t.token_hash = $1 AND c.waits = TRUE";
const INSERT: &str =
    "INSERT INTO callback_token (token_hash, callout_id, created_at) VALUES ($1, $2, $3)";
const FORGET: &str = "DELETE FROM callback_token WHERE token_hash IN (SELECT t.token_hash FROM callback_token t \
    WHERE (SELECT c.waits FROM extension_callout c WHERE c.id = t.callout_id) = FALSE LIMIT $1)";

/// The callout that a secret is good for, while somebody waits for its answer.
pub fn holder(tx: &mut ReadTx<'_>, hash: &str) -> Result<Option<CalloutId>, Error> {
    tx.query_opt(HOLDER, &[text(hash)])?
        .map(|row| parsed(&row, 0, "callback_token.callout_id"))
        .transpose()
}

/// Keeps the fingerprint of a secret that is sent with a callout. One that is sent again is sent with another secret, and
/// both are good: nobody knows which of them arrived.
pub fn insert(
    tx: &mut WriteTx<'_>,
    hash: &str,
    callout: CalloutId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(INSERT, &[text(hash), text(callout), int(now.micros())])
}

/// Forgets up to `limit` secrets that are good for nothing any more.
pub fn forget(tx: &mut WriteTx<'_>, limit: i64) -> Result<u64, Error> {
    tx.execute(FORGET, &[int(limit)])
}
