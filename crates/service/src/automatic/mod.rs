//! Assignment by rule: who gets a package, keeps it and loses it because of their attributes (section 6.8).
//!
//! Reasons to look at somebody are rows: a mark for a user who changed, a sweep for a policy that was written, a note for
//! what has to wait. The engine works them off in small transactions, so that nothing is lost with a process.
//!
//! **Invariant:** one function decides about one user and one package ([`decision::decide`]), whatever the reason to look.

mod decision;
pub mod preview;
mod requests;
mod rules;
mod settle;
pub mod status;
mod sweep;
#[cfg(test)]
mod tests;

use domain::assignment::Assignment;
use store::automatic::note::{self, Kind, Note};
use store::automatic::{due, facts};
use store::{ReadTx, WriteTx, automatic};

pub use rules::Rules;

use crate::ctx::{Moment, Service};
use crate::error::ServiceError;
use rules::Package;
use settle::Case;

/// At most so many users are changed in one transaction.
const BATCH: i64 = 100;

/// The text beside the state of an assignment that the rule no longer gives (A10).
const IN_GRACE: &str = "AutoAssignmentInGracePeriod";

/// Does some of what is due; answers how many users were looked at, and zero when nothing is left.
pub async fn run_due(service: &Service) -> Result<usize, ServiceError> {
    let now = service.clock.now();
    let is_due = service
        .store
        .read(move |tx| -> Result<bool, ServiceError> {
            Ok(due::is_any(tx)? || note::next_due(tx)?.is_some_and(|due| due <= now))
        })
        .await?;
    if !is_due {
        return Ok(0);
    }
    let (moment, ctx) = (service.moment(), service.system());
    let (rules, settings) = (service.rules.clone(), service.settings.clone());
    service
        .store
        .write(move |tx| -> Result<usize, ServiceError> {
            let packages = rules.packages(tx)?;
            let mut case = Case::new(
                &moment,
                &ctx,
                &packages,
                settings.auto_assignment_max_targets,
            );
            let looked_at = noted(tx, &mut case)? + marked(tx, &mut case)?;
            if looked_at > 0 {
                return Ok(looked_at);
            }
            sweep::step(tx, &mut case)
        })
        .await
}

/// Users about whom a note is due: their time is up, or what stood in the way may be gone.
fn noted(tx: &mut WriteTx<'_>, case: &mut Case<'_>) -> Result<usize, ServiceError> {
    let now = case.moment.now;
    let users = note::due(tx, now, BATCH)?;
    for user in &users {
        settle::settle(tx, case, *user)?;
        // What cannot be done now has a mark to come when it can.
        for still in note::of_user(tx, *user)? {
            if still.due_at.is_some_and(|due| due <= now) {
                note::write(
                    tx,
                    &Note {
                        due_at: None,
                        ..still
                    },
                )?;
            }
        }
    }
    Ok(users.len())
}

/// Users who changed, or of whom a request ended.
fn marked(tx: &mut WriteTx<'_>, case: &mut Case<'_>) -> Result<usize, ServiceError> {
    let users = due::take(tx, BATCH)?;
    for user in &users {
        // First, as settling may leave a mark of its own.
        due::settled(tx, *user)?;
        settle::settle(tx, case, *user)?;
    }
    Ok(users.len())
}

/// Remembers that an assignment is ended on purpose although the rule gives it: it does not come back before the rule says
/// something else of the user, or the policy is saved again (AU-9).
pub(crate) fn suppress(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    assignment: &Assignment,
    reason: &str,
) -> Result<(), ServiceError> {
    let policies = automatic::of_package(tx, assignment.access_package_id)?;
    let is_by_rule = policies
        .iter()
        .any(|policy| policy.policy_id == assignment.assignment_policy_id);
    if !is_by_rule {
        return Ok(());
    }
    let subject = store::subject::find(tx, assignment.target_id)?;
    let Some(object_id) = subject.and_then(|subject| subject.object_id) else {
        return Ok(());
    };
    for policy in policies {
        let Ok(rule) = policy.parse() else { continue };
        let selects = facts::of_user(tx, object_id, rule.attributes())?
            .is_some_and(|facts| rule.matches(&facts));
        if selects {
            note::write(
                tx,
                &Note {
                    policy_id: policy.policy_id,
                    object_id,
                    kind: Kind::Suppressed,
                    reason: reason.to_owned(),
                    noted_at: moment.now,
                    due_at: None,
                },
            )?;
        }
    }
    Ok(())
}

/// The packages with rules, without the cache: for those who only read.
fn read_packages(tx: &mut ReadTx<'_>) -> Result<Vec<Package>, ServiceError> {
    Rules::default().packages(tx)
}
