//! What the development issuer remembers of people who signed in.
//!
//! **Invariant:** secrets come here as hashes; nobody who reads the database can sign in with what is in it. What can be
//! used once is used by one statement, so that of two at once only one succeeds.

pub mod code;
pub mod device;
pub mod grant;
pub mod refresh_token;
pub mod session;

use domain::time::Timestamp;

use crate::value::int;
use crate::{Error, WriteTx};

pub(crate) const STATEMENTS: &[&str] = EXPIRED;

// What a grant led to goes with it.
const EXPIRED: &[&str] = &[
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
