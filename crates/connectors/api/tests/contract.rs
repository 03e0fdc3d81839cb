//! The contract suite itself: it lets a connector pass that keeps the contract, and stops each one that breaks it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use connector_api::contract::{self, Fault, Fixture, run};
use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Operation, Order, Outcome, Presence, Subject,
};
use domain::id::ObjectId;

/// How a connector breaks the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    ClaimsWithoutDoing,
    FailsTheSecondTime,
    TakesLostAnswersForSuccess,
    SeesEverybody,
    ForgetsTheOrder,
    BlamesEverybodyForOne,
    KnowsEveryResource,
    TakesAnyCredentials,
    AnswersForTheFirstOnly,
    ListsAPart,
    ListsTheDeadAsEmpty,
}

#[derive(Debug, Default)]
struct Target {
    members: BTreeSet<ObjectId>,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Memory {
    flaw: Flaw,
    target: Arc<Mutex<Target>>,
    accepted: bool,
}

struct MemoryFixture {
    flaw: Flaw,
    target: Arc<Mutex<Target>>,
}

impl MemoryFixture {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            target: Arc::default(),
        }
    }

    fn connector_with(&self, accepted: bool) -> Arc<dyn Connector> {
        Arc::new(Memory {
            flaw: self.flaw,
            target: Arc::clone(&self.target),
            accepted: accepted || self.flaw == Flaw::TakesAnyCredentials,
        })
    }
}

fn is_bad(subject: &Subject) -> bool {
    subject.user_principal_name.starts_with("bad")
}

fn away() -> Outcome {
    Outcome::retry(FailureCode::OriginUnavailable, "no answer")
}

impl Memory {
    fn reach(&self, object: &Object) -> Result<Option<Fault>, Outcome> {
        let fault = self.target.lock().unwrap().fault;
        if matches!(fault, Some(Fault::Down | Fault::Hang)) {
            return Err(away());
        }
        if !self.accepted {
            return Err(Outcome::credentials_rejected("wrong password"));
        }
        if object.resource_display_name == "unknown" && self.flaw != Flaw::KnowsEveryResource {
            return Err(Outcome::refused(
                FailureCode::ResourceNotFoundInOriginSystem,
                "no such group",
            ));
        }
        Ok(fault)
    }

    fn apply_now(&self, change: &Change) -> Applied {
        let count = change.subjects.len();
        let fault = match self.reach(&change.object) {
            Ok(fault) => fault,
            Err(outcome) => return Applied::Each(vec![outcome; count]),
        };
        let refused = Outcome::refused(FailureCode::TargetNotFound, "nobody knows them");
        if self.flaw == Flaw::BlamesEverybodyForOne
            && change.operation == Operation::Add
            && change.subjects.iter().any(is_bad)
        {
            return Applied::Each(vec![refused; count]);
        }
        let mut target = self.target.lock().unwrap();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for subject in &change.subjects {
            let add = change.operation == Operation::Add;
            if is_bad(subject) {
                outcomes.push(if add {
                    refused.clone()
                } else {
                    Outcome::AlreadySo
                });
                continue;
            }
            let so_before = target.members.contains(&subject.object_id) == add;
            if self.flaw == Flaw::ClaimsWithoutDoing {
                // Claims, and does nothing.
            } else if add {
                target.members.insert(subject.object_id);
            } else {
                target.members.remove(&subject.object_id);
            }
            outcomes.push(match so_before {
                true if self.flaw == Flaw::FailsTheSecondTime => {
                    Outcome::refused(FailureCode::ConnectorError, "already a member")
                }
                true => Outcome::AlreadySo,
                false => Outcome::Done { verified: true },
            });
        }
        if fault.is_some() && self.flaw != Flaw::TakesLostAnswersForSuccess {
            return Applied::Each(vec![away(); count]);
        }
        if self.flaw == Flaw::AnswersForTheFirstOnly {
            outcomes.truncate(1);
        }
        Applied::Each(outcomes)
    }

    fn observe_now(&self, object: &Object, subjects: &[Subject]) -> Result<Vec<Presence>, Outcome> {
        self.reach(object)?;
        let target = self.target.lock().unwrap();
        let mut seen: Vec<Presence> = subjects
            .iter()
            .map(|subject| {
                if self.flaw == Flaw::SeesEverybody || target.members.contains(&subject.object_id) {
                    Presence::Present
                } else {
                    Presence::Absent
                }
            })
            .collect();
        if self.flaw == Flaw::ForgetsTheOrder {
            seen.reverse();
        }
        Ok(seen)
    }

