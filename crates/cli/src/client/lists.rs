//! `reeve packages|requests|assignments list|show`: what there is, read through Graph alone.

use futures_util::{StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::Value;

use super::graph::{Graph, encoded, literal};
use super::{ENTITLEMENTS, connect, names};
use crate::args::connect::{ClientArgs, Output};
use crate::args::lists::{
    AssignmentsCommand, List, PackagesCommand, PackagesList, RequestsCommand, Show, Which,
};
use crate::output;
use crate::output::rows::{self, Column, Rows, column};

/// Objects that are fetched at once.
const PAGE: usize = 500;
/// Requests of which it is asked at once whom they are for.
const AT_ONCE: usize = 8;

/// What is told of an access package.
const PACKAGE: &[Column] = &[
    column("id", &["/id"]),
    column("name", &["/displayName"]),
    column("catalog", &["/catalog/displayName"]),
    column("hidden", &["/isHidden"]),
    column("description", &["/description"]),
];

/// What is told of one access package.
const PACKAGE_WHOLE: &[Column] = &[
    column("id", &["/id"]),
    column("name", &["/displayName"]),
    column("description", &["/description"]),
    column("catalog", &["/catalog/displayName"]),
    column("hidden", &["/isHidden"]),
    column("roles", &["/resourceRoleScopes"]),
    column("policies", &["/assignmentPolicies"]),
    column("created", &["/createdDateTime"]),
    column("modified", &["/modifiedDateTime"]),
];

/// What is told of an assignment request.
pub(crate) const REQUEST: &[Column] = &[
    column("id", &["/id"]),
    column("type", &["/requestType"]),
    column("state", &["/state"]),
    column("status", &["/status"]),
    column("package", &["/accessPackage/displayName"]),
    column("requestor", &["/requestor/displayName"]),
    column("for", FOR),
    column("created", &["/createdDateTime"]),
];

/// Where it stands whom a request is for.
pub(crate) const FOR: &[&str] = &[
    "/assignment/target/displayName",
    "/target/displayName",
    "/target/email",
];

/// What is told of one assignment request.
const REQUEST_WHOLE: &[Column] = &[
    column("id", &["/id"]),
    column("type", &["/requestType"]),
    column("state", &["/state"]),
    column("status", &["/status"]),
    column("package", &["/accessPackage/displayName"]),
    column("requestor", &["/requestor/displayName"]),
    column("for", FOR),
    column("assignment", &["/assignment/id"]),
    column("justification", &["/justification"]),
    column("from", &["/schedule/startDateTime"]),
    column(
        "until",
        &[
            "/schedule/expiration/endDateTime",
            "/schedule/expiration/duration",
        ],
    ),
    column("created", &["/createdDateTime"]),
    column("completed", &["/completedDateTime"]),
];

/// What is told of an assignment.
const ASSIGNMENT: &[Column] = &[
    column("id", &["/id"]),
    column("who", &["/target/displayName"]),
    column("package", &["/accessPackage/displayName"]),
    column("policy", &["/assignmentPolicy/displayName"]),
    column("state", &["/state"]),
    column("status", &["/status"]),
    column("until", &["/schedule/expiration/endDateTime"]),
    column("expired", &["/expiredDateTime"]),
];

const OF_PACKAGE: &str = "$expand=catalog($select=id,displayName)";
const OF_ASSIGNMENT: &str = "$expand=target($select=id,displayName,objectId),\
                             accessPackage($select=id,displayName),assignmentPolicy($select=id,displayName)";
const OF_OWN_ASSIGNMENT: &str = "$expand=accessPackage";
const OF_REQUEST: &str = "$expand=accessPackage($select=id,displayName),\
                          requestor($select=id,displayName,objectId),assignment($expand=target)";
const OF_WHOLE_REQUEST: &str = "$expand=accessPackage($select=id,displayName),\
                                requestor($select=id,displayName,objectId),assignment($expand=target)";

/// Runs `reeve packages`.
pub(crate) async fn packages(command: &PackagesCommand) -> anyhow::Result<()> {
    match command {
        PackagesCommand::List(args) => list_packages(args).await,
        PackagesCommand::Show(args) => {
            let graph = connect(&args.client.connect)?;
            let id = names::package(&graph, &args.id).await?;
            let path = format!(
                "{ENTITLEMENTS}/accessPackages/{}?$expand=catalog,resourceRoleScopes($expand=role,scope),assignmentPolicies",
                encoded(&id)
            );
            show(&graph, args, &path, PACKAGE_WHOLE).await
        }
    }
}

async fn list_packages(args: &PackagesList) -> anyhow::Result<()> {
    let graph = connect(&args.client.connect)?;
    let mut parts: Vec<String> = args.which.filter.iter().map(bracketed).collect();
    if let Some(catalog) = &args.catalog {
        let id = names::catalog(&graph, catalog).await?;
        parts.push(format!("catalog/id eq {}", literal(&id)));
    }
    let (way, shape) = if args.mine {
        ("/filterByCurrentUser(on='allowedRequestor')", "")
    } else {
        ("", OF_PACKAGE)
    };
    let path = address(&format!("/accessPackages{way}"), &parts, shape, &args.which);
    list(&graph, &args.client, &args.which, &path, PACKAGE).await
}

/// Runs `reeve requests`.
pub(crate) async fn requests(command: &RequestsCommand) -> anyhow::Result<()> {
    match command {
        RequestsCommand::List(args) => {
            let graph = connect(&args.client.connect)?;
            let people = ["requestor/objectId", "assignment/target/objectId"];
            let parts = conditions(&graph, args, &people).await?;
            let way = if args.mine {
                "/assignmentRequests/filterByCurrentUser(on='target')"
            } else {
                "/assignmentRequests"
            };
            let shape = format!("{OF_REQUEST}&$orderby=createdDateTime%20desc");
            let path = address(way, &parts, &shape, &args.which);
            list_requests(&graph, &args.client, &args.which, &path, REQUEST).await
        }
        RequestsCommand::Show(args) => {
            let graph = connect(&args.client.connect)?;
            let path = format!(
                "{ENTITLEMENTS}/assignmentRequests/{}?{OF_WHOLE_REQUEST}",
                encoded(&args.id)
            );
            let mut request = vec![graph.get(&path).await?];
            add_targets(&graph, &mut request).await?;
            for request in &request {
                rows::one(args.client.told.output, REQUEST_WHOLE, request);
            }
            Ok(())
        }
    }
}

/// Runs `reeve assignments`.
pub(crate) async fn assignments(command: &AssignmentsCommand) -> anyhow::Result<()> {
    match command {
        AssignmentsCommand::List(args) => {
            let graph = connect(&args.client.connect)?;
            let parts = conditions(&graph, args, &["target/objectId"]).await?;
            let (way, shape) = if args.mine {
                (
                    "/assignments/filterByCurrentUser(on='target')",
                    OF_OWN_ASSIGNMENT,
                )
            } else {
                ("/assignments", OF_ASSIGNMENT)
            };
            let path = address(way, &parts, shape, &args.which);
            list(&graph, &args.client, &args.which, &path, ASSIGNMENT).await
        }
        AssignmentsCommand::Show(args) => {
            let graph = connect(&args.client.connect)?;
            let path = format!(
                "{ENTITLEMENTS}/assignments/{}?{OF_ASSIGNMENT}",
                encoded(&args.id)
            );
            show(&graph, args, &path, ASSIGNMENT).await
        }
    }
}

/// The parts of the filter that the command line means.
async fn conditions(graph: &Graph, args: &List, people: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut parts: Vec<String> = args.which.filter.iter().map(bracketed).collect();
    if let Some(state) = &args.state {
        parts.push(format!("state eq {}", literal(state)));
    }
    if let Some(name) = &args.package {
        let id = if args.mine && !names::is_id(name) {
            // Whoever may not read packages still knows what theirs are called.
            parts.push(format!("accessPackage/displayName eq {}", literal(name)));
            None
        } else {
            Some(names::package(graph, name).await?)
        };
        parts.extend(id.map(|id| format!("accessPackage/id eq {}", literal(&id))));
    }
    if let Some(name) = &args.person {
        let id = names::person(graph, name).await?;
        let any: Vec<String> = people
            .iter()
            .map(|member| format!("{member} eq {}", literal(&id)))
            .collect();
        parts.push(format!("({})", any.join(" or ")));
    }
    Ok(parts)
}

/// A filter of somebody's, beside others.
pub(crate) fn bracketed(filter: &String) -> String {
    format!("({filter})")
}

/// The address of a list.
pub(crate) fn address(way: &str, parts: &[String], shape: &str, which: &Which) -> String {
    let page = match which.limit {
        0 => PAGE,
        limit => limit.min(PAGE),
    };
    let mut query = vec![format!("$top={page}")];
    if !parts.is_empty() {
        query.push(format!("$filter={}", encoded(&parts.join(" and "))));
    }
    if !shape.is_empty() {
        query.push(shape.to_owned());
    }
    format!("{ENTITLEMENTS}{way}?{}", query.join("&"))
}

/// Lists what is there, up to the limit.
pub(crate) async fn list(
    graph: &Graph,
    client: &ClientArgs,
    which: &Which,
    path: &str,
    columns: &'static [Column],
) -> anyhow::Result<()> {
    let mut rows = Rows::new(client.told.output, columns);
    let mut count = 0;
    let is_all = graph
        .for_each_until(path, |object| {
            if which.limit > 0 && count == which.limit {
                return false;
            }
            rows.add(&object);
            count += 1;
            true
        })
        .await?;
    end(rows, is_all, client, which);
    Ok(())
}

/// The same of requests, each with whom it is for.
pub(crate) async fn list_requests(
    graph: &Graph,
    client: &ClientArgs,
    which: &Which,
    path: &str,
    columns: &'static [Column],
) -> anyhow::Result<()> {
    let mut found = Vec::new();
    let is_all = graph
        .for_each_until(path, |request| {
            if which.limit > 0 && found.len() == which.limit {
                return false;
            }
            found.push(request);
            true
        })
        .await?;
    add_targets(graph, &mut found).await?;
    let mut rows = Rows::new(client.told.output, columns);
    for request in &found {
        rows.add(request);
    }
    end(rows, is_all, client, which);
    Ok(())
}

/// Adds whom requests are for that have no assignment yet. Graph tells it over the assignment alone (RQ-16, OD-15); a Reeve
/// tells it where it explains the approval.
pub(crate) async fn add_targets(graph: &Graph, requests: &mut [Value]) -> anyhow::Result<()> {
    let open: Vec<(usize, String)> = requests
        .iter()
        .enumerate()
        .filter(|(_, request)| lacks_target(request))
        .filter_map(|(at, request)| Some((at, names::text_at(request, "/id")?.to_owned())))
        .collect();
    let mut open = open.into_iter();
    let Some((at, id)) = open.next() else {
        return Ok(());
    };
    // No other Graph root than a Reeve tells it, of any request.
    let Some(first) = target(graph, &id).await? else {
        return Ok(());
    };
    let rest = open.map(|(at, id)| async move { anyhow::Ok((at, target(graph, &id).await?)) });
    let rest = futures_util::stream::iter(rest).buffer_unordered(AT_ONCE);
    let rest: Vec<(usize, Option<Value>)> = rest.try_collect().await?;
    for (at, target) in rest.into_iter().chain([(at, Some(first))]) {
        let request = requests.get_mut(at).and_then(Value::as_object_mut);
        if let (Some(request), Some(target)) = (request, target) {
            request.insert("target".to_owned(), target);
        }
    }
    Ok(())
}

/// Whether a request was read, and has no assignment that tells whom it is for.
fn lacks_target(request: &Value) -> bool {
    request.get("state").is_some() && request.pointer("/assignment/id").is_none()
}

/// Whom a request is for; `None` where the server does not tell it.
async fn target(graph: &Graph, request: &str) -> anyhow::Result<Option<Value>> {
    let path = format!("/reeve/v1/explain/approval?request={}", encoded(request));
    let mut answer = graph.send_patiently(Method::GET, &path, None).await?;
    let told = answer.body.get_mut("target").map(Value::take);
    Ok(told.filter(Value::is_object))
}

/// Ends a list.
fn end(rows: Rows, is_all: bool, client: &ClientArgs, which: &Which) {
    if rows.end() == 0 && client.told.output == Output::Table {
        output::line("there are none");
    }
    if !is_all {
        output::note(format_args!(
            "only the first {} are shown; `--limit 0` shows all",
            which.limit
        ));
    }
}

async fn show(
    graph: &Graph,
    args: &Show,
    path: &str,
    columns: &'static [Column],
) -> anyhow::Result<()> {
    let object = graph.get(path).await?;
    rows::one(args.client.told.output, columns, &object);
    Ok(())
}
