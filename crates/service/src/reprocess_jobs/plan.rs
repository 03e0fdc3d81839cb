//! Planning: which objects the job is about, which of them would be refused and why, and what would be done to which
//! targets. Read in chunks on snapshots, written in chunks under the lease.

use std::collections::BTreeMap;

use domain::id::ReprocessJobId;
use domain::query::{Comparison, Direction, Path, Predicate, Query, Value};
use domain::reprocess_job::{Event, State};
use store::ReadTx;
use store::reprocess_job::item::{self, Planned};
use store::reprocess_job::steady::Steady;
use store::reprocess_job::tally::TargetTally;
use store::reprocess_job::{self as jobs, Job, Lease, tally};

use super::accept::{Accepted, accept};
use super::as_found::Found;
use super::forecast::{Forecast, forecast};
use super::in_place::DIRECTORY;
use super::rights::Rights;
use super::work::lease_end;
use super::{condition, entity, happened, record, too_much};
use crate::ctx::{Moment, Service};
use crate::error::ServiceError;

/// Plans the next objects of a job; answers how many, and one for the end of the plan.
pub(super) async fn plan(
    service: &Service,
    lease: &Lease,
    job: Job,
    chunk: u32,
) -> Result<usize, ServiceError> {
    let moment = service.moment();
    let window = service.settings.reprocess_request_window;
    let (known, at) = (job.clone(), moment.clone());
    let read = service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            let objects = match next_objects(tx, &known, chunk) {
                Ok(objects) => objects,
                Err(Trouble::Unreadable(why)) => return Ok(Err(why)),
                Err(Trouble::Store(error)) => return Err(error.into()),
            };
            let people = if objects.is_empty() {
                item::people(tx, known.id)?
            } else {
                0
            };
            let rights = Rights::read(&known.rights);
            let found = Found::among(tx, &at, &rights, known.collection, &objects)?;
            let others: Vec<String> = objects
                .iter()
                .filter(|object| found.get(object).is_none())
                .cloned()
                .collect();
            let (mut items, mut forecast) = if others.is_empty() {
                (BTreeMap::new(), Forecast::default())
            } else {
                let accepted = accept(tx, &at, window, &rights, known.collection, others)?;
                judged(tx, accepted)?
            };
            if !found.is_empty() {
                let there = forecast.targets.entry(DIRECTORY.to_owned()).or_default();
                there.kept += found.grants();
            }
            let planned: Vec<Planned> = (known.plan.items + 1..)
                .zip(objects)
                .filter_map(|(ordinal, object)| {
                    let mut item = match found.get(&object) {
                        Some(steady) => as_found(object, steady),
                        None => items.remove(&object)?,
                    };
                    item.ordinal = ordinal;
                    Some(item)
                })
                .collect();
            Ok(Ok((planned, forecast.targets, people)))
        })
        .await?;
    match read {
        Err(why) => fail(service, lease, moment, why).await,
        Ok((planned, _, people)) if planned.is_empty() => {
            finish(service, lease, moment, people).await
        }
        Ok((planned, targets, _)) => write(service, lease, moment, job, planned, targets).await,
    }
}

/// An item that is found as it shall be: its grants stay.
fn as_found(object_id: String, steady: &Steady) -> Planned {
    Planned {
        ordinal: 0,
        object_id,
        subject_id: Some(steady.target_id),
        effect: (0, 0, steady.grants),
        refusal: None,
    }
}

/// Items that were judged like single calls, by their objects, and what they would do.
fn judged(
    tx: &mut ReadTx<'_>,
    accepted: Accepted,
) -> Result<(BTreeMap<String, Planned>, Forecast), store::Error> {
    let forecast = forecast(tx, &accepted.wishes())?;
    let items = accepted.outcomes.into_iter().map(|outcome| {
        let assignment = outcome.result.as_ref().ok().and_then(|(_, wish)| *wish);
        let effect = assignment.and_then(|(id, _)| forecast.effects.get(&id));
        let item = Planned {
            ordinal: 0,
            object_id: outcome.object_id.clone(),
            subject_id: outcome.subject,
            effect: effect.copied().unwrap_or_default(),
            refusal: outcome.result.err(),
        };
        (outcome.object_id, item)
    });
    Ok((items.collect(), forecast))
}

