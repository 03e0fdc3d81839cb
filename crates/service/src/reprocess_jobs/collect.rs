//! Asking what came of the deliveries that a job began. Requests tell; the job only counts.

use std::collections::BTreeMap;

use domain::assignment_request::State as RequestState;
use domain::id::RequestId;
use domain::reprocess_job::ItemState;
use store::ReadTx;
use store::reprocess_job::item::{self, Ended, Open};
use store::reprocess_job::tally::{self, TargetTally};
use store::reprocess_job::{self as jobs, Job, Lease};

use super::work::lease_end;
use crate::ctx::Service;
use crate::error::ServiceError;

/// Items that are asked after together.
const WINDOW: i64 = 1_000;
/// So many times in one turn, where nothing came to its end.
const WINDOWS: usize = 50;

/// What was found.
#[derive(Debug, Default)]
struct Found {
    ended: Vec<Ended>,
    units: BTreeMap<String, TargetTally>,
    /// Where to go on.
    through: i64,
}

/// Records deliveries that came to their end; answers how many.
pub(super) async fn collect(
    service: &Service,
    lease: &Lease,
    job: Job,
) -> Result<usize, ServiceError> {
    let found = service.store.read(move |tx| look(tx, &job)).await?;
    if found.ended.is_empty() {
        return Ok(0);
    }
    let moment = service.moment();
    let (lease, until) = (lease.clone(), lease_end(&moment));
    service
        .store
        .write_bulk(move |tx| -> Result<usize, ServiceError> {
            if !jobs::hold(tx, &lease, moment.now, until)? {
                return Ok(0);
            }
            let Some(mut job) = jobs::find(tx, lease.job)? else {
                return Ok(0);
            };
            item::settle(tx, job.id, &found.ended, moment.now)?;
            tally::add_targets(tx, job.id, &found.units)?;
            for ended in &found.ended {
                let progress = &mut job.progress;
                progress.in_delivery -= 1;
                match ended.state {
                    ItemState::Delivered => progress.delivered += 1,
                    ItemState::PartiallyDelivered => progress.partially_delivered += 1,
                    ItemState::DeliveryFailed => progress.delivery_failed += 1,
                    ItemState::Superseded => progress.superseded += 1,
                    ItemState::Planned | ItemState::Refused | ItemState::InDelivery => {}
                }
            }
            job.progress.asked_through = found.through;
            jobs::save(tx, &job)?;
            Ok(found.ended.len())
        })
        .await
}

/// Looks from where it was left off, and once more from the beginning, until something has ended.
fn look(tx: &mut ReadTx<'_>, job: &Job) -> Result<Found, ServiceError> {
    let mut after = job.progress.asked_through;
    let mut is_second_round = after == 0;
    for _ in 0..WINDOWS {
        let open = item::open(tx, job.id, after, WINDOW)?;
        let is_last = i64::try_from(open.len()).is_ok_and(|count| count < WINDOW);
        let through = match open.last() {
            Some(last) if !is_last => last.ordinal,
            _ => 0,
        };
        let ended: Vec<(Open, ItemState)> = open
            .into_iter()
            .filter_map(|one| ending(one.state.as_deref()).map(|state| (one, state)))
            .collect();
        if !ended.is_empty() {
            return found(tx, ended, through);
        }
        if is_last && is_second_round {
            break;
        }
        is_second_round |= is_last;
        after = through;
    }
    Ok(Found::default())
}

/// How the item ended whose request stands there, if it ended.
fn ending(request: Option<&str>) -> Option<ItemState> {
    match request.map(RequestState::from_name) {
        Some(Some(RequestState::Delivered)) => Some(ItemState::Delivered),
        Some(Some(RequestState::PartiallyDelivered)) => Some(ItemState::PartiallyDelivered),
        Some(Some(RequestState::DeliveryFailed)) => Some(ItemState::DeliveryFailed),
        Some(Some(
            RequestState::Submitted
            | RequestState::PendingApproval
            | RequestState::Scheduled
            | RequestState::Delivering,
        )) => None,
        Some(Some(RequestState::Canceled | RequestState::Denied) | None) | None => {
            Some(ItemState::Superseded)
        }
    }
}

fn found(
    tx: &mut ReadTx<'_>,
    ended: Vec<(Open, ItemState)>,
    through: i64,
) -> Result<Found, ServiceError> {
    let requests: Vec<RequestId> = ended.iter().map(|(one, _)| one.request_id).collect();
    let units = tally::units(tx, &requests)?;
    let errors: BTreeMap<RequestId, (String, String)> = tally::errors(tx, &requests)?
        .into_iter()
        .map(|(request, code, message)| (request, (code, message)))
        .collect();
    let ended = ended
        .into_iter()
        .map(|(one, state)| {
            let why = match state {
                ItemState::Delivered => None,
                ItemState::Superseded => Some((
                    "Superseded".to_owned(),
                    "the request was taken back before its delivery ended".to_owned(),
                )),
                _ => one.failure.or_else(|| errors.get(&one.request_id).cloned()),
            };
            Ended {
                ordinal: one.ordinal,
                state,
                why,
            }
        })
        .collect();
    Ok(Found {
        ended,
        units,
        through,
    })
}
