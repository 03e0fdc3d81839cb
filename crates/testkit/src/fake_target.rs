//! A target in memory: who has which role, how often that really changed, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Operation, Order, Outcome, Presence, Subject,
};
use domain::id::ObjectId;
use tokio::sync::Notify;

/// A role of a resource, and who has it.
pub(crate) type Grant = (String, ObjectId);

/// The target; every answer of it is a proof of the effect.
#[derive(Debug, Default)]
pub struct FakeTarget {
    state: Mutex<State>,
    stuck: Notify,
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    grants: BTreeSet<Grant>,
    changes: BTreeMap<Grant, usize>,
    writes: usize,
    reads: usize,
    is_down: bool,
    refused: BTreeSet<ObjectId>,
    sticks_after: Option<usize>,
}

impl FakeTarget {
    /// For so many subjects it takes one write.
    pub const AT_ONCE: usize = 20;

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics under this lock")
    }

    /// Cannot be reached from now on.
    pub fn goes_down(&self) {
        self.state().is_down = true;
    }

    /// Answers again.
    pub fn comes_up(&self) {
        self.state().is_down = false;
    }

    /// Refuses everything for this subject, for good.
    pub fn refuses(&self, subject: ObjectId) {
        self.state().refused.insert(subject);
    }

    /// Takes everybody again.
    pub fn refuses_nobody(&self) {
        self.state().refused.clear();
    }

    /// Carries out so many more writes, then one whose answer does not come before [`Self::answers_at_last`].
    pub fn sticks_after(&self, writes: usize) {
        self.state().sticks_after = Some(writes);
    }

    /// Answers every write again.
    pub fn sticks_no_more(&self) {
        self.state().sticks_after = None;
    }

    /// Lets the answer come of a write that is stuck.
    pub fn answers_at_last(&self) {
        self.released.notify_one();
    }

    /// Waits until a write is stuck.
    pub async fn stuck(&self) {
        self.stuck.notified().await;
    }

    /// Whether the subject has the role, such as `Member_{group id}`.
    pub fn has(&self, role: &str, subject: ObjectId) -> bool {
        self.state().grants.contains(&(role.to_owned(), subject))
    }

    /// Everything that is granted.
    pub(crate) fn grants(&self) -> BTreeSet<Grant> {
        self.state().grants.clone()
    }

    /// Somebody takes a role away behind Reeve's back; false if it was not there.
    pub fn loses(&self, role: &str, subject: ObjectId) -> bool {
        self.state().grants.remove(&(role.to_owned(), subject))
    }

    /// Somebody gives a role behind Reeve's back.
    pub fn gains(&self, role: &str, subject: ObjectId) {
        self.state().grants.insert((role.to_owned(), subject));
    }

    /// How often the grant really came or went by a write of Reeve's.
    pub fn changes(&self, role: &str, subject: ObjectId) -> usize {
        let changes = &self.state().changes;
        changes
            .get(&(role.to_owned(), subject))
            .copied()
            .unwrap_or_default()
    }

    /// Writes so far, whatever came of them.
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    /// Reads so far.
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    /// Carries the change out; false if its answer is never to come.
    fn carry_out(&self, change: &Change) -> (Vec<Outcome>, bool) {
        let mut state = self.state();
        state.writes += 1;
        let answers = match &mut state.sticks_after {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        };
        let outcomes = change
            .subjects
            .iter()
            .map(|subject| state.change_one(change.operation, &change.object, subject));
        (outcomes.collect(), answers)
    }
}

impl State {
    fn change_one(&mut self, operation: Operation, object: &Object, subject: &Subject) -> Outcome {
        if self.is_down {
            return down();
        }
        if self.refused.contains(&subject.object_id) {
            return Outcome::refused(FailureCode::OriginAccessDenied, "the target refuses them");
        }
        let grant = grant(object, subject);
        let did = match operation {
            Operation::Add => self.grants.insert(grant.clone()),
            Operation::Remove => self.grants.remove(&grant),
        };
        if !did {
            return Outcome::AlreadySo;
        }
        *self.changes.entry(grant).or_default() += 1;
        Outcome::Done { verified: true }
    }
}

fn grant(object: &Object, subject: &Subject) -> Grant {
    (object.role_origin_id.clone(), subject.object_id)
}

fn down() -> Outcome {
    Outcome::retry(
        FailureCode::OriginUnavailable,
        "the target cannot be reached",
    )
}

impl Connector for FakeTarget {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: Self::AT_ONCE,
            max_in_flight: 4,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(async move {
            let (outcomes, answers) = self.carry_out(change);
            if !answers {
                self.stuck.notify_one();
                self.released.notified().await;
            }
            Applied::Each(outcomes)
        })
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(async move {
            let mut state = self.state();
            state.reads += 1;
            if state.is_down {
                return Err(down());
            }
            let presence = |subject: &Subject| {
                if state.grants.contains(&grant(object, subject)) {
                    Presence::Present
                } else {
                    Presence::Absent
                }
            };
            Ok(subjects.iter().map(presence).collect())
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async {
            if self.state().is_down {
                return Err(down());
            }
            Ok("in memory".to_owned())
        })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

/// Members are known by accounts that only this target understands.
fn account(subject: ObjectId) -> String {
    format!("account/{subject}")
}

impl Lister for FakeTarget {
    fn order(&self) -> Order {
        Order::Any
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        _from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(async move {
            let state = self.state();
            if state.is_down {
                return Err(down());
            }
            let members = state.grants.iter();
            let members = members.filter(|(role, _)| *role == object.role_origin_id);
            Ok(Listing {
                members: members
                    .map(|(_, subject)| Member {
                        keys: vec![account(*subject)],
                        label: account(*subject),
                    })
                    .collect(),
                next: None,
            })
        })
    }

    fn keys<'a>(
        &'a self,
        _: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        let keys = |one: &Subject| Keys::Known(vec![account(one.object_id)]);
        let keys = subjects.iter().map(keys).collect();
        Box::pin(async { Ok(keys) })
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        let clue = |one: &Member| vec![one.label.trim_start_matches("account/").to_owned()];
        let clues = members.iter().map(clue).collect();
        Box::pin(async { Ok(clues) })
    }
}
