//! What the development issuer remembers of people who signed in.
//!
//! **Invariant:** secrets come here as hashes; nobody who reads the database can sign in with what is in it. What can be
//! used once is used by one statement, so that of two at once only one succeeds.

pub mod code;
pub mod device;
pub mod grant;
pub mod refresh_token;
pub mod session;

use domain::id::ObjectId;
use domain::time::Timestamp;

use crate::value::{int, text};
use crate::{Error, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[END_SESSIONS, REVOKE_GRANTS];

const END_SESSIONS: &str = "DELETE FROM sign_in_session WHERE user_id = $1";
const REVOKE_GRANTS: &str =
    "UPDATE sign_in_grant SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";

// What a grant led to goes with it.
pub(crate) const EXPIRED: &[&str] = &[
    "DELETE FROM sign_in_session WHERE expires_at <= $1",
    "DELETE FROM sign_in_code WHERE expires_at <= $1 AND used_at IS NULL",
    "DELETE FROM sign_in_device WHERE expires_at <= $1",
    "DELETE FROM sign_in_grant WHERE expires_at <= $1",
];

/// Forgets what has run out by `before`.
pub fn forget_expired(tx: &mut WriteTx<'_>, before: Timestamp) -> Result<(), Error> {
    for statement in EXPIRED {
        tx.execute(statement, &[int(before.micros())])?;
    }
    Ok(())
}

/// Signs a user out everywhere: every browser, of the portal too, and what every client was given, with its codes, refresh tokens and
/// devices.
pub fn sign_out_everywhere(
    tx: &mut WriteTx<'_>,
    user: ObjectId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(END_SESSIONS, &[text(user)])?;
    crate::portal_session::end_of_user(tx, user)?;
    tx.execute(REVOKE_GRANTS, &[text(user), int(now.micros())])?;
    Ok(())
}
