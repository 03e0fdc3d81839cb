//! Bulk jobs over whole tenants: how fast they are as the tenant grows, what others wait for beside one or beside
//! sweeps, and how one is ended in its middle.
//!
//! **Invariant:** what is measured beside a job is measured while the job still runs, or not at all.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Method, StatusCode};
use rusqlite::Connection as Sqlite;
use serde_json::{Value, json};

use super::bulk::{self, JOBS, Tracking};
use super::footprint::mebibytes;
use super::page::get;
use super::{Bench, Figure, Pair, Part, Plan, Section, reconcile};
use crate::data::{Kind, Size, id};
use crate::http::{Call, Connection, Run, Target, now, send_for};
use crate::machine;
use crate::tenant::Tenant;

const ASSIGNMENTS: &str = "/v1.0/identityGovernance/entitlementManagement/assignments";

/// Callers beside a job.
const CALLERS: usize = 4;

/// Calls that are accepted in a run.
const MOST_ACCEPTED: u64 = 1_000;

/// How long a single reprocess may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long between two looks at a single reprocess.
const LOOK_EVERY: Duration = Duration::from_millis(1);

const IDLE: &str = "the same without the job";

pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Section> {
    let [_, middle, large] = plan.growth;
    let (first, mut small) = whole(
        reeve,
        plan,
        middle,
        "bulk reprocess, middle tenant, items/s",
    )?;
    let tracked = tracked(&mut small, middle, &first)?;
    drop(small);
    let (second, mut bench) = whole(
        reeve,
        plan,
        large,
        "bulk reprocess, largest tenant, items/s",
    )?;
    let mut figures = vec![first, tracked, second];
    figures.extend(beside_a_job(&mut bench, large)?);
    figures.extend(beside_sweeps(&mut bench, large)?);
    Ok(Section {
        part: Part::Jobs,
        title: format!(
            "Bulk jobs on SQLite: {middle} and {large} assignments, nothing has drifted; {CALLERS} callers beside the job"
        ),
        figures,
    })
}

/// One job over a tenant of this size.
fn whole<'p>(
    reeve: &Path,
    plan: &'p Plan,
    assignments: u64,
    name: &'static str,
) -> anyhow::Result<(Figure, Bench<'p>)> {
    eprintln!("jobs: filling a SQLite file with {assignments} assignments ...");
    let size = Size::of(assignments);
    let tenant = Tenant::on_sqlite(reeve, size)?;
    let copy = tenant.yardstick("group", 1)?;
    drop(copy);
    let mut bench = Bench::start(plan, tenant)?;
    let file = bench.tenant.copied_file("group").context("no file")?;
    let bare = bulk::bare(&Sqlite::open(file)?)?;
    eprintln!("jobs: a job over {assignments}");
    let before = machine::ticks();
    let begun = now();
    let items = bench
        .runtime
        .block_on(bulk::job(&bench, assignments, Tracking::Changes))?;
    let took = begun.elapsed();
    let others = machine::foreign_share(before);
    bench.look_at_memory();
    let anonymous = bench
        .most
        .map_or(f64::NAN, |memory| mebibytes(memory.anonymous));
    let figure = Figure {
        name,
        yardstick: bulk::YARDSTICK,
        pairs: vec![Pair {
            reeve: items / took.as_secs_f64(),
            yardstick: bare,
            others,
        }],
        note: Some(format!(
            "{:.1} s; own memory afterwards {anonymous:.0} MiB",
            took.as_secs_f64()
        )),
    };
    Ok((figure, bench))
}

/// Another job over the same tenant, which leaves of each item what a single call leaves.
fn tracked(bench: &mut Bench<'_>, assignments: u64, before: &Figure) -> anyhow::Result<Figure> {
    eprintln!("jobs: a job over {assignments} that tracks everything");
    let ticks = machine::ticks();
    let begun = now();
    let job = bulk::job(bench, assignments, Tracking::Everything);
    let items = bench.runtime.block_on(job)?;
    let rate = items / begun.elapsed().as_secs_f64();
    let others = machine::foreign_share(ticks);
    bench.tenant.settle(&bench.runtime)?;
    let yardstick = before.pairs.first().map_or(f64::NAN, |pair| pair.yardstick);
    Ok(Figure {
        name: "bulk reprocess tracked like single calls, items/s",
        yardstick: bulk::YARDSTICK,
        pairs: vec![Pair {
            reeve: rate,
            yardstick,
            others,
        }],
        note: None,
    })
}

