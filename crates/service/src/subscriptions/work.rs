//! Notifications handed out under leases, and what came of them.
//!
//! A feed is handed out with the oldest of what waits in it. Who subscribed is loaded anew each time, and what they may not
//! read at that moment is left out. Of what is deleted, nobody can say any more who could read it: those who read all of
//! its kind are told.
//!
//! **Invariant:** a notification is forgotten when its receiver took it, when its subscriber may not have it, or with an event
//! that says that notifications were missed.

use std::collections::BTreeSet;
use std::fmt;

use domain::activity::Activity;
use domain::query::{Predicate, Query, Value};
use domain::subscription::{
    ChangeType, ClientState, Followed, LifecycleEvent, PATIENCE, retry_after,
};
use domain::time::{Duration, Timestamp};
use serde_json::{Value as Json, json};
use store::WriteTx;
use store::change_feed::{self, Feed, Pending};
use store::outbox::Lease;
use store::subscription::{self, Subscription};

use super::{entity, event, id_of, principal};
use crate::callers::{self, LoadedCaller};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, reads};

/// How long a claimed feed is left to whoever claimed it: several times what a post may take.
pub const LEASE: Duration = Duration::from_minutes(2);

/// Notifications in one post.
const BATCH: i64 = 100;

/// What may wait for one receiver. Whoever is that far behind looks up what changed sooner than they are told.
pub const BACKLOG: i64 = 100_000;

/// What stands for a tenant where tokens name none.
const NO_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// Something to post.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its feed.
    feed: Feed,
    /// The notifications; nothing is posted if there are none left.
    pub notifications: Vec<Json>,
    /// The places in the feed that are done with once they are taken.
    positions: Vec<i64>,
    /// Whether the subscriber has to show a token again.
    is_withheld: bool,
}

impl fmt::Debug for Parcel {
    /// Without the notifications: they carry what only the subscriber knows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("feed", &self.feed.id)
            .field("positions", &self.positions)
            .finish_non_exhaustive()
    }
}

impl Parcel {
    /// Where to.
    pub fn url(&self) -> &str {
        &self.feed.url
    }

    /// For whom the token is that proves who posts.
    pub fn audience(&self) -> &str {
        &self.feed.audience
    }

    /// What is posted twice only if the first time was not heard of.
    pub fn id(&self) -> String {
        format!(
            "{}:{}",
            self.feed.id,
            self.positions.last().copied().unwrap_or_default()
        )
    }
}

/// What came of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it, or there was nothing to post.
    Taken,
    /// It did not.
    Failed {
        /// Why, in one sentence.
        reason: String,
    },
    /// The receiver says that it is there no more.
    Gone,
}

/// When the next feed may be posted that has something to post.
pub async fn next_due(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    Ok(service.store.read(change_feed::next_due).await?)
}

/// Takes back all claimed feeds, for a start at which nobody else can be at work.
pub async fn reclaim(service: &Service) -> Result<u64, ServiceError> {
    Ok(service.store.write(change_feed::reclaim).await?)
}

/// Claims up to `limit` feeds that may be posted, under the lease `owner`, which must be new.
pub async fn claim(
    service: &Service,
    owner: &str,
    limit: i64,
) -> Result<Vec<Parcel>, ServiceError> {
    let moment = service.moment();
    let owner = owner.to_owned();
    let feeds = service
        .store
        .write(move |tx| -> Result<Vec<Feed>, ServiceError> {
            let lease = Lease {
                owner: &owner,
                now: moment.now,
                until: moment.now.plus(LEASE),
            };
            Ok(change_feed::claim(tx, lease, limit)?)
        })
        .await?;
    let mut parcels = Vec::new();
    for feed in feeds {
        parcels.push(pack(service, feed).await?);
    }
    Ok(parcels)
}

