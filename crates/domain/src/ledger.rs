//! The ledger: what is desired of a grant, what was observed, what is in flight, and what that makes of a request.
//!
//! A grant is (subject, resource, role, scope). States of requests and assignments are roll-ups of such rows (L1).

use crate::time::{Duration, Timestamp};
use crate::word::words;

words! {
    /// What was last seen of a grant in its target.
    pub enum Observed {
        /// Never seen, or the last write left it open.
        Unknown = "unknown",
        /// The subject has the role.
        Present = "present",
        /// The subject does not have the role.
        Absent = "absent",
    }
}

impl Observed {
    /// Whether what was seen is what is desired.
    pub const fn agrees_with(self, desired: bool) -> bool {
        matches!(
            (self, desired),
            (Self::Present, true) | (Self::Absent, false)
        )
    }
}

words! {
    /// The direction of a delivery.
    pub enum Operation {
        /// Grant.
        Add = "add",
        /// Take away.
        Remove = "remove",
    }
}

impl Operation {
    /// What is observed once it is done.
    pub const fn leads_to(self) -> Observed {
        match self {
            Self::Add => Observed::Present,
            Self::Remove => Observed::Absent,
        }
    }
}

words! {
    /// What is in flight for a grant (R28).
    pub enum Phase {
        /// Nothing.
        Settled = "settled",
        /// An attempt is due, now or later.
        Pending = "pending",
        /// A worker is at it.
        Leased = "leased",
        /// Retries are used up, or the target refused for good: a person must act.
        NeedsAttention = "needsAttention",
    }
}

/// How many units of work a request has, and how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Still to do.
    pub pending: i64,
    /// Done.
    pub done: i64,
    /// Given up, with nothing there.
    pub failed: i64,
    /// Given up, and yet there as far as anybody knows: whoever wanted to look again could not.
    pub there: i64,
}

/// What the units of work make of their request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollUp {
    /// Some work is still to do.
    Waiting,
    /// Every role is done; a package without roles is done at once.
    All,
    /// Some are done or there, some are not done.
    Some,
    /// None is done, and nothing is there.
    None,
}

/// Rolls the units of work up (RP-31).
pub const fn roll_up(tally: Tally) -> RollUp {
    if tally.pending > 0 {
        RollUp::Waiting
    } else if tally.failed == 0 && tally.there == 0 {
        RollUp::All
    } else if tally.done > 0 || tally.there > 0 {
        RollUp::Some
    } else {
        RollUp::None
    }
}

/// What a target may wish is bounded, so that every delivery comes to its end.
const LONGEST_WISH: Duration = Duration::from_days(1);

/// When to try again after the attempt number `attempts` (1 for the first) failed for a passing reason; `None`: give up
/// (RP-33). The schedule holds the gaps before each attempt; `wish` is the target's own `Retry-After`, of a day at most;
/// `jitter` lies within -1.0 and 1.0 and moves the gap by up to a tenth.
pub fn next_attempt(
    schedule: &[Duration],
    attempts: i64,
    now: Timestamp,
    wish: Option<Duration>,
    jitter: f64,
) -> Option<Timestamp> {
    let gap = schedule.get(usize::try_from(attempts).ok()?)?;
    let gap = match wish {
        Some(wish) => wish.micros().min(LONGEST_WISH.micros()),
        None => gap.micros().saturating_add(tenth(gap.micros(), jitter)),
    };
    Some(now.plus(Duration::from_micros(gap.max(0))))
}

/// Up to a tenth of `micros`, by a factor within -1.0 and 1.0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a factor of a thousandth is exact enough for jitter"
)]
fn tenth(micros: i64, factor: f64) -> i64 {
    let thousandths = (factor.clamp(-1.0, 1.0) * 1000.0) as i64;
    (micros / 10_000).saturating_mul(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_rolls_up_by_what_its_units_came_to() {
        for (pending, done, failed, there, expected) in [
            (0, 0, 0, 0, RollUp::All),
            (1, 5, 5, 5, RollUp::Waiting),
            (0, 3, 0, 0, RollUp::All),
            (0, 1, 1, 0, RollUp::Some),
            (0, 0, 1, 1, RollUp::Some),
            (0, 0, 0, 2, RollUp::Some),
            (0, 0, 2, 0, RollUp::None),
        ] {
            assert_eq!(
                roll_up(Tally {
                    pending,
                    done,
                    failed,
                    there
                }),
                expected,
                "RP-31"
            );
        }
    }

    #[test]
    fn retries_follow_the_schedule_and_then_end() {
        let schedule = [0, 1, 5].map(Duration::from_minutes);
        let now = Timestamp::from_micros(0);

        assert_eq!(
            next_attempt(&schedule, 1, now, None, 0.0),
            Some(now.plus(Duration::from_minutes(1)))
        );
        assert_eq!(
            next_attempt(&schedule, 2, now, None, 1.0),
            Some(now.plus(Duration::from_secs(330))),
            "ten percent of jitter"
        );
        assert_eq!(next_attempt(&schedule, 3, now, None, 0.0), None);
    }

    #[test]
    fn a_wish_without_bounds_does_not_put_an_attempt_off_for_ever_rp_33() {
        let now = Timestamp::from_micros(1_000);
        let wish = Some(Duration::from_secs(4_294_967_295));

        assert_eq!(
            next_attempt(&[Duration::from_secs(0); 2], 1, now, wish, 0.0),
            Some(now.plus(Duration::from_days(1)))
        );
    }

    #[test]
    fn the_targets_own_wish_overrides_the_gap() {
        let schedule = [0, 1].map(Duration::from_minutes);
        let now = Timestamp::from_micros(0);
        let wish = Some(Duration::from_secs(7));

        assert_eq!(
            next_attempt(&schedule, 1, now, wish, 1.0),
            Some(now.plus(Duration::from_secs(7)))
        );
        assert_eq!(
            next_attempt(&schedule, 2, now, wish, 0.0),
            None,
            "RP-33: not one more"
        );
    }
}
