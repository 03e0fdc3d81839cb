//! Refresh tokens: one exchange each. Somebody who brings one that was exchanged before stole it, or was stolen from.

use auth::issuer::{OAuthRefusal, fingerprint};
use domain::time::Timestamp;
use store::WriteTx;
use store::sign_in::{grant, refresh_token};

use super::{Asking, Granted, Outcome, SignInError, flat, give, grant_of, secret};
use crate::ctx::Service;

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
