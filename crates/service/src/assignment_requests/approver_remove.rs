//! `approverRemove`: whoever approved a request takes back what it led to (section 2.1, section 7.3).

use auth::roles::Action;
use domain::assignment::Assignment;
use domain::id::CatalogId;
use domain::submission::Submission;
use store::ReadTx;

use crate::ctx::Ctx;
use crate::error::{Code, ServiceError};
use crate::{approvals, authorize};

/// The caller approved a request that led to the assignment, and says why it is to end. To whoever may know the assignment
/// and did not approve it, it is refused; to others it does not exist.
pub(super) fn check(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    assignment: &Assignment,
    catalog: CatalogId,
    submission: &Submission,
) -> Result<(), ServiceError> {
    let unknown = || ServiceError::not_found("assignment", assignment.id);
    let user = authorize::user_of(ctx).ok_or_else(unknown)?;
    if !store::approval::approved(tx, assignment.id, user)? {
        return if is_known(tx, ctx, assignment, catalog)? {
            Err(ServiceError::refused(
                Code::AccessDenied,
                "only somebody who approved the request can take back what it led to",
            ))
        } else {
            Err(unknown())
        };
    }
    let why = submission.justification.as_deref().unwrap_or_default();
    if why.trim().is_empty() {
        return Err(ServiceError::invalid(
            Code::JustificationRequired,
            "justification",
            "an approver has to say why access is taken back",
        ));
    }
    Ok(())
}

fn is_known(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    assignment: &Assignment,
    catalog: CatalogId,
) -> Result<bool, ServiceError> {
    let Some(user) = authorize::user_of(ctx) else {
        return Ok(false);
    };
    if authorize::catalogs(ctx, Action::ReadRequests).contains(catalog) {
        return Ok(true);
    }
    let target = store::subject::find(tx, assignment.target_id)?;
    if target.is_some_and(|target| target.object_id == Some(user)) {
        return Ok(true);
    }
    match store::assignment_request::find_origin(tx, assignment.id)? {
        Some(origin) => approvals::names(tx, origin, user),
        None => Ok(false),
    }
}
