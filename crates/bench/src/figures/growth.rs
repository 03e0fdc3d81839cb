//! How the cost of a list grows with the tenant: the same query on ever more assignments, and an export of all of them.
//!
//! **Invariant:** what a page holds does not depend on the size of the tenant; only what it is picked from grows.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::Value;
use serde_json::value::RawValue;

use super::page::{below_host, get};
use super::{Bench, Figure, Pair, Plan, Section, open, scope};
use crate::data::{Kind, Size, id};
use crate::http::{Call, Connection, Run, Target, send_for};
use crate::machine;
use crate::server::Server;
use crate::tenant::Tenant;

const ASSIGNMENTS: &str = "/v1.0/identityGovernance/entitlementManagement/assignments";

const NAMES: [&str; 3] = [
    "filtered pages/s, smallest tenant",
    "filtered pages/s, middle tenant",
    "filtered pages/s, largest tenant",
];

const YARDSTICK: &str =
    "bare axum with the same join, filter and order by hand, writing the same bytes";

pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Section> {
    let mut figures = Vec::new();
    let mut medians = Vec::new();
    let mut export = None;
    let mut scoped = Vec::new();
    for (name, assignments) in NAMES.into_iter().zip(plan.growth) {
        eprintln!("growth: filling a SQLite file with {assignments} assignments ...");
        let size = Size::of(assignments);
        let tenant = Tenant::on_sqlite(reeve, size)?;
        scope::prepare(&tenant, size)?;
        let bare = tenant.yardstick("group", 1)?;
        let server = tenant.start()?;
        let target = tenant.target(&server)?;
        let mut bench = Bench {
            plan,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("no runtime")?,
            tenant,
            server,
            reeve: target,
            most: None,
        };
        eprintln!("growth: lists of {assignments}");
        let (figure, median) = lists(&mut bench, &bare, name, size)?;
        figures.push(figure);
        medians.push(median);
        if assignments == plan.growth[2] {
            eprintln!("growth: lists of {assignments} as callers with roles");
            scoped = scope::measure(&mut bench, size)?;
            eprintln!("growth: export of {assignments}");
            export = Some(exported(&bench, assignments)?);
        }
    }
    figures.push(flatness(&medians)?);
    figures.extend(scoped);
    figures.extend(export);
    let [small, middle, large] = plan.growth;
    Ok(Section {
        title: format!(
            "Growth on SQLite: {small}, {middle} and {large} assignments, 200 for each package; \
             100 of a package by filter, in order, with who holds them; {} callers; {} pairs",
            plan.readers, plan.pairs
        ),
        figures,
    })
}

/// How many pages a second, and the median latencies in milliseconds: Reeve's and the yardstick's.
fn lists(
    bench: &mut Bench<'_>,
    bare: &Server,
    name: &'static str,
    size: Size,
) -> anyhow::Result<(Figure, [f64; 2])> {
    let (bare, reeve) = (open(bare), bench.reeve.clone());
    let ours: Vec<Call> = packages(size).map(|id| get(filtered(&id))).collect();
    let theirs: Vec<Call> = packages(size)
        .map(|id| get(format!("/held/{id}")))
        .collect();
    bench.runtime.block_on(same_rows(
        (&reeve, ours.first().context("no package")?),
        (&bare, theirs.first().context("no package")?),
    ))?;
    let (ours, theirs) = (Arc::new(ours), Arc::new(theirs));
    let mut last: [Option<Run>; 2] = [None, None];
    let [reeve_run, bare_run] = &mut last;
    let run = |bench: &Bench<'_>, target: &Target, calls: &Arc<Vec<Call>>| {
        let (readers, span) = (bench.plan.readers, bench.plan.listing);
        bench
            .runtime
            .block_on(send_for(target, readers, Arc::clone(calls), span))
    };
    let pairs = bench.pairs(
        |bench, _| Ok(reeve_run.insert(run(bench, &reeve, &ours)?).rate()),
        |bench, _| Ok(bare_run.insert(run(bench, &bare, &theirs)?).rate()),
    )?;
    let [reeve, bare] = last.map(|run| run.map_or(f64::NAN, |run| run.millis_at(0.5)));
    let figure = Figure {
        name,
        yardstick: YARDSTICK,
        pairs,
        note: Some(format!(
            "{} assignments; last pair: p50 {reeve:.2} ms, yardstick {bare:.2} ms",
            size.assignments
        )),
    };
    Ok((figure, [reeve, bare]))
}

/// At most 500 packages, spread over the tenant.
fn packages(size: Size) -> impl Iterator<Item = String> {
    let step = (size.packages / 500).max(1);
    (0..size.packages.min(500)).map(move |n| id(Kind::Package, n * step))
}

fn filtered(package: &str) -> String {
    format!(
        "{ASSIGNMENTS}?$filter=accessPackage/id%20eq%20'{package}'%20and%20state%20eq%20'Delivered'\
         &$orderby=expiredDateTime%20desc&$expand=target&$top=100"
    )
}

/// A yardstick that reads other rows, or writes them otherwise, measures nothing.
async fn same_rows(ours: (&Target, &Call), theirs: (&Target, &Call)) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (target, call) in [ours, theirs] {
        let body = Connection::open(target).await?.send(call).await?;
        let page: Value = serde_json::from_slice(&body)?;
        rows.push(page.get("value").map(Value::to_string));
    }
    ensure!(
        rows.first() == rows.last(),
        "the yardstick shows other rows: {rows:?}"
    );
    Ok(())
}

/// How much longer a page takes in the largest tenant than in the smallest.
fn flatness(medians: &[[f64; 2]]) -> anyhow::Result<Figure> {
    let (small, large) = medians.first().zip(medians.last()).context("no sizes")?;
    Ok(Figure {
        name: "p50 in the largest over the smallest",
        yardstick: "the same of the bare server; less is better",
        pairs: vec![Pair {
            reeve: large[0] / small[0],
            yardstick: large[1] / small[1],
            others: None,
        }],
        note: None,
    })
}

/// The memory that is the process's own while everything is read by next links: the most, beside the most of the first
/// tenth. Where memory stays flat the two are the same.
fn exported(bench: &Bench<'_>, assignments: u64) -> anyhow::Result<Figure> {
    let own = || {
        machine::memory(bench.server.process())
            .map(|memory| memory.anonymous)
            .context("there is no /proc to read memory from")
    };
    let (mut early, mut most, mut seen) = (0, 0, 0);
    bench.runtime.block_on(async {
        let mut connection = Connection::open(&bench.reeve).await?;
        let mut next = Some(format!("{ASSIGNMENTS}?$top=999"));
        while let Some(path) = next {
            let body = connection.send(&get(path)).await?;
            let page: Page<'_> = serde_json::from_slice(&body)?;
            seen += page.value.len() as u64;
            most = most.max(own()?);
            if early == 0 || seen * 10 <= assignments {
                early = most;
            }
            next = page.next.as_deref().map(below_host).transpose()?;
        }
        anyhow::Ok(())
    })?;
    ensure!(seen == assignments, "{seen} of {assignments} were exported");
    Ok(Figure {
        name: "memory while exporting all, MiB",
        yardstick: "the same after the first tenth; less is better",
        pairs: vec![Pair {
            reeve: super::footprint::mebibytes(most),
            yardstick: super::footprint::mebibytes(early),
            others: None,
        }],
        note: Some(format!(
            "{assignments} assignments, 999 a page, by next links"
        )),
    })
}

/// What is looked at of an exported page.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
}
