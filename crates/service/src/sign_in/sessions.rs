//! Browsers in which somebody is signed in, so that the next client need not ask for the password.

use auth::issuer::fingerprint;
use domain::id::ObjectId;
use domain::time::{Duration, Timestamp};
use store::directory::user;
use store::sign_in;
use store::sign_in::session;

use super::secret;
use crate::ctx::Service;
use crate::error::ServiceError;
use crate::tenant::{SignedInUser, signed_in_user};

const SESSION_LIFE: Duration = Duration::from_minutes(12 * 60);

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: SignedInUser,
    /// Since when.
    pub signed_in_at: Timestamp,
}

/// Signs a user in whose password was right; gives the secret that the browser keeps.
pub async fn start_session(
    service: &Service,
    user: ObjectId,
    now: Timestamp,
) -> Result<String, ServiceError> {
    let secret = secret()?;
    let hash = fingerprint(&secret);
    service
        .store
        .write(move |tx| {
            sign_in::forget_expired(tx, now)?;
            let session = session::Session {
                user,
                signed_in_at: now,
                expires_at: now.plus(SESSION_LIFE),
            };
            session::insert(tx, &hash, &session)
        })
        .await?;
    Ok(secret)
}

/// Who is signed in where this secret is kept, if that is still so.
pub async fn find_session(
    service: &Service,
    secret: &str,
    now: Timestamp,
) -> Result<Option<Session>, ServiceError> {
    let hash = fingerprint(secret);
    let found = service
        .store
        .read(move |tx| {
            let found = session::find(tx, &hash)?;
            let Some(session) = found.filter(|session| now < session.expires_at) else {
                return Ok(None);
            };
            let user = user::find_present(tx, session.user)?;
            let Some(user) = user.filter(|user| user.account_enabled) else {
                return Ok(None);
            };
            Ok::<_, store::Error>(Some(Session {
                user: signed_in_user(tx, user)?,
                signed_in_at: session.signed_in_at,
            }))
        })
        .await?;
    Ok(found)
}

/// Signs out where this secret is kept.
pub async fn end_session(service: &Service, secret: &str) -> Result<(), ServiceError> {
    let hash = fingerprint(secret);
    service
        .store
        .write(move |tx| session::delete(tx, &hash))
        .await?;
    Ok(())
}
