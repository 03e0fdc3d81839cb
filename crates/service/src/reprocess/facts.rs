//! What judging reprocess calls needs to know, read for one call or for many at once.
//!
//! **Invariant:** whatever was begun is noted here at once, so that the next of the same batch is judged as if it came
//! after it.

use std::collections::{BTreeMap, BTreeSet};

use domain::assignment::{Assignment, State as AssignmentState};
use domain::assignment_request::AssignmentRequest;
use domain::id::{AccessPackageId, AssignmentId, CatalogId, RequestId, SubjectId};
use domain::time::{Duration, Timestamp};
use store::ReadTx;
use store::reprocess_job::facts;

use crate::ctx::Moment;
use crate::error::ServiceError;
use crate::guards;

/// For whom, and which package: at most one live assignment and one open request (OM-3, RQ-8).
type Pair = (SubjectId, AccessPackageId);

/// What is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The requests that are asked for.
    pub(crate) requests: BTreeMap<RequestId, AssignmentRequest>,
    /// The assignments that are asked for, or that the requests are about.
    pub(crate) assignments: BTreeMap<AssignmentId, Assignment>,
    catalogs: BTreeMap<AccessPackageId, CatalogId>,
    open: BTreeMap<Pair, RequestId>,
    open_of: BTreeMap<AssignmentId, RequestId>,
    live: BTreeMap<Pair, AssignmentId>,
    present: BTreeSet<SubjectId>,
    /// Of assignments that are not whole: when requests about them failed first.
    failed: BTreeMap<AssignmentId, Vec<Timestamp>>,
    /// Whose failed assignment does not go with what they hold by now (SD-1).
    blocked: BTreeMap<AssignmentId, &'static str>,
}

impl Facts {
    /// About these requests and these assignments.
    pub(crate) fn of(
        tx: &mut ReadTx<'_>,
        moment: &Moment,
        requests: BTreeSet<RequestId>,
        assignments: BTreeSet<AssignmentId>,
    ) -> Result<Self, ServiceError> {
        let requests = if requests.is_empty() {
            Vec::new()
        } else {
            store::assignment_request::find_all(tx, requests)?
        };
        let about = requests.iter().filter_map(|request| request.assignment_id);
        let wanted: BTreeSet<AssignmentId> = assignments.iter().copied().chain(about).collect();
        let asked = assignments;
        let assignments = if wanted.is_empty() {
            Vec::new()
        } else {
            store::assignment::find_all(tx, wanted)?
        };
        let retried = requests
            .iter()
            .map(|request| (request.target_id, request.access_package_id));
        let enforced = assignments
            .iter()
            .map(|assignment| (assignment.target_id, assignment.access_package_id));
        let mut all = Self::around(tx, retried.clone().chain(enforced).collect())?;
        if !requests.is_empty() {
            all.add_standing(tx, retried.map(|(target, _)| target).collect())?;
        }
        let enforced: Vec<&Assignment> = assignments
            .iter()
            .filter(|one| asked.contains(&one.id))
            .collect();
        all.look_at_failures(tx, moment, &enforced)?;
        all.requests = requests.into_iter().map(|one| (one.id, one)).collect();
        all.assignments = assignments.into_iter().map(|one| (one.id, one)).collect();
        Ok(all)
    }

    /// What only matters of assignments that are not whole, and those are few.
    fn look_at_failures(
        &mut self,
        tx: &mut ReadTx<'_>,
        moment: &Moment,
        assignments: &[&Assignment],
    ) -> Result<(), ServiceError> {
        use AssignmentState as S;
        let broken: Vec<&Assignment> = assignments
            .iter()
            .copied()
            .filter(|one| matches!(one.state, S::PartiallyDelivered | S::DeliveryFailed))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        self.add_standing(tx, broken.iter().map(|one| one.target_id).collect())?;
        for (assignment, since) in facts::failed(tx, broken.iter().map(|one| one.id))? {
            self.failed.entry(assignment).or_default().push(since);
        }
        for one in broken {
            // RP-7: whoever holds part of the package is in already.
            if one.state != S::DeliveryFailed {
                continue;
            }
            let object = guards::target_object(tx, one.target_id)?;
            let (package, target) = (one.access_package_id, Some(one.target_id));
            if let Some(blocker) = guards::incompatible(tx, moment, package, target, object)? {
                self.blocked.insert(one.id, blocker.unnamed());
            }
        }
        Ok(())
    }