enum Trouble {
    Unreadable(String),
    Store(store::Error),
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// The next objects behind the last one that is planned.
fn next_objects(tx: &mut ReadTx<'_>, job: &Job, chunk: u32) -> Result<Vec<String>, Trouble> {
    let after = &job.progress.planned_through;
    let unreadable = |why: &dyn ToString| Trouble::Unreadable(why.to_string());
    if let Some(ids) = &job.ids {
        let ids: Vec<String> = serde_json::from_str(ids).map_err(|error| unreadable(&error))?;
        return Ok(ids
            .into_iter()
            .filter(|id| id > after)
            .take(usize::try_from(chunk).unwrap_or(usize::MAX))
            .collect());
    }
    let entity = entity(job.collection);
    let document = job.condition.as_deref().unwrap_or("false");
    let document = serde_json::from_str(document).map_err(|error| unreadable(&error))?;
    let condition = condition::read(entity, &document).map_err(|error| unreadable(&error))?;
    let (Some(key), Some(made)) = (entity.key(), entity.field("created_at")) else {
        return Err(unreadable(&"the collection has no key"));
    };
    let compare = |field, comparison, value| Predicate::Compare {
        path: Path::of(field),
        comparison,
        value,
    };
    // What is made after the job is no part of it, however long planning takes.
    let made = compare(made, Comparison::Le, Value::Int(job.created_at.micros()));
    let query = Query {
        fields: vec![key],
        filter: condition
            .and(made)
            .and(compare(key, Comparison::Gt, Value::Text(after.clone()))),
        order: vec![(Path::of(key), Direction::Ascending)],
        limit: Some(u64::from(chunk)),
        ..Query::of(entity)
    };
    let page = store::list::list(tx, &query)?;
    let ids = page.rows.iter().filter_map(|row| row.values.first());
    Ok(ids
        .filter_map(|value| value.as_text().map(ToOwned::to_owned))
        .collect())
}

/// Adds a chunk to the plan.
async fn write(
    service: &Service,
    lease: &Lease,
    moment: Moment,
    before: Job,
    items: Vec<Planned>,
    targets: BTreeMap<String, TargetTally>,
) -> Result<usize, ServiceError> {
    let count = items.len();
    let mut refusals = BTreeMap::new();
    for (code, _) in items.iter().filter_map(|item| item.refusal.as_ref()) {
        *refusals.entry(code.clone()).or_insert(0) += 1;
    }
    let (lease, until) = (lease.clone(), lease_end(&moment));
    service
        .store
        .write_bulk(move |tx| -> Result<usize, ServiceError> {
            let Some(mut job) = held(tx, &lease, moment.now, until)? else {
                return Ok(0);
            };
            if job.progress.planned_through != before.progress.planned_through {
                return Ok(0);
            }
            item::add(tx, job.id, &items, moment.now)?;
            tally::add_targets(tx, job.id, &targets)?;
            tally::add_refusals(tx, job.id, &refusals)?;
            let refused: i64 = refusals.values().sum();
            job.plan.items += i64::try_from(items.len()).unwrap_or(i64::MAX);
            job.plan.refused += refused;
            job.progress.refused += refused;
            for tally in targets.values() {
                job.plan.adds += tally.adds;
                job.plan.removes += tally.removes;
                job.plan.kept += tally.kept;
            }
            if let Some(last) = items.last() {
                job.progress.planned_through.clone_from(&last.object_id);
            }
            jobs::save(tx, &job)?;
            Ok(count)
        })
        .await
}

/// The plan is complete: it waits, stops at its thresholds, or runs.
async fn finish(
    service: &Service,
    lease: &Lease,
    moment: Moment,
    people: i64,
) -> Result<usize, ServiceError> {
    let (lease, until) = (lease.clone(), lease_end(&moment));
    service
        .store
        .write_bulk(move |tx| -> Result<usize, ServiceError> {
            let Some(mut job) = held(tx, &lease, moment.now, until)? else {
                return Ok(0);
            };
            job.plan.people = people;
            job.planned_at = Some(moment.now);
            let exceeded = job
                .thresholds
                .exceeded_by(job.plan.removes, job.plan.grants());
            let (event, operation) = match &exceeded {
                Some(_) => (Event::ThresholdExceeded, "stopReprocessJob"),
                None if job.dry_run => (Event::PlanReady, "planReprocessJob"),
                None => (Event::Started, "runReprocessJob"),
            };
            job.reason = exceeded.map(|why| (too_much(), why));
            job.state =
                domain::reprocess_job::next(job.state, event).map_err(ServiceError::internal)?;
            if job.state == State::Running {
                job.phase = State::Running;
                job.started_at = Some(moment.now);
            }
            jobs::save(tx, &job)?;
            let event = happened(&job, operation)
                .with("items", job.plan.items)
                .with("refused", job.plan.refused);
            record(tx, &moment, &job, event)?;
            Ok(1)
        })
        .await
}

/// What is stored of the job cannot be understood any more.
async fn fail(
    service: &Service,
    lease: &Lease,
    moment: Moment,
    why: String,
) -> Result<usize, ServiceError> {
    let (lease, until) = (lease.clone(), lease_end(&moment));
    service
        .store
        .write_bulk(move |tx| -> Result<usize, ServiceError> {
            let Some(mut job) = held(tx, &lease, moment.now, until)? else {
                return Ok(0);
            };
            job.state = domain::reprocess_job::next(job.state, Event::Failed)
                .map_err(ServiceError::internal)?;
            job.reason = Some((crate::error::Code::BadRequest.name(), why.clone()));
            job.ended_at = Some(moment.now);
            jobs::save(tx, &job)?;
            let event = happened(&job, "planReprocessJob").failed(&why);
            record(tx, &moment, &job, event)?;
            Ok(1)
        })
        .await
}

/// The job as it is now, if the lease still stands and it is still to be planned.
fn held(
    tx: &mut store::WriteTx<'_>,
    lease: &Lease,
    now: domain::time::Timestamp,
    until: domain::time::Timestamp,
) -> Result<Option<Job>, store::Error> {
    let id: ReprocessJobId = lease.job;
    if !jobs::hold(tx, lease, now, until)? {
        return Ok(None);
    }
    Ok(jobs::find(tx, id)?.filter(|job| job.state == State::Planning))
}
