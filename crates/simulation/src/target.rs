//! A target in memory: it keeps who has which role, and calls of it go wrong as the dice say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Keys, Limits, Lister, Listing, Member,
    Object, Operation, Order, Outcome, Presence, Reason, Subject,
};
use domain::id::ObjectId;

use crate::Sabotage;

/// A role and who has it.
pub(crate) type Grant = (String, ObjectId);

/// Members on a page of a listing.
const PAGE: usize = 2;

/// How one call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing arrives.
    Unreachable,
    /// Everything is done, and the answer is lost.
    AnswerLost,
    /// Half is done, and the answer is lost.
    HalfDone,
    /// Everything is done, and half of the outcomes are missing.
    HalfAnswered,
    /// Everything is done, and the call never ends.
    Hangs,
    /// Nothing is done, and the call never ends.
    HangsIdle,
    /// The call never ends, and everything is done so many seconds after it began.
    Late(u64),
    /// Everything is done, and who reads is told how it was before the last change.
    Stale,
    /// Too many requests; wait so many seconds.
    Throttled(u64),
    /// The credentials are not accepted.
    Credentials,
    /// Refused for good.
    Refused,
    /// It says "done" and does nothing; only a target that proves nothing can say so.
    Forgets,
}

impl Trouble {
    /// One of them.
    pub(crate) fn any(dice: &mut fastrand::Rng) -> Self {
        const ALL: [Trouble; 13] = [
            Trouble::Unreachable,
            Trouble::AnswerLost,
            Trouble::HalfDone,
            Trouble::HalfAnswered,
            Trouble::Hangs,
            Trouble::HangsIdle,
            Trouble::Late(7),
            Trouble::Late(80),
            Trouble::Stale,
            Trouble::Throttled(45),
            Trouble::Credentials,
            Trouble::Refused,
            Trouble::Forgets,
        ];
        dice.choice(ALL).unwrap_or(Trouble::Unreachable)
    }
}

#[derive(Debug)]
struct State {
    dice: fastrand::Rng,
    grants: BTreeSet<Grant>,
    /// What they were before the last change.
    before: BTreeSet<Grant>,
    /// Reads that are still told how it was before.
    stale_reads: usize,
    /// The last write of each grant.
    last_write: BTreeMap<Grant, u64>,
    /// What nobody can know: a write took effect after its lease was void or after another write of the same grant, or
    /// a read was told what is not so.
    misled: BTreeSet<Grant>,
    /// Removals that were sent, by the number of the write, and may still take effect.
    removing: BTreeSet<(u64, Grant)>,
    /// Writes that take effect although nobody waits for them any more.
    late: BTreeSet<u64>,
    /// Who writes what now, and in which era the write began.
    in_hand: BTreeMap<Grant, (u64, u64)>,
    writes: u64,
    /// Counted up when the clock jumps past leases: then two may hold the same work.
    era: u64,
    /// How often leases became void before their time.
    voided: u64,
    collisions: Vec<Grant>,
    script: VecDeque<Trouble>,
    standing: Option<Trouble>,
    refused: BTreeSet<ObjectId>,
    troubles: usize,
    sabotage: Sabotage,
}

/// How a target is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Make {
    /// Its answers prove what was done.
    pub(crate) proves: bool,
    /// A write takes or fails as a whole.
    pub(crate) whole: bool,
    /// Most subjects in a write.
    pub(crate) max_subjects: usize,
}

/// The target.
#[derive(Debug)]
pub(crate) struct Target {
    state: Arc<Mutex<State>>,
    make: Make,
}

/// Lets go of what a write has in hand, whatever ends it.
struct InHand {
    state: Arc<Mutex<State>>,
    number: u64,
    /// How often leases had become void when it began.
    voided: u64,
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.number;
        state.in_hand.retain(|_, (holder, _)| *holder != number);
        if !state.late.contains(&number) {
            state.removing.retain(|(holder, _)| *holder != number);
        }
    }
}

