//! What clients were given in users' names.

use domain::id::{AppId, ObjectId, SignInGrantId};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, parsed};
use crate::value::{boolean, int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT, REVOKE];

const FIND: &str = "SELECT id, client_id, user_id, scope, needs_secret, signed_in_at, expires_at, revoked_at \
    FROM sign_in_grant WHERE id = $1";
const INSERT: &str = "INSERT INTO sign_in_grant (id, client_id, user_id, scope, needs_secret, signed_in_at, \
    expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const REVOKE: &str =
    "UPDATE sign_in_grant SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

/// What a client was given in a user's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: SignInGrantId,
    /// The client.
    pub client: AppId,
    /// The user.
    pub user: ObjectId,
    /// What the client asked for, as it spelt it.
    pub scope: String,
    /// Whether the client has to show its secret.
    pub needs_secret: bool,
    /// When the user gave the password.
    pub signed_in_at: Timestamp,
    /// When the user has to sign in anew.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// The grant of this id.
pub fn find(tx: &mut ReadTx<'_>, id: SignInGrantId) -> Result<Option<Grant>, Error> {
    let Some(row) = tx.query_opt(FIND, &[text(id)])? else {
        return Ok(None);
    };
    Ok(Some(Grant {
        id: parsed(&row, 0, "sign_in_grant.id")?,
        client: parsed(&row, 1, "sign_in_grant.client_id")?,
        user: parsed(&row, 2, "sign_in_grant.user_id")?,
        scope: row.text(3)?.to_owned(),
        needs_secret: row.boolean(4)?,
        signed_in_at: instant(&row, 5)?,
        expires_at: instant(&row, 6)?,
        revoked_at: opt_instant(&row, 7)?,
    }))
}

/// Stores a new grant.
pub fn insert(tx: &mut WriteTx<'_>, grant: &Grant) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(grant.id),
            text(grant.client),
            text(grant.user),
            text(&grant.scope),
            boolean(grant.needs_secret),
            int(grant.signed_in_at.micros()),
            int(grant.expires_at.micros()),
        ],
    )
}

/// Takes a grant back, and with it every code and refresh token of its family.
pub fn revoke(tx: &mut WriteTx<'_>, id: SignInGrantId, now: Timestamp) -> Result<(), Error> {
    tx.execute(REVOKE, &[text(id), int(now.micros())]).map(drop)
}
