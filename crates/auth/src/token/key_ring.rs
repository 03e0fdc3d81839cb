//! The keys of an issuer that are known now, to be read by everybody and replaced by one.
//!
//! **Invariant:** the epoch changes whenever the keys do, so that what was verified with earlier keys can be told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::key_set::{Key, KeySet};

/// The keys known now. A clone is the same ring: who keeps one can replace the keys of a running verifier.
#[derive(Clone, Default)]
pub struct KeyRing(Arc<Ring>);

#[derive(Default)]
struct Ring {
    known: RwLock<Known>,
    /// The number of `known`, to be read without its lock.
    epoch: AtomicU64,
}

#[derive(Default)]
struct Known {
    keys: KeySet,
    epoch: u64,
}

impl KeyRing {
    /// The usable keys of a JWK set.
    pub fn new(jwks: &Value) -> Self {
        let ring = Self::default();
        ring.replace(jwks);
        ring
    }

    /// From now on only the keys of this set count. False: they are those that were known before.
    pub fn replace(&self, jwks: &Value) -> bool {
        self.set(KeySet::from_jwks(jwks))
    }

    pub(super) fn set(&self, keys: KeySet) -> bool {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.keys == keys {
            return false;
        }
        known.keys = keys;
        known.epoch += 1;
        self.0.epoch.store(known.epoch, Ordering::Release);
        true
    }

    /// Changes whenever the keys do.
    pub(super) fn epoch(&self) -> u64 {
        self.0.epoch.load(Ordering::Acquire)
    }

    /// The key of that id, with the epoch that it is of.
    pub(super) fn find(&self, kid: &str) -> Option<(Arc<Key>, u64)> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.find(kid).map(|key| (key, known.epoch))
    }

    /// Whether there is no key at all.
    pub(super) fn is_empty(&self) -> bool {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.is_empty()
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing")
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}
