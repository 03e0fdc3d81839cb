//! Signing in at the development issuer: clients, sessions of browsers, codes, refresh tokens, devices.
//!
//! Times are those of the machine, not of the tenant, whose clock may be moved: they are arguments here.
//!
//! **Invariant:** what can be used once is used in the transaction that gives what it is good for; used twice, everything
//! that came of it is taken back. A user who is gone gets nothing more, whatever was given before.

mod clients;
mod codes;
mod devices;
mod refresh;
mod sessions;

use auth::issuer::{OAuthRefusal, ScopeRequest, fingerprint, random_secret};
use domain::id::{AppId, ObjectId, SignInGrantId};
use domain::time::{Duration, Timestamp};
use store::WriteTx;
use store::directory::user;
use store::sign_in::grant::{self, Grant};
use store::sign_in::refresh_token;

pub use clients::{Account, accounts, find_client};
pub use codes::{CodeOrder, Redemption, issue_code, redeem_code};
pub use devices::{
    DEVICE_LIFE, POLL_SECONDS, StartedDevice, WaitingDevice, decide_device, find_device,
    poll_device, start_device,
};
pub use refresh::{begin_refreshing, refresh};
pub use sessions::{Session, end_session, find_session, start_session};

use crate::error::ServiceError;
use crate::tenant::{SignedInUser, signed_in_user};

/// How long a refresh token is good for, if nobody uses it.
const REFRESH_LIFE: Duration = Duration::from_days(14);
/// After so long a user has to sign in anew, however often the token was refreshed.
const GRANT_LIFE: Duration = Duration::from_days(90);
/// How long it is remembered that a code was used, where nothing else came of it.
const SHORT_GRANT_LIFE: Duration = Duration::from_days(1);

/// Why nothing was given.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// For a reason that the client is told.
    #[error("{0:?}")]
    Refused(OAuthRefusal),
    /// Anything else.
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

impl From<OAuthRefusal> for SignInError {
    fn from(refusal: OAuthRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What the outcome of a transaction is: a refusal commits what was taken back with it.
type Outcome<T> = Result<Result<T, OAuthRefusal>, ServiceError>;

fn flat<T>(outcome: Outcome<T>) -> Result<T, SignInError> {
    outcome?.map_err(SignInError::Refused)
}

/// Who asks for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The client.
    pub client: AppId,
    /// Whether it showed its secret.
    pub has_shown_secret: bool,
}

/// What tokens are to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The user.
    pub user: SignedInUser,
    /// What the client asked for when the user signed in.
    pub scope: ScopeRequest,
    /// When the user gave the password.
    pub signed_in_at: Timestamp,
    /// What the ID token has to repeat.
    pub nonce: Option<String>,
    /// What to get the next tokens with.
    pub refresh_token: Option<String>,
}

/// A grant that begins.
struct NewGrant<'a> {
    client: AppId,
    user: ObjectId,
    scope: &'a str,
    needs_secret: bool,
    signed_in_at: Timestamp,
}

fn begin(
    tx: &mut WriteTx<'_>,
    id: SignInGrantId,
    new: &NewGrant<'_>,
    now: Timestamp,
) -> Result<(), store::Error> {
    let is_long = ScopeRequest::parse(new.scope).is_ok_and(|scope| scope.offline_access);
    let life = if is_long {
        GRANT_LIFE
    } else {
        SHORT_GRANT_LIFE
    };
    grant::insert(
        tx,
        &Grant {
            id,
            client: new.client,
            user: new.user,
            scope: new.scope.to_owned(),
            needs_secret: new.needs_secret,
            signed_in_at: new.signed_in_at,
            expires_at: now.plus(life),
            revoked_at: None,
        },
    )
}

/// The grant, if it is this client's. Nobody else learns anything about it.
fn grant_of(
    tx: &mut WriteTx<'_>,
    id: SignInGrantId,
    asking: Asking,
) -> Result<Result<Grant, OAuthRefusal>, store::Error> {
    let found = grant::find(tx, id)?.filter(|grant| grant.client == asking.client);
    Ok(match found {
        None => Err(OAuthRefusal::InvalidGrant),
        Some(grant) if grant.needs_secret && !asking.has_shown_secret => {
            Err(OAuthRefusal::SecretRequired)
        }
        Some(grant) => Ok(grant),
    })
}

/// What a grant gives now. `next` becomes the refresh token, if the client asked for one.
fn give(tx: &mut WriteTx<'_>, grant: &Grant, next: &str, now: Timestamp) -> Outcome<Granted> {
    if grant.revoked_at.is_some() {
        return Ok(Err(OAuthRefusal::GrantRevoked));
    }
    if now >= grant.expires_at {
        return Ok(Err(OAuthRefusal::GrantExpired));
    }
    let found = user::find_present(tx, grant.user)?.filter(|user| user.account_enabled);
    let Some(found) = found else {
        return Ok(Err(OAuthRefusal::UserGone));
    };
    let Ok(scope) = ScopeRequest::parse(&grant.scope) else {
        // A permission that there was when the user signed in.
        return Ok(Err(OAuthRefusal::InvalidScope));
    };
    let refresh_token = scope.offline_access.then(|| next.to_owned());
    if let Some(token) = &refresh_token {
        let until = now.plus(REFRESH_LIFE).min(grant.expires_at);
        refresh_token::insert(tx, &fingerprint(token), grant.id, until)?;
    }
    Ok(Ok(Granted {
        user: signed_in_user(tx, found)?,
        scope,
        signed_in_at: grant.signed_in_at,
        nonce: None,
        refresh_token,
    }))
}

fn secret() -> Result<String, ServiceError> {
    random_secret().map_err(ServiceError::internal)
}
