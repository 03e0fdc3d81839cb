//! The suite that every connector passes (R31), written once and run against each peer.
//!
//! A test brings a [`Fixture`]: a target, a connector to it, and a way to look at and change the target behind the
//! connector's back. [`run`] then goes through every check and says which ones the fixture could not do.
//!
//! **Invariant:** nothing is judged by the connector's own word: after each write the target itself is asked.

mod checks;
mod sample;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::{Applied, BoxFuture, Change, Connector, Object, ObjectId, Operation, Outcome, Subject};

pub use sample::{object, subject};

/// More than any single call may take: a connector's own timeout has to come first.
pub const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A target and what a test can do to it.
pub trait Fixture: Send + Sync {
    /// The connector under test, with credentials that work.
    fn connector(&self) -> Arc<dyn Connector>;

    /// The same target, with credentials that it does not accept.
    fn with_wrong_credentials(&self) -> Arc<dyn Connector>;

    /// An object that exists in the target.
    fn object(&self) -> Object;

    /// An object that does not exist in the target, and that the connector may not create.
    fn unknown_object(&self) -> Object;

    /// At least five subjects that the target takes.
    fn subjects(&self) -> Vec<Subject>;

    /// A subject that the target does not know and cannot get.
    fn bad_subject(&self) -> Subject;

    /// Makes exactly these subjects members, of all in [`Self::subjects`].
    fn set_members<'a>(&'a self, members: &'a [Subject]) -> BoxFuture<'a, ()>;

    /// Which of [`Self::subjects`] are members in truth.
    fn members(&self) -> BoxFuture<'_, BTreeSet<ObjectId>>;

    /// Breaks the target, or with `None` heals it; `false` if this fixture cannot do that.
    fn break_target(&self, fault: Option<Fault>) -> bool;
}

/// How a target fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It takes connections and never answers.
    Hang,
    /// It applies the change and the answer is lost, as when either side crashes.
    LoseAnswer,
    /// It applies the change and half the answer arrives.
    HalfAnswer,
    /// It takes no connections.
    Down,
}

/// What the suite did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checks that held.
    pub held: Vec<&'static str>,
    /// The checks that this fixture could not do.
    pub not_possible: Vec<&'static str>,
}

/// Goes through all checks.
///
/// # Panics
/// When the connector breaks its contract; the message begins with the name of the check.
pub async fn run(fixture: &dyn Fixture) -> Report {
    let mut report = Report {
        held: Vec::new(),
        not_possible: Vec::new(),
    };
    for check in checks::ALL {
        fixture.break_target(None);
        fixture.set_members(&[]).await;
        let bench = Bench {
            name: check.name,
            fixture,
            connector: fixture.connector(),
            subjects: fixture.subjects(),
        };
        if let Some(fault) = check.needs {
            if !fixture.break_target(Some(fault)) {
                report.not_possible.push(check.name);
                continue;
            }
            fixture.break_target(None);
        }
        (check.run)(&bench).await;
        report.held.push(check.name);
    }
    fixture.break_target(None);
    report
}

/// What one check works with.
struct Bench<'a> {
    name: &'static str,
    fixture: &'a dyn Fixture,
    connector: Arc<dyn Connector>,
    subjects: Vec<Subject>,
}

impl Bench<'_> {
    /// Applies, and checks what holds for every answer: its length, and that a proof is true.
    async fn apply(&self, operation: Operation, subjects: &[Subject]) -> Vec<Outcome> {
        let object = self.fixture.object();
        match self.apply_to(object, operation, subjects).await {
            Applied::Each(each) => each,
            Applied::Whole(whole) => vec![whole; subjects.len()],
        }
    }

    async fn apply_to(
        &self,
        object: Object,
        operation: Operation,
        subjects: &[Subject],
    ) -> Applied {
        let known = object == self.fixture.object();
        let change = Change {
            object,
            operation,
            subjects: subjects.to_vec(),
        };
        let applied = self.in_time(self.connector.apply(&change)).await;
        if let Applied::Each(each) = &applied {
            assert_eq!(
                each.len(),
                subjects.len(),
                "{}: one outcome a subject",
                self.name
            );
        }
        if known {
            self.proofs_are_true(operation, subjects, &applied).await;
        }
        applied
    }

    async fn proofs_are_true(&self, operation: Operation, subjects: &[Subject], applied: &Applied) {
        let members = self.fixture.members().await;
        for (index, subject) in subjects.iter().enumerate() {
            let outcome = match applied {
                Applied::Each(each) => each.get(index),
                Applied::Whole(whole) => Some(whole),
            };
            if outcome.is_some_and(Outcome::is_proof) {
                assert_eq!(
                    members.contains(&subject.object_id),
                    operation == Operation::Add,
                    "{}: {outcome:?} claims what is not so for {}",
                    self.name,
                    subject.user_principal_name
                );
            }
        }
    }

    /// Applies as the engine does (L6): what failed as a whole is halved until the bad subject stands alone.
    async fn apply_bisecting(&self, operation: Operation, subjects: &[Subject]) -> Vec<Outcome> {
        let object = self.fixture.object();
        let mut outcomes = Vec::new();
        let mut parts = vec![subjects.to_vec()];
        while let Some(mut part) = parts.pop() {
            match self.apply_to(object.clone(), operation, &part).await {
                Applied::Each(each) => outcomes.extend(each),
                Applied::Whole(whole) if part.len() == 1 || whole.is_success() => {
                    outcomes.extend(vec![whole; part.len()]);
                }
                Applied::Whole(_) => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
            }
        }
        outcomes
    }

    async fn observe(&self, subjects: &[Subject]) -> Vec<crate::Presence> {
        let object = self.fixture.object();
        let seen = self
            .in_time(self.connector.observe(&object, subjects))
            .await;
        assert!(seen.is_ok(), "{}: observe says {seen:?}", self.name);
        seen.unwrap_or_default()
    }

    async fn members_are(&self, wanted: &[Subject]) {
        let wanted: BTreeSet<ObjectId> = wanted.iter().map(|subject| subject.object_id).collect();
        assert_eq!(
            self.fixture.members().await,
            wanted,
            "{}: members in the target",
            self.name
        );
    }

    fn all_succeed(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            assert!(outcome.is_success(), "{}: {outcome:?}", self.name);
        }
    }

    fn all_retry(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            assert!(
                matches!(outcome, Outcome::Retry { .. }),
                "{}: {outcome:?} instead of a retry",
                self.name
            );
        }
    }

    #[expect(clippy::panic, reason = "the suite's verdict")]
    async fn in_time<T>(&self, call: impl Future<Output = T>) -> T {
        let Ok(value) = tokio::time::timeout(CALL_LIMIT, call).await else {
            panic!("{}: a call has no end", self.name);
        };
        value
    }

    fn subject(&self, index: usize) -> &[Subject] {
        let found = self.subjects.get(index..=index);
        assert!(found.is_some(), "the fixture has no subject {index}");
        found.unwrap_or_default()
    }

    fn first(&self, count: usize) -> &[Subject] {
        let found = self.subjects.get(..count);
        assert!(found.is_some(), "the fixture has too few subjects");
        found.unwrap_or_default()
    }
}
