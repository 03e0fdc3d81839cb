//! What a list demands of callers whose roles are for catalogs only, where the tenant is strict (AZ-6).

use auth::decide::Catalogs;
use auth::roles::Action;
use domain::query::{Comparison, Predicate, Query, Value};

use crate::authorize;
use crate::ctx::Ctx;
use crate::error::{Code, ServiceError};

/// Refuses a list of assignments or requests that is not about one access package. To be asked of the client's own
/// filter, before anything is added to it.
pub(super) fn one_package(ctx: &Ctx, query: &Query) -> Result<(), ServiceError> {
    let is_demanded = matches!(query.entity.name, "assignment" | "assignment_request")
        && matches!(
            authorize::catalogs(ctx, Action::ReadRequests),
            Catalogs::Some(_)
        );
    if !is_demanded || names_one(&query.filter) {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::FilterRequired,
        "$filter",
        "the caller's roles are for catalogs: list one access package at a time, with \
         `$filter=accessPackage/id eq '…'`",
    ))
}

/// Whether the condition holds for rows of one package only.
fn names_one(filter: &Predicate) -> bool {
    match filter {
        Predicate::All(list) => list.iter().any(names_one),
        Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value: Value::Text(_),
        } => {
            let hops: Vec<_> = path.hops.iter().map(|hop| hop.name).collect();
            matches!(
                (hops.as_slice(), path.field.name),
                ([], "access_package_id") | (["access_package"], "id")
            )
        }
        Predicate::True
        | Predicate::False
        | Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Compare { .. }
        | Predicate::In { .. }
        | Predicate::Text { .. }
        | Predicate::Exists { .. } => false,
    }
}
