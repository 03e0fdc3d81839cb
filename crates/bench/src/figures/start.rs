//! How long a start takes, from the execution of the program to the line that says that it answers: after an orderly end,
//! and after the program was killed in the middle of its work.

use std::sync::Arc;

use super::{Figure, Pair, Plan, accept};
use crate::http::send_all;
use crate::machine;
use crate::server::Server;
use crate::tenant::Tenant;

const NOTE: &str = "to the ready line, on the filled database";

pub(super) fn measure(plan: &Plan, tenant: &Tenant) -> anyhow::Result<Figure> {
    // The first start after the filling finds everything cold: it is no pair.
    tenant.start()?.stop()?;
    let mut pairs = Vec::new();
    for _ in 0..plan.pairs {
        let before = machine::ticks();
        let server = tenant.start()?;
        let reeve = server.took.as_secs_f64() * 1_000.0;
        server.stop()?;
        let yardstick = tenant.empty_yardstick()?.took.as_secs_f64() * 1_000.0;
        pairs.push(Pair {
            reeve,
            yardstick,
            others: machine::foreign_share(before),
        });
    }
    Ok(Figure {
        name: "start-up, ms",
        yardstick: "an empty axum server; less is better",
        pairs,
        note: Some(NOTE.to_owned()),
    })
}

/// How many milliseconds each of as many starts takes as there are pairs.
pub(super) fn several(plan: &Plan, tenant: &Tenant) -> anyhow::Result<Vec<f64>> {
    // The first start after the filling finds everything cold.
    tenant.start()?.stop()?;
    (0..plan.pairs)
        .map(|_| {
            let server = tenant.start()?;
            let took = server.took.as_secs_f64() * 1_000.0;
            server.stop()?;
            Ok(took)
        })
        .collect()
}

/// After everything else: what is under way stays so.
pub(super) fn after_kill(plan: &Plan, tenant: &Tenant) -> anyhow::Result<Figure> {
    let mut pairs = Vec::new();
    for number in 0..plan.pairs {
        let before = machine::ticks();
        let server = tenant.start()?;
        let orderly = server.took.as_secs_f64() * 1_000.0;
        work(plan, tenant, &server, number as u64)?;
        // A drop kills it.
        drop(server);
        let server = tenant.start()?;
        pairs.push(Pair {
            reeve: server.took.as_secs_f64() * 1_000.0,
            yardstick: orderly,
            others: machine::foreign_share(before),
        });
        server.stop()?;
    }
    Ok(Figure {
        name: "start-up after kill -9, ms",
        yardstick: "the start after an orderly end; less is better",
        pairs,
        note: Some(NOTE.to_owned()),
    })
}

/// Gives the server more to do than it has done by the last answer.
fn work(plan: &Plan, tenant: &Tenant, server: &Server, number: u64) -> anyhow::Result<()> {
    let target = tenant.target(server)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // From the end: the other figures begin at the beginning.
    let count = plan.single_accepts;
    let first = plan.size.assignments - (number + 1) * count;
    let calls = accept::reeve_calls(first, count);
    runtime.block_on(send_all(&target, plan.callers, Arc::new(calls)))?;
    Ok(())
}
