//! What judging reprocess calls needs to know, read for one call or for many at once.
//!
//! **Invariant:** whatever was begun is noted here at once, so that the next of the same batch is judged as if it came
//! after it.

use std::collections::{BTreeMap, BTreeSet};

use domain::assignment::{Assignment, State as AssignmentState};
use domain::assignment_request::AssignmentRequest;
use domain::id::{AccessPackageId, AssignmentId, CatalogId, RequestId, SubjectId};
use store::ReadTx;
use store::reprocess_job::facts;

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
}

impl Facts {
    /// About these requests and these assignments.
    pub(crate) fn of(
        tx: &mut ReadTx<'_>,
        requests: BTreeSet<RequestId>,
        assignments: BTreeSet<AssignmentId>,
    ) -> Result<Self, store::Error> {
        let requests = if requests.is_empty() {
            Vec::new()
        } else {
            store::assignment_request::find_all(tx, requests)?
        };
        let about = requests.iter().filter_map(|request| request.assignment_id);
        let wanted: BTreeSet<AssignmentId> = assignments.into_iter().chain(about).collect();
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
        all.requests = requests.into_iter().map(|one| (one.id, one)).collect();
        all.assignments = assignments.into_iter().map(|one| (one.id, one)).collect();
        Ok(all)
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
