//! Authorization codes: given to a browser, brought by a client.

use auth::issuer::{Challenge, OAuthRefusal, fingerprint};
use domain::id::{AppId, ObjectId, SignInGrantId};
use domain::time::{Duration, Timestamp};
use store::WriteTx;
use store::sign_in::code::{self, Code};
use store::sign_in::grant;

use super::{Asking, Granted, NewGrant, Outcome, SignInError, begin, flat, give, grant_of, secret};
use crate::ctx::Service;
use crate::error::ServiceError;

/// A client asks at once.
const CODE_LIFE: Duration = Duration::from_minutes(1);

/// What a code is to stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOrder {
    /// The client.
    pub client: AppId,
    /// Who signed in.
    pub user: ObjectId,
    /// When.
    pub signed_in_at: Timestamp,
    /// What the client asked for.
    pub scope: String,
    /// Whether the client has to show its secret.
    pub needs_secret: bool,
    /// Where the code is sent.
    pub redirect_uri: String,
    /// What the client has to prove.
    pub challenge: Option<Challenge>,
    /// What the ID token has to repeat.
    pub nonce: Option<String>,
}

/// What a client brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// Who.
    pub asking: Asking,
    /// The code.
    pub code: String,
    /// Where the client got it.
    pub redirect_uri: String,
    /// What the challenge is the hash of.
    pub verifier: Option<String>,
}

/// Makes a code.
pub async fn issue_code(
    service: &Service,
    order: CodeOrder,
    now: Timestamp,
) -> Result<String, ServiceError> {
    let secret = secret()?;
    let hash = fingerprint(&secret);
    let id = SignInGrantId::new(service.ids.next(now));
    service
        .store
        .write(move |tx| {
            let new = NewGrant {
                client: order.client,
                user: order.user,
                scope: &order.scope,
                needs_secret: order.needs_secret,
                signed_in_at: order.signed_in_at,
            };
            begin(tx, id, &new, now)?;
            let code = Code {
                grant: id,
                redirect_uri: order.redirect_uri.clone(),
                challenge: order
                    .challenge
                    .as_ref()
                    .map(|challenge| challenge.as_str().to_owned()),
                nonce: order.nonce.clone(),
                expires_at: now.plus(CODE_LIFE),
                used_at: None,
            };
            code::insert(tx, &hash, &code)
        })
        .await?;
    Ok(secret)
}

/// What a code stands for, once. Used twice, it gives nothing and takes back what it gave.
pub async fn redeem_code(
    service: &Service,
    redemption: Redemption,
    now: Timestamp,
) -> Result<Granted, SignInError> {
    let next = secret()?;
    let outcome = service
        .store
        .write(move |tx| redeem(tx, &redemption, &next, now))
        .await;
    flat(outcome)
}

fn redeem(
    tx: &mut WriteTx<'_>,
    redemption: &Redemption,
    next: &str,
    now: Timestamp,
) -> Outcome<Granted> {
    let hash = fingerprint(&redemption.code);
    let Some(code) = code::find(tx, &hash)? else {
        return Ok(Err(OAuthRefusal::InvalidGrant));
    };
    let grant = match grant_of(tx, code.grant, redemption.asking)? {
        Ok(grant) => grant,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if code.used_at.is_some() {
        grant::revoke(tx, grant.id, now)?;
        return Ok(Err(OAuthRefusal::GrantUsed));
    }
    if now >= code.expires_at {
        return Ok(Err(OAuthRefusal::GrantExpired));
    }
    if code.redirect_uri != redemption.redirect_uri {
        return Ok(Err(OAuthRefusal::InvalidGrant));
    }
    let challenge = code.challenge.as_deref().map(Challenge::kept);
    let is_proven = match (challenge, &redemption.verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge.is_of(verifier),
        // A verifier without a challenge: somebody took the challenge out of the request.
        (None, Some(_)) | (Some(_), None) => false,
    };
    if !is_proven {
        return Ok(Err(OAuthRefusal::WrongVerifier));
    }
    if !code::use_once(tx, &hash, now)? {
        grant::revoke(tx, grant.id, now)?;
        return Ok(Err(OAuthRefusal::GrantUsed));
    }
    let given = give(tx, &grant, next, now)?;
    Ok(given.map(|granted| Granted {
        nonce: code.nonce,
        ..granted
    }))
}
