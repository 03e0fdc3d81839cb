//! `reeve reprocess --job`: a bulk job of a Reeve server, watched to its end and told of.
//!
//! The job is the server's: if this program is stopped, the job goes on.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::graph::Graph;
use super::reprocess::filter;
use crate::args::{Output, ReprocessArgs};
use crate::output;

const JOBS: &str = "/reeve/v1/reprocessJobs";
/// How often the job is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Items that are fetched at once.
const PAGE: usize = 5_000;
/// The cells of the progress bar.
const BAR: i64 = 30;
/// What is told of an item in a table or in CSV.
const CELLS: [&str; 9] = [
    "id",
    "state",
    "code",
    "message",
    "requestId",
    "subject",
    "adds",
    "removes",
    "kept",
];

/// Runs a job, or plans it; says whether every item came to a good end.
pub(super) async fn run(graph: &Graph, args: &ReprocessArgs) -> anyhow::Result<bool> {
    let made = graph.post(JOBS, &body(args)).await?;
    let id = text(&made, "id");
    if id.is_empty() {
        bail!("the server made no job; only Reeve has `{JOBS}`");
    }
    output::note(format_args!("job {id}"));
    let job = watch(graph, &id).await?;
    tell(graph, args.of_job.output, &id, &job).await?;
    Ok(match text(&job, "state").as_str() {
        "completed" => [
            "refused",
            "partiallyDelivered",
            "deliveryFailed",
            "superseded",
        ]
        .iter()
        .all(|end| number(&job, &format!("/summary/{end}")) == 0),
        "planned" => number(&job, "/summary/refused") == 0,
        state => {
            let why = job.pointer("/reason/message").and_then(Value::as_str);
            match why {
                Some(why) => output::note(format_args!("the job is {state}: {why}")),
                None => output::note(format_args!("the job is {state}")),
            }
            false
        }
    })
}

fn body(args: &ReprocessArgs) -> Value {
    let mut body = Map::new();
    body.insert("target".to_owned(), json!(args.what.collection()));
    match filter(args) {
        Some(filter) => body.insert("filter".to_owned(), json!(filter)),
        None => body.insert("ids".to_owned(), json!(args.ids)),
    };
    body.insert("dryRun".to_owned(), json!(args.of_job.dry_run));
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

/// Looks at the job until nobody moves it on by itself.
async fn watch(graph: &Graph, id: &str) -> anyhow::Result<Value> {
    let path = format!("{JOBS}/{id}");
    let shows_bar = std::io::stderr().is_terminal();
    loop {
        let job = graph.get(&path).await?;
        if shows_bar {
            bar(&job);
        }
        let state = text(&job, "state");
        let is_moving = ["planning", "running"].contains(&state.as_str());
        // What a canceled job has begun is delivered all the same.
        let is_delivering = state == "canceled" && number(&job, "/summary/inDelivery") > 0;
        if !is_moving && !is_delivering {
            if shows_bar {
                output::note("");
            }
            return Ok(job);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// One line on a terminal that is written over and over.
fn bar(job: &Value) {
    let units = number(job, "/progress/units");
    let ended = number(job, "/progress/done") + number(job, "/progress/failed");
    let full = if units > 0 { ended * BAR / units } else { 0 }.clamp(0, BAR);
    let cells: String = (0..BAR)
        .map(|at| if at < full { '#' } else { '.' })
        .collect();
    let rate = number(job, "/progress/unitsPerSecond");
    let state = text(job, "state");
    // Nobody could be told that this failed.
    let _ = write!(
        std::io::stderr().lock(),
        "\r{state} [{cells}] {ended}/{units} grants, {rate}/s   "
    );
}

async fn tell(graph: &Graph, form: Output, id: &str, job: &Value) -> anyhow::Result<()> {
    let plan = graph.get(&format!("{JOBS}/{id}/plan")).await?;
    match form {
        Output::Table => {
            show(job, &plan);
            let mut table = output::table(CELLS);
            let mut failed = 0;
            each(graph, id, true, |line| {
                failed += 1;
                table.add_row(cells(line));
                Ok(())
            })
            .await?;
            if failed > 0 {
                output::line(&table);
            }
        }
        Output::Json => {
            output::line(json!({ "job": job, "plan": plan }));
            each(graph, id, false, |line| {
                output::line(line);
                Ok(())
            })
            .await?;
        }
        Output::Csv => {
            output::line(CELLS.join(","));
            each(graph, id, false, |line| {
                output::line(cells(line).map(|cell| quoted(&cell)).join(","));
                Ok(())
            })
            .await?;
        }
    }
    Ok(())
}

/// The plan and what came of it.
fn show(job: &Value, plan: &Value) {
    output::line(format_args!(
        "{} items, {} people: {} grants missing, {} to remove, {} there; {} refused",
        number(plan, "/items"),
        number(plan, "/people"),
        number(plan, "/adds"),
        number(plan, "/removes"),
        number(plan, "/kept"),
        number(plan, "/refused"),
    ));
    let mut targets = output::table(["target", "missing", "to remove", "there", "done", "failed"]);
    let done = job.pointer("/targets").and_then(Value::as_array);
    let of_plan = plan.pointer("/targets").and_then(Value::as_array);
    for target in of_plan.into_iter().flatten() {
        let name = text(target, "target");
        let ended = done
            .into_iter()
            .flatten()
            .find(|one| text(one, "target") == name);
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
    mut each: impl FnMut(&Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let path = format!("{JOBS}/{id}/results?onlyFailed={only_failed}&after={after}&top={PAGE}");
        let page = lines(graph.get(&path).await?)?;
        for line in &page {
            each(line)?;
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

fn cells(line: &Value) -> [String; 9] {
    CELLS.map(|name| match name {
        "subject" => line
            .pointer("/subject/displayName")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        "adds" | "removes" | "kept" => number(line, &format!("/{name}")).to_string(),
        _ => text(line, name),
    })
}

/// A cell of CSV. One that begins like a formula must not become one in a spreadsheet.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@']);
    let cell = if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

fn text(value: &Value, member: &str) -> String {
    let text = value.get(member).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
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
    fn cells_of_csv_are_quoted_where_they_have_to_be_and_never_become_formulas() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
    }

    #[test]
    fn no_line_one_line_and_many_are_read_alike() {
        let two = "{\"item\":1}\n{\"item\":2}\n".to_owned();

        assert_eq!(lines(Value::Null).unwrap().len(), 0);
        assert_eq!(lines(json!({"item": 1})).unwrap().len(), 1);
        assert_eq!(lines(Value::String(two)).unwrap().len(), 2);
        assert!(lines(Value::String("nonsense".to_owned())).is_err());
    }
}
