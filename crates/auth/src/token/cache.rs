//! What was found of tokens before, by their SHA-256.
//!
//! **Invariant:** bounded; holds no token, only digests of tokens; whoever asks still compares the validity and the
//! epoch of the keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use super::TokenError;
use crate::principal::{Validity, Verified};

/// The SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// Of this token.
    pub(super) fn of(token: &str) -> Self {
        Self::of_bytes(token.as_bytes())
    }

    fn of_bytes(text: &[u8]) -> Self {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest(&SHA256, text).as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// Of the same token as one issuer sees it.
    pub(super) fn of_issuer(&self, issuer: &str) -> Self {
        let mut bytes = self.0.to_vec();
        bytes.extend_from_slice(issuer.as_bytes());
        Self::of_bytes(&bytes)
    }

    /// A byte that is as good as any to share out tokens by.
    pub(super) const fn first(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }
}

/// What a verification found, and what it rested on.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    /// The finding; a refusal only where the issuer had to be asked for it.
    pub(super) found: Result<Verified, TokenError>,
    /// The issuer.
    pub(super) issuer: Arc<str>,
    /// The epoch of the issuer's keys; none, if the issuer was asked.
    pub(super) epoch: Option<u64>,
    /// When the finding holds.
    pub(super) validity: Validity,
}

/// A map of two generations: when the young one is full it becomes the old one, and the old one is forgotten.
/// What is asked for again moves to the young one, so tokens in use stay.
pub(super) struct Cache {
    half: usize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Digest, Cached>,
    old: HashMap<Digest, Cached>,
}

impl Cache {
    /// Holds up to `entries`.
    pub(super) fn new(entries: usize) -> Self {
        Self {
            half: (entries / 2).max(1),
            generations: Mutex::default(),
        }
    }

    /// What is known of the token.
    pub(super) fn find(&self, digest: &Digest) -> Option<Cached> {
        let mut generations = self.lock();
        if let Some(cached) = generations.young.get(digest) {
            return Some(cached.clone());
        }
        let cached = generations.old.remove(digest)?;
        self.insert(&mut generations, *digest, cached.clone());
        Some(cached)
    }

    /// Remembers what was found of the token.
    pub(super) fn remember(&self, digest: Digest, cached: Cached) {
        self.insert(&mut self.lock(), digest, cached);
    }

    fn insert(&self, generations: &mut Generations, digest: Digest, cached: Cached) {
        if generations.young.len() >= self.half {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(digest, cached);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // A map is whole after each of its calls, so a panic elsewhere cannot have left it half-written.
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.lock();
        generations.young.len() + generations.old.len()
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::{PermissionSet, Principal};
    use domain::time::Timestamp;

    fn cached() -> Cached {
        let user = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        Cached {
            found: Ok(Verified::Principal(Arc::new(Principal::user(
                user,
                PermissionSet::EMPTY,
            )))),
            issuer: Arc::from("https://issuer.example"),
            epoch: Some(0),
            validity: Validity {
                from: Timestamp::from_micros(0),
                until: Timestamp::from_micros(1),
            },
        }
    }

    #[test]
    fn the_cache_never_outgrows_its_bound_and_keeps_what_is_in_use() {
        let cache = Cache::new(100);
        let busy = Digest::of("busy");
        cache.remember(busy, cached());

        for number in 0..1_000 {
            cache.remember(Digest::of(&number.to_string()), cached());
            assert!(cache.find(&busy).is_some(), "after {number}");
            assert!(cache.len() <= 100, "after {number}");
        }

        assert!(cache.find(&Digest::of("1")).is_none());
        assert!(cache.find(&Digest::of("999")).is_some());
    }
}
