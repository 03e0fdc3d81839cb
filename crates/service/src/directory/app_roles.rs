//! App roles of applications: one at a time for the API, as sets for the delivery engine.
//!
//! **Invariant:** both go through [`change`], so that what the engine may do and what a client may do is one thing.

use std::collections::BTreeSet;

use auth::directory::DirectoryAction;
use domain::activity::Activity;
use domain::directory::{
    MemberStanding, NewAppRoleAssignment, ObjectKind, ServicePrincipal, judge_grant,
};
use domain::failure::FailureCode;
use domain::id::{AppRoleAssignmentId, AppRoleId, ObjectId};
use domain::resource::OriginSystem;
use store::directory::app_role_assignment::{self, AppRoleAssignment, Role};
use store::directory::{object, service_principal};
use store::ledger::witness;
use store::{Error, WriteTx};

use super::{Operation, Outcome};
use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::drift;
use crate::error::{Code, ServiceError};

/// The end of an app role assignment from which a path looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `servicePrincipals/{id}/appRoleAssignedTo`.
    Resource(ObjectId),
    /// `users/{id}/appRoleAssignments` and the like.
    Principal(ObjectId),
}

/// Grants an app role.
pub async fn grant(
    service: &Service,
    ctx: &Ctx,
    wanted: NewAppRoleAssignment,
) -> Result<AppRoleAssignment, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteAppRoleAssignments)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let NewAppRoleAssignment {
                principal_id,
                resource_id,
                app_role_id,
            } = wanted;
            let role = Role {
                resource_id,
                app_role_id,
            };
            let fresh = moment.id(AppRoleAssignmentId::new);
            let outcome = change(tx, &moment, role, Operation::Add, &[principal_id], |_| {
                fresh
            })?;
            accept_grant(wanted, outcome.first().copied())?;
            let known_as = granted(resource_id, app_role_id);
            drift::noticed(tx, &moment, &known_as, principal_id, true)?;
            let event = success(
                Activity::AddAppRoleAssignment,
                "ServicePrincipal",
                resource_id,
                None,
            )
            .with("principalId", principal_id)
            .with("appRoleId", app_role_id);
            audit::record(tx, &moment, &ctx, event)?;
            app_role_assignment::find(tx, fresh)?
                .ok_or_else(|| ServiceError::not_found("app role assignment", fresh))
        })
        .await
}

/// Takes an app role away.
pub async fn revoke(
    service: &Service,
    ctx: &Ctx,
    side: Side,
    id: AppRoleAssignmentId,
) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteAppRoleAssignments)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let found = app_role_assignment::find(tx, id)?.filter(|found| side.shows(found));
            let gone = found.ok_or_else(|| ServiceError::not_found("app role assignment", id))?;
            app_role_assignment::delete(tx, id)?;
            let known_as = granted(gone.resource_id, gone.app_role_id);
            drift::noticed(tx, &moment, &known_as, gone.principal_id, false)?;
            let event = success(
                Activity::RemoveAppRoleAssignment,
                "ServicePrincipal",
                gone.resource_id,
                None,
            )
            .with("principalId", gone.principal_id)
            .with("appRoleId", gone.app_role_id);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// The role that the ledger knows an app role assignment as.
fn granted(application: ObjectId, role: AppRoleId) -> witness::Role {
    witness::Role {
        origin_system: OriginSystem::AadApplication.as_str(),
        resource: application,
        role_origin_id: role.to_string(),
    }
}

impl Side {
    /// Whether the assignment is seen from here.
    pub fn shows(self, assignment: &AppRoleAssignment) -> bool {
        match self {
            Self::Resource(id) => assignment.resource_id == id,
            Self::Principal(id) => assignment.principal_id == id,
        }
    }
}

/// Makes it so for many subjects in one transaction, on behalf of the delivery engine; one outcome a subject, in the
/// order asked. Saying it twice is the same as saying it once.
pub async fn apply(
    service: &Service,
    resource: ObjectId,
    app_role: AppRoleId,
    operation: Operation,
    subjects: &[ObjectId],
) -> Result<Vec<Outcome>, ServiceError> {
    let (moment, subjects) = (service.moment(), subjects.to_vec());
    let role = Role {
        resource_id: resource,
        app_role_id: app_role,
    };
    let outcomes = service
        .store
        .write(move |tx| {
            change(tx, &moment, role, operation, &subjects, |moment| {
                moment.id(AppRoleAssignmentId::new)
            })
        })
        .await?;
    Ok(outcomes)
}

