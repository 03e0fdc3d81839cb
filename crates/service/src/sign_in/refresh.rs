//! Refresh tokens: one exchange each. Somebody who brings one that was exchanged before stole it, or was stolen from.

use auth::issuer::{OAuthRefusal, ScopeRequest, fingerprint};
use domain::id::{AppId, ObjectId, SignInGrantId};
use domain::time::Timestamp;
use store::sign_in::{grant, refresh_token};
use store::{WriteTx, sign_in};

use super::{
    Asking, Granted, NewGrant, Outcome, REFRESH_LIFE, SignInError, begin, flat, give, grant_of,
    secret,
};
use crate::ctx::Service;
use crate::error::ServiceError;

/// What a refresh token stands for, with the next one.
pub async fn refresh(
    service: &Service,
    asking: Asking,
    token: &str,
    now: Timestamp,
) -> Result<Granted, SignInError> {
    let (hash, next) = (fingerprint(token), secret()?);
    let outcome = service
        .store
        .write(move |tx| exchange(tx, &hash, asking, &next, now))
        .await;
    flat(outcome)
}

fn exchange(
    tx: &mut WriteTx<'_>,
    hash: &str,
    asking: Asking,
    next: &str,
    now: Timestamp,
) -> Outcome<Granted> {
    let Some(token) = refresh_token::find(tx, hash)? else {
        return Ok(Err(OAuthRefusal::InvalidGrant));
    };
    let grant = match grant_of(tx, token.grant, asking)? {
        Ok(grant) => grant,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if token.used_at.is_some() {
        grant::revoke(tx, grant.id, now)?;
        return Ok(Err(OAuthRefusal::GrantUsed));
    }
    if now >= token.expires_at {
        return Ok(Err(OAuthRefusal::GrantExpired));
    }
    let given = give(tx, &grant, next, now)?;
    // A refusal leaves the token as it is: the user may be let in again.
    if given.is_ok() && !refresh_token::use_once(tx, hash, now)? {
        grant::revoke(tx, grant.id, now)?;
        return Ok(Err(OAuthRefusal::GrantUsed));
    }
    Ok(given)
}

/// A refresh token for a user whose password the client itself took, if it asked for one.
pub async fn begin_refreshing(
    service: &Service,
    client: AppId,
    user: ObjectId,
    scope: &str,
    needs_secret: bool,
    now: Timestamp,
) -> Result<Option<String>, ServiceError> {
    if !ScopeRequest::parse(scope).is_ok_and(|scope| scope.offline_access) {
        return Ok(None);
    }
    let (token, scope) = (secret()?, scope.to_owned());
    let hash = fingerprint(&token);
    let id = SignInGrantId::new(service.ids.next(now));
    service
        .store
        .write(move |tx| {
            sign_in::forget_expired(tx, now)?;
            let new = NewGrant {
                client,
                user,
                scope: &scope,
                needs_secret,
                signed_in_at: now,
            };
            begin(tx, id, &new, now)?;
            refresh_token::insert(tx, &hash, id, now.plus(REFRESH_LIFE))
        })
        .await?;
    Ok(Some(token))
}
