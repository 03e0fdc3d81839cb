//! What is the caller's own of an entity, without any role (AZ-4, AZ-21).

use domain::model;
use domain::query::{Comparison, Entity, Path, Predicate, Value};

use super::{Me, path, walk};

/// What is the caller's own of an entity (AZ-4, AZ-21).
pub(super) fn mine(me: &Me, entity: &'static Entity) -> Option<Predicate> {
    let user = Value::Text(me.user?.to_string());
    let equals = |hops: &[&str], field: &str| {
        let path = path(entity, hops, field).ok()?;
        Some(Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value: user.clone(),
        })
    };
    match entity.name {
        "assignment" => equals(&["target"], "object_id"),
        "assignment_request" | "approval" | "approval_stage" => {
            // An approval is its request's: whose request it is may follow it (AZ-4).
            let request: &[&str] = match entity.name {
                "assignment_request" => &[],
                _ => &["request"],
            };
            let through = |relation| equals(&[request, &[relation]].concat(), "object_id");
            Some(
                through("target")?
                    .or(through("requestor")?)
                    .or(equals(request, "created_by")?)
                    .or(decisions(me, entity)?),
            )
        }
        "available_access_package" | "access_package_suggestion" => offered(me, entity, "id"),
        "resource_role_scope" if !me.offered.is_empty() => offered(me, entity, "access_package_id"),
        "subject" => equals(&[], "object_id"),
        "directory_user" => equals(&[], "id"),
        _ => None,
    }
}

/// What is offered to the caller.
pub(super) fn offered(me: &Me, entity: &'static Entity, field: &str) -> Option<Predicate> {
    me.user?;
    let values = me
        .offered
        .iter()
        .map(|id| Value::Text(id.to_string()))
        .collect();
    Some(Predicate::In {
        path: path(entity, &[], field).ok()?,
        values,
    })
}

/// What a whole collection shows to somebody without a role: what is offered to them. Anything else that is theirs is
/// reached by its key, or by `filterByCurrentUser` (AZ-5).
pub(super) fn without_role(me: &Me, entity: &'static Entity) -> Option<Predicate> {
    match entity.name {
        "available_access_package" | "access_package_suggestion" => mine(me, entity),
        _ => None,
    }
}

/// What names the caller as an approver.
pub(super) fn decisions(me: &Me, entity: &'static Entity) -> Option<Predicate> {
    me.user?;
    let relations: &[&str] = match entity.name {
        "assignment_request" | "approval" => &["stages", "approvers"],
        // Whoever is asked in one stage sees how the others went.
        "approval_stage" => &["request", "stages", "approvers"],
        _ => return None,
    };
    let hops = walk(entity, relations).ok()?;
    let values = me
        .principals
        .iter()
        .map(|id| Value::Text(id.to_string()))
        .collect();
    let field = model::APPROVAL_STAGE_APPROVER.field("principal_id")?;
    let inner = Predicate::In {
        path: Path::of(field),
        values,
    };
    Some(Predicate::Exists {
        hops,
        inner: Box::new(inner),
    })
}
