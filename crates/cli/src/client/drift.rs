//! `reeve drift`: which grants are not at their targets what they should be.

use super::connect;
use crate::args::DriftArgs;
use crate::output;

/// Runs the command; says whether there is no drift.
pub(crate) async fn run(args: &DriftArgs) -> anyhow::Result<bool> {
    let graph = connect(&args.connect)?;
    let drifted = graph.drift().await?;
    if args.json {
        for grant in &drifted {
            output::line(grant.as_json());
        }
        return Ok(drifted.is_empty());
    }
    output::line(format_args!(
        "{} grants are not as they should be",
        drifted.len()
    ));
    if !drifted.is_empty() {
        let mut table = output::table([
            "who", "role", "of", "target", "desired", "observed", "attempts",
        ]);
        for grant in &drifted {
            table.add_row(grant.cells());
        }
        output::line(table);
    }
    Ok(drifted.is_empty())
}
