//! Brings one user to what the rules say.
//!
//! **Invariant:** settling twice changes nothing the second time. What cannot be done yet is done when the request that is
//! in the way ends, because that marks the user.

use std::collections::BTreeMap;

use domain::assignment::{Assignment, State};
use domain::id::{AccessPackageId, ObjectId, PolicyId, SubjectId};
use domain::membership_rule::{Attribute, Facts};
use domain::time::Duration;
use store::automatic::facts;
use store::automatic::note::{self, Kind, Note};
use store::{WriteTx, automatic};

use super::IN_GRACE;
use super::decision::{Decision, Holding, decide, selects};
use super::requests;
use super::rules::{Known, Package, attributes};
use crate::audit;
use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;

/// What stood in the way of an assignment is looked at again after this time.
const LOOK_AGAIN: Duration = Duration::from_minutes(60);

/// What all users of one transaction share.
pub(super) struct Case<'a> {
    pub(super) moment: &'a Moment,
    pub(super) ctx: &'a Ctx,
    pub(super) packages: &'a [Package],
    pub(super) max_targets: i64,
    wanted: Vec<Attribute>,
    held: BTreeMap<PolicyId, i64>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        moment: &'a Moment,
        ctx: &'a Ctx,
        packages: &'a [Package],
        max_targets: i64,
    ) -> Self {
        Self {
            moment,
            ctx,
            packages,
            max_targets,
            wanted: attributes(packages),
            held: BTreeMap::new(),
        }
    }

    /// Whether one more may have the package by this policy (AU-3).
    fn has_room(&mut self, tx: &mut WriteTx<'_>, policy: PolicyId) -> Result<bool, ServiceError> {
        let held = match self.held.get(&policy) {
            Some(held) => *held,
            None => automatic::count_held(tx, policy)?,
        };
        self.held.insert(policy, held);
        Ok(held < self.max_targets)
    }

    fn count_one(&mut self, policy: PolicyId) {
        *self.held.entry(policy).or_default() += 1;
    }
}

/// Looks at a user and does what follows. A deleted user keeps what they have until they are back (AS-16).
pub(super) fn settle(
    tx: &mut WriteTx<'_>,
    case: &mut Case<'_>,
    user: ObjectId,
) -> Result<(), ServiceError> {
    let Some(facts) = facts::of_user(tx, user, &case.wanted)? else {
        return Ok(());
    };
    let subject = store::subject::find_by_object(tx, user)?.map(|subject| subject.id);
    let assignments = match subject {
        Some(subject) => store::assignment::unexpired_of(tx, subject)?,
        None => Vec::new(),
    };
    let notes = note::of_user(tx, user)?;
    let packages = case.packages;
    for package in packages {
        let own: Vec<&Note> = notes
            .iter()
            .filter(|note| package.policy(note.policy_id).is_some())
            .collect();
        let person = Person {
            user,
            subject,
            package,
            facts: &facts,
            assignment: held_of(&assignments, package.id),
            notes: own,
        };
        person.settle(tx, case)?;
    }
    for note in &notes {
        let is_known = packages
            .iter()
            .any(|package| package.policy(note.policy_id).is_some());
        if !is_known {
            forget_of_former(tx, case.moment, note, &assignments)?;
        }
    }
    Ok(())
}

/// The assignment of a package that counts: the live one, else one that could not be delivered.
fn held_of(assignments: &[Assignment], package: AccessPackageId) -> Option<&Assignment> {
    let mut of_package = assignments
        .iter()
        .filter(|one| one.access_package_id == package);
    let first = of_package
        .clone()
        .find(|one| one.state != State::DeliveryFailed);
    first.or_else(|| of_package.next())
}

/// A note for a policy that has no rule any more: whoever was about to lose the package by it keeps it (AS-6).
fn forget_of_former(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    note: &Note,
    assignments: &[Assignment],
) -> Result<(), ServiceError> {
    let kept = assignments
        .iter()
        .filter(|one| one.assignment_policy_id == note.policy_id);
    for assignment in kept {
        show_status(tx, moment, assignment, assignment.state.status())?;
    }
    Ok(note::delete(tx, note.policy_id, note.object_id)?)
}

/// Shows or hides that time is running, where it is shown.
fn show_status(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    assignment: &Assignment,
    status: &str,
) -> Result<(), ServiceError> {
    let is_settled = matches!(
        assignment.state,
        State::Delivered | State::PartiallyDelivered
    );
    let touches = assignment.status == IN_GRACE || status == IN_GRACE;
    if is_settled && touches && assignment.status != status {
        let mut shown = assignment.clone();
        status.clone_into(&mut shown.status);
        shown.modified_at = moment.now;
        store::assignment::save(tx, &shown)?;
    }
    Ok(())
}

/// One user and one package.
struct Person<'s> {
    user: ObjectId,
    subject: Option<SubjectId>,
    package: &'s Package,
    facts: &'s Facts,
    assignment: Option<&'s Assignment>,
    /// What is noted for the automatic policies of the package.
    notes: Vec<&'s Note>,
}

