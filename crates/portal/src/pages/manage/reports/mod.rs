//! Reports: who has what and why, what does not go together, what ends soon, what is stuck, what was done. Each is a table, and
//! the same as a file.
//!
//! **Invariant:** a file holds what the filter of its table says, all of it; both come from the same function of the service.

mod access;
mod audit;
mod ending;
mod incompatible;
mod resources;
mod stuck;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use maud::{Markup, html};
use service::overview;
use service::overview::access::Why;

use crate::form::query;
use crate::layout::Place;
use crate::parts::time;
use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use domain::assignment_request::RequestType;
use domain::time::Timestamp;

const PATH: &str = "/manage/reports";

/// Which of these pages is where.
pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route(PATH, get(index))
        .route(access::PATH, get(access::list))
        .route(resources::PATH, get(resources::list))
        .route("/manage/reports/resources/{id}", get(resources::show))
        .route(incompatible::PATH, get(incompatible::list))
        .route(ending::PATH, get(ending::list))
        .route(stuck::PATH, get(stuck::list))
        .route(audit::PATH, get(audit::list))
}

/// `GET /manage/reports`
async fn index(visit: Visit) -> Result<Response, Problem> {
    let may = overview::may(&visit.ctx);
    if !may.read && !may.see_audit {
        // Refused in the words of the service.
        overview::packages::admitted(&visit.ctx)?;
    }
    let reports = [
        (
            may.read,
            access::PATH,
            "Who has what, and why",
            "Each assignment with its roles, and the policy, the request and the approval by which it came.",
        ),
        (
            may.read,
            resources::PATH,
            "Who has a resource, and why",
            "Everybody with a role of a resource, and who is there although nobody granted it.",
        ),
        (
            may.read,
            incompatible::PATH,
            "Access that does not go together",
            "People who hold both of what nobody shall hold together.",
        ),
        (
            may.read,
            ending::PATH,
            "What ends soon",
            "Assignments by the day on which they end.",
        ),
        (
            may.see_targets,
            stuck::PATH,
            "What is stuck",
            "What should have moved on, and did not.",
        ),
        (
            may.see_audit,
            audit::PATH,
            "Audit log",
            "What was done, by whom and to what.",
        ),
    ];
    let shown = reports.iter().filter(|(is_shown, ..)| *is_shown);
    let content = html! {
        h1 { "Reports" }
        @for (_, path, name, what) in shown {
            section .card {
                h2 { a href=(path) { (name) } }
                p { (what) }
            }
        }
    };
    let page = visit.page(Place::Reports, "Reports", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// The ways from a report: to the file with the same rows, and to the other reports.
fn ways(path: &str, fields: &[(&str, &str)]) -> Markup {
    let mut fields = fields.to_vec();
    fields.push(("format", "csv"));
    html! {
        p {
            a href={(path) "?" (query(&fields))} { "All of it as CSV" }
            " \u{b7} "
            a href=(PATH) { "All reports" }
        }
    }
}

/// A point in time in a file.
fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// How an assignment came to be, in short.
const fn origin(request_type: RequestType) -> &'static str {
    match request_type {
        RequestType::AdminAdd => "Given by an administrator",
        RequestType::SystemAdd => "Given by a rule",
        RequestType::UserAdd
        | RequestType::UserUpdate
        | RequestType::UserRemove
        | RequestType::AdminUpdate
        | RequestType::AdminRemove
        | RequestType::ApproverRemove
        | RequestType::SystemUpdate
        | RequestType::SystemRemove => "Asked for",
    }
}

/// The same with who approved it.
fn why(policy: &str, why: Option<&Why>) -> Markup {
    html! {
        @if !policy.is_empty() { "Policy " (policy) ". " }
        @if let Some(why) = why {
            a href={"/requests/" (why.request)} { (origin(why.request_type)) }
            @if why.request_type == RequestType::UserAdd || why.request_type == RequestType::AdminAdd {
                " by " (why.requestor)
            }
            @if let Some(at) = why.asked_at { ", " (time(at)) }
            "."
            @if !why.approved_by.is_empty() { " Approved by " (approvers(why)) "." }
        } @else {
            "Its request is not kept any more."
        }
    }
}

fn approvers(why: &Why) -> String {
    let names = why.approved_by.iter();
    let names: Vec<&str> = names
        .map(|name| name.as_deref().unwrap_or("an approver"))
        .collect();
    names.join(", ")
}

/// The columns of a file that say why.
const WHY: [&str; 6] = [
    "policy",
    "origin",
    "requestId",
    "requestedBy",
    "requestedDateTime",
    "approvedBy",
];

fn why_cells(policy: &str, why: Option<&Why>) -> [String; 6] {
    let Some(why) = why else {
        return [policy, "", "", "", "", ""].map(str::to_owned);
    };
    [
        policy.to_owned(),
        why.request_type.as_str().to_owned(),
        why.request.to_string(),
        why.requestor.clone(),
        instant(why.asked_at),
        approvers(why),
    ]
}
