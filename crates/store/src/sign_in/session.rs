//! Browsers in which somebody is signed in.

use domain::id::ObjectId;
use domain::time::Timestamp;

use crate::column::{instant, parsed};
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT, DELETE];

const FIND: &str =
    "SELECT user_id, signed_in_at, expires_at FROM sign_in_session WHERE secret_hash = $1";
const INSERT: &str = "INSERT INTO sign_in_session (secret_hash, user_id, signed_in_at, expires_at) \
    VALUES ($1, $2, $3, $4)";
const DELETE: &str = "DELETE FROM sign_in_session WHERE secret_hash = $1";

/// A browser in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: ObjectId,
    /// Since when.
    pub signed_in_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// The session of this secret.
pub fn find(tx: &mut ReadTx<'_>, secret_hash: &str) -> Result<Option<Session>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(secret_hash)])? else {
        return Ok(None);
    };
    Ok(Some(Session {
        user: parsed(&row, 0, "sign_in_session.user_id")?,
        signed_in_at: instant(&row, 1)?,
        expires_at: instant(&row, 2)?,
    }))
}

/// Stores a new session.
pub fn insert(tx: &mut WriteTx<'_>, secret_hash: &str, session: &Session) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(secret_hash),
            text(session.user),
            int(session.signed_in_at.micros()),
            int(session.expires_at.micros()),
        ],
    )
}

/// Ends a session, if there is one.
pub fn delete(tx: &mut WriteTx<'_>, secret_hash: &str) -> Result<(), Error> {
    tx.execute(DELETE, &[text(secret_hash)]).map(drop)
}
