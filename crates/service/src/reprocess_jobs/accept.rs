//! Judging a chunk of objects and beginning those that are accepted, in memory: to plan, that is all; to run, it is
//! written.

use std::collections::{BTreeMap, BTreeSet};

use domain::assignment_request::Purpose;
use domain::id::{AssignmentId, RequestId, SubjectId};
use domain::reprocess_job::Collection;
use domain::time::Duration;
use store::ReadTx;

use super::forecast::Wish;
use super::rights::Rights;
use super::told;
use crate::ctx::Moment;
use crate::error::ServiceError;
use crate::reprocess::begin::Begun;
use crate::reprocess::facts::Facts;
use crate::reprocess::judge;

/// What came of one object.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its id.
    pub(super) object_id: String,
    /// Whom it is about, if it is there and may be seen.
    pub(super) subject: Option<SubjectId>,
    /// The request that delivers it and what is to happen to which assignment, or a code and a sentence.
    pub(super) result: Result<(RequestId, Option<Wish>), (String, String)>,
}

/// A chunk that was judged.
#[derive(Debug)]
pub(super) struct Accepted {
    /// One for each object, in their order.
    pub(super) outcomes: Vec<Outcome>,
    /// What has to be written.
    pub(super) begun: Begun,
}

impl Accepted {
    /// What is to happen to which assignments.
    pub(super) fn wishes(&self) -> Vec<Wish> {
        let accepted = self.outcomes.iter();
        accepted
            .filter_map(|outcome| outcome.result.as_ref().ok()?.1)
            .collect()
    }

    /// How many are refused, by code.
    pub(super) fn refusals(&self) -> BTreeMap<String, i64> {
        let mut codes = BTreeMap::new();
        for outcome in &self.outcomes {
            if let Err((code, _)) = &outcome.result {
                *codes.entry(code.clone()).or_default() += 1;
            }
        }
        codes
    }
}

/// Judges objects of a collection one after the other, each as if those before it were begun.
pub(super) fn accept(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    window: Duration,
    rights: &Rights,
    collection: Collection,
    objects: Vec<String>,
) -> Result<Accepted, ServiceError> {
    match collection {
        Collection::Assignments => assignments(tx, moment, window, rights, objects),
        Collection::AssignmentRequests => requests(tx, moment, window, rights, objects),
    }
}

fn assignments(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    window: Duration,
    rights: &Rights,
    objects: Vec<String>,
) -> Result<Accepted, ServiceError> {
    let ids: BTreeSet<AssignmentId> = objects.iter().filter_map(|id| id.parse().ok()).collect();
    let mut facts = Facts::of(tx, moment, BTreeSet::new(), ids)?;
    let mut begun = Begun::default();
    let mut one = |object: &str| -> (Option<SubjectId>, Result<_, ServiceError>) {
        let unknown = || ServiceError::not_found("assignment", object);
        let known = object
            .parse()
            .ok()
            .and_then(|id| facts.assignments.get(&id).cloned());
        let Some(found) = known else {
            return (None, Err(unknown()));
        };
        let seen = match facts.catalog_of(found.access_package_id) {
            Some(catalog) => rights.check(catalog, unknown),
            None => Err(unknown()),
        };
        let result = seen
            .and_then(|()| judge::assignment(&facts, moment, window, found.id))
            .and_then(|()| begun.assignment(&mut facts, moment, found.id))
            .map(|request| (request, Some((found.id, Purpose::Enforce))));
        (Some(found.target_id), result)
    };
    let outcomes = all(objects, &mut one)?;
    Ok(Accepted { outcomes, begun })
}

fn requests(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    window: Duration,
    rights: &Rights,
    objects: Vec<String>,
) -> Result<Accepted, ServiceError> {
    let ids: BTreeSet<RequestId> = objects.iter().filter_map(|id| id.parse().ok()).collect();
    let mut facts = Facts::of(tx, moment, ids, BTreeSet::new())?;
    let mut begun = Begun::default();
    let mut one = |object: &str| -> (Option<SubjectId>, Result<_, ServiceError>) {
        let unknown = || ServiceError::not_found("assignment request", object);
        let known = object
            .parse()
            .ok()
            .and_then(|id| facts.requests.get(&id).cloned());
        let Some(found) = known else {
            return (None, Err(unknown()));
        };
        let seen = match facts.catalog_of(found.access_package_id) {
            Some(catalog) => rights.check(catalog, unknown),
            None => Err(unknown()),
        };
        let purpose = found.request_type.purpose();
        let result = seen
            .and_then(|()| judge::request(&facts, moment, window, &found))
            .and_then(|()| begun.request(&mut facts, moment, found.id))
            .map(|request| (request, found.assignment_id.map(|id| (id, purpose))));
        (Some(found.target_id), result)
    };
    let outcomes = all(objects, &mut one)?;
    Ok(Accepted { outcomes, begun })
}

/// What one object comes to.
type Judged = (
    Option<SubjectId>,
    Result<(RequestId, Option<Wish>), ServiceError>,
);

fn all(
    objects: Vec<String>,
    one: &mut dyn FnMut(&str) -> Judged,
) -> Result<Vec<Outcome>, ServiceError> {
    objects
        .into_iter()
        .map(|object_id| {
            let (subject, result) = one(&object_id);
            let result = match result {
                Ok(accepted) => Ok(accepted),
                Err(error) => Err(told(error)?),
            };
            // Of what may not be seen, nobody is told whom it is about.
            let hidden = matches!(&result, Err((code, _)) if code == "ResourceNotFound");
            Ok(Outcome {
                object_id,
                subject: subject.filter(|_| !hidden),
                result,
            })
        })
        .collect()
}
