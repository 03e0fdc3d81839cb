//! How long to wait before a contended transaction is run again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest pause.
const MOST: u64 = 200_000;

/// A random pause of up to 1 ms, doubled with every attempt up to 200 ms, so that those who collided part.
pub(super) fn pause(attempt: u32) -> Duration {
    let most = 1_000_u64
        .checked_shl(attempt)
        .unwrap_or(MOST)
        .clamp(1, MOST);
    // Each hasher state is seeded anew: a source of chance that needs no crate. It decides nothing but this pause.
    let chance = RandomState::new().hash_one(attempt);
    Duration::from_micros(chance % most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_but_stay_short() {
        assert!(pause(0) < Duration::from_millis(1));
        assert!(pause(3) < Duration::from_millis(8));
        assert!(pause(u32::MAX) < Duration::from_millis(200));
    }
}
