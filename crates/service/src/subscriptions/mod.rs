//! Subscriptions to changes of requests and assignments: create, renew, send elsewhere, authorize again, delete
//! (ADR 20).
//!
//! Whoever may read requests somewhere, or has their own, may subscribe; what they hear of is decided when it is posted
//! (`work`).
//!
//! **Invariant:** a subscription is its creator's alone, through the application that it was made with. Nobody else learns
//! that it exists.

mod principal;
mod work;

use auth::decide::{Access, Caller, Catalogs};
use auth::roles::Action;
use domain::activity::Activity;
use domain::extension::check_url;
use domain::flaw::Flaw;
use domain::id::{FeedId, SubscriptionId};
use domain::model;
use domain::query::{Comparison, Entity, Path, Predicate, Value};
use domain::subscription::{Followed, NewSubscription, SubscriptionChange, check_end};
use domain::time::Timestamp;
use store::change_feed::{self, Feed};
use store::subscription::{self, Subscription};
use store::{ReadTx, WriteTx};

use crate::content::flawed;
use crate::ctx::{Actor, Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize, reads};

pub use work::{BACKLOG, LEASE, Outcome, Parcel, claim, next_due, reclaim, record};

/// How many subscriptions there may be, and how many of one subscriber: every change is compared with all of them.
/// Those who read all requests may have more, and the last places are theirs.
const MOST: i64 = 1_000;
const MOST_OF_OTHERS: i64 = 800;
const MOST_OF_ONE: i64 = 20;
const MOST_OF_ONE_WHO_READS_ALL: i64 = 100;

/// At most so many ends in one transaction; the next one takes the rest.
const BATCH: i64 = 200;

/// The table that is followed.
pub(crate) fn entity(followed: Followed) -> &'static Entity {
    match followed {
        Followed::AssignmentRequest => &model::ASSIGNMENT_REQUEST,
        Followed::Assignment => &model::ASSIGNMENT,
    }
}

/// Whether the caller may have this subscription, as far as that can be told before its receivers are asked.
pub async fn check(
    service: &Service,
    ctx: &Ctx,
    wanted: &NewSubscription,
) -> Result<(), ServiceError> {
    subscriber(ctx)?;
    may_subscribe(ctx)?;
    wanted.check(service.clock.now()).map_err(flawed)?;
    check_address(service, "notificationUrl", &wanted.notification_url)?;
    if let Some(url) = &wanted.lifecycle_url {
        check_address(service, "lifecycleNotificationUrl", url)?;
    }
    if let Some(object) = &wanted.resource.object {
        let of = entity(wanted.resource.of);
        if !reads::exists(service, ctx, of, is(of, object)?).await? {
            return Err(ServiceError::invalid(
                Code::ResourceNotFound,
                "resource",
                format!("`{}` does not exist", wanted.resource.text),
            ));
        }
    }
    Ok(())
}

/// Whoever may read requests somewhere, or has their own, may subscribe; a subscription is kept by those who might make it.
fn may_subscribe(ctx: &Ctx) -> Result<(), ServiceError> {
    if let Catalogs::None(refusal) = authorize::catalogs(ctx, Action::ReadRequests) {
        authorize::as_requestor(ctx, Access::Read).map_err(|_| authorize::denied(&refusal))?;
    }
    Ok(())
}

/// Creates a subscription whose receivers have answered. [`check`] comes first.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    wanted: NewSubscription,
) -> Result<SubscriptionId, ServiceError> {
    let caller = subscriber(ctx)?;
    let (most, most_of_one) = match authorize::catalogs(ctx, Action::ReadRequests) {
        Catalogs::All => (MOST, MOST_OF_ONE_WHO_READS_ALL),
        Catalogs::Some(_) | Catalogs::None(_) => (MOST_OF_OTHERS, MOST_OF_ONE),
    };
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<SubscriptionId, ServiceError> {
            let principal = &caller.principal;
            let (all, theirs) = subscription::counts(tx, principal.object())?;
            if all >= most || theirs >= most_of_one {
                let message = format!(
                    "there are too many subscriptions: at most {most_of_one} of this subscriber and {most} in all"
                );
                return Err(ServiceError::refused(Code::SubscriptionLimitReached, message));
            }
            let created = made(&moment, &caller, &wanted);
            subscription::insert(tx, &created)?;
            open(tx, &moment, &created, false, &created.notification_url)?;
            if let Some(url) = &created.lifecycle_url {
                open(tx, &moment, &created, true, url)?;
            }
            let event = event(Activity::CreateSubscription, &created);
            audit::record(tx, &moment, &ctx, event)?;
            Ok(created.id)
        })
        .await
}

