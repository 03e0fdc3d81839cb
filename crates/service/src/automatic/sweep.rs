//! Asks the rules of a package of everybody, a page of users at a time.
//!
//! **Invariant:** only those are settled for whom something may follow; how far the sweep is stands in the transaction that
//! did it.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::ObjectId;
use domain::membership_rule::Facts;
use store::WriteTx;
use store::automatic::facts;
use store::automatic::sweep::{self, Held};

use super::decision::{Decision, Holding, decide};
use super::rules::{Package, attributes};
use super::settle::{Case, settle};
use super::{BATCH, IN_GRACE};
use crate::error::ServiceError;

/// So many users are looked at in one transaction: enough that its commit costs little beside them, few enough that it
/// holds up no other writer for longer than some hundredths of a second.
pub(super) const PAGE: i64 = 5000;

/// The next page of the next sweep; answers how many users were looked at, at least one while there is a sweep.
pub(super) fn step(tx: &mut WriteTx<'_>, case: &mut Case<'_>) -> Result<usize, ServiceError> {
    let Some(found) = sweep::next(tx)? else {
        return Ok(0);
    };
    let (id, now) = (found.access_package_id, case.moment.now);
    let former = Package {
        id,
        policies: Vec::new(),
    };
    let package = case.packages.iter().find(|package| package.id == id);
    let package = package.unwrap_or(&former);
    let wanted = attributes([package]);
    let people = facts::page(tx, found.after, PAGE, &wanted)?;
    let Some(last) = people.last().map(|person| person.id) else {
        sweep::finish(tx, &found, now)?;
        return Ok(1);
    };
    let held: BTreeMap<ObjectId, Held> = sweep::held(tx, id, found.after, last)?
        .into_iter()
        .collect();
    let noted: BTreeSet<ObjectId> = sweep::noted(tx, id, found.after, last)?
        .into_iter()
        .collect();
    let (mut looked_at, mut settled) = (0, 0);
    let mut to = last;
    for person in &people {
        looked_at += 1;
        if !noted.contains(&person.id) && !may_change(package, &person.facts, held.get(&person.id))
        {
            continue;
        }
        settle(tx, case, person.id)?;
        settled += 1;
        if settled == BATCH {
            to = person.id;
            break;
        }
    }
    let count = usize::try_from(looked_at).unwrap_or(usize::MAX);
    let is_last_page = i64::try_from(people.len()).unwrap_or(PAGE) < PAGE;
    if to == last && is_last_page {
        sweep::finish(tx, &found, now)?;
    } else {
        sweep::advance(tx, &found, to, looked_at)?;
    }
    Ok(count)
}

/// Whether settling might change something for a user of whom nothing is noted.
fn may_change(package: &Package, facts: &Facts, held: Option<&Held>) -> bool {
    let holding = held.map(|held| Holding {
        policy_id: held.policy_id,
        has_failed: false,
    });
    match decide(package, facts, holding, |_| false) {
        Decision::Nothing | Decision::Elsewhere | Decision::Quarantined | Decision::Failed => false,
        Decision::Keep(_) | Decision::KeepUnselected(_) => {
            held.is_some_and(|held| held.status == IN_GRACE)
        }
        Decision::Suppressed(_) | Decision::Gain(_) | Decision::Move(_) | Decision::Lose(_) => true,
    }
}
