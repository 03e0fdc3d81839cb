//! Targets: how each is, what waits for it, held back with a reason and let go; and sweeps, which look who has what there.

use axum::extract::Path;
use axum::response::Response;
use domain::id::SweepId;
use http::StatusCode;
use maud::{Markup, html};
use service::overview::history::{self, Took};
use service::overview::{self, May};
use service::sweeps::{self, Sweep};
use service::targets::{self, Lane};
use service::{ServiceError, faults};

use super::jobs::refused;
use crate::chart::{Bar, bars};
use crate::form::query;
use crate::layout::Place;
use crate::parts::{badge, opt_time, table, time, told};
use crate::problem::Problem;
use crate::reply;
use crate::visit::{Posted, Visit};
use crate::words;

const PATH: &str = "/manage/targets";
/// Sweeps on a page.
const SWEEPS: usize = 20;
/// Objects of a sweep on a page.
const OBJECTS: usize = 100;
/// The longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// A target, with what is known of it.
struct Target<'a> {
    name: &'a str,
    kind: &'a str,
    is_paused: bool,
    reason: Option<String>,
    fault: Option<String>,
    grants: Vec<(String, i64)>,
    lane: Option<Lane>,
}

async fn known(visit: &Visit) -> Result<Vec<Target<'_>>, ServiceError> {
    let phases = targets::phases(visit.service(), &visit.ctx).await?;
    let switches = targets::switches(visit.service()).await?;
    let faults = faults::of_targets(visit.service()).await?;
    let all = visit.portal.targets();
    let lanes = (all.lanes)();
    Ok(all
        .known
        .iter()
        .map(|(name, kind)| {
            let switch = switches.iter().find(|switch| switch.target == *name);
            let fault = faults.iter().find(|(of, _)| of == name);
            let own = phases.iter().filter(|(of, ..)| of == name);
            Target {
                name,
                kind,
                is_paused: switch.is_some_and(|switch| switch.paused),
                reason: switch.and_then(|switch| switch.reason.clone()),
                fault: fault.map(|(_, fault)| fault.to_string()),
                grants: own
                    .map(|(_, phase, count)| (phase.clone(), *count))
                    .collect(),
                lane: lanes.iter().find(|lane| lane.target == *name).cloned(),
            }
        })
        .collect())
}

