//! How the cost of a list grows with the tenant: the same query on ever more assignments, and an export of all of them.
//!
//! **Invariant:** what a page holds does not depend on the size of the tenant; only what it is picked from grows.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::Value;
use serde_json::value::RawValue;

use super::page::{below_host, get};
use super::{Bench, Figure, Pair, Part, Plan, Section, open, reconcile, scope, start};
use crate::data::{Kind, Size, id};
use crate::http::{Call, Connection, Run, Target, send_for};
use crate::machine;
use crate::server::Server;
use crate::tenant::Tenant;

const ASSIGNMENTS: &str = "/v1.0/identityGovernance/entitlementManagement/assignments";

/// What is asked for beside filter and order: of Reeve, and of the yardstick.
struct Listing {
    name: &'static str,
    ours: &'static str,
    bare: &'static str,
}

const fn with_target(name: &'static str) -> Listing {
    Listing {
        name,
        ours: "&$expand=target",
        bare: "?target=true",
    }
}

/// In the smallest, the middle and the largest tenant.
const IN_EACH: [Listing; 3] = [
    with_target("filtered pages/s, smallest tenant"),
    with_target("filtered pages/s, middle tenant"),
    with_target("filtered pages/s, largest tenant"),
];

/// In the largest tenant alone.
const IN_THE_LARGEST: [Listing; 2] = [
    Listing {
        name: "pages by filter and order/s",
        ours: "",
        bare: "",
    },
    Listing {
        name: "pages with $count/s",
        ours: "&$count=true",
        bare: "?count=true",
    },
];

const YARDSTICK: &str =
    "bare axum with the same join, filter and order by hand, writing the same bytes";

pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Section> {
    let mut figures = Vec::new();
    let mut latencies = Vec::new();
    let mut in_the_largest = Vec::new();
    let mut starts = Vec::new();
    for (listing, assignments) in IN_EACH.iter().zip(plan.growth) {
        eprintln!("growth: filling a SQLite file with {assignments} assignments ...");
        let size = Size::of(assignments);
        let tenant = Tenant::on_sqlite(reeve, size)?;
        scope::prepare(&tenant, size)?;
        let bare = tenant.yardstick("group", 1)?;
        starts.push(start::several(plan, &tenant)?);
        let mut bench = Bench::start(plan, tenant)?;
        eprintln!("growth: lists of {assignments}");
        let (figure, took) = lists(&mut bench, &bare, listing, size)?;
        figures.push(figure);
        latencies.push(took);
        if assignments == plan.growth[2] {
            for listing in &IN_THE_LARGEST {
                in_the_largest.push(lists(&mut bench, &bare, listing, size)?.0);
            }
            eprintln!("growth: lists of {assignments} as callers with roles");
            in_the_largest.extend(scope::measure(&mut bench, size)?);
            eprintln!("growth: export of {assignments}");
            let (export, deep) = exported(&bench, assignments)?;
            in_the_largest.push(deep_pages(&mut bench, deep)?);
            in_the_largest.push(export);
            eprintln!("growth: reconciliation of {assignments}");
            in_the_largest.extend(reconcile::measure(&mut bench, size)?);
        }
    }
    figures.extend(flatness(&latencies)?);
    figures.push(start_ups(&starts)?);
    figures.extend(in_the_largest);
    let [small, middle, large] = plan.growth;
    Ok(Section {
        part: Part::Growth,
        title: format!(
            "Growth on SQLite: {small}, {middle} and {large} assignments, 200 for each package; \
             100 of a package by filter, in order, with who holds them; {} callers; {} pairs",
            plan.readers, plan.pairs
        ),
        figures,
    })
}

/// Latencies in milliseconds, Reeve's and the yardstick's: the medians, and what one call of a hundred exceeds.
type Latencies = [[f64; 2]; 2];

/// How many pages a second, and the latencies of the last pair.
fn lists(
    bench: &mut Bench<'_>,
    bare: &Server,
    listing: &Listing,
    size: Size,
) -> anyhow::Result<(Figure, Latencies)> {
    let (bare, reeve) = (open(bare), bench.reeve.clone());
    let ours: Vec<Call> = packages(size)
        .map(|id| get(format!("{}{}", filtered(&id), listing.ours)))
        .collect();
    let theirs: Vec<Call> = packages(size)
        .map(|id| get(format!("/held/{id}{}", listing.bare)))
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
    let at = |quantile| {
        last.each_ref()
            .map(|run| run.as_ref().map_or(f64::NAN, |run| run.millis_at(quantile)))
    };
    let latencies = [at(0.5), at(0.99)];
    let [reeve, bare] = latencies[0];
    let figure = Figure {
        name: listing.name,
        yardstick: YARDSTICK,
        pairs,
        note: Some(format!(
            "{} assignments; last pair: p50 {reeve:.2} ms, yardstick {bare:.2} ms",
            size.assignments
        )),
    };
    Ok((figure, latencies))
}