    fn around(tx: &mut ReadTx<'_>, pairs: BTreeSet<Pair>) -> Result<Self, store::Error> {
        if pairs.is_empty() {
            return Ok(Self::default());
        }
        let targets: BTreeSet<SubjectId> = pairs.iter().map(|(target, _)| *target).collect();
        let packages: BTreeSet<AccessPackageId> =
            pairs.iter().map(|(_, package)| *package).collect();
        let mut all = Self {
            catalogs: facts::catalogs(tx, packages)?.into_iter().collect(),
            ..Self::default()
        };
        for open in facts::open(tx, targets)? {
            all.open
                .insert((open.target_id, open.access_package_id), open.id);
            if let Some(assignment) = open.assignment_id {
                all.open_of.insert(assignment, open.id);
            }
        }
        Ok(all)
    }

    /// What only a request is judged by: whether its target is there, and what the target has by now (RP-11).
    fn add_standing(
        &mut self,
        tx: &mut ReadTx<'_>,
        targets: BTreeSet<SubjectId>,
    ) -> Result<(), store::Error> {
        let present = facts::present(tx, targets.iter().copied())?;
        self.present.extend(present);
        for (target, package, assignment) in facts::live(tx, targets)? {
            self.live.insert((target, package), assignment);
        }
        Ok(())
    }

    /// The catalog of a package.
    pub(crate) fn catalog_of(&self, package: AccessPackageId) -> Option<CatalogId> {
        self.catalogs.get(&package).copied()
    }

    /// The open request of somebody for a package.
    pub(crate) fn open(&self, target: SubjectId, package: AccessPackageId) -> Option<RequestId> {
        self.open.get(&(target, package)).copied()
    }

    /// The open request about an assignment.
    pub(crate) fn open_of(&self, assignment: AssignmentId) -> Option<RequestId> {
        self.open_of.get(&assignment).copied()
    }

    /// The live assignment of a package to somebody.
    pub(crate) fn live(&self, target: SubjectId, package: AccessPackageId) -> Option<AssignmentId> {
        self.live.get(&(target, package)).copied()
    }

    /// Whether a request about an assignment failed and can be tried again itself.
    pub(crate) fn has_retryable(
        &self,
        assignment: AssignmentId,
        moment: &Moment,
        window: Duration,
    ) -> bool {
        let failed = self.failed.get(&assignment);
        failed.is_some_and(|all| all.iter().any(|since| moment.now <= since.plus(window)))
    }

    /// What the target of a failed assignment holds by now that does not go with it.
    pub(crate) fn blocker(&self, assignment: AssignmentId) -> Option<&'static str> {
        self.blocked.get(&assignment).copied()
    }

    /// Whether the directory still has somebody.
    pub(crate) fn is_present(&self, target: SubjectId) -> bool {
        self.present.contains(&target)
    }

    /// Takes note of a request that went to delivery, and of where its assignment went.
    pub(crate) fn begun(&mut self, request: &AssignmentRequest, assignment: Option<&Assignment>) {
        let pair = (request.target_id, request.access_package_id);
        self.open.insert(pair, request.id);
        if let Some(assignment) = assignment {
            self.open_of.insert(assignment.id, request.id);
            if assignment.state == AssignmentState::Delivering {
                self.live.insert(pair, assignment.id);
            }
            self.assignments.insert(assignment.id, assignment.clone());
        }
        if let Some(known) = self.requests.get_mut(&request.id) {
            known.clone_from(request);
        }
    }
}