    fn list_now(&self, object: &Object, from: Option<&str>) -> Result<Listing, Outcome> {
        match self.reach(object) {
            Err(Outcome::Retry { .. }) if self.flaw == Flaw::ListsTheDeadAsEmpty => {
                return Ok(Listing::default());
            }
            reached => reached?,
        };
        let target = self.target.lock().unwrap();
        let ids = target.members.iter().map(ToString::to_string);
        let mut left: Vec<String> = ids.filter(|id| Some(id.as_str()) > from).collect();
        let more = left.split_off(left.len().min(2));
        let next = left.last().filter(|_| !more.is_empty()).cloned();
        Ok(Listing {
            members: left
                .into_iter()
                .map(|id| Member {
                    keys: vec![id.clone()],
                    label: id,
                })
                .collect(),
            next: next.filter(|_| self.flaw != Flaw::ListsAPart),
        })
    }
}

impl Lister for Memory {
    fn order(&self) -> Order {
        Order::ObjectId
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(async move { self.list_now(object, from) })
    }

    fn keys<'a>(
        &'a self,
        _: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        let keys = |one: &Subject| Keys::Known(vec![one.object_id.to_string()]);
        Box::pin(async move { Ok(subjects.iter().map(keys).collect()) })
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        Box::pin(async move { Ok(members.iter().map(|one| one.keys.clone()).collect()) })
    }
}

impl Connector for Memory {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: 100,
            max_in_flight: 1,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(async { self.apply_now(change) })
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(async { self.observe_now(object, subjects) })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async {
            self.reach(&contract::object(1, "group", None))?;
            Ok("it works".to_owned())
        })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

impl Fixture for MemoryFixture {
    fn connector(&self) -> Arc<dyn Connector> {
        self.connector_with(true)
    }

    fn with_wrong_credentials(&self) -> Arc<dyn Connector> {
        self.connector_with(false)
    }

    fn object(&self) -> Object {
        contract::object(1, "group", None)
    }

    fn unknown_object(&self) -> Object {
        contract::object(2, "unknown", None)
    }

    fn subjects(&self) -> Vec<Subject> {
        (0..6)
            .map(|number| contract::subject(number, &format!("user{number}")).unwrap())
            .collect()
    }

    fn bad_subject(&self) -> Subject {
        contract::subject(99, "bad").unwrap()
    }

    fn set_members<'a>(&'a self, members: &'a [Subject]) -> BoxFuture<'a, ()> {
        self.target.lock().unwrap().members =
            members.iter().map(|subject| subject.object_id).collect();
        Box::pin(async {})
    }

    fn members(&self) -> BoxFuture<'_, BTreeSet<ObjectId>> {
        let members = self.target.lock().unwrap().members.clone();
        Box::pin(async move { members })
    }

    fn break_target(&self, fault: Option<Fault>) -> bool {
        self.target.lock().unwrap().fault = fault;
        true
    }
}

#[tokio::test]
async fn a_connector_that_keeps_the_contract_passes_every_check() {
    let report = run(&MemoryFixture::new(Flaw::None)).await;

    assert_eq!(report.held.len(), 21);
    assert!(report.not_possible.is_empty());
}

#[tokio::test]
async fn each_flaw_is_found_by_the_check_that_is_about_it() {
    for (flaw, check) in [
        (Flaw::ClaimsWithoutDoing, "adding_twice_is_the_same_as_once"),
        (Flaw::FailsTheSecondTime, "adding_twice_is_the_same_as_once"),
        (
            Flaw::TakesLostAnswersForSuccess,
            "a_lost_answer_is_a_retry_and_then_a_success",
        ),
        (Flaw::SeesEverybody, "adding_twice_is_the_same_as_once"),
        (Flaw::ForgetsTheOrder, "adding_twice_is_the_same_as_once"),
        (
            Flaw::BlamesEverybodyForOne,
            "one_bad_subject_among_many_stands_alone_in_the_end",
        ),
        (Flaw::KnowsEveryResource, "an_unknown_resource_is_refused"),
        (
            Flaw::TakesAnyCredentials,
            "wrong_credentials_are_rejected_and_change_nothing",
        ),
        (Flaw::AnswersForTheFirstOnly, "one outcome a subject"),
        (Flaw::ListsAPart, "a_listing_tells_exactly_who_is_there"),
        (
            Flaw::ListsTheDeadAsEmpty,
            "a_listing_of_a_target_that_is_down_is_a_retry",
        ),
    ] {
        let verdict = tokio::spawn(async move { run(&MemoryFixture::new(flaw)).await }).await;

        let panic = verdict.unwrap_err().into_panic();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(check), "{flaw:?}: {message}");
    }
}
