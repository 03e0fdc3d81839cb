//! What the engine writes while it sweeps: claims, findings, ends. Each function is one transaction.
//!
//! **Invariant:** nothing is written but under the newest fence, and nothing is recorded as missing that was not looked at
//! alone, after its version was read.

use domain::assignment::Event;
use domain::assignment_request::RequestType;
use domain::id::{AssignmentId, DriftExtraId, GrantId, SweepId};
use domain::ledger::Observed;
use domain::sweep::{Cause, State};
use domain::time::{Duration, Timestamp};
use store::WriteTx;
use store::sweep::extra::{self, NewExtra};
use store::sweep::found::{self, Grant, Names, Person};
use store::sweep::{Found, Place, Sweep, SweepObject};

use super::{ask, removal};
use crate::assignment_requests::withdraw::begin_system_request;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;

/// Most findings that one transaction records.
pub const FINDINGS: usize = 200;

/// The sweep went to somebody else, was called off, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

/// What a step came to.
pub type Held<T> = Result<T, Lost>;

/// Asks for the sweeps whose time has come: however long nobody looked, one of each target.
pub async fn schedule(
    service: &Service,
    targets: Vec<(String, Duration)>,
) -> Result<(), ServiceError> {
    if targets.is_empty() {
        return Ok(());
    }
    let now = service.clock.now();
    let due = service
        .store
        .read(move |tx| -> Result<Vec<String>, store::Error> {
            let mut due = Vec::new();
            for (target, every) in targets {
                let last = store::sweep::last(tx, &target)?;
                if last.is_none_or(|last| last.plus(every) <= now) {
                    due.push(target);
                }
            }
            Ok(due)
        })
        .await?;
    if due.is_empty() {
        return Ok(());
    }
    let (moment, keep) = (service.moment(), service.settings.sweeps.keep);
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            for target in &due {
                if store::sweep::open(tx, target)?.is_none() {
                    ask(tx, &moment, target, Cause::Schedule, None, keep)?;
                }
            }
            Ok(())
        })
        .await
}

/// Sweeps that somebody could go on with.
pub async fn due(service: &Service) -> Result<Vec<(SweepId, String)>, ServiceError> {
    let now = service.clock.now();
    Ok(service
        .store
        .read(move |tx| store::sweep::due(tx, now))
        .await?)
}

/// Claims a sweep; none, if somebody else was faster.
pub async fn claim(
    service: &Service,
    id: SweepId,
    owner: &str,
    lease: Duration,
) -> Result<Option<Sweep>, ServiceError> {
    let (moment, owner) = (service.moment(), owner.to_owned());
    Ok(service
        .store
        .write(move |tx| {
            let until = moment.now.plus(lease);
            store::sweep::claim(tx, id, &owner, moment.now, until)
        })
        .await?)
}

/// Begins a sweep that was only asked for: takes down its objects, which are found before anybody has to wait for it.
pub async fn start(service: &Service, sweep: &Sweep) -> Result<(), ServiceError> {
    let target = sweep.target.clone();
    let places = service
        .store
        .read(move |tx| store::sweep::places(tx, &target))
        .await?;
    let (moment, sweep) = (service.moment(), sweep.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            if store::sweep::is_held(tx, sweep.id, sweep.fence)? {
                store::sweep::start(tx, &sweep, &places, moment.now)?;
            }
            Ok(())
        })
        .await
}

/// An object to read, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// How far it is.
    pub object: SweepObject,
    /// What it is called.
    pub names: Names,
}

/// The object to go on with, behind the one of this number; none: all are done.
pub async fn next(
    service: &Service,
    id: SweepId,
    after: i64,
) -> Result<Option<Next>, ServiceError> {
    service
        .store
        .read(move |tx| -> Result<Option<Next>, ServiceError> {
            let Some(object) = store::sweep::next(tx, id, after)? else {
                return Ok(None);
            };
            let names = found::names(tx, &object.place)?;
            Ok(Some(Next { object, names }))
        })
        .await
}

/// The next grants of an object, by subject, behind those that are compared already.
pub async fn page(
    service: &Service,
    sweep: &Sweep,
    object: &SweepObject,
    limit: i64,
) -> Result<Vec<Grant>, ServiceError> {
    let (target, object) = (sweep.target.clone(), object.clone());
    Ok(service
        .store
        .read(move |tx| found::page(tx, &target, &object.place, &object.after_subject_id, limit))
        .await?)
}

