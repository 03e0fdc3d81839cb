//! What changed, as notifications that wait to be posted: a feed for each subscription, and one for what befalls it.
//!
//! A transaction notes what it changes ([`Changes`]); before it commits, the notes become rows, one statement for each kind
//! of change, however many objects and subscriptions there are. Without a subscription they become nothing.
//!
//! **Invariant:** the notifications of one object stand in a feed in the order in which the changes were committed, and one
//! process at a time posts a feed.

use std::collections::BTreeMap;

use domain::id::{FeedId, SubscriptionId};
use domain::subscription::{ChangeType, Followed, LifecycleEvent};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_string, parsed};
use crate::engine::Row;
use crate::outbox::{self, Lease};
use crate::value::{boolean, int, list, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx, change_log};

pub(crate) const STATEMENTS: &[&str] = &[
    ANY,
    APPEND,
    APPEND_EVENT,
    INSERT,
    SAVE,
    POINT,
    OF,
    DELETE,
    EMPTY,
    CLAIM,
    CLAIMED,
    EXPIRE,
    RECLAIM,
    NEXT_DUE,
    NEXT_LEASE,
    PENDING,
    CLEAR,
    FORGET,
    MORE_THAN,
    COUNT,
];

const ANY: &str =
    "SELECT EXISTS (SELECT 1 FROM subscription), EXISTS (SELECT 1 FROM change_log_mark)";
const APPEND: &str = "INSERT INTO change_notification (feed_id, change, object_id) \
    SELECT f.id, $2, c.value FROM EACH($3) c \
    JOIN subscription s ON s.entity = $1 AND (s.object_id IS NULL OR s.object_id = c.value) \
    JOIN change_feed f ON f.subscription_id = s.id AND f.is_lifecycle = FALSE \
    WHERE INSTR(s.change_types, $2) > 0";
const APPEND_EVENT: &str =
    "INSERT INTO change_notification (feed_id, change, document) VALUES ($1, $2, $3)";

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, subscription_id, is_lifecycle, url, audience, attempts, due_at, failing_since, lease_owner, version ",
            "FROM change_feed f ",
            $tail
        )
    };
}

const INSERT: &str = "INSERT INTO change_feed (id, subscription_id, is_lifecycle, url, audience, attempts, due_at, \
    failing_since, lease_owner, lease_until, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL, $9)";
// Whoever posts lets go of it, too.
const SAVE: &str = "UPDATE change_feed SET attempts = $3, due_at = $4, failing_since = $5, lease_owner = NULL, \
    lease_until = NULL, version = version + 1 WHERE id = $1 AND lease_owner = $2";
// Whoever posts to the old address has no say any more.
const POINT: &str = "UPDATE change_feed SET url = $2, attempts = 0, due_at = 0, failing_since = NULL, \
    lease_owner = NULL, lease_until = NULL, version = version + 1 WHERE subscription_id = $1 AND is_lifecycle = FALSE";
const OF: &str = select!("WHERE f.subscription_id = $1");
const DELETE: &str = "DELETE FROM change_feed WHERE subscription_id = $1 AND is_lifecycle = FALSE";
const EMPTY: &str = "DELETE FROM change_feed WHERE subscription_id = $1 \
    AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.id = change_feed.subscription_id) \
    AND NOT EXISTS (SELECT 1 FROM change_notification n WHERE n.feed_id = change_feed.id)";
// Of one subscriber four at most are in hand at once, so that slow receivers of one do not take the places of the others.
const CLAIM: &str = "UPDATE change_feed SET lease_owner = $1, lease_until = $3, version = version + 1 \
    WHERE id IN (SELECT f.id FROM change_feed f WHERE f.due_at <= $2 AND f.lease_owner IS NULL \
        AND EXISTS (SELECT 1 FROM change_notification n WHERE n.feed_id = f.id) \
        AND f.id IN (SELECT p.id FROM (SELECT w.id, row_number() OVER (\
                PARTITION BY COALESCE(s.creator_id, w.subscription_id) \
                ORDER BY w.lease_owner IS NULL, w.due_at, w.id) AS place \
            FROM change_feed w LEFT JOIN subscription s ON s.id = w.subscription_id \
            WHERE w.lease_owner IS NOT NULL OR (w.due_at <= $2 \
                AND EXISTS (SELECT 1 FROM change_notification n WHERE n.feed_id = w.id))) p WHERE p.place <= 4) \
        ORDER BY f.due_at, f.id LIMIT $4 SKIP_LOCKED)";
