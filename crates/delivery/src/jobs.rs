//! Bulk jobs beside the deliveries: chunk by chunk, each as large as fits into a span that nobody minds to wait.
//!
//! **Invariant:** no chunk is made larger because others were in its way: the time that a chunk waited counts as its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration as RealTime;

use domain::id::ReprocessJobId;
use domain::reprocess_job::State;
use service::reprocess_jobs::{self, Due};
use service::{Service, ServiceError};
use tokio::time::Instant;

/// How long a chunk may take.
const SPAN: RealTime = RealTime::from_millis(25);

/// What the first chunk holds, at most.
const FIRST: u32 = 100;
/// What any chunk may hold, however long it takes: below that a chunk costs more than its items.
const LEAST: u32 = 10;

/// How many items the next chunks may hold. Planning and running cost differently, so each is learned by itself.
#[derive(Debug, Default)]
pub(crate) struct Paces {
    chunks: BTreeMap<(ReprocessJobId, &'static str), u32>,
    /// Jobs that could not be gone on with: the others go on, and the next look tries these again.
    failed: BTreeSet<ReprocessJobId>,
}

impl Paces {
    /// Does one chunk of every job that has work; answers how much was done, and zero when nothing can be done now.
    pub(crate) async fn run_due(
        &mut self,
        service: &Service,
        worker: &str,
    ) -> Result<usize, ServiceError> {
        let due = reprocess_jobs::due(service, worker).await?;
        self.chunks
            .retain(|(id, _), _| due.iter().any(|job| job.lease.job == *id));
        let most = service.settings.reprocess_job_chunk;
        let mut done = 0;
        for job in due {
            let place = place(&job);
            if self.failed.contains(&place.0) {
                continue;
            }
            let chunk = self.chunks.get(&place).copied().unwrap_or(FIRST).min(most);
            let begun = Instant::now();
            match reprocess_jobs::step(service, &job, chunk).await {
                Ok(0) => {}
                Ok(some) => {
                    self.chunks
                        .insert(place, next(chunk, begun.elapsed(), most));
                    done += some;
                }
                Err(error) => {
                    self.failed.insert(place.0);
                    tracing::error!(
                        job.id = %place.0,
                        error = &error as &dyn std::error::Error,
                        "a bulk job could not be gone on with"
                    );
                }
            }
        }
        Ok(done)
    }
}

fn place(job: &Due) -> (ReprocessJobId, &'static str) {
    let phase = match job.state {
        State::Planning => "plan",
        State::Planned
        | State::Stopped
        | State::Running
        | State::Paused
        | State::Canceled
        | State::Completed
        | State::Failed => "run",
    };
    (job.lease.job, phase)
}

/// The size of the next chunk after one of this size took so long: as much as fits into the span, but at most twice as much
/// as before.
fn next(chunk: u32, took: RealTime, most: u32) -> u32 {
    let span = u64::try_from(SPAN.as_micros()).unwrap_or(u64::MAX);
    let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let fits = u64::from(chunk).saturating_mul(span) / took;
    let fits = u32::try_from(fits).unwrap_or(u32::MAX);
    fits.min(chunk.saturating_mul(2)).max(LEAST).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> RealTime {
        RealTime::from_millis(millis)
    }

    #[test]
    fn a_chunk_that_took_too_long_is_followed_by_a_smaller_one() {
        assert_eq!(next(1_000, millis(50), 5_000), 500);
        assert_eq!(next(1_000, millis(4_000), 5_000), LEAST);
    }

    #[test]
    fn a_chunk_grows_at_most_to_twice_its_size_and_never_over_the_limit() {
        assert_eq!(next(100, millis(1), 5_000), 200);
        assert_eq!(next(100, millis(20), 5_000), 125);
        assert_eq!(next(4_000, millis(1), 5_000), 5_000);
        assert_eq!(next(LEAST, millis(500), 3), 3, "the limit counts most");
    }
}
