//! Accepting calls: those that wait at the same time are judged one after the other and written in a few statements.
//!
//! **Invariant:** each call is judged as if those before it were stored, under its caller's rights alone, and a refused one
//! leaves nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use auth::roles::Action;
use domain::assignment_request::AssignmentRequest;
use domain::id::{AccessPackageId, AssignmentId, RequestId};
use store::{Together, WriteTx};

use super::begin::Begun;
use super::facts::Facts;
use super::judge;
use super::rate::Rate;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::replay::Replays;
use crate::settings::Settings;
use crate::{audit, authorize};

const REQUEST: &str = "reprocessRequest";
const ASSIGNMENT: &str = "reprocessAssignment";
/// What counts against the tenant's own limit (RP-53).
pub(super) const OPERATIONS: [&str; 2] = [REQUEST, ASSIGNMENT];

/// Calls that are accepted at once at most.
const AT_ONCE: usize = 256;

/// How calls that wait at the same time are accepted.
pub type Calls = Together<Call, (), ServiceError>;

/// A call that waits.
#[derive(Debug)]
pub struct Call {
    pub(super) wanted: Wanted,
    pub(super) moment: Moment,
    pub(super) ctx: Ctx,
    pub(super) settings: Arc<Settings>,
}

/// What a caller wants to be reprocessed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// The delivery of a request, that of this assignment if the path named one.
    Request {
        id: RequestId,
        of_assignment: Option<AssignmentId>,
    },
    /// An assignment.
    Assignment { id: AssignmentId },
}

impl Wanted {
    fn operation(self) -> (&'static str, String) {
        match self {
            Self::Request { id, .. } => (REQUEST, id.to_string()),
            Self::Assignment { id } => (ASSIGNMENT, id.to_string()),
        }
    }
}

/// Nobody calls so far.
pub fn calls() -> Calls {
    Together::new(AT_ONCE, accept)
}

fn accept(
    tx: &mut WriteTx<'_>,
    calls: &[Call],
) -> Result<Vec<Result<(), ServiceError>>, ServiceError> {
    let Some(first) = calls.first() else {
        return Ok(Vec::new());
    };
    // All of one process.
    let settings = &first.settings;
    let mut requests = BTreeSet::new();
    let mut assignments = BTreeSet::new();
    for call in calls {
        match call.wanted {
            Wanted::Request { id, .. } => drop(requests.insert(id)),
            Wanted::Assignment { id } => drop(assignments.insert(id)),
        }
    }
    let mut batch = Batch {
        settings,
        facts: Facts::of(tx, &first.moment, requests, assignments)?,
        replays: Replays::of(tx, calls.iter().map(|call| (&call.moment, &call.ctx)))?,
        rate: Rate::new(settings.reprocess_per_minute),
        begun: Begun::default(),
        events: audit::Events::default(),
    };
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        answers.push(match batch.accept(tx, call) {
            // What the database says is about all of them.
            Err(
                error @ (ServiceError::Internal(_)
                | ServiceError::Unavailable { .. }
                | ServiceError::Undecided { .. }
                | ServiceError::Full),
            ) => return Err(error),
            judged => judged,
        });
    }
    batch.store(tx)?;
    Ok(answers)
}

/// Calls on their way to be accepted.
struct Batch<'s> {
    settings: &'s Settings,
    facts: Facts,
    replays: Replays,
    rate: Rate,
    begun: Begun,
    events: audit::Events,
}

impl Batch<'_> {
    fn accept(&mut self, tx: &mut WriteTx<'_>, call: &Call) -> Result<(), ServiceError> {
        let (moment, ctx) = (&call.moment, &call.ctx);
        let (operation, object) = call.wanted.operation();
        match call.wanted {
            Wanted::Request { id, of_assignment } => {
                let request = self.known_request(ctx, id, of_assignment)?;
                if self.replays.was_accepted(moment, ctx, operation, &object) {
                    return Ok(());
                }
                let window = self.settings.reprocess_request_window;
                judge::request(&self.facts, moment, window, &request)?;
                self.rate.admit(tx, moment)?;
                self.begun.request(&mut self.facts, moment, id)?;
            }
            Wanted::Assignment { id } => {
                self.known_assignment(ctx, id)?;
                if self.replays.was_accepted(moment, ctx, operation, &object) {
                    return Ok(());
                }
                let window = self.settings.reprocess_request_window;
                judge::assignment(&self.facts, moment, window, id)?;
                self.rate.admit(tx, moment)?;
                self.begun.assignment(&mut self.facts, moment, id)?;
            }
        }
        self.rate.spend(moment);
        let events = std::mem::take(&mut self.begun.events);
        self.events.add(tx, moment, ctx, events)?;
        self.replays
            .remember(moment, ctx, operation, object, self.rate.is_limited());
        Ok(())
    }

    /// The request, if the caller may reprocess it.
    fn known_request(
        &self,
        ctx: &Ctx,
        id: RequestId,
        of_assignment: Option<AssignmentId>,
    ) -> Result<AssignmentRequest, ServiceError> {
        let unknown = || ServiceError::not_found("assignment request", id);
        let request = self.facts.requests.get(&id).ok_or_else(unknown)?;
        if of_assignment.is_some_and(|assignment| request.assignment_id != Some(assignment)) {
            return Err(unknown());
        }
        may_reprocess(&self.facts, ctx, request.access_package_id, unknown)?;
        Ok(request.clone())
    }

    /// Whether there is such an assignment, and the caller may reprocess it.
    fn known_assignment(&self, ctx: &Ctx, id: AssignmentId) -> Result<(), ServiceError> {
        let unknown = || ServiceError::not_found("assignment", id);
        let found = self.facts.assignments.get(&id).ok_or_else(unknown)?;
        may_reprocess(&self.facts, ctx, found.access_package_id, unknown)
    }

    /// Writes what was begun with its events; the engine plans it.
    fn store(self, tx: &mut WriteTx<'_>) -> Result<(), ServiceError> {
        self.begun.store(tx)?;
        self.events.store(tx)?;
        self.replays.store(tx)?;
        Ok(())
    }
}

/// Whether the caller may reprocess what is about this package.
pub(super) fn may_reprocess(
    facts: &Facts,
    ctx: &Ctx,
    package: AccessPackageId,
    unknown: impl Fn() -> ServiceError,
) -> Result<(), ServiceError> {
    let catalog = facts.catalog_of(package).ok_or_else(&unknown)?;
    authorize::in_catalog_known_by(
        ctx,
        Action::Reprocess,
        Action::ReadRequests,
        catalog,
        unknown,
    )
}
