//! Planning: what is desired of which grants, and which of them need work (L3, L4).
//!
//! First delivery, a change of a package's roles, removal, expiry and both reprocess actions all end here; they differ
//! only in which requests and assignments they hand in. Everything is read and written for many at once.

use std::collections::{BTreeMap, BTreeSet};

use domain::activity::Activity;
use domain::assignment_request::{AssignmentRequest, Event, Purpose};
use domain::id::{AccessPackageId, AssignmentId, GrantId, RequestId};
use domain::ledger::Operation;
use domain::time::Duration;
use store::WriteTx;
use store::ledger::lease::{self, Leased};
use store::ledger::plan::{self, Haste};
use store::ledger::watch;

use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::guards::Lookout;
use crate::guests::{self, Arrival};
use crate::{audit, guards, rollup};

/// A lane that could take work now, and how much of it.
#[derive(Debug, Clone)]
pub struct Place {
    /// The target.
    pub target: String,
    /// The lease under which it would be claimed, which must be new.
    pub owner: String,
    /// How long the lease lasts.
    pub lease_for: Duration,
    /// How much at most.
    pub limit: i64,
}

/// What planning came to.
#[derive(Debug, Default)]
pub struct Planned {
    /// Assignments planned anew because their package changed (AS-4).
    pub replanned: usize,
    /// Requests planned.
    pub planned: usize,
    /// The work that was claimed at once, with the lease's owner.
    pub claimed: Vec<(String, Vec<Leased>)>,
}

impl Planned {
    /// Whether there was anything to plan.
    pub const fn is_some(&self) -> bool {
        self.replanned + self.planned > 0
    }

    /// Whether there may be more, where so much at most was to be planned.
    pub fn is_full(&self, limit: i64) -> bool {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.replanned.max(self.planned) >= limit
    }
}

/// Plans up to `limit` assignments of packages whose roles changed, and up to `limit` requests that wait for it. What
/// then is due is claimed for the lanes that have a place, in the same transaction, unless there is more to plan: who
/// waits for a single change waits for one commit less (G9), and a backlog is claimed once more of it is known (L6).
/// In bulk, it lets those go first who wait for an answer.
pub async fn advance(
    service: &Service,
    haste: Haste,
    limit: i64,
    places: Vec<Place>,
) -> Result<Planned, ServiceError> {
    let moment = service.moment();
    let ctx = service.system();
    let work = move |tx: &mut WriteTx<'_>| -> Result<Planned, ServiceError> {
        let mut done = Planned {
            replanned: replan_some(tx, &moment, limit)?,
            planned: plan_some(tx, &moment, &ctx, limit)?,
            claimed: Vec::new(),
        };
        if !places.is_empty() && done.is_some() && !done.is_full(limit) {
            done.claimed = claim_due(tx, &moment, &places)?;
        }
        Ok(done)
    };
    match haste {
        Haste::Interactive => service.store.write(work).await,
        Haste::Bulk => service.store.write_bulk(work).await,
    }
}

/// Claims what is due for lanes that have a place.
fn claim_due(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    places: &[Place],
) -> Result<Vec<(String, Vec<Leased>)>, store::Error> {
    let due = lease::due_targets(tx, moment.now)?;
    let mut claimed = Vec::new();
    for place in places.iter().filter(|place| due.contains(&place.target)) {
        let until = moment.now.plus(place.lease_for);
        let (target, owner) = (&place.target, &place.owner);
        let rows = lease::claim(tx, target, owner, moment.now, until, place.limit)?;
        if !rows.is_empty() {
            claimed.push((owner.clone(), rows));
        }
    }
    Ok(claimed)
}

/// Plans up to `limit` requests that wait for it; answers how many there were.
pub async fn plan_due(service: &Service, limit: i64) -> Result<usize, ServiceError> {
    let moment = service.moment();
    let ctx = service.system();
    service
        .store
        .write(move |tx| plan_some(tx, &moment, &ctx, limit))
        .await
}

fn plan_some(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    limit: i64,
) -> Result<usize, ServiceError> {
    let requests = store::assignment_request::plan_due(tx, limit)?;
    let planned = requests.len();
    plan_requests(tx, moment, ctx, Haste::Interactive, requests)?;
    Ok(planned)
}

/// Plans the next live assignments of packages whose roles changed (AS-4); answers how many, and zero when all is done.
pub async fn replan(service: &Service, limit: i64) -> Result<usize, ServiceError> {
    let moment = service.moment();
    service
        .store
        .write(move |tx| replan_some(tx, &moment, limit))
        .await
}

