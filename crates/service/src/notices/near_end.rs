//! Fourteen days and one day before access ends (A6, A7, N19).
//!
//! **Invariant:** up to which end was announced moves on in the transaction that writes the notices, so each end is
//! announced once, whatever stops the process, and however far the clock is moved forward.

use std::collections::BTreeMap;

use domain::assignment::{self, Assignment, State};
use domain::id::{AssignmentId, PolicyId};
use domain::time::{Duration, Timestamp};
use store::notice::Announced;
use store::{ReadTx, WriteTx, setting};
use uuid::Uuid;

use super::near_end;
use crate::ctx::Moment;
use crate::error::ServiceError;

/// How long before the end, and what the assignment shows from then on.
const LEADS: [(i64, &str); 2] = [
    (14, assignment::NEAR_EXPIRY_14_DAYS),
    (1, assignment::NEAR_EXPIRY_1_DAY),
];

/// At most so many of each kind in one transaction.
const BATCH: i64 = 200;

fn name(days: i64) -> String {
    format!("notices.announced.{days}")
}

fn announced(tx: &mut ReadTx<'_>, days: i64) -> Result<Announced, ServiceError> {
    let kept = setting::find(tx, &name(days))?;
    let read = kept.as_deref().and_then(|text| {
        let (end, id) = text.split_once(' ')?;
        Some(Announced {
            ends_at: Timestamp::from_micros(end.parse().ok()?),
            id: id.parse().ok()?,
        })
    });
    Ok(read.unwrap_or(Announced {
        ends_at: Timestamp::from_micros(0),
        id: AssignmentId::new(Uuid::nil()),
    }))
}

/// When the next end is to be looked at.
pub(crate) fn next(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, ServiceError> {
    let mut next: Option<Timestamp> = None;
    for (days, _) in LEADS {
        let after = announced(tx, days)?;
        if let Some(end) = store::notice::next_end(tx, after)? {
            let due = end.ends_at.minus(Duration::from_days(days));
            next = Some(next.map_or(due, |earlier| earlier.min(due)));
        }
    }
    Ok(next)
}

/// Announces the ends that came near; answers how many were looked at.
pub(crate) fn reach_ends(tx: &mut WriteTx<'_>, moment: &Moment) -> Result<usize, ServiceError> {
    let mut policies = BTreeMap::new();
    let mut count = 0;
    for (days, status) in LEADS {
        let (after, lead) = (announced(tx, days)?, Duration::from_days(days));
        let ends = store::notice::ending(tx, after, moment.now.plus(lead), BATCH)?;
        count += ends.len();
        for end in &ends {
            if let Some(mut assignment) = store::assignment::find(tx, end.id)?
                && is_announced(tx, &mut policies, moment, &assignment, lead)?
            {
                let about = format!("{}/{}/{days}", end.id, end.ends_at.micros());
                near_end(tx, moment, end.id, assignment.target_id, about)?;
                status.clone_into(&mut assignment.status);
                store::assignment::save(tx, &assignment)?;
            }
        }
        if let Some(last) = ends.last() {
            let text = format!("{} {}", last.ends_at.micros(), last.id);
            setting::set(tx, &name(days), &text)?;
        }
    }
    Ok(count)
}

/// Whether the holder is told: who has the access, may ask for more of it, and had it for longer than it is to last now.
fn is_announced(
    tx: &mut ReadTx<'_>,
    policies: &mut BTreeMap<PolicyId, bool>,
    moment: &Moment,
    assignment: &Assignment,
    lead: Duration,
) -> Result<bool, ServiceError> {
    let is_held = matches!(
        assignment.state,
        State::Delivered | State::PartiallyDelivered
    );
    let Some(end) = assignment
        .ends_at
        .filter(|end| is_held && *end > moment.now)
    else {
        return Ok(false);
    };
    if assignment.starts_at > end.minus(lead) {
        return Ok(false);
    }
    if let Some(known) = policies.get(&assignment.assignment_policy_id) {
        return Ok(*known);
    }
    let policy = store::assignment_policy::find_policy(tx, assignment.assignment_policy_id)?;
    let tells =
        policy.is_some_and(|policy| policy.can_extend && !policy.settings.notifications_disabled);
    policies.insert(assignment.assignment_policy_id, tells);
    Ok(tells)
}
