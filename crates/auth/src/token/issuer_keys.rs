//! The keys of one issuer over time: fetched when needed, kept through outages, replaced on rotation.
//!
//! **Invariant:** an issuer is asked at most once a minute, by one request at a time, however many tokens name
//! unknown keys; while it does not answer, the keys known last go on for a time that is configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::time::{Duration, Timestamp};
use reqwest::Client;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::fetch::{self, Fetched};
use super::key_ring::KeyRing;
use super::key_set::Key;
use super::{ConfigError, IssuerConfig, KeySource, TokenError};

/// Between two requests for the keys.
const REFETCH_INTERVAL: Duration = Duration::from_secs(60);
/// The same, as long as no keys were ever had: start-up should not wait a minute for a late issuer.
const FIRST_FETCH_INTERVAL: Duration = Duration::from_secs(5);
/// Keys older than this are asked for again, so that a withdrawn key stops working; an issuer may say otherwise.
const MAX_AGE: Duration = Duration::from_secs(3_600);
/// The longest that an issuer may say, in seconds.
const LONGEST_AGE: u64 = 24 * 3_600;

/// The keys of one issuer.
pub(super) struct IssuerKeys {
    issuer: String,
    /// None: the keys are given and never change.
    client: Option<Client>,
    ring: KeyRing,
    /// How long keys count that could not be confirmed.
    kept_for: Duration,
    /// When keys that could not be confirmed no longer count, in microseconds.
    dead: AtomicI64,
    /// When the keys are to be asked for again, in microseconds.
    due: AtomicI64,
    /// When the issuer was last asked; held while it is being asked.
    asked: Arc<Mutex<Option<Timestamp>>>,
}

impl IssuerKeys {
    /// The keys that `config` names or tells where to find.
    pub(super) fn new(config: &IssuerConfig) -> Result<Self, ConfigError> {
        let issuer = config.issuer.clone();
        let (client, ring) = match &config.keys {
            KeySource::Static(jwks) => {
                let ring = KeyRing::new(jwks);
                if ring.is_empty() {
                    return Err(ConfigError::NoKeys { issuer });
                }
                (None, ring)
            }
            KeySource::Shared(ring) => (None, ring.clone()),
            KeySource::Discovery { authorities } => match fetch::client(authorities) {
                Ok(client) => (Some(client), KeyRing::default()),
                Err(source) => return Err(ConfigError::Client { issuer, source }),
            },
        };
        Ok(Self {
            issuer,
            client,
            ring,
            kept_for: config.keys_kept_for,
            dead: AtomicI64::new(i64::MAX),
            due: AtomicI64::new(i64::MAX),
            asked: Arc::default(),
        })
    }

    /// Changes whenever the keys do.
    fn epoch(&self) -> u64 {
        self.ring.epoch()
    }

    /// Whether the keys are old enough to be asked for again.
    fn is_due(&self, now: Timestamp) -> bool {
        self.client.is_some() && now.micros() >= self.due.load(Ordering::Acquire)
    }

    /// Whether what was verified with the keys of that epoch may still be believed.
    pub(super) fn confirms(&self, epoch: Option<u64>, now: Timestamp) -> bool {
        epoch == Some(self.epoch()) && !self.is_due(now) && !self.is_over(now)
    }

    /// Whether the keys are so old that they count no longer.
    fn is_over(&self, now: Timestamp) -> bool {
        now.micros() >= self.dead.load(Ordering::Acquire)
    }

    /// The key of that id, with the epoch that it is of.
    pub(super) async fn key(
        self: &Arc<Self>,
        kid: &str,
        now: Timestamp,
    ) -> Result<(Arc<Key>, u64), TokenError> {
        if let Some(found) = self.ring.find(kid) {
            if !self.is_due(now) && !self.is_over(now) {
                return Ok(found);
            }
            // One request brings the keys up to date; the others go on with what there is.
            if let Ok(asked) = Arc::clone(&self.asked).try_lock_owned() {
                self.refresh(asked, now).await;
            }
        } else {
            let asked = Arc::clone(&self.asked).lock_owned().await;
            // Whoever held the lock may have brought the key.
            if self.ring.find(kid).is_none() {
                self.refresh(asked, now).await;
            }
        }
        if self.is_over(now) {
            return Err(TokenError::KeysUnavailable);
        }
        self.ring.find(kid).ok_or_else(|| {
            if self.ring.is_empty() {
                TokenError::KeysUnavailable
            } else {
                TokenError::UnknownKey
            }
        })
    }

    /// Asks the issuer, unless it was asked just now. Goes on even when the caller's request is gone.
    async fn refresh(
        self: &Arc<Self>,
        mut asked: OwnedMutexGuard<Option<Timestamp>>,
        now: Timestamp,
    ) {
        let interval = if self.ring.is_empty() {
            FIRST_FETCH_INTERVAL
        } else {
            REFETCH_INTERVAL
        };
        // A clock that was set back must not keep us waiting until it has caught up.
        let too_soon = asked.is_some_and(|last| last <= now && now < last.plus(interval));
        let Some(client) = self.client.clone().filter(|_| !too_soon) else {
            return;
        };
        *asked = Some(now);
        self.due
            .store(now.plus(REFETCH_INTERVAL).micros(), Ordering::Release);
        let own = Arc::clone(self);
        let fetching = tokio::spawn(async move {
            match fetch::keys(&client, &own.issuer).await {
                Ok(fetched) => own.replace(fetched, now),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(
                        issuer = own.issuer,
                        error = %error,
                        cause,
                        "could not fetch the keys of an issuer; those known before go on"
                    );
                }
            }
            drop(asked);
        });
        if let Err(error) = fetching.await {
            tracing::error!(issuer = self.issuer, %error, "fetching the keys of an issuer ended early");
        }
    }

    fn replace(&self, fetched: Fetched, now: Timestamp) {
        if self.ring.set(fetched.keys) {
            tracing::info!(issuer = self.issuer, "the keys of an issuer have changed");
        }
        let age = fetched.max_age.map_or(MAX_AGE, said);
        self.due.store(now.plus(age).micros(), Ordering::Release);
        self.dead
            .store(now.plus(age.max(self.kept_for)).micros(), Ordering::Release);
    }
}

/// What an issuer says of the age of its keys, within reason.
fn said(seconds: u64) -> Duration {
    let seconds = seconds.min(LONGEST_AGE);
    Duration::from_secs(i64::try_from(seconds).unwrap_or_default()).max(REFETCH_INTERVAL)
}

impl std::fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKeys")
            .field("issuer", &self.issuer)
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}