/// What callers see.
struct Seen {
    reads: Run,
    accepts: Run,
    /// From the call to the look that shows the assignment delivered, in microseconds.
    waits: Histogram<u64>,
}

fn beside_a_job(bench: &mut Bench<'_>, assignments: u64) -> anyhow::Result<Vec<Figure>> {
    let reeve = bench.reeve.clone();
    eprintln!("jobs: calls without a job");
    let idle = seen(bench, &reeve, assignments, 0)?;
    eprintln!("jobs: the same beside a job");
    let before = machine::ticks();
    let order = bench
        .runtime
        .block_on(bulk::ordered(&reeve, Tracking::Everything))?;
    bench.runtime.block_on(running(&reeve, &order))?;
    let busy = seen(bench, &reeve, assignments, assignments / 2)?;
    let others = machine::foreign_share(before);
    let canceled = bench.runtime.block_on(cancel(&reeve, &order))?;
    let pair = |busy: f64, idle: f64| {
        vec![Pair {
            reeve: busy,
            yardstick: idle,
            others,
        }]
    };
    let figure = |name, of: &dyn Fn(&Seen) -> f64| Figure {
        name,
        yardstick: IDLE,
        pairs: pair(of(&busy), of(&idle)),
        note: None,
    };
    let wait = |quantile: f64| {
        move |seen: &Seen| {
            #[expect(clippy::cast_precision_loss, reason = "waits are far below 2^52")]
            let micros = seen.waits.value_at_quantile(quantile) as f64;
            micros / 1_000.0
        }
    };
    let mut figures = vec![
        figure("reads beside a job/s", &|seen| seen.reads.rate()),
        figure("reads beside a job, p99 ms", &|seen| {
            seen.reads.millis_at(0.99)
        }),
        figure("reprocess accepted beside a job/s", &|seen| {
            seen.accepts.rate()
        }),
        figure("reprocess accepted beside a job, p99 ms", &|seen| {
            seen.accepts.millis_at(0.99)
        }),
        figure("reprocess delivered beside a job, p50 ms", &wait(0.5)),
        figure("reprocess delivered beside a job, p99 ms", &wait(0.99)),
    ];
    if let Some(last) = figures.last_mut() {
        last.note = Some(canceled);
    }
    Ok(figures)
}

/// The same calls while one sweep of the directory follows the other.
fn beside_sweeps(bench: &mut Bench<'_>, assignments: u64) -> anyhow::Result<Vec<Figure>> {
    let reeve = bench.reeve.clone();
    bench.tenant.settle(&bench.runtime)?;
    eprintln!("jobs: calls without a sweep");
    let idle = seen(bench, &reeve, assignments, assignments / 4)?;
    eprintln!("jobs: the same beside sweeps");
    let before = machine::ticks();
    let is_over = Arc::new(AtomicBool::new(false));
    let sweeps = bench
        .runtime
        .spawn(sweep_until(reeve.clone(), Arc::clone(&is_over)));
    let busy = seen(bench, &reeve, assignments, assignments / 4 * 3)?;
    let others = machine::foreign_share(before);
    is_over.store(true, Ordering::Relaxed);
    let swept = bench.runtime.block_on(sweeps)??;
    let figure = |name, of: &dyn Fn(&Seen) -> f64| Figure {
        name,
        yardstick: "the same without a sweep",
        pairs: vec![Pair {
            reeve: of(&busy),
            yardstick: of(&idle),
            others,
        }],
        note: None,
    };
    let mut figures = vec![
        figure("reads beside sweeps/s", &|seen| seen.reads.rate()),
        figure("reads beside sweeps, p99 ms", &|seen| {
            seen.reads.millis_at(0.99)
        }),
        figure("reprocess accepted beside sweeps/s", &|seen| {
            seen.accepts.rate()
        }),
        figure("reprocess accepted beside sweeps, p99 ms", &|seen| {
            seen.accepts.millis_at(0.99)
        }),
    ];
    if let Some(last) = figures.last_mut() {
        last.note = Some(format!("{swept} sweeps, one after the other"));
    }
    Ok(figures)
}

/// Has the directory swept again and again, and tells how often it was swept whole.
async fn sweep_until(reeve: Target, is_over: Arc<AtomicBool>) -> anyhow::Result<u64> {
    let mut swept = 0;
    while !is_over.load(Ordering::Relaxed) {
        let report = reconcile::reported(&reeve).await?;
        let state = report.get("state").and_then(Value::as_str);
        ensure!(state == Some("completed"), "a sweep ended so: {report}");
        swept += 1;
    }
    Ok(swept)
}

