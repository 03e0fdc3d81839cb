//! `reeve reprocess`: which objects, a plan, bounded calls, and a report that accounts for each of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use futures_util::StreamExt;
use serde_json::Value;

use super::graph::{Answer, BATCH, Graph, Part, encoded};
use super::{ENTITLEMENTS, connect};
use crate::args::{ReprocessArgs, Reprocessed};
use crate::output;

/// How often states are looked at while waiting: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(5);

/// One object to be reprocessed.
#[derive(Debug, Clone)]
struct Item {
    id: String,
    state: String,
    package: String,
}

/// What came of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// 202.
    Accepted,
    /// Anything else.
    Refused(String),
}

impl Reprocessed {
    pub(super) const fn collection(self) -> &'static str {
        match self {
            Self::Request => "assignmentRequests",
            Self::Assignment => "assignments",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Assignment => "assignments",
        }
    }
}

/// Runs the command; says whether everything went well.
pub(crate) async fn run(args: &ReprocessArgs) -> anyhow::Result<bool> {
    let graph = connect(&args.connect)?;
    if args.of_job.job || args.of_job.dry_run {
        return super::reprocess_job::run(&graph, args).await;
    }
    let items = select(&graph, args).await?;
    show_plan(args, &items);
    if args.plan || items.is_empty() {
        return Ok(true);
    }
    let outcomes = reprocess(&graph, args, &items).await?;
    let mut all_well = show_outcomes(args, &outcomes);
    if args.wait {
        let accepted: Vec<String> = outcomes
            .into_iter()
            .filter(|(_, outcome)| *outcome == Outcome::Accepted)
            .map(|(item, _)| item.id)
            .collect();
        let ended = wait(&graph, args.what, accepted).await?;
        all_well &= show_ends(args, &ended);
    }
    Ok(all_well)
}

/// The filter that the command line means, if it names no ids.
pub(super) fn filter(args: &ReprocessArgs) -> Option<String> {
    match (&args.filter, &args.state) {
        (Some(filter), _) => Some(filter.clone()),
        (None, Some(state)) => Some(format!("state eq '{}'", state.replace('\'', "''"))),
        (None, None) => None,
    }
}

/// The objects that the command line means, with what is known of them.
async fn select(graph: &Graph, args: &ReprocessArgs) -> anyhow::Result<Vec<Item>> {
    let filter = filter(args);
    let collection = args.what.collection();
    let shape = "$select=id,state&$expand=accessPackage($select=id,displayName)";
    if let Some(filter) = filter {
        let path = format!(
            "{ENTITLEMENTS}/{collection}?$filter={}&{shape}&$top=500",
            encoded(&filter)
        );
        let mut items = Vec::new();
        graph
            .for_each(&path, |object| items.push(item(&object)))
            .await?;
        return Ok(items);
    }
    let mut items = Vec::with_capacity(args.ids.len());
    for ids in args.ids.chunks(BATCH) {
        let parts: Vec<Part> = ids
            .iter()
            .map(|id| part("GET", args.what, &format!("/{}?{shape}", encoded(id))))
            .collect();
        for (id, answer) in ids.iter().zip(graph.batch(&parts).await?) {
            if answer.status != 200 {
                bail!(
                    "`{id}` cannot be read: {} {}",
                    answer.code(),
                    answer.message()
                );
            }
            items.push(item(&answer.body));
        }
    }
    Ok(items)
}

fn part(method: &'static str, what: Reprocessed, rest: &str) -> Part {
    let url = format!(
        "/identityGovernance/entitlementManagement/{}{rest}",
        what.collection()
    );
    Part { method, url }
}

fn item(object: &Value) -> Item {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Item {
        id: text("/id").unwrap_or_default(),
        state: text("/state").unwrap_or_else(|| "unknown".to_owned()),
        package: text("/accessPackage/displayName").unwrap_or_else(|| "unknown".to_owned()),
    }
}