fn replan_some(tx: &mut WriteTx<'_>, moment: &Moment, limit: i64) -> Result<usize, ServiceError> {
    while let Some(chunk) = plan::next_replan(tx, limit)? {
        if !chunk.is_empty() {
            enforce(tx, moment, Haste::Interactive, &chunk, &BTreeMap::new())?;
            return Ok(chunk.len());
        }
    }
    Ok(0)
}

/// Remembers, in the transaction that changes a package's roles, that its live assignments must follow (AS-4).
pub fn package_changed(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    package: AccessPackageId,
) -> Result<(), store::Error> {
    plan::replan(tx, package, moment.now)
}

/// Plans these requests: each ends at once, or waits for the units of work it now has.
pub(crate) fn plan_requests(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    haste: Haste,
    requests: Vec<AssignmentRequest>,
) -> Result<(), ServiceError> {
    let mut enforced = BTreeMap::new();
    let mut waiting = Vec::new();
    let mut awaiting = Vec::new();
    let lookout = Lookout::around(tx, &requests)?;
    for mut request in requests {
        let mut refusal = guards::before_delivery(tx, moment, &lookout, &request)?
            .map(|(code, why)| (code.name(), why));
        if refusal
            .as_ref()
            .is_some_and(|(code, _)| *code == Code::TargetNotFound.name())
        {
            match guests::arrive(tx, moment, ctx, &mut request)? {
                Arrival::Elsewhere => {}
                Arrival::Present => {
                    refusal = guards::before_delivery(tx, moment, &lookout, &request)?
                        .map(|(code, why)| (code.name(), why));
                }
                Arrival::Awaited => {
                    awaiting.push(request.id);
                    continue;
                }
                Arrival::Refused(code, why) => refusal = Some((code, why)),
            }
        }
        if let Some(failure) = refusal {
            refuse(tx, moment, ctx, request, failure)?;
            continue;
        }
        match (request.request_type.purpose(), request.assignment_id) {
            (Purpose::Add | Purpose::Enforce, Some(assignment)) => {
                enforced.insert(assignment, request.id);
            }
            (Purpose::Remove, Some(assignment)) => {
                remove(tx, moment, haste, assignment, request.id)?;
            }
            // RQ-18: an update grants nothing anew; without an assignment there is nothing to do.
            (Purpose::Update, _) | (_, None) => {}
        }
        waiting.push(request.id);
    }
    awaiting.extend(&waiting);
    store::assignment_request::planned(tx, &awaiting)?;
    let assignments: Vec<AssignmentId> = enforced.keys().copied().collect();
    enforce(tx, moment, haste, &assignments, &enforced)?;
    rollup::requests(tx, moment, ctx, waiting)
}

/// A guard failed: the request ends before any role is touched (RQ-15, T15).
fn refuse(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut request: AssignmentRequest,
    failure: (String, String),
) -> Result<(), ServiceError> {
    request.failure = Some(failure);
    let event = match request.assignment_id {
        Some(id) if rollup::may_be_there(tx, &request, id)? => Event::SomeDelivered,
        _ => Event::NoneDelivered,
    };
    rollup::complete(tx, moment, ctx, request, event)
}

/// Brings the ledger to what the packages of these live assignments hold now. Where a request is behind an assignment, it
/// waits for every grant: what is missing is written, what is there is read again (RP-8, RP-21), and revocations that
/// nobody waits for, given up or not, become its own.
fn enforce(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    haste: Haste,
    assignments: &[AssignmentId],
    requests: &BTreeMap<AssignmentId, RequestId>,
) -> Result<(), ServiceError> {
    if assignments.is_empty() {
        return Ok(());
    }
    let before: BTreeSet<(AssignmentId, GrantId)> = plan::linked(tx, assignments.iter().copied())?
        .into_iter()
        .collect();
    let after = link_wanted(tx, moment, assignments, &before)?;
    let mut dropped: BTreeSet<_> = before.difference(&after).copied().collect();
    for (assignment, grant) in &dropped {
        plan::unlink(tx, *assignment, *grant)?;
    }
    let unattended = watch::unattended(tx, requests.keys().copied())?;
    dropped.extend(unattended.into_iter().filter(|pair| !after.contains(pair)));

    let mut touched: BTreeSet<GrantId> = after
        .difference(&before)
        .chain(&dropped)
        .chain(
            after
                .iter()
                .filter(|(assignment, _)| requests.contains_key(assignment)),
        )
        .map(|(_, grant)| *grant)
        .collect();
    if requests.is_empty() {
        let all: Vec<GrantId> = after.iter().map(|(_, grant)| *grant).collect();
        touched.extend(plan::unseen(tx, &all)?);
    }
    let touched: Vec<GrantId> = touched.into_iter().collect();
    plan::derive_desired(tx, &touched)?;
    let added = after.iter().map(|pair| (pair, Operation::Add));
    let removed = dropped.iter().map(|pair| (pair, Operation::Remove));
    let units = added
        .chain(removed)
        .filter_map(|((assignment, grant), operation)| {
            let request = requests.get(assignment)?;
            Some((*request, *grant, operation))
        });
    plan::wait_for_all(tx, units)?;
    let wanted: BTreeSet<GrantId> = after.iter().map(|(_, grant)| *grant).collect();
    let (wanted, given_up): (Vec<_>, Vec<_>) = touched
        .into_iter()
        .partition(|grant| wanted.contains(grant));
    plan::wake(tx, &wanted, haste, moment.now)?;
    plan::keep(tx, &wanted, moment.now)?;
    take_away(tx, moment, haste, &given_up)
}

