//! Authorization codes.

use domain::id::SignInGrantId;
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_string, parsed};
use crate::value::{int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT, USE];

const FIND: &str = "SELECT grant_id, redirect_uri, challenge, nonce, expires_at, used_at FROM sign_in_code \
    WHERE secret_hash = $1";
const INSERT: &str = "INSERT INTO sign_in_code (secret_hash, grant_id, redirect_uri, challenge, nonce, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const USE: &str = "UPDATE sign_in_code SET used_at = $2 WHERE secret_hash = $1 AND used_at IS NULL";

/// An authorization code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The grant that it stands for.
    pub grant: SignInGrantId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The hash of what only the client that asked knows.
    pub challenge: Option<String>,
    /// What the ID token has to repeat.
    pub nonce: Option<String>,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
    /// When it was exchanged for tokens.
    pub used_at: Option<Timestamp>,
}

/// The code of this secret.
pub fn find(tx: &mut ReadTx<'_>, secret_hash: &str) -> Result<Option<Code>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(secret_hash)])? else {
        return Ok(None);
    };
    Ok(Some(Code {
        grant: parsed(&row, 0, "sign_in_code.grant_id")?,
        redirect_uri: row.text(1)?.to_owned(),
        challenge: opt_string(&row, 2)?,
        nonce: opt_string(&row, 3)?,
        expires_at: instant(&row, 4)?,
        used_at: opt_instant(&row, 5)?,
    }))
}

/// Stores a new code.
pub fn insert(tx: &mut WriteTx<'_>, secret_hash: &str, code: &Code) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(secret_hash),
            text(code.grant),
            text(&code.redirect_uri),
            opt_text(code.challenge.as_ref()),
            opt_text(code.nonce.as_ref()),
            int(code.expires_at.micros()),
        ],
    )
}

/// Uses a code; says whether it had not been used before.
pub fn use_once(tx: &mut WriteTx<'_>, secret_hash: &str, now: Timestamp) -> Result<bool, Error> {
    tx.execute(USE, &[text(secret_hash), int(now.micros())])
        .map(|changed| changed == 1)
}
