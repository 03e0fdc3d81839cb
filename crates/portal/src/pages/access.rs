//! My access: what somebody holds, until when, and of each role whether it was seen in its target; more time, and giving up.

use axum::extract::Path;
use axum::response::Response;
use domain::assignment_request::RequestType;
use domain::id::AssignmentId;
use http::StatusCode;
use maud::{Markup, html};
use service::mine::held::{self, Held, Role, Standing, Which};
use service::{assignment_requests, mine};

use super::submission::{self, Faults};
use crate::form::Form;
use crate::layout::Place;
use crate::parts::{Field, badge, day, opt_time, pager, table, time, told, trouble, zone};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

/// `GET /`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let is_past = visit.asked.get("show") == Some("past");
    let page = visit.asked.page();
    let which = if is_past { Which::Past } else { Which::Current };
    let found = held::list(visit.service(), &visit.ctx, which, page).await?;
    let now = visit.service().clock.now();
    let title = if is_past { "What I held" } else { "My access" };
    let content = html! {
        h1 { (title) }
        @if found.rows.is_empty() {
            div .empty {
                @if is_past {
                    p { "Nothing of yours has ended." }
                } @else {
                    p { "You hold nothing at the moment." }
                    p { a .button href="/packages" { "Find access" } }
                }
            }
        }
        @for one in &found.rows { (card(one, now)) }
        (pager("/", &[("show", if is_past { "past" } else { "" })], page, found.has_more))
        p {
            @if is_past { a href="/" { "What I hold now" } }
            @else { a href="/?show=past" { "What I held before" } }
        }
    };
    let page = visit.page(Place::Access, title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn card(one: &Held, now: domain::time::Timestamp) -> Markup {
    let heading = format!("held-{}", one.id);
    html! {
        article .card aria-labelledby=(heading) {
            div .head {
                h2 id=(heading) { (one.package_name) }
                span {
                    (badge(words::held(one.state)))
                    @if words::ends_soon(one.ends_at, now) {
                        " " (badge((words::Tone::Busy, "Ends soon")))
                    }
                }
            }
            @if !one.description.is_empty() { p { (one.description) } }
            dl {
                @if let Some(at) = one.starts_at { dt { "From" } dd { (time(at)) } }
                @if let Some(at) = one.expired_at {
                    dt { "Ended" } dd { (time(at)) }
                } @else {
                    dt { "Until" }
                    dd { @if one.ends_at.is_some() { (opt_time(one.ends_at)) } @else { "no end" } }
                }
            }
            @if !one.roles.is_empty() { (roles(&one.package_name, &one.roles)) }
            @if let Some(request) = one.under_way {
                p { a href={"/requests/" (request)} { "A request about it is under way" } }
            }
            @if one.can_extend || one.can_remove {
                div .actions {
                    @if one.can_extend {
                        a .button href={"/access/" (one.id) "/extend"} {
                            "Ask for more time" span .unseen { " for " (one.package_name) }
                        }
                    }
                    @if one.can_remove {
                        a .button .second href={"/access/" (one.id) "/remove"} {
                            "Give it up" span .unseen { ": " (one.package_name) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn roles(package: &str, roles: &[Role]) -> Markup {
    let rows: Vec<Vec<Markup>> = roles
        .iter()
        .map(|role| {
            vec![
                html! { (role.resource) },
                html! { (role.role) },
                standing(role),
                opt_time(role.observed_at),
            ]
        })
        .collect();
    let caption = format!("What {package} gives");
    table(
        &caption,
        &["Resource", "Role", "State", "Last looked at"],
        &rows,
    )
}

/// How a role stands, and why.
pub(super) fn standing(role: &Role) -> Markup {
    html! {
        (badge(words::role(role)))
        @if let Some(code) = &role.error_code {
            p .hint {
                (words::failure(code))
                @if let Some(at) = role.next_attempt_at { " It is tried again by itself. Next try: " (time(at)) "." }
                @else if role.standing == Standing::Failed { " It is not tried again by itself." }
            }
        }
    }
}

/// `GET /access/{id}/extend`
pub(crate) async fn extend_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = mine_of(&visit, &id).await?;
    if !one.can_extend {
        return Err(not_now(
            "More time cannot be asked for here, or not at the moment.",
        ));
    }
    extend_page(&visit, &one, &Form::default(), &Faults::default()).await
}

async fn extend_page(
    visit: &Visit,
    one: &Held,
    form: &Form,
    faults: &Faults,
) -> Result<Response, Problem> {
    let content = html! {
        h1 { "Ask for more time" }
        (trouble(faults.summary().as_deref()))
        p { strong { (one.package_name) } " ends " (opt_time(one.ends_at)) "." }
        form .card method="post" action={"/access/" (one.id) "/extend"} {
            (visit.marked_once()) (zone())
            (Field {
                name: "ends",
                label: "New last day",
                hint: Some("Left empty, it lasts as long as the policy allows."),
                value: form.text("ends"),
                error: faults.of("ends"),
                is_required: false,
            }.line("date"))
            p .hint data-utc { "Days are those of UTC." }
            (Field {
                name: "reason",
                label: "Why do you need it?",
                hint: None,
                value: form.text("reason"),
                error: faults.of("reason"),
                is_required: false,
            }.lines())
            div .actions {
                button { "Send request" }
                a .button .second href="/" { "Back" }
            }
        }
    };
    let status = status_of(faults);
    let page = visit
        .page(Place::Access, "Ask for more time", &content)
        .await?;
    Ok(reply::page(status, page))
}

pub(super) fn status_of(faults: &Faults) -> StatusCode {
    if faults.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

/// `POST /access/{id}/extend`
pub(crate) async fn extend(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let one = mine_of(&visit, &id).await?;
    let mut faults = Faults::default();
    let ends = day_of(&form, "ends", 1, &mut faults);
    if !faults.is_empty() {
        return extend_page(&visit, &one, &form, &faults).await;
    }
    let mut wanted = submission::empty(RequestType::UserUpdate);
    wanted.is_extension = true;
    wanted.assignment_id = Some(one.id);
    wanted.justification = form.get("reason").map(str::to_owned);
    let wanted = submission::with_dates(wanted, None, ends);
    match assignment_requests::submit(visit.service(), &visit.ctx, wanted).await {
        Ok(request) => Ok(reply::see(&format!("/requests/{}?done=sent", request.id))),
        Err(error) => {
            let faults = Faults::of_refusal(error)?;
            extend_page(&visit, &one, &form, &faults).await
        }
    }
}

/// The day that a field names; what is none is a fault.
pub(super) fn day_of(
    form: &Form,
    field: &str,
    later: i64,
    faults: &mut Faults,
) -> Option<domain::time::Timestamp> {
    let text = form.get(field)?;
    let found = day(text, form.text("zone"), later);
    if found.is_none() {
        faults.add(
            field,
            "Give a day as year, month and day, such as 2027-01-31.",
        );
    }
    found
}

/// `GET /access/{id}/remove`
pub(crate) async fn remove_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let one = mine_of(&visit, &id).await?;
    if !one.can_remove {
        return Err(not_now("It cannot be given up here, or not at the moment."));
    }
    remove_page(&visit, &one, None).await
}

async fn remove_page(visit: &Visit, one: &Held, wrong: Option<&str>) -> Result<Response, Problem> {
    let title = format!("Give up {}?", one.package_name);
    let content = html! {
        h1 { (title) }
        (trouble(wrong))
        p { "You lose what it gives. What other access of yours gives as well stays." }
        @if !one.roles.is_empty() { (roles(&one.package_name, &one.roles)) }
        form method="post" action={"/access/" (one.id) "/remove"} {
            (visit.marked_once())
            div .actions {
                button .harm { "Give it up" }
                a .button .second href="/" { "Keep it" }
            }
        }
    };
    let status = if wrong.is_some() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok(reply::page(
        status,
        visit.page(Place::Access, &title, &content).await?,
    ))
}

/// `POST /access/{id}/remove`
pub(crate) async fn remove(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    let one = mine_of(&visit, &id).await?;
    let mut wanted = submission::empty(RequestType::UserRemove);
    wanted.assignment_id = Some(one.id);
    match assignment_requests::submit(visit.service(), &visit.ctx, wanted).await {
        Ok(request) => Ok(reply::see(&format!("/requests/{}?done=sent", request.id))),
        Err(error) => {
            let faults = Faults::of_refusal(error)?;
            remove_page(&visit, &one, faults.summary().as_deref()).await
        }
    }
}

async fn mine_of(visit: &Visit, id: &str) -> Result<Held, Problem> {
    let id: AssignmentId = id.parse().map_err(|_| Problem::NotFound)?;
    Ok(mine::held::get(visit.service(), &visit.ctx, id).await?)
}

fn not_now(message: &str) -> Problem {
    Problem::Refused {
        status: StatusCode::CONFLICT,
        message: message.to_owned(),
    }
}

/// What came of the form before, by the word in the address.
pub(super) fn done(visit: &Visit) -> Markup {
    told(match visit.asked.get("done") {
        Some("sent") => Some("Your request was sent."),
        Some("canceled") => Some("The request was taken back."),
        Some("again") => Some("It is being reprocessed."),
        _ => None,
    })
}
