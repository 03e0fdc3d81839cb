//! The judge: looks at states, ledger and targets after every step, and says what is not as it must be.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, ensure};
use domain::assignment;
use domain::assignment_request::{self as request, RequestType, State};
use domain::id::ObjectId;
use domain::ledger::{Observed, Phase};
use domain::reprocess_job::{ItemState, State as JobState};
use domain::time::Timestamp;

use crate::target::{Grant, Target};
use crate::template::TARGETS;
use crate::world::{AssignmentRow, GrantRow, RequestRow, World};

/// A target, a role of it, who has it.
pub(crate) type Access = (usize, String, ObjectId);

/// What the judge remembers.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    requests: BTreeMap<String, String>,
    assignments: BTreeMap<String, String>,
    /// Requests that Reeve said it took.
    accepted: BTreeSet<String>,
    /// Assignments that somebody asked to be removed.
    unwanted: BTreeSet<String>,
    /// Access that was changed behind Reeve's back: nobody can know it before all is enforced again.
    tampered: BTreeSet<Access>,
    /// The same until everything was swept.
    tampered_before: BTreeSet<Access>,
    /// What delivered assignments justified when last looked.
    safe: BTreeSet<Access>,
    /// What targets had when last looked.
    held: BTreeSet<Access>,
    /// The latest time so far: the clock may have jumped back since.
    now: Option<Timestamp>,
}

impl Judge {
    /// Reeve took a request.
    pub(crate) fn accepted(&mut self, id: String) {
        self.accepted.insert(id);
    }

    /// Somebody asked for an assignment to end.
    pub(crate) fn unwanted(&mut self, assignment: String) {
        self.unwanted.insert(assignment);
    }

    /// Somebody changed a target.
    pub(crate) fn tampered(&mut self, access: Access) {
        self.tampered.insert(access);
    }

    /// One of the requests that Reeve took.
    pub(crate) fn any_accepted(&self) -> Option<&String> {
        self.accepted.first()
    }

    /// Whether somebody changed this behind Reeve's back.
    pub(crate) fn was_tampered(&self, target: &str, grant: &(String, ObjectId)) -> bool {
        let number = TARGETS.iter().position(|name| *name == target);
        number.is_some_and(|number| {
            let access = (number, grant.0.clone(), grant.1);
            self.tampered.contains(&access) || self.tampered_before.contains(&access)
        })
    }

    /// Looks at everything, at any time.
    pub(crate) async fn look(&mut self, world: &World) -> anyhow::Result<()> {
        let requests = world.requests().await?;
        let assignments = world.assignments().await?;
        let ledger = world.ledger().await?;
        self.now = self.now.max(Some(world.service.clock.now()));
        for (number, target) in world.targets.iter().enumerate() {
            let misled = target.misled().into_iter();
            let misled = misled.map(|(role, user)| (number, role, user));
            self.tampered.extend(misled);
        }
        self.requests_go_legal_ways(&requests)?;
        self.assignments_go_legal_ways(&assignments)?;
        let held = held(world);
        self.ledger_is_true(&ledger, &held)?;
        for target in &world.targets {
            let collisions = target.collisions();
            ensure!(
                collisions.is_empty(),
                "two writes had the same grants in hand: {collisions:?}"
            );
        }
        let mut safe = justified(world, &assignments, &["delivered"]);
        // What was on its way out before it was justified may go once more; what is sent after that may not.
        let leaving = removing(world);
        safe.retain(|access| self.safe.contains(access) || !leaving.contains(access));
        self.nobody_loses_what_they_hold(&safe, &held)?;
        self.safe = safe;
        self.held = held;
        Ok(())
    }