/// What a look saw of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The grant.
    pub grant_id: GrantId,
    /// Its version before the look.
    pub version: i64,
    /// Whether it is to be there.
    pub desired: bool,
    /// What the ledger said.
    pub before: Observed,
    /// What was seen.
    pub seen: Observed,
}

/// Records findings and how far the object is: at most [`FINDINGS`] in one transaction, the place with the last of them.
pub async fn record(
    service: &Service,
    sweep: &Sweep,
    object: &SweepObject,
    findings: Vec<Finding>,
    lease: Duration,
) -> Result<Held<()>, ServiceError> {
    let mut parts: Vec<Vec<Finding>> = findings.chunks(FINDINGS).map(<[_]>::to_vec).collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        if record_part(service, sweep, None, part, lease).await? == Err(Lost) {
            return Ok(Err(Lost));
        }
    }
    let held = record_part(service, sweep, Some(object.clone()), last, lease).await?;
    Ok(held)
}

async fn record_part(
    service: &Service,
    sweep: &Sweep,
    object: Option<SweepObject>,
    findings: Vec<Finding>,
    lease: Duration,
) -> Result<Held<()>, ServiceError> {
    let (moment, sweep) = (service.moment(), sweep.clone());
    let restores = findings
        .iter()
        .any(|finding| finding.desired && finding.seen == Observed::Absent);
    let held = service
        .store
        .write(move |tx| -> Result<Held<()>, ServiceError> {
            if !store::sweep::renew(tx, sweep.id, sweep.fence, moment.now.plus(lease))? {
                return Ok(Err(Lost));
            }
            let found = write_findings(tx, &moment, &findings)?;
            store::sweep::count(tx, sweep.id, found)?;
            if let Some(object) = &object {
                store::sweep::advance(tx, sweep.id, object)?;
            }
            Ok(Ok(()))
        })
        .await?;
    if restores {
        service.wake();
    }
    Ok(held)
}

fn write_findings(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    findings: &[Finding],
) -> Result<Found, ServiceError> {
    let mut found = Found::default();
    let mut missing = Vec::new();
    for finding in findings {
        let is_news = finding.before != finding.seen;
        if is_news
            && !found::seen(
                tx,
                finding.grant_id,
                finding.version,
                finding.seen,
                moment.now,
            )?
        {
            continue;
        }
        match (finding.desired, finding.seen) {
            (true, Observed::Absent) => {
                found.missing += i64::from(is_news);
                missing.push(finding.grant_id);
            }
            (true, Observed::Present) => found.returned += i64::from(is_news),
            (true, Observed::Unknown) | (false, _) => {}
        }
    }
    if !missing.is_empty() {
        let assignments = found::restorable(tx, &missing)?;
        found.restored = restore(tx, moment, assignments)?;
    }
    Ok(found)
}

/// Enforces these assignments again, tracked by requests of Reeve's own (L8); answers how many.
pub(crate) fn restore(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    assignments: Vec<AssignmentId>,
) -> Result<i64, ServiceError> {
    let ctx = Ctx::system(moment.id(|uuid| uuid));
    let mut restored = 0;
    for id in assignments {
        let Some(mut assignment) = store::assignment::find(tx, id)? else {
            continue;
        };
        assignment
            .take(Event::Reprocessed, moment.now)
            .map_err(ServiceError::internal)?;
        store::assignment::save(tx, &assignment)?;
        begin_system_request(tx, moment, &ctx, assignment, RequestType::SystemUpdate)?;
        restored += 1;
    }
    Ok(restored)
}

/// Which of these directory ids have no grant for the object.
pub async fn unknown(
    service: &Service,
    place: &Place,
    members: Vec<String>,
) -> Result<Vec<NewExtra>, ServiceError> {
    let place = place.clone();
    Ok(service
        .store
        .read(move |tx| extra::unknown(tx, &place, &members))
        .await?)
}

/// Which of these members an earlier sweep found, and whom it took them for.
pub async fn known(
    service: &Service,
    sweep: &Sweep,
    place: &Place,
    keys: Vec<String>,
) -> Result<Vec<(String, Option<domain::id::ObjectId>)>, ServiceError> {
    let (target, place) = (sweep.target.clone(), place.clone());
    Ok(service
        .store
        .read(move |tx| extra::known(tx, &target, &place, &keys))
        .await?)
}

/// Users whom one of these texts may name.
pub async fn people(
    service: &Service,
    texts: Vec<String>,
    limit: i64,
) -> Result<Vec<Person>, ServiceError> {
    Ok(service
        .store
        .read(move |tx| found::people(tx, &texts, limit))
        .await?)
}

