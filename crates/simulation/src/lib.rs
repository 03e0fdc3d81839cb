//! Simulated lives of a small tenant: one seed is one life, with its wishes, faults, crashes and replicas, in virtual time
//! on a deterministic store.
//!
//! Beside the server stands a judge that knows the tables of transitions, what packages hold, what the targets really
//! have and who tampered with them. It looks after every step:
//!
//! - what was accepted is there and goes legal ways only;
//! - what the ledger calls present or absent is so in the target (no false `delivered`);
//! - no two writes have the same grant in hand at once;
//! - nobody loses access that a delivered assignment justifies;
//! - once faults end, whoever was left half way can be brought to an end: there is always a way back;
//! - a sweep then leaves a ledger that is true, and names everybody whom it does not know;
//! - bulk jobs end, and say of every item what became of it;
//! - and every state ends, and access is what live assignments justify, no less and no more.
//!
//! **Invariant:** nothing here reads the world. The same seed gives the same life, word for word, so that a failure is
//! replayed by its number.

mod judge;
mod life;
mod target;
mod template;
mod world;

use std::fmt;

pub use life::live;
pub use template::Template;

/// Something is wrong with the world on purpose, to see that the judge notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// A target says that it proves what it did, and did not do it.
    Liar,
    /// A target loses access that nobody took away.
    Thief,
    /// A target says that it proves what it took away, and did not take it.
    Keeper,
    /// A target leaves somebody out when it lists who is there.
    Hider,
    /// What somebody was promised is gone.
    Shredder,
}

/// A life that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// What happened, step by step.
    pub story: Vec<String>,
    /// Requests, crashes and troubles, to see that lives are not empty.
    pub counts: Counts,
}

/// What happened how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that were made, by people or by Reeve itself.
    pub requests: usize,
    /// Requests and assignments that were reprocessed.
    pub reprocessed: usize,
    /// Engines that died.
    pub crashes: usize,
    /// Calls of targets that went wrong.
    pub troubles: usize,
    /// Requests that failed, wholly or in part.
    pub failed: usize,
    /// Sweeps that were asked for.
    pub sweeps: usize,
    /// Bulk jobs that were made.
    pub jobs: usize,
    /// Times that the clock jumped back.
    pub jumps: usize,
}

impl Counts {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.reprocessed += other.reprocessed;
        self.crashes += other.crashes;
        self.troubles += other.troubles;
        self.failed += other.failed;
        self.sweeps += other.sweeps;
        self.jobs += other.jobs;
        self.jumps += other.jumps;
    }
}

/// A life in which something was not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which life.
    pub seed: u64,
    /// What was wrong.
    pub what: String,
    /// What had happened until then.
    pub story: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.story {
            writeln!(f, "  {step}")?;
        }
        writeln!(f, "seed {}: {}", self.seed, self.what)?;
        write!(
            f,
            "replay it with `cargo xtask simulate --first {} --seeds 1 --story`",
            self.seed
        )
    }
}

impl std::error::Error for Fault {}
