//! What a store has done since it was opened.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Write transactions that committed.
    pub transactions: u64,
    /// Commits that the database made; many transactions share one.
    pub commits: u64,
    /// Write transactions that were rolled back because the work said so or panicked.
    pub rollbacks: u64,
    /// Times that a write was run again because another was in its way or its connection was lost.
    pub retries: u64,
    /// Writes that joined one of their kind that waited already, and became one transaction with it.
    pub joined: u64,
    /// Reads that were run.
    pub reads: u64,
    /// Statements that transactions ran, whatever became of them.
    pub statements: u64,
    /// Rows that those gave or changed.
    pub rows: u64,
    /// Steps that SQLite's machine took for them; none on PostgreSQL.
    pub steps: u64,
    /// Connections that were made to PostgreSQL.
    pub connections: u64,
    /// Writes that wait at this moment.
    pub waiting: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) transactions: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) rollbacks: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) joined: AtomicU64,
    pub(super) reads: AtomicU64,
    pub(super) statements: AtomicU64,
    pub(super) rows: AtomicU64,
    pub(super) steps: AtomicU64,
    pub(super) connections: AtomicU64,
    /// Told of each commit.
    pub(super) news: Notify,
}

impl Counters {
    /// The database made a commit: counts it, and tells whoever waits for news.
    pub(super) fn committed(&self) {
        count(&self.commits);
        self.news.notify_waiters();
    }

    pub(super) fn snapshot(&self, waiting: usize) -> Statistics {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            transactions: get(&self.transactions),
            commits: get(&self.commits),
            rollbacks: get(&self.rollbacks),
            retries: get(&self.retries),
            joined: get(&self.joined),
            reads: get(&self.reads),
            statements: get(&self.statements),
            rows: get(&self.rows),
            steps: get(&self.steps),
            connections: get(&self.connections),
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        }
    }
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// Counts so many more.
pub(super) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}