/// `GET /manage/targets`
pub(crate) async fn list(visit: Visit) -> Result<Response, Problem> {
    let may = overview::may(&visit.ctx);
    let known = known(&visit).await?;
    let before: Option<SweepId> = match visit.asked.get("after") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    let limit = i64::try_from(SWEEPS + 1).unwrap_or(i64::MAX);
    let mut found = sweeps::list(visit.service(), &visit.ctx, None, before, limit).await?;
    let has_more = found.len() > SWEEPS;
    found.truncate(SWEEPS);
    let next = found.last().filter(|_| has_more);
    let content = html! {
        h1 { "Targets" }
        (told(match visit.asked.get("done") {
            Some("pause") => Some("Nothing is written to the target until it is resumed."),
            Some("resume") => Some("The target is written to again."),
            Some("sweep") => Some("The target is being looked at."),
            Some("cancel") => Some("The sweep was called off."),
            _ => None,
        }))
        @for target in &known { (card(&visit, may, target)) }
        section aria-labelledby="sweeps" {
            h2 #sweeps { "Sweeps" }
            @if found.is_empty() { p { "No target was looked at yet." } }
            @else { (sweep_table(&found)) }
            @if before.is_some() || next.is_some() {
                nav .pager aria-label="Pages of sweeps" {
                    @if before.is_some() { a href={(PATH) "#sweeps"} { "First page" } }
                    @if let Some(last) = next {
                        @let id = last.id.to_string();
                        a href={(PATH) "?" (query(&[("after", &id)])) "#sweeps"} { "Next page" }
                    }
                }
            }
        }
    };
    let page = visit.page(Place::Targets, "Targets", &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// `GET /manage/targets/{name}`: one of them, with how long it took and what differs in it.
pub(crate) async fn show(visit: Visit, Path(name): Path<String>) -> Result<Response, Problem> {
    let may = overview::may(&visit.ctx);
    let known = known(&visit).await?;
    let target = known.iter().find(|target| target.name == name);
    let target = target.ok_or(Problem::NotFound)?;
    let took = history::latency(visit.service(), &visit.ctx, &name).await?;
    let ages = super::drift::ages(&visit, Some(&name)).await?;
    let title = format!("Target {name}");
    let content = html! {
        h1 { (title) }
        (card(&visit, may, target))
        (latency(&took))
        (ages)
        p { a href=(PATH) { "All targets" } }
    };
    let page = visit.page(Place::Targets, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// How long changes took, from being accepted to being seen in the target.
fn latency(took: &[Took]) -> Markup {
    let drawn: Vec<Bar> = took
        .iter()
        .map(|one| {
            let at = jiff::Timestamp::from_microsecond(one.from.micros()).unwrap_or_default();
            Bar {
                label: at.strftime("%-d %b %H:%M").to_string(),
                value: one.half.micros(),
                told: format!(
                    "{} (slowest {}, {} in all)",
                    words::briefly(one.half),
                    words::briefly(one.slowest),
                    one.changes
                ),
            }
        })
        .collect();
    let columns = ["From (UTC)", "Half of them took at most"];
    html! {
        @if drawn.is_empty() {
            p { "Nothing was brought to it for the last " (history::LAST_REQUESTS) " requests." }
        } @else {
            (bars("took", "How long changes took, from accepted to verified", columns, &drawn))
            p .hint { "Of the last " (history::LAST_REQUESTS) " requests of all targets." }
        }
    }
}

fn card(visit: &Visit, may: May, target: &Target<'_>) -> Markup {
    let heading = format!("target-{}", target.name);
    let base = format!("{PATH}/{}", crate::form::encoded(target.name));
    html! {
        article .card aria-labelledby=(heading) {
            div .head {
                h2 id=(heading) { a href=(base) { (target.name) } }
                (badge(words::lane(target.is_paused, target.lane.as_ref().map(|lane| lane.state))))
            }
            @if target.is_paused {
                p { "Paused" @if let Some(why) = &target.reason { ": " (why) } @else { "." } }
            }
            dl {
                dt { "Kind" } dd { (target.kind) }
                @if let Some(fault) = &target.fault { dt { "Fault on purpose" } dd { (fault) } }
                @for (phase, count) in &target.grants { dt { (words::phase(phase)) } dd { (count) } }
                @if let Some(lane) = &target.lane { (health(lane)) }
            }
            p {
                a href={"/manage/drift?" (query(&[("target", target.name)]))} { "Drift of this target" }
            }
            @if may.switch_targets { (switches(visit, target, &base)) }
        }
    }
}

/// What this process knows from speaking to it.
fn health(lane: &Lane) -> Markup {
    let rate = |rate: Option<f64>| match rate {
        Some(rate) => format!("{rate:.1} calls a second"),
        None => "not limited".to_owned(),
    };
    html! {
        dt { "Rate" } dd { (rate(lane.rate)) }
        @if lane.learned_rate.is_some() { dt { "Rate that it taught" } dd { (rate(lane.learned_rate)) } }
        dt { "Calls under way" } dd { (lane.in_flight) " of " (lane.in_flight_limit) " (at most " (lane.max_in_flight) ")" }
        @if lane.unanswered > 0 { dt { "Not answered in a row" } dd { (lane.unanswered) } }
        @if lane.until.is_some() { dt { "Spoken to again" } dd { (opt_time(lane.until)) } }
        @if let Some((code, message, at)) = &lane.last_failure {
            dt { "Last trouble" }
            dd { (time(*at)) ": " (words::failure(code)) " " code { (message) } }
        }
    }
}

fn switches(visit: &Visit, target: &Target<'_>, base: &str) -> Markup {
    let reason = format!("reason-{}", target.name);
    let name = target.name;
    html! {
        div .actions {
            form method="post" action={(base) "/sweep"} {
                (visit.marked_once())
                button .second { "Sweep now" span .unseen { ": " (name) } }
            }
            @if target.is_paused {
                form method="post" action={(base) "/resume"} {
                    (visit.marked())
                    button { "Resume" span .unseen { " " (name) } }
                }
            }
        }
        @if !target.is_paused {
            form method="post" action={(base) "/pause"} {
                (visit.marked())
                div .field {
                    label for=(reason) { "Why it is paused" }
                    input id=(reason) type="text" name="reason" required maxlength=(LONGEST_REASON);
                }
                button .harm { "Pause" span .unseen { " " (name) } }
            }
        }
    }
}

fn sweep_table(found: &[Sweep]) -> Markup {
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|sweep| {
            vec![
                html! { a href={"/manage/sweeps/" (sweep.id)} { (sweep.target) } },
                badge(words::sweep(sweep.state)),
                html! { (sweep.objects_read) " of " (sweep.objects) },
                html! { (sweep.missing) },
                html! { (sweep.extras) },
                time(sweep.requested_at),
            ]
        })
        .collect();
    let columns = [
        "Target",
        "State",
        "Objects read",
        "Missing",
        "Not granted",
        "Asked for",
    ];
    table("Sweeps, the newest first", &columns, &rows)
}

/// `POST /manage/targets/{name}/{order}`: `pause`, `resume` or `sweep`.
pub(crate) async fn order(
    Path((name, order)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let (visit, form) = (posted.visit, posted.form);
    // Nobody else learns which targets there are.
    targets::may_switch(&visit.ctx)?;
    let known = visit.portal.targets().known.iter();
    let name = known.map(|(name, _)| name).find(|own| **own == name);
    let name = name.ok_or(Problem::NotFound)?.clone();
    let (service, ctx) = (visit.service(), &visit.ctx);
    match order.as_str() {
        "pause" => {
            let reason = form.get("reason").map(str::to_owned);
            let reason = reason.ok_or_else(|| refused("Say why the target is paused."))?;
            if reason.chars().count() > LONGEST_REASON {
                return Err(refused(&format!(
                    "A reason has at most {LONGEST_REASON} characters."
                )));
            }
            targets::pause(service, ctx, &name, true, Some(reason)).await?;
        }
        "resume" => targets::pause(service, ctx, &name, false, None).await?,
        "sweep" => drop(sweeps::request(service, ctx, &name).await?),
        _ => return Err(Problem::NotFound),
    }
    Ok(reply::see(&format!("{PATH}?done={order}")))
}

/// `GET /manage/sweeps/{id}`
pub(crate) async fn sweep(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let may = overview::may(&visit.ctx);
    if !may.see_targets {
        // Refused in the words of the service.
        targets::phases(visit.service(), &visit.ctx).await?;
    }
    let id: SweepId = id.parse().map_err(|_| Problem::NotFound)?;
    let after = match visit.asked.get("after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Problem::NotFound)?,
    };
    let limit = i64::try_from(OBJECTS + 1).unwrap_or(i64::MAX);
    let one = sweeps::get(visit.service(), &visit.ctx, id).await?;
    let mut objects = sweeps::objects(visit.service(), &visit.ctx, id, after, limit).await?;
    let has_more = objects.len() > OBJECTS;
    objects.truncate(OBJECTS);
    let next = objects.last().filter(|_| has_more).map(|last| last.seq);
    let title = format!("Sweep of {}", one.target);
    let rows: Vec<Vec<Markup>> = objects
        .iter()
        .map(|object| {
            let failure = object.failure.as_ref();
            vec![
                html! { (object.place.resource_origin_id) ", " (object.place.role_origin_id) },
                html! { (object.state) @if let Some((code, _)) = failure { ": " (words::failure(code)) } },
                html! { (object.members) },
                html! { (object.extras) },
                opt_time(object.ended_at),
            ]
        })
        .collect();
    let content = html! {
        h1 { (title) }
        (sweep_facts(&one))
        @if !one.state.is_over() && may.switch_targets {
            form method="post" action={"/manage/sweeps/" (id) "/cancel"} {
                (visit.marked())
                button .harm { "Call it off" }
            }
        }
        @if !rows.is_empty() {
            h2 { "What was read" }
            (table("What was read", &["Object", "State", "Members", "Not granted", "When"], &rows))
        }
        @if let Some(next) = next {
            nav .pager aria-label="Pages" {
                a rel="next" href={"/manage/sweeps/" (id) "?after=" (next)} { "Next page" }
            }
        }
        p { a href=(PATH) { "All targets" } }
    };
    let page = visit.page(Place::Targets, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn sweep_facts(one: &Sweep) -> Markup {
    html! {
        section .card aria-label="The sweep" {
            p { (badge(words::sweep(one.state))) }
            @if let Some((code, message)) = &one.failure {
                p { (words::failure(code)) " " code { (message) } }
            }
            dl {
                dt { "Asked for" } dd { (time(one.requested_at)) }
                dt { "Began" } dd { (opt_time(one.started_at)) }
                dt { "Ended" } dd { (opt_time(one.ended_at)) }
                dt { "Objects read" } dd { (one.objects_read) " of " (one.objects) }
                dt { "Objects that could not be read" } dd { (one.objects_failed) }
                dt { "Members seen" } dd { (one.members) }
                dt { "Missing" } dd { (one.missing) }
                dt { "There again" } dd { (one.returned) }
                dt { "Being restored" } dd { (one.restored) }
                dt { "Not granted" } dd { (one.extras) }
                dt { "Being removed" } dd { (one.removed) }
            }
        }
    }
}

/// `POST /manage/sweeps/{id}/cancel`
pub(crate) async fn cancel(Path(id): Path<String>, posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    targets::may_switch(&visit.ctx)?;
    let id: SweepId = id.parse().map_err(|_| Problem::NotFound)?;
    sweeps::cancel(visit.service(), &visit.ctx, id).await?;
    Ok(reply::see(&format!("{PATH}?done=cancel")))
}
