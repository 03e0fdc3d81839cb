//! What reprocessing would do to the grants behind it, by the same reads that planning makes; nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::assignment_request::Purpose;
use domain::id::{AssignmentId, GrantId};
use domain::ledger::Observed;
use store::ReadTx;
use store::ledger::{plan, watch};
use store::reprocess_job::facts;
use store::reprocess_job::tally::TargetTally;

/// What is to happen to an assignment.
pub(super) type Wish = (AssignmentId, Purpose);

/// Grants that are missing, go, and stay.
pub(super) type Effect = (i64, i64, i64);

/// What would be done.
#[derive(Debug, Default)]
pub(super) struct Forecast {
    /// For each assignment.
    pub(super) effects: BTreeMap<AssignmentId, Effect>,
    /// In each target.
    pub(super) targets: BTreeMap<String, TargetTally>,
    /// Assignments for which nothing is to be changed as far as the ledger knows, with their grants.
    pub(super) steady: BTreeMap<AssignmentId, Vec<GrantId>>,
}

/// Looks ahead for assignments that are to be enforced, or removed.
pub(super) fn forecast(tx: &mut ReadTx<'_>, wishes: &[Wish]) -> Result<Forecast, store::Error> {
    let of = |purposes: &[Purpose]| -> BTreeSet<AssignmentId> {
        wishes
            .iter()
            .filter(|(_, purpose)| purposes.contains(purpose))
            .map(|(assignment, _)| *assignment)
            .collect()
    };
    let enforced = of(&[Purpose::Add, Purpose::Enforce]);
    let removed = of(&[Purpose::Remove]);
    let linked: BTreeSet<(AssignmentId, GrantId)> =
        plan::linked(tx, enforced.union(&removed).copied())?
            .into_iter()
            .collect();
    let mut wanted = BTreeSet::new();
    let mut lacking = BTreeSet::new();
    let mut seen = Seen::default();
    for one in plan::wanted(tx, enforced.iter().copied())? {
        if let Some(grant) = one.grant_id {
            wanted.insert((one.assignment_id, grant));
        } else {
            lacking.insert(one.assignment_id);
            seen.count(one.assignment_id, &one.target, Kind::Add);
        }
    }
    let mut going: BTreeSet<_> = linked.difference(&wanted).copied().collect();
    going.extend(facts::unfinished(tx, removed.iter().copied())?);
    let unattended = watch::unattended(tx, enforced.union(&removed).copied())?;
    going.extend(unattended.into_iter().filter(|pair| !wanted.contains(pair)));

    lacking.extend(
        wanted
            .difference(&linked)
            .map(|(assignment, _)| *assignment),
    );
    lacking.extend(going.iter().map(|(assignment, _)| *assignment));
    let mut steady: BTreeMap<AssignmentId, Vec<GrantId>> = BTreeMap::new();
    for (assignment, grant) in &wanted {
        if !lacking.contains(assignment) {
            steady.entry(*assignment).or_default().push(*grant);
        }
    }

    let grants: BTreeSet<GrantId> = wanted.iter().chain(&going).map(|(_, id)| *id).collect();
    let standing: BTreeMap<GrantId, (String, Observed)> = facts::grants(tx, grants)?
        .into_iter()
        .map(|(grant, target, observed)| (grant, (target, observed)))
        .collect();
    // Whatever is wanted now justifies its grant, whether its assignment is live already or becomes so.
    let mut kept: BTreeSet<GrantId> = wanted.iter().map(|(_, grant)| *grant).collect();
    let justified = facts::justified(tx, going.iter().map(|(_, grant)| *grant))?;
    kept.extend(
        justified
            .into_iter()
            .filter(|(grant, assignment)| !going.contains(&(*assignment, *grant)))
            .map(|(grant, _)| grant),
    );
    for (assignment, grant) in wanted {
        if let Some((target, observed)) = standing.get(&grant) {
            let kind = match observed {
                Observed::Present => Kind::Keep,
                Observed::Absent | Observed::Unknown => Kind::Add,
            };
            seen.count(assignment, target, kind);
        }
    }
    for (assignment, grant) in going {
        if let Some((target, observed)) = standing.get(&grant)
            && *observed != Observed::Absent
        {
            let kind = if kept.contains(&grant) {
                Kind::Keep
            } else {
                Kind::Remove
            };
            seen.count(assignment, target, kind);
        }
    }
    seen.forecast.steady = steady;
    Ok(seen.forecast)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Add,
    Remove,
    Keep,
}

#[derive(Debug, Default)]
struct Seen {
    forecast: Forecast,
}

impl Seen {
    fn count(&mut self, assignment: AssignmentId, target: &str, kind: Kind) {
        let effect = self.forecast.effects.entry(assignment).or_default();
        let tally = self.forecast.targets.entry(target.to_owned()).or_default();
        let (of_item, of_target) = match kind {
            Kind::Add => (&mut effect.0, &mut tally.adds),
            Kind::Remove => (&mut effect.1, &mut tally.removes),
            Kind::Keep => (&mut effect.2, &mut tally.kept),
        };
        *of_item += 1;
        *of_target += 1;
    }
}
