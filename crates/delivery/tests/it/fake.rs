//! A target in memory: it keeps who has which role, counts what really changed, and fails as it is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Operation, Order, Outcome, Presence, Reason, Subject,
};
use domain::id::ObjectId;
use tokio::sync::Notify;

/// A role and who has it.
pub(crate) type Grant = (String, ObjectId);

/// How one call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing arrives.
    BeforeApply,
    /// Everything is done, and the answer is lost.
    AfterApply,
    /// Half is done, and the answer is lost.
    HalfApplied,
    /// Everything is done, and half of the outcomes are missing.
    HalfAnswered,
    /// Everything is done, and the call never ends.
    Hang,
    /// The connector panics.
    Panic,
    /// Too many requests; wait so many seconds.
    Throttled(u64),
    /// The credentials are not accepted.
    Credentials,
    /// Refused for good.
    Refused,
    /// It says "done" and does nothing.
    Lie,
}

#[derive(Debug, Default)]
struct State {
    grants: BTreeSet<Grant>,
    changes: BTreeMap<Grant, u32>,
    writes: Vec<(Operation, usize)>,
    reads: usize,
    script: VecDeque<Trouble>,
    standing: Option<Trouble>,
    bad: BTreeSet<ObjectId>,
    in_hand: BTreeSet<Grant>,
    collisions: usize,
    strangers: BTreeSet<(String, String)>,
    listed: usize,
}

