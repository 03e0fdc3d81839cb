//! Brings a file in through the tenant's own Graph API.
//!
//! **Invariant:** things are known by their names. What is missing is made, down to each member and each role; what is there
//! stays as it is, and is told where it differs, unless the caller wants it written. So a file may be used again, and a run
//! that was broken off anywhere is ended by the next one. Nothing is written before all names were resolved.

mod compare;
mod directory;
mod entitlements;
mod objects;
mod packages;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use service::clock::{Clock, Ids};

use self::compare::differences;
use self::objects::There;
pub(super) use self::objects::targets;
pub(crate) use self::report::{Item, Outcome, Report};
use super::links::{Kind, Names, text};
use super::{Document, Members, Principal, parse};
use crate::client::graph::{Graph, encoded};
use crate::output::Refused;

/// The beginning of the ids of what would be made, and is not.
const IMAGINED: &str = "imagined:";

/// What a run may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Nothing is written; the report says what would be.
    pub(crate) is_rehearsal: bool,
    /// What is there and differs from the file is written, too.
    pub(crate) updates: bool,
}

/// Brings in the file at the start of a server: what is refused stops it.
pub(crate) async fn apply(graph: &Graph, file: &Path) -> anyhow::Result<()> {
    let report = bring(graph, file, Manner::default()).await?;
    whole(report).with_context(|| format!("the seed `{}` cannot be used", file.display()))
}

/// Brings in the file, or only finds out what that would do.
pub(crate) async fn bring(graph: &Graph, file: &Path, manner: Manner) -> anyhow::Result<Report> {
    let content = std::fs::read_to_string(file).map_err(|error| {
        Refused(format!(
            "cannot read the seed `{}`: {error}",
            file.display()
        ))
    })?;
    sow(graph, &content, manner)
        .await
        .with_context(|| format!("the seed `{}` cannot be used", file.display()))
}

/// Brings in what a file holds, all of it.
pub(crate) async fn bring_in(graph: &Graph, content: &str) -> anyhow::Result<()> {
    whole(sow(graph, content, Manner::default()).await?)
}

fn whole(report: Report) -> anyhow::Result<()> {
    for item in report.of(Outcome::Differs) {
        tracing::info!(
            what = item.what,
            name = item.name,
            "differs from the seed, and stays"
        );
    }
    report.into_whole()
}

async fn sow(graph: &Graph, content: &str, manner: Manner) -> anyhow::Result<Report> {
    let document = parse(content).map_err(|error| Refused(format!("{error:#}")))?;
    let names = Names::load(graph).await?;
    let there = There::load(graph, &names, &document).await?;
    let rehearsal = Manner {
        is_rehearsal: true,
        ..manner
    };
    let would = run(graph, &document, names.clone(), &there, rehearsal).await?;
    if manner.is_rehearsal || would.has(Outcome::Refused) {
        return Ok(would.not_done());
    }
    if !would.has(Outcome::Made) && !would.has(Outcome::Updated) {
        return Ok(would);
    }
    run(graph, &document, names, &there, manner).await
}

async fn run(
    graph: &Graph,
    document: &Document,
    names: Names,
    there: &There,
    manner: Manner,
) -> anyhow::Result<Report> {
    let mut sower = Sower {
        graph,
        clock: Clock::system(),
        ids: Ids::random(),
        names,
        there,
        manner,
        report: Report::default(),
        known: BTreeMap::new(),
        onboarded: BTreeMap::new(),
    };
    let mut done = sower.directory(document).await;
    if done.is_ok() {
        done = sower.entitlements(document).await;
    }
    sower.report.broken = match done {
        Ok(()) => None,
        // Before the first write there is nothing to tell of but this.
        Err(error) if manner.is_rehearsal => return Err(error),
        Err(error) => Some(error),
    };
    Ok(sower.report)
}

