//! Faults of PostgreSQL on purpose: a test that must hold whatever the database does asks for them, nobody else.
//!
//! **Invariant:** a fault is what a server could do at that moment: a serialization failure leaves a transaction that can
//! only be rolled back, and a lost connection is closed by the server itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How often connections to PostgreSQL go wrong, at random. Clones are the same; quiet until told otherwise.
#[derive(Debug, Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dice: AtomicU64,
    per_thousand: AtomicU32,
    made: AtomicU64,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Others were in the way: SQLSTATE 40001.
    Contended,
    /// The connection ends, and with it the transaction.
    Lost,
    /// The connection ends after the commit, before its answer.
    Unanswered,
}

impl Fault {
    /// What makes the server do it.
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::Contended => {
                "DO $$ BEGIN RAISE EXCEPTION 'a fault on purpose' USING ERRCODE = '40001'; END $$"
            }
            Self::Lost | Self::Unanswered => "SELECT pg_terminate_backend(pg_backend_pid())",
        }
    }
}

impl Faults {
    /// Faults drawn from this seed. Which statement meets which also depends on how threads take turns.
    pub fn seeded(seed: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                dice: AtomicU64::new(seed),
                per_thousand: AtomicU32::new(0),
                made: AtomicU64::new(0),
            }),
        }
    }

    /// From now on so many of a thousand statements and commits go wrong.
    pub fn set(&self, per_thousand: u32) {
        self.shared
            .per_thousand
            .store(per_thousand, Ordering::Relaxed);
    }

    /// How many faults there were.
    pub fn made(&self) -> u64 {
        self.shared.made.load(Ordering::Relaxed)
    }

    /// What happens to a statement.
    pub(super) fn of_statement(&self) -> Option<Fault> {
        self.draw(&[Fault::Contended, Fault::Contended, Fault::Lost])
    }

    /// What happens to a commit. These are rarer than statements, and worth more.
    pub(super) fn of_commit(&self) -> Option<Fault> {
        (0..4).find_map(|_| self.draw(&[Fault::Contended, Fault::Lost, Fault::Unanswered]))
    }

    fn draw(&self, kinds: &[Fault]) -> Option<Fault> {
        let per_thousand = u64::from(self.shared.per_thousand.load(Ordering::Relaxed));
        if per_thousand == 0 {
            return None;
        }
        let number = mixed(self.shared.dice.fetch_add(GAMMA, Ordering::Relaxed));
        if number % 1_000 >= per_thousand {
            return None;
        }
        self.shared.made.fetch_add(1, Ordering::Relaxed);
        let kind = usize::try_from(number >> 32).unwrap_or(0) % kinds.len().max(1);
        kinds.get(kind).copied()
    }
}

/// The step between two states of the generator.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A state of the generator as a number whose bits are all as good.
const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_wrong_unless_asked_and_then_about_as_often_as_asked() {
        let faults = Faults::seeded(7);
        assert!((0..1_000).all(|_| faults.of_statement().is_none()));

        faults.set(100);
        let met = (0..10_000)
            .filter_map(|_| faults.of_statement())
            .collect::<Vec<_>>();

        assert!((700..1_300).contains(&met.len()), "{}", met.len());
        assert_eq!(faults.made(), met.len() as u64);
        for kind in [Fault::Contended, Fault::Lost] {
            assert!(met.contains(&kind), "{kind:?}");
        }
        assert!(!met.contains(&Fault::Unanswered));
    }

    #[test]
    fn a_seed_gives_the_same_faults_again() {
        let drawn = |seed| {
            let faults = Faults::seeded(seed);
            faults.set(200);
            (0..100).map(|_| faults.of_commit()).collect::<Vec<_>>()
        };

        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
    }
}