    /// Looks after everything was swept without a fault: the ledger is true whoever tampered with what, and names all
    /// whom it does not know.
    pub(crate) async fn look_after_sweeps(&mut self, world: &World) -> anyhow::Result<()> {
        self.look(world).await?;
        self.tampered_before = std::mem::take(&mut self.tampered);
        let ledger = world.ledger().await?;
        let held = held(world);
        self.ledger_is_true(&ledger, &held)?;
        let known: BTreeSet<Access> = ledger
            .iter()
            .filter_map(|row| {
                let target = TARGETS.iter().position(|name| *name == row.target)?;
                Some((target, row.role.clone(), row.user))
            })
            .collect();
        // What no package holds and nobody ever was granted is none of Reeve's business.
        let cast = &world.cast;
        let places = cast.packages.iter().flat_map(|package| &package.holds);
        let mut roles: BTreeSet<String> = places
            .filter_map(|number| Some(cast.places.get(*number)?.role.clone()))
            .collect();
        roles.extend(ledger.iter().map(|row| row.role.clone()));
        let extras: BTreeSet<_> = held
            .difference(&known)
            .filter(|(_, role, _)| roles.contains(role))
            .filter_map(|(target, role, user)| {
                let name = (*TARGETS.get(*target)?).to_owned();
                Some((name, role.clone(), user.to_string()))
            })
            .collect();
        let told = world.extras().await?;
        ensure!(
            extras == told,
            "sweeps do not tell who is there: {told:?} instead of {extras:?}"
        );
        Ok(())
    }

    /// Looks at the end, when faults are over and everything was enforced once more.
    pub(crate) async fn look_at_the_end(&mut self, world: &World) -> anyhow::Result<()> {
        self.tampered.clear();
        self.look(world).await?;
        for (id, row) in world.requests().await? {
            ensure!(row.is_complete, "request {id} never ends: {row:?}");
        }
        let live = ["delivering", "delivered", "partiallyDelivered"];
        let assignments = world.assignments().await?;
        let justified = justified(world, &assignments, &live);
        let held = held(world);
        let missing: Vec<_> = justified.difference(&held).collect();
        ensure!(missing.is_empty(), "justified and not there: {missing:?}");
        let lingering: Vec<_> = held.difference(&justified).collect();
        ensure!(lingering.is_empty(), "there for no reason: {lingering:?}");
        for row in world.ledger().await? {
            let is_at_rest = row.phase == Phase::Settled && row.observed.agrees_with(row.desired);
            let theirs = assignments.iter().filter(|(_, one)| one.user == row.user);
            ensure!(
                is_at_rest,
                "the ledger is not at rest: {row:?}; their assignments: {:?}; requests: {:?}",
                theirs.collect::<Vec<_>>(),
                world.requests().await?
            );
        }
        for (id, row) in &assignments {
            ensure!(
                ["delivered", "expired"].contains(&row.state.as_str()),
                "assignment {id} never ends: {row:?}"
            );
        }
        for job in world.jobs().await? {
            ensure!(job.state.is_over(), "a job never ends: {job:?}");
            for item in world.items(job.id).await? {
                let waits = match item.state {
                    ItemState::Planned => job.state == JobState::Completed,
                    ItemState::InDelivery => true,
                    _ => false,
                };
                ensure!(!waits, "nobody says what became of {item:?} of {job:?}");
            }
        }
        let stuck = world.stuck().await?;
        ensure!(stuck.is_empty(), "stuck (L9): {stuck:?}");
        Ok(())
    }

    fn requests_go_legal_ways(
        &mut self,
        rows: &BTreeMap<String, RequestRow>,
    ) -> anyhow::Result<()> {
        for id in &self.accepted {
            ensure!(rows.contains_key(id), "accepted work is lost: request {id}");
        }
        for (id, row) in rows {
            let Some(state) = State::from_name(&row.state) else {
                bail!("request {id} is in no state: {row:?}");
            };
            ensure!(
                state.is_terminal() == row.is_complete,
                "request {id} is complete or not: {row:?}"
            );
            let before = self.requests.insert(id.clone(), row.state.clone());
            let from = before.as_deref().map_or("submitted", |before| before);
            ensure!(
                from == row.state || leads_to(request_steps(), from, &row.state),
                "request {id} went from {from} to {}",
                row.state
            );
            let is_removal = [RequestType::AdminRemove, RequestType::SystemRemove]
                .iter()
                .any(|kind| kind.as_str() == row.kind);
            if is_removal && let Some(assignment) = &row.assignment {
                self.unwanted.insert(assignment.clone());
            }
        }
        Ok(())
    }

