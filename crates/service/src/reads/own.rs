//! What `filterByCurrentUser` means, collection by collection (semantics 7.4).

use domain::id::{ObjectId, RequestId, StageId};
use domain::model;
use domain::query::{Comparison, Entity, Path, Predicate, Value};
use store::ReadTx;
use store::directory::membership;

use super::offers::{Hidden, SuggestionKinds, requestable};
use super::scope::{path, walk};
use crate::error::ServiceError;

/// In which way something is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnRelation {
    /// The caller is the target.
    Target,
    /// The caller sent the request.
    CreatedBy,
    /// The caller is the target or the requestor.
    TargetOrRequestor,
    /// The caller is the target's manager.
    TargetManager,
    /// The caller asked for somebody else.
    RequestForOthers,
    /// The caller's decision is waited for.
    Approver,
    /// The caller sponsors or owns the agent that is the target. Reeve keeps no agents, so this is nothing.
    SponsorOrOwner,
}

/// Every option of any collection.
const OPTIONS: &[&str] = &[
    "allowedRequestor",
    "target",
    "createdBy",
    "approver",
    "targetOrRequestor",
    "targetManager",
    "requestForOthers",
    "targetAgentIdentitySponsorOrOwner",
    "principal",
    "none",
    "relatedPeopleAssignments",
    "assignmentHistory",
];

