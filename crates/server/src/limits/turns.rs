//! Who takes up places: so many at once for each caller, and for each address.
//!
//! **Invariant:** there is no queue. Whoever finds no place is told to come back.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// The places that are taken, by who took them.
#[derive(Debug)]
pub(super) struct Turns<K>(Arc<Mutex<HashMap<K, usize>>>);

/// A place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Turn<K: Eq + Hash> {
    turns: Turns<K>,
    key: K,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Turns<K> {
    /// How many places are taken by this one.
    pub(super) fn count(&self, key: &K) -> usize {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(key).copied().unwrap_or_default()
    }

    /// A place for this one, if fewer than `most` are taken by it.
    pub(super) fn enter(&self, key: &K, most: usize) -> Option<Turn<K>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Turn {
            turns: self.clone(),
            key: key.clone(),
        })
    }
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut taken = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_request_is_over() {
        let turns = Turns::default();
        let key = Key::of("app", None);
        let other = Key::of("app", Some("user"));

        let first = turns.enter(&key, 2).unwrap();
        let second = turns.enter(&key, 2);
        assert!(second.is_some());
        assert!(turns.enter(&key, 2).is_none());
        assert!(turns.enter(&other, 2).is_some());

        drop(first);
        assert!(turns.enter(&key, 2).is_some());
        drop(second);
        assert!(turns.0.lock().unwrap().is_empty(), "nobody is kept");
    }
}