const CLAIMED: &str = select!("WHERE f.lease_owner = $1 ORDER BY f.due_at, f.id");
const EXPIRE: &str = "UPDATE change_feed SET lease_owner = NULL, lease_until = NULL, version = version + 1 \
    WHERE lease_until <= $1";
const RECLAIM: &str = "UPDATE change_feed SET lease_owner = NULL, lease_until = NULL, version = version + 1 \
    WHERE lease_until IS NOT NULL";
const NEXT_DUE: &str = "SELECT min(f.due_at) FROM change_feed f WHERE f.lease_owner IS NULL \
    AND EXISTS (SELECT 1 FROM change_notification n WHERE n.feed_id = f.id)";
const NEXT_LEASE: &str = "SELECT min(lease_until) FROM change_feed WHERE lease_until IS NOT NULL";
const PENDING: &str = "SELECT position, change, object_id, document FROM change_notification \
    WHERE feed_id = $1 ORDER BY position LIMIT $2";
// By name: what was drawn before and is committed later has a smaller number, and nobody has posted it.
const FORGET: &str = "DELETE FROM change_notification WHERE feed_id = $1 \
    AND position IN (SELECT CAST(e.value AS BIGINT) FROM EACH($2) e)";
const CLEAR: &str = "DELETE FROM change_notification WHERE feed_id = $1";
const MORE_THAN: &str =
    "SELECT 1 FROM change_notification WHERE feed_id = $1 ORDER BY position LIMIT 1 OFFSET $2";
const COUNT: &str = "SELECT count(*) FROM change_notification";

/// What a transaction has changed so far: of each object one change, or none if nobody could have seen it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    of: BTreeMap<(Followed, String), ChangeType>,
    /// Packages that are in another catalog now: nobody is notified, but others may read their requests.
    moved: Vec<String>,
}

impl Changes {
    /// Notes that something changed.
    pub(crate) fn note(&mut self, of: Followed, id: String, change: ChangeType) {
        let object = (of, id);
        let change = match self.of.get(&object) {
            Some(before) => before.then(change),
            None => Some(change),
        };
        match change {
            Some(change) => self.of.insert(object, change),
            None => self.of.remove(&object),
        };
    }

    /// Notes that a package is in another catalog now.
    pub(crate) fn note_move(&mut self, package: String) {
        self.moved.push(package);
    }
}

/// Turns what a transaction changed into notifications, if anybody subscribed, and into lines of the log, if anybody reads it.
pub(crate) fn append(tx: &mut WriteTx<'_>, changes: Changes) -> Result<(), Error> {
    if changes.of.is_empty() && changes.moved.is_empty() {
        return Ok(());
    }
    let anybody = tx.query_one(ANY, &[])?;
    let (is_followed, is_logged) = (anybody.boolean(0)?, anybody.boolean(1)?);
    if !is_followed && !is_logged {
        return Ok(());
    }
    let mut kinds: BTreeMap<(Followed, ChangeType), Vec<String>> = BTreeMap::new();
    for ((of, id), change) in changes.of {
        kinds.entry((of, change)).or_default().push(id);
    }
    if is_followed {
        for ((of, change), ids) in &kinds {
            tx.execute(APPEND, &[text(of), text(change), list(ids)])?;
        }
    }
    // The last, because it keeps all others waiting who change something.
    if is_logged {
        change_log::append(tx, &kinds, &changes.moved)?;
    }
    Ok(())
}

/// Where notifications wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Whose.
    pub subscription_id: SubscriptionId,
    /// Whether it tells what befalls the subscription.
    pub is_lifecycle: bool,
    /// Where it is posted to.
    pub url: String,
    /// For whom the tokens are that prove who posts.
    pub audience: String,
    /// Attempts that failed since the last one that did not.
    pub attempts: i64,
    /// When the next attempt may be made.
    pub due_at: Timestamp,
    /// Since when nothing has come through.
    pub failing_since: Option<Timestamp>,
    /// Who posts it.
    pub lease_owner: Option<String>,
    /// Counts its changes.
    pub version: i64,
}

/// A notification that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its place; the larger, the later.
    pub position: i64,
    /// What happened, in a word.
    pub change: String,
    /// To which object.
    pub object_id: Option<String>,
    /// The whole notification, where it is about the subscription.
    pub document: Option<String>,
}

/// Opens a feed.
pub fn insert(tx: &mut WriteTx<'_>, feed: &Feed) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(feed.id),
            text(feed.subscription_id),
            boolean(feed.is_lifecycle),
            text(&feed.url),
            text(&feed.audience),
            int(feed.attempts),
            int(feed.due_at.micros()),
            opt_int(feed.failing_since.map(Timestamp::micros)),
            int(feed.version),
        ],
    )
}

