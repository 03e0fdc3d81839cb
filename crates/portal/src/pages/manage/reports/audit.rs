//! The audit log with a search: when, what, by whom, to what.

use axum::response::Response;
use domain::activity::Activity;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::overview::audit::{self, Event, Search};
use service::overview::{self, Place as Behind};

use super::{instant, ways};
use crate::csv::{self, CHUNK};
use crate::form::Form;
use crate::layout::Place;
use crate::pages::manage::filter;
use crate::pages::manage::jobs::{or_told, refused};
use crate::parts::{badge, key_pager, opt_time, select, table, trouble, zone};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words::Tone;

pub(super) const PATH: &str = "/manage/reports/audit";
const COLUMNS: [&str; 12] = [
    "id",
    "activityDateTime",
    "activity",
    "category",
    "result",
    "resultReason",
    "actor",
    "actorId",
    "objectType",
    "object",
    "objectId",
    "correlationId",
];
const FIELDS: [&str; 6] = ["activity", "actor", "object", "from", "until", "zone"];

/// `GET /manage/reports/audit`
pub(super) async fn list(visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    let (search, wrong) = read(&visit.asked);
    if csv::is_wanted(&visit)? {
        if let Some(wrong) = wrong {
            return Err(refused(&wrong));
        }
        let read = move |visit: Visit, after: Option<Behind>| {
            let search = search.clone();
            async move {
                let (service, ctx) = (visit.service(), &visit.ctx);
                let part = audit::list(service, ctx, &search, after, CHUNK).await?;
                Ok(csv::Part {
                    rows: part.rows.iter().map(cells).collect(),
                    next: part.next,
                })
            }
        };
        return csv::file(visit, headers, "audit", &COLUMNS, read).await;
    }
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let (service, ctx) = (visit.service(), &visit.ctx);
    let listed = audit::list(service, ctx, &search, after, overview::PAGE).await;
    let (found, wrong) = or_told(listed, wrong)?;
    let next = found.next.as_ref().map(ToString::to_string);
    let fields = FIELDS.map(|name| (name, visit.asked.text(name)));
    let rows: Vec<Vec<Markup>> = found.rows.iter().map(row).collect();
    let content = html! {
        h1 { "Audit log" }
        (trouble(wrong.as_deref()))
        (form(&visit.asked))
        (ways(PATH, &fields))
        @if rows.is_empty() {
            div .empty { p { "There is no such event." } }
        } @else {
            (table("Events, the newest first", &["When", "What", "By", "To", "Result"], &rows))
            (key_pager(PATH, &fields, is_first, next.as_deref()))
        }
    };
    let page = visit.page(Place::Reports, "Audit log", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// What is searched for, and what is wrong with how that was typed.
fn read(form: &Form) -> (Search, Option<String>) {
    let mut wrong = None;
    let activity = form.get("activity").and_then(|name| {
        let known = Activity::ALL.iter().find(|one| one.name() == name);
        if known.is_none() {
            wrong = Some("There is no such activity.".to_owned());
        }
        known.copied()
    });
    let (from, before) = filter::days(form, &mut wrong);
    let search = Search {
        activity,
        actor: form.get("actor").map(str::to_owned),
        object: form.get("object").map(str::to_owned),
        from,
        before,
    };
    (search, wrong)
}

fn form(form: &Form) -> Markup {
    let mut activities: Vec<(&str, &str)> = Activity::ALL
        .iter()
        .map(|one| (one.name(), one.name()))
        .collect();
    activities.sort_unstable();
    activities.dedup();
    activities.insert(0, ("", "Any"));
    let field = |name: &str, label: &str, kind: &str| {
        html! {
            div .field {
                label for=(name) { (label) }
                input id=(name) name=(name) type=(kind) value=(form.text(name));
            }
        }
    };
    html! {
        form .search role="search" method="get" action=(PATH) {
            (zone())
            (select("activity", "What was done", &activities, form.text("activity")))
            (field("actor", "By whom: a name or an id", "text"))
            (field("object", "To what: a name or an id", "text"))
            (field("from", "From", "date"))
            (field("until", "Until", "date"))
            div .actions {
                button .second { "Search" }
                @if FIELDS.iter().any(|name| *name != "zone" && form.get(name).is_some()) {
                    a href=(PATH) { "Show all" }
                }
            }
            p .hint data-utc { "Days are those of UTC." }
        }
    }
}

fn row(event: &Event) -> Vec<Markup> {
    vec![
        opt_time(event.happened_at),
        html! { (event.activity) },
        html! { (event.actor) },
        html! {
            @match (&event.object, &event.object_id) {
                (Some(name), _) => (name),
                (None, Some(id)) => code { (id) },
                (None, None) => (crate::parts::none()),
            }
            @if let Some(kind) = &event.object_type { p .hint { (kind) } }
        },
        html! {
            @if event.succeeded { (badge((Tone::Good, "Done"))) }
            @else { (badge((Tone::Bad, "Refused or failed"))) }
            @if let Some(reason) = &event.reason { p .hint { (reason) } }
        },
    ]
}

fn cells(event: &Event) -> Vec<String> {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        event.id.to_string(),
        instant(event.happened_at),
        event.activity.clone(),
        event.category.clone(),
        if event.succeeded {
            "success"
        } else {
            "failure"
        }
        .to_owned(),
        or_empty(&event.reason),
        event.actor.clone(),
        or_empty(&event.actor_id),
        or_empty(&event.object_type),
        or_empty(&event.object),
        or_empty(&event.object_id),
        event.call.clone(),
    ]
}
