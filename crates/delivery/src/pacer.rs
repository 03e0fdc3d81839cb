//! The rate of calls to a target (L7): a pure value that spaces calls and learns from refusals to serve.
//!
//! Calls are spaced evenly with a small allowance for bursts. When the target says "too many", the rate is halved;
//! while it serves, the rate grows in steps of a hundredth a second, and the learned limit is dropped once the rate
//! is twice what the target once refused. A configured rate is never exceeded.

use domain::time::{Duration, Timestamp};

const SECOND: f64 = 1_000_000.0;
/// Fewer calls a second than this are never enforced: the target's own `Retry-After` says more.
const FLOOR: f64 = 0.5;
/// Unused time that may be caught up by a burst.
const BURST: Duration = Duration::from_micros(250_000);
/// A call that is reserved for later than this was reserved before the clock jumped back.
const FARTHEST: Duration = Duration::from_minutes(60);

/// Spaces the calls to one target.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    configured: Option<f64>,
    learned: Option<Learned>,
    next: Timestamp,
    window: Window,
}

#[derive(Debug, Clone, Copy)]
struct Learned {
    rate: f64,
    refused_at: f64,
    cut_at: Timestamp,
}

/// How many calls were made in the current and the last second.
#[derive(Debug, Clone, Copy)]
struct Window {
    since: Timestamp,
    calls: u32,
    last: u32,
}

impl Pacer {
    /// A pacer that allows `configured` calls a second, or any number.
    pub(crate) const fn new(configured: Option<f64>) -> Self {
        Self {
            configured,
            learned: None,
            next: Timestamp::from_micros(0),
            window: Window {
                since: Timestamp::from_micros(0),
                calls: 0,
                last: 0,
            },
        }
    }

    /// Calls a second that are allowed now, if they are limited.
    pub(crate) fn rate(&self) -> Option<f64> {
        match (self.configured, self.learned) {
            (Some(configured), Some(learned)) => Some(configured.min(learned.rate)),
            (Some(configured), None) => Some(configured),
            (None, Some(learned)) => Some(learned.rate),
            (None, None) => None,
        }
    }

    /// Calls a second that the target serves, as far as it said "too many", and the rate at which it said so.
    pub(crate) fn learned(&self) -> Option<(f64, f64)> {
        self.learned
            .map(|learned| (learned.rate, learned.refused_at))
    }

    /// When the rate was last cut; a lesson of an earlier process has no time.
    pub(crate) fn cut_at(&self) -> Option<Timestamp> {
        self.learned.map(|learned| learned.cut_at)
    }

    /// Takes over what an earlier process learned.
    pub(crate) fn recall(&mut self, rate: f64, refused_at: f64) {
        self.learned = Some(Learned {
            rate: rate.max(FLOOR),
            refused_at: refused_at.max(FLOOR * 2.0),
            cut_at: Timestamp::from_micros(0),
        });
    }

    /// Reserves the next call and says when it may be made.
    pub(crate) fn reserve(&mut self, now: Timestamp) -> Timestamp {
        self.window.count(now);
        let Some(rate) = self.rate() else {
            return now;
        };
        if self.next > now.plus(FARTHEST) {
            self.next = now;
        }
        let earliest = now.minus(BURST).max(self.next);
        self.next = earliest.plus(spacing(rate));
        earliest.max(now)
    }

    /// The target served a call.
    pub(crate) fn served(&mut self) {
        if let Some(learned) = &mut self.learned {
            learned.rate += learned.refused_at / 100.0 / learned.rate.max(FLOOR);
            if learned.rate >= learned.refused_at * 2.0 {
                self.learned = None;
            }
        }
    }

    /// The target said "too many". Several refusals within a second count once: they were sent at the same rate.
    pub(crate) fn refused(&mut self, now: Timestamp) {
        if self.learned.is_some_and(|learned| {
            let once = learned.cut_at.plus(Duration::from_secs(1));
            (learned.cut_at..once).contains(&now)
        }) {
            return;
        }
        let current = self.rate().unwrap_or_else(|| self.window.rate());
        self.learned = Some(Learned {
            rate: (current / 2.0).max(FLOOR),
            refused_at: current.max(FLOOR * 2.0),
            cut_at: now,
        });
        self.next = now;
    }
}

impl Window {
    fn count(&mut self, now: Timestamp) {
        let age = now.micros().saturating_sub(self.since.micros());
        if !(0..1_000_000).contains(&age) {
            let is_next = (1_000_000..2_000_000).contains(&age);
            self.last = if is_next { self.calls } else { 0 };
            self.calls = 0;
            self.since = now;
        }
        self.calls = self.calls.saturating_add(1);
    }

    fn rate(&self) -> f64 {
        f64::from(self.calls.max(self.last).max(1))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the rate is at least the floor, so the spacing is below 2 s"
)]
fn spacing(rate: f64) -> Duration {
    Duration::from_micros((SECOND / rate.max(FLOOR)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(5_000_000_000);

    /// Calls that may start in the second after `from`.
    fn calls_in_a_second(pacer: &mut Pacer, from: Timestamp) -> usize {
        let end = from.plus(Duration::from_secs(1));
        (0..100_000)
            .take_while(|_| pacer.reserve(from) < end)
            .count()
    }

    #[test]
    fn an_unlimited_target_never_waits() {
        let mut pacer = Pacer::new(None);

        assert!((0..1000).all(|_| pacer.reserve(START) == START));
    }

    #[test]
    fn a_configured_rate_is_kept_with_a_small_burst() {
        let calls = calls_in_a_second(&mut Pacer::new(Some(20.0)), START);

        assert!((20..=26).contains(&calls), "{calls}");
    }

    #[test]
    fn too_many_halves_the_rate_once_a_second() {
        let mut pacer = Pacer::new(Some(100.0));

        for _ in 0..10 {
            pacer.refused(START);
        }
        assert_eq!(pacer.rate(), Some(50.0));
        pacer.refused(START.plus(Duration::from_secs(2)));

        assert_eq!(pacer.rate(), Some(25.0));
    }

    #[test]
    fn an_unlimited_target_learns_from_what_it_was_sent() {
        let mut pacer = Pacer::new(None);
        for _ in 0..80 {
            pacer.reserve(START);
        }

        pacer.refused(START);

        assert_eq!(pacer.rate(), Some(40.0));
    }

    #[test]
    fn serving_wins_the_rate_back_until_the_limit_is_dropped() {
        let mut pacer = Pacer::new(None);
        for _ in 0..80 {
            pacer.reserve(START);
        }
        pacer.refused(START);

        for _ in 0..40 {
            pacer.served();
        }
        let after_a_second = pacer.rate().unwrap();
        for _ in 0..100_000 {
            pacer.served();
        }

        assert!((40.5..41.5).contains(&after_a_second), "{after_a_second}");
        assert_eq!(pacer.rate(), None);
    }

    #[test]
    fn what_an_earlier_process_learned_holds_until_it_is_won_back() {
        let mut pacer = Pacer::new(None);

        pacer.recall(5.0, 10.0);

        assert_eq!(pacer.rate(), Some(5.0));
        assert_eq!(pacer.learned(), Some((5.0, 10.0)));
        for _ in 0..10_000 {
            pacer.served();
        }
        assert_eq!(pacer.rate(), None);
    }

    #[test]
    fn the_rate_never_falls_below_the_floor() {
        let mut pacer = Pacer::new(Some(1.0));

        for second in 0..20 {
            pacer.refused(START.plus(Duration::from_secs(2 * second)));
        }

        assert_eq!(pacer.rate(), Some(FLOOR));
    }
}
