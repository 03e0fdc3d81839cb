//! Adoption: people who have all that a package gives, because somebody gave it to them before, get the assignment that
//! accounts for it.
//!
//! What they have is what the last sweep saw. Each adoption is a direct assignment like any other, with the same checks; the
//! preview is the same with nothing stored.
//!
//! **Invariant:** adoption takes nothing from anybody, and somebody who has only a part of a package is left alone.

use std::collections::BTreeMap;

use auth::roles::Action;
use domain::assignment_request::RequestType;
use domain::id::{AccessPackageId, ObjectId, PolicyId, RequestId};
use domain::policy::RequestedSchedule;
use domain::submission::{Submission, TargetReference};
use domain::time::{Duration, Timestamp};
use store::ReadTx;
use store::sweep::Place;
use store::sweep::extra;

use crate::assignment_requests::submit;
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

/// Most people of one answer.
pub const MOST: i64 = 500;
/// What was seen longer ago is not adopted.
const FRESH_FOR: Duration = Duration::from_days(1);

/// Whom to adopt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The package.
    pub access_package_id: AccessPackageId,
    /// The policy that they get it by.
    pub assignment_policy_id: PolicyId,
    /// Only tell what would happen.
    pub dry_run: bool,
    /// Only people behind this one, by their ids.
    pub after: Option<ObjectId>,
    /// Most people to look at.
    pub limit: i64,
    /// Why, for the requests.
    pub justification: Option<String>,
}

/// Somebody who has something of the package.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub object_id: ObjectId,
    /// What became of them, or would become; an error is what stands against the assignment.
    pub fate: Result<Fate, ServiceError>,
}

/// What became of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They get the assignment, by this request; none while it is only a preview.
    Adopted(Option<RequestId>),
    /// They have the package already.
    Assigned,
    /// They have so many of the package's roles, and not the others.
    Partial(usize),
}

/// What came of an adoption.
#[derive(Debug)]
pub struct Report {
    /// Since when the oldest of what was seen is known.
    pub observed_at: Timestamp,
    /// How many roles the package has.
    pub roles: usize,
    /// Those who have something of it, by their ids.
    pub people: Vec<Person>,
    /// Behind whom to go on; none: that was all.
    pub next: Option<ObjectId>,
}

/// May the caller adopt at all?
pub fn admitted(ctx: &Ctx) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::AdminRequest)
}

/// Adopts people, or tells who would be.
pub async fn adopt(
    service: &Service,
    ctx: &Ctx,
    adoption: Adoption,
) -> Result<Report, ServiceError> {
    admitted(ctx)?;
    let (caller, wanted, now) = (ctx.clone(), adoption.clone(), service.clock.now());
    let seen = service
        .store
        .read(move |tx| look(tx, &caller, &wanted, now))
        .await?;
    let mut people = Vec::new();
    for candidate in seen.candidates {
        let fate = if candidate.is_assigned {
            Ok(Fate::Assigned)
        } else if candidate.roles < seen.roles {
            Ok(Fate::Partial(candidate.roles))
        } else {
            assign(service, ctx, &adoption, candidate.object_id).await
        };
        if let Err(
            error @ (ServiceError::Internal(_)
            | ServiceError::Unavailable { .. }
            | ServiceError::Undecided { .. }
            | ServiceError::Full),
        ) = fate
        {
            return Err(error);
        }
        people.push(Person {
            object_id: candidate.object_id,
            fate,
        });
    }
    Ok(Report {
        observed_at: seen.observed_at,
        roles: seen.roles,
        people,
        next: seen.next,
    })
}

async fn assign(
    service: &Service,
    ctx: &Ctx,
    adoption: &Adoption,
    object_id: ObjectId,
) -> Result<Fate, ServiceError> {
    let submission = Submission {
        request_type: RequestType::AdminAdd,
        is_extension: false,
        access_package_id: Some(adoption.access_package_id),
        assignment_policy_id: Some(adoption.assignment_policy_id),
        assignment_id: None,
        target: Some(TargetReference::Id(object_id)),
        schedule: RequestedSchedule::default(),
        schedule_document: "null".to_owned(),
        answers: Vec::new(),
        answers_document: "[]".to_owned(),
        justification: adoption.justification.clone(),
        bypass_approval: Some(true),
        is_validation_only: adoption.dry_run,
    };
    let request = submit(service, ctx, submission).await?;
    Ok(Fate::Adopted((!adoption.dry_run).then_some(request.id)))
}

