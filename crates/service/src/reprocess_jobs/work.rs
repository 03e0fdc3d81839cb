//! Who works at jobs: the engine, one chunk of each job at a turn, under a lease that another replica takes over when it
//! runs out.

use domain::reprocess_job::State;
use domain::time::{Duration, Timestamp};
use store::reprocess_job::{self as jobs, Due, Lease};

use super::{collect, plan, run};
use crate::ctx::{Moment, Service};
use crate::error::ServiceError;

/// How long a worker may be silent before another one takes over.
const LEASE: Duration = Duration::from_secs(30);

/// A lease that lasts so long yet need not be taken anew: every chunk that is written prolongs it.
const ENOUGH: Duration = Duration::from_secs(15);

/// When a lease that is taken now ends.
pub(super) fn lease_end(moment: &Moment) -> Timestamp {
    moment.now.plus(LEASE)
}

/// Does one chunk of every job that has work, as this worker; answers how much was done, and zero when nothing can be done
/// now.
pub async fn run_due(service: &Service, worker: &str) -> Result<usize, ServiceError> {
    let mut done = 0;
    for job in due(service, worker).await? {
        done += step(service, &job, service.settings.reprocess_job_chunk).await?;
    }
    Ok(done)
}

/// The jobs that have work and that this worker may take, the oldest first.
pub async fn due(service: &Service, worker: &str) -> Result<Vec<Due>, ServiceError> {
    let (now, owner) = (service.clock.now(), worker.to_owned());
    Ok(service
        .store
        .read(move |tx| jobs::due(tx, &owner, now, now.plus(ENOUGH)))
        .await?)
}

/// How many jobs are in each state, for the metrics.
pub async fn counts(service: &Service) -> Result<Vec<(String, i64)>, ServiceError> {
    Ok(service.store.read(jobs::count).await?)
}

/// Does one chunk, of so many items at most, of a job; answers how much was done.
pub async fn step(service: &Service, due: &Due, chunk: u32) -> Result<usize, ServiceError> {
    let lease = if due.is_held {
        Some(due.lease.clone())
    } else {
        take(service, due).await?
    };
    let Some(lease) = lease else {
        return Ok(0);
    };
    let id = lease.job;
    let Some(job) = service.store.read(move |tx| jobs::find(tx, id)).await? else {
        return Ok(0);
    };
    let collected = if job.progress.in_delivery > 0 {
        collect::collect(service, &lease, job.clone()).await?
    } else {
        0
    };
    let moved_on = match job.state {
        State::Planning => plan::plan(service, &lease, job, chunk).await?,
        State::Running => run::run(service, &lease, chunk).await?,
        State::Planned
        | State::Stopped
        | State::Paused
        | State::Canceled
        | State::Completed
        | State::Failed => 0,
    };
    Ok(collected + moved_on)
}

/// Takes or keeps the job.
async fn take(service: &Service, due: &Due) -> Result<Option<Lease>, ServiceError> {
    let moment = service.moment();
    let wanted = due.lease.clone();
    Ok(service
        .store
        .write_bulk(move |tx| {
            let until = lease_end(&moment);
            jobs::take(tx, wanted.job, &wanted.owner, moment.now, until)
        })
        .await?)
}
