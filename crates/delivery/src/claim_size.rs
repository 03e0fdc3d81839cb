//! How many deliveries are claimed at once: a pure value that is told how long claims took.
//!
//! The more of a backlog is claimed together, the more of it changes the same object and shares a write (L6). But what is
//! claimed holds up what comes after it, and a lease has to outlast it. So a claim that was full and done in no time is
//! followed by one of twice the size, and one that took long by a smaller one.

use std::time::Duration;

/// A full claim that took less than this may be larger, ...
const QUICK: Duration = Duration::from_millis(400);
/// ... and one that took more than this shall be smaller.
const LONG: Duration = Duration::from_secs(1);
/// How many times as large as at the beginning a claim gets at most.
const GROWTH: usize = 16;

/// The size of the next claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClaimSize {
    least: usize,
    now: usize,
}

impl ClaimSize {
    /// Begins with the least.
    pub(crate) const fn new(least: usize) -> Self {
        Self { least, now: least }
    }

    /// How many to claim.
    pub(crate) const fn get(self) -> usize {
        self.now
    }

    /// Takes note of a claim of so many, of which there were enough or not, that was recorded after so long.
    pub(crate) fn note(&mut self, asked: usize, is_full: bool, took: Duration) {
        if took > LONG {
            self.now = (asked / 2).max(self.least).min(self.now);
        } else if is_full && took < QUICK {
            let most = self.least.saturating_mul(GROWTH);
            self.now = asked.saturating_mul(2).min(most).max(self.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_claims_of_a_backlog_grow_and_slow_ones_shrink_to_where_they_began() {
        let mut size = ClaimSize::new(500);
        size.note(500, true, QUICK / 2);
        let second = size.get();
        for _ in 0..10 {
            size.note(size.get(), true, QUICK / 2);
        }
        let most = size.get();

        for _ in 0..10 {
            size.note(size.get(), true, LONG * 2);
        }

        assert_eq!((second, most, size.get()), (1_000, 8_000, 500));
    }

    #[test]
    fn without_a_backlog_nothing_grows() {
        let mut size = ClaimSize::new(500);

        size.note(500, false, QUICK / 2);

        assert_eq!(size.get(), 500);
    }

    #[test]
    fn an_older_claim_that_ends_later_takes_no_growth_back() {
        let mut size = ClaimSize::new(500);
        size.note(500, true, QUICK / 2);
        size.note(1_000, true, QUICK / 2);

        size.note(500, true, QUICK / 2);

        assert_eq!(size.get(), 2_000);
    }
}
