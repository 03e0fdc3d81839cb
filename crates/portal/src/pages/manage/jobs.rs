//! Bulk jobs: one is planned for what is chosen or filtered, looked at, started, followed, held back and called off.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::response::Response;
use domain::id::ReprocessJobId;
use domain::reprocess_job::{Collection, Thresholds, Tracking};
use domain::time::Timestamp;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::overview::{self, Part};
use service::reprocess_jobs::{self, MOST_IDS, NewJob, Order, Selection, View};
use service::{Code, ServiceError};

use super::{assignments, filter, plan, requests};
use crate::form::Form;
use crate::layout::Place;
use crate::live::{self, Look};
use crate::parts::{badge, key_pager, table, time, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

const PATH: &str = "/manage/jobs";
/// Jobs of a page.
const PAGE: usize = 25;
/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;

/// A list, or nothing and what is wrong with what was typed.
pub(super) fn or_told<T>(
    listed: Result<Part<T>, ServiceError>,
    wrong: Option<String>,
) -> Result<(Part<T>, Option<String>), Problem> {
    match listed {
        Ok(found) => Ok((found, wrong)),
        Err(ServiceError::Refused {
            code: Code::InvalidModel | Code::FilterRequired,
            message,
            ..
        }) => {
            let nothing = Part {
                rows: Vec::new(),
                next: None,
            };
            Ok((nothing, Some(words::sentence(&message))))
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /manage/jobs`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let after = place(&visit.asked)?;
    let is_first = after.is_none();
    let wanted = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut jobs = reprocess_jobs::list(visit.service(), &visit.ctx, after, wanted).await?;
    let has_more = jobs.len() > PAGE;
    jobs.truncate(PAGE);
    let last = jobs.last().filter(|_| has_more);
    let next = last.map(|view| format!("{}.{}", view.job.created_at.micros(), view.job.id));
    let rows: Vec<Vec<Markup>> = jobs.iter().map(row).collect();
    let content = html! {
        h1 { "Bulk jobs" }
        p {
            "A job reprocesses many "
            a href="/manage/assignments" { "assignments" } " or "
            a href="/manage/requests" { "requests" }
            ": choose them there."
        }
        @if rows.is_empty() {
            div .empty { p { "There is no job." } }
        } @else {
            (table("Bulk jobs, the newest first", &["Job", "State", "Items", "Made", "Note"], &rows))
        }
        (key_pager(PATH, &[], is_first, next.as_deref()))
    };
    let page = visit.page(Place::Jobs, "Bulk jobs", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn place(form: &Form) -> Result<Option<(Timestamp, ReprocessJobId)>, Problem> {
    let Some(text) = form.get("after") else {
        return Ok(None);
    };
    let (at, id) = text.split_once('.').ok_or(Problem::NotFound)?;
    let at = at.parse().map_err(|_| Problem::NotFound)?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    Ok(Some((Timestamp::from_micros(at), id)))
}

fn row(view: &View) -> Vec<Markup> {
    let job = &view.job;
    vec![
        html! { a href={(PATH) "/" (job.id)} { (plan::title(job)) } },
        badge(words::job(job.state)),
        html! { (job.plan.items) },
        time(job.created_at),
        html! { (job.note.as_deref().unwrap_or_default()) },
    ]
}

/// `POST /manage/jobs`
pub(crate) async fn create(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    service::reprocess::admitted(&visit.ctx)?;
    let collection = form.get("collection").and_then(Collection::from_name);
    let collection = collection.ok_or_else(|| refused("It is not said what is reprocessed."))?;
    let selection = match form.text("what") {
        "chosen" => Selection::Ids(chosen(&form)?),
        "all" => {
            let states = match collection {
                Collection::Assignments => assignments::states(),
                Collection::AssignmentRequests => requests::states(),
            };
            let typed = filter::read(&form, &states);
            if let Some(wrong) = typed.wrong {
                return Err(refused(&wrong));
            }
            overview::select(visit.service(), &visit.ctx, collection, &typed.filter).await?
        }
        _ => return Err(refused("It is not said what is reprocessed.")),
    };
    let tracking = match form.get("tracking") {
        None => Tracking::Everything,
        Some(word) => {
            Tracking::from_name(word).ok_or_else(|| refused("It cannot be tracked like this."))?
        }
    };
    let new = NewJob {
        tracking,
        note: note(&form)?,
        ..planned(collection, selection)
    };
    let made = reprocess_jobs::create(visit.service(), &visit.ctx, new).await?;
    Ok(reply::see(&format!("{PATH}/{}", made.job.id)))
}

/// A job that is only planned: whoever wants it starts it when they have seen the plan.
pub(super) fn planned(collection: Collection, selection: Selection) -> NewJob {
    NewJob {
        collection,
        selection,
        dry_run: true,
        tracking: Tracking::Everything,
        thresholds: Thresholds::default(),
        note: None,
    }
}

fn note(form: &Form) -> Result<Option<String>, Problem> {
    match form.get("note") {
        Some(note) if note.chars().count() > LONGEST_NOTE => Err(refused(&format!(
            "A note has at most {LONGEST_NOTE} characters."
        ))),
        other => Ok(other.map(str::to_owned)),
    }
}

fn chosen(form: &Form) -> Result<BTreeSet<String>, Problem> {
    let mut ids = BTreeSet::new();
    for text in form.all(filter::PICK) {
        let id = uuid::Uuid::try_parse(text).map_err(|_| refused("What is chosen is unknown."))?;
        ids.insert(id.hyphenated().to_string());
    }
    if ids.is_empty() {
        return Err(refused("Nothing is chosen."));
    }
    if ids.len() > MOST_IDS {
        return Err(refused(
            "So many cannot be chosen one by one. Use the filter.",
        ));
    }
    Ok(ids)
}

pub(super) fn refused(message: &str) -> Problem {
    Problem::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        message: message.to_owned(),
    }
}

async fn find(visit: &Visit, id: &str) -> Result<View, Problem> {
    // Who may not reprocess anything learns nothing of ids.
    service::reprocess::admitted(&visit.ctx)?;
    let id: ReprocessJobId = id.parse().map_err(|_| Problem::NotFound)?;
    Ok(reprocess_jobs::get(visit.service(), &visit.ctx, id).await?)
}

/// `GET /manage/jobs/{id}`
pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let view = find(&visit, &id).await?;
    draw(&visit, &view, None).await
}

async fn draw(visit: &Visit, view: &View, wrong: Option<&str>) -> Result<Response, Problem> {
    let job = &view.job;
    let title = plan::title(job);
    let address = format!("{PATH}/{}", job.id);
    let moves = plan::moves(view);
    let content = html! {
        h1 { (title) }
        (trouble(wrong))
        div #progress data-events=[moves.then(|| format!("{address}/events"))] aria-live="polite" {
            (plan::body(visit, view))
        }
        @if moves { p data-refresh { a href=(address) { "Look again" } } }
        (plan::facts(job))
        section .card aria-labelledby="report" {
            h2 #report { "Report" }
            p { "What came of each item." }
            ul {
                li { a href={(address) "/report?as=csv"} { "All, for a spreadsheet (CSV)" } }
                li { a href={(address) "/report?as=ndjson"} { "All, for programs (NDJSON)" } }
                li { a href={(address) "/report?as=csv&only=failed"} { "What came to no good end (CSV)" } }
                li { a href={(address) "/report?as=ndjson&only=failed"} { "What came to no good end (NDJSON)" } }
            }
        }
        p { a href=(PATH) { "All bulk jobs" } }
    };
    let status = if wrong.is_some() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    let page = visit.page(Place::Jobs, &title, &content).await?;
    Ok(reply::page(status, page))
}

/// `POST /manage/jobs/{id}`
pub(crate) async fn steer(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    let view = find(&visit, &id).await?;
    let order = match form.text("order") {
        "run" => Order::Run(Some(thresholds(&form)?)),
        "pause" => Order::Pause,
        "resume" => Order::Resume,
        "cancel" => Order::Cancel,
        _ => return Err(refused("It is not said what is to be done.")),
    };
    match reprocess_jobs::steer(visit.service(), &visit.ctx, view.job.id, order).await {
        Ok(_) => Ok(reply::see(&format!("{PATH}/{}", view.job.id))),
        Err(ServiceError::Refused {
            code: Code::ThresholdExceeded | Code::InvalidJobState,
            message,
            ..
        }) => {
            let view = find(&visit, &id).await?;
            draw(&visit, &view, Some(&words::sentence(&message))).await
        }
        Err(other) => Err(other.into()),
    }
}

fn thresholds(form: &Form) -> Result<Thresholds, Problem> {
    let number = |name: &str, most: i64| {
        let number = form.text(name).parse().ok();
        let number = number.filter(|number: &i64| (0..=most).contains(number));
        number.ok_or_else(|| {
            refused("The limits are whole numbers, at least 0; a share is at most 100.")
        })
    };
    Ok(Thresholds {
        max_removed: number("most", i64::MAX)?,
        max_removed_percent: number("percent", 100)?,
    })
}

/// `GET /manage/jobs/{id}/events`
pub(crate) async fn events(
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    // Refused with an answer of its own, before there is a stream.
    let view = find(&visit, &id).await?;
    Ok(live::events(visit, headers, Progress(view.job.id)))
}

/// The progress of a job.
struct Progress(ReprocessJobId);

impl Look for Progress {
    async fn look(&self, visit: &Visit) -> Option<(Markup, bool)> {
        let found = reprocess_jobs::get(visit.service(), &visit.ctx, self.0).await;
        let view = found.ok()?;
        Some((plan::body(visit, &view), plan::moves(&view)))
    }
}
