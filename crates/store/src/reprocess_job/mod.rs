//! Bulk reprocess as a job: its row, and who works at it.
//!
//! **Invariant:** whoever works at a job writes only while its own lease and the number of that lease stand in the row.

pub mod facts;
pub mod item;
pub mod steady;
pub mod tally;

use domain::id::{ObjectId, ReprocessJobId};
use domain::reprocess_job::{Collection, State, Thresholds, Tracking};
use domain::time::{Duration, Timestamp};

use crate::column::{instant, opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    INSERT,
    SAVE,
    NEWEST,
    NEWEST_OF,
    DUE,
    TAKE,
    HOLD,
    RECLAIM,
    COUNT,
    OPEN,
    MOVED,
    NEXT_TO_GO,
    FORGET_ITEMS,
    FORGET,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, collection, filter, condition, ids, dry_run, note, max_removed, max_removed_percent, ",
            "created_by, initiated_by, correlation_id, rights, state, phase, reason_code, reason_message, items, ",
            "refused_in_plan, people, adds, removes, kept, planned_through, begun_through, asked_through, removed, ",
            "in_delivery, delivered, partially_delivered, delivery_failed, superseded, refused, created_at, ",
            "planned_at, started_at, paused_at, paused_for, ended_at, version, tracking FROM reprocess_job ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const NEWEST: &str = select!(
    "WHERE created_at < $1 OR (created_at = $1 AND id > $2) ORDER BY created_at DESC, id LIMIT $3"
);
const NEWEST_OF: &str = select!(
    "WHERE created_by = $4 AND (created_at < $1 OR (created_at = $1 AND id > $2)) ORDER BY created_at DESC, id LIMIT $3"
);
const INSERT: &str = "INSERT INTO reprocess_job (id, collection, filter, condition, ids, dry_run, note, max_removed, \
    max_removed_percent, created_by, initiated_by, correlation_id, rights, state, phase, reason_code, reason_message, \
    items, refused_in_plan, people, adds, removes, kept, planned_through, begun_through, asked_through, removed, \
    in_delivery, delivered, partially_delivered, delivery_failed, superseded, refused, created_at, planned_at, \
    started_at, paused_at, paused_for, ended_at, version, tracking, fence) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
    $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, 0)";
const SAVE: &str = "UPDATE reprocess_job SET max_removed = $3, max_removed_percent = $4, initiated_by = $5, \
    correlation_id = $6, rights = $7, state = $8, phase = $9, reason_code = $10, reason_message = $11, items = $12, \
    refused_in_plan = $13, people = $14, adds = $15, removes = $16, kept = $17, planned_through = $18, \
    begun_through = $19, asked_through = $20, removed = $21, in_delivery = $22, delivered = $23, \
    partially_delivered = $24, delivery_failed = $25, superseded = $26, refused = $27, planned_at = $28, \
    started_at = $29, paused_at = $30, paused_for = $31, ended_at = $32, version = version + 1 \
    WHERE id = $1 AND version = $2";
// What was begun is asked after even where the job is held back or over.
// A lease that ends later than any can was taken before the clock jumped back.
const DUE: &str = "SELECT id, state, fence, lease_owner = $1 AND lease_until >= $3 FROM reprocess_job WHERE (state IN ('planning', 'running') OR in_delivery > 0) \
    AND (lease_owner IS NULL OR lease_owner = $1 OR lease_until <= $2 OR lease_until > $4) ORDER BY created_at, id";
const TAKE: &str = "UPDATE reprocess_job SET fence = fence + CASE WHEN lease_owner = $2 THEN 0 ELSE 1 END, \
    lease_owner = $2, lease_until = $4 \
    WHERE id = $1 AND (lease_owner IS NULL OR lease_owner = $2 OR lease_until <= $3 OR lease_until > $5) RETURNING fence";
const HOLD: &str = "UPDATE reprocess_job SET lease_until = $4, moved_at = $5 WHERE id = $1 AND lease_owner = $2 AND fence = $3";
const MOVED: &str = "UPDATE reprocess_job SET moved_at = $2 WHERE id = $1";
const NEXT_TO_GO: &str = "SELECT id, ended_at FROM reprocess_job WHERE ended_at IS NOT NULL AND in_delivery = 0 \
    ORDER BY ended_at, id LIMIT 1";
const FORGET_ITEMS: &str = "DELETE FROM reprocess_job_item WHERE job_id = $1 AND ordinal IN (\
    SELECT ordinal FROM reprocess_job_item WHERE job_id = $1 ORDER BY ordinal LIMIT $2)";