impl Target {
    pub(crate) fn new(make: Make, seed: u64, sabotage: Sabotage) -> Self {
        let state = State {
            dice: fastrand::Rng::with_seed(seed),
            grants: BTreeSet::new(),
            before: BTreeSet::new(),
            stale_reads: 0,
            last_write: BTreeMap::new(),
            misled: BTreeSet::new(),
            removing: BTreeSet::new(),
            late: BTreeSet::new(),
            in_hand: BTreeMap::new(),
            writes: 0,
            era: 0,
            voided: 0,
            collisions: Vec::new(),
            script: VecDeque::new(),
            standing: None,
            refused: BTreeSet::new(),
            troubles: 0,
            sabotage,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            make,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn grants(&self) -> BTreeSet<Grant> {
        self.state().grants.clone()
    }

    /// The next call goes wrong like this.
    pub(crate) fn will(&self, trouble: Trouble) {
        self.state().script.push_back(trouble);
    }

    /// Every call goes wrong like this, or well again.
    pub(crate) fn always(&self, trouble: Option<Trouble>) {
        let mut state = self.state();
        state.standing = trouble;
        state.script.clear();
        state.stale_reads = 0;
    }

    /// What nobody could know since this was asked last.
    pub(crate) fn misled(&self) -> BTreeSet<Grant> {
        std::mem::take(&mut self.state().misled)
    }

    /// What removals are about that were sent and may still take effect.
    pub(crate) fn removing(&self) -> BTreeSet<Grant> {
        let state = self.state();
        let grants = state.removing.iter().map(|(_, grant)| grant.clone());
        grants.collect()
    }

    /// Refuses or takes a subject.
    pub(crate) fn refuses(&self, subject: ObjectId, is_refused: bool) {
        let mut state = self.state();
        if is_refused {
            state.refused.insert(subject);
        } else {
            state.refused.remove(&subject);
        }
    }

    pub(crate) fn refuses_nobody(&self) {
        self.state().refused.clear();
    }

    /// Somebody takes a grant away or gives one, behind Reeve's back.
    pub(crate) fn meddle(&self, grant: &Grant) {
        let mut state = self.state();
        if !state.grants.remove(grant) {
            state.grants.insert(grant.clone());
        }
    }

    /// Leases that are held now run out: from here on others may take up the same work.
    pub(crate) fn leases_end(&self) {
        self.state().era += 1;
    }

    /// The same before their time, because the clock jumped back.
    pub(crate) fn leases_are_void(&self) {
        self.leases_end();
        self.state().voided += 1;
    }

    /// Grants that two writes had in hand at once.
    pub(crate) fn collisions(&self) -> Vec<Grant> {
        self.state().collisions.clone()
    }

    pub(crate) fn troubles(&self) -> usize {
        self.state().troubles
    }

    /// The network takes its time.
    async fn travel(&self) {
        let hops = self.state().dice.usize(0..4);
        for _ in 0..hops {
            tokio::task::yield_now().await;
        }
    }

    fn next_trouble(&self) -> Option<Trouble> {
        let mut state = self.state();
        let trouble = state.script.pop_front().or(state.standing);
        let proves = self.make.proves;
        let trouble = trouble.filter(|trouble| !(proves && *trouble == Trouble::Forgets));
        state.troubles += usize::from(trouble.is_some());
        trouble
    }

    fn take_in_hand(&self, change: &Change) -> InHand {
        let mut state = self.state();
        state.writes += 1;
        let (number, era) = (state.writes, state.era);
        for subject in &change.subjects {
            let grant = grant(&change.object, subject);
            state.last_write.insert(grant.clone(), number);
            if change.operation == Operation::Remove {
                state.removing.insert((number, grant.clone()));
            }
            match state.in_hand.insert(grant.clone(), (number, era)) {
                Some((_, began)) if began == era => state.collisions.push(grant),
                _ => {}
            }
        }
        InHand {
            state: Arc::clone(&self.state),
            number,
            voided: state.voided,
        }
    }

    fn carry_out(&self, change: &Change, subjects: &[Subject], by: &InHand) -> Vec<Outcome> {
        let mut state = self.state();
        state.before = state.grants.clone();
        let sabotage = state.sabotage;
        // Others may have looked and written under leases of their own since it began.
        let was_alone = state.voided == by.voided;
        let outcomes = subjects.iter().map(|subject| {
            let grant = grant(&change.object, subject);
            let did = match (change.operation, sabotage) {
                (Operation::Add, Sabotage::Liar) | (Operation::Remove, Sabotage::Keeper)
                    if state.dice.u8(..) < 64 =>
                {
                    true
                }
                (Operation::Add, _) => state.grants.insert(grant.clone()),
                (Operation::Remove, _) => state.grants.remove(&grant),
            };
            if did && !was_alone {
                state.misled.insert(grant);
            }
            match (did, self.make.proves) {
                (true, verified) => Outcome::Done { verified },
                (false, true) => Outcome::AlreadySo,
                (false, false) => Outcome::Done { verified: false },
            }
        });
        let outcomes = outcomes.collect();
        if sabotage == Sabotage::Thief && state.dice.u8(..) < 64 {
            state.grants.pop_first();
        }
        outcomes
    }

    /// Everything is done later, whether or not anybody still waits for it.
    fn apply_late(&self, change: &Change, by: &InHand, seconds: u64) {
        let (state, change) = (Arc::clone(&self.state), change.clone());
        let (number, voided) = (by.number, by.voided);
        self.state().late.insert(number);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.late.remove(&number);
            state.removing.retain(|(holder, _)| *holder != number);
            for subject in &change.subjects {
                let grant = grant(&change.object, subject);
                let changed = match change.operation {
                    Operation::Add => state.grants.insert(grant.clone()),
                    Operation::Remove => state.grants.remove(&grant),
                };
                // Others may have looked under a lease of their own, and have seen no need to write.
                let was_alone =
                    state.voided == voided && state.last_write.get(&grant) == Some(&number);
                if changed && !was_alone {
                    state.misled.insert(grant);
                }
            }
        });
    }

