//! Drift: what is not as it shall be, and since when; restored by reprocess, or accounted for by adoption.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::response::Response;
use domain::id::{DriftExtraId, GrantId};
use domain::reprocess_job::{Collection, Tracking};
use http::StatusCode;
use maud::{Markup, html};
use service::deliveries;
use service::overview::drift::{self, Drifted, Kind};
use service::overview::extras::{self, Named};
use service::overview::history;
use service::overview::{self, May};
use service::reprocess_jobs::{self, MOST_IDS, NewJob, Selection};
use service::sweeps::extras::Wanted;

use super::filter::{self, PICK};
use super::jobs::{planned, refused};
use crate::chart::{Bar, bars};
use crate::layout::Place;
use crate::parts::{badge, key_pager, opt_time, select, table, time, told};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words::{self, Tone};

const PATH: &str = "/manage/drift";
/// Rows of access that nobody granted, on a page.
const PAGE: usize = 50;

/// `GET /manage/drift`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let may = overview::may(&visit.ctx);
    let kind = match visit.asked.get("kind") {
        None => None,
        Some("missing") => Some(Kind::Missing),
        Some("unwanted") => Some(Kind::Unwanted),
        Some(_) => return Err(refused("Drift is `missing` or `unwanted`.")),
    };
    let target = visit.asked.get("target");
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let (service, ctx) = (visit.service(), &visit.ctx);
    let found = drift::list(service, ctx, kind, target, after).await?;
    let counts = drift::counts(service, ctx, target).await?;
    let fields = [
        ("kind", visit.asked.text("kind")),
        ("target", visit.asked.text("target")),
    ];
    let next = found.next.as_ref().map(ToString::to_string);
    let pager = key_pager(PATH, &fields, is_first, next.as_deref());
    let extras = if may.see_targets {
        extras_part(&visit, may).await?
    } else {
        html! {}
    };
    let ages = if may.see_targets && is_first {
        ages(&visit, target).await?
    } else {
        html! {}
    };
    let content = html! {
        h1 { "Drift" }
        (told(match visit.asked.get("done") {
            Some("retry") => Some("It is tried again."),
            _ => None,
        }))
        (filter_form(&visit))
        p {
            (counts.missing) " missing, " (counts.unwanted) " not wanted any more and still there."
        }
        (ages)
        @if found.rows.is_empty() {
            div .empty { p { "Everything that was looked at is as it shall be." } }
        } @else if may.reprocess {
            form method="post" action=(PATH) {
                (visit.marked_once())
                (filter::pick_all(found.rows.len()))
                (rows(&found.rows, true))
                (pager)
                div .actions { button { "Plan to restore what is chosen" } }
                p .hint { "The assignments behind it are reprocessed as a bulk job, which shows its plan first." }
            }
        } @else {
            (rows(&found.rows, false))
            (pager)
        }
        (extras)
    };
    let page = visit.page(Place::Drift, "Drift", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// How old drift is, of a target or of all; nothing, if there is none.
pub(super) async fn ages(visit: &Visit, target: Option<&str>) -> Result<Markup, Problem> {
    let numbers = history::drift_ages(visit.service(), &visit.ctx, target).await?;
    if numbers.iter().all(|number| *number == 0) {
        return Ok(html! {});
    }
    let ages = [
        "Less than an hour",
        "Hours",
        "Days",
        "Weeks",
        "More than 30 days",
    ];
    let drawn: Vec<Bar> = ages
        .into_iter()
        .zip(numbers)
        .map(|(age, number)| Bar {
            label: age.to_owned(),
            value: number,
            told: number.to_string(),
        })
        .collect();
    let most = numbers.iter().sum::<i64>() == history::MOST_DRIFTED;
    Ok(html! {
        (bars("ages", "How old drift is", ["For how long it is known", "Grants"], &drawn))
        @if most { p .hint { "Only " (history::MOST_DRIFTED) " of them were looked at." } }
    })
}

fn filter_form(visit: &Visit) -> Markup {
    let kinds = [
        ("", "All"),
        ("missing", "Missing"),
        ("unwanted", "Not wanted"),
    ];
    let mut targets = vec![("", "All")];
    let known = visit.portal.targets().known.iter();
    targets.extend(known.map(|(name, _)| (name.as_str(), name.as_str())));
    html! {
        form .search role="search" method="get" action=(PATH) {
            (select("kind", "What", &kinds, visit.asked.text("kind")))
            (select("target", "Target", &targets, visit.asked.text("target")))
            div .actions { button .second { "Show" } }
        }
    }
}

fn rows(drifted: &[Drifted], picks: bool) -> Markup {
    let rows: Vec<Vec<Markup>> = drifted
        .iter()
        .map(|one| {
            let name = format!("{} of {} for {}", one.role, one.resource, one.subject);
            let mut cells = Vec::new();
            if picks {
                cells.push(action(one, &name));
            }
            cells.extend([
                badge(match one.kind {
                    Kind::Missing => (Tone::Bad, "Missing"),
                    Kind::Unwanted if one.is_given_up => (Tone::Bad, "Removal given up"),
                    Kind::Unwanted => (Tone::Bad, "Not wanted"),
                }),
                html! { (one.subject) },
                html! { (one.resource) ", " (one.role) },
                html! { (one.target) },
                behind(one),
                opt_time(one.since),
            ]);
            cells
        })
        .collect();
    let columns = [
        "Choose", "What", "Whose", "Access", "Target", "For", "Since",
    ];
    let columns = columns.get(usize::from(!picks)..).unwrap_or_default();
    table("What is not as it shall be", columns, &rows)
}

/// What can be done about a grant: reprocess is for assignments, and what was given up is tried again by itself.
fn action(one: &Drifted, name: &str) -> Markup {
    html! {
        @if one.is_given_up {
            button .second formaction={"/manage/grants/" (one.id) "/retry"} {
                "Try again" span .unseen { " " (name) }
            }
        } @else if !one.assignments.is_empty() {
            (filter::pick(&one.id.to_string(), name))
        }
    }
}

/// The assignments behind a grant.
fn behind(one: &Drifted) -> Markup {
    html! {
        @if one.assignments.is_empty() { "nothing any more" }
        @for (number, (id, package)) in one.assignments.iter().enumerate() {
            @if number > 0 { ", " }
            a href={"/manage/assignments/" (id)} { (package) }
        }
        @if let Some(code) = &one.error_code { p .hint { (words::failure(code)) } }
    }
}

/// `POST /manage/drift`: a job for the assignments behind what is chosen.
pub(crate) async fn restore(posted: Posted) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    service::reprocess::admitted(&visit.ctx)?;
    let grants: Result<BTreeSet<GrantId>, _> = form.all(PICK).map(str::parse).collect();
    let grants = grants.map_err(|_| refused("What is chosen is unknown."))?;
    if grants.is_empty() || grants.len() > MOST_IDS {
        return Err(refused("Nothing is chosen."));
    }
    let ids = drift::assignments(visit.service(), &visit.ctx, grants).await?;
    if ids.is_empty() {
        return Err(refused("No assignment is behind what is chosen."));
    }
    let new = NewJob {
        tracking: Tracking::Changes,
        note: Some("Restores what has drifted".to_owned()),
        ..planned(Collection::Assignments, Selection::Ids(ids))
    };
    let made = reprocess_jobs::create(visit.service(), &visit.ctx, new).await?;
    Ok(reply::see(&format!("/manage/jobs/{}", made.job.id)))
}

