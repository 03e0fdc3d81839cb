//! Slows down whoever guesses.
//!
//! **Invariant:** a guess costs nothing but time, and never more than a minute: nobody can lock somebody else out for
//! good. What is remembered is bounded, and the time is an argument.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::time::{Duration, Timestamp};

/// So many wrong guesses in a row cost nothing: people mistype.
const FREE: u32 = 5;
/// The longest pause, in seconds.
const LONGEST_PAUSE: i64 = 60;
/// After so long without a guess everything is forgiven.
const FORGIVEN_AFTER: Duration = Duration::from_minutes(15);
/// So many names are remembered at most.
const MOST_NAMES: usize = 10_000;

/// Counts wrong guesses by name.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn free_at(self) -> Timestamp {
        match self.count.checked_sub(FREE) {
            None => self.last,
            Some(over) => {
                let pause = 1_i64.checked_shl(over).unwrap_or(LONGEST_PAUSE);
                let pause = if over < 6 { pause } else { LONGEST_PAUSE };
                self.last.plus(Duration::from_secs(pause))
            }
        }
    }

    fn is_forgiven(self, now: Timestamp) -> bool {
        // A clock that was set back forgives too: the pause must not outlast it.
        now >= self.last.plus(FORGIVEN_AFTER) || now < self.last
    }
}

impl Throttle {
    /// Whether another guess is looked at now.
    pub fn allows(&self, name: &str, now: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&key(name))
            .is_none_or(|failures| failures.is_forgiven(now) || now >= failures.free_at())
    }

    /// Remembers a wrong guess.
    pub fn failed(&self, name: &str, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_NAMES {
            known.retain(|_, failures| !failures.is_forgiven(now));
        }
        let earlier = known
            .get(&key(name))
            .filter(|failures| !failures.is_forgiven(now))
            .map_or(0, |failures| failures.count);
        // Where every place is taken, the one that waits least makes room.
        if known.len() >= MOST_NAMES && !known.contains_key(&key(name)) {
            let least = known.iter().min_by_key(|(_, failures)| failures.count);
            if let Some(least) = least.map(|(name, _)| name.clone()) {
                known.remove(&least);
            }
        }
        let failures = Failures {
            count: earlier.saturating_add(1),
            last: now,
        };
        known.insert(key(name), failures);
    }

    /// Forgets the wrong guesses: the right one was made.
    pub fn succeeded(&self, name: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&key(name));
    }
}

/// Names differ by more than case and length without end.
fn key(name: &str) -> String {
    name.trim().to_lowercase().chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_780_000_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn guessed(times: u32) -> Throttle {
        let throttle = Throttle::default();
        for _ in 0..times {
            throttle.failed("Alice", at(0));
        }
        throttle
    }

    #[test]
    fn a_few_mistakes_cost_nothing_and_more_cost_time() {
        assert!(guessed(4).allows("alice", at(0)));
        for (times, pause) in [
            (5, 1),
            (6, 2),
            (8, 8),
            (10, 32),
            (11, 60),
            (40, 60),
            (4_000, 60),
        ] {
            let throttle = guessed(times);

            assert!(!throttle.allows(" ALICE", at(pause - 1)), "{times}");
            assert!(throttle.allows("alice", at(pause)), "{times}");
            assert!(throttle.allows("bob", at(0)));
        }
    }

    #[test]
    fn the_right_guess_and_a_quiet_time_make_good() {
        let throttle = guessed(20);
        throttle.succeeded("aliCE");
        assert!(throttle.allows("alice", at(0)));

        let throttle = guessed(20);
        throttle.failed("alice", at(15 * 60));
        assert!(throttle.allows("alice", at(15 * 60)));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        assert!(guessed(20).allows("alice", at(-100)));
    }

    #[test]
    fn however_many_names_are_tried_so_many_are_remembered() {
        let throttle = guessed(20);
        for number in 0..(MOST_NAMES + 50) {
            throttle.failed(&number.to_string(), at(0));
        }

        assert_eq!(throttle.0.lock().unwrap().len(), MOST_NAMES);
        assert!(!throttle.allows("alice", at(1)));
    }
}
