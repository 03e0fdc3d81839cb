//! The circuit breaker of a target (L7): a pure value that is told what calls came to.
//!
//! A dead target must not be hammered, and yet every delivery to it must come to its end by the retry schedule
//! (RP-33). So an open breaker does not stop time for the target's work, it only holds back *extra* calls:
//!
//! - While it is open, due work is left unclaimed for a short delay and no attempt is used up.
//! - After the delay one call, the probe, is made for one piece of the due work. If the target answers it, the
//!   breaker closes and the rest is delivered as usual. If it does not, **its answer stands for everything that is
//!   due**: each of these deliveries has had its attempt, and waits for its next one.
//!
//! The delay is at most half of the shortest gap of the retry schedule, so a delivery that failed is never held
//! beyond its next attempt, and a million deliveries to a dead target end as soon as one does, at one call a delay.

use connector_api::{FailureCode, Outcome};
use domain::time::{Duration, Timestamp};

/// Counts unanswered calls.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    threshold: u32,
    delay: Duration,
    unanswered: u32,
    probe_at: Option<Timestamp>,
}

/// What a target may be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    /// Anything.
    Free,
    /// One call, whose answer decides.
    Probe,
    /// Nothing before this instant.
    Held(Timestamp),
}

impl Breaker {
    /// A closed breaker that opens after `threshold` unanswered calls in a row.
    pub(crate) const fn new(threshold: u32, delay: Duration) -> Self {
        Self {
            threshold,
            delay,
            unanswered: 0,
            probe_at: None,
        }
    }

    /// What may be asked at `now`. A probe that is farther away than any can be was planned before the clock jumped back.
    pub(crate) fn permit(&self, now: Timestamp) -> Permit {
        match self.probe_at {
            None => Permit::Free,
            Some(at) if at <= now || at > now.plus(self.delay) => Permit::Probe,
            Some(at) => Permit::Held(at),
        }
    }

    /// Whether it is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.probe_at.is_some()
    }

    /// Calls in a row that were not answered.
    pub(crate) const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Takes note of what a call came to.
    pub(crate) fn note(&mut self, unanswered: bool, now: Timestamp) {
        if !unanswered {
            self.unanswered = 0;
            self.probe_at = None;
            return;
        }
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered >= self.threshold {
            self.probe_at = Some(now.plus(self.delay));
        }
    }
}

/// Whether an outcome says that the target as a whole does not work, rather than this one change.
pub(crate) fn is_unanswered(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::CredentialsRejected { .. } => true,
        Outcome::Retry { reason, .. } => reason.code == FailureCode::OriginUnavailable,
        Outcome::Done { .. } | Outcome::AlreadySo | Outcome::Refused { .. } => false,
    }
}

/// The delay before a probe: `wished`, but at most half of the shortest gap of the retry schedule.
pub(crate) fn probe_delay(wished: Duration, schedule: &[Duration]) -> Duration {
    let shortest = schedule
        .iter()
        .map(|gap| gap.micros())
        .filter(|gap| *gap > 0)
        .min();
    Duration::from_micros(shortest.map_or(wished.micros(), |gap| wished.micros().min(gap / 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(2, Duration::from_secs(10));
        breaker.note(true, START);
        breaker.note(true, START);
        breaker
    }

    #[test]
    fn it_opens_after_unanswered_calls_in_a_row() {
        let mut breaker = Breaker::new(2, Duration::from_secs(10));

        breaker.note(true, START);
        breaker.note(false, START);
        breaker.note(true, START);
        assert_eq!(
            breaker.permit(START),
            Permit::Free,
            "an answer in between starts the count anew"
        );
        breaker.note(true, START);

        assert_eq!(
            breaker.permit(START),
            Permit::Held(START.plus(Duration::from_secs(10)))
        );
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_put_the_probe_off_r28() {
        let before = START.minus(Duration::from_secs(600));

        assert_eq!(opened().permit(before), Permit::Probe);
    }

    #[test]
    fn a_probe_is_allowed_after_the_delay_and_decides() {
        let later = START.plus(Duration::from_secs(10));

        let mut answered = opened();
        assert_eq!(answered.permit(later), Permit::Probe);
        answered.note(false, later);
        assert_eq!(answered.permit(later), Permit::Free);

        let mut unanswered = opened();
        unanswered.note(true, later);
        assert_eq!(
            unanswered.permit(later),
            Permit::Held(later.plus(Duration::from_secs(10)))
        );
    }

    #[test]
    fn the_delay_stays_below_the_gaps_of_the_schedule() {
        let schedule = [0, 1, 5].map(Duration::from_minutes);

        assert_eq!(
            probe_delay(Duration::from_secs(5), &schedule),
            Duration::from_secs(5)
        );
        assert_eq!(
            probe_delay(Duration::from_minutes(9), &schedule),
            Duration::from_secs(30)
        );
        assert_eq!(
            probe_delay(Duration::from_secs(5), &[]),
            Duration::from_secs(5)
        );
    }

    #[test]
    fn only_outages_and_credentials_count() {
        let unavailable = Outcome::retry(FailureCode::OriginUnavailable, "refused");

        assert!(is_unanswered(&unavailable));
        assert!(is_unanswered(&Outcome::credentials_rejected("401")));
        for answer in [
            Outcome::AlreadySo,
            Outcome::retry(FailureCode::OriginThrottled, "429"),
            Outcome::refused(FailureCode::GroupNotModifiable, "no"),
        ] {
            assert!(!is_unanswered(&answer), "{answer:?}");
        }
    }
}
