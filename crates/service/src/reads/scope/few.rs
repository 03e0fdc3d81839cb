//! Lists of assignments and requests for callers who see few packages: found by the packages, and not by looking through
//! what was made last in the tenant.
//!
//! **Invariant:** what is found is what the rule of the catalog finds; only the way there differs.

use auth::decide::Catalogs;
use auth::roles::Action;
use domain::id::AccessPackageId;
use domain::query::{Comparison, Predicate, Query, Value};
use domain::time::Timestamp;
use store::newest::{self, Listed};
use store::{ReadTx, access_package};

use super::path;
use crate::authorize;
use crate::ctx::Ctx;
use crate::error::ServiceError;

/// So many packages are few in any tenant.
const FEW: i64 = 128;
/// Otherwise few are less than one in so many: of more, some are always among what was made last.
const ONE_IN: i64 = 10;

/// What the caller's roles show of the list, by the packages in their catalogs; `None` if these are not few, or if the
/// list is of something else.
pub(super) fn in_few_packages(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    query: &Query,
) -> Result<Option<Predicate>, ServiceError> {
    let listed = match query.entity.name {
        "assignment" => Listed::Assignments,
        "assignment_request" => Listed::Requests,
        _ => return Ok(None),
    };
    let Catalogs::Some(catalogs) = authorize::catalogs(ctx, Action::ReadRequests) else {
        return Ok(None);
    };
    let packages = access_package::in_catalogs(tx, &catalogs, FEW + 1)?;
    let packages = if i64::try_from(packages.len()).is_ok_and(|number| number <= FEW) {
        packages
    } else {
        let few = access_package::count(tx)? / ONE_IN;
        let packages = access_package::in_catalogs(tx, &catalogs, few.saturating_add(1))?;
        if i64::try_from(packages.len()).is_ok_and(|number| number > few) {
            return Ok(None);
        }
        packages
    };
    let values = packages.iter().map(|id| Value::Text(id.to_string()));
    let shown = Predicate::In {
        path: path(query.entity, &[], "access_package_id")?,
        values: values.collect(),
    };
    Ok(Some(match since(tx, listed, &packages, query)? {
        Some(bound) => shown.and(Predicate::Compare {
            path: path(query.entity, &[], "created_at")?,
            comparison: Comparison::Ge,
            value: Value::Int(bound.micros()),
        }),
        None => shown,
    }))
}

/// From which time on the page is, where it is simply the next of the newest.
fn since(
    tx: &mut ReadTx<'_>,
    listed: Listed,
    packages: &[AccessPackageId],
    query: &Query,
) -> Result<Option<Timestamp>, ServiceError> {
    let is_plain = query.filter == Predicate::True && query.order.is_empty();
    let (true, 0, false, Some(limit)) = (is_plain, query.skip, query.count, query.limit) else {
        return Ok(None);
    };
    let before = match query.after.as_deref() {
        None => None,
        Some([Value::Int(created_at), ..]) => Some(Timestamp::from_micros(*created_at)),
        Some(_) => return Ok(None),
    };
    // One more tells whether there is a next page.
    Ok(newest::since(
        tx,
        listed,
        packages,
        before,
        limit.saturating_add(1),
    )?)
}
