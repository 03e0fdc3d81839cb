//! How many pages of 100 assignments a second are read, in the default order, from any place of the whole list.

use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

use super::{Bench, Figure, open};
use crate::http::{Call, Connection, Run, Target, send_for};
use crate::server::Server;

const REEVE: &str = "/v1.0/identityGovernance/entitlementManagement/assignments?$top=100";
const BARE: &str = "/page";

pub(super) fn measure(bench: &mut Bench<'_>, group: &Server) -> anyhow::Result<Figure> {
    let (group, reeve) = (open(group), bench.reeve.clone());
    let walk = |target, first| bench.runtime.block_on(every_page(target, first));
    let (ours, bare) = (walk(&reeve, REEVE)?, walk(&group, BARE)?);
    same_rows(&ours, &bare)?;
    let (ours, bare) = (calls(ours), calls(bare));
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
        |bench, _| Ok(bare_run.insert(run(bench, &group, &bare)?).rate()),
    )?;
    let note = last[0].as_ref().zip(last[1].as_ref()).map(|(reeve, bare)| {
        format!(
            "last pair: p50 {:.1} and p99 {:.1} ms, yardstick {:.1} and {:.1} ms",
            reeve.millis_at(0.5),
            reeve.millis_at(0.99),
            bare.millis_at(0.5),
            bare.millis_at(0.99)
        )
    });
    Ok(Figure {
        name: "pages of 100 assignments/s",
        yardstick: "bare axum with the same SELECT, writing the same bytes by hand",
        pairs,
        note,
    })
}

/// Follows the links from the first page to the last; gives the address and the body of each.
async fn every_page(target: &Target, first: &str) -> anyhow::Result<Vec<(String, Value)>> {
    let mut connection = Connection::open(target).await?;
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next {
        let body = connection.send(&get(path.clone())).await?;
        let page: Value = serde_json::from_slice(&body)?;
        next = page
            .get("@odata.nextLink")
            .and_then(Value::as_str)
            .map(below_host)
            .transpose()?;
        pages.push((path, page));
    }
    Ok(pages)
}

/// The path and query of a link.
pub(super) fn below_host(link: &str) -> anyhow::Result<String> {
    let (from, _) = link
        .match_indices('/')
        .nth(2)
        .context("a link without path")?;
    Ok(link.get(from..).unwrap_or_default().to_owned())
}

/// A yardstick that reads other rows, or writes them otherwise, measures nothing.
fn same_rows(ours: &[(String, Value)], bare: &[(String, Value)]) -> anyhow::Result<()> {
    ensure!(
        ours.len() == bare.len(),
        "{} pages against {}",
        ours.len(),
        bare.len()
    );
    for ((_, ours), (_, bare)) in ours.iter().zip(bare) {
        let [ours, bare] = [ours, bare].map(|page| page.get("value").map(Value::to_string));
        ensure!(
            ours == bare,
            "the yardstick shows other rows: {} against {}",
            beginning(ours.as_ref()),
            beginning(bare.as_ref())
        );
    }
    Ok(())
}

/// Enough of a body to see what is wrong.
fn beginning(body: Option<&String>) -> String {
    body.into_iter()
        .flat_map(|body| body.chars())
        .take(600)
        .collect()
}

fn calls(pages: Vec<(String, Value)>) -> Arc<Vec<Call>> {
    Arc::new(pages.into_iter().map(|(path, _)| get(path)).collect())
}

pub(super) fn get(path: String) -> Call {
    Call {
        method: Method::GET,
        path,
        body: Bytes::new(),
        expected: StatusCode::OK,
    }
}