fn show_plan(args: &ReprocessArgs, items: &[Item]) {
    let calls = items.len().div_ceil(BATCH);
    output::line(format_args!(
        "{} {} to reprocess, in {calls} calls, {} at once",
        items.len(),
        args.what.name(),
        args.concurrency
    ));
    if items.is_empty() {
        return;
    }
    let mut groups: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for item in items {
        *groups.entry((&item.package, &item.state)).or_default() += 1;
    }
    let mut table = output::table(["access package", "state", "count"]);
    for ((package, state), count) in groups {
        table.add_row([package, state, &count.to_string()]);
    }
    output::line(table);
}

async fn reprocess(
    graph: &Graph,
    args: &ReprocessArgs,
    items: &[Item],
) -> anyhow::Result<Vec<(Item, Outcome)>> {
    let calls = items.chunks(BATCH).map(|chunk| async move {
        let parts: Vec<Part> = chunk
            .iter()
            .map(|item| {
                part(
                    "POST",
                    args.what,
                    &format!("/{}/reprocess", encoded(&item.id)),
                )
            })
            .collect();
        let answers = graph.batch(&parts).await;
        let outcomes: Vec<Outcome> = match answers {
            Ok(answers) => answers.iter().map(outcome).collect(),
            // The other calls go on, and the report tells about these.
            Err(error) => vec![Outcome::Refused(format!("{error:#}")); chunk.len()],
        };
        chunk.iter().cloned().zip(outcomes).collect::<Vec<_>>()
    });
    let mut running = futures_util::stream::iter(calls).buffered(usize::from(args.concurrency));
    let mut outcomes = Vec::with_capacity(items.len());
    while let Some(mut done) = running.next().await {
        outcomes.append(&mut done);
    }
    Ok(outcomes)
}

fn outcome(answer: &Answer) -> Outcome {
    if answer.status == 202 {
        Outcome::Accepted
    } else {
        Outcome::Refused(format!(
            "{} {}: {}",
            answer.status,
            answer.code(),
            answer.message()
        ))
    }
}

fn show_outcomes(args: &ReprocessArgs, outcomes: &[(Item, Outcome)]) -> bool {
    let mut refusals: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (item, outcome) in outcomes {
        if let Outcome::Refused(why) = outcome {
            refusals.entry(why).or_default().push(&item.id);
        }
    }
    let refused: usize = refusals.values().map(Vec::len).sum();
    output::line(format_args!(
        "accepted {} of {} {}",
        outcomes.len() - refused,
        outcomes.len(),
        args.what.name()
    ));
    for (why, ids) in &refusals {
        output::line(format_args!("refused {}: {why}", ids.len()));
        for id in ids {
            output::line(format_args!("  {id}"));
        }
    }
    refused == 0
}

/// Looks at what was accepted until nothing is under way; gives back the ids by the state that they ended in.
async fn wait(
    graph: &Graph,
    what: Reprocessed,
    mut open: Vec<String>,
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut ended: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut pause = FIRST_LOOK;
    while !open.is_empty() {
        let mut still_open = Vec::new();
        for ids in open.chunks(BATCH) {
            let parts: Vec<Part> = ids
                .iter()
                .map(|id| part("GET", what, &format!("/{}?$select=id,state", encoded(id))))
                .collect();
            for (id, answer) in ids.iter().zip(graph.batch(&parts).await?) {
                let state = match answer.body.get("state").and_then(Value::as_str) {
                    Some(state) => state.to_owned(),
                    None => format!("{} {}", answer.status, answer.code()),
                };
                if state.eq_ignore_ascii_case("delivering") {
                    still_open.push(id.clone());
                } else {
                    ended.entry(state).or_default().push(id.clone());
                }
            }
        }
        open = still_open;
        if !open.is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }
    Ok(ended)
}

fn show_ends(args: &ReprocessArgs, ended: &BTreeMap<String, Vec<String>>) -> bool {
    let mut all_delivered = true;
    for (state, ids) in ended {
        output::line(format_args!(
            "ended {state}: {} {}",
            ids.len(),
            args.what.name()
        ));
        // A removal that was reprocessed ends its assignment.
        if !matches!(state.as_str(), "delivered" | "expired") {
            all_delivered = false;
            for id in ids {
                output::line(format_args!("  {id}"));
            }
        }
    }
    all_delivered
}
