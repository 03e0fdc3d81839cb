//! Requests of everybody, by state, package, person and date.

use axum::response::Response;
use domain::assignment_request::State;
use domain::reprocess_job::Collection;
use http::StatusCode;
use maud::{Markup, html};
use service::mine::requests::Line;
use service::overview::{self, Part};

use super::filter;
use crate::layout::Place;
use crate::parts::{badge, key_pager, opt_time, table, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words;

const PATH: &str = "/manage/requests";

/// The states, as they are sent and as they are told.
pub(super) fn states() -> Vec<(&'static str, &'static str)> {
    let told = |state: &State| (state.as_str(), words::state(*state).1);
    State::ALL.iter().map(told).collect()
}

/// `GET /manage/requests`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let states = states();
    let typed = filter::read(&visit.asked, &states);
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let listed = overview::requests::list(visit.service(), &visit.ctx, &typed.filter, after).await;
    let (found, wrong) = super::jobs::or_told(listed, typed.wrong)?;
    let may = overview::may(&visit.ctx);
    let next = found.next.as_ref().map(ToString::to_string);
    let fields = filter::fields(&visit.asked);
    let content = html! {
        h1 { "Requests" }
        (trouble(wrong.as_deref()))
        (filter::filter_form(PATH, &visit.asked, &states))
        @if found.rows.is_empty() {
            div .empty { p { "There is no such request." } }
        } @else if may.reprocess {
            form method="post" action="/manage/jobs" {
                (visit.marked_once())
                (filter::pick_all(found.rows.len()))
                (rows(&found, true))
                (key_pager(PATH, &fields, is_first, next.as_deref()))
                (filter::bulk(&visit, Collection::AssignmentRequests))
            }
        } @else {
            (rows(&found, false))
            (key_pager(PATH, &fields, is_first, next.as_deref()))
        }
    };
    let page = visit.page(Place::AllRequests, "Requests", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn rows(found: &Part<Line>, picks: bool) -> Markup {
    let rows: Vec<Vec<Markup>> = found
        .rows
        .iter()
        .map(|line| {
            let id = line.id.to_string();
            let name = format!("{} for {}", line.package_name, line.target_name);
            let mut cells = Vec::new();
            if picks {
                cells.push(filter::pick(&id, &name));
            }
            cells.extend([
                html! { a href={"/requests/" (id)} { (line.package_name) } },
                html! { (words::kind(line)) },
                html! { (line.target_name) },
                html! { (line.requestor_name) },
                badge(words::state(line.state)),
                opt_time(line.created_at),
            ]);
            cells
        })
        .collect();
    let columns = [
        "Choose", "Package", "What", "For", "Asked by", "State", "Sent",
    ];
    let columns = columns.get(usize::from(!picks)..).unwrap_or_default();
    table("Requests, the newest first", columns, &rows)
}
