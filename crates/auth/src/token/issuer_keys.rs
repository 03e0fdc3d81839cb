//! The keys of one issuer over time: fetched when needed, kept through outages, replaced on rotation.
//!
//! **Invariant:** an issuer is asked at most once a minute, by one request at a time, however many tokens name
//! unknown keys; while it does not answer, the keys known last go on.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::time::{Duration, Timestamp};
use reqwest::Client;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::key_set::{Key, KeySet};
use super::{ConfigError, IssuerConfig, KeySource, TokenError, fetch};

/// Between two requests for the keys.
const REFETCH_INTERVAL: Duration = Duration::from_secs(60);
/// The same, as long as no keys were ever had: start-up should not wait a minute for a late issuer.
const FIRST_FETCH_INTERVAL: Duration = Duration::from_secs(5);
/// Keys older than this are asked for again, so that a withdrawn key stops working.
const MAX_AGE: Duration = Duration::from_secs(3_600);

/// The keys of one issuer.
pub(super) struct IssuerKeys {
    issuer: String,
    /// None: the keys are given and never change.
    client: Option<Client>,
    known: RwLock<Known>,
    /// The number of `known`, to be read without its lock.
    epoch: AtomicU64,
    /// When the keys are to be asked for again, in microseconds.
    due: AtomicI64,
    /// When the issuer was last asked; held while it is being asked.
    asked: Arc<Mutex<Option<Timestamp>>>,
}

struct Known {
    keys: KeySet,
    epoch: u64,
}

impl IssuerKeys {
    /// The keys that `config` names or tells where to find.
    pub(super) fn new(config: &IssuerConfig) -> Result<Self, ConfigError> {
        let issuer = config.issuer.clone();
        let (client, keys) = match &config.keys {
            KeySource::Static(jwks) => {
                let keys = KeySet::from_jwks(jwks);
                if keys.is_empty() {
                    return Err(ConfigError::NoKeys { issuer });
                }
                (None, keys)
            }
            KeySource::Discovery { authorities } => match fetch::client(authorities) {
                Ok(client) => (Some(client), KeySet::default()),
                Err(source) => return Err(ConfigError::Client { issuer, source }),
            },
        };
        Ok(Self {
            issuer,
            client,
            known: RwLock::new(Known { keys, epoch: 0 }),
            epoch: AtomicU64::new(0),
            due: AtomicI64::new(i64::MAX),
            asked: Arc::default(),
        })
    }

    /// Changes whenever the keys do.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether the keys are old enough to be asked for again.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.client.is_some() && now.micros() >= self.due.load(Ordering::Acquire)
    }

    /// The key of that id, with the epoch that it is of.
    pub(super) async fn key(
        self: &Arc<Self>,
        kid: &str,
        now: Timestamp,
    ) -> Result<(Arc<Key>, u64), TokenError> {
        if let Some(found) = self.find(kid) {
            if !self.is_due(now) {
                return Ok(found);
            }
            // One request brings the keys up to date; the others go on with what there is.
            if let Ok(asked) = Arc::clone(&self.asked).try_lock_owned() {
                self.refresh(asked, now).await;
            }
        } else {
            let asked = Arc::clone(&self.asked).lock_owned().await;
            // Whoever held the lock may have brought the key.
            if self.find(kid).is_none() {
                self.refresh(asked, now).await;
            }
        }
        self.find(kid).ok_or_else(|| {
            if self.has_keys() {
                TokenError::UnknownKey
            } else {
                TokenError::KeysUnavailable
            }
        })
    }

    /// Asks the issuer, unless it was asked just now. Goes on even when the caller's request is gone.
    async fn refresh(
        self: &Arc<Self>,
        mut asked: OwnedMutexGuard<Option<Timestamp>>,
        now: Timestamp,
    ) {
        let interval = if self.has_keys() {
            REFETCH_INTERVAL
        } else {
            FIRST_FETCH_INTERVAL
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
                Ok(keys) => own.replace(keys, now),
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

    fn replace(&self, keys: KeySet, now: Timestamp) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.keys != keys {
            known.keys = keys;
            known.epoch += 1;
            self.epoch.store(known.epoch, Ordering::Release);
            tracing::info!(issuer = self.issuer, "the keys of an issuer have changed");
        }
        self.due
            .store(now.plus(MAX_AGE).micros(), Ordering::Release);
    }

    fn find(&self, kid: &str) -> Option<(Arc<Key>, u64)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.find(kid).map(|key| (key, known.epoch))
    }

    fn has_keys(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        !known.keys.is_empty()
    }
}

impl std::fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKeys")
            .field("issuer", &self.issuer)
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}