struct Sower<'a> {
    graph: &'a Graph,
    clock: Clock,
    ids: Ids,
    names: Names,
    there: &'a There,
    manner: Manner,
    report: Report,
    /// What was found or made, by its collection and name.
    known: BTreeMap<(String, String), BTreeSet<String>>,
    /// The resources of each catalog that was looked at: ids by what they stand for.
    onboarded: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Sower<'_> {
    /// Takes a refusal for what came of a thing, and goes on; anything else ends the run.
    fn settle(&mut self, what: &str, name: &str, done: anyhow::Result<()>) -> anyhow::Result<()> {
        match done {
            Err(error) if error.chain().any(<dyn std::error::Error>::is::<Refused>) => {
                let why = format!("{error:#}");
                self.note(what, name, Outcome::Refused, Some(why));
                Ok(())
            }
            done => done.with_context(|| format!("{what} `{name}`")),
        }
    }

    fn note(&mut self, what: &str, name: &str, outcome: Outcome, detail: Option<String>) {
        self.report.note(what, self.in_words(name), outcome, detail);
    }

    /// A name in the place of an id, also behind the role of a group.
    fn in_words(&self, name: &str) -> String {
        let (role, id) = name.split_once('_').unwrap_or(("", name));
        match (role, self.names.name(id)) {
            ("", Some((_, known))) => known.to_owned(),
            (role, Some((_, known))) => format!("{role} of {known}"),
            (_, None) => name.to_owned(),
        }
    }

    /// Tells of a thing that is there, or writes what differs.
    async fn hold_against(
        &mut self,
        what: &str,
        name: &str,
        said: &Members,
        now: &Value,
        path: &str,
    ) -> anyhow::Result<()> {
        let found = differences(said, now);
        let told: Vec<&str> = found.iter().map(|(_, told)| told.as_str()).collect();
        let told = told.join("; ");
        if found.is_empty() {
            self.note(what, name, Outcome::There, None);
        } else if self.manner.updates {
            let differs = |member: &String| found.iter().any(|(name, _)| name == member);
            let body = said.iter().filter(|(member, _)| differs(member));
            let body: Members = body
                .map(|(name, said)| (name.clone(), said.clone()))
                .collect();
            self.send(Method::PATCH, path, &Value::Object(body)).await?;
            self.note(what, name, Outcome::Updated, Some(told));
        } else {
            self.note(what, name, Outcome::Differs, Some(told));
        }
        Ok(())
    }

    /// The id of what is called so in a collection: held against the file if it is there, made if it is not.
    async fn thing(
        &mut self,
        collection: &str,
        name: &str,
        body: &Value,
        said: &Members,
    ) -> anyhow::Result<String> {
        let filter = format!("displayName eq '{}'", quoted(name));
        let what = last(collection);
        let id = match self.find(collection, &filter).await? {
            Some(now) => {
                let id = text(&now, "id").unwrap_or_default().to_owned();
                let path = format!("{collection}/{id}");
                self.hold_against(what, name, said, &now, &path).await?;
                id
            }
            None => self.make(collection, name, body).await?,
        };
        self.learn(what, name, &id);
        Ok(id)
    }

    fn learn(&mut self, what: &str, name: &str, id: &str) {
        let ids = self.known.entry((what.to_owned(), name.to_owned()));
        ids.or_default().insert(id.to_owned());
    }

    /// The id of the only one of this name, which the file may just have brought in.
    async fn named(&mut self, collection: &str, name: &str) -> anyhow::Result<String> {
        let what = last(collection);
        let filter = format!("displayName eq '{}'", quoted(name));
        let key = (what.to_owned(), name.to_owned());
        let mut ids = self.known.get(&key).cloned().unwrap_or_default();
        let found = self.list_of(collection, &filter).await?;
        ids.extend(
            found
                .iter()
                .filter_map(|one| text(one, "id").map(str::to_owned)),
        );
        let mut ids = ids.into_iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) => Ok(id),
            (None, _) => Err(refused(format!("there is no `{name}` in {what}"))),
            (Some(_), Some(_)) => Err(refused(format!("there are several `{name}` in {what}"))),
        }
    }

    /// The only one that a filter finds.
    async fn find(&self, collection: &str, filter: &str) -> anyhow::Result<Option<Value>> {
        let mut found = self.list_of(collection, filter).await?;
        if found.len() > 1 {
            let what = last(collection);
            return Err(refused(format!("there are several such {what}: {filter}")));
        }
        Ok(found.pop())
    }

    /// Up to two that a filter finds.
    async fn list_of(&self, collection: &str, filter: &str) -> anyhow::Result<Vec<Value>> {
        // What is not there has nothing.
        if collection.contains(IMAGINED) || filter.contains(IMAGINED) {
            return Ok(Vec::new());
        }
        let path = format!("{collection}?$filter={}&$top=2", encoded(filter));
        let mut found = self.graph.get(&path).await?;
        let found = found.get_mut("value").and_then(Value::as_array_mut);
        Ok(found.map(std::mem::take).unwrap_or_default())
    }

    /// All of a collection of something that may only be imagined.
    async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        if path.contains(IMAGINED) {
            return Ok(Vec::new());
        }
        self.graph.list(path).await
    }

    /// Makes a thing; says its id.
    async fn make(&mut self, collection: &str, name: &str, body: &Value) -> anyhow::Result<String> {
        let id = if self.manner.is_rehearsal {
            format!("{IMAGINED}{}", self.new_id())
        } else {
            let made = self.graph.post(collection, body).await?;
            text(&made, "id")
                .map(str::to_owned)
                .with_context(|| format!("the answer to POST {collection} has no id"))?
        };
        self.note(last(collection), name, Outcome::Made, None);
        Ok(id)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<()> {
        if self.manner.is_rehearsal {
            return Ok(());
        }
        let what = format!("{method} {path}");
        let answer = self.graph.send_patiently(method, path, Some(body)).await?;
        answer.expect_success(&what).map(drop)
    }

    /// Puts everybody into a collection of an object who is not in it.
    async fn filled(
        &mut self,
        of: &str,
        way: &str,
        name: &str,
        who: &[Principal],
    ) -> anyhow::Result<()> {
        if who.is_empty() {
            return Ok(());
        }
        let path = format!("{of}/{way}");
        let now = self.list(&format!("{path}?$select=id")).await?;
        let now: BTreeSet<&str> = now.iter().filter_map(|one| text(one, "id")).collect();
        for principal in who {
            let label = format!("{name}: {}", principal.word());
            let done = self.joined(&path, &label, principal, &now).await;
            self.settle(way, &label, done)?;
        }
        Ok(())
    }

    async fn joined(
        &mut self,
        path: &str,
        label: &str,
        principal: &Principal,
        now: &BTreeSet<&str>,
    ) -> anyhow::Result<()> {
        let id = self.names.principal(principal)?.to_owned();
        if now.contains(id.as_str()) {
            self.note(last(path), label, Outcome::There, None);
            return Ok(());
        }
        let body = self.link(&id);
        self.send(Method::POST, &format!("{path}/$ref"), &body)
            .await?;
        self.note(last(path), label, Outcome::Made, None);
        Ok(())
    }

    fn new_id(&self) -> String {
        self.ids.next(self.clock.now()).to_string()
    }

    fn link(&self, id: &str) -> Value {
        json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", self.graph.root()) })
    }
}

fn refused(why: String) -> anyhow::Error {
    Refused(why).into()
}

/// The collection at the end of a path.
fn last(collection: &str) -> &str {
    collection.rsplit('/').next().unwrap_or_default()
}

/// `body` with what the file says.
fn merged(mut body: Value, said: &Members) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.extend(said.clone());
    }
    body
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
