//! `reeve jobs`, and `reeve reprocess` against a Reeve server: bulk jobs, watched to their end and told of.
//!
//! A job is the server's: if this program is stopped, the job goes on.

use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use super::connect;
use super::graph::{Graph, encoded};
use super::names::{needed, text_at};
use super::reprocess::ITEM;
use crate::args::connect::Output;
use crate::args::reprocess::{JobArgs, JobRunArgs, JobsCommand, JobsList, ReprocessArgs};
use crate::output::progress::Progress;
use crate::output::rows::{self, Column, Rows, column};
use crate::output::{self, Ending};

const JOBS: &str = "/reeve/v1/reprocessJobs";
/// How often the job is looked at where it tells no events.
const LOOK: Duration = Duration::from_millis(300);
/// How often a server that does not answer any more is asked again, and for how long to wait at first.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Items that are fetched at once.
const PAGE: usize = 5_000;

/// What is told of a job in a list.
const JOB: &[Column] = &[
    column("id", &["/id"]),
    column("of", &["/target"]),
    column("filter", &["/filter"]),
    column("state", &["/state"]),
    // Empty of what was only planned: `dryRun` says how it was ordered, and stays when the plan is run.
    column("started", &["/startedDateTime"]),
    column("items", &["/summary/items"]),
    column("delivered", &["/summary/delivered"]),
    column("refused", &["/summary/refused"]),
    column("created", &["/createdDateTime"]),
    column("note", &["/note"]),
];

/// Ends of items that are no good ones.
const BAD_ENDS: [&str; 4] = [
    "refused",
    "partiallyDelivered",
    "deliveryFailed",
    "superseded",
];

/// Makes a job, and watches it.
pub(super) async fn make(
    graph: &Graph,
    args: &ReprocessArgs,
    order: &Value,
) -> anyhow::Result<Ending> {
    let made = graph.post(JOBS, order).await?;
    let id = needed(&made, "/id")?;
    output::note(format_args!("job {id}"));
    let form = args.client.told.output;
    if args.no_wait {
        output::note(format_args!(
            "`reeve jobs watch {id}` tells what comes of it"
        ));
        let mut rows = Rows::new(form, JOB);
        rows.add(&made);
        rows.end();
        return Ok(Ending::Well);
    }
    let job = watch(graph, id).await?;
    tell(graph, form, &job).await?;
    if args.dry_run && text_at(&job, "/state") == Some("planned") {
        output::note(format_args!("`reeve jobs run {id}` does it"));
    }
    Ok(ending(&job))
}

/// Runs `reeve jobs`.
pub(crate) async fn run(command: &JobsCommand) -> anyhow::Result<Ending> {
    match command {
        JobsCommand::List(args) => list(args).await,
        JobsCommand::Show(args) => {
            let graph = connect(&args.client.connect)?;
            let job = graph.get(&address(&args.id, "")).await?;
            tell(&graph, args.client.told.output, &job).await?;
            Ok(Ending::Well)
        }
        JobsCommand::Watch(args) => {
            let graph = connect(&args.client.connect)?;
            watched(&graph, args).await
        }
        JobsCommand::Run(JobRunArgs {
            max_removed,
            max_removed_percent,
            job: args,
        }) => {
            let graph = connect(&args.client.connect)?;
            let mut body = json!({});
            if max_removed.is_some() || max_removed_percent.is_some() {
                body = json!({ "thresholds": {
                    "maxRemoved": max_removed, "maxRemovedPercent": max_removed_percent,
                } });
            }
            graph.post(&address(&args.id, "/run"), &body).await?;
            watched(&graph, args).await
        }
        JobsCommand::Pause(args) => switch(args, "/pause").await,
        JobsCommand::Resume(args) => switch(args, "/resume").await,
        JobsCommand::Cancel(args) => switch(args, "/cancel").await,
    }
}

fn address(id: &str, rest: &str) -> String {
    format!("{JOBS}/{}{rest}", encoded(id))
}

