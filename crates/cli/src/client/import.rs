//! `reeve import`: brings a seed into a tenant, through Graph alone. What is there already stays as it is.

use serde_json::json;

use super::connect;
use crate::args::ImportArgs;
use crate::args::connect::Output;
use crate::output::rows::{Column, Rows, column};
use crate::{output, tenant_file};

const MADE: &[Column] = &[
    column("what", &["/what"]),
    column("name", &["/name"]),
    column("made", &["/made"]),
];

/// Runs the command.
pub(crate) async fn run(args: &ImportArgs) -> anyhow::Result<()> {
    let graph = connect(&args.client.connect)?;
    let made = tenant_file::bring(&graph, &args.file, args.dry_run).await?;
    let mut rows = Rows::new(args.client.told.output, MADE);
    for tenant_file::Made { what, name } in &made {
        rows.add(&json!({ "what": what, "name": name, "made": !args.dry_run }));
    }
    if rows.end() == 0 && args.client.told.output == Output::Table {
        output::line("everything is there already");
    }
    Ok(())
}
