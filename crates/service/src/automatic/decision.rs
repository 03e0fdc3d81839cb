//! What the rules of one package mean for one user.
//!
//! **Invariant:** a function of values: whoever acts on it and whoever only shows it decide alike.

use domain::id::PolicyId;
use domain::membership_rule::Facts;

use super::rules::{Known, Package};

/// What a user has of a package by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holding {
    /// By which policy.
    pub(super) policy_id: PolicyId,
    /// It could not be delivered, and is not tried again by itself.
    pub(super) has_failed: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision<'p> {
    /// No rule selects the user, who has nothing by one.
    Nothing,
    /// The user has the package by a policy without a rule, and keeps it (OM-3).
    Elsewhere,
    /// The user should get it, and somebody took it on purpose (AU-9).
    Suppressed(&'p Known),
    /// The user gets it by this policy.
    Gain(&'p Known),
    /// The user has it by this policy, which selects them.
    Keep(&'p Known),
    /// The user has it by another policy, and this one owns it now (AU-2).
    Move(&'p Known),
    /// The user has it by this policy, which no longer selects them and takes nothing away.
    KeepUnselected(&'p Known),
    /// The user has it by this policy, which no longer selects them.
    Lose(&'p Known),
    /// It could not be delivered: a person has to look.
    Failed,
    /// Nobody understands the rule by which the user has it: nothing is added or removed (AU-6).
    Quarantined,
}

/// Whether the rule of a policy selects a user.
pub(super) fn selects(known: &Known, facts: &Facts) -> bool {
    known.rule.as_ref().is_ok_and(|rule| rule.matches(facts))
}

/// Decides about one user.
pub(super) fn decide<'p>(
    package: &'p Package,
    facts: &Facts,
    holding: Option<Holding>,
    is_suppressed: impl Fn(PolicyId) -> bool,
) -> Decision<'p> {
    let mut selecting = package
        .policies
        .iter()
        .filter(|known| selects(known, facts));
    let Some(holding) = holding else {
        let mut suppressed = None;
        for known in selecting.filter(|known| known.policy.settings.adds) {
            if !is_suppressed(known.id()) {
                return Decision::Gain(known);
            }
            suppressed = suppressed.or(Some(known));
        }
        return suppressed.map_or(Decision::Nothing, Decision::Suppressed);
    };
    let Some(own) = package.policy(holding.policy_id) else {
        return Decision::Elsewhere;
    };
    if own.rule.is_err() {
        return Decision::Quarantined;
    }
    let owner = selecting.find(|known| known.policy.settings.adds || known.id() == own.id());
    match owner {
        Some(_) if holding.has_failed => Decision::Failed,
        Some(owner) if owner.id() == own.id() => Decision::Keep(own),
        Some(owner) => Decision::Move(owner),
        None if own.policy.settings.removes => Decision::Lose(own),
        None => Decision::KeepUnselected(own),
    }
}
