//! How long a start takes, from the execution of the program to the line that says that it answers.

use super::{Figure, Pair, Plan};
use crate::machine;
use crate::tenant::Tenant;

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
        note: Some("to the ready line, on the filled database".to_owned()),
    })
}
