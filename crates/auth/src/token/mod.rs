//! Bearer tokens: from the header's text to a [`Verified`] caller.
//!
//! **Invariant:** no claim is believed before its signature is; `alg`, `iss`, `aud`, `exp` and `nbf` are checked by
//! name, against the configuration and the time that the caller brings.

mod algorithm;
mod cache;
mod claims;
mod compact;
mod config;
mod error;
mod fetch;
mod identity;
mod introspection;
mod issuer_keys;
mod key_ring;
mod key_set;

use std::collections::HashMap;
use std::sync::Arc;

use domain::time::Timestamp;

pub use crate::principal::Verified;
pub use algorithm::{Algorithm, SignatureAlgorithm};
pub use config::{
    ApplicationBinding, ApplicationSign, ConfigError, IssuerConfig, KeySource, UserBinding,
};
pub use error::TokenError;
pub use identity::SignIn;
pub use introspection::IntrospectionConfig;
pub use key_ring::KeyRing;

use cache::{Cache, Cached, Digest};
use compact::Compact;
use introspection::Introspector;
use issuer_keys::IssuerKeys;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// How many verified tokens are remembered.
const CACHE_ENTRIES: usize = 10_000;

/// Takes the token out of an `Authorization` header.
pub fn bearer(header: &str) -> Result<&str, TokenError> {
    let (scheme, token) = header.trim().split_once(' ').ok_or(TokenError::NotBearer)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim_start())
    } else {
        Err(TokenError::NotBearer)
    }
}

/// Tells whose token it is, for any of the configured issuers.
#[derive(Debug)]
pub struct Verifier {
    issuers: HashMap<String, Issuer>,
    /// Those that can be asked about tokens, in the order of the configuration.
    asked: Vec<(Arc<str>, Introspector)>,
    signed: Cache,
    opaque: Cache,
}

/// One issuer with its keys.
#[derive(Debug)]
struct Issuer {
    config: IssuerConfig,
    name: Arc<str>,
    keys: Arc<IssuerKeys>,
}

impl Verifier {
    /// Checks the configuration; keys are fetched when the first token asks for them.
    pub fn new(configs: Vec<IssuerConfig>) -> Result<Self, ConfigError> {
        crate::crypto::install();
        let mut issuers = HashMap::new();
        let mut asked = Vec::new();
        for config in configs {
            let config = config.with_tenant_in_issuer();
            config.check()?;
            let keys = Arc::new(IssuerKeys::new(&config)?);
            let url = config.issuer.clone();
            let name: Arc<str> = Arc::from(url.as_str());
            if let Some(introspector) = Introspector::new(&config)? {
                asked.push((Arc::clone(&name), introspector));
            }
            let issuer = Issuer { config, name, keys };
            if issuers.insert(url.clone(), issuer).is_some() {
                return Err(ConfigError::DuplicateIssuer { issuer: url });
            }
        }
        Ok(Self {
            issuers,
            asked,
            signed: Cache::new(CACHE_ENTRIES),
            opaque: Cache::new(CACHE_ENTRIES),
        })
    }

    /// Says what the token means at `now`. A token seen before costs a hash and a look-up, and does not wait.
    pub async fn verify(&self, bearer: &str, now: Timestamp) -> Result<Verified, TokenError> {
        if bearer.is_empty() {
            return Err(TokenError::Missing);
        }
        if bearer.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let digest = Digest::of(bearer);
        if let Some(verified) = self.remembered(&digest, now) {
            return Ok(verified);
        }
        if !self.asked.is_empty() && compact::is_opaque(bearer) {
            return self.ask(bearer, digest, now).await;
        }
        self.verify_anew(bearer, digest, now).await
    }

    /// Whether the token was found good before and still is, without looking at its signature again.
    pub fn remembers(&self, bearer: &str, now: Timestamp) -> bool {
        self.remembered(&Digest::of(bearer), now).is_some()
    }

    /// What an earlier verification found, where nothing that it rested on has changed since.
    fn remembered(&self, digest: &Digest, now: Timestamp) -> Option<Verified> {
        let cached = self.signed.find(digest)?;
        let issuer = self.issuers.get(cached.issuer.as_ref())?;
        let current = issuer.keys.confirms(cached.epoch, now);
        (current && cached.validity.contains(now)).then_some(cached.found.ok()?)
    }

    async fn verify_anew(
        &self,
        bearer: &str,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let token = Compact::parse(bearer)?;
        let (issuer, epoch) = self.signed_by(&token, now).await?;
        claims::check_kind(&token.header, &token.claims, &issuer.config)?;
        let validity = claims::check(&token.claims, &issuer.config, now)?;
        let verified = claims::map(&token.claims, &issuer.config, &issuer.name)?;
        self.signed.remember(
            digest,
            Cached {
                found: Ok(verified.clone()),
                issuer: Arc::clone(&issuer.name),
                epoch: Some(epoch),
                validity,
            },
        );
        Ok(verified)
    }

    /// Whose signature the token has; nothing in it was believed before.
    async fn signed_by(
        &self,
        token: &Compact<'_>,
        now: Timestamp,
    ) -> Result<(&Issuer, u64), TokenError> {
        let issuer = token
            .claims
            .text("iss")?
            .and_then(|iss| self.issuers.get(iss))
            .ok_or(TokenError::UnknownIssuer)?;
        let algorithm = issuer
            .config
            .algorithms
            .iter()
            .copied()
            .find(|algorithm| algorithm.as_str() == token.header.algorithm)
            .ok_or(TokenError::AlgorithmNotAllowed)?;
        let kid = token
            .header
            .kid
            .as_deref()
            .ok_or(TokenError::MissingKeyId)?;
        let (key, epoch) = issuer.keys.key(kid, now).await?;
        if !key.is_for(algorithm) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        if !key.verifies(algorithm, token.signature, token.signed) {
            return Err(TokenError::BadSignature);
        }
        Ok((issuer, epoch))
    }

    /// Asks those issuers about the token that can be asked, one after the other. Where none knows it, but one could
    /// not be asked, it may be good all the same.
    async fn ask(
        &self,
        bearer: &str,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let mut outcome = TokenError::Inactive;
        for (name, introspector) in &self.asked {
            let Some(issuer) = self.issuers.get(name.as_ref()) else {
                continue;
            };
            let found = introspector
                .ask(bearer, digest, now, issuer, &self.opaque)
                .await;
            match found {
                Err(TokenError::Inactive) => {}
                Err(TokenError::IssuerUnavailable) => outcome = TokenError::IssuerUnavailable,
                decided => return decided,
            }
        }
        Err(outcome)
    }
}
