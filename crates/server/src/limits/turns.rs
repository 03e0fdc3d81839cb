//! Who is being served: so many requests at once, of all callers together and of each.
//!
//! **Invariant:** there is no queue. Whoever finds no place is told to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Key;

/// The places of callers.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Key, usize>>>);

/// A place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    key: Key,
}

impl Turns {
    /// A place for this caller, if fewer than `most` are taken by it.
    pub(super) fn enter(&self, key: &Key, most: usize) -> Option<Turn> {
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

impl Drop for Turn {
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
