//! Asking an issuer about a token that only the issuer can read (RFC 7662).
//!
//! **Invariant:** an answer counts no longer than the token, nor than the configuration lets it; a token is asked
//! about once at a time; an issuer that does not answer is left alone for a moment. What an issuer says is checked as
//! the claims of a signed token are.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::time::{Duration, Timestamp};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::cache::{Cache, Cached, Digest};
use super::compact::Members;
use super::config::trustworthy;
use super::fetch::{self, FetchError};
use super::{ConfigError, Issuer, IssuerConfig, KeySource, TokenError, claims};
use crate::principal::{Validity, Verified};

/// How long an issuer is left alone that did not answer.
const PAUSE: Duration = Duration::from_secs(2);
/// How many tokens of an issuer are asked about at the same time.
const LANES: usize = 16;

/// How an issuer is asked about tokens.
#[derive(Debug, Clone)]
pub struct IntrospectionConfig {
    /// Where; where it is not given, as the issuer's discovery document says.
    pub endpoint: Option<String>,
    /// Who asks.
    pub client_id: String,
    /// The secret of who asks.
    pub client_secret: SecretString,
    /// How long an answer counts at most.
    pub cache_for: Duration,
}

impl IntrospectionConfig {
    pub(super) fn check(&self, issuer: &str) -> Result<(), ConfigError> {
        let is_safe = self
            .endpoint
            .as_ref()
            .is_none_or(|endpoint| trustworthy(endpoint).is_some());
        if !is_safe || self.endpoint.is_none() && trustworthy(issuer).is_none() {
            return Err(ConfigError::InsecureIntrospection {
                issuer: issuer.to_owned(),
            });
        }
        Ok(())
    }
}

/// Asks one issuer.
#[derive(Debug)]
pub(super) struct Introspector {
    config: IntrospectionConfig,
    client: Client,
    endpoint: OnceCell<Url>,
    /// A token is asked about in the lane of its digest.
    lanes: [Mutex<()>; LANES],
    /// When the issuer may be asked again, in microseconds.
    paused_until: AtomicI64,
}

impl Introspector {
    /// None, if the issuer is not to be asked.
    pub(super) fn new(config: &IssuerConfig) -> Result<Option<Self>, ConfigError> {
        let Some(own) = &config.introspection else {
            return Ok(None);
        };
        let authorities = match &config.keys {
            KeySource::Discovery { authorities } => authorities.as_slice(),
            KeySource::Static(_) | KeySource::Shared(_) => &[],
        };
        let client = fetch::client(authorities).map_err(|source| ConfigError::Client {
            issuer: config.issuer.clone(),
            source,
        })?;
        let endpoint = own.endpoint.as_deref().and_then(trustworthy);
        Ok(Some(Self {
            config: own.clone(),
            client,
            endpoint: OnceCell::new_with(endpoint),
            lanes: Default::default(),
            paused_until: AtomicI64::new(i64::MIN),
        }))
    }

    /// What the issuer says of the token, or said a short time ago.
    pub(super) async fn ask(
        &self,
        token: &str,
        digest: Digest,
        now: Timestamp,
        issuer: &Issuer,
        cache: &Cache,
    ) -> Result<Verified, TokenError> {
        let key = digest.of_issuer(&issuer.name);
        if let Some(found) = remembered(cache, &key, now) {
            return found;
        }
        let _lane = match self.lanes.get(usize::from(digest.first()) % LANES) {
            Some(lane) => lane.lock().await,
            None => return Err(TokenError::IssuerUnavailable),
        };
        // Whoever had the lane may have asked about the same token.
        if let Some(found) = remembered(cache, &key, now) {
            return found;
        }
        let (found, until) = match self.answer(token, now, &issuer.config.issuer).await? {
            None => (Err(TokenError::Inactive), Timestamp::from_micros(i64::MAX)),
            Some(answer) => match checked(&answer, issuer, now) {
                Ok((verified, until)) => (Ok(verified), until),
                Err(refused) => (Err(refused), Timestamp::from_micros(i64::MAX)),
            },
        };
        let validity = Validity {
            from: now.minus(issuer.config.clock_skew),
            until: until.min(now.plus(self.config.cache_for)),
        };
        cache.remember(
            key,
            Cached {
                found: found.clone(),
                issuer: issuer.name.clone(),
                epoch: None,
                validity,
            },
        );
        found
    }

    /// The answer about an active token; none about one that is not.
    async fn answer(
        &self,
        token: &str,
        now: Timestamp,
        issuer: &str,
    ) -> Result<Option<Members>, TokenError> {
        let paused_until = Timestamp::from_micros(self.paused_until.load(Ordering::Acquire));
        // A clock that was set back must not keep us waiting until it has caught up.
        if now < paused_until && paused_until <= now.plus(PAUSE) {
            return Err(TokenError::IssuerUnavailable);
        }
        self.request(token, issuer).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(issuer, error = %error, cause, "could not ask an issuer about a token");
            self.paused_until
                .store(now.plus(PAUSE).micros(), Ordering::Release);
            TokenError::IssuerUnavailable
        })
    }

    async fn request(&self, token: &str, issuer: &str) -> Result<Option<Members>, FetchError> {
        let endpoint = self
            .endpoint
            .get_or_try_init(|| fetch::introspection_endpoint(&self.client, issuer))
            .await?;
        let request = self
            .client
            .post(endpoint.clone())
            .basic_auth(
                &self.config.client_id,
                Some(self.config.client_secret.expose_secret()),
            )
            .header("accept", "application/json")
            .form(&[("token", token), ("token_type_hint", "access_token")]);
        let body = fetch::body(request).await?;
        let answer = Members::from_json(&body).map_err(|_| FetchError::NoAnswer)?;
        match answer.get("active") {
            Some(Value::Bool(true)) => Ok(Some(answer)),
            Some(Value::Bool(false)) => Ok(None),
            _ => Err(FetchError::NoAnswer),
        }
    }
}

fn remembered(cache: &Cache, key: &Digest, now: Timestamp) -> Option<Result<Verified, TokenError>> {
    let cached = cache.find(key)?;
    cached.validity.contains(now).then_some(cached.found)
}

/// Who calls by what the issuer says, and until when it may be believed.
fn checked(
    answer: &Members,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<(Verified, Timestamp), TokenError> {
    let is_of_issuer = answer
        .text("iss")?
        .is_none_or(|own| own == issuer.config.issuer);
    if !is_of_issuer {
        return Err(TokenError::UnknownIssuer);
    }
    // An issuer may know refresh tokens as well.
    let is_bearer = answer
        .text("token_type")?
        .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_bearer {
        return Err(TokenError::UnsupportedKind);
    }
    claims::check_kind_of_claims(answer)?;
    let validity = claims::check_open(answer, &issuer.config, now)?;
    let verified = claims::map(answer, &issuer.config, &issuer.name)?;
    Ok((verified, validity.until))
}
