//! Reprocess by the documented call for each object, in batches, against any Graph root.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::bail;
use futures_util::StreamExt;
use serde_json::Value;

use super::checkpoint::{About, Checkpoint, Held, Item, Outcome};
use super::{ITEM, filter};
use crate::args::connect::Output;
use crate::args::reprocess::{ReprocessArgs, Reprocessed};
use crate::client::ENTITLEMENTS;
use crate::client::graph::{Answer, BATCH, Graph, Part, encoded};
use crate::client::names::text_at;
use crate::output::progress::Progress;
use crate::output::rows::Rows;
use crate::output::{self, Ending, Refused};

/// How often states are looked at while waiting: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(5);
/// So many looks may fail before nobody waits any longer.
const LOOKS_THAT_FAIL: u32 = 8;

/// Runs the command.
pub(super) async fn run(graph: &Graph, args: &ReprocessArgs) -> anyhow::Result<Ending> {
    let mut run = Run::begin(graph, args).await?;
    run.show_plan();
    if args.dry_run || run.items.is_empty() {
        return Ok(Ending::Well);
    }
    run.call().await?;
    let waited = if args.no_wait {
        Ok(())
    } else {
        run.wait().await
    };
    run.progress.clear();
    let ending = run.tell();
    // What was accepted is told even if nobody knows what came of it.
    match waited {
        Ok(()) => Ok(ending),
        Err(error) => {
            output::failure(&error);
            Ok(Ending::Amiss)
        }
    }
}

struct Run<'a> {
    graph: &'a Graph,
    args: &'a ReprocessArgs,
    items: Vec<Item>,
    outcomes: BTreeMap<String, Outcome>,
    checkpoint: Option<Checkpoint>,
    progress: Progress,
}

impl<'a> Run<'a> {
    /// Finds out what is to be done, or goes on.
    async fn begin(graph: &'a Graph, args: &'a ReprocessArgs) -> anyhow::Result<Self> {
        let mut progress = Progress::new();
        let about = About {
            root: graph.root().to_owned(),
            collection: args.what.collection().to_owned(),
            filter: filter(args),
            ids: args.ids.clone(),
        };
        let path = args.checkpoint.as_deref();
        let held = path
            .map(|path| Checkpoint::find(path, &about))
            .transpose()?;
        if let Some((checkpoint, Held { items, outcomes })) = held.flatten() {
            output::note(format_args!(
                "going on: {} of {} were answered before",
                outcomes.values().filter(|one| one.is_answered()).count(),
                items.len()
            ));
            return Ok(Self {
                graph,
                args,
                items,
                outcomes,
                checkpoint: Some(checkpoint),
                progress,
            });
        }
        let items = select(graph, args, &mut progress).await?;
        let checkpoint = path.map(|path| Checkpoint::begin(path, &about, &items));
        Ok(Self {
            graph,
            args,
            checkpoint: checkpoint.transpose()?,
            items,
            outcomes: BTreeMap::new(),
            progress,
        })
    }

    /// The objects of which there is no answer.
    fn open(&self) -> Vec<Item> {
        let is_open = |item: &&Item| {
            let known = self.outcomes.get(&item.id);
            known.is_none_or(|outcome| !outcome.is_answered())
        };
        self.items.iter().filter(is_open).cloned().collect()
    }

    /// The plan, for people; other forms tell of the objects themselves.
    fn show_plan(&mut self) {
        self.progress.clear();
        if self.args.client.told.output != Output::Table {
            if self.args.dry_run {
                let mut rows = Rows::new(self.args.client.told.output, ITEM);
                for item in &self.items {
                    rows.add(&serde_json::json!({
                        "id": item.id, "state": item.state, "package": item.package,
                    }));
                }
                rows.end();
            }
            return;
        }
        let open = self.open();
        output::line(format_args!(
            "{} to reprocess, in {}, {} at once",
            self.args.what.counted(open.len()),
            output::counted(open.len().div_ceil(BATCH), "batch", "batches"),
            self.args.concurrency
        ));
        let mut groups: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for item in &open {
            *groups.entry((&item.package, &item.state)).or_default() += 1;
        }
        if !groups.is_empty() {
            let mut table = output::table(["access package", "state", "count"]);
            for ((package, state), count) in groups {
                table.add_row([&output::rows::shown(package), state, &count.to_string()]);
            }
            output::line(table);
        }
    }

