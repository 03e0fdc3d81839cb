//! Items that end where they begin: the built-in directory is in the same database, so that the transaction that begins an
//! item can also look whether all of it is there. Where it is, nothing has to wait for the engine.
//!
//! **Invariant:** what is written is what a single call leaves once it is delivered: the same moves of request and
//! assignment, the same units, the same events. Whatever is not plainly so goes the long way.

use std::collections::{BTreeMap, BTreeSet};

use domain::assignment::{Assignment, Event as AssignmentEvent};
use domain::assignment_request::{AssignmentRequest, Event};
use domain::fault::Place;
use domain::id::{AssignmentId, GrantId, PolicyId, RequestId};
use domain::ledger::Operation;
use store::ledger::plan;
use store::reprocess_job::steady::standing;
use store::reprocess_job::tally::TargetTally;
use store::{ReadTx, WriteTx, custom_extension, injected_fault, target_switch, user_attribute};

use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::{audit, deliveries, rollup};

/// The target that is this database.
pub(super) const DIRECTORY: &str = "directory";

/// How often a request changes on its way: it is planned, and it ends.
const MOVES_OF_A_REQUEST: i64 = 2;

/// An assignment that is enforced, and the request that tracks it.
pub(super) type Pair = (Assignment, AssignmentRequest);

/// Those of the assignments to which nothing is to be changed that are found as they shall be, and to whose delivery neither
/// a guard (RQ-15) nor an extension has anything to say.
pub(super) fn found(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    tracking: &[AssignmentRequest],
    steady: &BTreeMap<AssignmentId, Vec<GrantId>>,
) -> Result<BTreeSet<AssignmentId>, store::Error> {
    if steady.is_empty() || is_held(tx)? {
        return Ok(BTreeSet::new());
    }
    let there = standing(tx, steady.keys().copied())?;
    let there: BTreeSet<(AssignmentId, GrantId)> = there.into_iter().collect();
    let calling: BTreeSet<PolicyId> = custom_extension::policies_at_end(tx)?.into_iter().collect();
    let mut found = BTreeSet::new();
    for request in tracking {
        let Some(assignment) = request.assignment_id else {
            continue;
        };
        let calls = request
            .assignment_policy_id
            .is_some_and(|policy| calling.contains(&policy));
        let has_ended = request.ends_at.is_some_and(|end| end <= moment.now);
        let is_there = steady.get(&assignment).is_some_and(|grants| {
            let mut grants = grants.iter();
            grants.all(|grant| there.contains(&(assignment, *grant)))
        });
        if is_there && !calls && !has_ended {
            found.insert(assignment);
        }
    }
    for concerned in user_attribute::concerned(tx, found.iter().copied())? {
        found.remove(&concerned);
    }
    Ok(found)
}

/// What ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// The requests.
    pub(super) requests: BTreeSet<RequestId>,
    /// The units of work that are done.
    pub(super) units: BTreeMap<String, TargetTally>,
}

/// Whether deliveries to the directory wait, or are made to go wrong.
pub(super) fn is_held(tx: &mut ReadTx<'_>) -> Result<bool, store::Error> {
    let switches = target_switch::list(tx)?;
    let own = switches.iter().find(|switch| switch.target == DIRECTORY);
    if own.is_some_and(|switch| switch.paused) {
        return Ok(true);
    }
    let faults = injected_fault::list(tx)?;
    Ok(faults
        .iter()
        .any(|(fault, _)| matches!(&fault.place, Place::Target(name) if name == DIRECTORY)))
}

/// Ends what was found to be as it shall be.
pub(super) fn end(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    pairs: Vec<Pair>,
    grants: &BTreeMap<AssignmentId, Vec<GrantId>>,
) -> Result<Ended, ServiceError> {
    if pairs.is_empty() {
        return Ok(Ended::default());
    }
    let mut assignments = Vec::with_capacity(pairs.len());
    let mut requests = Vec::with_capacity(pairs.len());
    let mut units = Vec::new();
    for (mut assignment, mut request) in pairs {
        assignment
            .take(AssignmentEvent::AllDelivered, moment.now)
            .map_err(ServiceError::internal)?;
        request
            .take(Event::AllDelivered, moment.now)
            .map_err(ServiceError::internal)?;
        request.version += MOVES_OF_A_REQUEST;
        let own = grants.get(&assignment.id).into_iter().flatten();
        units.extend(own.map(|grant| (request.id, *grant)));
        assignments.push(assignment);
        requests.push(request);
    }
    store::assignment::enforce_all(tx, &assignments)?;
    store::assignment_request::insert_all(tx, &requests)?;
    plan::seen(tx, &units, moment.now)?;
    let seen: BTreeSet<GrantId> = units.iter().map(|(_, grant)| *grant).collect();
    let events = seen
        .into_iter()
        .map(|grant| deliveries::fulfilled(Operation::Add, grant))
        .chain(requests.iter().map(rollup::completion))
        .collect();
    audit::record_by(tx, moment, ctx, events)?;
    let done = TargetTally {
        done: i64::try_from(units.len()).unwrap_or(i64::MAX),
        ..TargetTally::default()
    };
    Ok(Ended {
        requests: requests.into_iter().map(|request| request.id).collect(),
        units: BTreeMap::from([(DIRECTORY.to_owned(), done)]),
    })
}
