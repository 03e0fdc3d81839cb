//! What follows once a reprocess is accepted: the request goes back to delivery, and the assignment with it.
//!
//! Everything is worked out in memory first and written for all accepted calls at once.

use std::collections::{BTreeMap, BTreeSet};

use domain::activity::Activity;
use domain::assignment::{self, Assignment};
use domain::assignment_request::{AssignmentRequest, Event, Purpose};
use domain::id::{AssignmentId, RequestId};
use store::WriteTx;

use super::facts::Facts;
use crate::audit;
use crate::ctx::Moment;
use crate::error::{Code, ServiceError};
use crate::{planning, rollup};

/// Accepted calls that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// Requests that are tried again.
    retried: Vec<AssignmentRequest>,
    /// Requests that track the enforcement of assignments (RP-24).
    tracking: Vec<AssignmentRequest>,
    assignments: Vec<Assignment>,
    /// What the audit log shows of it (RP-50).
    pub(crate) events: Vec<audit::Event>,
}

impl Begun {
    /// Tries a request again that was judged; answers where it stands now.
    pub(crate) fn request(
        &mut self,
        facts: &mut Facts,
        moment: &Moment,
        id: RequestId,
    ) -> Result<RequestId, ServiceError> {
        let Some(mut request) = facts.requests.get(&id).cloned() else {
            return Err(ServiceError::not_found("assignment request", id));
        };
        request
            .take(Event::Reprocessed, moment.now)
            .map_err(ServiceError::internal)?;
        request.failure = None;
        let assignment = deliver_again(facts, moment, &request)?;
        facts.begun(&request, assignment.as_ref());
        self.events.push(
            audit::success(
                Activity::UpdateRequest,
                "AccessPackageAssignmentRequest",
                id,
                None,
            )
            .with("operation", "reprocess"),
        );
        self.events.push(planning::ready_to_fulfill(&request));
        self.assignments.extend(assignment);
        self.retried.push(request);
        Ok(id)
    }

    /// Enforces an assignment again that was judged; answers the request that tracks it.
    pub(crate) fn assignment(
        &mut self,
        facts: &mut Facts,
        moment: &Moment,
        id: AssignmentId,
    ) -> Result<RequestId, ServiceError> {
        let Some(mut assignment) = facts.assignments.get(&id).cloned() else {
            return Err(ServiceError::not_found("assignment", id));
        };
        assignment
            .take(assignment::Event::Reprocessed, moment.now)
            .map_err(ServiceError::internal)?;
        let mut request = rollup::tracking_request(moment, &assignment);
        request
            .take(Event::Started, moment.now)
            .map_err(ServiceError::internal)?;
        facts.begun(&request, Some(&assignment));
        self.events.push(audit::success(
            crate::assignment_requests::creation_activity(
                request.request_type,
                request.is_extension,
            ),
            "AccessPackageAssignmentRequest",
            request.id,
            None,
        ));
        self.events.push(planning::ready_to_fulfill(&request));
        let tracking = request.id;
        self.assignments.push(assignment);
        self.tracking.push(request);
        Ok(tracking)
    }

    /// The requests that are to track the enforcement of assignments.
    pub(crate) fn tracking(&self) -> &[AssignmentRequest] {
        &self.tracking
    }

    /// Splits off the enforcement of these assignments: they, as they are stored but for their move to delivery, and the
    /// requests that track them. Their events stay.
    pub(crate) fn split_off(
        &mut self,
        assignments: &BTreeSet<AssignmentId>,
    ) -> Vec<(Assignment, AssignmentRequest)> {
        let tracks = |request: &AssignmentRequest| {
            request
                .assignment_id
                .is_some_and(|id| assignments.contains(&id))
        };
        let (split, tracking): (Vec<_>, Vec<_>) = std::mem::take(&mut self.tracking)
            .into_iter()
            .partition(tracks);
        let mut requests: BTreeMap<AssignmentId, AssignmentRequest> = split
            .into_iter()
            .filter_map(|request| Some((request.assignment_id?, request)))
            .collect();
        let mut pairs = Vec::with_capacity(requests.len());
        let mut others = Vec::new();
        for assignment in std::mem::take(&mut self.assignments) {
            match requests.remove(&assignment.id) {
                Some(request) => pairs.push((assignment, request)),
                None => others.push(assignment),
            }
        }
        self.assignments = others;
        self.tracking = tracking;
        pairs
    }

    /// Writes everything but the events, and answers the requests that are to be planned, as they are stored.
    pub(crate) fn store(
        self,
        tx: &mut WriteTx<'_>,
    ) -> Result<(Vec<AssignmentRequest>, Vec<audit::Event>), store::Error> {
        if !self.assignments.is_empty() {
            store::assignment::move_all(tx, &self.assignments)?;
        }
        if !self.tracking.is_empty() {
            store::assignment_request::insert_all(tx, &self.tracking)?;
        }
        let mut retried = self.retried;
        if !retried.is_empty() {
            store::assignment_request::move_all(tx, &retried)?;
            for request in &mut retried {
                request.version += 1;
            }
        }
        retried.extend(self.tracking);
        Ok((retried, self.events))
    }
}

/// The assignment of a request that is tried again goes back to delivering (A3), to be there again or to go at last.
fn deliver_again(
    facts: &Facts,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<Option<Assignment>, ServiceError> {
    let known = request
        .assignment_id
        .and_then(|id| facts.assignments.get(&id));
    let Some(mut assignment) = known.cloned() else {
        return Ok(None);
    };
    let live = facts.live(assignment.target_id, assignment.access_package_id);
    let event = match request.request_type.purpose() {
        // OM-3: beside another one it goes without being live again.
        Purpose::Remove if live.is_some_and(|live| live != assignment.id) => return Ok(None),
        Purpose::Remove => assignment::Event::RemovalStarted,
        Purpose::Add | Purpose::Update | Purpose::Enforce => assignment::Event::Reprocessed,
    };
    if assignment.take(event, moment.now).is_err() {
        return Err(ServiceError::refused(
            Code::InvalidAssignmentState,
            format!("the assignment of the request is {}", assignment.state),
        ));
    }
    Ok(Some(assignment))
}
