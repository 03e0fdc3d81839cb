//! How many calls of a target are under way at once (L7): a pure value that is told how calls went.
//!
//! The limit begins at what is configured, and never exceeds it. A call without an answer, or one that the target had no
//! room for, halves it; an answer that took much longer than the quickest of its kind takes a fifth of it: then calls
//! wait for each other inside the target, and more of them at once bring nothing. Every other answer wins back a
//! little, one more call for each round of answers. If none of many answers was nearly as quick as before, few calls
//! are under way for a while, which shows whether they waited for each other or the target became slower. Several bad
//! calls of one round count once: they were sent at the same limit.
//!
//! Calls are of one kind if they are all writes, or all reads, of about as many subjects.

use std::time::Duration;

/// Answers that took so many times as long as the quickest of their kind are slow, ...
const SLOW: u32 = 4;
/// ... if they took longer than that by as much as nobody would call noise.
const NOISE: Duration = Duration::from_millis(100);
/// The quickest answer is forgotten after two windows of so many calls: targets change.
const WINDOW: u32 = 256;
/// Kinds of calls: reads and writes of 1, 2 to 3, 4 to 7 subjects, and so on.
const SIZES: usize = 8;

/// The limit of calls under way.
#[derive(Debug, Clone)]
pub(crate) struct Concurrency {
    most: usize,
    limit: f64,
    /// Answers that are still of the round in which the limit was cut.
    old_round: usize,
    quickest: [Quickest; SIZES * 2],
}

/// What a call was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A change for so many subjects.
    Write(usize),
    /// A look at so many subjects.
    Read(usize),
    /// Something that has no size of which one would know beforehand.
    Other,
}

impl Kind {
    fn place(self) -> Option<usize> {
        let (subjects, offset) = match self {
            Self::Write(subjects) => (subjects, 0),
            Self::Read(subjects) => (subjects, SIZES),
            Self::Other => return None,
        };
        let size = subjects.max(1).ilog2() as usize;
        Some(size.min(SIZES - 1) + offset)
    }
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// It was answered.
    Answered,
    /// It was not, or the target had no room for it.
    Badly,
}

#[derive(Debug, Clone, Copy, Default)]
struct Quickest {
    now: Option<Duration>,
    before: Option<Duration>,
    calls: u32,
}

impl Quickest {
    /// Takes note of a length.
    fn note(&mut self, took: Duration) -> Pace {
        self.calls += 1;
        let mut is_to_learn = false;
        if self.calls > WINDOW {
            is_to_learn = self.now.zip(self.before).is_some_and(|(now, before)| {
                now > before.saturating_mul(2).saturating_add(NOISE / 4)
            });
            self.before = self.now.take();
            self.calls = 1;
        }
        let now = self.now.map_or(took, |now| now.min(took));
        self.now = Some(now);
        let least = self.before.map_or(now, |before| before.min(now));
        let is_slow = took > least.saturating_mul(SLOW).saturating_add(NOISE);
        match (is_to_learn, is_slow) {
            (true, _) => Pace::ToLearn,
            (false, true) => Pace::Slow,
            (false, false) => Pace::Kept,
        }
    }
}

/// What the length of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Kept,
    Slow,
    /// None was as quick as before: whether they wait for each other or the target became slower is to be found out.
    ToLearn,
}

impl Concurrency {
    /// As many as are configured.
    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody makes 2^52 calls at once"
    )]
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            limit: most as f64,
            old_round: 0,
            quickest: [Quickest::default(); SIZES * 2],
        }
    }

    /// How many calls may be under way.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between one and what was configured"
    )]
    pub(crate) fn limit(&self) -> usize {
        (self.limit as usize).clamp(1, self.most)
    }

    /// Takes note of a call.
    pub(crate) fn note(&mut self, kind: Kind, took: Duration, went: Went) {
        let quickest = kind.place().and_then(|place| self.quickest.get_mut(place));
        let pace = match went {
            Went::Badly => return self.cut(0.5),
            Went::Answered => quickest.map_or(Pace::Kept, |quickest| quickest.note(took)),
        };
        match pace {
            Pace::Kept => self.grow(),
            Pace::Slow => self.cut(0.8),
            Pace::ToLearn => {
                self.old_round = 0;
                self.cut(0.25);
            }
        }
    }

    fn cut(&mut self, to: f64) {
        if self.old_round > 0 {
            self.old_round -= 1;
            return;
        }
        self.old_round = self.limit().saturating_sub(1);
        self.limit = (self.limit * to).max(1.0);
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody makes 2^52 calls at once"
    )]
    fn grow(&mut self) {
        self.old_round = self.old_round.saturating_sub(1);
        self.limit = (self.limit + 1.0 / self.limit).min(self.most as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(20);

    fn used(most: usize) -> Concurrency {
        let mut concurrency = Concurrency::new(most);
        for _ in 0..most {
            concurrency.note(Kind::Write(1), QUICK, Went::Answered);
        }
        concurrency
    }

    #[test]
    fn a_target_that_keeps_pace_is_used_to_the_full() {
        assert_eq!(used(16).limit(), 16);
    }

    #[test]
    fn a_round_of_bad_calls_halves_the_limit_once() {
        let mut concurrency = used(16);

        for _ in 0..16 {
            concurrency.note(Kind::Write(1), QUICK, Went::Badly);
        }

        assert_eq!(concurrency.limit(), 8);
        concurrency.note(Kind::Write(1), QUICK, Went::Badly);
        assert_eq!(concurrency.limit(), 4, "the next round");
    }

    #[test]
    fn one_call_is_always_allowed() {
        let mut concurrency = used(16);

        for _ in 0..1_000 {
            concurrency.note(Kind::Other, QUICK, Went::Badly);
        }

        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn answers_that_queue_inside_the_target_lower_the_limit_until_they_do_not() {
        let mut concurrency = used(64);

        // A target that works on 2 calls at once, 20 ms each: the others wait.
        let mut seen = Vec::new();
        for _ in 0..4_000 {
            let waiting = u32::try_from(concurrency.limit().div_ceil(2)).unwrap();
            concurrency.note(Kind::Write(1), QUICK * waiting, Went::Answered);
            seen.push(concurrency.limit());
        }

        // Nine times the quickest is slow: that are eighteen calls.
        let later = seen.split_off(1_000);
        assert!(later.iter().all(|limit| *limit <= 40), "{later:?}");
        assert!(later.iter().any(|limit| *limit >= 16), "{later:?}");
    }

    #[test]
    fn large_writes_are_not_slow_because_small_ones_are_quick() {
        let mut concurrency = used(16);

        for _ in 0..100 {
            concurrency.note(Kind::Write(1), QUICK, Went::Answered);
            concurrency.note(Kind::Write(100), QUICK * 50, Went::Answered);
            concurrency.note(Kind::Read(100), QUICK * 20, Went::Answered);
        }

        assert_eq!(concurrency.limit(), 16);
    }

    #[test]
    fn a_target_that_became_slower_for_good_is_not_held_against_its_past() {
        let mut concurrency = used(16);

        for _ in 0..3_000 {
            concurrency.note(Kind::Write(1), QUICK * 20, Went::Answered);
        }

        assert_eq!(concurrency.limit(), 16);
    }

    #[test]
    fn the_limit_is_won_back() {
        let mut concurrency = used(16);
        for _ in 0..1_000 {
            concurrency.note(Kind::Other, QUICK, Went::Badly);
        }

        for _ in 0..200 {
            concurrency.note(Kind::Write(1), QUICK, Went::Answered);
        }

        assert_eq!(concurrency.limit(), 16);
    }
}
