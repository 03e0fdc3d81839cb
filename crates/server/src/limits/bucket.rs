//! Token buckets, one for each key, without a timer and with bounded memory.
//!
//! A bucket is one number: the time at which it will be full again. A call moves it on by what one call costs; a bucket
//! that would have to borrow more than it holds refuses, and knows for how long.
//!
//! **Invariant:** at most twice [`MOST_KEYS`] keys are kept, however many there are in the world. A key that has not come
//! back while as many others came is forgotten, which can only give it a full bucket.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

/// Keys of one generation.
const MOST_KEYS: usize = 20_000;

const SECOND: i64 = 1_000_000;

/// How much may pass: so much at once, and so much in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// How much an untouched bucket holds.
    burst: i64,
    /// How long until one more is in it, in microseconds.
    interval: i64,
}

impl Rate {
    /// `count` in `seconds`, of which `burst` may come at once.
    pub(super) fn new(count: u32, seconds: u32, burst: u32) -> Self {
        let interval = i64::from(seconds.max(1)) * SECOND / i64::from(count.max(1));
        Self {
            burst: i64::from(burst.max(1)),
            interval: interval.max(1),
        }
    }

    /// What a full bucket is worth in time.
    const fn depth(self) -> i64 {
        self.burst.saturating_mul(self.interval)
    }
}

/// The buckets of one limit.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    generations: Mutex<Generations<K>>,
}

/// When each bucket is full again, in microseconds: those of late, and those before.
#[derive(Debug)]
struct Generations<K> {
    young: HashMap<K, i64>,
    old: HashMap<K, i64>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            generations: Mutex::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
            }),
        }
    }

    /// Takes one out of the key's bucket; where there is none, tells in how many seconds there will be.
    pub(super) fn take(&self, key: &K, now: Timestamp) -> Result<(), u64> {
        self.with(key, now, |full_at| {
            let next = full_at.saturating_add(self.rate.interval);
            self.enough(next, now).map(|()| next)
        })
    }

    /// Takes one out even where there is none.
    pub(super) fn charge(&self, key: &K, now: Timestamp) {
        // Nobody is kept waiting longer than an empty bucket takes to give one.
        let emptiest = now
            .micros()
            .saturating_add(self.rate.depth())
            .saturating_add(self.rate.interval);
        let _charged: Result<(), u64> = self.with(key, now, |full_at| {
            Ok(full_at.saturating_add(self.rate.interval).min(emptiest))
        });
    }

    /// Whether there is one in the key's bucket, without taking it.
    pub(super) fn look(&self, key: &K, now: Timestamp) -> Result<(), u64> {
        let generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = generations
            .young
            .get(key)
            .or_else(|| generations.old.get(key));
        let full_at = known.copied().unwrap_or(i64::MIN).max(now.micros());
        self.enough(full_at.saturating_add(self.rate.interval), now)
    }

    fn enough(&self, full_at: i64, now: Timestamp) -> Result<(), u64> {
        let missing = full_at
            .saturating_sub(now.micros())
            .saturating_sub(self.rate.depth());
        if missing <= 0 {
            return Ok(());
        }
        let seconds = missing.saturating_add(SECOND - 1) / SECOND;
        Err(u64::try_from(seconds).unwrap_or(1).max(1))
    }

    fn with(
        &self,
        key: &K,
        now: Timestamp,
        change: impl FnOnce(i64) -> Result<i64, u64>,
    ) -> Result<(), u64> {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = match generations.young.get(key) {
            Some(known) => Some(*known),
            None => generations.old.remove(key),
        };
        let full_at = known.unwrap_or(i64::MIN).max(now.micros());
        let outcome = change(full_at);
        if generations.young.len() >= MOST_KEYS && !generations.young.contains_key(key) {
            generations.old = std::mem::take(&mut generations.young);
        }
        let kept = *outcome.as_ref().unwrap_or(&full_at);
        generations.young.insert(key.clone(), kept);
        outcome.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1000)
    }

    #[test]
    fn th_1_a_burst_passes_and_then_one_at_a_time() {
        let buckets = Buckets::new(Rate::new(2, 1, 3));

        let at_once: Vec<bool> = (0..5).map(|_| buckets.take(&"a", at(0)).is_ok()).collect();

        assert_eq!(at_once, [true, true, true, false, false]);
        assert_eq!(buckets.take(&"a", at(400)), Err(1));
        assert_eq!(buckets.take(&"a", at(500)), Ok(()));
        assert_eq!(buckets.take(&"a", at(500)), Err(1));
        assert_eq!(
            buckets.take(&"b", at(0)),
            Ok(()),
            "others have their own bucket"
        );
    }

    #[test]
    fn th_1_whoever_waits_as_told_passes() {
        let buckets = Buckets::new(Rate::new(1, 10, 1));
        buckets.take(&1, at(0)).unwrap();

        let wait = buckets.take(&1, at(3_000)).unwrap_err();

        assert_eq!(wait, 7);
        assert_eq!(buckets.take(&1, at(3_000 + 7_000)), Ok(()));
    }

    #[test]
    fn being_charged_beyond_the_end_costs_no_more_than_one_turn() {
        let buckets = Buckets::new(Rate::new(1, 1, 2));
        for _ in 0..100 {
            buckets.charge(&1, at(0));
        }

        assert_eq!(buckets.look(&1, at(0)), Err(2));
        assert_eq!(buckets.look(&1, at(2_000)), Ok(()));
        assert_eq!(buckets.look(&1, at(2_000)), Ok(()), "looking costs nothing");
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_long() {
        let buckets = Buckets::new(Rate::new(1, 1, 1));
        buckets.take(&1, at(5_000)).unwrap();

        assert_eq!(buckets.take(&1, at(4_000)), Err(2));
        assert_eq!(buckets.take(&1, at(6_000)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_however_many_callers_there_are() {
        let buckets = Buckets::new(Rate::new(1, 60, 1));

        for key in 0..MOST_KEYS * 5 {
            buckets.take(&key, at(0)).unwrap();
        }

        let generations = buckets.generations.lock().unwrap();
        assert!(generations.young.len() <= MOST_KEYS);
        assert!(generations.old.len() <= MOST_KEYS);
        drop(generations);
        let last = MOST_KEYS * 5 - 1;
        assert!(
            buckets.take(&last, at(0)).is_err(),
            "who came last is remembered"
        );
    }

    #[test]
    fn a_key_that_comes_back_is_not_forgotten() {
        let buckets = Buckets::new(Rate::new(1, 3600, 1));
        buckets.take(&0, at(0)).unwrap();

        for key in 1..MOST_KEYS * 3 {
            buckets.take(&key, at(0)).unwrap();
            if key % (MOST_KEYS / 4) == 0 {
                assert!(buckets.take(&0, at(0)).is_err(), "after {key} others");
            }
        }
    }
}
