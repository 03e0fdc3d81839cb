//! `reeve import`: brings a seed into a tenant, through Graph alone. What is missing is made; what is there already stays as it
//! is, unless it is to be written, too.

use serde_json::json;

use super::connect;
use crate::args::ImportArgs;
use crate::args::connect::Output;
use crate::output::rows::{Column, Rows, column};
use crate::output::{self, Ending};
use crate::tenant_file::{self, Item, Manner, Outcome};

const THING: &[Column] = &[
    column("what", &["/what"]),
    column("name", &["/name"]),
    column("outcome", &["/outcome"]),
    column("detail", &["/detail"]),
];

/// Runs the command.
pub(crate) async fn run(args: &ImportArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let manner = Manner {
        is_rehearsal: args.dry_run,
        updates: args.update,
    };
    let report = tenant_file::bring(&graph, &args.file, manner).await?;
    let form = args.client.told.output;
    let mut rows = Rows::new(form, THING);
    for item in &report.items {
        // A table names what was done, or needs somebody; other forms name all.
        if form == Output::Table && item.outcome == Outcome::There {
            continue;
        }
        rows.add(&in_json(item));
    }
    let told = rows.end();
    if form == Output::Table {
        if told == 0 && report.broken.is_none() {
            output::line("everything is there already");
        } else {
            output::line(summary(&report));
        }
    }
    let refused = report.of(Outcome::Refused).count();
    if report.is_only_told && refused > 0 && !args.dry_run {
        output::note(format_args!(
            "nothing was written: {} of the file would be refused",
            output::counted(refused, "thing", "things")
        ));
    }
    let ending = report.ending();
    match report.broken {
        Some(error) => Err(error.context(
            "the import was broken off; what was made is there, and the same command does the rest",
        )),
        None => Ok(ending),
    }
}

fn in_json(item: &Item) -> serde_json::Value {
    json!({
        "what": item.what,
        "name": item.name,
        "outcome": item.outcome.word(),
        "detail": item.detail,
    })
}

fn summary(report: &tenant_file::Report) -> String {
    let count = |outcome: Outcome| format!("{} {}", report.of(outcome).count(), outcome.word());
    let all = [
        Outcome::Made,
        Outcome::Updated,
        Outcome::There,
        Outcome::Differs,
        Outcome::Refused,
    ];
    let counts = all.map(count).join(", ");
    if report.is_only_told {
        format!("would be: {counts}")
    } else {
        counts
    }
}