const FORGET: &str = "DELETE FROM reprocess_job WHERE id = $1";
const RECLAIM: &str =
    "UPDATE reprocess_job SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL";
const COUNT: &str = "SELECT state, count(*) FROM reprocess_job GROUP BY state ORDER BY state";

const OPEN: &str = "SELECT count(*), COALESCE(sum(CASE WHEN created_by = $1 THEN 1 ELSE 0 END), 0) FROM reprocess_job \
    WHERE state NOT IN ('canceled', 'completed', 'failed')";

/// No job is taken for longer, even by a replica whose clock is minutes ahead.
pub const LONGEST: Duration = Duration::from_minutes(5);

/// A bulk reprocess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: ReprocessJobId,
    /// What it is about.
    pub collection: Collection,
    /// The filter, as it was written.
    pub filter: Option<String>,
    /// What the filter and the scope of the caller came to, as a document.
    pub condition: Option<String>,
    /// The ids that were named instead, as a document.
    pub ids: Option<String>,
    /// Whether only a plan is asked for.
    pub dry_run: bool,
    /// Which items leave what a single call leaves.
    pub tracking: Tracking,
    /// What somebody wrote beside it.
    pub note: Option<String>,
    /// Where it stops.
    pub thresholds: Thresholds,
    /// Who made it; nobody, if that was Reeve itself.
    pub created_by: Option<ObjectId>,
    /// For whom it acts, as the audit log shows them.
    pub initiated_by: String,
    /// The call that it acts for.
    pub correlation_id: String,
    /// The catalogs it may act in, as a document.
    pub rights: String,
    /// Where it stands.
    pub state: State,
    /// What a paused job goes on with.
    pub phase: State,
    /// Why it stopped or failed: a code and a sentence.
    pub reason: Option<(String, String)>,
    /// The plan.
    pub plan: Plan,
    /// How far it is.
    pub progress: Progress,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its plan was ready.
    pub planned_at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// Since when it is held back.
    pub paused_at: Option<Timestamp>,
    /// How long it was held back before, since it began to run.
    pub paused_for: Duration,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Its version.
    pub version: i64,
}

/// What a job would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Objects that were found.
    pub items: i64,
    /// Those of them that would be refused.
    pub refused: i64,
    /// People whose access is enforced.
    pub people: i64,
    /// Grants that are missing.
    pub adds: i64,
    /// Grants that go.
    pub removes: i64,
    /// Grants that are there and stay: they are read again.
    pub kept: i64,
}