/// Whether each subject holds the role, in the order asked. Nobody holds a role of an application that is not there.
pub async fn observe(
    service: &Service,
    resource: ObjectId,
    app_role: AppRoleId,
    subjects: &[ObjectId],
) -> Result<Vec<bool>, ServiceError> {
    let subjects = subjects.to_vec();
    let role = Role {
        resource_id: resource,
        app_role_id: app_role,
    };
    let present = service
        .store
        .read(move |tx| {
            let holders = app_role_assignment::among(tx, role, &subjects)?;
            Ok::<Vec<bool>, Error>(
                subjects
                    .iter()
                    .map(|subject| holders.contains(subject))
                    .collect(),
            )
        })
        .await?;
    Ok(present)
}

/// Who holds a role, by their ids, behind this one; none: there is no such application.
pub async fn list(
    service: &Service,
    resource: ObjectId,
    app_role: AppRoleId,
    after: String,
    limit: i64,
) -> Result<Option<Vec<ObjectId>>, ServiceError> {
    let role = Role {
        resource_id: resource,
        app_role_id: app_role,
    };
    let page = service
        .store
        .read(move |tx| -> Result<_, Error> {
            if service_principal::find(tx, resource)?.is_none() {
                return Ok(None);
            }
            app_role_assignment::page(tx, role, &after, limit).map(Some)
        })
        .await?;
    Ok(page)
}

/// Changes who holds a role and says what became of each.
fn change(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    role: Role,
    operation: Operation,
    subjects: &[ObjectId],
    fresh: impl Fn(&Moment) -> AppRoleAssignmentId,
) -> Result<Vec<Outcome>, Error> {
    let holders = app_role_assignment::among(tx, role, subjects)?;
    match operation {
        Operation::Add => {
            let Some(application) = service_principal::find(tx, role.resource_id)? else {
                let refused = Outcome::Refused(FailureCode::ResourceNotFoundInOriginSystem);
                return Ok(vec![refused; subjects.len()]);
            };
            let (outcomes, added) =
                judge_all(tx, &application, role.app_role_id, subjects, holders)?;
            let added: Vec<_> = added
                .into_iter()
                .map(|(id, kind)| (id, kind, fresh(moment)))
                .collect();
            app_role_assignment::add(tx, role, &added, moment.now)?;
            Ok(outcomes)
        }
        Operation::Remove => {
            let mut left = holders.clone();
            let outcome = |subject| {
                if left.remove(subject) {
                    Outcome::Done
                } else {
                    Outcome::AlreadySo
                }
            };
            let outcomes = subjects.iter().map(outcome).collect();
            let holders: Vec<ObjectId> = holders.into_iter().collect();
            app_role_assignment::remove(tx, role, &holders)?;
            Ok(outcomes)
        }
    }
}

/// What becomes of each subject, and who shall get the role.
type Judged = (Vec<Outcome>, Vec<(ObjectId, ObjectKind)>);

/// Judges each subject.
fn judge_all(
    tx: &mut WriteTx<'_>,
    application: &ServicePrincipal,
    role: AppRoleId,
    subjects: &[ObjectId],
    mut holders: BTreeSet<ObjectId>,
) -> Result<Judged, Error> {
    let without: Vec<ObjectId> = subjects
        .iter()
        .copied()
        .filter(|id| !holders.contains(id))
        .collect();
    let standings = object::standings(tx, &without)?;
    let mut added = Vec::new();
    let mut outcomes = Vec::with_capacity(subjects.len());
    for subject in subjects.iter().copied() {
        if holders.contains(&subject) {
            outcomes.push(Outcome::AlreadySo);
            continue;
        }
        let standing = standings
            .get(&subject)
            .copied()
            .unwrap_or(MemberStanding::Unknown);
        match judge_grant(application, role, standing) {
            Ok(kind) => {
                holders.insert(subject);
                added.push((subject, kind));
                outcomes.push(Outcome::Done);
            }
            Err(code) => outcomes.push(Outcome::Refused(code)),
        }
    }
    Ok((outcomes, added))
}

fn accept_grant(
    wanted: NewAppRoleAssignment,
    outcome: Option<Outcome>,
) -> Result<(), ServiceError> {
    let NewAppRoleAssignment {
        principal_id,
        resource_id,
        app_role_id,
    } = wanted;
    match outcome {
        Some(Outcome::Done) => Ok(()),
        Some(Outcome::AlreadySo) | None => {
            let message = "the principal already holds the app role";
            Err(ServiceError::invalid(
                Code::BadRequest,
                "appRoleId",
                message,
            ))
        }
        Some(Outcome::Refused(FailureCode::ResourceNotFoundInOriginSystem)) => {
            Err(ServiceError::not_found("service principal", resource_id))
        }
        Some(Outcome::Refused(FailureCode::RoleNotFound)) => {
            let message =
                format!("the application offers no app role `{app_role_id}` to such a principal");
            Err(ServiceError::invalid(
                Code::BadRequest,
                "appRoleId",
                message,
            ))
        }
        Some(Outcome::Refused(_)) => Err(ServiceError::not_found("directory object", principal_id)),
    }
}
