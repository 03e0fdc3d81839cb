//! Browsers in which somebody is signed in to the portal.
//!
//! Times are those of the machine, not of the tenant, whose clock may be moved: they are arguments here.
//!
//! **Invariant:** only the hash of what a browser keeps is stored. A session ends at its time, after a time without use, when
//! its user signs out, is disabled or deleted, or gets another password; whose session it is may do what the directory says
//! at each call.

use std::sync::Arc;

use auth::issuer::{fingerprint, random_secret};
use auth::principal::{DirectoryRole, Kind, PermissionSet, Principal, TokenFacts, Verified};
use domain::time::{Duration, Timestamp};
use store::directory::user;
use store::portal_session::{self, Session};

use crate::callers;
use crate::ctx::Service;
use crate::error::{Code, ServiceError};

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// In all.
    pub longest: Duration,
    /// Without use.
    pub idle: Duration,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            longest: Duration::from_minutes(12 * 60),
            idle: Duration::from_minutes(60),
        }
    }
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The caller that the user is in the portal.
    pub principal: Arc<Principal>,
    /// The name to greet by.
    pub display_name: String,
    /// The sign-in name.
    pub user_principal_name: String,
}

/// How exactly it is remembered when a browser came last: not each page is worth a write.
const SEEN_BY: Duration = Duration::from_minutes(1);

/// Begins a session for whoever signed in; gives the secret that the browser keeps. Refused for somebody whom the directory
/// does not know, or has disabled.
pub async fn start(
    service: &Service,
    verified: &Verified,
    life: Life,
    now: Timestamp,
) -> Result<String, ServiceError> {
    let loaded = callers::admit(service, verified).await?;
    let principal = &loaded.caller.principal;
    let user = principal.as_user().ok_or_else(|| {
        ServiceError::refused(Code::AccessDenied, "an application cannot sign in here")
    })?;
    let roles: Vec<&str> = principal
        .token
        .directory_roles
        .iter()
        .map(|role| role.template_id())
        .collect();
    let session = Session {
        user,
        directory_roles: roles.join(" "),
        signed_in_at: now,
        seen_at: now,
        expires_at: now.plus(life.longest),
    };
    let secret = random_secret().map_err(ServiceError::internal)?;
    let hash = fingerprint(&secret);
    service
        .store
        .write(move |tx| {
            portal_session::forget(tx, now, now.minus(life.idle))?;
            portal_session::insert(tx, &hash, &session)
        })
        .await?;
    Ok(secret)
}

/// Who is signed in where this secret is kept, if that is still so. `client_id` is the portal's own, `scopes` what it may do
/// for people.
pub async fn find(
    service: &Service,
    secret: &str,
    life: Life,
    now: Timestamp,
    (client_id, scopes): (&str, PermissionSet),
) -> Result<Option<SignedIn>, ServiceError> {
    let hash = fingerprint(secret);
    let found = {
        let hash = hash.clone();
        service
            .store
            .read(move |tx| -> Result<_, ServiceError> {
                let Some(session) = portal_session::find(tx, &hash)? else {
                    return Ok(None);
                };
                let is_over = now >= session.expires_at || now >= session.seen_at.plus(life.idle);
                if is_over {
                    return Ok(None);
                }
                let user = user::find_present(tx, session.user)?;
                Ok(user
                    .filter(|user| user.account_enabled)
                    .map(|user| (session, user)))
            })
            .await?
    };
    let Some((session, user)) = found else {
        return Ok(None);
    };
    if now >= session.seen_at.plus(SEEN_BY) {
        service
            .store
            .write(move |tx| portal_session::see(tx, &hash, now))
            .await?;
    }
    let principal = Principal {
        kind: Kind::Delegated {
            user: session.user,
            client_id: Some(client_id.to_owned()),
        },
        token: TokenFacts {
            scopes,
            directory_roles: roles(&session),
            tenant: None,
            issuer: Arc::from("portal"),
            token_id: None,
        },
    };
    Ok(Some(SignedIn {
        principal: Arc::new(principal),
        display_name: user.display_name,
        user_principal_name: user.user_principal_name,
    }))
}

fn roles(session: &Session) -> Vec<DirectoryRole> {
    session
        .directory_roles
        .split(' ')
        .filter_map(DirectoryRole::from_template_id)
        .collect()
}

/// Signs out where this secret is kept.
pub async fn end(service: &Service, secret: &str) -> Result<(), ServiceError> {
    let hash = fingerprint(secret);
    service
        .store
        .write(move |tx| portal_session::delete(tx, &hash))
        .await?;
    Ok(())
}
