//! How many assignments a second a bulk job reprocesses where nothing has drifted: from the order to the last outcome that can
//! be read.
//!
//! **Invariant:** both sides look at every delivered assignment and have its outcome on the disk, item by item.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use rusqlite::{Connection as Sqlite, params};
use serde_json::{Value, json};

use super::{Bench, Figure};
use crate::http::{Call, Connection, Target, now};

pub(super) const JOBS: &str = "/reeve/v1/reprocessJobs";

/// How long a job may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(20);

/// How long between two looks at a job.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a job leaves of items that change nothing: their lines alone, or all that single calls leave.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tracking {
    Changes,
    Everything,
}

impl Tracking {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Everything => "everything",
        }
    }
}

/// Items that share a commit of the yardstick.
const BATCH: i64 = 1_000;

pub(super) const YARDSTICK: &str = "one thread: items queued by one statement, 1 000 claimed at a time, each looked at and \
    its outcome written, a commit a batch";

/// Nothing on a database that the yardstick does not know.
pub(super) fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Option<Figure>> {
    let Some(file) = bench.tenant.copied_file("group") else {
        return Ok(None);
    };
    let bare_file = Sqlite::open(file)?;
    let assignments = bench.plan.size.assignments;
    let pairs = bench.pairs(
        |bench, _| {
            let begun = now();
            let items = bench
                .runtime
                .block_on(job(bench, assignments, Tracking::Changes))?;
            let took = begun.elapsed().as_secs_f64();
            bench.tenant.settle(&bench.runtime)?;
            Ok(items / took)
        },
        |_, _| bare(&bare_file),
    )?;
    Ok(Some(Figure {
        name: "bulk reprocess, items/s",
        yardstick: YARDSTICK,
        pairs,
        note: Some(
            "from the order to the last outcome; nothing has drifted, changes are tracked"
                .to_owned(),
        ),
    }))
}

/// The yardstick on its copy of the tenant, in items a second.
pub(super) fn bare(bare: &Sqlite) -> anyhow::Result<f64> {
    bare.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA busy_timeout = 5000; \
         CREATE TABLE bulk_item (n INTEGER PRIMARY KEY, assignment_id TEXT NOT NULL, outcome TEXT)",
    )?;
    let begun = now();
    let items = drain(bare)?;
    let rate = items / begun.elapsed().as_secs_f64();
    bare.execute_batch("DROP TABLE bulk_item")?;
    Ok(rate)
}

/// Orders a job over everything; answers its id.
pub(super) async fn ordered(reeve: &Target, tracking: Tracking) -> anyhow::Result<String> {
    let order = json!({
        "target": "assignments",
        "filter": "state eq 'Delivered'",
        "tracking": tracking.as_str(),
    });
    let order = Call {
        method: Method::POST,
        path: JOBS.to_owned(),
        body: Bytes::from(order.to_string()),
        expected: StatusCode::CREATED,
    };
    let mut connection = Connection::open(reeve).await?;
    let job: Value = serde_json::from_slice(&connection.send(&order).await?)?;
    let id = job.get("id").and_then(Value::as_str);
    Ok(id.context("a job without id")?.to_owned())
}

/// The job as it is shown.
pub(super) async fn look(connection: &mut Connection, id: &str) -> anyhow::Result<Value> {
    let look = super::page::get(format!("{JOBS}/{id}"));
    Ok(serde_json::from_slice(&connection.send(&look).await?)?)
}

/// A number of its summary.
pub(super) fn count(job: &Value, name: &str) -> anyhow::Result<f64> {
    let found = job
        .pointer(&format!("/summary/{name}"))
        .and_then(Value::as_f64);
    found.with_context(|| format!("a job without `{name}`: {job}"))
}

/// Orders a job over everything and waits for its end; says how many items it had.
pub(super) async fn job(
    bench: &Bench<'_>,
    assignments: u64,
    tracking: Tracking,
) -> anyhow::Result<f64> {
    let begun = now();
    let id = ordered(&bench.reeve, tracking).await?;
    let mut connection = Connection::open(&bench.reeve).await?;
    let job = loop {
        let job = look(&mut connection, &id).await?;
        match job.get("state").and_then(Value::as_str) {
            Some("completed") => break job,
            Some("planning" | "planned" | "running") => {}
            other => bail!("the job is {other:?}: {job}"),
        }
        ensure!(begun.elapsed() < PATIENCE, "the job takes too long: {job}");
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let (items, delivered) = (count(&job, "items")?, count(&job, "delivered")?);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let all = assignments as f64;
    ensure!(items >= all, "{items} items of {all} assignments");
    ensure!(items - delivered < 1.0, "not all is delivered: {job}");
    Ok(items)
}

/// The same by hand; says how many items there were.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn drain(bare: &Sqlite) -> anyhow::Result<f64> {
    bare.execute("DELETE FROM bulk_item", [])?;
    let items = bare.execute(
        "INSERT INTO bulk_item (assignment_id) SELECT id FROM assignment WHERE state = 'delivered'",
        [],
    )?;
    let mut claim =
        bare.prepare("SELECT n, assignment_id FROM bulk_item WHERE n > ?1 ORDER BY n LIMIT ?2")?;
    let mut look = bare.prepare(
        "SELECT l.desired, l.observed FROM ledger_link k JOIN ledger l ON l.id = k.grant_id \
         WHERE k.assignment_id = ?1",
    )?;
    let mut write = bare.prepare("UPDATE bulk_item SET outcome = ?2 WHERE n = ?1")?;
    let mut last = 0_i64;
    loop {
        bare.execute_batch("BEGIN IMMEDIATE")?;
        let claimed = claim
            .query_map(params![last, BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
        for (n, assignment) in &claimed {
            let mut grants = look.query([assignment])?;
            let mut is_so = true;
            while let Some(grant) = grants.next()? {
                is_so &= grant.get::<_, bool>(0)? && grant.get_ref(1)?.as_str()? == "present";
            }
            write.execute(params![n, if is_so { "delivered" } else { "due" }])?;
        }
        bare.execute_batch("COMMIT")?;
        match claimed.last() {
            Some((n, _)) => last = *n,
            None => return Ok(items as f64),
        }
    }
}