    /// Makes the calls, batch by batch, and keeps what is answered.
    async fn call(&mut self) -> anyhow::Result<()> {
        let open = self.open();
        let (graph, what) = (self.graph, self.args.what);
        let calls = open.chunks(BATCH).map(|chunk| async move {
            let parts: Vec<Part> = chunk
                .iter()
                .map(|item| part("POST", what, &format!("/{}/reprocess", encoded(&item.id))))
                .collect();
            match graph.batch(&parts).await {
                Ok(answers) => chunk.iter().zip(answers.iter().map(outcome)).collect(),
                // The other batches go on, and the report tells about this one.
                Err(error) => {
                    let message = format!("{error:#}");
                    let failed = Outcome::Failed { message };
                    chunk
                        .iter()
                        .map(|item| (item, failed.clone()))
                        .collect::<Vec<_>>()
                }
            }
        });
        let at_once = usize::from(self.args.concurrency);
        let mut running = futures_util::stream::iter(calls).buffer_unordered(at_once);
        let mut done = 0;
        while let Some(answered) = running.next().await {
            done += answered.len();
            if let Some(checkpoint) = &mut self.checkpoint {
                let known = answered
                    .iter()
                    .map(|(item, outcome)| (item.id.as_str(), outcome));
                checkpoint.keep(known)?;
            }
            for (item, outcome) in answered {
                self.outcomes.insert(item.id.clone(), outcome);
            }
            self.progress
                .bar("reprocessing", done as u64, open.len() as u64, what.name());
        }
        self.progress.clear();
        Ok(())
    }

