//! Find access: packages that somebody may ask for, and why not for others; one package with what is inside and the form to
//! ask for it, for oneself or for somebody else.

use axum::extract::Path;
use axum::response::Response;
use domain::assignment_request::RequestType;
use domain::id::{AccessPackageId, PolicyId};
use domain::policy::{AnswerKind, Expiration};
use domain::submission::{Answer, TargetReference};
use http::StatusCode;
use maud::{Markup, html};
use service::assignment_requests;
use service::mine::offers::{self, Asked, Content, Line, Offer, Refused, Way};
use service::overview::ByName;

use super::access::{day_of, status_of};
use super::submission::{self, Faults};
use crate::form::{Form, query};
use crate::layout::Place;
use crate::parts::{Field, badge, pager, table, time, trouble, zone};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words::{self, Tone};

/// `GET /packages`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let search = visit.asked.text("q").to_owned();
    let page = visit.asked.page();
    let found = offers::list(visit.service(), &visit.ctx, &search, page).await?;
    // Whoever looks for something is told of what they cannot have, too.
    let behind: Option<ByName> = match visit.asked.get("others") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    let is_first = behind.is_none();
    let (others, next) = if search.is_empty() || page > 0 {
        (Vec::new(), None)
    } else {
        offers::refused(visit.service(), &visit.ctx, &search, behind).await?
    };
    let content = html! {
        h1 { "Find access" }
        form .search role="search" method="get" action="/packages" {
            div .field {
                label for="q" { "Search by name or description" }
                input #q name="q" type="search" value=(search);
            }
            button { "Search" }
        }
        @if found.rows.is_empty() {
            div .empty {
                @if search.is_empty() { p { "There is nothing that you may ask for at the moment." } }
                @else { p { "Nothing that you may ask for has \u{201c}" (search) "\u{201d} in its name or description." } }
            }
        } @else {
            h2 .unseen { "Packages that you may ask for" }
            @for line in &found.rows { (card(line)) }
        }
        (pager("/packages", &[("q", &search)], page, found.has_more))
        @if !others.is_empty() || next.is_some() || !is_first {
            (refused(&others, &search, is_first, next.as_ref()))
        }
    };
    let page = visit.page(Place::Packages, "Find access", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn card(line: &Line) -> Markup {
    html! {
        article .card {
            div .head {
                h3 { a href={"/packages/" (line.id)} { (line.display_name) } }
                span .quiet { (line.catalog) }
            }
            @if line.is_held { p { (badge((Tone::Quiet, "You have it, or asked for it"))) } }
            @if !line.description.is_empty() { p { (line.description) } }
        }
    }
}

fn refused(others: &[Refused], search: &str, is_first: bool, next: Option<&ByName>) -> Markup {
    let rows: Vec<Vec<Markup>> = others
        .iter()
        .map(|one| {
            vec![
                html! { a href={"/packages/" (one.line.id)} { (one.line.display_name) } },
                html! { (one.line.catalog) },
                html! { (words::in_the_way(one.code, &one.reason)) },
            ]
        })
        .collect();
    html! {
        section aria-labelledby="others" {
            h2 #others { "Packages that you cannot ask for" }
            @if rows.is_empty() { p { "None among those that were looked at here." } }
            @else { (table("Packages that you cannot ask for, and why", &["Package", "Catalog", "Why not"], &rows)) }
            @if !is_first || next.is_some() {
                nav .pager aria-label="Pages of packages that you cannot ask for" {
                    @if !is_first { a href={"/packages?" (query(&[("q", search)])) "#others"} { "First page" } }
                    @if let Some(next) = next {
                        a href={"/packages?" (query(&[("q", search), ("others", &next.to_string())])) "#others"} {
                            "Next page"
                        }
                    }
                }
            }
        }
    }
}

/// `GET /packages/{id}`
pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let form = visit.asked.clone();
    draw(&visit, package(&id)?, &form, Faults::default()).await
}

