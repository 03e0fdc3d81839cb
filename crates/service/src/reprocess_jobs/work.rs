//! Who works at jobs: the engine, one chunk of each job at a turn, under a lease that another replica takes over when it
//! runs out.

use domain::id::ReprocessJobId;
use domain::reprocess_job::State;
use domain::time::{Duration, Timestamp};
use store::reprocess_job::{self as jobs, Job, Lease};

use super::{collect, plan, run};
use crate::ctx::{Moment, Service};
use crate::error::ServiceError;

/// How long a worker may be silent before another one takes over.
const LEASE: Duration = Duration::from_secs(30);

/// When a lease that is taken now ends.
pub(super) fn lease_end(moment: &Moment) -> Timestamp {
    moment.now.plus(LEASE)
}

/// Does one chunk of every job that has work, as this worker; answers how much was done, and zero when nothing can be done
/// now.
pub async fn run_due(service: &Service, worker: &str) -> Result<usize, ServiceError> {
    let (now, owner) = (service.clock.now(), worker.to_owned());
    let due = service
        .store
        .read(move |tx| jobs::due(tx, &owner, now))
        .await?;
    let mut done = 0;
    for job in due {
        done += step(service, worker, job).await?;
    }
    Ok(done)
}

/// How many jobs are in each state, for the metrics.
pub async fn counts(service: &Service) -> Result<Vec<(String, i64)>, ServiceError> {
    Ok(service.store.read(jobs::count).await?)
}

async fn step(service: &Service, worker: &str, id: ReprocessJobId) -> Result<usize, ServiceError> {
    let Some((lease, job)) = take(service, worker, id).await? else {
        return Ok(0);
    };
    let collected = if job.progress.in_delivery > 0 {
        collect::collect(service, &lease, job.clone()).await?
    } else {
        0
    };
    let moved_on = match job.state {
        State::Planning => plan::plan(service, &lease, job).await?,
        State::Running => run::run(service, &lease).await?,
        State::Planned
        | State::Stopped
        | State::Paused
        | State::Canceled
        | State::Completed
        | State::Failed => 0,
    };
    Ok(collected + moved_on)
}

/// Takes or keeps the job, and reads it.
async fn take(
    service: &Service,
    worker: &str,
    id: ReprocessJobId,
) -> Result<Option<(Lease, Job)>, ServiceError> {
    let moment = service.moment();
    let owner = worker.to_owned();
    service
        .store
        .write_bulk(move |tx| -> Result<_, ServiceError> {
            let until = lease_end(&moment);
            let Some(lease) = jobs::take(tx, id, &owner, moment.now, until)? else {
                return Ok(None);
            };
            Ok(jobs::find(tx, id)?.map(|job| (lease, job)))
        })
        .await
}