async fn pack(service: &Service, feed: Feed) -> Result<Parcel, ServiceError> {
    let (feed_id, of) = (feed.id, feed.subscription_id);
    let (found, pending) = service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            Ok((
                subscription::find(tx, of)?,
                change_feed::pending(tx, feed_id, BATCH)?,
            ))
        })
        .await?;
    let mut parcel = Parcel {
        positions: pending.iter().map(|one| one.position).collect(),
        notifications: Vec::new(),
        is_withheld: false,
        feed,
    };
    if parcel.feed.is_lifecycle {
        let documents = pending.iter().filter_map(|one| one.document.as_deref());
        parcel.notifications = documents
            .filter_map(|document| serde_json::from_str(document).ok())
            .collect();
        return Ok(parcel);
    }
    let now = service.clock.now();
    let Some(found) = found.filter(|found| found.expires_at > now && !found.is_suspended) else {
        return Ok(parcel);
    };
    match subscriber(service, &found).await? {
        Some(caller) => parcel.notifications = readable(service, &caller, &found, &pending).await?,
        None => parcel.is_withheld = true,
    }
    Ok(parcel)
}

/// The subscriber as the directory knows them now; `None` if they do not get in any more.
async fn subscriber(
    service: &Service,
    subscription: &Subscription,
) -> Result<Option<LoadedCaller>, ServiceError> {
    let Some(principal) = principal::read(&subscription.principal) else {
        return Ok(None);
    };
    match callers::load(service, &principal).await {
        Ok(caller) => Ok(Some(caller)),
        Err(error) if error.code() == Some(Code::InvalidAuthenticationToken) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The notifications of what the subscriber may read, in their order.
async fn readable(
    service: &Service,
    caller: &LoadedCaller,
    subscription: &Subscription,
    pending: &[Pending],
) -> Result<Vec<Json>, ServiceError> {
    let ctx = Ctx::of_caller(
        std::sync::Arc::clone(&caller.caller),
        service.moment().id(|uuid| uuid),
        None,
    );
    let is_deleted = |one: &Pending| one.change == ChangeType::Deleted.as_str();
    let named = pending
        .iter()
        .filter(|one| !is_deleted(one))
        .filter_map(|one| one.object_id.clone())
        .collect();
    let seen = seen(service, &ctx, subscription.followed, named).await?;
    let sees_all = reads::sees_all(&ctx, entity(subscription.followed))?;
    let tenant = caller.caller.principal.token.tenant.as_deref();
    Ok(pending
        .iter()
        .filter_map(|one| Some((one, one.object_id.as_deref()?)))
        // What was there when it was written and is not now was deleted: the notice of that follows.
        .filter(|(one, id)| sees_all || (!is_deleted(one) && seen.contains(*id)))
        .map(|(one, id)| notification(subscription, tenant, one, id))
        .collect())
}

/// Those of these objects that the caller may read.
async fn seen(
    service: &Service,
    ctx: &Ctx,
    followed: Followed,
    ids: BTreeSet<String>,
) -> Result<BTreeSet<String>, ServiceError> {
    let of = entity(followed);
    let path = id_of(of)?;
    let mut query = Query::of(of);
    query.fields.push(path.field);
    query.filter = Predicate::In {
        path,
        values: ids.into_iter().map(Value::Text).collect(),
    };
    let page = match reads::get(service, ctx, query).await {
        // Nothing of the kind is open to them.
        Err(error) if error.code() == Some(Code::AccessDenied) => return Ok(BTreeSet::new()),
        page => page?,
    };
    let ids = page.rows.iter().filter_map(|row| row.values.first());
    Ok(ids
        .filter_map(|id| Some(id.as_text()?.to_owned()))
        .collect())
}

fn notification(
    subscription: &Subscription,
    tenant: Option<&str>,
    pending: &Pending,
    object: &str,
) -> Json {
    let resource = format!("{}/{object}", subscription.collection);
    let mut notification = common(subscription, tenant);
    put(
        &mut notification,
        "id",
        json!(format!("{}:{}", subscription.id, pending.position)),
    );
    put(&mut notification, "changeType", json!(pending.change));
    put(&mut notification, "resource", json!(resource));
    put(
        &mut notification,
        "resourceData",
        json!({
            "@odata.type": subscription.followed.type_name(),
            "@odata.id": resource,
            "id": object,
        }),
    );
    if subscription.api_version == "beta" {
        put(&mut notification, "sequenceNumber", json!(pending.position));
    }
    notification
}

/// What every notification of a subscription says.
fn common(subscription: &Subscription, tenant: Option<&str>) -> Json {
    json!({
        "subscriptionId": subscription.id.to_string(),
        "subscriptionExpirationDateTime": subscription.expires_at.to_string(),
        "clientState": subscription.client_state.as_ref().map(ClientState::as_str),
        "tenantId": tenant.unwrap_or(NO_TENANT),
    })
}

fn put(notification: &mut Json, name: &str, value: Json) {
    if let Some(members) = notification.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Records what came of a post, if it was still this owner's.
pub async fn record(
    service: &Service,
    owner: &str,
    parcel: &Parcel,
    outcome: Outcome,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), service.system());
    let (owner, parcel) = (owner.to_owned(), parcel.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let mut feed = parcel.feed.clone();
            let since = feed.failing_since.unwrap_or(moment.now);
            let has_patience = moment.now < since.plus(PATIENCE);
            let has_failed = matches!(outcome, Outcome::Failed { .. });
            let is_tried_again = has_failed && has_patience;
            if is_tried_again {
                feed.attempts += 1;
                feed.failing_since = Some(since);
                feed.due_at = moment.now.plus(wait(&moment, &feed));
            } else {
                (feed.attempts, feed.failing_since, feed.due_at) = (0, None, moment.now);
            }
            if !change_feed::release(tx, &feed, &owner)? {
                return Ok(());
            }
            if outcome == Outcome::Taken {
                change_feed::forget(tx, feed.id, &parcel.positions)?;
            } else if !is_tried_again {
                change_feed::clear(tx, feed.id)?;
            }
            let is_flooded = change_feed::has_more_than(tx, feed.id, BACKLOG)?;
            if is_flooded {
                change_feed::clear(tx, feed.id)?;
            }
            let is_missed = is_flooded || (has_failed && !has_patience);
            match subscription::find(tx, feed.subscription_id)? {
                Some(found) if !feed.is_lifecycle => {
                    befall(tx, &moment, &ctx, found, &parcel, (&outcome, is_missed))
                }
                Some(_) => Ok(()),
                // The last word about a subscription that is gone was said.
                None => Ok(change_feed::close(tx, feed.subscription_id)?),
            }
        })
        .await?;
    Ok(())
}

