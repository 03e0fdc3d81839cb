//! The outbox: work that a transaction wrote down, done outside of the database under a lease.
//!
//! Calls of extensions, mails and change notifications are rows with a time at which they are due. Whoever works one kind
//! off says here what the kind is made of; how it is worked off is the same for all. It takes no input: waking it is a
//! hint. Several replicas share the rows by leases.
//!
//! **Invariant:** nothing is done that was not claimed before, and what came of it is recorded under the same lease. A
//! failure of the database ends the round, never the loop; leases bring the work back.

use std::time::Duration as RealTime;

use domain::time::Timestamp;
use futures_util::future::join_all;
use tokio::sync::{Notify, watch};

use crate::ctx::Service;
use crate::error::ServiceError;

/// Rows that are claimed, and worked on, at once.
const BATCH: i64 = 16;

/// One kind of work in the outbox.
pub trait Outbox: Sync {
    /// Something to do.
    type Item: Sync;
    /// What came of it.
    type Outcome: Send;

    /// What cannot be done while the database fails, for the log.
    const WHAT: &'static str;

    /// The service whose rows these are.
    fn service(&self) -> &Service;

    /// What wakes whoever works this off.
    fn wake(&self) -> &Notify;

    /// When the next row is due that nobody has claimed.
    fn next_due(&self) -> impl Future<Output = Result<Option<Timestamp>, ServiceError>> + Send;

    /// Claims up to `limit` rows that are due for `owner`, who is new.
    fn claim(
        &self,
        owner: &str,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<Self::Item>, ServiceError>> + Send;

    /// Does it, as far as that is possible now.
    fn perform(&self, item: &Self::Item) -> impl Future<Output = Self::Outcome> + Send;

    /// Records what came of it, if it is still `owner`'s.
    fn record(
        &self,
        owner: &str,
        item: &Self::Item,
        outcome: Self::Outcome,
    ) -> impl Future<Output = Result<(), ServiceError>> + Send;
}

/// Does everything that is due, and what becomes due at once by that; answers how much there was.
pub async fn pass<O: Outbox>(outbox: &O) -> Result<usize, ServiceError> {
    let mut done = 0;
    loop {
        let due = outbox.next_due().await?;
        let service = outbox.service();
        if due.is_none_or(|due| due > service.clock.now()) {
            return Ok(done);
        }
        let owner = service.moment().id(|uuid| uuid.simple().to_string());
        let items = outbox.claim(&owner, BATCH).await?;
        let outcomes = join_all(items.iter().map(|item| outbox.perform(item))).await;
        for (item, outcome) in items.iter().zip(outcomes) {
            done += 1;
            outbox.record(&owner, item, outcome).await?;
        }
    }
}

/// Works until told to stop; what is under way then is brought to its end.
pub async fn run<O: Outbox>(outbox: &O, mut stop: watch::Receiver<bool>) {
    let poll = outbox.service().settings.delivery_poll_interval.micros();
    let poll = RealTime::from_micros(poll.max(1_000).unsigned_abs());
    let mut failures = 0_u32;
    while !*stop.borrow() {
        let wait = match pass(outbox).await {
            Ok(_) => {
                failures = 0;
                poll
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                log_failure(O::WHAT, failures, &error);
                poll.saturating_mul(1 << failures.min(5))
            }
        };
        tokio::select! {
            biased;
            told = stop.wait_for(|told| *told) => {
                // Whoever could tell is gone: that is a reason to stop as well.
                drop(told);
                return;
            }
            () = outbox.wake().notified(), if failures == 0 => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Logs the first of several failures with its cause.
fn log_failure(what: &'static str, failures: u32, error: &ServiceError) {
    if failures == 1 {
        tracing::error!(
            what,
            error = error as &dyn std::error::Error,
            "an outbox cannot be worked off now; leases bring the work back"
        );
    } else {
        tracing::debug!(
            what,
            failures,
            error = error as &dyn std::error::Error,
            "an outbox could not be worked off again"
        );
    }
}