fn package(id: &str) -> Result<AccessPackageId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// The page of a package, with what was typed and what is wrong with it.
async fn draw(
    visit: &Visit,
    id: AccessPackageId,
    form: &Form,
    mut faults: Faults,
) -> Result<Response, Problem> {
    let for_whom = form.get("for");
    let found = offers::get(visit.service(), &visit.ctx, id, for_whom).await;
    let offer = match found {
        Ok(offer) => offer,
        Err(error) if for_whom.is_some() => {
            faults = Faults::of_refusal(error)?;
            offers::get(visit.service(), &visit.ctx, id, None).await?
        }
        Err(error) => return Err(error.into()),
    };
    let title = &offer.line.display_name;
    let content = html! {
        h1 { (title) }
        p .quiet { "In the catalog " (offer.line.catalog) }
        @if !offer.line.description.is_empty() { p { (offer.line.description) } }
        (trouble(faults.summary().as_deref()))
        (inside(&offer))
        (asking(visit, &offer, form, &faults))
        @if offer.is_for_others_too { (for_others(&offer, form, &faults)) }
        p { a href="/packages" { "All packages" } }
    };
    let status = status_of(&faults);
    Ok(reply::page(
        status,
        visit.page(Place::Packages, title, &content).await?,
    ))
}

fn inside(offer: &Offer) -> Markup {
    let rows = |contents: &[Content]| -> Vec<Vec<Markup>> {
        contents
            .iter()
            .map(|one| {
                vec![
                    html! { (one.resource) },
                    html! { (one.role) },
                    html! { (words::resource(&one.kind)) },
                ]
            })
            .collect()
    };
    html! {
        section .card aria-labelledby="inside" {
            h2 #inside { "What is inside" }
            @match &offer.contents {
                None => p { "Its owner does not show what is inside." },
                Some(contents) if contents.is_empty() => p { "Nothing yet." },
                Some(contents) => (table("What the package gives", &["Resource", "Role", "Kind"], &rows(contents))),
            }
        }
    }
}

fn asking(visit: &Visit, offer: &Offer, form: &Form, faults: &Faults) -> Markup {
    let chosen: Option<PolicyId> = form.get("policy").and_then(|id| id.parse().ok());
    let way = offer
        .ways
        .iter()
        .find(|way| Some(way.policy) == chosen)
        .or(offer.ways.first());
    let heading = match &offer.target {
        Some(person) => format!("Ask for it for {}", person.display_name),
        None => "Ask for it".to_owned(),
    };
    html! {
        section .card aria-labelledby="ask" {
            h2 #ask { (heading) }
            @match (way, &offer.in_the_way) {
                (_, Some((code, reason))) => p { (words::in_the_way(*code, reason)) },
                (None, None) => p { "No policy lets you ask for it." },
                (Some(way), None) => {
                    @if offer.ways.len() > 1 { (choose(offer, way)) }
                    (ask_form(visit, offer, way, form, faults))
                }
            }
        }
    }
}

/// The policies to choose from: each has questions and dates of its own.
fn choose(offer: &Offer, chosen: &Way) -> Markup {
    let to = |way: &Way| {
        let policy = way.policy.to_string();
        let whom = offer
            .target
            .as_ref()
            .map_or("", |person| person.address.as_str());
        format!(
            "/packages/{}?{}",
            offer.line.id,
            query(&[("policy", &policy), ("for", whom)])
        )
    };
    html! {
        nav aria-label="Ways to ask" {
            p { "There is more than one way to ask for it:" }
            ul {
                @for way in &offer.ways {
                    li {
                        a href=(to(way)) aria-current=[(way == chosen).then_some("true")] { (way.display_name) }
                        @if way == chosen { " (below)" }
                        @if !way.description.is_empty() { " \u{2013} " (way.description) }
                    }
                }
            }
        }
    }
}

fn ask_form(visit: &Visit, offer: &Offer, way: &Way, form: &Form, faults: &Faults) -> Markup {
    let whom = offer.target.as_ref().map(|person| person.address.as_str());
    html! {
        p {
            (words::expiration(way.expiration))
            @if let Expiration::At(at) = way.expiration { " That is " (time(at)) "." }
            " "
            @match way.stages {
                0 => "It needs no approval.",
                1 => "Somebody has to approve.",
                count => { "It goes through " (count) " stages of approval." }
            }
        }
        form method="post" action={"/packages/" (offer.line.id)} {
            (visit.marked_once()) (zone())
            input type="hidden" name="policy" value=(way.policy);
            @if let Some(whom) = whom { input type="hidden" name="for" value=(whom); }
            @for asked in &way.questions { (question(asked, offer, form, faults)) }
            (Field {
                name: "reason",
                label: "Why is it needed?",
                hint: None,
                value: form.text("reason"),
                error: faults.of("reason"),
                is_required: way.needs_reason,
            }.lines())
            @if way.custom_schedule {
                (Field {
                    name: "starts",
                    label: "First day",
                    hint: Some("Left empty, it begins at once."),
                    value: form.text("starts"),
                    error: faults.of("starts"),
                    is_required: false,
                }.line("date"))
                (Field {
                    name: "ends",
                    label: "Last day",
                    hint: Some("Left empty, it lasts as long as the policy says."),
                    value: form.text("ends"),
                    error: faults.of("ends"),
                    is_required: false,
                }.line("date"))
                p .hint data-utc { "Days are those of UTC." }
            } @else if let Some(error) = faults.of("ends").or(faults.of("starts")) {
                p .error { (error) }
            }
            div .actions { button { "Send request" } }
        }
    }
}

