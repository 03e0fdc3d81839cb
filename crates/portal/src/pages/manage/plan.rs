//! How a bulk job is drawn: its plan, what stands against it, how far it is in each target, and what can be done now.

use domain::reprocess_job::{Collection, Event, State, Tracking, next};
use maud::{Markup, html};
use service::reprocess_jobs::{Job, TargetTally, View};

use crate::parts::{badge, opt_time, table, time};
use crate::visit::Visit;
use crate::words;

/// What a job is called.
pub(super) fn title(job: &Job) -> String {
    let (one, many) = match job.collection {
        Collection::Assignments => ("assignment", "assignments"),
        Collection::AssignmentRequests => ("request", "requests"),
    };
    match (job.planned_at, job.plan.items) {
        // How many there are is known when the plan is.
        (None, _) => format!("Reprocess of {many}"),
        (Some(_), 1) => format!("Reprocess of 1 {one}"),
        (Some(_), count) => format!("Reprocess of {count} {many}"),
    }
}

/// Whether something may still happen by itself.
pub(super) fn moves(view: &View) -> bool {
    matches!(view.job.state, State::Planning | State::Running) || view.job.progress.in_delivery > 0
}

/// What changes while a job is under way.
pub(super) fn body(visit: &Visit, view: &View) -> Markup {
    let job = &view.job;
    let has_begun = job.started_at.is_some();
    html! {
        p { (badge(words::job(job.state))) }
        @if let Some((_, message)) = &job.reason { p { (words::sentence(message)) } }
        @if has_begun { (progress(view)) }
        (plan(view))
        (actions(visit, view))
    }
}

fn plan(view: &View) -> Markup {
    let plan = &view.job.plan;
    let rows: Vec<Vec<Markup>> = view.targets.iter().map(target_plan).collect();
    html! {
        section .card aria-labelledby="plan" {
            h2 #plan { "Plan" }
            @if view.job.planned_at.is_none() { p { "It is still being planned. So far:" } }
            dl {
                dt { "Items" } dd { (plan.items) }
                dt { "People" } dd { (plan.people) }
                dt { "Grants to add" } dd { (plan.adds) }
                dt { "Grants to remove" } dd { (plan.removes) }
                dt { "Grants that stay" } dd { (plan.kept) }
                dt { "Refused" } dd { (plan.refused) }
            }
            @if !rows.is_empty() {
                (table("The plan for each target", &["Target", "Add", "Remove", "Stays"], &rows))
            }
            @if !view.refusals.is_empty() { (refusals(view)) }
        }
    }
}

fn target_plan((target, tally): &(String, TargetTally)) -> Vec<Markup> {
    vec![
        html! { (target) },
        html! { (tally.adds) },
        html! { (tally.removes) },
        html! { (tally.kept) },
    ]
}

fn refusals(view: &View) -> Markup {
    let rows: Vec<Vec<Markup>> = view
        .refusals
        .iter()
        .map(|(code, count)| {
            vec![
                html! { (words::refusal(code)) },
                html! { code { (code) } },
                html! { (count) },
            ]
        })
        .collect();
    html! {
        h3 { "Refused, and why" }
        (table("Refused items by reason", &["Why", "Code", "Items"], &rows))
    }
}

fn progress(view: &View) -> Markup {
    let far = &view.job.progress;
    html! {
        section .card aria-labelledby="far" {
            h2 #far { "Progress" }
            @for (number, (target, tally)) in view.targets.iter().enumerate() {
                @let all = tally.adds + tally.removes + tally.kept;
                @let ended = tally.done + tally.failed;
                p id={"bar-" (number)} {
                    (target) ": " (ended) " of " (all) " grants done"
                    @if tally.failed > 0 { ", " (tally.failed) " of them failed" }
                }
                progress aria-labelledby={"bar-" (number)} value=(ended.min(all)) max=(all.max(1)) {}
            }
            dl {
                dt { "Under way" } dd { (far.in_delivery) }
                dt { "Done" } dd { (far.delivered) }
                dt { "Partly done" } dd { (far.partially_delivered) }
                dt { "Failed" } dd { (far.delivery_failed) }
                dt { "Overtaken" } dd { (far.superseded) }
                dt { "Refused" } dd { (far.refused) }
            }
        }
    }
}

/// What a job can be told now.
fn actions(visit: &Visit, view: &View) -> Markup {
    let job = &view.job;
    let can = |event| next(job.state, event).is_ok();
    let starts = matches!(job.state, State::Planned | State::Stopped);
    let resumes = job.state == State::Paused;
    let address = format!("/manage/jobs/{}", job.id);
    let exceeded = job
        .thresholds
        .exceeded_by(job.plan.removes, job.plan.grants());
    html! {
        @if starts {
            form .card method="post" action=(address) {
                (visit.marked())
                h2 { "Start it" }
                @if let Some(why) = &exceeded { p .error { (words::sentence(why)) } }
                p { "The job stops by itself before it removes more than this." }
                div .field {
                    label for="most" { "Most grants to remove" }
                    input #most type="number" name="most" min="0" required value=(job.thresholds.max_removed);
                }
                div .field {
                    label for="percent" { "Most of a hundred grants to remove" }
                    input #percent type="number" name="percent" min="0" max="100" required
                        value=(job.thresholds.max_removed_percent);
                }
                div .actions {
                    button #run name="order" value="run" { "Start" }
                }
            }
        }
        @if !job.state.is_over() {
            form method="post" action=(address) {
                (visit.marked())
                div .actions {
                    @if can(Event::Paused) { button .second #pause name="order" value="pause" { "Pause" } }
                    @if resumes { button #resume name="order" value="resume" { "Resume" } }
                    @if can(Event::Canceled) { button .harm #cancel name="order" value="cancel" { "Cancel the job" } }
                }
            }
        }
    }
}

/// What is true of a job from its beginning.
pub(super) fn facts(job: &Job) -> Markup {
    html! {
        section .card aria-labelledby="facts" {
            h2 #facts { "The job" }
            dl {
                @if let Some(note) = &job.note { dt { "Note" } dd { (note) } }
                dt { "Chosen by" }
                dd {
                    @if let Some(filter) = &job.filter { code { (filter) } }
                    @else { "hand" }
                }
                dt { "Leaves a request" }
                dd {
                    @match job.tracking {
                        Tracking::Everything => "for each item",
                        Tracking::Changes => "for items that change",
                    }
                }
                dt { "Made" } dd { (time(job.created_at)) }
                dt { "Planned" } dd { (opt_time(job.planned_at)) }
                dt { "Started" } dd { (opt_time(job.started_at)) }
                dt { "Ended" } dd { (opt_time(job.ended_at)) }
            }
        }
    }
}
