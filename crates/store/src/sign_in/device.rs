//! Devices that wait until somebody allows them, elsewhere, to act in their name.

use domain::id::{AppId, SignInGrantId};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_parsed, parsed, word};
use crate::value::{boolean, int, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, FIND_BY_USER_CODE, INSERT, DECIDE, POLL, USE];

macro_rules! select {
    ($column:literal) => {
        concat!(
            "SELECT secret_hash, user_code, client_id, scope, needs_secret, state, grant_id, poll_seconds, polled_at, \
             expires_at FROM sign_in_device WHERE ",
            $column,
            " = $1"
        )
    };
}

const FIND: &str = select!("secret_hash");
const FIND_BY_USER_CODE: &str = select!("user_code");
const INSERT: &str = "INSERT INTO sign_in_device (secret_hash, user_code, client_id, scope, needs_secret, state, \
    poll_seconds, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_code) DO NOTHING";
const DECIDE: &str = "UPDATE sign_in_device SET state = $2, grant_id = $3 \
    WHERE secret_hash = $1 AND state = 'pending'";
const POLL: &str =
    "UPDATE sign_in_device SET polled_at = $2, poll_seconds = $3 WHERE secret_hash = $1";
const USE: &str =
    "UPDATE sign_in_device SET state = 'used' WHERE secret_hash = $1 AND state = 'allowed'";

/// How far a device has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Pending,
    /// Somebody signed in and said yes.
    Allowed,
    /// Somebody said no.
    Denied,
    /// The device has its tokens.
    Used,
}

impl State {
    const ALL: [Self; 4] = [Self::Pending, Self::Allowed, Self::Denied, Self::Used];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Used => "used",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A device that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The hash of what the device keeps.
    pub secret_hash: String,
    /// What the user types.
    pub user_code: String,
    /// The client.
    pub client: AppId,
    /// What it asks for.
    pub scope: String,
    /// Whether the client has to show its secret.
    pub needs_secret: bool,
    /// How far it has come.
    pub state: State,
    /// What it was given.
    pub grant: Option<SignInGrantId>,
    /// How many seconds there have to be between two questions.
    pub poll_seconds: i64,
    /// When it last asked.
    pub polled_at: Option<Timestamp>,
    /// When it has to begin anew.
    pub expires_at: Timestamp,
}

/// The device that keeps this secret.
pub fn find(tx: &mut ReadTx<'_>, secret_hash: &str) -> Result<Option<Device>, Error> {
    found(tx, FIND, secret_hash)
}

/// The device that shows this code.
pub fn find_by_user_code(tx: &mut ReadTx<'_>, user_code: &str) -> Result<Option<Device>, Error> {
    found(tx, FIND_BY_USER_CODE, user_code)
}

fn found(tx: &mut ReadTx<'_>, statement: &'static str, key: &str) -> Result<Option<Device>, Error> {
    let Some(row) = tx.query_opt(statement, &[text(key)])? else {
        return Ok(None);
    };
    Ok(Some(Device {
        secret_hash: row.text(0)?.to_owned(),
        user_code: row.text(1)?.to_owned(),
        client: parsed(&row, 2, "sign_in_device.client_id")?,
        scope: row.text(3)?.to_owned(),
        needs_secret: row.boolean(4)?,
        state: word(&row, 5, "sign_in_device.state", State::from_name)?,
        grant: opt_parsed(&row, 6, "sign_in_device.grant_id")?,
        poll_seconds: row.int(7)?,
        polled_at: opt_instant(&row, 8)?,
        expires_at: instant(&row, 9)?,
    }))
}

/// Stores a new device; says whether its user code is one that no other shows.
pub fn insert(tx: &mut WriteTx<'_>, device: &Device) -> Result<bool, Error> {
    let inserted = tx.execute(
        INSERT,
        &[
            text(&device.secret_hash),
            text(&device.user_code),
            text(device.client),
            text(&device.scope),
            boolean(device.needs_secret),
            text(device.state.as_str()),
            int(device.poll_seconds),
            int(device.expires_at.micros()),
        ],
    )?;
    Ok(inserted == 1)
}

/// Allows a device that waits, by a grant, or denies it; says whether it did wait.
pub fn decide(
    tx: &mut WriteTx<'_>,
    secret_hash: &str,
    grant: Option<SignInGrantId>,
) -> Result<bool, Error> {
    let state = match grant {
        Some(_) => State::Allowed,
        None => State::Denied,
    };
    let arguments = [text(secret_hash), text(state.as_str()), opt_text(grant)];
    tx.execute(DECIDE, &arguments).map(|changed| changed == 1)
}

/// Remembers that the device asked.
pub fn polled(
    tx: &mut WriteTx<'_>,
    secret_hash: &str,
    now: Timestamp,
    poll_seconds: i64,
) -> Result<(), Error> {
    tx.execute_one(
        POLL,
        &[
            text(secret_hash),
            opt_int(Some(now.micros())),
            int(poll_seconds),
        ],
    )
}

/// Hands over what an allowed device was given; says whether it had not been handed over before.
pub fn use_once(tx: &mut WriteTx<'_>, secret_hash: &str) -> Result<bool, Error> {
    tx.execute(USE, &[text(secret_hash)])
        .map(|changed| changed == 1)
}
