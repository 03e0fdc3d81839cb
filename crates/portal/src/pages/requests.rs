//! My requests: what somebody asked for, and of one request its story, its approval and how far each role has come, as it
//! happens.

use axum::extract::Path;
use axum::response::Response;
use domain::assignment_request::State;
use domain::id::RequestId;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::mine::requests::{self, Delivery, Line, Request, Stage};
use service::overview;
use service::{Code, ServiceError, assignment_requests, reprocess};

use super::access::{done, standing};
use crate::layout::Place;
use crate::live::{self, Look};
use crate::parts::{badge, opt_time, pager, table, time};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words::{self, Tone};

/// `GET /requests`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let page = visit.asked.page();
    let found = requests::list(visit.service(), &visit.ctx, page).await?;
    let content = html! {
        h1 { "My requests" }
        (done(&visit))
        @if found.rows.is_empty() {
            div .empty {
                p { "You have asked for nothing yet." }
                p { a .button href="/packages" { "Find access" } }
            }
        } @else {
            (lines("Requests, the newest first", &found.rows))
        }
        (pager("/requests", &[], page, found.has_more))
    };
    let page = visit.page(Place::Requests, "My requests", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// Requests as a table.
pub(super) fn lines(caption: &str, lines: &[Line]) -> Markup {
    let rows: Vec<Vec<Markup>> = lines
        .iter()
        .map(|line| {
            vec![
                html! { a href={"/requests/" (line.id)} { (line.package_name) } },
                html! { (words::kind(line)) },
                html! { (line.target_name) },
                badge(words::state(line.state)),
                opt_time(line.created_at),
            ]
        })
        .collect();
    table(caption, &["Package", "What", "For", "State", "Sent"], &rows)
}

/// `GET /requests/{id}`
pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: RequestId = id.parse().map_err(|_| Problem::NotFound)?;
    let request = requests::get(visit.service(), &visit.ctx, id).await?;
    let line = &request.line;
    let title = format!("{}: {}", words::kind(line), line.package_name);
    let is_open = is_open(&request);
    let may = overview::may(&visit.ctx);
    let is_mine = !may.read || line.target == Some(visit.who.principal.object());
    let again = if may.reprocess {
        let action = format!("/requests/{id}/reprocess");
        let judged = reprocess::look_at_request(visit.service(), &visit.ctx, id).await;
        again(&visit, &action, "Its delivery is tried again", judged)?
    } else {
        html! {}
    };
    let content = html! {
        h1 { (title) }
        (done(&visit))
        div #progress data-events=[is_open.then(|| format!("/requests/{id}/events"))] aria-live="polite" {
            (progress(&request))
        }
        @if is_open {
            p data-refresh { a href={"/requests/" (id)} { "Look again" } }
        }
        section .card aria-labelledby="asked" {
            h2 #asked { "What was asked" }
            dl {
                dt { "For" } dd { (line.target_name) }
                dt { "Asked by" } dd { (line.requestor_name) }
                dt { "Sent" } dd { (opt_time(line.created_at)) }
                dt { "From" } dd { (opt_time(request.starts_at)) }
                dt { "Until" } dd { (opt_time(request.ends_at)) }
                @if let Some(why) = &request.justification { dt { "Why" } dd { (why) } }
            }
            @if !request.answers.is_empty() {
                h3 { "Answers" }
                dl { @for one in &request.answers { dt { (one.question) } dd { (one.answer) } } }
            }
        }
        @if request.can_cancel {
            form method="post" action={"/requests/" (id) "/cancel"} {
                (visit.marked())
                button .second { "Take the request back" }
            }
        }
        @if may.reprocess && !is_open { (again) }
        p {
            @if is_mine { a href="/requests" { "All my requests" } }
            @else { a href="/manage/requests" { "All requests" } }
        }
    };
    let place = if is_mine {
        Place::Requests
    } else {
        Place::AllRequests
    };
    let page = visit.page(place, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// `POST /requests/{id}/cancel`
pub(crate) async fn cancel(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    let id: RequestId = id.parse().map_err(|_| Problem::NotFound)?;
    assignment_requests::cancel(visit.service(), &visit.ctx, id).await?;
    Ok(reply::see(&format!("/requests/{id}?done=canceled")))
}

/// Reprocess of what a page is about: the button, or why there is none.
pub(super) fn again(
    visit: &Visit,
    action: &str,
    what: &str,
    judged: Result<(), ServiceError>,
) -> Result<Markup, Problem> {
    let why_not = match judged {
        Ok(()) => None,
        // Whoever may not is shown nothing.
        Err(ServiceError::Refused {
            code: Code::AccessDenied | Code::ResourceNotFound,
            ..
        }) => return Ok(html! {}),
        Err(ServiceError::Refused { message, .. }) => Some(words::sentence(&message)),
        Err(other) => return Err(other.into()),
    };
    Ok(html! {
        section .card aria-labelledby="again" {
            h2 #again { "Reprocess" }
            @if let Some(why) = &why_not {
                p { "This cannot be reprocessed now. " (why) }
            } @else {
                form method="post" action=(action) {
                    (visit.marked_once())
                    p { (what) ", for every role that is not as it shall be." }
                    button { "Reprocess" }
                }
            }
        }
    })
}

/// `POST /requests/{id}/reprocess`
pub(crate) async fn reprocess(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    let id: RequestId = id.parse().map_err(|_| Problem::NotFound)?;
    let text = id.to_string();
    let named = reprocess::Named::Request(&text);
    reprocess::admitted_to(visit.service(), &visit.ctx, named).await?;
    reprocess::request(visit.service(), &visit.ctx, id, None).await?;
    Ok(reply::see(&format!("/requests/{id}?done=again")))
}

/// Whether something may still happen by itself.
fn is_open(request: &Request) -> bool {
    !request.line.state.is_terminal()
}

/// What changes while a request is under way: where it stands, its roles, its story.
fn progress(request: &Request) -> Markup {
    let settled = request
        .deliveries
        .iter()
        .filter(|one| one.settled_at.is_some())
        .count();
    let all = request.deliveries.len();
    html! {
        p { (badge(words::state(request.line.state))) }
        @if let Some(code) = &request.failure_code { p { (words::failure(code)) } }
        @if all > 0 {
            section .card aria-labelledby="roles" {
                h2 #roles { "Delivery" }
                @if is_open(request) {
                    p #bar { (settled) " of " (all) " done" }
                    progress aria-labelledby="bar" value=(settled) max=(all) {}
                }
                (deliveries(&request.deliveries))
            }
        }
        section .card aria-labelledby="story" {
            h2 #story { "What happened" }
            ol .story { @for one in story(request) { (one) } }
        }
    }
}

fn deliveries(deliveries: &[Delivery]) -> Markup {
    let rows: Vec<Vec<Markup>> = deliveries
        .iter()
        .map(|one| {
            let state = if one.is_kept {
                badge(words::delivery(one))
            } else {
                standing(&one.role)
            };
            vec![
                html! { (one.role.resource) },
                html! { (one.role.role) },
                state,
                html! { (one.attempts) },
                opt_time(one.settled_at.or(one.role.observed_at)),
            ]
        })
        .collect();
    table(
        "How far each role has come",
        &["Resource", "Role", "State", "Tries", "When"],
        &rows,
    )
}

/// One step of the story.
fn step(class: &str, what: &Markup, at: Option<domain::time::Timestamp>) -> Markup {
    html! {
        li class=(class) {
            p { (what) }
            @if let Some(at) = at { p .hint { (time(at)) } }
        }
    }
}

fn story(request: &Request) -> Vec<Markup> {
    let line = &request.line;
    let mut steps = vec![step(
        "done",
        &html! { (line.requestor_name) " sent the request" },
        line.created_at,
    )];
    let count = request.stages.len();
    for (at, stage) in request.stages.iter().enumerate() {
        steps.extend(stage_step(stage, at + 1, count));
    }
    let open = match line.state {
        State::Submitted => Some("It is being looked at"),
        State::Scheduled => Some("It begins later"),
        State::Delivering => Some("It is being delivered"),
        State::PendingApproval
        | State::Delivered
        | State::PartiallyDelivered
        | State::DeliveryFailed
        | State::Denied
        | State::Canceled => None,
    };
    if let Some(text) = open {
        let at = request.starts_at.filter(|_| line.state == State::Scheduled);
        steps.push(step("", &html! { (text) }, at));
    }
    if line.state.is_terminal() {
        let (tone, text) = words::state(line.state);
        let class = if tone == Tone::Bad {
            "done bad"
        } else {
            "done"
        };
        steps.push(step(class, &html! { (text) }, line.completed_at));
    }
    steps
}

/// What a stage of approval adds to the story; nothing, if it never came to that.
fn stage_step(stage: &Stage, number: usize, count: usize) -> Option<Markup> {
    let name = match (&stage.display_name, count) {
        (Some(name), _) => format!(" ({name})"),
        (None, 1) => String::new(),
        (None, _) => format!(" (stage {number} of {count})"),
    };
    let who = stage.reviewed_by.as_deref().unwrap_or("An approver");
    let (class, what) = match stage.verdict.to_ascii_lowercase().as_str() {
        "approve" | "approved" => ("done", html! { (who) " approved" (name) }),
        "deny" | "denied" => ("done bad", html! { (who) " refused" (name) }),
        _ if stage.status.eq_ignore_ascii_case("inProgress") => (
            "",
            html! {
                "Waiting for an approver" (name)
                @if let Some(at) = stage.due_at { ", until " (time(at)) }
            },
        ),
        _ => return None,
    };
    let what = html! {
        (what)
        @if let Some(why) = &stage.justification { ": \u{201c}" (why) "\u{201d}" }
    };
    Some(step(class, &what, stage.reviewed_at.or(stage.opened_at)))
}

/// `GET /requests/{id}/events`: the progress, drawn anew whenever it changes.
pub(crate) async fn events(
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: RequestId = id.parse().map_err(|_| Problem::NotFound)?;
    // Refused with an answer of its own, before there is a stream.
    requests::get(visit.service(), &visit.ctx, id).await?;
    Ok(live::events(visit, headers, Progress(id)))
}

/// The progress of a request.
struct Progress(RequestId);

impl Look for Progress {
    async fn look(&self, visit: &Visit) -> Option<(Markup, bool)> {
        let found = requests::get(visit.service(), &visit.ctx, self.0).await;
        let request = found.ok()?;
        Some((progress(&request), is_open(&request)))
    }
}
