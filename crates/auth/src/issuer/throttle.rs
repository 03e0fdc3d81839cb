//! Slows down whoever guesses.
//!
//! A guess is counted before it is looked at, so that many at once are slowed down as many in a row are.
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

/// Counts guesses by name, but for the right ones.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, Failures>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failures {
    count: u32,
    last: Timestamp,
}

/// A guess that was counted.
#[derive(Debug)]
#[must_use = "a guess stays counted unless it is taken back"]
pub struct Attempt {
    name: String,
    earlier: Option<Failures>,
    counted: Failures,
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
    /// Counts a guess that is about to be looked at; none, if it must not be now.
    pub fn attempt(&self, name: &str, now: Timestamp) -> Option<Attempt> {
        let name = key(name);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = known
            .get(&name)
            .copied()
            .filter(|failures| !failures.is_forgiven(now));
        if earlier.is_some_and(|failures| now < failures.free_at()) {
            return None;
        }
        if known.len() >= MOST_NAMES {
            known.retain(|_, failures| !failures.is_forgiven(now));
        }
        // Where every place is taken, the one that waits least makes room.
        if known.len() >= MOST_NAMES && !known.contains_key(&name) {
            let least = known.iter().min_by_key(|(_, failures)| failures.count);
            if let Some(least) = least.map(|(name, _)| name.clone()) {
                known.remove(&least);
            }
        }
        let counted = Failures {
            count: earlier
                .map_or(0, |failures| failures.count)
                .saturating_add(1),
            last: now,
        };
        known.insert(name.clone(), counted);
        Some(Attempt {
            name,
            earlier,
            counted,
        })
    }

    /// Takes back one guess that was right, where others that were wrong are to count on.
    pub fn take_back(&self, attempt: Attempt) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = known.get_mut(&attempt.name) else {
            return;
        };
        if *failures != attempt.counted {
            // Others came since: they were counted upon this one.
            failures.count = failures.count.saturating_sub(1);
            return;
        }
        match attempt.earlier {
            Some(earlier) => *failures = earlier,
            None => drop(known.remove(&attempt.name)),
        }
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

    /// So many wrong guesses, each as soon as it is looked at; the pauses after them begin now.
    fn guessed(times: u32) -> Throttle {
        let throttle = Throttle::default();
        let failures = Failures {
            count: times,
            last: at(0),
        };
        throttle.0.lock().unwrap().insert(key("Alice"), failures);
        throttle
    }

    fn allows(throttle: &Throttle, name: &str, now: Timestamp) -> bool {
        let attempt = throttle.attempt(name, now);
        attempt.map(|attempt| throttle.take_back(attempt)).is_some()
    }

    #[test]
    fn a_few_mistakes_cost_nothing_and_more_cost_time() {
        assert!(allows(&guessed(4), "alice", at(0)));
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

            assert!(!allows(&throttle, " ALICE", at(pause - 1)), "{times}");
            assert!(allows(&throttle, "alice", at(pause)), "{times}");
            assert!(allows(&throttle, "bob", at(0)));
        }
    }

    #[test]
    fn guesses_at_once_are_counted_before_any_is_looked_at() {
        let throttle = Throttle::default();

        let looked_at = (0..50).filter(|_| throttle.attempt("alice", at(0)).is_some());

        assert_eq!(looked_at.count(), 5);
        assert!(throttle.attempt("alice", at(1)).is_some());
        assert!(
            throttle.attempt("Alice ", at(1)).is_none(),
            "two seconds now"
        );
    }

    #[test]
    fn a_right_guess_that_is_taken_back_leaves_the_wrong_ones() {
        let throttle = guessed(5);
        let right = throttle.attempt("alice", at(1)).unwrap();
        throttle.take_back(right);
        assert!(allows(&throttle, "alice", at(1)), "it cost no time");

        let right = throttle.attempt("alice", at(1)).unwrap();
        let _wrong = throttle.attempt("alice", at(3)).unwrap();
        throttle.take_back(right);

        assert!(
            !allows(&throttle, "alice", at(4)),
            "the wrong one counts on"
        );
        assert!(allows(&throttle, "alice", at(5)));
    }

    #[test]
    fn the_right_guess_and_a_quiet_time_make_good() {
        let throttle = guessed(20);
        throttle.succeeded("aliCE");
        assert!(allows(&throttle, "alice", at(0)));

        let throttle = guessed(20);
        let _wrong = throttle.attempt("alice", at(15 * 60)).unwrap();
        assert!(allows(&throttle, "alice", at(15 * 60)));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        assert!(allows(&guessed(20), "alice", at(-100)));
    }

    #[test]
    fn however_many_names_are_tried_so_many_are_remembered() {
        let throttle = guessed(20);
        for number in 0..(MOST_NAMES + 50) {
            let _wrong = throttle.attempt(&number.to_string(), at(0));
        }

        assert_eq!(throttle.0.lock().unwrap().len(), MOST_NAMES);
        assert!(!allows(&throttle, "alice", at(1)));
    }
}