async fn list(args: &JobsList) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let mut rows = Rows::new(args.client.told.output, JOB);
    let mut count = 0;
    let is_all = graph
        .for_each_until(JOBS, |job| {
            if args.limit > 0 && count == args.limit {
                return false;
            }
            count += 1;
            rows.add(&job);
            true
        })
        .await?;
    if rows.end() == 0 && args.client.told.output == Output::Table {
        output::line("there are none");
    }
    if !is_all {
        output::note(format_args!(
            "only the first {} are shown; `--limit 0` shows all",
            args.limit
        ));
    }
    Ok(Ending::Well)
}

async fn watched(graph: &Graph, args: &JobArgs) -> anyhow::Result<Ending> {
    let job = watch(graph, &args.id).await?;
    tell(graph, args.client.told.output, &job).await?;
    Ok(ending(&job))
}

async fn switch(args: &JobArgs, what: &str) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let path = address(&args.id, what);
    let answer = graph.send_patiently(Method::POST, &path, None).await?;
    let job = answer.expect_success(&path)?;
    let mut rows = Rows::new(args.client.told.output, JOB);
    rows.add(&job);
    rows.end();
    Ok(Ending::Well)
}

/// How the command ends that made or watched a job; says why, if not well.
fn ending(job: &Value) -> Ending {
    let count = |end: &str| number(job, &format!("/summary/{end}"));
    let bad: i64 = BAD_ENDS.iter().map(|end| count(end)).sum();
    let is_untouched = count("items") > 0 && count("refused") == count("items");
    match text_at(job, "/state").unwrap_or_default() {
        "completed" | "planned" if bad == 0 => Ending::Well,
        "completed" | "planned" if is_untouched => Ending::Refused,
        "completed" | "planned" => Ending::Amiss,
        state => {
            match text_at(job, "/reason/message") {
                Some(why) => output::note(format_args!("the job is {state}: {why}")),
                None => output::note(format_args!("the job is {state}")),
            }
            let begun = count("delivered") + count("inDelivery") + bad - count("refused");
            if state == "stopped" && begun == 0 {
                Ending::Refused
            } else {
                Ending::Amiss
            }
        }
    }
}

