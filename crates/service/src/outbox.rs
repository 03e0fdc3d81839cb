//! The outbox: work that a transaction wrote down, done outside of the database under a lease.
//!
//! Calls of extensions, mails and change notifications are rows with a time at which they are due. Whoever works one kind
//! off says here what the kind is made of; how it is worked off is the same for all. It takes no input: waking it is a
//! hint. Several replicas share the rows by leases.
//!
//! **Invariant:** nothing is done that was not claimed before, and what came of it is recorded under the same lease, as soon
//! as it is known: no row waits for another, as long as there is a place. A failure of the database ends the round, never the loop; leases bring the work back.

use std::time::Duration as RealTime;

use domain::time::Timestamp;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, watch};

use crate::ctx::Service;
use crate::error::ServiceError;

/// One kind of work in the outbox.
pub trait Outbox: Sync {
    /// Something to do.
    type Item: Send + Sync;
    /// What came of it.
    type Outcome: Send;

    /// Rows that are worked on at once.
    const PLACES: usize = 16;

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

/// Does everything that is due, and what becomes due meanwhile; answers how much there was.
pub async fn pass<O: Outbox>(outbox: &O) -> Result<usize, ServiceError> {
    work_off(outbox, || false).await
}

/// Does what is due until nothing is, or claims nothing more once it is stopped. What is under way is brought to its end,
/// also after a failure, which is answered then.
async fn work_off<O: Outbox>(
    outbox: &O,
    is_stopped: impl Fn() -> bool + Send,
) -> Result<usize, ServiceError> {
    let mut under_way = FuturesUnordered::new();
    let (mut done, mut failed) = (0, None);
    loop {
        let free = O::PLACES.saturating_sub(under_way.len());
        if free > 0 && failed.is_none() && !is_stopped() {
            match claim_due(outbox, free).await {
                Ok((owner, items)) => {
                    for item in items {
                        under_way.push(finish(outbox, owner.clone(), item));
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        if under_way.is_empty() {
            return failed.map_or(Ok(done), Err);
        }
        tokio::select! {
            biased;
            Some(ended) = under_way.next() => {
                done += 1;
                failed = failed.or(ended.err());
            }
            // A free place is no use to what becomes due, unless somebody looks.
            () = outbox.wake().notified(), if failed.is_none() => {}
            () = tokio::time::sleep(poll(outbox)) => {}
        }
    }
}

/// Claims what is due, if anything is, under an owner who is new.
async fn claim_due<O: Outbox>(
    outbox: &O,
    places: usize,
) -> Result<(String, Vec<O::Item>), ServiceError> {
    let service = outbox.service();
    let owner = service.moment().id(|uuid| uuid.simple().to_string());
    let due = outbox.next_due().await?;
    if due.is_none_or(|due| due > service.clock.now()) {
        return Ok((owner, Vec::new()));
    }
    let limit = i64::try_from(places).unwrap_or(i64::MAX);
    let items = outbox.claim(&owner, limit).await?;
    Ok((owner, items))
}

/// Does one thing and records what came of it.
async fn finish<O: Outbox>(outbox: &O, owner: String, item: O::Item) -> Result<(), ServiceError> {
    let outcome = outbox.perform(&item).await;
    outbox.record(&owner, &item, outcome).await
}

/// How long nobody looks without being woken.
fn poll<O: Outbox>(outbox: &O) -> RealTime {
    let poll = outbox.service().settings.delivery_poll_interval.micros();
    RealTime::from_micros(poll.max(1_000).unsigned_abs())
}

/// Works until told to stop; what is under way then is brought to its end.
pub async fn run<O: Outbox>(outbox: &O, mut stop: watch::Receiver<bool>) {
    let poll = poll(outbox);
    let mut failures = 0_u32;
    while !*stop.borrow() {
        let wait = match work_off(outbox, || *stop.borrow()).await {
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