/// At most 500 packages, spread over the tenant.
pub(super) fn packages(size: Size) -> impl Iterator<Item = String> {
    let step = (size.packages / 500).max(1);
    (0..size.packages.min(500)).map(move |n| id(Kind::Package, n * step))
}

pub(super) fn filtered(package: &str) -> String {
    format!(
        "{ASSIGNMENTS}?$filter=accessPackage/id%20eq%20'{package}'%20and%20state%20eq%20'Delivered'\
         &$orderby=expiredDateTime%20desc&$top=100"
    )
}

/// A yardstick that reads other rows, or writes them otherwise, measures nothing.
async fn same_rows(ours: (&Target, &Call), theirs: (&Target, &Call)) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (target, call) in [ours, theirs] {
        let body = Connection::open(target).await?.send(call).await?;
        let page: Value = serde_json::from_slice(&body)?;
        rows.push([page.get("value"), page.get("@odata.count")].map(|it| it.map(Value::to_string)));
    }
    ensure!(
        rows.first() == rows.last(),
        "the yardstick shows other rows: {rows:?}"
    );
    Ok(())
}

/// How much longer a page takes in the largest tenant than in the smallest.
fn flatness(latencies: &[Latencies]) -> anyhow::Result<[Figure; 2]> {
    let ends = latencies.first().zip(latencies.last());
    let ([small50, small99], [large50, large99]) = ends.context("no sizes")?;
    let figure = |name, small: &[f64; 2], large: &[f64; 2]| Figure {
        name,
        yardstick: "the same of the bare server; less is better",
        pairs: vec![Pair {
            reeve: large[0] / small[0],
            yardstick: large[1] / small[1],
            others: None,
        }],
        note: None,
    };
    Ok([
        figure("p50 in the largest over the smallest", small50, large50),
        figure("p99 in the largest over the smallest", small99, large99),
    ])
}

/// How much longer a start takes on the largest tenant than on the smallest.
fn start_ups(starts: &[Vec<f64>]) -> anyhow::Result<Figure> {
    let (small, large) = starts.first().zip(starts.last()).context("no sizes")?;
    let pairs = small.iter().zip(large).map(|(small, large)| Pair {
        reeve: *large,
        yardstick: *small,
        others: None,
    });
    Ok(Figure {
        name: "start-up in the largest, ms",
        yardstick: "the same in the smallest; less is better",
        pairs: pairs.collect(),
        note: None,
    })
}

/// How long a page takes that lies deep in the whole list, beside the first: both are Reeve's.
fn deep_pages(bench: &mut Bench<'_>, deep: String) -> anyhow::Result<Figure> {
    let reeve = bench.reeve.clone();
    let run = |bench: &Bench<'_>, path: &str| {
        let calls = Arc::new(vec![get(path.to_owned())]);
        let sent = send_for(&reeve, 1, calls, bench.plan.listing);
        anyhow::Ok(bench.runtime.block_on(sent)?.millis_at(0.5))
    };
    let pairs = bench.pairs(
        |bench, _| run(bench, &deep),
        |bench, _| run(bench, &whole_list()),
    )?;
    Ok(Figure {
        name: "deep pages, p50 ms",
        yardstick: "the first page of the same list; less is better",
        pairs,
        note: Some("999 a page, behind four fifths of the list; one caller".to_owned()),
    })
}

/// The first page of everything.
fn whole_list() -> String {
    format!("{ASSIGNMENTS}?$top=999")
}

/// The memory that is the process's own while everything is read by next links: the most, beside the most of the first
/// tenth. Where memory stays flat the two are the same. With the link to a page behind four fifths of the list.
fn exported(bench: &Bench<'_>, assignments: u64) -> anyhow::Result<(Figure, String)> {
    let own = || {
        machine::memory(bench.server.process())
            .map(|memory| memory.anonymous)
            .context("there is no /proc to read memory from")
    };
    let (mut early, mut most, mut seen) = (0, 0, 0);
    let mut deep = whole_list();
    bench.runtime.block_on(async {
        let mut connection = Connection::open(&bench.reeve).await?;
        let mut next = Some(whole_list());
        while let Some(path) = next {
            let body = connection.send(&get(path)).await?;
            let page: Page<'_> = serde_json::from_slice(&body)?;
            seen += page.value.len() as u64;
            most = most.max(own()?);
            if early == 0 || seen * 10 <= assignments {
                early = most;
            }
            next = page.next.as_deref().map(below_host).transpose()?;
            if let Some(path) = next.as_ref().filter(|_| seen * 5 <= assignments * 4) {
                deep.clone_from(path);
            }
        }
        anyhow::Ok(())
    })?;
    ensure!(seen == assignments, "{seen} of {assignments} were exported");
    let figure = Figure {
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
    };
    Ok((figure, deep))
}

/// What is looked at of an exported page.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
}
