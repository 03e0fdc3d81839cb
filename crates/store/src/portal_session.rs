//! Browsers in which somebody is signed in to the portal.
//!
//! **Invariant:** secrets come here as hashes; nobody who reads the database can sign in with what is in it.

use domain::id::ObjectId;
use domain::time::Timestamp;

use crate::column::{instant, parsed};
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT, SEE, DELETE, END_OF_USER, FORGET];

const FIND: &str = "SELECT user_id, directory_roles, signed_in_at, seen_at, expires_at \
    FROM portal_session WHERE secret_hash = $1";
const INSERT: &str = "INSERT INTO portal_session \
    (secret_hash, user_id, directory_roles, signed_in_at, seen_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const SEE: &str = "UPDATE portal_session SET seen_at = $2 WHERE secret_hash = $1 AND seen_at < $2";
const DELETE: &str = "DELETE FROM portal_session WHERE secret_hash = $1";
const END_OF_USER: &str = "DELETE FROM portal_session WHERE user_id = $1";
const FORGET: &str = "DELETE FROM portal_session WHERE expires_at <= $1 OR seen_at <= $2";

/// A browser in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: ObjectId,
    /// The directory roles that the issuer named, by their ids, with spaces between.
    pub directory_roles: String,
    /// Since when.
    pub signed_in_at: Timestamp,
    /// When the browser came last.
    pub seen_at: Timestamp,
    /// Until when, however often it comes.
    pub expires_at: Timestamp,
}

/// The session of this secret.
pub fn find(tx: &mut ReadTx<'_>, secret_hash: &str) -> Result<Option<Session>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(secret_hash)])? else {
        return Ok(None);
    };
    Ok(Some(Session {
        user: parsed(&row, 0, "portal_session.user_id")?,
        directory_roles: row.text(1)?.to_owned(),
        signed_in_at: instant(&row, 2)?,
        seen_at: instant(&row, 3)?,
        expires_at: instant(&row, 4)?,
    }))
}

/// Stores a new session.
pub fn insert(tx: &mut WriteTx<'_>, secret_hash: &str, session: &Session) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(secret_hash),
            text(session.user),
            text(&session.directory_roles),
            int(session.signed_in_at.micros()),
            int(session.seen_at.micros()),
            int(session.expires_at.micros()),
        ],
    )
}

/// Notes that the browser came.
pub fn see(tx: &mut WriteTx<'_>, secret_hash: &str, now: Timestamp) -> Result<(), Error> {
    tx.execute(SEE, &[text(secret_hash), int(now.micros())])
        .map(drop)
}

/// Ends a session, if there is one.
pub fn delete(tx: &mut WriteTx<'_>, secret_hash: &str) -> Result<(), Error> {
    tx.execute(DELETE, &[text(secret_hash)]).map(drop)
}

/// Signs a user out in every browser.
pub fn end_of_user(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(END_OF_USER, &[text(user)]).map(drop)
}

/// Forgets the sessions that ended by `now`, and those in which nobody was seen since `idle`.
pub fn forget(tx: &mut WriteTx<'_>, now: Timestamp, idle: Timestamp) -> Result<(), Error> {
    tx.execute(FORGET, &[int(now.micros()), int(idle.micros())])
        .map(drop)
}