/// The target.
#[derive(Debug)]
pub(crate) struct Fake {
    state: Mutex<State>,
    max_subjects: usize,
    is_whole: bool,
    is_proof: bool,
    gate: Option<Arc<Notify>>,
    pub(crate) entered: Notify,
    list_gate: Option<Arc<Notify>>,
    pub(crate) listing: Notify,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            max_subjects: 64,
            is_whole: false,
            is_proof: true,
            gate: None,
            entered: Notify::new(),
            list_gate: None,
            listing: Notify::new(),
        }
    }

    pub(crate) fn taking(mut self, max_subjects: usize) -> Self {
        self.max_subjects = max_subjects;
        self
    }

    /// A write takes or fails as a whole.
    pub(crate) fn all_or_nothing(mut self) -> Self {
        self.is_whole = true;
        self
    }

    /// Its answers prove nothing.
    pub(crate) fn unverified(mut self) -> Self {
        self.is_proof = false;
        self
    }

    /// Every write waits at the gate, before it is done.
    pub(crate) fn gated(mut self, gate: Arc<Notify>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Every listing waits at the gate, after it was read.
    pub(crate) fn listing_gated(mut self, gate: Arc<Notify>) -> Self {
        self.list_gate = Some(gate);
        self
    }

    /// Somebody has a role whom the directory does not know.
    pub(crate) fn stranger(&self, role: &str, name: &str) {
        let stranger = (role.to_owned(), name.to_owned());
        self.state().strangers.insert(stranger);
    }

    /// How many pages were listed.
    pub(crate) fn listed(&self) -> usize {
        self.state().listed
    }

    fn page(&self, object: &Object, from: Option<&str>) -> Result<Listing, Outcome> {
        let mut state = self.state();
        state.listed += 1;
        let trouble = state.script.pop_front().or(state.standing);
        if let Some(trouble) = trouble {
            return Err(plain(trouble));
        }
        let role = &object.role_origin_id;
        let granted = state.grants.iter().filter(|(own, _)| own == role);
        let strangers = state.strangers.iter().filter(|(own, _)| own == role);
        // In no order that means anything, and by keys that the directory does not know.
        let mut names: Vec<String> = granted
            .map(|(_, id)| key(*id))
            .chain(strangers.map(|(_, name)| name.clone()))
            .collect();
        names.reverse();
        let start: usize = from.map_or(0, |from| from.parse().unwrap());
        let end = (start + 7).min(names.len());
        Ok(Listing {
            members: names[start..end]
                .iter()
                .map(|name| Member {
                    keys: vec![name.clone()],
                    label: name.clone(),
                })
                .collect(),
            next: (end < names.len()).then(|| end.to_string()),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next calls go wrong like this, one after the other.
    pub(crate) fn will(&self, troubles: &[Trouble]) {
        self.state().script.extend(troubles);
    }

    /// Every call goes wrong like this, or well again.
    pub(crate) fn always(&self, trouble: Option<Trouble>) {
        let mut state = self.state();
        state.standing = trouble;
        state.script.clear();
    }

    pub(crate) fn refuses(&self, subjects: &[ObjectId]) {
        self.state().bad = subjects.iter().copied().collect();
    }

    pub(crate) fn grants(&self) -> BTreeSet<Grant> {
        self.state().grants.clone()
    }

    /// Somebody changes the target behind the engine's back.
    pub(crate) fn meddle(&self, change: impl FnOnce(&mut BTreeSet<Grant>)) {
        change(&mut self.state().grants);
    }

    pub(crate) fn writes(&self) -> Vec<(Operation, usize)> {
        self.state().writes.clone()
    }

    pub(crate) fn reads(&self) -> usize {
        self.state().reads
    }

    /// How often a grant was really given or taken.
    pub(crate) fn changes(&self) -> Vec<u32> {
        self.state().changes.values().copied().collect()
    }

    /// Writes that had the same grant in hand at the same time.
    pub(crate) fn collisions(&self) -> usize {
        self.state().collisions
    }

    fn next_trouble(&self) -> Option<Trouble> {
        let mut state = self.state();
        state.script.pop_front().or(state.standing)
    }

    fn carry_out(&self, change: &Change, subjects: &[Subject]) -> Vec<Outcome> {
        let mut state = self.state();
        let mut outcomes = Vec::new();
        for subject in subjects {
            let grant = grant(&change.object, subject);
            let did = match change.operation {
                Operation::Add => state.grants.insert(grant.clone()),
                Operation::Remove => state.grants.remove(&grant),
            };
            if did {
                *state.changes.entry(grant).or_default() += 1;
            }
            outcomes.push(match (did, self.is_proof) {
                (true, verified) => Outcome::Done { verified },
                (false, true) => Outcome::AlreadySo,
                (false, false) => Outcome::Done { verified: false },
            });
        }
        outcomes
    }

    async fn write(&self, change: &Change) -> Applied {
        assert!(!change.subjects.is_empty() && change.subjects.len() <= self.max_subjects);
        let grants: Vec<Grant> = change
            .subjects
            .iter()
            .map(|subject| grant(&change.object, subject))
            .collect();
        {
            let mut state = self.state();
            state.writes.push((change.operation, grants.len()));
            let collides = grants.iter().any(|grant| state.in_hand.contains(grant));
            state.collisions += usize::from(collides);
            state.in_hand.extend(grants.iter().cloned());
        }
        self.entered.notify_one();
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let applied = self.answer(change).await;
        let mut state = self.state();
        for grant in &grants {
            state.in_hand.remove(grant);
        }
        applied
    }

    async fn answer(&self, change: &Change) -> Applied {
        let subjects = change.subjects.as_slice();
        let half = &subjects[..subjects.len() / 2];
        match self.next_trouble() {
            Some(Trouble::AfterApply) => {
                self.carry_out(change, subjects);
                Applied::Whole(unavailable())
            }
            Some(Trouble::HalfApplied) => {
                self.carry_out(change, half);
                Applied::Whole(unavailable())
            }
            Some(Trouble::HalfAnswered) => {
                let mut outcomes = self.carry_out(change, subjects);
                outcomes.truncate(half.len());
                Applied::Each(outcomes)
            }
            Some(Trouble::Hang) => {
                self.carry_out(change, subjects);
                self.state().in_hand.clear();
                std::future::pending().await
            }
            Some(Trouble::Lie) => Applied::Whole(Outcome::Done { verified: false }),
            Some(trouble) => Applied::Whole(plain(trouble)),
            None => self.good_answer(change),
        }
    }

    fn good_answer(&self, change: &Change) -> Applied {
        let bad = self.state().bad.clone();
        let refused = || Outcome::refused(FailureCode::ConnectorError, "no such account");
        let is_bad = |subject: &Subject| bad.contains(&subject.object_id);
        if self.is_whole {
            if change.subjects.iter().any(is_bad) {
                return Applied::Whole(refused());
            }
            self.carry_out(change, &change.subjects);
            return Applied::Whole(Outcome::Done {
                verified: self.is_proof,
            });
        }
        let each = change.subjects.iter().map(|subject| {
            if is_bad(subject) {
                refused()
            } else {
                self.carry_out(change, std::slice::from_ref(subject))
                    .remove(0)
            }
        });
        Applied::Each(each.collect())
    }
}

/// What a call comes to that did nothing.
fn plain(trouble: Trouble) -> Outcome {
    match trouble {
        Trouble::Throttled(seconds) => Outcome::Retry {
            after: Some(Duration::from_secs(seconds)),
            reason: Reason::new(FailureCode::OriginThrottled, "too many requests"),
        },
        Trouble::Credentials => Outcome::credentials_rejected("the password is wrong"),
        Trouble::Refused => {
            Outcome::refused(FailureCode::GroupNotModifiable, "the group is read-only")
        }
        Trouble::Panic => panic!("told to panic"),
        Trouble::BeforeApply
        | Trouble::AfterApply
        | Trouble::HalfApplied
        | Trouble::HalfAnswered
        | Trouble::Hang
        | Trouble::Lie => unavailable(),
    }
}

fn unavailable() -> Outcome {
    Outcome::retry(FailureCode::OriginUnavailable, "connection refused")
}

fn grant(object: &Object, subject: &Subject) -> Grant {
    (object.role_origin_id.clone(), subject.object_id)
}

impl Connector for Fake {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: self.max_subjects,
            max_in_flight: 8,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(self.write(change))
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(async move {
            self.state().reads += 1;
            let standing = self.state().standing;
            match standing {
                Some(Trouble::Hang) => std::future::pending().await,
                Some(Trouble::Lie | Trouble::HalfAnswered) | None => {}
                Some(trouble) => return Err(plain(trouble)),
            }
            let state = self.state();
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
        Box::pin(async { Ok("in memory".to_owned()) })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

fn key(id: ObjectId) -> String {
    format!("account-{id}")
}

impl Lister for Fake {
    fn order(&self) -> Order {
        Order::Any
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(async move {
            let page = self.page(object, from);
            self.listing.notify_one();
            if let Some(gate) = &self.list_gate {
                gate.notified().await;
            }
            page
        })
    }

    fn keys<'a>(
        &'a self,
        _: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        assert!(subjects.len() <= self.max_subjects);
        let keys = |one: &Subject| Keys::Known(vec![key(one.object_id)]);
        let keys = subjects.iter().map(keys).collect();
        Box::pin(async { Ok(keys) })
    }

    /// The clue is the id alone, and so is that of strangers, whom nobody is.
    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        let clue = |one: &Member| vec![one.label.trim_start_matches("account-").to_owned()];
        let clues = members.iter().map(clue).collect();
        Box::pin(async { Ok(clues) })
    }
}
