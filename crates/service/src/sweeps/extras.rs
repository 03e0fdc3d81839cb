//! Access that nobody granted, for the drift report.

use auth::roles::Action;
use domain::id::DriftExtraId;
use store::sweep::extra;
pub use store::sweep::extra::{Extra, Wanted};

use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

/// Extras in the order of their ids, and how many there are.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    wanted: Wanted,
    after: Option<DriftExtraId>,
    limit: i64,
) -> Result<(Vec<Extra>, i64), ServiceError> {
    authorize::in_tenant(ctx, Action::ReadRequests)?;
    Ok(service
        .store
        .read(move |tx| -> Result<_, store::Error> {
            Ok((
                extra::page(tx, &wanted, after, limit)?,
                extra::count(tx, &wanted)?,
            ))
        })
        .await?)
}
