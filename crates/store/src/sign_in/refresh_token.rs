//! Refresh tokens: each is good for one exchange, which gives the next.

use domain::id::SignInGrantId;
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, parsed};
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT, USE];

const FIND: &str =
    "SELECT grant_id, expires_at, used_at FROM sign_in_refresh_token WHERE secret_hash = $1";
const INSERT: &str =
    "INSERT INTO sign_in_refresh_token (secret_hash, grant_id, expires_at) VALUES ($1, $2, $3)";
const USE: &str =
    "UPDATE sign_in_refresh_token SET used_at = $2 WHERE secret_hash = $1 AND used_at IS NULL";

/// A refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The grant that it stands for.
    pub grant: SignInGrantId,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
    /// When it was exchanged.
    pub used_at: Option<Timestamp>,
}

/// The token of this secret.
pub fn find(tx: &mut ReadTx<'_>, secret_hash: &str) -> Result<Option<RefreshToken>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(secret_hash)])? else {
        return Ok(None);
    };
    Ok(Some(RefreshToken {
        grant: parsed(&row, 0, "sign_in_refresh_token.grant_id")?,
        expires_at: instant(&row, 1)?,
        used_at: opt_instant(&row, 2)?,
    }))
}

/// Stores a new token.
pub fn insert(
    tx: &mut WriteTx<'_>,
    secret_hash: &str,
    grant: SignInGrantId,
    expires_at: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[text(secret_hash), text(grant), int(expires_at.micros())],
    )
}

/// Uses a token; says whether it had not been used before.
pub fn use_once(tx: &mut WriteTx<'_>, secret_hash: &str, now: Timestamp) -> Result<bool, Error> {
    tx.execute(USE, &[text(secret_hash), int(now.micros())])
        .map(|changed| changed == 1)
}
