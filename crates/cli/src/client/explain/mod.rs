//! `reeve explain`: asks a Reeve server why, and tells the answer to people or as it came.

mod text;

use serde_json::{Value, json};

use super::graph::{Graph, encoded};
use super::{connect, names};
use crate::args::connect::Output;
use crate::args::explain::{ExplainArgs, ExplainCommon, ExplainQuestion};
use crate::output;
use crate::output::rows::{self, Column, Rows, column};

/// What is told of an answer in CSV: a line for each value.
const FACT: &[Column] = &[column("what", &["/what"]), column("value", &["/value"])];

/// Runs the command.
pub(crate) async fn run(args: &ExplainArgs) -> anyhow::Result<()> {
    match &args.question {
        ExplainQuestion::Request(asked) => {
            let graph = connect(&asked.common.connect)?;
            let package = names::package(&graph, &asked.package).await?;
            let principal = known_principal(&graph, asked.principal.as_deref()).await?;
            let query = [
                ("accessPackage", Some(package.as_str())),
                ("principal", principal.as_deref()),
            ];
            let answer = ask(&graph, "request", &query).await?;
            tell(&asked.common, &answer, text::request);
        }
        ExplainQuestion::Approval(asked) => {
            let graph = connect(&asked.common.connect)?;
            let package = known_package(&graph, asked.package.as_deref()).await?;
            let principal = known_principal(&graph, asked.principal.as_deref()).await?;
            let query = [
                ("request", asked.request.as_deref()),
                ("accessPackage", package.as_deref()),
                ("principal", principal.as_deref()),
            ];
            let answer = ask(&graph, "approval", &query).await?;
            tell(&asked.common, &answer, text::approval);
        }
        ExplainQuestion::Access(asked) => {
            let graph = connect(&asked.common.connect)?;
            let package = known_package(&graph, asked.package.as_deref()).await?;
            let principal = known_principal(&graph, asked.principal.as_deref()).await?;
            let query = [
                ("accessPackage", package.as_deref()),
                ("resource", asked.resource.as_deref()),
                ("principal", principal.as_deref()),
            ];
            let answer = ask(&graph, "access", &query).await?;
            tell(&asked.common, &answer, text::access);
        }
        ExplainQuestion::Resource(asked) => {
            let graph = connect(&asked.common.connect)?;
            let answer = resource(&graph, &asked.object).await?;
            tell(&asked.common, &answer, text::resource);
        }
        ExplainQuestion::Authorization(asked) => {
            let graph = connect(&asked.common.connect)?;
            let principal = known_principal(&graph, asked.principal.as_deref()).await?;
            let query = [
                ("operation", Some(asked.operation.as_str())),
                ("object", asked.object.as_deref()),
                ("principal", principal.as_deref()),
            ];
            let answer = ask(&graph, "authorization", &query).await?;
            tell(&asked.common, &answer, text::authorization);
        }
    }
    Ok(())
}

fn tell(common: &ExplainCommon, answer: &Value, in_words: impl Fn(&Value) -> String) {
    match common.told.output {
        Output::Json => output::line(rows::json(answer)),
        Output::Table => output::text(rows::shown_in_lines(&in_words(answer))),
        Output::Csv => {
            let mut rows = Rows::new(Output::Csv, FACT);
            facts("", answer, &mut rows);
            rows.end();
        }
    }
}

/// Each value of an answer, by where it is in there.
fn facts(place: &str, value: &Value, rows: &mut Rows) {
    let inner = |name: &str| {
        let dot = if place.is_empty() { "" } else { "/" };
        format!("{place}{dot}{name}")
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                facts(&inner(name), member, rows);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                facts(&inner(&at.to_string()), item, rows);
            }
        }
        value => rows.add(&json!({ "what": place, "value": value })),
    }
}

fn address(what: &str, query: &[(&str, Option<&str>)]) -> String {
    let query: Vec<String> = query
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encoded((*value)?))))
        .collect();
    format!("/reeve/v1/explain/{what}?{}", query.join("&"))
}

async fn ask(graph: &Graph, what: &str, query: &[(&str, Option<&str>)]) -> anyhow::Result<Value> {
    graph.get(&address(what, query)).await
}

/// All pages in one document.
async fn resource(graph: &Graph, object: &str) -> anyhow::Result<Value> {
    let path = address(
        "resource",
        &[("object", Some(object)), ("top", Some("999"))],
    );
    let mut document = graph.get(&path).await?;
    if document.get("nextLink").is_none() {
        return Ok(document);
    }
    let rows = graph.list(&path).await?;
    if let Some(members) = document.as_object_mut() {
        members.remove("nextLink");
        members.insert("value".to_owned(), json!(rows));
    }
    Ok(document)
}

async fn known_package(graph: &Graph, name: Option<&str>) -> anyhow::Result<Option<String>> {
    match name {
        Some(name) => names::package(graph, name).await.map(Some),
        None => Ok(None),
    }
}

/// The server knows sign-in names and ids by itself, also for askers who may not list users.
async fn known_principal(graph: &Graph, name: Option<&str>) -> anyhow::Result<Option<String>> {
    match name {
        Some(name) if !name.contains('@') => names::person(graph, name).await.map(Some),
        known => Ok(known.map(str::to_owned)),
    }
}