fn question(asked: &Asked, offer: &Offer, form: &Form, faults: &Faults) -> Markup {
    let Some(id) = asked.question.id else {
        return html! {};
    };
    let name = format!("q-{id}");
    let typed: Vec<&str> = form.all(&name).collect();
    let earlier = offer.earlier.iter().find(|one| one.question_id == id);
    let values: Vec<&str> = if typed.is_empty() {
        earlier
            .map(|answer| answer.values.iter().map(String::as_str).collect())
            .unwrap_or_default()
    } else {
        typed
    };
    let field = Field {
        name: &name,
        label: &asked.question.text,
        hint: None,
        value: values.first().copied().unwrap_or_default(),
        error: faults.of(&name),
        is_required: asked.question.is_required,
    };
    match &asked.question.answer {
        AnswerKind::Text { .. } => field.line("text"),
        AnswerKind::Choice { multiple, .. } => {
            let choices: Vec<(&str, &str)> = asked
                .choices
                .iter()
                .map(|one| (one.value.as_str(), one.text.as_str()))
                .collect();
            field.choice(&choices, *multiple, &values)
        }
    }
}

fn for_others(offer: &Offer, form: &Form, faults: &Faults) -> Markup {
    html! {
        section .card aria-labelledby="others" {
            h2 #others { "For somebody else" }
            @if offer.target.is_some() {
                p { a href={"/packages/" (offer.line.id)} { "Ask for yourself instead" } }
            }
            form method="get" action={"/packages/" (offer.line.id)} {
                (Field {
                    name: "for",
                    label: "Their mail address or sign-in name",
                    hint: None,
                    value: form.text("for"),
                    error: faults.of("for"),
                    is_required: true,
                }.line("text"))
                div .actions { button .second { "Go on" } }
            }
            @if !offer.reports.is_empty() {
                h3 { "People who report to you" }
                ul {
                    @for person in &offer.reports {
                        li { a href={"/packages/" (offer.line.id) "?" (query(&[("for", &person.address)]))} { (person.display_name) } }
                    }
                }
            }
        }
    }
}

/// `POST /packages/{id}`
pub(crate) async fn ask(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let id = package(&id)?;
    let found = offers::get(visit.service(), &visit.ctx, id, form.get("for")).await;
    let offer = match found {
        Ok(offer) => offer,
        Err(error) => return draw(&visit, id, &form, Faults::of_refusal(error)?).await,
    };
    let policy: Option<PolicyId> = form.get("policy").and_then(|id| id.parse().ok());
    let way = offer.ways.iter().find(|way| Some(way.policy) == policy);
    let mut faults = Faults::default();
    let starts = day_of(&form, "starts", 0, &mut faults);
    // The last day is part of it.
    let ends = day_of(&form, "ends", 1, &mut faults);
    if !faults.is_empty() {
        return draw(&visit, id, &form, faults).await;
    }
    let mut wanted = submission::empty(RequestType::UserAdd);
    wanted.access_package_id = Some(id);
    wanted.assignment_policy_id = policy;
    wanted.target = offer
        .target
        .as_ref()
        .map(|person| TargetReference::Id(person.id));
    wanted.justification = form.get("reason").map(str::to_owned);
    let wanted = submission::with_dates(wanted, starts, ends);
    let wanted = submission::with_answers(wanted, answers(way, &form));
    match assignment_requests::submit(visit.service(), &visit.ctx, wanted).await {
        Ok(request) => Ok(reply::see(&format!("/requests/{}?done=sent", request.id))),
        Err(error) => draw(&visit, id, &form, Faults::of_refusal(error)?).await,
    }
}

/// What the form answers of what the policy asks.
fn answers(way: Option<&Way>, form: &Form) -> Vec<Answer> {
    let questions = way.map(|way| way.questions.as_slice()).unwrap_or_default();
    let ids = questions.iter().filter_map(|asked| asked.question.id);
    ids.filter_map(|question_id| {
        let values: Vec<String> = form
            .all(&format!("q-{question_id}"))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect();
        (!values.is_empty()).then_some(Answer {
            question_id,
            values,
        })
    })
    .collect()
}