/// Reads, accepted calls and single deliveries, of assignments from this one on.
fn seen(bench: &Bench<'_>, reeve: &Target, assignments: u64, from: u64) -> anyhow::Result<Seen> {
    let span = bench.plan.listing;
    let assignment = |n: u64| id(Kind::Assignment, (from + n) % assignments);
    let reads: Vec<Call> = (0..1_000)
        .map(|n| get(format!("{ASSIGNMENTS}/{}", assignment(n * 7))))
        .collect();
    let reads = bench
        .runtime
        .block_on(send_for(reeve, CALLERS, Arc::new(reads), span))?;
    let singles = MOST_ACCEPTED.min(assignments / 8);
    let accepts: Vec<Call> = (0..singles).map(|n| reprocess(&assignment(n))).collect();
    let accepts =
        bench
            .runtime
            .block_on(crate::http::send_all(reeve, CALLERS, Arc::new(accepts)))?;
    let waits = bench.runtime.block_on(async {
        let mut connection = Connection::open(reeve).await?;
        // What was accepted is delivered before the next is waited for.
        for n in 0..singles {
            delivered(&mut connection, &assignment(n)).await?;
        }
        let mut waits = Histogram::<u64>::new(3)?;
        for n in 0..bench.plan.waits {
            let assignment = assignment(singles + 1 + n);
            let begun = now();
            connection.send(&reprocess(&assignment)).await?;
            delivered(&mut connection, &assignment).await?;
            waits.record(u64::try_from(begun.elapsed().as_micros())?)?;
        }
        anyhow::Ok(waits)
    })?;
    Ok(Seen {
        reads,
        accepts,
        waits,
    })
}

/// Waits until an assignment is delivered.
async fn delivered(connection: &mut Connection, assignment: &str) -> anyhow::Result<()> {
    let begun = now();
    let look = get(format!("{ASSIGNMENTS}/{assignment}?$select=state"));
    loop {
        let shown: Value = serde_json::from_slice(&connection.send(&look).await?)?;
        if shown.get("state").and_then(Value::as_str) == Some("delivered") {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "never delivered: {shown}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn reprocess(assignment: &str) -> Call {
    Call {
        method: Method::POST,
        path: format!("{ASSIGNMENTS}/{assignment}/reprocess"),
        body: Bytes::new(),
        expected: StatusCode::ACCEPTED,
    }
}

/// Waits until the job is at its items.
async fn running(reeve: &Target, job: &str) -> anyhow::Result<()> {
    let mut connection = Connection::open(reeve).await?;
    let begun = now();
    loop {
        let shown = bulk::look(&mut connection, job).await?;
        match shown.get("state").and_then(Value::as_str) {
            Some("running") if bulk::count(&shown, "delivered")? > 0.0 => return Ok(()),
            Some("planning" | "running") => {}
            other => anyhow::bail!("the job is {other:?}: {shown}"),
        }
        ensure!(
            begun.elapsed() < bulk::PATIENCE,
            "the plan takes too long: {shown}"
        );
        tokio::time::sleep(bulk::LOOK_EVERY).await;
    }
}

/// Ends the job, which must still be running, and looks whether every item is accounted for.
async fn cancel(reeve: &Target, job: &str) -> anyhow::Result<String> {
    let mut connection = Connection::open(reeve).await?;
    let shown = bulk::look(&mut connection, job).await?;
    ensure!(
        shown.get("state").and_then(Value::as_str) == Some("running"),
        "the job was over too soon: {shown}"
    );
    let call = Call {
        method: Method::POST,
        path: format!("{JOBS}/{job}/cancel"),
        body: Bytes::from(json!({}).to_string()),
        expected: StatusCode::OK,
    };
    let begun = now();
    connection.send(&call).await?;
    let answered = begun.elapsed();
    loop {
        let shown = bulk::look(&mut connection, job).await?;
        if bulk::count(&shown, "inDelivery")? < 1.0 {
            let [items, delivered, refused, rest] =
                ["items", "delivered", "refused", "canceled"].map(|name| bulk::count(&shown, name));
            let (items, delivered, refused, rest) = (items?, delivered?, refused?, rest?);
            ensure!(
                (items - delivered - refused - rest).abs() < 1.0,
                "items are lost: {shown}"
            );
            return Ok(format!(
                "canceled after {delivered} of {items}: answered in {} ms, at rest in {} ms",
                answered.as_millis(),
                begun.elapsed().as_millis()
            ));
        }
        ensure!(begun.elapsed() < PATIENCE, "it finds no end: {shown}");
        tokio::time::sleep(bulk::LOOK_EVERY).await;
    }
}
