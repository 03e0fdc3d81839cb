//! `reeve drift`: which grants are not at their targets what they should be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::connect;
use super::graph::{BATCH, Graph, Part, encoded};
use super::names::text_at;
use super::own_api::Grant;
use crate::args::DriftArgs;
use crate::args::connect::Output;
use crate::output;
use crate::output::rows::{Column, Rows, column};

/// What is told of a grant.
const GRANT: &[Column] = &[
    column("assignment", &["/assignments/0/id"]),
    column("who", &["/subject/displayName"]),
    column("role", &["/role"]),
    column("of", &["/of", "/resourceOriginId"]),
    column("target", &["/target"]),
    column("desired", &["/desired"]),
    column("observed", &["/observed"]),
    column("noticed", &["/observedAt"]),
    column("attempts", &["/attempts"]),
];

/// Runs the command; says whether there is no drift.
pub(crate) async fn run(args: &DriftArgs) -> anyhow::Result<bool> {
    let graph = connect(&args.client.connect)?;
    let drifted = graph.drift().await?;
    let form = args.client.told.output;
    if form == Output::Table {
        output::line(format_args!(
            "{} not as {} should be",
            output::counted(drifted.len(), "grant is", "grants are"),
            if drifted.len() == 1 { "it" } else { "they" }
        ));
    }
    let names = match form {
        Output::Json => BTreeMap::new(),
        Output::Table | Output::Csv => names(&graph, &drifted).await?,
    };
    let mut rows = Rows::new(form, GRANT);
    for grant in &drifted {
        if form == Output::Json {
            rows.add(grant.as_json());
        } else {
            rows.add(&in_words(grant.as_json(), &names));
        }
    }
    rows.end();
    Ok(drifted.is_empty())
}

/// A grant with what people call its role and its resource.
fn in_words(grant: &Value, names: &BTreeMap<String, String>) -> Value {
    let mut grant = grant.clone();
    let role = text_at(&grant, "/roleOriginId").unwrap_or_default();
    // Roles of groups are `Member_` and `Owner_` with the group's id.
    let role = role.split('_').next().unwrap_or_default().to_owned();
    let of = text_at(&grant, "/resourceOriginId").and_then(|id| names.get(id));
    let of = of.cloned();
    if let Some(members) = grant.as_object_mut() {
        members.insert("role".to_owned(), json!(role));
        members.insert("of".to_owned(), json!(of));
    }
    grant
}

/// What the resources are called that the directory knows.
async fn names(graph: &Graph, drifted: &[Grant]) -> anyhow::Result<BTreeMap<String, String>> {
    let ids = drifted
        .iter()
        .filter_map(|grant| text_at(grant.as_json(), "/resourceOriginId"));
    let ids: Vec<&str> = ids.collect::<BTreeSet<_>>().into_iter().collect();
    let mut names = BTreeMap::new();
    for chunk in ids.chunks(BATCH) {
        let parts: Vec<Part> = chunk
            .iter()
            .map(|id| Part {
                method: "GET",
                url: format!("/directoryObjects/{}", encoded(id)),
            })
            .collect();
        for (id, answer) in chunk.iter().zip(graph.batch(&parts).await?) {
            if let Some(name) = text_at(&answer.body, "/displayName") {
                names.insert((*id).to_owned(), name.to_owned());
            }
        }
    }
    Ok(names)
}