/// How long to wait: receivers that fail together are not tried together.
fn wait(moment: &Moment, feed: &Feed) -> Duration {
    let micros = retry_after(feed.attempts).micros();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a tenth of at most half an hour"
    )]
    #[expect(clippy::cast_precision_loss, reason = "chance need not be precise")]
    let jitter = (micros as f64 * 0.1 * moment.jitter(feed.id.uuid())) as i64;
    Duration::from_micros(micros + jitter)
}

/// What follows for the subscription.
fn befall(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    mut found: Subscription,
    parcel: &Parcel,
    (outcome, is_missed): (&Outcome, bool),
) -> Result<(), ServiceError> {
    if *outcome == Outcome::Gone {
        tell(tx, &found, LifecycleEvent::Removed)?;
        subscription::delete(tx, &found)?;
        change_feed::close(tx, found.id)?;
        let event =
            event(Activity::DeleteSubscription, &found).with("reason", "its receiver is gone");
        return Ok(audit::record(tx, moment, ctx, event)?);
    }
    if is_missed {
        tell(tx, &found, LifecycleEvent::Missed)?;
    }
    if *outcome == Outcome::Taken && parcel.is_withheld && !found.is_suspended {
        found.is_suspended = true;
        subscription::save(tx, &found)?;
        tell(tx, &found, LifecycleEvent::Reauthorize)?;
    }
    Ok(())
}

/// Tells a subscriber who wants to know what befell the subscription.
fn tell(
    tx: &mut WriteTx<'_>,
    subscription: &Subscription,
    befell: LifecycleEvent,
) -> Result<(), ServiceError> {
    let feeds = change_feed::of(tx, subscription.id)?;
    let Some(feed) = feeds.iter().find(|feed| feed.is_lifecycle) else {
        return Ok(());
    };
    let principal = principal::read(&subscription.principal);
    let tenant = principal
        .as_ref()
        .and_then(|one| one.token.tenant.as_deref());
    let mut notification = common(subscription, tenant);
    put(&mut notification, "lifecycleEvent", json!(befell.as_str()));
    put(&mut notification, "resource", json!(subscription.resource));
    let document = notification.to_string();
    Ok(change_feed::append_event(tx, feed.id, befell, &document)?)
}