/// What the last sweeps saw of the package.
struct Seen {
    observed_at: Timestamp,
    roles: usize,
    candidates: Vec<Candidate>,
    next: Option<ObjectId>,
}

struct Candidate {
    object_id: ObjectId,
    roles: usize,
    is_assigned: bool,
}

fn look(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    adoption: &Adoption,
    now: Timestamp,
) -> Result<Seen, ServiceError> {
    let id = adoption.access_package_id;
    let unknown = || ServiceError::not_found("access package", id);
    let package = store::access_package::find(tx, id)?.ok_or_else(unknown)?;
    authorize::in_catalog_known_by(
        ctx,
        Action::AdminRequest,
        Action::ReadCatalogContent,
        package.catalog_id,
        unknown,
    )?;
    let policy = store::assignment_policy::find_policy(tx, adoption.assignment_policy_id)?;
    if policy.is_none_or(|policy| policy.access_package_id != id) {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "assignmentPolicyId",
            "the access package has no such policy",
        ));
    }
    let places = extra::places(tx, id)?;
    if places.is_empty() {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "accessPackageId",
            "the access package gives nothing, so that nobody can have it",
        ));
    }
    let observed_at = observed(tx, &places, now)?;
    let (held, next) = holders(tx, &places, adoption.after, adoption.limit)?;
    let mut candidates = Vec::new();
    for (object_id, roles) in held {
        let subject = store::subject::find_by_object(tx, object_id)?;
        let is_assigned = match subject {
            Some(subject) => store::assignment::find_live(tx, subject.id, id)?.is_some(),
            None => false,
        };
        candidates.push(Candidate {
            object_id,
            roles,
            is_assigned,
        });
    }
    Ok(Seen {
        observed_at,
        roles: places.len(),
        candidates,
        next,
    })
}

/// Since when the oldest of what was seen is known; all of it has to be fresh.
fn observed(
    tx: &mut ReadTx<'_>,
    places: &[Place],
    now: Timestamp,
) -> Result<Timestamp, ServiceError> {
    let mut oldest = now;
    for place in places {
        let read = extra::last_read(tx, place)?;
        match read.filter(|read| read.plus(FRESH_FOR) >= now) {
            Some(read) => oldest = oldest.min(read),
            None => {
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "accessPackageId",
                    format!(
                        "nobody has looked within a day who has the role `{}` of `{}`: sweep its target first",
                        place.role_origin_id, place.resource_origin_id
                    ),
                ));
            }
        }
    }
    Ok(oldest)
}

/// The next people who have something of the package, with how many roles each has.
fn holders(
    tx: &mut ReadTx<'_>,
    places: &[Place],
    after: Option<ObjectId>,
    limit: i64,
) -> Result<(BTreeMap<ObjectId, usize>, Option<ObjectId>), ServiceError> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut held: BTreeMap<ObjectId, usize> = BTreeMap::new();
    let mut bound: Option<ObjectId> = None;
    for place in places {
        let page = extra::holders(tx, place, &after, limit)?;
        // Behind the end of a full page there may be more people with this role.
        if page.len() >= most
            && let Some(last) = page.last().copied()
        {
            bound = Some(bound.map_or(last, |bound| bound.min(last)));
        }
        for id in page {
            *held.entry(id).or_default() += 1;
        }
    }
    if let Some(bound) = bound {
        held.retain(|id, _| *id <= bound);
    }
    if held.len() > most {
        let kept: BTreeMap<ObjectId, usize> = held.into_iter().take(most).collect();
        let next = kept.last_key_value().map(|(id, _)| *id);
        return Ok((kept, next));
    }
    Ok((held, bound))
}