/// `POST /manage/grants/{id}/retry`
pub(crate) async fn retry(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    service::reprocess::admitted(&visit.ctx)?;
    let id: GrantId = id.parse().map_err(|_| Problem::NotFound)?;
    deliveries::retry(visit.service(), &visit.ctx, id).await?;
    Ok(reply::see(&format!("{PATH}?done=retry")))
}

/// Access that is there and that nobody granted.
async fn extras_part(visit: &Visit, may: May) -> Result<Markup, Problem> {
    let after: Option<DriftExtraId> = match visit.asked.get("extras") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    let wanted = Wanted {
        target: visit.asked.text("target").to_owned(),
        resource: String::new(),
        object_id: String::new(),
    };
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let (mut found, total) =
        extras::list(visit.service(), &visit.ctx, wanted, after, limit).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| has_more).map(|last| &last.extra);
    let target = visit.asked.text("target");
    let rows: Vec<Vec<Markup>> = found.iter().map(extra).collect();
    let columns = ["Who", "Resource", "Role", "Target", "Found", "Seen last"];
    Ok(html! {
        section aria-labelledby="extras" {
            h2 #extras { "Access that nobody granted" }
            p {
                (total) " found by sweeps. "
                @if may.adopt {
                    "Who has all that a package gives can be given the assignment for it: "
                    a href="/manage/adopt" { "adopt" } "."
                }
            }
            @if !rows.is_empty() { (table("Access that nobody granted", &columns, &rows)) }
            @if after.is_some() || next.is_some() {
                nav .pager aria-label="Pages of access that nobody granted" {
                    @if after.is_some() {
                        a href={(PATH) "?" (crate::form::query(&[("target", target)])) "#extras"} { "First page" }
                    }
                    @if let Some(last) = next {
                        @let id = last.id.to_string();
                        a href={(PATH) "?" (crate::form::query(&[("target", target), ("extras", &id)])) "#extras"} {
                            "Next page"
                        }
                    }
                }
            }
        }
    })
}

pub(super) fn extra(one: &Named) -> Vec<Markup> {
    vec![
        html! { (one.who) },
        html! { (one.resource) },
        html! { (one.role) },
        html! { (one.extra.target) },
        time(one.extra.found_at),
        time(one.extra.seen_at),
    ]
}
