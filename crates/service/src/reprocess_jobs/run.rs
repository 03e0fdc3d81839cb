//! Running: the next items are judged once more, begun and planned for delivery, all in one transaction under the lease.
//!
//! **Invariant:** an item is begun whole or not at all, and never twice.

use std::collections::BTreeMap;

use domain::reprocess_job::{Event, ItemState, State, Tracking};
use domain::time::Timestamp;
use store::WriteTx;
use store::ledger::plan::Haste;
use store::reprocess_job::item::{self, Begun};
use store::reprocess_job::{self as jobs, Job, Lease, tally};

use super::accept::accept;
use super::as_found::{self, Found};
use super::forecast::forecast;
use super::rights::Rights;
use super::work::lease_end;
use super::{happened, in_place, record, too_much};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;
use crate::{audit, planning};

/// Begins the next items of a job; answers how many, and one for its end.
pub(super) async fn run(
    service: &Service,
    lease: &Lease,
    chunk: u32,
) -> Result<usize, ServiceError> {
    let (moment, ctx) = (service.moment(), service.system());
    let window = service.settings.reprocess_request_window;
    let chunk = i64::from(chunk);
    let (lease, until) = (lease.clone(), lease_end(&moment));
    let (done, is_delivering) = service
        .store
        .write_bulk(move |tx| -> Result<(usize, bool), ServiceError> {
            if !jobs::hold(tx, &lease, moment.now, until)? {
                return Ok((0, false));
            }
            let job = jobs::find(tx, lease.job)?.filter(|job| job.state == State::Running);
            let Some(job) = job else {
                return Ok((0, false));
            };
            let items = item::next(tx, job.id, job.progress.begun_through, chunk)?;
            match items.last() {
                None => Ok((complete(tx, &moment, job)?, false)),
                Some((last, _, _)) => {
                    let last = *last;
                    begin(tx, &moment, &ctx, window, job, items, last)
                }
            }
        })
        .await?;
    if is_delivering {
        service.wake();
    }
    Ok(done)
}

/// Begins these items; says how many were looked at, and whether any of them waits for a delivery now.
fn begin(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    window: domain::time::Duration,
    mut job: Job,
    items: Vec<(i64, String, bool)>,
    last: i64,
) -> Result<(usize, bool), ServiceError> {
    let looked_at = items.len();
    let wanted = items.into_iter().filter(|(_, _, is_planned)| *is_planned);
    let (mut ordinals, mut objects): (Vec<i64>, Vec<String>) =
        wanted.map(|(ordinal, object, _)| (ordinal, object)).unzip();
    let rights = Rights::read(&job.rights);
    let places = (job.progress.begun_through, last);
    if job.tracking == Tracking::Changes {
        let found = Found::among(tx, moment, &rights, job.collection, &objects)?;
        let others = ordinals.into_iter().zip(objects);
        (ordinals, objects) = others
            .filter(|(_, object)| found.get(object).is_none())
            .unzip();
        as_found::settle(tx, moment, &mut job, places, &found)?;
        // They change nothing, so they are done with even where the job has to stop at the others.
        if objects.is_empty() {
            job.progress.begun_through = last;
            jobs::save(tx, &job)?;
            return Ok((looked_at, false));
        }
    }
    let mut accepted = accept(tx, moment, window, &rights, job.collection, objects)?;
    let forecast = forecast(tx, &accepted.wishes())?;
    let removes: i64 = forecast.targets.values().map(|tally| tally.removes).sum();
    let grants = job.plan.grants();
    if let Some(why) = job
        .thresholds
        .exceeded_by(job.progress.removed + removes, grants)
    {
        return Ok((stop(tx, moment, job, why)?, false));
    }
    let refusals: BTreeMap<String, i64> = accepted.refusals();
    let found = in_place::found(tx, moment, accepted.begun.tracking(), &forecast.steady)?;
    let settled = accepted.begun.split_off(&found);
    let (requests, events) = accepted.begun.store(tx)?;
    audit::record_all(tx, moment, &job.initiated_by, &job.correlation_id, events)?;
    let ended = in_place::end(tx, moment, ctx, settled, &forecast.steady)?;
    let begun: Vec<Begun> = ordinals
        .into_iter()
        .zip(accepted.outcomes)
        .map(|(ordinal, outcome)| Begun {
            ordinal,
            result: outcome.result.map(|(request, _)| {
                let state = if ended.requests.contains(&request) {
                    ItemState::Delivered
                } else {
                    ItemState::InDelivery
                };
                (request, state)
            }),
        })
        .collect();
    item::begun(tx, job.id, &begun, moment.now)?;
    tally::add_refusals(tx, job.id, &refusals)?;
    tally::add_targets(tx, job.id, &ended.units)?;
    let in_delivery = requests.len();
    planning::plan_requests(tx, moment, ctx, Haste::Bulk, requests)?;

    job.progress.begun_through = last;
    job.progress.removed += removes;
    job.progress.delivered += i64::try_from(ended.requests.len()).unwrap_or(i64::MAX);
    job.progress.in_delivery += i64::try_from(in_delivery).unwrap_or(i64::MAX);
    job.progress.refused += refusals.values().sum::<i64>();
    jobs::save(tx, &job)?;
    Ok((looked_at, in_delivery > 0))
}

/// More would be removed than the thresholds allow: nothing of the chunk is begun.
fn stop(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    mut job: Job,
    why: String,
) -> Result<usize, ServiceError> {
    moved(&mut job, Event::ThresholdExceeded)?;
    job.paused_at = Some(moment.now);
    job.reason = Some((too_much(), why.clone()));
    jobs::save(tx, &job)?;
    let event = happened(&job, "stopReprocessJob").with("reason", why);
    record(tx, moment, &job, event)?;
    Ok(1)
}

/// Every item was begun; once every delivery is at its end, so is the job.
fn complete(tx: &mut WriteTx<'_>, moment: &Moment, mut job: Job) -> Result<usize, ServiceError> {
    if job.progress.in_delivery > 0 {
        return Ok(0);
    }
    moved(&mut job, Event::AllSettled)?;
    let now: Timestamp = moment.now;
    job.ended_at = Some(now);
    jobs::save(tx, &job)?;
    let event = happened(&job, "completeReprocessJob")
        .with("delivered", job.progress.delivered)
        .with("partiallyDelivered", job.progress.partially_delivered)
        .with("deliveryFailed", job.progress.delivery_failed)
        .with("superseded", job.progress.superseded)
        .with("refused", job.progress.refused);
    record(tx, moment, &job, event)?;
    Ok(1)
}

fn moved(job: &mut Job, event: Event) -> Result<(), ServiceError> {
    job.state = domain::reprocess_job::next(job.state, event).map_err(ServiceError::internal)?;
    Ok(())
}
