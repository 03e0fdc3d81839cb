//! Snapshots of a development tenant: everything that it holds is kept under a name, and brought back as it was, the
//! clock included.
//!
//! **Invariant:** a tenant is brought back in one transaction, in which nothing is left under a lease, while nobody
//! delivers or plans; so nothing that was read before is written after it.

use auth::roles::Action;
use domain::activity::Activity;
use domain::time::{Duration, Timestamp};
use store::WriteTx;
use store::snapshot;

use super::clock;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize};

pub use store::snapshot::Snapshot;

/// The snapshot of how the tenant was when it began to serve for the first time.
pub const START: &str = "start";

/// The longest name.
const LONGEST_NAME: usize = 64;

/// Every snapshot, by name.
pub async fn list_snapshots(service: &Service, ctx: &Ctx) -> Result<Vec<Snapshot>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    Ok(service.store.read(snapshot::list).await?)
}

/// Keeps everything as it is now under a name; what was kept under it before is gone.
pub async fn take_snapshot(
    service: &Service,
    ctx: &Ctx,
    name: &str,
) -> Result<Snapshot, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let name = own_name(name)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let taken = snapshot::take(tx, &name, moment.now)?;
            record(tx, &moment, &ctx, Activity::TakeSnapshot, &name)?;
            Ok(taken)
        })
        .await
}

/// Keeps how the tenant is as it begins to serve for the first time. Later starts leave that alone: a large tenant would
/// pay for a copy of everything each time.
pub async fn keep_start(service: &Service) -> Result<(), ServiceError> {
    let moment = service.moment();
    service
        .store
        .write(move |tx| {
            let is_kept = snapshot::list(tx)?.iter().any(|one| one.name == START);
            if !is_kept {
                snapshot::take(tx, START, moment.now)?;
            }
            Ok(())
        })
        .await
}

/// Lets go of a snapshot.
pub async fn remove_snapshot(service: &Service, ctx: &Ctx, name: &str) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let name = own_name(name)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            if !snapshot::remove(tx, &name)? {
                return Err(ServiceError::not_found("snapshot", &name));
            }
            record(tx, &moment, &ctx, Activity::DeleteSnapshot, &name)
        })
        .await
}

/// Brings everything back as it was when the snapshot was taken. What is under way is ended first, and what is due then
/// is done anew. It goes all the way even if the caller has gone: the clock and the database are of one time.
pub async fn restore_snapshot(
    service: &Service,
    ctx: &Ctx,
    name: &str,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (service, ctx, name) = (service.clone(), ctx.clone(), name.to_owned());
    let restoring = tokio::spawn(async move {
        let exchange = service.standstill.exchange().await;
        let moment = service.moment();
        let moved = service
            .store
            .write(move |tx| bring_back(tx, &moment, &ctx, &name))
            .await?;
        service.clock.advance(moved);
        service.callers.invalidate();
        exchange.done();
        service.wake();
        Ok(())
    });
    restoring
        .await
        .map_err(|error| ServiceError::Internal(Box::new(error)))?
}

/// Answers how far the clock has to be moved.
fn bring_back(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    name: &str,
) -> Result<Duration, ServiceError> {
    let before = clock::offset(tx)?;
    if !snapshot::restore(tx, name)? {
        return Err(ServiceError::not_found("snapshot", name));
    }
    let moved = Duration::from_micros(clock::offset(tx)?.saturating_sub(before));
    let mut then = moment.clone();
    then.now = moment.now.plus(moved);
    nothing_under_lease(tx, then.now)?;
    record(tx, &then, ctx, Activity::RestoreSnapshot, name)?;
    Ok(moved)
}

/// Whoever held a lease when the snapshot was taken is not at work on it any more.
fn nothing_under_lease(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), store::Error> {
    store::ledger::lease::reclaim(tx, now)?;
    store::reprocess_job::reclaim(tx)?;
    store::extension_callout::reclaim(tx)?;
    Ok(())
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    name: &str,
) -> Result<(), ServiceError> {
    let event = audit::success(activity, "TenantSnapshot", name, Some(name.to_owned()));
    Ok(audit::record(tx, moment, ctx, event)?)
}

/// A name that a client may give; [`START`] is the server's own.
fn own_name(name: &str) -> Result<String, ServiceError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_short = (1..=LONGEST_NAME).contains(&name.len());
    if !is_short || !name.chars().all(fits) {
        let message = format!(
            "`name` must be 1 to {LONGEST_NAME} letters, digits, `-`, `_` or `.`, all of them ASCII"
        );
        return Err(ServiceError::invalid(Code::InvalidModel, "name", message));
    }
    if name.eq_ignore_ascii_case(START) {
        let message =
            format!("`{START}` is how the tenant was when it began to serve, and stays so");
        return Err(ServiceError::invalid(Code::InvalidModel, "name", message));
    }
    Ok(name.to_owned())
}
