//! What is checked again before anything is delivered (RQ-15): the world may have changed since the request was made.

use domain::assignment_request::{AssignmentRequest, Purpose};
use domain::id::{AccessPackageId, ObjectId, SubjectId};
use store::{ReadTx, WriteTx};

use crate::ctx::Moment;
use crate::error::{Code, ServiceError};

/// Why the request cannot be delivered, if so. Removals are always delivered: they take access away.
pub(crate) fn before_delivery(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &AssignmentRequest,
) -> Result<Option<(Code, String)>, ServiceError> {
    if request.request_type.purpose() == Purpose::Remove {
        return Ok(None);
    }
    let Some(object) = target_object(tx, request.target_id)? else {
        let message = "the target of the request does not exist any more".to_owned();
        return Ok(Some((Code::TargetNotFound, message)));
    };
    if request.ends_at.is_some_and(|end| end <= moment.now) {
        let message = "the end date of the request has passed".to_owned();
        return Ok(Some((Code::InvalidSchedule, message)));
    }
    // RP-7: whoever holds part of the package is in already.
    let partly_held = store::ledger::watch::has_done_units(tx, request.id)?;
    if request.request_type.purpose() == Purpose::Add
        && !partly_held
        && let Some(message) =
            incompatible(tx, request.access_package_id, request.target_id, object)?
    {
        return Ok(Some((Code::IncompatibleAccess, message)));
    }
    Ok(None)
}

/// The directory object of a subject, while the directory has it.
pub(crate) fn target_object(
    tx: &mut ReadTx<'_>,
    target: SubjectId,
) -> Result<Option<ObjectId>, ServiceError> {
    let Some(subject) = store::subject::find(tx, target)? else {
        return Ok(None);
    };
    match subject.object_id {
        Some(object) if store::directory::object::find(tx, object)?.is_some() => Ok(Some(object)),
        _ => Ok(None),
    }
}

/// What the target holds that the package does not go with, in words (SD-1, SD-4).
pub(crate) fn incompatible(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    target: SubjectId,
    object: ObjectId,
) -> Result<Option<String>, ServiceError> {
    for other in store::incompatible::packages(tx, package)? {
        if store::assignment::holds(tx, target, other)? {
            return Ok(Some(format!(
                "the target holds the incompatible access package `{other}`"
            )));
        }
    }
    let listed = store::incompatible::groups(tx, package)?;
    if listed.is_empty() {
        return Ok(None);
    }
    let groups = store::directory::membership::transitive_groups_of(tx, object)?;
    let met = listed.into_iter().find(|group| groups.contains(group));
    Ok(met.map(|group| format!("the target is a member of the incompatible group `{group}`")))
}
