//! Taking away what nobody granted, where every catalog that has the resource says so, and only as long as it is little:
//! much of it means that somebody forgot to tell Reeve, not that many broke in.

use domain::activity::Activity;
use domain::id::{GrantId, SubjectId};
use store::WriteTx;
use store::ledger::plan::{self, Haste};
use store::sweep::{Sweep, SweepObject, extra, found};

use crate::audit;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;

/// What is left undone is told by this code in the object's row.
const TOO_MANY: &str = "TooManyExtras";

/// Makes the removals of an object due; answers how many.
pub(super) fn remove(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    sweep: &Sweep,
    object: &mut SweepObject,
    most: i64,
) -> Result<i64, ServiceError> {
    let place = &object.place;
    if !found::is_authoritative(tx, place)? {
        return Ok(0);
    }
    let limit = most.saturating_add(1);
    let mut grants = found::unwanted(tx, &sweep.target, place, limit)?;
    let extras = extra::of_place(tx, place, limit)?;
    let all = grants.len() + extras.len();
    if i64::try_from(all).unwrap_or(i64::MAX) > most {
        let message =
            format!("more than {most} members that nobody granted are there, so none was removed");
        object.failure = Some((TOO_MANY.to_owned(), message));
        return Ok(0);
    }
    let ctx = Ctx::system(moment.id(|uuid| uuid));
    for one in extras {
        let Some(user) = one.object_id else { continue };
        let fresh = moment.id(SubjectId::new);
        let Some(subject) = store::subject::ensure(tx, user, fresh, moment.now)? else {
            continue;
        };
        let id = moment.id(GrantId::new);
        if found::open_grant(tx, id, subject.id, &sweep.target, place, moment.now)? {
            grants.push(id);
        }
    }
    for id in &grants {
        let event = audit::success(Activity::RemoveResource, "Grant", id, None)
            .with("operation", "sweep")
            .with("resource", &place.resource_origin_id)
            .with("role", &place.role_origin_id);
        audit::record(tx, moment, &ctx, event)?;
    }
    plan::wake(tx, &grants, Haste::Bulk, moment.now)?;
    Ok(i64::try_from(grants.len()).unwrap_or(i64::MAX))
}
