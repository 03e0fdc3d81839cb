//! Assignment requests: submit, route, cancel, delete.

pub(crate) mod answers;
mod approver_remove;
mod checks;
pub mod eligibility;
pub(crate) mod on_behalf;
pub mod routing;
pub(crate) mod schedule;
mod submit;
pub mod withdraw;

pub use submit::submit;
pub(crate) use submit::the_policy_for;
pub(crate) use withdraw::is_own;
pub use withdraw::{cancel, delete};

use auth::roles::Action;
use domain::activity::Activity;
use domain::assignment_request::{AssignmentRequest, RequestType};
use domain::connected_organization::OrganizationState;
use domain::directory::ObjectKind;
use domain::id::{CatalogId, ObjectId, RequestId};
use domain::policy::{Scrutiny, Target, TargetKind};
use store::ReadTx;

use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::{approvals, authorize};

/// A request with the catalog that governs it.
pub(crate) fn find_with_catalog(
    tx: &mut ReadTx<'_>,
    id: RequestId,
) -> Result<(AssignmentRequest, CatalogId), ServiceError> {
    let unknown = || ServiceError::not_found("assignment request", id);
    let request = store::assignment_request::find(tx, id)?.ok_or_else(unknown)?;
    let package =
        store::access_package::find(tx, request.access_package_id)?.ok_or_else(unknown)?;
    Ok((request, package.catalog_id))
}

/// Whether the caller may know the request: by a role, as their own, or because they are asked to decide about it.
pub(crate) fn is_known(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    request: &AssignmentRequest,
) -> Result<bool, ServiceError> {
    let package = store::access_package::find(tx, request.access_package_id)?;
    let catalogs = authorize::catalogs(ctx, Action::ReadRequests);
    if package.is_some_and(|package| catalogs.contains(package.catalog_id)) {
        return Ok(true);
    }
    let Some(user) = ctx.user() else {
        return Ok(false);
    };
    Ok(withdraw::is_own(tx, ctx, request)? || approvals::names(tx, request.id, user)?)
}

/// A pattern of a question, to be matched by the whole answer (QA-2); `None` if it cannot be read.
pub(crate) fn whole_pattern(pattern: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build()
        .ok()
}

/// What the policies need to know about a directory object as a target; `None` if it is not there.
pub(crate) fn target_facts(
    tx: &mut ReadTx<'_>,
    object: ObjectId,
) -> Result<Option<Target>, ServiceError> {
    facts_as_far_as(tx, object, Scrutiny::ALL)
}

/// The same, of what takes time only as much as somebody looks at.
pub(crate) fn facts_as_far_as(
    tx: &mut ReadTx<'_>,
    object: ObjectId,
    wanted: Scrutiny,
) -> Result<Option<Target>, ServiceError> {
    let kind = match store::directory::user::find_type(tx, object)? {
        Some(user) if !user.is_present => return Ok(None),
        Some(user) if user.name.eq_ignore_ascii_case("guest") => TargetKind::Guest,
        Some(_) => TargetKind::Member,
        None => match store::directory::object::find(tx, object)? {
            Some(found) if found.kind == ObjectKind::ServicePrincipal => {
                TargetKind::ServicePrincipal
            }
            _ => return Ok(None),
        },
    };
    let groups = if wanted.groups {
        store::directory::membership::transitive_groups_of(tx, object)?
    } else {
        Vec::new()
    };
    let organization = match kind {
        TargetKind::Guest => store::connected_organization::of_guest(tx, object)?,
        TargetKind::Member | TargetKind::External | TargetKind::ServicePrincipal => None,
    };
    let facts = match kind {
        TargetKind::Member | TargetKind::Guest if wanted.facts => {
            store::automatic::facts::all_of_user(tx, object)?
        }
        TargetKind::Member
        | TargetKind::Guest
        | TargetKind::External
        | TargetKind::ServicePrincipal => None,
    };
    Ok(Some(Target {
        facts,
        kind,
        object_id: Some(object),
        groups: groups.into_iter().collect(),
        organization: organization.map(|(id, state)| (id, state == OrganizationState::Configured)),
    }))
}

/// The activity under which the making of a request is audited (T1).
pub(crate) fn creation_activity(request_type: RequestType, is_extension: bool) -> Activity {
    match request_type {
        RequestType::UserAdd => Activity::UserRequests,
        RequestType::UserUpdate if is_extension => Activity::UserRequestsExtension,
        RequestType::UserUpdate => Activity::UserRequestsUpdate,
        RequestType::UserRemove => Activity::UserRequestsRemoval,
        RequestType::AdminAdd => Activity::AdministratorAssigns,
        RequestType::AdminUpdate | RequestType::SystemUpdate => Activity::UpdateRequest,
        RequestType::AdminRemove | RequestType::ApproverRemove => Activity::AdministratorRemoves,
        RequestType::SystemAdd => Activity::SystemAssigns,
        RequestType::SystemRemove => Activity::SystemRemoves,
    }
}