    /// Looks at what was accepted until nothing is under way.
    async fn wait(&mut self) -> anyhow::Result<()> {
        let accepted = self
            .outcomes
            .iter()
            .filter(|(_, outcome)| **outcome == Outcome::Accepted);
        let mut open: Vec<String> = accepted.map(|(id, _)| id.clone()).collect();
        let all = open.len();
        let mut pause = FIRST_LOOK;
        let mut patience = LOOKS_THAT_FAIL;
        while !open.is_empty() {
            let mut still_open = Vec::new();
            for ids in open.chunks(BATCH) {
                let ended = match self.look(ids, &mut still_open).await {
                    Ok(ended) => ended,
                    Err(error) => {
                        patience = patience.checked_sub(1).ok_or(error)?;
                        still_open.extend_from_slice(ids);
                        continue;
                    }
                };
                if let Some(checkpoint) = &mut self.checkpoint {
                    checkpoint.keep(ended.iter().map(|(id, state)| (id.as_str(), state)))?;
                }
                self.outcomes.extend(ended);
            }
            open = still_open;
            let done = all - open.len();
            self.progress
                .bar("delivering", done as u64, all as u64, self.args.what.name());
            if !open.is_empty() {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_LOOK);
            }
        }
        self.progress.clear();
        Ok(())
    }

    /// Looks at a batch of objects: what has ended, and what has not.
    async fn look(
        &self,
        ids: &[String],
        still_open: &mut Vec<String>,
    ) -> anyhow::Result<Vec<(String, Outcome)>> {
        let parts: Vec<Part> = ids
            .iter()
            .map(|id| {
                let rest = format!("/{}?$select=id,state", encoded(id));
                part("GET", self.args.what, &rest)
            })
            .collect();
        let mut ended = Vec::new();
        for (id, answer) in ids.iter().zip(self.graph.batch(&parts).await?) {
            let state = match text_at(&answer.body, "/state") {
                Some(state) => state.to_owned(),
                // Trouble of the server says nothing about the object: it stays accepted, and may be looked at again.
                None if matches!(answer.status, 429 | 500..=599) => {
                    bail!("what was accepted cannot be looked at: {}", answer.reason())
                }
                None => format!("{} {}", answer.status, answer.code()),
            };
            if state.eq_ignore_ascii_case("delivering") {
                still_open.push(id.clone());
            } else {
                ended.push((id.clone(), Outcome::Ended { state }));
            }
        }
        Ok(ended)
    }

    /// What came of each, and of all.
    fn tell(&self) -> Ending {
        let form = self.args.client.told.output;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let (mut bad, mut undone) = (0, 0);
        let mut rows = Rows::new(form, ITEM);
        for item in &self.items {
            let Some(outcome) = self.outcomes.get(&item.id) else {
                continue;
            };
            let is_good = match outcome {
                Outcome::Accepted => true,
                // A removal that was reprocessed ends its assignment.
                Outcome::Ended { state } => matches!(state.as_str(), "delivered" | "expired"),
                Outcome::Refused { .. } => {
                    undone += 1;
                    false
                }
                // Whether it was done nobody knows.
                Outcome::Failed { .. } => false,
            };
            bad += usize::from(!is_good);
            let told = outcome.told(item);
            let state = text_at(&told, "/state").unwrap_or_default().to_owned();
            *counts.entry(state).or_default() += 1;
            // A table names what needs somebody; other forms name all.
            if !is_good || form != Output::Table {
                rows.add(&told);
            }
        }
        rows.end();
        if form == Output::Table {
            let mut table = output::table(["state", self.args.what.name()]);
            for (state, count) in counts {
                table.add_row([state, count.to_string()]);
            }
            output::line(table);
        }
        match (bad, undone == self.items.len()) {
            (0, _) => Ending::Well,
            (_, true) => Ending::Refused,
            (_, false) => Ending::Amiss,
        }
    }
}

/// The objects that the command line means, with what is known of them.
async fn select(
    graph: &Graph,
    args: &ReprocessArgs,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Item>> {
    let collection = args.what.collection();
    let shape = "$select=id,state&$expand=accessPackage($select=id,displayName)";
    let mut items = Vec::with_capacity(args.ids.len());
    if let Some(filter) = filter(args) {
        let path = format!(
            "{ENTITLEMENTS}/{collection}?$filter={}&{shape}&$top=500",
            encoded(&filter)
        );
        graph
            .for_each(&path, |object| {
                items.push(item(&object));
                if items.len() % 500 == 0 {
                    progress.words(&format!("reading: {} {} …", items.len(), args.what.name()));
                }
            })
            .await?;
        return Ok(items);
    }
    // Who is named twice is reprocessed once.
    let ids: BTreeSet<String> = args.ids.iter().map(|id| id.to_lowercase()).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    for ids in ids.chunks(BATCH) {
        let parts: Vec<Part> = ids
            .iter()
            .map(|id| part("GET", args.what, &format!("/{}?{shape}", encoded(id))))
            .collect();
        for (id, answer) in ids.iter().zip(graph.batch(&parts).await?) {
            if answer.status != 200 {
                let told = format!("`{id}` cannot be read: {}", answer.reason());
                return Err(Refused(told).into());
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
    let text = |pointer: &str| text_at(object, pointer).unwrap_or_default().to_owned();
    Item {
        id: text("/id"),
        state: text("/state"),
        package: text("/accessPackage/displayName"),
    }
}

fn outcome(answer: &Answer) -> Outcome {
    match answer.status {
        200..=299 => Outcome::Accepted,
        // Not now, after all patience; or the server's own trouble: the next run tries again.
        429 | 500..=599 => Outcome::Failed {
            message: answer.reason(),
        },
        _ => Outcome::Refused {
            code: answer.code().to_owned(),
            message: answer.message().to_owned(),
        },
    }
}
