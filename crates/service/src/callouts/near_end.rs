//! Stages before the end of an assignment (A6, A7): which assignments came so near to their end since somebody looked.
//!
//! **Invariant:** the time up to which was looked moves on in the transaction that writes the callouts, so each end is
//! announced once, whatever stops the process, and however the clock is moved forward.

use domain::extension::Stage;
use domain::id::AssignmentId;
use domain::time::{Duration, Timestamp};
use store::{ReadTx, WriteTx, custom_extension, extension_callout, setting};

use super::{data, new_callout};
use crate::ctx::Moment;
use crate::error::ServiceError;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_minutes(1);

const STAGES: [Stage; 2] = [
    Stage::FourteenDaysBeforeExpiration,
    Stage::OneDayBeforeExpiration,
];

/// The name under which is kept up to when was looked.
fn name(stage: Stage) -> String {
    format!("extensions.lookedAt.{stage}")
}

/// When it is to be looked again; never, while no policy calls an extension at such a stage.
pub(crate) fn next(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, ServiceError> {
    let mut next = None;
    for stage in STAGES {
        if custom_extension::count_at_stage(tx, stage)? == 0 {
            continue;
        }
        let due = match looked_at(tx, stage)? {
            Some(at) => at.plus(INTERVAL),
            None => Timestamp::from_micros(0),
        };
        next = Some(next.map_or(due, |earlier: Timestamp| earlier.min(due)));
    }
    Ok(next)
}

fn looked_at(tx: &mut ReadTx<'_>, stage: Stage) -> Result<Option<Timestamp>, ServiceError> {
    let kept = setting::find(tx, &name(stage))?;
    Ok(kept
        .and_then(|text| text.parse().ok())
        .map(Timestamp::from_micros))
}

/// From now on the ends of a policy's assignments are announced: those that are near already are not made up for.
pub(crate) fn begin(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), ServiceError> {
    for stage in STAGES {
        if custom_extension::count_at_stage(tx, stage)? == 0 {
            setting::set(tx, &name(stage), &now.micros().to_string())?;
        }
    }
    Ok(())
}

/// Calls the extensions of the assignments that came to such a stage; answers how many assignments.
pub(crate) fn reach_ends(tx: &mut WriteTx<'_>, moment: &Moment) -> Result<usize, ServiceError> {
    let mut count = 0;
    for stage in STAGES {
        let Some(lead) = stage.before_end() else {
            continue;
        };
        if custom_extension::count_at_stage(tx, stage)? == 0 {
            continue;
        }
        let looked = looked_at(tx, stage)?;
        if looked.is_some_and(|at| at.plus(INTERVAL) > moment.now) {
            continue;
        }
        let looked = looked.unwrap_or(moment.now);
        let ending = custom_extension::assignments_ending(
            tx,
            looked.plus(lead).max(moment.now),
            moment.now.plus(lead),
            stage,
        )?;
        for id in ending {
            announce(tx, moment, stage, id)?;
            count += 1;
        }
        setting::set(tx, &name(stage), &moment.now.micros().to_string())?;
    }
    Ok(count)
}

fn announce(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    stage: Stage,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let Some(held) = store::assignment::find(tx, id)? else {
        return Ok(());
    };
    let request = store::assignment_request::find_origin(tx, id)?;
    for (extension, is_handler) in custom_extension::at_stage(tx, held.assignment_policy_id, stage)?
    {
        let mut callout = new_callout(moment, &extension, is_handler, stage);
        callout.assignment_id = Some(id);
        callout.about_end = held.ends_at;
        callout.data = data::of_assignment(tx, &held, request, &callout)?.to_string();
        extension_callout::insert(tx, &callout)?;
    }
    Ok(())
}
