//! `reeve reprocess`: which objects, a plan, bounded work, and a report that accounts for each of them.
//!
//! A Reeve server does it as one job of its own. Any other Graph root gets the documented call for each object.

mod checkpoint;
mod single;

use serde_json::{Map, Value, json};

use super::graph::{Graph, literal};
use super::{connect, jobs};
use crate::args::reprocess::{ReprocessArgs, Reprocessed};
use crate::output::rows::{Column, column};
use crate::output::{self, Ending, Refused};

/// What is told of an object, whoever did it.
pub(super) const ITEM: &[Column] = &[
    column("id", &["/id"]),
    column("state", &["/state"]),
    column("code", &["/code"]),
    column("message", &["/message"]),
    column("requestId", &["/requestId"]),
    column("subject", &["/subject/displayName"]),
    column("package", &["/package"]),
    column("adds", &["/adds"]),
    column("removes", &["/removes"]),
    column("kept", &["/kept"]),
];

impl Reprocessed {
    const fn collection(self) -> &'static str {
        match self {
            Self::Requests => "assignmentRequests",
            Self::Assignments => "assignments",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Assignments => "assignments",
        }
    }
}

impl Reprocessed {
    /// So many of them.
    fn counted(self, count: usize) -> String {
        match self {
            Self::Requests => output::counted(count, "request", "requests"),
            Self::Assignments => output::counted(count, "assignment", "assignments"),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: &ReprocessArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let is_single = args.single || args.checkpoint.is_some();
    if !is_single && is_reeve(&graph).await? {
        return jobs::make(&graph, args, &job(args)).await;
    }
    if args.of_job.says_something() {
        return Err(Refused(format!(
            "{} is no Reeve server: only one of those has jobs, with thresholds, notes and `--changes-only`",
            graph.root()
        ))
        .into());
    }
    single::run(&graph, args).await
}

/// Whether the root is a Reeve: it describes its own API to anybody, and the description names the jobs.
async fn is_reeve(graph: &Graph) -> anyhow::Result<bool> {
    let Some(told) = graph.look("/reeve/v1/openapi.json").await? else {
        return Ok(false);
    };
    let title = told.pointer("/info/title").and_then(Value::as_str);
    Ok(title == Some("Reeve") && told.pointer("/paths/~1reprocessJobs").is_some())
}

/// The filter that the command line means, if it names no ids.
fn filter(args: &ReprocessArgs) -> Option<String> {
    match (&args.filter, &args.state) {
        (Some(filter), _) => Some(filter.clone()),
        (None, Some(state)) => Some(format!("state eq {}", literal(state))),
        (None, None) => None,
    }
}

/// The order of a job.
fn job(args: &ReprocessArgs) -> Value {
    let mut body = Map::new();
    body.insert("target".to_owned(), json!(args.what.collection()));
    match filter(args) {
        Some(filter) => body.insert("filter".to_owned(), json!(filter)),
        None => body.insert("ids".to_owned(), json!(args.ids)),
    };
    body.insert("dryRun".to_owned(), json!(args.dry_run));
    if args.of_job.changes_only {
        body.insert("tracking".to_owned(), json!("changes"));
    }
    body.insert("note".to_owned(), json!(args.of_job.note));
    let thresholds = json!({
        "maxRemoved": args.of_job.max_removed,
        "maxRemovedPercent": args.of_job.max_removed_percent,
    });
    body.insert("thresholds".to_owned(), thresholds);
    Value::Object(body)
}
