//! Requests of everybody, as far as the caller's roles show them.

use domain::reprocess_job::Collection;

use super::select::condition;
use super::{Filter, PAGE, Part, Place};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::requests::{Line, line, lines};
use crate::mine::rows::Row;
use crate::reads;

/// Requests that satisfy the filter, the newest first, behind a place.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    filter: &Filter,
    after: Option<Place>,
) -> Result<Part<Line>, ServiceError> {
    crate::authorize::admitted(ctx, auth::roles::Action::ReadRequests)?;
    let (narrowed, _) = condition(service, ctx, Collection::AssignmentRequests, filter).await?;
    let mut wanted = lines(&[])?;
    wanted.filter = narrowed;
    wanted.after = after.map(Place::values);
    wanted.limit = Some(PAGE);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    Ok(Part {
        rows: found
            .rows
            .iter()
            .map(|record| line(Row::new(&wanted, record)))
            .collect::<Result<_, _>>()?,
        next: found.next.as_deref().and_then(Place::of),
    })
}
