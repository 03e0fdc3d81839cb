//! Assignments of everybody; of one its grants, its story and reprocess.

use axum::extract::Path;
use axum::response::Response;
use domain::assignment::State;
use domain::id::AssignmentId;
use domain::reprocess_job::Collection;
use http::StatusCode;
use maud::{Markup, html};
use service::overview::assignments::{self, Assignment, Line};
use service::overview::{self, Part};
use service::reprocess as again_for;

use super::filter;
use crate::layout::Place;
use crate::pages::access::{done, roles};
use crate::pages::requests::{again, lines};
use crate::parts::{badge, key_pager, opt_time, table, time, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

const PATH: &str = "/manage/assignments";

/// The states, as they are sent and as they are told.
pub(super) fn states() -> Vec<(&'static str, &'static str)> {
    let told = |state: &State| (state.as_str(), words::held(*state).1);
    State::ALL.iter().map(told).collect()
}

/// `GET /manage/assignments`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let states = states();
    let typed = filter::read(&visit.asked, &states);
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let listed = assignments::list(visit.service(), &visit.ctx, &typed.filter, after).await;
    let (found, wrong) = super::jobs::or_told(listed, typed.wrong)?;
    let may = overview::may(&visit.ctx);
    let next = found.next.as_ref().map(ToString::to_string);
    let fields = filter::fields(&visit.asked);
    let content = html! {
        h1 { "Assignments" }
        (trouble(wrong.as_deref()))
        (filter::filter_form(PATH, &visit.asked, &states))
        @if found.rows.is_empty() {
            div .empty { p { "There is no such assignment." } }
        } @else if may.reprocess {
            form method="post" action="/manage/jobs" {
                (visit.marked_once())
                (filter::pick_all(found.rows.len()))
                (rows(&found, true))
                (key_pager(PATH, &fields, is_first, next.as_deref()))
                (filter::bulk(&visit, Collection::Assignments))
            }
        } @else {
            (rows(&found, false))
            (key_pager(PATH, &fields, is_first, next.as_deref()))
        }
    };
    let page = visit
        .page(Place::Assignments, "Assignments", &content)
        .await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn rows(found: &Part<Line>, picks: bool) -> Markup {
    let rows: Vec<Vec<Markup>> = found
        .rows
        .iter()
        .map(|line| {
            let id = line.id.to_string();
            let name = format!("{} of {}", line.package_name, line.target_name);
            let mut cells = Vec::new();
            if picks {
                cells.push(filter::pick(&id, &name));
            }
            cells.extend([
                html! { a href={(PATH) "/" (id)} { (line.package_name) } },
                html! { (line.target_name) },
                badge(words::held(line.state)),
                opt_time(line.created_at),
                opt_time(line.expired_at.or(line.ends_at)),
            ]);
            cells
        })
        .collect();
    let columns = ["Choose", "Package", "Whose", "State", "Made", "Until"];
    let columns = columns.get(usize::from(!picks)..).unwrap_or_default();
    table("Assignments, the newest first", columns, &rows)
}

/// `GET /manage/assignments/{id}`
pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: AssignmentId = id.parse().map_err(|_| Problem::NotFound)?;
    let one = assignments::get(visit.service(), &visit.ctx, id).await?;
    let title = format!("{} of {}", one.line.package_name, one.line.target_name);
    let again = if overview::may(&visit.ctx).reprocess {
        let action = format!("{PATH}/{id}/reprocess");
        let judged = again_for::look_at_assignment(visit.service(), &visit.ctx, id).await;
        again(
            &visit,
            &action,
            "It is looked at again in its targets, and restored",
            judged,
        )?
    } else {
        html! {}
    };
    let content = html! {
        h1 { (title) }
        (done(&visit))
        (facts(&one))
        section .card aria-labelledby="grants" {
            h2 #grants { "Grants" }
            @if one.roles.is_empty() {
                p { "The package gives nothing." }
            } @else {
                (roles(&one.line.package_name, &one.roles))
            }
        }
        (again)
        section .card aria-labelledby="story" {
            h2 #story { "What happened" }
            (lines("Requests about this assignment, the newest first", &one.requests))
        }
        p { a href=(PATH) { "All assignments" } }
    };
    let page = visit.page(Place::Assignments, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn facts(one: &Assignment) -> Markup {
    let line = &one.line;
    html! {
        section .card aria-labelledby="facts" {
            div .head {
                h2 #facts { "The assignment" }
                (badge(words::held(line.state)))
            }
            dl {
                dt { "Package" } dd { (line.package_name) }
                dt { "Whose" } dd { (line.target_name) }
                dt { "Given by" } dd { (line.policy_name) }
                dt { "Made" } dd { (opt_time(line.created_at)) }
                dt { "From" } dd { (opt_time(line.starts_at)) }
                @if let Some(at) = line.expired_at {
                    dt { "Ended" } dd { (time(at)) }
                } @else {
                    dt { "Until" }
                    dd { @if let Some(at) = line.ends_at { (time(at)) } @else { "no end" } }
                }
            }
        }
    }
}

/// `POST /manage/assignments/{id}/reprocess`
pub(crate) async fn reprocess(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    let id: AssignmentId = id.parse().map_err(|_| Problem::NotFound)?;
    let text = id.to_string();
    let named = again_for::Named::Assignment(&text);
    again_for::admitted_to(visit.service(), &visit.ctx, named).await?;
    again_for::assignment(visit.service(), &visit.ctx, id).await?;
    Ok(reply::see(&format!("{PATH}/{id}?done=again")))
}
