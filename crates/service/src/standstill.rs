//! A moment in which nobody delivers or plans: what was read before a whole tenant is exchanged must not be written
//! after it.
//!
//! **Invariant:** whoever works holds a [`Working`] from reading to recording; an exchange begins when the last one is
//! given back, and nobody begins to work until it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::{OwnedRwLockReadGuard, RwLock, RwLockWriteGuard};

/// Keeps work and exchanges apart. Holds within this process: only a tenant that has one process is exchanged.
#[derive(Debug, Default)]
pub struct Standstill {
    gate: Arc<RwLock<()>>,
    waiting: AtomicUsize,
    exchanges: AtomicU64,
}

/// As long as this is held, nothing is exchanged. Not to be held twice by one task, but it may be handed on.
#[derive(Debug)]
pub struct Working {
    _gate: OwnedRwLockReadGuard<()>,
}

/// As long as this is held, nobody works.
#[derive(Debug)]
pub struct Exchange<'s> {
    standstill: &'s Standstill,
    _gate: RwLockWriteGuard<'s, ()>,
}

/// Gone also if whoever waits for the standstill goes away.
struct Waiting<'s>(&'s Standstill);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Standstill {
    /// Begins to work, once no exchange is under way.
    pub async fn work(&self) -> Working {
        Working {
            _gate: Arc::clone(&self.gate).read_owned().await,
        }
    }

    /// Whether somebody waits for the work to end: what was not begun had better be left.
    pub fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Waits for the work that is under way now.
    pub async fn until_still(&self) {
        drop(self.gate.write().await);
    }

    /// How often everything was exchanged: what is remembered of an earlier time is worth nothing.
    pub fn exchanges(&self) -> u64 {
        self.exchanges.load(Ordering::SeqCst)
    }

    /// Begins an exchange, once nobody works any more.
    pub(crate) async fn exchange(&self) -> Exchange<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self);
        Exchange {
            standstill: self,
            _gate: self.gate.write().await,
        }
    }
}

impl Exchange<'_> {
    /// Everything is another now.
    pub(crate) fn done(self) {
        self.standstill.exchanges.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn an_exchange_waits_for_work_and_work_for_an_exchange() {
        let standstill = Arc::new(Standstill::default());
        let working = standstill.work().await;
        let exchanging = tokio::spawn({
            let standstill = Arc::clone(&standstill);
            async move { standstill.exchange().await.done() }
        });
        while !standstill.is_wanted() {
            tokio::task::yield_now().await;
        }
        assert_eq!(standstill.exchanges(), 0);

        drop(working);
        exchanging.await.unwrap();

        assert_eq!(standstill.exchanges(), 1);
        assert!(!standstill.is_wanted());
        let _working = standstill.work().await;
    }

    #[tokio::test]
    async fn whoever_stops_waiting_is_forgotten() {
        let standstill = Arc::new(Standstill::default());
        let _working = standstill.work().await;
        let waiting = tokio::spawn({
            let standstill = Arc::clone(&standstill);
            async move { standstill.exchange().await.done() }
        });
        while !standstill.is_wanted() {
            tokio::task::yield_now().await;
        }

        waiting.abort();
        waiting.await.unwrap_err();

        assert!(!standstill.is_wanted());
    }
}
