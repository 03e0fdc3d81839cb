//! What is stuck: objects that nobody moves on although their deadline has passed. That there is none is what it should say.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::deliveries::{self, Stuck};

use super::ways;
use crate::chart::{Bar, bars};
use crate::csv;
use crate::layout::Place;
use crate::parts::{badge, table, time};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words::{self, Tone};

pub(super) const PATH: &str = "/manage/reports/stuck";

/// `GET /manage/reports/stuck`
pub(super) async fn list(visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    if csv::is_wanted(&visit)? {
        let read = async |visit: Visit, _: Option<()>| {
            let rows = read(&visit).await?;
            Ok(csv::Part {
                rows: rows.iter().map(cells).collect(),
                next: None,
            })
        };
        let columns = ["kind", "id", "since"];
        return csv::file(visit, headers, "stuck", &columns, read).await;
    }
    let found = read(&visit).await?;
    let rows: Vec<Vec<Markup>> = found.iter().map(row).collect();
    let content = html! {
        h1 { "What is stuck" }
        (ways(PATH, &[]))
        @if rows.is_empty() {
            div .empty { p { (badge((Tone::Good, "Nothing is stuck"))) } p { "Everything moves on in time." } }
        } @else {
            p { "These should have moved on by themselves. Of each kind the first hundred are shown." }
            (chart(&found))
            (table("What is stuck", &["What", "Which", "Since"], &rows))
        }
    };
    let page = visit
        .page(Place::Reports, "What is stuck", &content)
        .await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// How much is stuck, by kind.
fn chart(found: &[Stuck]) -> Markup {
    let mut counts: Vec<(&str, i64)> = Vec::new();
    for one in found {
        match counts.iter_mut().find(|(kind, _)| *kind == one.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((&one.kind, 1)),
        }
    }
    let drawn: Vec<Bar> = counts
        .into_iter()
        .map(|(kind, value)| Bar {
            label: kind.to_owned(),
            value,
            told: value.to_string(),
        })
        .collect();
    bars("kinds", "How much is stuck", ["Kind", "How much"], &drawn)
}

async fn read(visit: &Visit) -> Result<Vec<Stuck>, service::ServiceError> {
    let ask = &visit.portal.targets().stuck;
    deliveries::watched(&visit.ctx, async || ask().await).await
}

fn row(one: &Stuck) -> Vec<Markup> {
    let way = match one.kind.as_str() {
        "plan" | "request" | "start" | "approval" => Some("/requests/"),
        "job" => Some("/manage/jobs/"),
        _ => None,
    };
    vec![
        html! { (words::stuck(&one.kind)) },
        html! {
            @if let Some(way) = way { a href={(way) (one.id)} { code { (one.id) } } }
            @else { code { (one.id) } }
        },
        time(one.since),
    ]
}

fn cells(one: &Stuck) -> Vec<String> {
    vec![one.kind.clone(), one.id.clone(), one.since.to_string()]
}