/// Remembers members whom no grant accounts for, and how far the object is.
pub async fn record_extras(
    service: &Service,
    sweep: &Sweep,
    object: &SweepObject,
    extras: Vec<NewExtra>,
    lease: Duration,
) -> Result<Held<()>, ServiceError> {
    let (moment, sweep, object) = (service.moment(), sweep.clone(), object.clone());
    service
        .store
        .write(move |tx| -> Result<Held<()>, ServiceError> {
            if !store::sweep::renew(tx, sweep.id, sweep.fence, moment.now.plus(lease))? {
                return Ok(Err(Lost));
            }
            for one in &extras {
                let fresh = moment.id(DriftExtraId::new);
                extra::record(
                    tx,
                    fresh,
                    sweep.id,
                    &sweep.target,
                    &object.place,
                    one,
                    moment.now,
                )?;
            }
            store::sweep::advance(tx, sweep.id, &object)?;
            Ok(Ok(()))
        })
        .await
}

/// Objects were read to their end: what nobody sees any more is forgotten, and what nobody granted is taken away, where the
/// resource says so.
pub async fn end_read(
    service: &Service,
    sweep: &Sweep,
    objects: Vec<SweepObject>,
    lease: Duration,
) -> Result<Held<()>, ServiceError> {
    let (moment, sweep) = (service.moment(), sweep.clone());
    let most = service.settings.sweeps.max_removals;
    let (held, removed) = service
        .store
        .write(move |tx| -> Result<(Held<()>, i64), ServiceError> {
            if !store::sweep::renew(tx, sweep.id, sweep.fence, moment.now.plus(lease))? {
                return Ok((Err(Lost), 0));
            }
            let mut found = Found::default();
            for object in &objects {
                let mut object = SweepObject {
                    state: "read".to_owned(),
                    extras: extra::settle(tx, sweep.id, &object.place)?,
                    ..object.clone()
                };
                found.removed += removal::remove(tx, &moment, &sweep, &mut object, most)?;
                store::sweep::end_object(tx, sweep.id, &object, moment.now)?;
            }
            store::sweep::count(tx, sweep.id, found)?;
            Ok((Ok(()), found.removed))
        })
        .await?;
    if removed > 0 {
        service.wake();
    }
    Ok(held)
}

/// An object could not be read: nothing is concluded about it.
pub async fn end_failed(
    service: &Service,
    sweep: &Sweep,
    object: &SweepObject,
    failure: (String, String),
    lease: Duration,
) -> Result<Held<()>, ServiceError> {
    let (moment, sweep, object) = (service.moment(), sweep.clone(), object.clone());
    service
        .store
        .write(move |tx| -> Result<Held<()>, ServiceError> {
            if !store::sweep::renew(tx, sweep.id, sweep.fence, moment.now.plus(lease))? {
                return Ok(Err(Lost));
            }
            let object = SweepObject {
                state: "failed".to_owned(),
                failure: Some(failure.clone()),
                ..object.clone()
            };
            store::sweep::end_object(tx, sweep.id, &object, moment.now)?;
            Ok(Ok(()))
        })
        .await
}

/// The sweep is over, in this state and for this reason.
pub async fn end(
    service: &Service,
    sweep: &Sweep,
    state: State,
    failure: Option<(String, String)>,
) -> Result<(), ServiceError> {
    let (moment, sweep) = (service.moment(), sweep.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let why = failure
                .as_ref()
                .map(|(code, message)| (code.as_str(), message.as_str()));
            let ended = store::sweep::end(tx, sweep.id, sweep.fence, state, why, moment.now)?;
            if ended && state == State::Completed {
                extra::settle_target(tx, sweep.id, &sweep.target)?;
            }
            Ok(())
        })
        .await
}

/// Leaves the sweep until then.
pub async fn postpone(
    service: &Service,
    sweep: &Sweep,
    until: Timestamp,
) -> Result<(), ServiceError> {
    let (id, fence) = (sweep.id, sweep.fence);
    Ok(service
        .store
        .write(move |tx| store::sweep::postpone(tx, id, fence, until))
        .await?)
}

/// Gives the sweep back, for anybody to go on with.
pub async fn release(service: &Service, sweep: &Sweep) -> Result<(), ServiceError> {
    let (id, fence) = (sweep.id, sweep.fence);
    Ok(service
        .store
        .write(move |tx| store::sweep::release(tx, id, fence))
        .await?)
}
