//! Bearer tokens: from the header's text to a [`Verified`] caller.
//!
//! **Invariant:** no claim is believed before its signature is; `alg`, `iss`, `aud`, `exp` and `nbf` are checked by
//! name, against the configuration and the time that the caller brings.

mod cache;
mod claims;
mod compact;
mod config;
mod error;
mod fetch;
mod issuer_keys;
mod key_set;

use std::collections::HashMap;
use std::sync::Arc;

use domain::time::Timestamp;

pub use crate::principal::Verified;
pub use config::{Algorithm, ConfigError, IssuerConfig, KeySource, UserClaim};
pub use error::TokenError;

use cache::{Cache, Cached, Digest};
use compact::Compact;
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
    cache: Cache,
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
        for config in configs {
            config.check()?;
            let keys = Arc::new(IssuerKeys::new(&config)?);
            let url = config.issuer.clone();
            let issuer = Issuer {
                name: Arc::from(url.as_str()),
                config,
                keys,
            };
            if issuers.insert(url.clone(), issuer).is_some() {
                return Err(ConfigError::DuplicateIssuer { issuer: url });
            }
        }
        Ok(Self {
            issuers,
            cache: Cache::new(CACHE_ENTRIES),
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
        self.verify_anew(bearer, digest, now).await
    }

    /// What an earlier verification found, where nothing that it rested on has changed since.
    fn remembered(&self, digest: &Digest, now: Timestamp) -> Option<Verified> {
        let cached = self.cache.find(digest)?;
        let issuer = self.issuers.get(cached.issuer.as_ref())?;
        let current = issuer.keys.epoch() == cached.epoch && !issuer.keys.is_due(now);
        (current && cached.validity.contains(now)).then_some(cached.verified)
    }

    async fn verify_anew(
        &self,
        bearer: &str,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let token = Compact::parse(bearer)?;
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
            .find(|algorithm| algorithm.as_str() == token.algorithm)
            .ok_or(TokenError::AlgorithmNotAllowed)?;
        let kid = token.kid.as_deref().ok_or(TokenError::MissingKeyId)?;
        let (key, epoch) = issuer.keys.key(kid, now).await?;
        if key.algorithm != algorithm {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        if !key.verifies(token.signature, token.signed) {
            return Err(TokenError::BadSignature);
        }
        let validity = claims::check(&token.claims, &issuer.config, now)?;
        let verified = claims::map(&token.claims, &issuer.config, &issuer.name)?;
        self.cache.remember(
            digest,
            Cached {
                verified: verified.clone(),
                issuer: Arc::clone(&issuer.name),
                epoch,
                validity,
            },
        );
        Ok(verified)
    }
}
