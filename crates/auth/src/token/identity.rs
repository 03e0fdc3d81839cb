//! ID tokens: who signed in to a client of ours.
//!
//! **Invariant:** an ID token counts only for the client and the sign-in that it was issued for, and says nothing but who
//! signed in: what they may do by it is for the client to say.

use std::sync::Arc;

use domain::time::Timestamp;

use super::claims;
use super::compact::Compact;
use super::{IssuerConfig, MAX_TOKEN_BYTES, TokenError, Verified, Verifier};
use crate::issuer::is_same;
use crate::principal::PermissionSet;

/// What an ID token has to answer.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// Who was asked.
    pub issuer: &'a str,
    /// Which client asked.
    pub client_id: &'a str,
    /// What the client sent along, so that the answer is to this question and no other.
    pub nonce: &'a str,
    /// What the client may do for whoever signed in.
    pub scopes: PermissionSet,
}

impl Verifier {
    /// Who signed in, by the ID token that the issuer gave the client itself.
    pub async fn identify(
        &self,
        id_token: &str,
        asked: &SignIn<'_>,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        if id_token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let token = Compact::parse(id_token)?;
        let (issuer, _) = self.signed_by(&token, now).await?;
        if issuer.name.as_ref() != asked.issuer {
            return Err(TokenError::UnknownIssuer);
        }
        let (header, claims) = (&token.header, &token.claims);
        let is_typed = |kind: &str| !kind.eq_ignore_ascii_case("jwt");
        if header.kind.as_deref().is_some_and(is_typed) || claims.get("events").is_some() {
            return Err(TokenError::UnsupportedKind);
        }
        let config = IssuerConfig {
            audiences: vec![asked.client_id.to_owned()],
            ..issuer.config.clone()
        };
        claims::check(claims, &config, now)?;
        let party = claims.text("azp")?;
        let is_shared = claims.texts("aud")?.len() > 1;
        if party.is_some_and(|party| party != asked.client_id) || (is_shared && party.is_none()) {
            return Err(TokenError::WrongAudience);
        }
        let nonce = claims
            .text("nonce")?
            .ok_or_else(|| TokenError::missing("nonce"))?;
        if !is_same(nonce, asked.nonce) {
            return Err(TokenError::UnsupportedKind);
        }
        claims::signed_in(
            claims,
            &config,
            asked.client_id,
            asked.scopes,
            &Arc::clone(&issuer.name),
        )
    }
}