/// Links each assignment to the grants its package wants, opening rows the ledger lacks; answers all wanted pairs.
fn link_wanted(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    assignments: &[AssignmentId],
    before: &BTreeSet<(AssignmentId, GrantId)>,
) -> Result<BTreeSet<(AssignmentId, GrantId)>, ServiceError> {
    let mut opened = BTreeMap::new();
    let mut after = BTreeSet::new();
    for wanted in plan::wanted(tx, assignments.iter().copied())? {
        let key = (
            wanted.subject_id,
            wanted.origin_system.clone(),
            wanted.resource_origin_id.clone(),
            wanted.role_origin_id.clone(),
            wanted.scope_origin_id.clone(),
        );
        let known = wanted.grant_id.or_else(|| opened.get(&key).copied());
        let grant = known.unwrap_or_else(|| moment.id(GrantId::new));
        if known.is_none() {
            plan::insert(tx, grant, &wanted, moment.now)?;
            opened.insert(key, grant);
        }
        if !before.contains(&(wanted.assignment_id, grant)) {
            plan::link(tx, grant, &wanted)?;
        }
        after.insert((wanted.assignment_id, grant));
    }
    Ok(after)
}

/// Ends what the assignment justifies: grants that nothing else needs are taken away (AS-1, LG-1), and the request waits
/// for them. A removal goes on with what it, or an earlier one, did not bring to its end (RP-9). It also
/// waits for revocations of roles that left a package before, given up or not, or access would outlive the assignment (AS-2).
fn remove(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    haste: Haste,
    assignment: AssignmentId,
    request: RequestId,
) -> Result<(), ServiceError> {
    let mut grants: BTreeSet<GrantId> = plan::linked(tx, [assignment])?
        .into_iter()
        .map(|(_, grant)| grant)
        .collect();
    grants.extend(plan::unfinished(tx, assignment)?);
    let unattended = watch::unattended(tx, [assignment])?;
    grants.extend(unattended.into_iter().map(|(_, grant)| grant));
    let grants: Vec<GrantId> = grants.into_iter().collect();
    plan::unlink_all(tx, assignment)?;
    plan::derive_desired(tx, &grants)?;
    let units = grants
        .iter()
        .map(|grant| (request, *grant, Operation::Remove));
    plan::wait_for_all(tx, units)?;
    take_away(tx, moment, haste, &grants)
}

/// Makes removals due for those of these grants that nothing justifies any more; the others are kept. Whoever waits for the
/// removal of one that is kept is done (LG-1), and whoever waits to be given one that is not (L9).
fn take_away(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    haste: Haste,
    grants: &[GrantId],
) -> Result<(), ServiceError> {
    let kept = plan::desired(tx, grants)?;
    let gone: Vec<GrantId> = grants
        .iter()
        .copied()
        .filter(|grant| !kept.contains(grant))
        .collect();
    plan::wake(tx, &gone, haste, moment.now)?;
    plan::keep(tx, grants, moment.now)?;
    Ok(())
}

/// The event of a request that enters delivery (T4, T7, T11, T16).
pub(crate) fn ready_to_fulfill(request: &AssignmentRequest) -> audit::Event {
    audit::success(
        Activity::ReadyToFulfill,
        "AccessPackageAssignmentRequest",
        request.id,
        None,
    )
}