impl Plan {
    /// All grants that the plan looks at.
    pub fn grants(&self) -> i64 {
        self.adds + self.removes + self.kept
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The last object that was planned; empty before the first.
    pub planned_through: String,
    /// The last item that was begun.
    pub begun_through: i64,
    /// The last item whose delivery was asked after.
    pub asked_through: i64,
    /// Grants that were given up to be removed.
    pub removed: i64,
    /// Items whose deliveries are under way.
    pub in_delivery: i64,
    /// Items that came to this end.
    pub delivered: i64,
    /// The same.
    pub partially_delivered: i64,
    /// The same.
    pub delivery_failed: i64,
    /// The same.
    pub superseded: i64,
    /// Items that were refused, in the plan or when their turn came.
    pub refused: i64,
}

/// The job of this id.
pub fn find(tx: &mut ReadTx<'_>, id: ReprocessJobId) -> Result<Option<Job>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The newest jobs behind a place; of one who made them, or of everybody.
pub fn newest(
    tx: &mut ReadTx<'_>,
    of: Option<ObjectId>,
    after: Option<(Timestamp, ReprocessJobId)>,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    let (before, id) = match after {
        Some((before, id)) => (int(before.micros()), text(id)),
        None => (int(i64::MAX), text("")),
    };
    match of {
        None => tx.query_map(NEWEST, &[before, id, int(limit)], read),
        Some(of) => tx.query_map(NEWEST_OF, &[before, id, int(limit), text(of)], read),
    }
}

/// How many jobs are in each state.
pub fn count(tx: &mut ReadTx<'_>) -> Result<Vec<(String, i64)>, Error> {
    tx.query_map(COUNT, &[], |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))
}

/// How many jobs are not over: all, and those of this maker.
pub fn count_open(tx: &mut ReadTx<'_>, maker: Option<ObjectId>) -> Result<(i64, i64), Error> {
    let maker = maker.map(|maker| maker.to_string()).unwrap_or_default();
    let row = tx.query_one(OPEN, &[text(maker)])?;
    Ok((row.int(0)?, row.int(1)?))
}

/// Stores a new job.
pub fn insert(tx: &mut WriteTx<'_>, job: &Job) -> Result<(), Error> {
    let reason = job.reason.as_ref();
    let args = [
        text(job.id),
        text(job.collection),
        opt_text(job.filter.as_ref()),
        opt_text(job.condition.as_ref()),
        opt_text(job.ids.as_ref()),
        boolean(job.dry_run),
        opt_text(job.note.as_ref()),
        int(job.thresholds.max_removed),
        int(job.thresholds.max_removed_percent),
        opt_text(job.created_by),
        text(&job.initiated_by),
        text(&job.correlation_id),
        text(&job.rights),
        text(job.state),
        text(job.phase),
        opt_text(reason.map(|(code, _)| code)),
        opt_text(reason.map(|(_, message)| message)),
        int(job.plan.items),
        int(job.plan.refused),
        int(job.plan.people),
        int(job.plan.adds),
        int(job.plan.removes),
        int(job.plan.kept),
        text(&job.progress.planned_through),
        int(job.progress.begun_through),
        int(job.progress.asked_through),
        int(job.progress.removed),
        int(job.progress.in_delivery),
        int(job.progress.delivered),
        int(job.progress.partially_delivered),
        int(job.progress.delivery_failed),
        int(job.progress.superseded),
        int(job.progress.refused),
        int(job.created_at.micros()),
        opt_int(job.planned_at.map(Timestamp::micros)),
        opt_int(job.started_at.map(Timestamp::micros)),
        opt_int(job.paused_at.map(Timestamp::micros)),
        int(job.paused_for.micros()),
        opt_int(job.ended_at.map(Timestamp::micros)),
        int(job.version),
        text(job.tracking),
    ];
    tx.execute_one(INSERT, &args)
}

/// Stores what changed, if nobody else changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, job: &Job) -> Result<(), Error> {
    let reason = job.reason.as_ref();
    let args = [
        text(job.id),
        int(job.version),
        int(job.thresholds.max_removed),
        int(job.thresholds.max_removed_percent),
        text(&job.initiated_by),
        text(&job.correlation_id),
        text(&job.rights),
        text(job.state),
        text(job.phase),
        opt_text(reason.map(|(code, _)| code)),
        opt_text(reason.map(|(_, message)| message)),
        int(job.plan.items),
        int(job.plan.refused),
        int(job.plan.people),
        int(job.plan.adds),
        int(job.plan.removes),
        int(job.plan.kept),
        text(&job.progress.planned_through),
        int(job.progress.begun_through),
        int(job.progress.asked_through),
        int(job.progress.removed),
        int(job.progress.in_delivery),
        int(job.progress.delivered),
        int(job.progress.partially_delivered),
        int(job.progress.delivery_failed),
        int(job.progress.superseded),
        int(job.progress.refused),
        opt_int(job.planned_at.map(Timestamp::micros)),
        opt_int(job.started_at.map(Timestamp::micros)),
        opt_int(job.paused_at.map(Timestamp::micros)),
        int(job.paused_for.micros()),
        opt_int(job.ended_at.map(Timestamp::micros)),
    ];
    tx.execute_one(SAVE, &args)
}

/// The lease of a worker on a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: ReprocessJobId,
    /// The worker.
    pub owner: String,
    /// The number of the lease: each new worker's is higher.
    pub fence: i64,
}

/// A job that has work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Where it stands.
    pub state: State,
    /// The lease under which the worker may go on, or which it may take.
    pub lease: Lease,
    /// Whether the worker has that lease, and for long enough.
    pub is_held: bool,
}

/// The jobs that have work and that this worker may take; a lease that lasts until `enough` is long enough.
pub fn due(
    tx: &mut ReadTx<'_>,
    owner: &str,
    now: Timestamp,
    enough: Timestamp,
) -> Result<Vec<Due>, Error> {
    let args = [
        text(owner),
        int(now.micros()),
        int(enough.micros()),
        int(now.plus(LONGEST).micros()),
    ];
    tx.query_map(DUE, &args, |row| {
        Ok(Due {
            state: word(row, 1, "reprocess_job.state", State::from_name)?,
            lease: Lease {
                job: parsed(row, 0, "reprocess_job.id")?,
                owner: owner.to_owned(),
                fence: row.int(2)?,
            },
            is_held: row.opt_boolean(3)?.unwrap_or_default(),
        })
    })
}