impl Person<'_> {
    fn note(&self, policy: PolicyId, kind: Kind) -> Option<&Note> {
        self.notes
            .iter()
            .copied()
            .find(|note| note.policy_id == policy && note.kind == kind)
    }

    /// Takes away the notes of these kinds, but for those that `stays` wants.
    fn forget(
        &self,
        tx: &mut WriteTx<'_>,
        kinds: &[Kind],
        stays: impl Fn(&Note) -> bool,
    ) -> Result<(), ServiceError> {
        for note in &self.notes {
            if kinds.contains(&note.kind) && !stays(note) {
                note::delete(tx, note.policy_id, note.object_id)?;
            }
        }
        Ok(())
    }

    fn settle(&self, tx: &mut WriteTx<'_>, case: &mut Case<'_>) -> Result<(), ServiceError> {
        // AU-9: what was suppressed is so only as long as the rule goes on selecting the user.
        self.forget(tx, &[Kind::Suppressed, Kind::Skipped], |note| {
            self.package
                .policy(note.policy_id)
                .is_some_and(|known| selects(known, self.facts))
        })?;
        let holding = self.assignment.map(|held| Holding {
            policy_id: held.assignment_policy_id,
            has_failed: held.state == State::DeliveryFailed,
        });
        let is_suppressed = |policy| self.note(policy, Kind::Suppressed).is_some();
        let decision = decide(self.package, self.facts, holding, is_suppressed);
        match (decision, self.assignment) {
            (Decision::Gain(known), _) => {
                self.forget(tx, &[Kind::Grace], |_| false)?;
                self.forget(tx, &[Kind::Skipped], |note| note.policy_id == known.id())?;
                self.gain(tx, case, known)
            }
            (Decision::Nothing | Decision::Suppressed(_), _) => {
                self.forget(tx, &[Kind::Grace, Kind::Skipped], |_| false)
            }
            (Decision::Elsewhere, _) => self.forget(tx, &[Kind::Grace, Kind::Skipped], |_| false),
            (Decision::Keep(_) | Decision::KeepUnselected(_), Some(held)) => {
                self.held_on(tx, held)?;
                show_status(tx, case.moment, held, held.state.status())
            }
            (Decision::Move(owner), Some(held)) => {
                self.held_on(tx, held)?;
                hand_over(tx, case, held, owner)
            }
            (Decision::Lose(known), Some(held)) => {
                self.forget(tx, &[Kind::Skipped], |_| false)?;
                self.lose(tx, case, held, known)
            }
            (Decision::Failed | Decision::Quarantined, _)
            | (
                Decision::Keep(_)
                | Decision::KeepUnselected(_)
                | Decision::Move(_)
                | Decision::Lose(_),
                None,
            ) => Ok(()),
        }
    }

    /// The user has the package and keeps it: nothing of what was noted is of use, once no removal is under way.
    fn held_on(&self, tx: &mut WriteTx<'_>, held: &Assignment) -> Result<(), ServiceError> {
        self.forget(tx, &[Kind::Skipped, Kind::Grace], |_| false)?;
        if held.state == State::Delivered {
            self.forget(tx, &[Kind::Suppressed], |_| false)?;
        }
        Ok(())
    }

    fn gain(
        &self,
        tx: &mut WriteTx<'_>,
        case: &mut Case<'_>,
        known: &Known,
    ) -> Result<(), ServiceError> {
        if let Some(subject) = self.subject
            && store::assignment_request::find_open(tx, subject, self.package.id)?.is_some()
        {
            return Ok(());
        }
        let obstacle = if case.has_room(tx, known.id())? {
            requests::obstacle(tx, case.moment, self.package.id, self.subject, self.user)?
        } else {
            Some(requests::no_room(case.max_targets))
        };
        let outcome = match obstacle {
            Some(reason) => Err(reason),
            None => requests::add(tx, case.moment, case.ctx, known, self.user)?,
        };
        match outcome {
            Ok(()) => {
                case.count_one(known.id());
                self.forget(tx, &[Kind::Skipped], |_| false)
            }
            Err(reason) => {
                let before = self.note(known.id(), Kind::Skipped);
                let noted_at = before.map_or(case.moment.now, |note| note.noted_at);
                Ok(note::write(
                    tx,
                    &Note {
                        policy_id: known.id(),
                        object_id: self.user,
                        kind: Kind::Skipped,
                        reason,
                        noted_at,
                        due_at: Some(case.moment.now.plus(LOOK_AGAIN)),
                    },
                )?)
            }
        }
    }

    /// The rule no longer gives the package: time begins to run, or is up (A10).
    fn lose(
        &self,
        tx: &mut WriteTx<'_>,
        case: &Case<'_>,
        held: &Assignment,
        known: &Known,
    ) -> Result<(), ServiceError> {
        let now = case.moment.now;
        let note = self.note(known.id(), Kind::Grace);
        let left_at = note.map_or(now, |note| note.noted_at);
        let grace = known.policy.settings.grace.unwrap_or_default();
        let ends_at = left_at.plus(grace);
        if ends_at <= now || held.state == State::DeliveryFailed {
            if requests::remove(tx, case.moment, case.ctx, held)? {
                note::delete(tx, known.id(), self.user)?;
            }
            return Ok(());
        }
        if note.is_none_or(|note| note.due_at != Some(ends_at)) {
            note::write(
                tx,
                &Note {
                    policy_id: known.id(),
                    object_id: self.user,
                    kind: Kind::Grace,
                    reason: "the rule no longer selects the user".to_owned(),
                    noted_at: left_at,
                    due_at: Some(ends_at),
                },
            )?;
        }
        show_status(tx, case.moment, held, IN_GRACE)
    }
}

/// The assignment goes by another policy from now on; dates and access stay (AU-2).
fn hand_over(
    tx: &mut WriteTx<'_>,
    case: &Case<'_>,
    held: &Assignment,
    owner: &Known,
) -> Result<(), ServiceError> {
    let status = if held.status == IN_GRACE {
        held.state.status()
    } else {
        &held.status
    };
    let version = (held.id, held.version);
    automatic::hand_over(tx, version, owner.id(), status, case.moment.now)?;
    let event = requests::handed_over(held, owner.id());
    Ok(audit::record(tx, case.moment, case.ctx, event)?)
}
