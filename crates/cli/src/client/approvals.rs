//! `reeve approvals`, `reeve approve` and `reeve deny`: what waits for whoever is signed in, and what they decide.

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use super::graph::{Graph, encoded, literal};
use super::lists::{self, FOR, bracketed};
use super::names::{needed, text_at};
use super::{ENTITLEMENTS, connect};
use crate::args::access::DecideArgs;
use crate::args::connect::Output;
use crate::args::lists::{ApprovalsCommand, Which};
use crate::output;
use crate::output::Ending;
use crate::output::rows::{self, Column, Rows, column};

/// What is told of a request that waits.
const WAITING: &[Column] = &[
    column("id", &["/id"]),
    column("type", &["/requestType"]),
    column("package", &["/accessPackage/displayName"]),
    column("requestor", &["/requestor/displayName"]),
    column("for", FOR),
    column("justification", &["/justification"]),
    column("status", &["/status"]),
    column("created", &["/createdDateTime"]),
];

/// What is told of a decision.
const DECIDED: &[Column] = &[
    column("id", &["/id"]),
    column("package", &["/package"]),
    column("requestor", &["/requestor"]),
    column("for", &["/for"]),
    column("decision", &["/decision"]),
    column("refused", &["/refused"]),
];

const WAY: &str = "/assignmentRequests/filterByCurrentUser(on='approver')";
const SHAPE: &str = "$expand=accessPackage,requestor";

/// Runs `reeve approvals`.
pub(crate) async fn list(command: &ApprovalsCommand) -> anyhow::Result<()> {
    let ApprovalsCommand::List(args) = command;
    let graph = connect(&args.client.connect)?;
    let parts = conditions(args.which.filter.as_ref(), args.package.as_deref());
    let path = lists::address(WAY, &parts, SHAPE, &args.which);
    lists::list_requests(&graph, &args.client, &args.which, &path, WAITING).await
}

fn conditions(filter: Option<&String>, package: Option<&str>) -> Vec<String> {
    let mut parts: Vec<String> = filter.map(bracketed).into_iter().collect();
    parts.extend(package.map(|name| {
        let member = if super::names::is_id(name) {
            "accessPackage/id"
        } else {
            "accessPackage/displayName"
        };
        format!("{member} eq {}", literal(name))
    }));
    parts
}

/// Runs `reeve approve` or `reeve deny`.
pub(crate) async fn decide(args: &DecideArgs, result: &str) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let waiting = if args.all {
        let parts = conditions(args.filter.as_ref(), args.package.as_deref());
        let all = Which {
            filter: None,
            limit: 0,
        };
        graph
            .list(&lists::address(WAY, &parts, SHAPE, &all))
            .await?
    } else {
        args.ids.iter().map(|id| json!({ "id": id })).collect()
    };
    let mut waiting = waiting;
    lists::add_targets(&graph, &mut waiting).await?;
    let mut rows = Rows::new(args.client.told.output, DECIDED);
    let (mut refused, mut has_failed) = (0, false);
    for request in &waiting {
        let id = needed(request, "/id")?;
        // What went before is told, whatever comes.
        let decided = decide_one(&graph, id, result, args.reason.as_deref()).await;
        has_failed |= decided.is_err();
        let refusal = decided.unwrap_or_else(|error| Some(format!("{error:#}")));
        refused += usize::from(refusal.is_some());
        rows.add(&json!({
            "id": id,
            "package": text_at(request, "/accessPackage/displayName"),
            "requestor": text_at(request, "/requestor/displayName"),
            "for": rows::cell(request, FOR),
            "decision": if refusal.is_none() { Some(result) } else { None },
            "refused": refusal,
        }));
    }
    if rows.end() == 0 && args.client.told.output == Output::Table {
        output::line("nothing waits for you");
    }
    // Nobody refused what no answer came to.
    if has_failed {
        return Ok(Ending::Amiss);
    }
    Ok(Ending::counted(waiting.len(), refused))
}

/// Decides about one request; says why not, if the server refuses.
async fn decide_one(
    graph: &Graph,
    request: &str,
    result: &str,
    reason: Option<&str>,
) -> anyhow::Result<Option<String>> {
    // An approval has the id of its request.
    let stages = format!(
        "{ENTITLEMENTS}/accessPackageAssignmentApprovals/{}/stages",
        encoded(request)
    );
    let answer = graph.send_patiently(Method::GET, &stages, None).await?;
    if !answer.is_success() {
        return Ok(Some(answer.reason()));
    }
    let found = answer.body.get("value").and_then(Value::as_array);
    let found = found.context("the stages of an approval came as no list")?;
    let is_open = |stage: &&Value| text_at(stage, "/status") == Some("InProgress");
    let is_own = |stage: &&Value| stage.get("assignedToMe").and_then(Value::as_bool) == Some(true);
    let open = found.iter().find(|stage| is_open(stage) && is_own(stage));
    let Some(stage) = open.or_else(|| found.iter().find(is_open)) else {
        return Ok(Some("no stage of it is open".to_owned()));
    };
    let path = format!("{stages}/{}", encoded(needed(stage, "/id")?));
    let body = json!({ "reviewResult": result, "justification": reason });
    let answer = graph
        .send_patiently(Method::PATCH, &path, Some(&body))
        .await?;
    Ok((!answer.is_success()).then(|| answer.reason()))
}
