//! Sweeps: reading who really has what in a target, and holding it against the ledger (L8).

use crate::word::words;

words! {
    /// How far a sweep is.
    pub enum State {
        /// Asked for.
        Queued = "queued",
        /// Under way.
        Running = "running",
        /// Every object was looked at, though not each may have been readable.
        Completed = "completed",
        /// It ended before every object was looked at.
        Failed = "failed",
        /// Nothing was looked at: the target is paused, down, or cannot list.
        Skipped = "skipped",
        /// Somebody called it off.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a sweep is made.
    pub enum Cause {
        /// Its time had come.
        Schedule = "schedule",
        /// Somebody asked for it.
        Request = "request",
    }
}

impl State {
    /// Whether it is over.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Completed | Self::Failed | Self::Skipped | Self::Cancelled => true,
        }
    }
}