/// Follows the job until nobody moves it on by itself. What a stream of events missed, the job tells: each event has all.
async fn watch(graph: &Graph, id: &str) -> anyhow::Result<Value> {
    let mut progress = Progress::new();
    let mut failures = 0;
    loop {
        let job = match graph.get(&address(id, "")).await {
            Ok(job) => job,
            // A server that starts again goes on with its jobs.
            Err(error) if is_unreachable(&error) && (1..TRIES).contains(&failures) => {
                tokio::time::sleep(FIRST_PAUSE * (1 << failures)).await;
                failures += 1;
                continue;
            }
            Err(error) => return Err(error),
        };
        failures = 1;
        if is_at_rest(&job) {
            bar(&mut progress, &job);
            return Ok(job);
        }
        if !follow(graph, id, &mut progress).await {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Follows the events of a job; says whether one told that it rests.
async fn follow(graph: &Graph, id: &str, progress: &mut Progress) -> bool {
    let Ok(Some(mut events)) = graph.events(&address(id, "/events")).await else {
        return false;
    };
    while let Some(event) = events.next().await {
        let Ok(told) = serde_json::from_str::<Value>(&event.data) else {
            continue;
        };
        bar(progress, &told);
        if is_at_rest(&told) {
            return true;
        }
    }
    false
}

/// Whether nobody moves the job on by itself.
fn is_at_rest(job: &Value) -> bool {
    let state = text_at(job, "/state").unwrap_or_default();
    let is_moving = ["planning", "running"].contains(&state);
    // What a canceled job has begun is delivered all the same.
    let is_delivering = state == "canceled" && number(job, "/summary/inDelivery") > 0;
    !is_moving && !is_delivering
}

/// Whether it was the way to the server that failed.
fn is_unreachable(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(<dyn std::error::Error>::is::<reqwest::Error>)
}

fn bar(progress: &mut Progress, job: &Value) {
    let state = text_at(job, "/state").unwrap_or_default();
    let count = |pointer: &str| u64::try_from(number(job, pointer)).unwrap_or_default();
    let ended = count("/progress/done") + count("/progress/failed");
    let rate = count("/progress/unitsPerSecond");
    let more = format!("grants, {rate}/s");
    progress.bar(state, ended, count("/progress/units"), &more);
}

async fn tell(graph: &Graph, form: Output, job: &Value) -> anyhow::Result<()> {
    let id = needed(job, "/id")?;
    let is_table = form == Output::Table;
    let plan = graph.get(&address(id, "/plan")).await?;
    match form {
        Output::Table => show(job, &plan),
        Output::Json => {
            output::line(rows::json(&json!({ "job": job, "plan": plan })));
        }
        Output::Csv => {}
    }
    let mut rows = Rows::new(form, ITEM);
    // A table names what needs somebody; other forms name all.
    each(graph, id, is_table, |line| rows.add(line)).await?;
    rows.end();
    Ok(())
}

/// The plan and what came of it.
fn show(job: &Value, plan: &Value) {
    output::line(format_args!(
        "{}, {}: {} missing, {} to remove, {} there; {} refused",
        output::counted(number(plan, "/items"), "item", "items"),
        output::counted(number(plan, "/people"), "person", "people"),
        output::counted(number(plan, "/adds"), "grant", "grants"),
        number(plan, "/removes"),
        number(plan, "/kept"),
        number(plan, "/refused"),
    ));
    let mut targets = output::table(["target", "missing", "to remove", "there", "done", "failed"]);
    let done = job.pointer("/targets").and_then(Value::as_array);
    let of_plan = plan.pointer("/targets").and_then(Value::as_array);
    for target in of_plan.into_iter().flatten() {
        let name = text_at(target, "/target").unwrap_or_default().to_owned();
        let ended = done
            .into_iter()
            .flatten()
            .find(|one| text_at(one, "/target") == Some(name.as_str()));
        let ended = |member: &str| ended.map_or(0, |one| number(one, member)).to_string();
        targets.add_row([
            name.clone(),
            number(target, "/adds").to_string(),
            number(target, "/removes").to_string(),
            number(target, "/kept").to_string(),
            ended("/done"),
            ended("/failed"),
        ]);
    }
    output::line(&targets);
    let summary = job.get("summary").and_then(Value::as_object);
    for (state, count) in summary.into_iter().flatten() {
        if state != "items" && count.as_i64() != Some(0) {
            output::line(format_args!("{state}: {count}"));
        }
    }
}

/// Gives each item to `each`, some thousand at a time.
async fn each(
    graph: &Graph,
    id: &str,
    only_failed: bool,
    mut each: impl FnMut(&Value),
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let query = format!("/results?onlyFailed={only_failed}&after={after}&top={PAGE}");
        let path = address(id, &query);
        let page = lines(graph.get(&path).await?)?;
        for line in &page {
            each(line);
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = number(last, "/item"),
            _ => return Ok(()),
        }
    }
}

/// JSON lines: what has one line is read as a document already.
fn lines(body: Value) -> anyhow::Result<Vec<Value>> {
    match body {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => text
            .lines()
            .map(|line| serde_json::from_str(line).context("a result is no JSON"))
            .collect(),
        one => Ok(vec![one]),
    }
}

fn number(value: &Value, pointer: &str) -> i64 {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_one_line_and_many_are_read_alike() {
        let two = "{\"item\":1}\n{\"item\":2}\n".to_owned();

        assert_eq!(lines(Value::Null).unwrap().len(), 0);
        assert_eq!(lines(json!({"item": 1})).unwrap().len(), 1);
        assert_eq!(lines(Value::String(two)).unwrap().len(), 2);
        assert!(lines(Value::String("nonsense".to_owned())).is_err());
    }
}
