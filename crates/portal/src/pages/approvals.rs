//! Approvals: what waits for somebody's decision, with what they should know; one decision, or many at once.

use axum::response::Response;
use domain::approval::Verdict;
use domain::id::{RequestId, StageId};
use http::StatusCode;
use maud::{Markup, html};
use service::approvals::{self, Decision};
use service::mine::waiting::{self, Waiting};
use service::{Code, ServiceError};

use crate::form::Form;
use crate::layout::Place;
use crate::parts::{Field, key_pager, opt_time, time, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

use super::manage::filter;
use super::requests::lines;

/// The field with the requests that are decided.
const PICK: &str = "pick";

/// What came of one decision.
struct Outcome {
    package: String,
    target: String,
    /// Why it was not taken.
    refused: Option<String>,
}

/// `GET /approvals`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let form = visit.asked.clone();
    draw(&visit, &form, &[], None).await
}

async fn draw(
    visit: &Visit,
    form: &Form,
    outcomes: &[Outcome],
    wrong: Option<&str>,
) -> Result<Response, Problem> {
    let after = filter::after(form)?;
    let is_first = after.is_none();
    let part = waiting::list(visit.service(), &visit.ctx, after).await?;
    let (waiting, next) = (part.rows, part.next.map(|next| next.to_string()));
    let content = html! {
        h1 { "Approvals" }
        (trouble(wrong))
        @if !outcomes.is_empty() { (told(outcomes)) }
        @if waiting.is_empty() {
            div .empty {
                @if is_first { p { "Nothing waits for your decision." } }
                @else { p { "Nothing more waits for your decision." } }
            }
        } @else {
            form method="post" action="/approvals" {
                (visit.marked_once())
                @if !is_first { input type="hidden" name="after" value=(form.text("after")); }
                @if waiting.len() > 1 {
                    div .choice hidden {
                        input #all type="checkbox" data-all=(PICK);
                        label for="all" { "Choose all " (waiting.len()) " of this page" }
                    }
                }
                @for one in &waiting { (card(one, form, waiting.len() == 1 && is_first && next.is_none())) }
                section .card aria-labelledby="decide" {
                    h2 #decide { "Decide what is chosen" }
                    (Field {
                        name: "reason",
                        label: "Your reason",
                        hint: Some("Whoever asked may read it. Some requests cannot be decided without."),
                        value: form.text("reason"),
                        error: None,
                        is_required: false,
                    }.lines())
                    div .actions {
                        button name="verdict" value="approve" { "Approve" }
                        button .harm name="verdict" value="deny" { "Refuse" }
                    }
                }
            }
        }
        (key_pager("/approvals", &[], is_first, next.as_deref()))
    };
    let status = if wrong.is_some() || outcomes.iter().any(|one| one.refused.is_some()) {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = visit.page(Place::Approvals, "Approvals", &content).await?;
    Ok(reply::page(status, page))
}

fn told(outcomes: &[Outcome]) -> Markup {
    let done = outcomes.iter().filter(|one| one.refused.is_none()).count();
    let left: Vec<&Outcome> = outcomes
        .iter()
        .filter(|one| one.refused.is_some())
        .collect();
    html! {
        @if done > 0 {
            div .told role="status" {
                p { (done) @if done == 1 { " request was decided." } @else { " requests were decided." } }
            }
        }
        @if !left.is_empty() {
            div .trouble role="alert" {
                p { "Not decided:" }
                ul {
                    @for one in left {
                        li { (one.package) " for " (one.target) ": " (one.refused.as_deref().unwrap_or_default()) }
                    }
                }
            }
        }
    }
}

fn card(one: &Waiting, form: &Form, is_only: bool) -> Markup {
    let line = &one.line;
    let value = format!("{}:{}", line.id, one.stage);
    let is_picked = is_only || form.all(PICK).any(|picked| picked == value);
    let (box_id, heading) = (format!("pick-{}", line.id), format!("waits-{}", line.id));
    let due = one.open().and_then(|stage| stage.due_at);
    let needs_reason = one.open().is_some_and(|stage| stage.needs_reason);
    html! {
        article .card aria-labelledby=(heading) {
            div .choice {
                input id=(box_id) name=(PICK) type="checkbox" value=(value) checked[is_picked];
                label for=(box_id) {
                    span .unseen { "Choose: " }
                    strong id=(heading) { (line.package_name) " for " (line.target_name) }
                }
            }
            @if let Some(conflict) = &one.conflict {
                div .trouble { p { strong { "Conflict: " } (words::sentence(conflict)) } }
            }
            dl {
                dt { "What" } dd { (words::kind(line)) }
                @if line.requestor_name != line.target_name { dt { "Asked by" } dd { (line.requestor_name) } }
                dt { "Why" }
                dd { @if let Some(why) = &one.justification { (why) } @else { span .quiet { "No reason was given." } } }
                @for answer in &one.answers { dt { (answer.question) } dd { (answer.answer) } }
                dt { "Asked" } dd { (opt_time(line.created_at)) }
                @if let Some(at) = one.starts_at { dt { "From" } dd { (time(at)) } }
                @if let Some(at) = one.ends_at { dt { "Until" } dd { (time(at)) } }
                @if one.stages.len() > 1 { dt { "Stage" } dd { (one.number) " of " (one.stages.len()) } }
                @if let Some(at) = due { dt { "Decide by" } dd { (time(at)) } }
                @if needs_reason { dt { "Reason" } dd { "You have to say why." } }
            }
            @for stage in one.stages.iter().filter(|stage| stage.reviewed_at.is_some()) {
                p {
                    (stage.reviewed_by.as_deref().unwrap_or("An approver")) " approved before you"
                    @if let Some(why) = &stage.justification { ": \u{201c}" (why) "\u{201d}" } @else { "." }
                }
            }
            @if !one.history.is_empty() {
                details {
                    summary { "Asked before: " (one.history.len()) }
                    (lines("Earlier requests of the same person for the same package", &one.history))
                }
            }
        }
    }
}

/// `POST /approvals`
pub(crate) async fn decide(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let verdict = match form.get("verdict") {
        Some("approve") => Verdict::Approved,
        Some("deny") => Verdict::Denied,
        _ => {
            return draw(
                &visit,
                &form,
                &[],
                Some("Say whether you approve or refuse."),
            )
            .await;
        }
    };
    let picked: Vec<(RequestId, StageId)> = form.all(PICK).filter_map(pair).collect();
    if picked.is_empty() {
        return draw(&visit, &form, &[], Some("Choose at least one request.")).await;
    }
    let after = filter::after(&form)?;
    let known = waiting::list(visit.service(), &visit.ctx, after)
        .await?
        .rows;
    let mut outcomes = Vec::new();
    for (request, stage) in picked {
        let decision = Decision {
            verdict,
            justification: form.get("reason").map(str::to_owned),
        };
        let done = approvals::decide(visit.service(), &visit.ctx, request, stage, decision).await;
        let refused = match done {
            Ok(()) => None,
            Err(error) => Some(why(error)?),
        };
        let line = known
            .iter()
            .map(|one| &one.line)
            .find(|line| line.id == request);
        outcomes.push(Outcome {
            package: line.map_or_else(|| request.to_string(), |line| line.package_name.clone()),
            target: line.map_or_else(|| "somebody".to_owned(), |line| line.target_name.clone()),
            refused,
        });
    }
    let is_all_done = outcomes.iter().all(|one| one.refused.is_none());
    let form = if is_all_done { Form::default() } else { form };
    draw(&visit, &form, &outcomes, None).await
}

fn pair(text: &str) -> Option<(RequestId, StageId)> {
    let (request, stage) = text.split_once(':')?;
    Some((request.parse().ok()?, stage.parse().ok()?))
}

/// Why one of many was not decided; what is no refusal ends them all.
fn why(error: ServiceError) -> Result<String, Problem> {
    match error {
        ServiceError::Refused { code, message, .. } => Ok(match code {
            Code::Conflict => "It does not wait for a decision any more.".to_owned(),
            Code::ResourceNotFound => "It does not exist, or is not yours to decide.".to_owned(),
            Code::InvalidModel => "It cannot be decided without a reason.".to_owned(),
            _ => words::sentence(&message),
        }),
        other => Err(other.into()),
    }
}