/// Whether a change can be made, as far as that can be told before another receiver is asked.
pub async fn check_change(
    service: &Service,
    ctx: &Ctx,
    id: SubscriptionId,
    change: &SubscriptionChange,
) -> Result<(), ServiceError> {
    let caller = subscriber(ctx)?;
    service
        .store
        .read(move |tx| own(tx, &caller, id).map(drop))
        .await?;
    may_subscribe(ctx)?;
    if let Some(end) = change.expires_at {
        check_end(end, service.clock.now()).map_err(flawed)?;
    }
    match &change.notification_url {
        Some(url) => check_address(service, "notificationUrl", url),
        None => Ok(()),
    }
}

/// Renews a subscription, or sends it elsewhere. [`check_change`] comes first. It counts as authorized again.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: SubscriptionId,
    change: SubscriptionChange,
) -> Result<(), ServiceError> {
    let caller = subscriber(ctx)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let mut stored = own(tx, &caller, id)?;
            if let Some(end) = change.expires_at {
                stored.expires_at = end;
            }
            if let Some(url) = &change.notification_url {
                stored.notification_url.clone_from(url);
                change_feed::point(tx, id, url)?;
            }
            authorize_again(tx, &moment, &ctx, &caller, stored, "update")
        })
        .await
}

/// The subscriber shows a token again (lifecycle event `reauthorizationRequired`).
pub async fn reauthorize(
    service: &Service,
    ctx: &Ctx,
    id: SubscriptionId,
) -> Result<(), ServiceError> {
    let caller = subscriber(ctx)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = own(tx, &caller, id)?;
            may_subscribe(&ctx)?;
            authorize_again(tx, &moment, &ctx, &caller, stored, "reauthorize")
        })
        .await
}

