//! How jobs, their plans and their items are shown.

use domain::reprocess_job::{ItemState, State};
use domain::time::{Duration, Timestamp};
use serde_json::{Map, Value as Json, json};
use service::reprocess_jobs::{Job, Line, TargetTally, View};

/// A job, and how far it is.
pub(super) fn job(view: &View, now: Timestamp) -> Json {
    let job = &view.job;
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let mut shown = json!({
        "id": job.id.to_string(),
        "target": job.collection.as_str(),
        "filter": job.filter,
        "dryRun": job.dry_run,
        "tracking": job.tracking.as_str(),
        "note": job.note,
        "thresholds": thresholds(job),
        "state": job.state.as_str(),
        "reason": reason(job),
        "createdBy": job.created_by.map(|id| id.to_string()),
        "createdDateTime": job.created_at.to_string(),
        "plannedDateTime": instant(job.planned_at),
        "startedDateTime": instant(job.started_at),
        "pausedDateTime": instant(job.paused_at),
        "endedDateTime": instant(job.ended_at),
        "summary": summary(job),
    });
    if let (Some(members), Json::Object(far)) = (shown.as_object_mut(), progress(view, now)) {
        members.extend(far);
    }
    shown
}

/// How far a job is: target by target, with the rate so far and when it would end at that rate.
pub(super) fn progress(view: &View, now: Timestamp) -> Json {
    let ran_for = view.ran_for(now);
    let is_over = view.job.state.is_over();
    let targets: Vec<Json> = view
        .targets
        .iter()
        .map(|(target, tally)| {
            let units = tally.adds + tally.removes + tally.kept;
            let mut shown = pace(units, tally.done + tally.failed, ran_for, now, is_over);
            shown.insert("target".to_owned(), json!(target));
            shown.insert("done".to_owned(), json!(tally.done));
            shown.insert("failed".to_owned(), json!(tally.failed));
            Json::Object(shown)
        })
        .collect();
    let (units, done, failed) = view.units();
    let mut all = pace(units, done + failed, ran_for, now, is_over);
    all.insert("done".to_owned(), json!(done));
    all.insert("failed".to_owned(), json!(failed));
    json!({ "progress": all, "targets": targets })
}

/// What stays the same while nothing happens: events are sent when it changes.
pub(super) fn event(view: &View, now: Timestamp) -> Json {
    let job = &view.job;
    let mut shown = json!({
        "state": job.state.as_str(),
        "reason": reason(job),
        "summary": summary(job),
    });
    if let (Some(members), Json::Object(far)) = (shown.as_object_mut(), progress(view, now)) {
        members.extend(far);
    }
    shown
}

fn pace(
    units: i64,
    ended: i64,
    ran_for: Option<Duration>,
    now: Timestamp,
    is_over: bool,
) -> Map<String, Json> {
    let micros = ran_for.map_or(0, Duration::micros);
    let per_second = (micros > 0).then(|| {
        let thousandths = i128::from(ended) * 1_000_000_000 / i128::from(micros);
        i64::try_from(thousandths).unwrap_or(i64::MAX)
    });
    let left = (units - ended).max(0);
    let end = match per_second {
        Some(rate) if rate > 0 && left > 0 && !is_over => {
            let wait = i128::from(left) * 1_000_000_000 / i128::from(rate);
            i64::try_from(wait)
                .ok()
                .map(|wait| now.plus(Duration::from_micros(wait)).to_string())
        }
        _ => None,
    };
    let mut shown = Map::new();
    shown.insert("units".to_owned(), json!(units));
    let whole = per_second.map(|rate| json!(rate / 1_000));
    shown.insert("unitsPerSecond".to_owned(), json!(whole));
    shown.insert("estimatedEndDateTime".to_owned(), json!(end));
    shown
}

/// How many items are where.
fn summary(job: &Job) -> Json {
    let progress = &job.progress;
    let begun = progress.in_delivery
        + progress.delivered
        + progress.partially_delivered
        + progress.delivery_failed
        + progress.superseded
        + progress.refused;
    let left = (job.plan.items - begun).max(0);
    let is_canceled = job.state == State::Canceled;
    json!({
        "items": job.plan.items,
        "planned": if is_canceled { 0 } else { left },
        "canceled": if is_canceled { left } else { 0 },
        "refused": progress.refused,
        "inDelivery": progress.in_delivery,
        "delivered": progress.delivered,
        "partiallyDelivered": progress.partially_delivered,
        "deliveryFailed": progress.delivery_failed,
        "superseded": progress.superseded,
    })
}

/// What a job would do.
pub(super) fn plan(view: &View) -> Json {
    let job = &view.job;
    let targets: Vec<Json> = view
        .targets
        .iter()
        .map(|(target, tally)| {
            let TargetTally {
                adds,
                removes,
                kept,
                ..
            } = tally;
            json!({ "target": target, "adds": adds, "removes": removes, "kept": kept })
        })
        .collect();
    let refusals: Vec<Json> = view
        .refusals
        .iter()
        .map(|(code, items)| json!({ "code": code, "items": items }))
        .collect();
    json!({
        "state": job.state.as_str(),
        "isComplete": job.planned_at.is_some(),
        "items": job.plan.items,
        "refused": job.plan.refused,
        "refusals": refusals,
        "people": job.plan.people,
        "adds": job.plan.adds,
        "removes": job.plan.removes,
        "kept": job.plan.kept,
        "targets": targets,
        "thresholds": thresholds(job),
        "exceeded": job.thresholds.exceeded_by(job.plan.removes, job.plan.grants()),
    })
}

fn thresholds(job: &Job) -> Json {
    json!({
        "maxRemoved": job.thresholds.max_removed,
        "maxRemovedPercent": job.thresholds.max_removed_percent,
    })
}

fn reason(job: &Job) -> Json {
    match &job.reason {
        Some((code, message)) => json!({ "code": code, "message": message }),
        None => Json::Null,
    }
}

/// What came of an item.
pub(super) fn line(line: &Line, job: State) -> Json {
    let state = match line.state {
        ItemState::Planned if job == State::Canceled => "canceled",
        other => other.as_str(),
    };
    let (adds, removes, kept) = line.effect;
    json!({
        "item": line.ordinal,
        "id": line.object_id,
        "state": state,
        "code": line.failure.as_ref().map(|(code, _)| code),
        "message": line.failure.as_ref().map(|(_, message)| message),
        "requestId": line.request_id.map(|id| id.to_string()),
        "settledDateTime": line.settled_at.map(|at| at.to_string()),
        "adds": adds,
        "removes": removes,
        "kept": kept,
        "subject": line.subject.as_ref().map(|(id, object, name)| json!({
            "id": id.to_string(),
            "objectId": object,
            "displayName": name,
        })),
    })
}
