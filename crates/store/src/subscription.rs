//! Subscriptions to changes. Every transaction that changes something reads whether there are any; only subscribers write
//! here, so that the two rarely meet.

use domain::id::{ObjectId, SubscriptionId};
use domain::subscription::{ClientState, Followed};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] =
    &[FIND, INSERT, SAVE, DELETE, ENDED, NEXT_END, COUNT, COUNT_OF];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, resource, api_version, collection, entity, object_id, change_types, notification_url, ",
            "lifecycle_url, notification_url_app_id, client_state, tls_version, expires_at, creator_id, application_id, ",
            "principal, is_suspended, created_at, version FROM subscription ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const INSERT: &str = "INSERT INTO subscription (id, resource, api_version, collection, entity, object_id, change_types, \
    notification_url, lifecycle_url, notification_url_app_id, client_state, tls_version, expires_at, creator_id, \
    application_id, principal, is_suspended, created_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
const SAVE: &str = "UPDATE subscription SET notification_url = $3, expires_at = $4, principal = $5, is_suspended = $6, \
    version = version + 1 WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM subscription WHERE id = $1 AND version = $2";
const ENDED: &str = select!("WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2");
const NEXT_END: &str = "SELECT min(expires_at) FROM subscription";
const COUNT: &str = "SELECT count(*) FROM subscription";
const COUNT_OF: &str = "SELECT count(*) FROM subscription WHERE creator_id = $1";

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// What is followed, as the subscriber wrote it.
    pub resource: String,
    /// In which version.
    pub api_version: String,
    /// The path of the collection, with which notifications name objects.
    pub collection: String,
    /// Of what.
    pub followed: Followed,
    /// The one object, if it is not the whole collection.
    pub object_id: Option<String>,
    /// Which changes, with commas between.
    pub change_types: String,
    /// Where notifications are posted.
    pub notification_url: String,
    /// Where it is posted what befalls the subscription.
    pub lifecycle_url: Option<String>,
    /// The application that the receiver belongs to.
    pub notification_url_app_id: Option<String>,
    /// What each notification carries.
    pub client_state: Option<ClientState>,
    /// The newest TLS that the receiver speaks.
    pub tls_version: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who subscribed.
    pub creator_id: ObjectId,
    /// Through which application.
    pub application_id: Option<String>,
    /// What the subscriber's token said, as a document.
    pub principal: String,
    /// Whether nothing is posted until the subscriber has shown a token again.
    pub is_suspended: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// The subscription of this id.
pub fn find(tx: &mut ReadTx<'_>, id: SubscriptionId) -> Result<Option<Subscription>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Stores a new subscription.
pub fn insert(tx: &mut WriteTx<'_>, subscription: &Subscription) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(subscription.id),
            text(&subscription.resource),
            text(&subscription.api_version),
            text(&subscription.collection),
            text(subscription.followed),
            opt_text(subscription.object_id.as_ref()),
            text(&subscription.change_types),
            text(&subscription.notification_url),
            opt_text(subscription.lifecycle_url.as_ref()),
            opt_text(subscription.notification_url_app_id.as_ref()),
            opt_text(subscription.client_state.as_ref().map(ClientState::as_str)),
            text(&subscription.tls_version),
            int(subscription.expires_at.micros()),
            text(subscription.creator_id),
            opt_text(subscription.application_id.as_ref()),
            text(&subscription.principal),
            boolean(subscription.is_suspended),
            int(subscription.created_at.micros()),
            int(subscription.version),
        ],
    )
}

/// Stores what changed, if nobody else changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, subscription: &Subscription) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(subscription.id),
            int(subscription.version),
            text(&subscription.notification_url),
            int(subscription.expires_at.micros()),
            text(&subscription.principal),
            boolean(subscription.is_suspended),
        ],
    )
}

/// Removes a subscription; what waits to be posted is the feeds' affair.
pub fn delete(tx: &mut WriteTx<'_>, subscription: &Subscription) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(subscription.id), int(subscription.version)])
}

/// The subscriptions whose end is reached.
pub fn ended(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Subscription>, Error> {
    tx.query_map(ENDED, &[int(now.micros()), int(limit)], read)
}

/// When the next subscription ends.
pub fn next_end(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    opt_instant(&tx.query_one(NEXT_END, &[])?, 0)
}

/// How many subscriptions there are, and how many of them somebody has.
pub fn counts(tx: &mut ReadTx<'_>, creator: ObjectId) -> Result<(i64, i64), Error> {
    let all = tx.query_one(COUNT, &[])?.int(0)?;
    let theirs = tx.query_one(COUNT_OF, &[text(creator)])?.int(0)?;
    Ok((all, theirs))
}

fn read(row: &Row<'_>) -> Result<Subscription, Error> {
    Ok(Subscription {
        id: parsed(row, 0, "subscription.id")?,
        resource: row.text(1)?.to_owned(),
        api_version: row.text(2)?.to_owned(),
        collection: row.text(3)?.to_owned(),
        followed: word(row, 4, "subscription.entity", Followed::from_name)?,
        object_id: opt_string(row, 5)?,
        change_types: row.text(6)?.to_owned(),
        notification_url: row.text(7)?.to_owned(),
        lifecycle_url: opt_string(row, 8)?,
        notification_url_app_id: opt_string(row, 9)?,
        client_state: opt_string(row, 10)?.map(ClientState::new),
        tls_version: row.text(11)?.to_owned(),
        expires_at: instant(row, 12)?,
        creator_id: parsed(row, 13, "subscription.creator_id")?,
        application_id: opt_string(row, 14)?,
        principal: row.text(15)?.to_owned(),
        is_suspended: row.boolean(16)?,
        created_at: instant(row, 17)?,
        version: row.int(18)?,
    })
}
