//! Which objects are stuck? (L9) Every state that is not final has an owner and a deadline; this looks for those whose
//! deadline passed without anybody moving them on. On a healthy server the answer is: none.

use std::sync::{Mutex, PoisonError};

use domain::ledger::Phase;
use domain::notice::NoticeState;
use domain::time::{Duration, Timestamp};
use service::{Service, ServiceError};
use store::ledger::stuck::{self, Kind, Overdue};

use crate::metrics::Metrics;

/// Poll intervals that may pass before something overdue counts as stuck, and at least a minute.
const PATIENCE: i64 = 10;
/// How old the count of settled grants may be: it is the one that reads the whole ledger.
const RECOUNT: Duration = Duration::from_minutes(60);
/// Most objects of a kind that a report names.
const LISTED: i64 = 100;

/// What is stuck: at most a hundred objects of each kind, those that wait longest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StuckReport {
    /// The objects.
    pub objects: Vec<Overdue>,
}

impl StuckReport {
    /// Whether nothing is stuck.
    pub fn is_clear(&self) -> bool {
        self.objects.is_empty()
    }
}

/// Lists what is stuck. Work of a target that is paused is overdue by an operator's wish and listed all the same: a
/// forgotten pause is what an operator wants to be told.
pub async fn stuck(service: &Service) -> Result<StuckReport, ServiceError> {
    let before = service.clock.now().minus(patience(service));
    let objects = service
        .store
        .read(move |tx| stuck::list(tx, before, LISTED))
        .await?;
    Ok(StuckReport { objects })
}

fn patience(service: &Service) -> Duration {
    let polls = service
        .settings
        .delivery_poll_interval
        .micros()
        .saturating_mul(PATIENCE);
    Duration::from_micros(polls).max(Duration::from_minutes(1))
}

/// How many grants each target has in each phase, as far as is known.
type Depth = Vec<(String, String, i64)>;

/// How many grants are settled, and when they were counted.
#[derive(Debug, Default)]
pub(crate) struct Settled(Mutex<Option<(Timestamp, Depth)>>);

impl Settled {
    fn known(&self, now: Timestamp) -> Option<Depth> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, depth) = known.as_ref()?;
        // A clock that was set back counts anew as well.
        let is_recent = (*at..at.plus(RECOUNT)).contains(&now);
        is_recent.then(|| depth.clone())
    }

    fn keep(&self, now: Timestamp, depth: &Depth) {
        let settled = |(_, phase, _): &&(String, String, i64)| phase == Phase::Settled.as_str();
        let settled = depth.iter().filter(settled).cloned().collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, settled));
    }
}

/// Looks, and shows what it saw in the metrics.
pub(crate) async fn watch(
    service: &Service,
    metrics: &Metrics,
    settled: &Settled,
) -> Result<(), ServiceError> {
    let report = stuck(service).await?;
    metrics.reprocess_jobs(&service::reprocess_jobs::counts(service).await?);
    let now = service.clock.now();
    let known = settled.known(now);
    let is_known = known.is_some();
    let (mut depth, oldest, drift, notices) = service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            Ok((
                if is_known {
                    store::ledger::watch::open_phases(tx)?
                } else {
                    store::ledger::watch::phases(tx)?
                },
                stuck::oldest_due(tx)?,
                store::sweep::found::ages(tx)?,
                store::notice::counts(tx)?,
            ))
        })
        .await?;
    match known {
        Some(settled) => depth.extend(settled),
        None => settled.keep(now, &depth),
    }
    metrics.depth(&depth);
    for state in NoticeState::ALL {
        let known = notices.iter().find(|(known, _)| known == state);
        metrics.notices(state.as_str(), known.map_or(0, |(_, count)| *count));
    }
    let ages = |since: Vec<(String, Timestamp)>| -> Vec<(String, i64)> {
        since
            .into_iter()
            .map(|(target, at)| (target, age_in_seconds(at, now)))
            .collect()
    };
    metrics.oldest_due(&ages(oldest));
    metrics.drift_ages(&ages(drift));
    for kind in Kind::ALL {
        let count = report
            .objects
            .iter()
            .filter(|object| object.kind == *kind)
            .count();
        metrics.stuck(kind.as_str(), count);
        if count > 0 {
            tracing::error!(
                stuck.kind = kind.as_str(),
                stuck.count = count,
                "objects are stuck"
            );
        }
    }
    Ok(())
}

fn age_in_seconds(since: Timestamp, now: Timestamp) -> i64 {
    now.micros().saturating_sub(since.micros()).max(0) / 1_000_000
}
