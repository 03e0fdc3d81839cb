//! How fast `reprocess` is accepted: each 202 means that the request behind it is on the disk.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{Bench, Figure, at_99, open};
use crate::data::{Kind, id};
use crate::http::{Call, Run, Target, send_all};
use crate::server::Server;

const ROOT: &str = "/v1.0/identityGovernance/entitlementManagement/assignments";

pub(super) fn measure(
    bench: &mut Bench<'_>,
    group: &Server,
    each: &Server,
) -> anyhow::Result<[Figure; 3]> {
    let (group, each, reeve) = (open(group), open(each), bench.reeve.clone());
    let (many, few) = (bench.plan.accepts, bench.plan.single_accepts);
    let mut runs: [Vec<Run>; 2] = [Vec::new(), Vec::new()];
    let [ours, bare] = &mut runs;
    let shared = bench.pairs(
        |bench, pair| {
            let run = accept(bench, &reeve, calls(pair * many, many, reeve_call))?;
            // Outside the measurement: what was accepted is delivered before the next run.
            bench.look_at_memory();
            bench.tenant.settle(&bench.runtime)?;
            let rate = run.rate();
            ours.push(run);
            Ok(rate)
        },
        |bench, pair| {
            let run = accept(bench, &group, calls(pair * many, many, bare_call))?;
            let rate = run.rate();
            bare.push(run);
            Ok(rate)
        },
    )?;
    let p99 = at_99(&shared, &runs);

    // Behind the ids that the first figure used.
    let offset = bench.plan.pairs as u64 * many;
    let single = bench.pairs(
        |bench, pair| {
            let run = accept(bench, &reeve, calls(offset + pair * few, few, reeve_call))?;
            bench.tenant.settle(&bench.runtime)?;
            Ok(run.rate())
        },
        |bench, pair| {
            let run = accept(bench, &each, calls(offset + pair * few, few, bare_call))?;
            Ok(run.rate())
        },
    )?;
    Ok([
        Figure {
            name: "reprocess accepted/s",
            yardstick: "bare axum writing the same rows, group commit",
            pairs: shared,
            note: None,
        },
        Figure {
            name: "reprocess accepted, p99 ms",
            yardstick: "the same; less is better",
            pairs: p99,
            note: None,
        },
        Figure {
            name: "reprocess accepted/s (2)",
            yardstick: "the same with one commit for each request",
            pairs: single,
            note: None,
        },
    ])
}

/// Sends calls and waits for the last answer.
pub(super) fn accept(bench: &Bench<'_>, target: &Target, calls: Vec<Call>) -> anyhow::Result<Run> {
    let callers = bench.plan.callers;
    bench
        .runtime
        .block_on(send_all(target, callers, Arc::new(calls)))
}

fn calls(first: u64, count: u64, path: impl Fn(&str) -> String) -> Vec<Call> {
    (first..first + count)
        .map(|n| Call {
            method: Method::POST,
            path: path(&id(Kind::Assignment, n)),
            body: Bytes::new(),
            expected: StatusCode::ACCEPTED,
        })
        .collect()
}

/// Calls of `reprocess` for assignments from the `first` on.
pub(super) fn reeve_calls(first: u64, count: u64) -> Vec<Call> {
    calls(first, count, reeve_call)
}

fn reeve_call(assignment: &str) -> String {
    format!("{ROOT}/{assignment}/reprocess")
}

fn bare_call(assignment: &str) -> String {
    format!("/reprocess/{assignment}")
}
