//! The clock and the id source that every use case is given (R5, R46).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::time::{Duration, Timestamp};
use uuid::Uuid;

/// Where time comes from: the system's clock plus an offset that a development tenant may move, or a clock that only
/// moves when told.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System { offset: AtomicI64 },
    Manual { now: AtomicI64 },
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(Source::System {
            offset: AtomicI64::new(0),
        }))
    }

    /// A clock that stands at `now` until it is moved.
    pub fn manual(now: Timestamp) -> Self {
        Self(Arc::new(Source::Manual {
            now: AtomicI64::new(now.micros()),
        }))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Source::System { offset } => Timestamp::from_micros(
                system_micros().saturating_add(offset.load(Ordering::Relaxed)),
            ),
            Source::Manual { now } => Timestamp::from_micros(now.load(Ordering::SeqCst)),
        }
    }

    /// Moves the clock, forward as a rule; what waits for time follows. Only a tenant that is brought back to an earlier
    /// time goes back.
    pub fn advance(&self, by: Duration) {
        let (Source::System { offset: hand } | Source::Manual { now: hand }) = &*self.0;
        let moved = |at: i64| Some(at.saturating_add(by.micros()));
        let _previous = hand.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// How long to wait in real time until `instant`; `None` if only a move of the clock leads there.
    pub fn until(&self, instant: Timestamp) -> Option<std::time::Duration> {
        match &*self.0 {
            Source::System { .. } => {
                let micros = instant.micros().saturating_sub(self.now().micros()).max(0);
                Some(std::time::Duration::from_micros(micros.unsigned_abs()))
            }
            Source::Manual { .. } => None,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where time is read from the world"
)]
fn system_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok())
        .unwrap_or_default()
}

/// Where ids come from: version 7 GUIDs whose time is the clock's, so that rows of one time lie together.
#[derive(Debug, Clone)]
pub struct Ids(Arc<Seed>);

#[derive(Debug)]
enum Seed {
    World,
    Counter(AtomicU64),
}

impl Ids {
    /// Ids that nobody can foresee.
    pub fn random() -> Self {
        Self(Arc::new(Seed::World))
    }

    /// The same ids in the same order every time.
    pub fn counted(from: u64) -> Self {
        Self(Arc::new(Seed::Counter(AtomicU64::new(from))))
    }

    /// The next id.
    pub fn next(&self, now: Timestamp) -> Uuid {
        let tail = match &*self.0 {
            Seed::World => random_bytes(),
            Seed::Counter(counter) => {
                let number = counter.fetch_add(1, Ordering::SeqCst).to_be_bytes();
                let mut tail = [0; 10];
                if let Some(end) = tail.get_mut(2..) {
                    end.copy_from_slice(&number);
                }
                tail
            }
        };
        let millis = u64::try_from(now.micros() / 1000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where ids are drawn from the world"
)]
fn random_bytes() -> [u8; 10] {
    let bytes = Uuid::new_v4().into_bytes();
    let mut tail = [0; 10];
    // Bytes 6 and 8 of a version 4 GUID carry its version and variant; the other fourteen are random.
    for (to, from) in tail.iter_mut().zip([0, 1, 2, 3, 4, 5, 9, 10, 11, 12]) {
        *to = bytes.get(from).copied().unwrap_or_default();
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_micros(5));

        clock.advance(Duration::from_micros(3));

        assert_eq!(clock.now(), Timestamp::from_micros(8));
        assert_eq!(clock.until(Timestamp::from_micros(9)), None);
    }

    #[test]
    fn counted_ids_repeat_and_random_ids_differ() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);

        assert_eq!(Ids::counted(7).next(now), Ids::counted(7).next(now));
        assert_ne!(Ids::random().next(now), Ids::random().next(now));
    }

    #[test]
    fn ids_sort_by_time() {
        let ids = Ids::random();

        let early = ids.next(Timestamp::from_micros(1_000_000));
        let late = ids.next(Timestamp::from_micros(9_000_000));

        assert!(early < late);
    }
}