/// One option of one collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Packages that the caller may request now.
    Requestable,
    /// Assignments.
    Assignments(OwnRelation),
    /// Requests.
    Requests(OwnRelation),
    /// Approvals that wait for the caller.
    Approvals,
    /// Roles that the caller holds, or requests for them: as themselves, or as a member of a group.
    Roles(&'static Entity),
    /// Requests for roles that the caller sent.
    RoleRequests(&'static Entity),
    /// What there is none of: approvals of requests for roles.
    Nothing,
    /// Packages that the caller might want.
    Suggestions(SuggestionKinds),
    /// Roles that were delivered to the caller (beta `My()`).
    DeliveredRoles,
}

impl Own {
    /// The option that the words of the wire name, in any case (AZ-30).
    pub fn named(entity: &'static Entity, on: &str) -> Option<Self> {
        use OwnRelation as R;
        let on = on.to_ascii_lowercase();
        match (entity.name, on.as_str()) {
            ("access_package", "allowedrequestor") => Some(Self::Requestable),
            ("assignment", "target") => Some(Self::Assignments(R::Target)),
            ("assignment", "createdby") => Some(Self::Assignments(R::CreatedBy)),
            ("assignment", "targetmanager") => Some(Self::Assignments(R::TargetManager)),
            ("assignment", "targetagentidentitysponsororowner") => {
                Some(Self::Assignments(R::SponsorOrOwner))
            }
            ("assignment_request", "target") => Some(Self::Requests(R::Target)),
            ("assignment_request", "createdby") => Some(Self::Requests(R::CreatedBy)),
            ("assignment_request", "approver") => Some(Self::Requests(R::Approver)),
            ("assignment_request", "targetorrequestor") => {
                Some(Self::Requests(R::TargetOrRequestor))
            }
            ("assignment_request", "targetmanager") => Some(Self::Requests(R::TargetManager)),
            ("assignment_request", "requestforothers") => Some(Self::Requests(R::RequestForOthers)),
            ("assignment_request", "targetagentidentitysponsororowner") => {
                Some(Self::Requests(R::SponsorOrOwner))
            }
            ("approval", "approver") => Some(Self::Approvals),
            (
                "role_assignment_schedule"
                | "role_assignment_schedule_instance"
                | "role_assignment_schedule_request"
                | "role_eligibility_schedule"
                | "role_eligibility_schedule_instance"
                | "role_eligibility_schedule_request",
                "principal",
            ) => Some(Self::Roles(entity)),
            (
                "role_assignment_schedule_request" | "role_eligibility_schedule_request",
                "createdby",
            ) => Some(Self::RoleRequests(entity)),
            (
                "role_assignment_schedule_request" | "role_eligibility_schedule_request",
                "approver",
            )
            | ("role_assignment_approval", "target" | "createdby" | "approver") => {
                Some(Self::Nothing)
            }
            ("access_package_suggestion", kinds) => {
                SuggestionKinds::named(kinds).map(Self::Suggestions)
            }
            _ => None,
        }
    }

    /// The options of a collection, as the wire spells them.
    pub fn options(entity: &'static Entity) -> impl Iterator<Item = &'static str> {
        let options = OPTIONS.iter().copied();
        options.filter(move |option| Self::named(entity, option).is_some())
    }

    pub(super) fn needs_decisions(self) -> bool {
        matches!(
            self,
            Self::Approvals | Self::Requests(OwnRelation::Approver)
        )
    }
}

/// The rows that are the user's in this way.
pub(super) fn predicate(
    tx: &mut ReadTx<'_>,
    own: Own,
    user: ObjectId,
    waiting: &[(RequestId, StageId)],
) -> Result<Predicate, ServiceError> {
    match own {
        Own::Requestable => {
            let packages = requestable(tx, user, Hidden::Left)?;
            ids(
                &model::ACCESS_PACKAGE,
                packages.iter().map(ToString::to_string),
            )
        }
        // Worked out beside the predicate, as the reasons come with them.
        Own::Suggestions(_) | Own::Nothing => Ok(Predicate::False),
        Own::DeliveredRoles => Ok(Predicate::Compare {
            path: path(&model::LEDGER, &["subject"], "object_id")?,
            comparison: Comparison::Eq,
            value: Value::Text(user.to_string()),
        }),
        Own::Assignments(relation) => related(tx, &model::ASSIGNMENT, relation, user, waiting),
        Own::Requests(relation) => related(tx, &model::ASSIGNMENT_REQUEST, relation, user, waiting),
        Own::Approvals => ids(
            &model::APPROVAL,
            waiting.iter().map(|(id, _)| id.to_string()),
        ),
        Own::Roles(entity) => {
            let mut holders = membership::transitive_groups_of(tx, user)?;
            holders.push(user);
            let values = holders
                .iter()
                .map(|id| Value::Text(id.to_string()))
                .collect();
            Ok(Predicate::In {
                path: path(entity, &[], "principal_id")?,
                values,
            })
        }
        Own::RoleRequests(entity) => Ok(Predicate::Compare {
            path: path(entity, &[], "created_by")?,
            comparison: Comparison::Eq,
            value: Value::Text(user.to_string()),
        }),
    }
}

fn related(
    tx: &mut ReadTx<'_>,
    entity: &'static Entity,
    relation: OwnRelation,
    user: ObjectId,
    waiting: &[(RequestId, StageId)],
) -> Result<Predicate, ServiceError> {
    // The subject is looked up first, so that the rows are found by its id.
    let subject = store::subject::find_by_object(tx, user)?.map(|subject| subject.id);
    let is_subject = |field: &str| -> Result<Predicate, ServiceError> {
        Ok(match subject {
            Some(subject) => equals(path(entity, &[], field)?, &Value::Text(subject.to_string())),
            None => Predicate::False,
        })
    };
    let user = Value::Text(user.to_string());
    Ok(match relation {
        OwnRelation::Target => is_subject("target_id")?,
        OwnRelation::CreatedBy => created_by(entity, &user)?,
        OwnRelation::TargetOrRequestor => is_subject("target_id")?.or(is_subject("requestor_id")?),
        OwnRelation::TargetManager => {
            equals(path(entity, &["target", "user"], "manager_id")?, &user)
        }
        OwnRelation::RequestForOthers => {
            let for_oneself = is_subject("target_id")?;
            created_by(entity, &user)?.and(Predicate::Not(Box::new(for_oneself)))
        }
        OwnRelation::Approver => ids(entity, waiting.iter().map(|(id, _)| id.to_string()))?,
        OwnRelation::SponsorOrOwner => Predicate::False,
    })
}

fn equals(path: Path, value: &Value) -> Predicate {
    Predicate::Compare {
        path,
        comparison: Comparison::Eq,
        value: value.clone(),
    }
}

/// Requests that the user sent, or assignments that such a request made.
fn created_by(entity: &'static Entity, user: &Value) -> Result<Predicate, ServiceError> {
    let requests: &'static Entity = &model::ASSIGNMENT_REQUEST;
    let by_user = Predicate::Compare {
        path: path(requests, &[], "created_by")?,
        comparison: Comparison::Eq,
        value: user.clone(),
    };
    if entity == requests {
        return Ok(by_user);
    }
    let hops = walk(entity, &["assignment_requests"])?;
    Ok(Predicate::Exists {
        hops,
        inner: Box::new(by_user),
    })
}

fn ids(
    entity: &'static Entity,
    ids: impl IntoIterator<Item = String>,
) -> Result<Predicate, ServiceError> {
    let values = ids.into_iter().map(Value::Text).collect();
    Ok(Predicate::In {
        path: path(entity, &[], "id")?,
        values,
    })
}
