//! Tells the story while it happens: each call, its answer, and whether that is what the story says.
//!
//! **Invariant:** nothing is told that was not answered by the server just then.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::Value;

use crate::client::graph::{Answer, Graph};
use crate::output;

/// How long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Somebody in the story.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) graph: Graph,
}

/// A new chapter.
pub(super) fn chapter(title: &str) {
    output::line(format_args!("\n== {title}\n"));
}

/// What is going on.
pub(super) fn say(text: &str) {
    output::line(text);
}

/// Counts what did not go as the story says.
#[derive(Debug, Default)]
pub(super) struct Teller {
    surprises: usize,
    names: Vec<(String, &'static str)>,
}

impl Teller {
    /// From now on the ledger is told with this name instead of the id.
    pub(super) fn name(&mut self, id: &str, name: &'static str) {
        self.names.push((id.to_owned(), name));
    }

    /// Text with names instead of ids.
    pub(super) fn named(&self, text: &str) -> String {
        self.names
            .iter()
            .fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }

    /// Whether everything went as the story says.
    pub(super) const fn is_true(&self) -> bool {
        self.surprises == 0
    }

    /// A surprise, unless `held`.
    pub(super) fn expect(&mut self, held: bool, what: &str) {
        if held {
            output::line(format_args!("   ok: {what}"));
        } else {
            self.surprises += 1;
            output::line(format_args!("   UNEXPECTED, this should be so: {what}"));
        }
    }

    /// A call, its answer, and whether its status is the expected one.
    pub(super) async fn call(
        &mut self,
        who: &Person,
        method: Method,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> anyhow::Result<Answer> {
        output::line(format_args!("   {:<6} {method} {path}", who.name));
        let answer = who.graph.call(method, path, body).await?;
        let code = match answer.status {
            200..=299 => String::new(),
            _ => format!(" {}: {}", answer.code(), answer.message()),
        };
        output::line(format_args!("          -> {}{code}", answer.status));
        if answer.status != status {
            self.surprises += 1;
            output::line(format_args!("   UNEXPECTED, the answer should be {status}"));
        }
        Ok(answer)
    }

    /// The same of something that is made; gives its id, without which the story cannot go on.
    pub(super) async fn make(
        &mut self,
        who: &Person,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<String> {
        let answer = self.call(who, Method::POST, path, Some(body), 201).await?;
        answer
            .body
            .get("id")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .with_context(|| format!("the story cannot go on: POST {path} made nothing"))
    }

    /// Looks until the object's `state` is the expected one, or some other end is reached.
    pub(super) async fn await_state(
        &mut self,
        who: &Person,
        path: &str,
        expected: &str,
    ) -> anyhow::Result<()> {
        let is_over = |state: &str| !matches!(state, "submitted" | "delivering");
        self.await_member(who, path, ("state", expected), is_over)
            .await
    }

    /// Looks until the assignment has ended.
    pub(super) async fn await_end(&mut self, who: &Person, path: &str) -> anyhow::Result<()> {
        let is_over = |state: &str| !matches!(state, "delivering" | "delivered");
        self.await_member(who, path, ("state", "expired"), is_over)
            .await
    }

    /// Looks until the object's `status` is the expected one.
    pub(super) async fn await_status(
        &mut self,
        who: &Person,
        path: &str,
        expected: &str,
    ) -> anyhow::Result<()> {
        self.await_member(who, path, ("status", expected), |status| status == expected)
            .await
    }

    async fn await_member(
        &mut self,
        who: &Person,
        path: &str,
        (member, expected): (&str, &str),
        is_over: impl Fn(&str) -> bool,
    ) -> anyhow::Result<()> {
        let found = settled(&who.graph, path, member, is_over);
        let found = tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| bail!("the story cannot go on: {path} is still under way"))?;
        output::line(format_args!("   {:<6} GET {path}", who.name));
        output::line(format_args!("          -> {member}: {found}"));
        if found != expected {
            self.surprises += 1;
            output::line(format_args!(
                "   UNEXPECTED, the {member} should be {expected}"
            ));
        }
        Ok(())
    }
}

/// A member of the object once it is as it is to stay.
async fn settled(
    graph: &Graph,
    path: &str,
    member: &str,
    is_over: impl Fn(&str) -> bool,
) -> anyhow::Result<String> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let object = graph.get(path).await?;
        let found = object
            .get(member)
            .and_then(Value::as_str)
            .with_context(|| format!("the object has no {member}"))?;
        if is_over(found) {
            return Ok(found.to_owned());
        }
    }
}
