//! How many assignments a second are read one by one, by id.

use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::page::get;
use super::{Bench, Figure, open};
use crate::data::{Kind, id};
use crate::http::{Call, Connection, Target, send_for};
use crate::server::Server;

/// As many different assignments are read.
const DIFFERENT: u64 = 5_000;

pub(super) fn measure(bench: &mut Bench<'_>, group: &Server) -> anyhow::Result<Figure> {
    let (group, reeve) = (open(group), bench.reeve.clone());
    let all = bench.plan.size.assignments;
    let step = (all / DIFFERENT).max(1) as usize;
    let ids = || (0..all).step_by(step).map(|n| id(Kind::Assignment, n));
    let ours: Vec<Call> = ids().map(|id| get(reeve_path(&id))).collect();
    let bare: Vec<Call> = ids().map(|id| get(format!("/one/{id}"))).collect();
    let first = |calls: &[Call]| calls.first().cloned().context("no assignments");
    let (one, same) = (first(&ours)?, first(&bare)?);
    bench
        .runtime
        .block_on(same_row((&reeve, &one), (&group, &same)))?;
    let (ours, bare) = (Arc::new(ours), Arc::new(bare));
    let run = |bench: &Bench<'_>, target: &Target, calls: &Arc<Vec<Call>>| {
        let (readers, span) = (bench.plan.readers, bench.plan.listing);
        let sent = send_for(target, readers, Arc::clone(calls), span);
        anyhow::Ok(bench.runtime.block_on(sent)?.rate())
    };
    let pairs = bench.pairs(
        |bench, _| run(bench, &reeve, &ours),
        |bench, _| run(bench, &group, &bare),
    )?;
    Ok(Figure {
        name: "one assignment by id/s",
        yardstick: "bare axum with the same point read, writing the same bytes by hand",
        pairs,
        note: None,
    })
}

/// The path of an assignment.
pub(super) fn reeve_path(id: &str) -> String {
    format!("/v1.0/identityGovernance/entitlementManagement/assignments/{id}")
}

/// A yardstick that reads another row, or writes it otherwise, measures nothing.
async fn same_row(ours: (&Target, &Call), bare: (&Target, &Call)) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (target, call) in [ours, bare] {
        let body = Connection::open(target).await?.send(call).await?;
        let mut row: Value = serde_json::from_slice(&body)?;
        // Where the schema is differs with the server.
        if let Some(row) = row.as_object_mut() {
            row.remove("@odata.context");
        }
        rows.push(row.to_string());
    }
    ensure!(
        rows.first() == rows.last(),
        "the yardstick shows another row: {rows:?}"
    );
    Ok(())
}