/// Takes or keeps a job; `None` if somebody else works at it. What is taken until later than [`LONGEST`] from now counts as
/// free.
pub fn take(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, Error> {
    let args = [
        text(job),
        text(owner),
        int(now.micros()),
        int(until.micros()),
        int(now.plus(LONGEST).micros()),
    ];
    let fence = tx.query_opt(TAKE, &args)?;
    fence
        .map(|row| {
            Ok(Lease {
                job,
                owner: owner.to_owned(),
                fence: row.int(0)?,
            })
        })
        .transpose()
}

/// Whether the lease still stands; it is prolonged then. The first statement of a worker's transaction: from there on
/// nobody else can take the job before the commit.
pub fn hold(
    tx: &mut WriteTx<'_>,
    lease: &Lease,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Error> {
    let args = [
        text(lease.job),
        text(&lease.owner),
        int(lease.fence),
        int(until.micros()),
        int(now.micros()),
    ];
    Ok(tx.execute(HOLD, &args)? > 0)
}

/// Somebody told the job something: the watchdog waits anew.
pub fn moved(tx: &mut WriteTx<'_>, job: ReprocessJobId, now: Timestamp) -> Result<(), Error> {
    tx.execute(MOVED, &[text(job), int(now.micros())]).map(drop)
}

/// The job that has been over for longest, and since when.
pub fn next_to_go(tx: &mut ReadTx<'_>) -> Result<Option<(ReprocessJobId, Timestamp)>, Error> {
    tx.query_opt(NEXT_TO_GO, &[])?
        .map(|row| Ok((parsed(&row, 0, "reprocess_job.id")?, instant(&row, 1)?)))
        .transpose()
}

/// Lets go of a job that is over, so many of its items at a time; answers how many went, and zero once the job itself is
/// gone.
pub fn forget(tx: &mut WriteTx<'_>, job: ReprocessJobId, limit: i64) -> Result<u64, Error> {
    let items = tx.execute(FORGET_ITEMS, &[text(job), int(limit)])?;
    if items == 0 {
        tx.execute_one(FORGET, &[text(job)])?;
    }
    Ok(items)
}

/// Takes all jobs back from their workers, for a start at which nobody can be at work.
pub fn reclaim(tx: &mut WriteTx<'_>) -> Result<u64, Error> {
    tx.execute(RECLAIM, &[])
}

fn read(row: &Row<'_>) -> Result<Job, Error> {
    let reason = match (opt_string(row, 15)?, opt_string(row, 16)?) {
        (Some(code), message) => Some((code, message.unwrap_or_default())),
        (None, _) => None,
    };
    Ok(Job {
        id: parsed(row, 0, "reprocess_job.id")?,
        collection: word(row, 1, "reprocess_job.collection", Collection::from_name)?,
        filter: opt_string(row, 2)?,
        condition: opt_string(row, 3)?,
        ids: opt_string(row, 4)?,
        dry_run: row.boolean(5)?,
        note: opt_string(row, 6)?,
        thresholds: Thresholds {
            max_removed: row.int(7)?,
            max_removed_percent: row.int(8)?,
        },
        created_by: opt_parsed(row, 9, "reprocess_job.created_by")?,
        initiated_by: row.text(10)?.to_owned(),
        correlation_id: row.text(11)?.to_owned(),
        rights: row.text(12)?.to_owned(),
        state: word(row, 13, "reprocess_job.state", State::from_name)?,
        phase: word(row, 14, "reprocess_job.phase", State::from_name)?,
        reason,
        plan: Plan {
            items: row.int(17)?,
            refused: row.int(18)?,
            people: row.int(19)?,
            adds: row.int(20)?,
            removes: row.int(21)?,
            kept: row.int(22)?,
        },
        progress: Progress {
            planned_through: row.text(23)?.to_owned(),
            begun_through: row.int(24)?,
            asked_through: row.int(25)?,
            removed: row.int(26)?,
            in_delivery: row.int(27)?,
            delivered: row.int(28)?,
            partially_delivered: row.int(29)?,
            delivery_failed: row.int(30)?,
            superseded: row.int(31)?,
            refused: row.int(32)?,
        },
        created_at: instant(row, 33)?,
        planned_at: opt_instant(row, 34)?,
        started_at: opt_instant(row, 35)?,
        paused_at: opt_instant(row, 36)?,
        paused_for: Duration::from_micros(row.int(37)?),
        ended_at: opt_instant(row, 38)?,
        version: row.int(39)?,
        tracking: word(row, 40, "reprocess_job.tracking", Tracking::from_name)?,
    })
}