/// Deletes a subscription; what was not posted yet is not posted any more.
pub async fn delete(service: &Service, ctx: &Ctx, id: SubscriptionId) -> Result<(), ServiceError> {
    let caller = subscriber(ctx)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = own(tx, &caller, id)?;
            subscription::delete(tx, &gone)?;
            change_feed::close(tx, id)?;
            let event = event(Activity::DeleteSubscription, &gone);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Removes the subscriptions whose end is reached; answers how many.
pub(crate) fn end(tx: &mut WriteTx<'_>, moment: &Moment, ctx: &Ctx) -> Result<usize, ServiceError> {
    let ended = subscription::ended(tx, moment.now, BATCH)?;
    let count = ended.len();
    for gone in ended {
        subscription::delete(tx, &gone)?;
        change_feed::close(tx, gone.id)?;
        let event = event(Activity::DeleteSubscription, &gone).with("reason", "it was not renewed");
        audit::record(tx, moment, ctx, event)?;
    }
    Ok(count)
}

/// When the next subscription ends, or the next lease on a feed.
pub(crate) fn next_timer(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, ServiceError> {
    let end = subscription::next_end(tx)?;
    let lease = change_feed::next_lease(tx)?;
    Ok(end.into_iter().chain(lease).min())
}

fn made(moment: &Moment, caller: &Caller, wanted: &NewSubscription) -> Subscription {
    let words: Vec<_> = wanted.change_types.iter().map(|one| one.as_str()).collect();
    Subscription {
        id: moment.id(SubscriptionId::new),
        resource: wanted.resource.text.clone(),
        api_version: wanted.api_version.to_owned(),
        collection: wanted.resource.collection.clone(),
        followed: wanted.resource.of,
        object_id: wanted.resource.object.clone(),
        change_types: words.join(","),
        notification_url: wanted.notification_url.clone(),
        lifecycle_url: wanted.lifecycle_url.clone(),
        notification_url_app_id: wanted.notification_url_app_id.clone(),
        client_state: wanted.client_state.clone(),
        tls_version: wanted.tls_version.clone(),
        expires_at: wanted.expires_at,
        creator_id: caller.principal.object(),
        application_id: caller.principal.client_id().map(ToOwned::to_owned),
        principal: principal::document(&caller.principal),
        is_suspended: false,
        created_at: moment.now,
        version: 1,
    }
}

fn open(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    subscription: &Subscription,
    is_lifecycle: bool,
    url: &str,
) -> Result<(), ServiceError> {
    // The receiver is the application's, unless the subscriber named another.
    let audience = subscription
        .notification_url_app_id
        .as_ref()
        .or(subscription.application_id.as_ref())
        .cloned()
        .unwrap_or_else(|| subscription.creator_id.to_string());
    Ok(change_feed::insert(
        tx,
        &Feed {
            id: moment.id(FeedId::new),
            subscription_id: subscription.id,
            is_lifecycle,
            url: url.to_owned(),
            audience,
            attempts: 0,
            due_at: moment.now,
            failing_since: None,
            lease_owner: None,
            version: 1,
        },
    )?)
}

fn authorize_again(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    caller: &Caller,
    mut stored: Subscription,
    operation: &str,
) -> Result<(), ServiceError> {
    stored.principal = principal::document(&caller.principal);
    stored.is_suspended = false;
    subscription::save(tx, &stored)?;
    let event = event(Activity::UpdateSubscription, &stored).with("operation", operation);
    Ok(audit::record(tx, moment, ctx, event)?)
}

/// The caller, who is somebody: nothing in Reeve subscribes to anything.
fn subscriber(ctx: &Ctx) -> Result<std::sync::Arc<Caller>, ServiceError> {
    match &ctx.actor {
        Actor::Caller(caller) => Ok(std::sync::Arc::clone(caller)),
        Actor::System => Err(ServiceError::refused(
            Code::AccessDenied,
            "only a caller can subscribe",
        )),
    }
}

/// The subscription, if it is the caller's own.
fn own(
    tx: &mut ReadTx<'_>,
    caller: &Caller,
    id: SubscriptionId,
) -> Result<Subscription, ServiceError> {
    let principal = &caller.principal;
    subscription::find(tx, id)?
        .filter(|found| {
            found.creator_id == principal.object()
                && found.application_id.as_deref() == principal.client_id()
        })
        .ok_or_else(|| ServiceError::not_found("subscription", id))
}

/// Receivers are called as custom extensions are, and no others (CX-5).
fn check_address(service: &Service, target: &str, url: &str) -> Result<(), ServiceError> {
    check_url(url, &service.settings.extensions.hosts)
        .map_err(|flaw| flawed(Flaw::new(target, format!("`{target}` is refused: {flaw}"))))
}

/// The condition that names one object.
fn is(entity: &'static Entity, id: &str) -> Result<Predicate, ServiceError> {
    Ok(Predicate::Compare {
        path: id_of(entity)?,
        comparison: Comparison::Eq,
        value: Value::Text(id.to_owned()),
    })
}

/// The way to an entity's id.
fn id_of(entity: &'static Entity) -> Result<Path, ServiceError> {
    let field = entity
        .field("id")
        .ok_or_else(|| ServiceError::Internal(format!("`{}` has no id", entity.name).into()))?;
    Ok(Path {
        hops: Vec::new(),
        field,
    })
}

fn event(activity: Activity, subscription: &Subscription) -> audit::Event {
    audit::success(activity, "Subscription", subscription.id, None)
        .with("resource", &subscription.resource)
        .with("changeType", &subscription.change_types)
}