/// Stores how posting went and lets go of the feed; answers whether it was still `owner`'s.
pub fn release(tx: &mut WriteTx<'_>, feed: &Feed, owner: &str) -> Result<bool, Error> {
    let args = [
        text(feed.id),
        text(owner),
        int(feed.attempts),
        int(feed.due_at.micros()),
        opt_int(feed.failing_since.map(Timestamp::micros)),
    ];
    Ok(tx.execute(SAVE, &args)? == 1)
}

/// From now on the notifications of a subscription go there, and are tried at once.
pub fn point(tx: &mut WriteTx<'_>, subscription: SubscriptionId, url: &str) -> Result<(), Error> {
    tx.execute(POINT, &[text(subscription), text(url)])?;
    Ok(())
}

/// The feeds of a subscription.
pub fn of(tx: &mut ReadTx<'_>, subscription: SubscriptionId) -> Result<Vec<Feed>, Error> {
    tx.query_map(OF, &[text(subscription)], read)
}

/// Drops the notifications of a subscription that is gone, and what has nothing left to tell.
pub fn close(tx: &mut WriteTx<'_>, subscription: SubscriptionId) -> Result<(), Error> {
    tx.execute(DELETE, &[text(subscription)])?;
    tx.execute(EMPTY, &[text(subscription)])?;
    Ok(())
}

/// Adds what befell the subscription of a feed.
pub fn append_event(
    tx: &mut WriteTx<'_>,
    feed: FeedId,
    event: LifecycleEvent,
    document: &str,
) -> Result<(), Error> {
    let args = [text(feed), text(event), opt_text(Some(document))];
    tx.execute_one(APPEND_EVENT, &args)
}

/// Claims up to `limit` feeds that may be posted and have something to post, of each subscriber four at most.
pub fn claim(tx: &mut WriteTx<'_>, lease: Lease<'_>, limit: i64) -> Result<Vec<Feed>, Error> {
    outbox::claim(tx, (CLAIM, CLAIMED), lease, limit, read)
}

/// Gives back what was claimed by somebody who did not come back in time.
pub fn expire(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(EXPIRE, &[int(now.micros())])
}

/// Gives back all that is claimed, for a start at which nobody else can be at work.
pub fn reclaim(tx: &mut WriteTx<'_>) -> Result<u64, Error> {
    tx.execute(RECLAIM, &[])
}

/// When the next feed may be posted that has something to post and is nobody's.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    outbox::next_due(tx, NEXT_DUE)
}

/// When the next lease is over.
pub fn next_lease(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    outbox::next_due(tx, NEXT_LEASE)
}

/// The oldest notifications of a feed.
pub fn pending(tx: &mut ReadTx<'_>, feed: FeedId, limit: i64) -> Result<Vec<Pending>, Error> {
    tx.query_map(PENDING, &[text(feed), int(limit)], |row| {
        Ok(Pending {
            position: row.int(0)?,
            change: row.text(1)?.to_owned(),
            object_id: opt_string(row, 2)?,
            document: opt_string(row, 3)?,
        })
    })
}

/// Removes notifications of a feed; answers how many there were.
pub fn forget(tx: &mut WriteTx<'_>, feed: FeedId, positions: &[i64]) -> Result<u64, Error> {
    tx.execute(FORGET, &[text(feed), list(positions)])
}

/// Removes all notifications of a feed; answers how many there were.
pub fn clear(tx: &mut WriteTx<'_>, feed: FeedId) -> Result<u64, Error> {
    tx.execute(CLEAR, &[text(feed)])
}

/// Whether more than `bound` notifications wait in a feed.
pub fn has_more_than(tx: &mut ReadTx<'_>, feed: FeedId, bound: i64) -> Result<bool, Error> {
    Ok(tx
        .query_opt(MORE_THAN, &[text(feed), int(bound)])?
        .is_some())
}

/// How many notifications wait.
pub fn count(tx: &mut ReadTx<'_>) -> Result<i64, Error> {
    tx.query_one(COUNT, &[])?.int(0)
}

fn read(row: &Row<'_>) -> Result<Feed, Error> {
    Ok(Feed {
        id: parsed(row, 0, "change_feed.id")?,
        subscription_id: parsed(row, 1, "change_feed.subscription_id")?,
        is_lifecycle: row.boolean(2)?,
        url: row.text(3)?.to_owned(),
        audience: row.text(4)?.to_owned(),
        attempts: row.int(5)?,
        due_at: instant(row, 6)?,
        failing_since: opt_instant(row, 7)?,
        lease_owner: opt_string(row, 8)?,
        version: row.int(9)?,
    })
}

#[cfg(test)]
mod tests;