    fn assignments_go_legal_ways(
        &mut self,
        rows: &BTreeMap<String, AssignmentRow>,
    ) -> anyhow::Result<()> {
        let now = self.now;
        let mut live = BTreeSet::new();
        for (id, row) in rows {
            let before = self.assignments.insert(id.clone(), row.state.clone());
            let from = before.as_deref().map_or("delivering", |before| before);
            ensure!(
                from == row.state || leads_to(assignment_steps(), from, &row.state),
                "assignment {id} went from {from} to {}",
                row.state
            );
            let is_over = row.state == "expired";
            let may_be_over =
                self.unwanted.contains(id) || row.ends_at.is_some_and(|end| Some(end) <= now);
            ensure!(
                !is_over || may_be_over,
                "assignment {id} ended though nobody asked: {row:?}"
            );
            let counts = ["delivering", "delivered", "partiallyDelivered"];
            ensure!(
                !counts.contains(&row.state.as_str()) || live.insert((row.package, row.user)),
                "somebody has a package twice (OM-3): {row:?}"
            );
        }
        Ok(())
    }

    /// L2: what is settled is so, unless somebody tampered.
    fn ledger_is_true(&self, ledger: &[GrantRow], held: &BTreeSet<Access>) -> anyhow::Result<()> {
        for row in ledger {
            let Some(target) = TARGETS.iter().position(|name| *name == row.target) else {
                continue;
            };
            let access = (target, row.role.clone(), row.user);
            if row.phase != Phase::Settled || self.tampered.contains(&access) {
                continue;
            }
            let is_held = held.contains(&access);
            let is_true = match row.observed {
                Observed::Present => is_held,
                Observed::Absent => !is_held,
                Observed::Unknown => true,
            };
            ensure!(is_true, "the ledger says what is not so: {row:?}");
        }
        Ok(())
    }

    fn nobody_loses_what_they_hold(
        &self,
        safe: &BTreeSet<Access>,
        held: &BTreeSet<Access>,
    ) -> anyhow::Result<()> {
        let lost = self.held.difference(held);
        let wrongly: Vec<_> = lost
            .filter(|access| safe.contains(*access) && self.safe.contains(*access))
            .filter(|access| !self.tampered.contains(*access))
            .collect();
        ensure!(wrongly.is_empty(), "justified access was lost: {wrongly:?}");
        Ok(())
    }
}

/// What the targets have.
fn held(world: &World) -> BTreeSet<Access> {
    access(world, Target::grants)
}

/// What removals are about that targets may still carry out.
fn removing(world: &World) -> BTreeSet<Access> {
    access(world, Target::removing)
}

fn access(world: &World, of: impl Fn(&Target) -> BTreeSet<Grant>) -> BTreeSet<Access> {
    let targets = world.targets.iter().enumerate();
    targets
        .flat_map(|(number, target)| {
            let grants = of(target).into_iter();
            grants.map(move |(role, user)| (number, role, user))
        })
        .collect()
}

/// The access in targets that assignments in these states justify by what their packages hold now.
fn justified(
    world: &World,
    assignments: &BTreeMap<String, AssignmentRow>,
    states: &[&str],
) -> BTreeSet<Access> {
    let mut justified = BTreeSet::new();
    for row in assignments.values() {
        if !states.contains(&row.state.as_str()) {
            continue;
        }
        let package = world.cast.packages.get(row.package);
        for number in package.iter().flat_map(|package| &package.holds) {
            if let Some(place) = world.cast.places.get(*number)
                && let Some(target) = place.target
            {
                justified.insert((target, place.role.clone(), row.user));
            }
        }
    }
    justified
}

fn request_steps() -> Vec<(&'static str, &'static str)> {
    let steps = request::TRANSITIONS.iter();
    steps
        .map(|(from, _, to)| (from.as_str(), to.as_str()))
        .collect()
}

fn assignment_steps() -> Vec<(&'static str, &'static str)> {
    let steps = assignment::TRANSITIONS.iter();
    steps
        .map(|(from, _, to)| (from.as_str(), to.as_str()))
        .collect()
}

/// Whether any number of steps leads from one state to the other.
fn leads_to(steps: Vec<(&str, &str)>, from: &str, to: &str) -> bool {
    let mut reached = vec![from.to_owned()];
    let mut at = 0;
    while let Some(state) = reached.get(at).cloned() {
        for (_, next) in steps.iter().filter(|(from, _)| *from == state) {
            if !reached.iter().any(|known| known == next) {
                reached.push((*next).to_owned());
            }
        }
        at += 1;
    }
    reached.iter().any(|state| state == to)
}