    async fn write(&self, change: &Change) -> Applied {
        let in_hand = self.take_in_hand(change);
        self.travel().await;
        let applied = self.answer(change, &in_hand).await;
        self.travel().await;
        applied
    }

    async fn answer(&self, change: &Change, by: &InHand) -> Applied {
        let subjects = change.subjects.as_slice();
        let half = subjects.get(..subjects.len() / 2).unwrap_or_default();
        match self.next_trouble() {
            Some(Trouble::AnswerLost) => {
                self.carry_out(change, subjects, by);
                Applied::Whole(unavailable())
            }
            Some(Trouble::HalfDone) => {
                self.carry_out(change, half, by);
                Applied::Whole(unavailable())
            }
            Some(Trouble::HalfAnswered) => {
                let mut outcomes = self.carry_out(change, subjects, by);
                outcomes.truncate(half.len());
                Applied::Each(outcomes)
            }
            Some(Trouble::Hangs) => {
                self.carry_out(change, subjects, by);
                std::future::pending().await
            }
            Some(Trouble::HangsIdle) => std::future::pending().await,
            Some(Trouble::Late(seconds)) => {
                self.apply_late(change, by, seconds);
                std::future::pending().await
            }
            Some(Trouble::Stale) => {
                self.state().stale_reads = 2;
                self.good_answer(change, by)
            }
            Some(Trouble::Forgets) => Applied::Whole(Outcome::Done { verified: false }),
            Some(trouble) => Applied::Whole(plain(trouble)),
            None => self.good_answer(change, by),
        }
    }

    fn good_answer(&self, change: &Change, by: &InHand) -> Applied {
        let refused = self.state().refused.clone();
        let is_refused = |subject: &Subject| refused.contains(&subject.object_id);
        let no = || Outcome::refused(FailureCode::ConnectorError, "no such account");
        if self.make.whole {
            if change.subjects.iter().any(is_refused) {
                return Applied::Whole(no());
            }
            self.carry_out(change, &change.subjects, by);
            return Applied::Whole(Outcome::Done {
                verified: self.make.proves,
            });
        }
        let each = change.subjects.iter().flat_map(|subject| {
            if is_refused(subject) {
                vec![no()]
            } else {
                self.carry_out(change, std::slice::from_ref(subject), by)
            }
        });
        Applied::Each(each.collect())
    }

    /// What a read finds: the grants as they are, or as they were.
    async fn look(&self) -> Result<BTreeSet<Grant>, Outcome> {
        self.travel().await;
        let standing = self.state().standing;
        match standing {
            Some(Trouble::Hangs | Trouble::HangsIdle | Trouble::Late(_)) => {
                std::future::pending().await
            }
            Some(
                trouble @ (Trouble::Unreachable
                | Trouble::Throttled(_)
                | Trouble::Credentials
                | Trouble::Refused),
            ) => Err(plain(trouble)),
            _ => {
                let mut state = self.state();
                let is_stale = standing == Some(Trouble::Stale) || state.stale_reads > 0;
                state.stale_reads = state.stale_reads.saturating_sub(1);
                if !is_stale {
                    return Ok(state.grants.clone());
                }
                let wrong: Vec<_> = state
                    .before
                    .symmetric_difference(&state.grants)
                    .cloned()
                    .collect();
                state.misled.extend(wrong);
                Ok(state.before.clone())
            }
        }
    }

    async fn read(&self, object: &Object, subjects: &[Subject]) -> Result<Vec<Presence>, Outcome> {
        let found = self.look().await?;
        let of = |subject: &Subject| {
            if found.contains(&grant(object, subject)) {
                Presence::Present
            } else {
                Presence::Absent
            }
        };
        Ok(subjects.iter().map(of).collect())
    }

    /// Members in the order of their ids, two to a page.
    async fn page(&self, object: &Object, from: Option<&str>) -> Result<Listing, Outcome> {
        let found = self.look().await?;
        let hides = self.state().sabotage == Sabotage::Hider;
        let mut members: Vec<String> = found
            .into_iter()
            .filter(|(role, _)| *role == object.role_origin_id)
            .map(|(_, subject)| subject.to_string())
            .filter(|id| from.is_none_or(|from| id.as_str() > from))
            .collect();
        members.sort_unstable();
        let more = members.len() > PAGE;
        members.truncate(PAGE);
        let next = members.last().filter(|_| more).cloned();
        if hides {
            members.pop();
        }
        let member = |key: String| Member {
            label: key.clone(),
            keys: vec![key],
        };
        Ok(Listing {
            members: members.into_iter().map(member).collect(),
            next,
        })
    }
}

impl Lister for Target {
    fn order(&self) -> Order {
        Order::ObjectId
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(self.page(object, from))
    }

    fn keys<'a>(
        &'a self,
        _: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        let keys = subjects
            .iter()
            .map(|one| Keys::Known(vec![one.object_id.to_string()]));
        let keys = keys.collect();
        Box::pin(async { Ok(keys) })
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        let clues = members.iter().map(|member| member.keys.clone()).collect();
        Box::pin(async { Ok(clues) })
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
        _ => unavailable(),
    }
}

fn unavailable() -> Outcome {
    Outcome::retry(FailureCode::OriginUnavailable, "connection refused")
}

fn grant(object: &Object, subject: &Subject) -> Grant {
    (object.role_origin_id.clone(), subject.object_id)
}

impl Connector for Target {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: self.make.max_subjects,
            max_in_flight: 4,
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
        Box::pin(self.read(object, subjects))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(async { Ok("in memory".to_owned()) })
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use domain::id::SubjectId;
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_removal_that_was_sent_may_take_effect_until_it_did() {
        let make = Make {
            proves: true,
            whole: false,
            max_subjects: 1,
        };
        let target = Target::new(make, 1, Sabotage::None);
        let object_id = ObjectId::new(Uuid::from_u128(7));
        let has = ("Member".to_owned(), object_id);
        target.meddle(&has);
        let change = Change {
            object: Object {
                origin_system: "AadGroup".to_owned(),
                resource_origin_id: "Books".to_owned(),
                resource_display_name: "Books".to_owned(),
                role_origin_id: "Member".to_owned(),
                role_display_name: "Member".to_owned(),
                scope_origin_id: "Books".to_owned(),
                address: None,
            },
            operation: Operation::Remove,
            subjects: vec![Subject {
                id: SubjectId::new(Uuid::from_u128(8)),
                object_id,
                user_principal_name: "alice@example.com".to_owned(),
                display_name: "Alice".to_owned(),
                given_name: None,
                surname: None,
                mail: None,
                enabled: true,
            }],
        };
        target.will(Trouble::Late(7));

        let deadline = Duration::from_secs(5);
        let answer = tokio::time::timeout(deadline, target.apply(&change)).await;

        assert!(answer.is_err(), "nobody waits any more");
        assert_eq!(target.removing(), target.grants());
        tokio::time::sleep(deadline).await;
        assert!(target.grants().is_empty());
        assert!(target.removing().is_empty());
    }
}
