//! Sweeping a target: object by object, who is really there is held against the ledger (L8).
//!
//! A listing only raises suspicion. Whoever seems to be missing, or to be there against the ledger, is looked at alone
//! after their row was read, so that neither a listing that is late nor a delivery in between is taken for drift.
//!
//! **Invariant:** each step ends in a transaction that also says how far the sweep is; who has lost the lease writes nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connector_api::{
    FailureCode, Keys, Lister, Listing, Member, Object, Order, Outcome, Presence, Reason, Subject,
};
use domain::id::{SubjectId, SweepId};
use domain::ledger::{Observed, Phase};
use domain::sweep::State;
use domain::time::Duration;
use service::sweeps::work::{self, Finding, Next};
use service::{Service, ServiceError};
use store::sweep::extra::NewExtra;
use store::sweep::found::{Grant, Person};
use store::sweep::{Sweep, SweepObject};

use crate::batch::role_name;
use crate::lane::{Lane, Readiness};
use crate::metrics::Metrics;

/// Grants that are read and compared at once.
const PAGE: i64 = 500;
/// Members whose names are asked for at once.
const NAMED: usize = 50;
/// Most users whom the names of so many members may mean.
const CANDIDATES: i64 = 500;
/// Objects that were found as the ledger says, and whose ends may share one transaction.
const TOGETHER: usize = 100;
/// How often in a row a target may ask for patience.
const PATIENCE: i64 = 5;

/// Why a sweep stops before its end.
#[derive(Debug)]
enum Stop {
    /// It is somebody else's now, or over.
    Lost,
    /// It is to be given back: the engine stops, or the tenant is exchanged.
    GiveBack,
    /// The target does not let itself be read.
    Target(Outcome),
    /// The store failed.
    Store(ServiceError),
}

impl From<ServiceError> for Stop {
    fn from(error: ServiceError) -> Self {
        Self::Store(error)
    }
}

impl From<work::Lost> for Stop {
    fn from(_: work::Lost) -> Self {
        Self::Lost
    }
}

/// One sweep under way.
pub(crate) struct Sweeper<'a> {
    service: &'a Service,
    lane: &'a Lane,
    stopping: &'a Arc<AtomicBool>,
    sweep: Sweep,
}

/// What an unordered listing told: its members, and which of them a grant accounts for.
struct Listed {
    members: Vec<Member>,
    accounted: Vec<bool>,
    by_key: HashMap<String, usize>,
}

impl Listed {
    fn of(members: Vec<Member>) -> Self {
        let mut listed = Self {
            members: Vec::with_capacity(members.len()),
            accounted: Vec::with_capacity(members.len()),
            by_key: HashMap::with_capacity(members.len()),
        };
        listed.add(members);
        listed
    }

    /// Two values may name one member; it counts once.
    fn add(&mut self, members: Vec<Member>) {
        for member in members {
            let index = self.members.len();
            let first = member.keys.first();
            if first.is_some_and(|key| self.by_key.contains_key(key)) {
                continue;
            }
            for key in &member.keys {
                self.by_key.entry(key.clone()).or_insert(index);
            }
            self.members.push(member);
            self.accounted.push(false);
        }
    }

    /// Whom no grant accounts for.
    fn left(self) -> impl Iterator<Item = Member> {
        self.members
            .into_iter()
            .zip(self.accounted)
            .filter(|(_, accounted)| !accounted)
            .map(|(member, _)| member)
    }
}

/// Goes on with a sweep until it ends, is taken away, or has to wait. Answers whether anything was done.
pub(crate) async fn run(
    service: &Service,
    lane: &Lane,
    metrics: &Metrics,
    stopping: &Arc<AtomicBool>,
    id: SweepId,
    owner: &str,
) -> Result<bool, ServiceError> {
    let Some(sweep) = work::claim(service, id, owner, lane.options.lease).await? else {
        return Ok(false);
    };
    let sweeper = Sweeper {
        service,
        lane,
        stopping,
        sweep,
    };
    let state = sweeper.all().await?;
    if let Some(state) = state {
        metrics.swept(&lane.target, state);
        tracing::info!(
            target.name = lane.target,
            sweep.id = %id,
            sweep.state = %state,
            "a sweep ended"
        );
    }
    Ok(true)
}

impl Sweeper<'_> {
    /// The whole sweep; the state it ended in, if this was its end.
    async fn all(&self) -> Result<Option<State>, ServiceError> {
        if let Some(reason) = self.closed() {
            return self.ended(State::Skipped, Some(reason)).await;
        }
        if self.lane.lister().is_none() {
            let reason = Reason::new(
                FailureCode::ConnectorError,
                "the target cannot list who has access",
            );
            return self.ended(State::Skipped, Some(reason)).await;
        }
        if self.sweep.started_at.is_none() {
            work::start(self.service, &self.sweep).await?;
        }
        let mut read = Vec::new();
        let mut last = 0;
        loop {
            let next = work::next(self.service, self.sweep.id, last).await?;
            if (next.is_none() || read.len() >= self.together())
                && !self.read_to_the_end(&mut read).await?
            {
                return Ok(None);
            }
            let Some(next) = next else {
                return self.ended(State::Completed, None).await;
            };
            last = next.object.seq;
            match self.object(&next).await {
                Ok(object) => read.push(object),
                Err(Stop::Lost) => return Ok(None),
                Err(stop) => {
                    if !self.read_to_the_end(&mut read).await? {
                        return Ok(None);
                    }
                    if let Some(end) = self.stopped(&next, stop).await? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// Objects whose ends may share a transaction. One of another target may take as long as the lease lasts.
    fn together(&self) -> usize {
        match self.lane.lister().map_or(Order::Any, Lister::order) {
            Order::ObjectId => TOGETHER,
            Order::Any => 1,
        }
    }

    /// Writes down that these objects were read to their end; false if the sweep is somebody else's by now.
    async fn read_to_the_end(&self, read: &mut Vec<SweepObject>) -> Result<bool, ServiceError> {
        if read.is_empty() {
            return Ok(true);
        }
        let lease = self.lane.options.lease;
        let held = work::end_read(self.service, &self.sweep, std::mem::take(read), lease).await?;
        Ok(held.is_ok())
    }

    /// What a stop in the middle of an object comes to: the sweep goes on with the next (none), or is over for now, in the
    /// state in which it ended if it did.
    async fn stopped(
        &self,
        next: &Next,
        stop: Stop,
    ) -> Result<Option<Option<State>>, ServiceError> {
        match stop {
            Stop::Lost => Ok(Some(None)),
            Stop::GiveBack => {
                work::release(self.service, &self.sweep).await?;
                Ok(Some(None))
            }
            Stop::Store(error) => Err(error),
            Stop::Target(outcome) => {
                let ended = self.target_failed(&next.object, outcome).await?;
                Ok(ended.break_value())
            }
        }
    }

    /// Why nothing can be asked now.
    fn closed(&self) -> Option<Reason> {
        match self.lane.readiness() {
            // Whoever may ask first after an outage finds out whether it is over (L7): a lane with nothing to deliver
            // has no other probe than this.
            Readiness::Free | Readiness::Probe => None,
            Readiness::Paused => Some(Reason::new(
                FailureCode::OriginUnavailable,
                "deliveries to the target are paused",
            )),
            Readiness::Held(_) => {
                let answer = self.lane.standing_answer();
                let reason = answer.as_ref().and_then(Outcome::reason).cloned();
                Some(reason.unwrap_or_else(|| {
                    Reason::new(
                        FailureCode::OriginThrottled,
                        "the target asked for patience",
                    )
                }))
            }
        }
    }

    /// What an answer of the target means for the sweep: go on with the next object, or stop, perhaps for good.
    async fn target_failed(
        &self,
        object: &SweepObject,
        outcome: Outcome,
    ) -> Result<std::ops::ControlFlow<Option<State>>, ServiceError> {
        use std::ops::ControlFlow::{Break, Continue};
        match outcome {
            Outcome::Refused { reason } => {
                let failure = (reason.code.as_str().to_owned(), reason.message);
                let lease = self.lane.options.lease;
                let held =
                    work::end_failed(self.service, &self.sweep, object, failure, lease).await?;
                Ok(if held.is_ok() {
                    Continue(())
                } else {
                    Break(None)
                })
            }
            Outcome::Retry { after, reason } if reason.code == FailureCode::OriginThrottled => {
                if self.sweep.postponed >= PATIENCE {
                    return Ok(Break(self.ended(State::Failed, Some(reason)).await?));
                }
                let wait =
                    after.map_or_else(|| Duration::from_minutes(1), crate::lane::domain_duration);
                let until = self.service.clock.now().plus(wait);
                work::postpone(self.service, &self.sweep, until).await?;
                Ok(Break(None))
            }
            Outcome::Retry { reason, .. } | Outcome::CredentialsRejected { reason } => {
                let state = if object.seq == 1 && object.after_subject_id.is_empty() {
                    State::Skipped
                } else {
                    State::Failed
                };
                Ok(Break(self.ended(state, Some(reason)).await?))
            }
            Outcome::Done { .. } | Outcome::AlreadySo => Ok(Break(None)),
        }
    }

    async fn ended(
        &self,
        state: State,
        reason: Option<Reason>,
    ) -> Result<Option<State>, ServiceError> {
        let failure = reason.map(|reason| (reason.code.as_str().to_owned(), reason.message));
        work::end(self.service, &self.sweep, state, failure).await?;
        Ok(Some(state))
    }

    /// Lets others have their turn, and stops where the engine or the tenant wants it.
    async fn pause(&self) -> Result<(), Stop> {
        tokio::task::yield_now().await;
        if self.stopping.load(Ordering::Relaxed) || self.service.standstill.is_wanted() {
            return Err(Stop::GiveBack);
        }
        if self.lane.readiness() == Readiness::Paused {
            return Err(Stop::Target(Outcome::retry(
                FailureCode::OriginUnavailable,
                "deliveries to the target are paused",
            )));
        }
        Ok(())
    }

    /// Reads an object to its end; how far it is then.
    async fn object(&self, next: &Next) -> Result<SweepObject, Stop> {
        let known = object_of(next);
        let mut place = next.object.clone();
        let order = self.lane.lister().map_or(Order::Any, Lister::order);
        if order == Order::Any {
            let listed = self.listing(&known).await?;
            let listed = self.compare_all(&known, &mut place, listed).await?;
            self.other_extras(&known, &place, listed).await?;
            return Ok(place);
        }
        if place.after_member.is_none() {
            // What cannot be listed is not compared either: nobody is missing from a group that is gone.
            let first = self.list(&known, None).await?;
            if first.next.is_none() {
                let listed = Listed::of(first.members);
                let listed = self.compare_all(&known, &mut place, listed).await?;
                self.few_extras(&mut place, listed).await?;
                return Ok(place);
            }
            self.compare(&known, &mut place, None).await?;
        }
        self.ordered_extras(&known, &mut place).await?;
        Ok(place)
    }

    /// Compares all grants of an object with all its members; gives back who of them a grant accounts for.
    async fn compare_all(
        &self,
        object: &Object,
        place: &mut SweepObject,
        mut listed: Listed,
    ) -> Result<Listed, Stop> {
        // What was listed is not kept from one worker to the next: the object begins anew.
        place.after_subject_id.clear();
        place.members = count(listed.members.len());
        self.compare(object, place, Some(&mut listed)).await?;
        Ok(listed)
    }

    /// Members whom no grant accounted for, of an object that was listed by directory ids in one page.
    async fn few_extras(&self, place: &mut SweepObject, listed: Listed) -> Result<(), Stop> {
        let left: Vec<String> = listed
            .left()
            .filter_map(|member| member.keys.into_iter().next())
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let extras = work::unknown(self.service, &place.place, left).await?;
        let lease = self.lane.options.lease;
        work::record_extras(self.service, &self.sweep, place, extras, lease).await??;
        Ok(())
    }

    /// All members of an object whose order says nothing.
    async fn listing(&self, object: &Object) -> Result<Listed, Stop> {
        let mut listed = Listed::of(Vec::new());
        let mut from = None;
        loop {
            self.pause().await?;
            let page = self.list(object, from.as_deref()).await?;
            listed.add(page.members);
            match page.next {
                None => return Ok(listed),
                next => from = next,
            }
        }
    }

    async fn list(&self, object: &Object, from: Option<&str>) -> Result<Listing, Stop> {
        self.lane
            .list(object, from)
            .await
            .unwrap_or_else(|| Err(not_asked()))
            .map_err(Stop::Target)
    }

    /// Compares the grants of an object, page by page.
    async fn compare(
        &self,
        object: &Object,
        place: &mut SweepObject,
        mut listed: Option<&mut Listed>,
    ) -> Result<(), Stop> {
        loop {
            self.pause().await?;
            let grants = work::page(self.service, &self.sweep, place, PAGE).await?;
            let Some(last) = grants.last() else { break };
            place.after_subject_id = last.subject_id.to_string();
            let suspects = match listed.as_deref_mut() {
                Some(listed) => self.suspects(object, &grants, listed).await?,
                None => judged(&grants).collect(),
            };
            let findings = self.look(object, &suspects).await?;
            let is_last = count(grants.len()) < PAGE;
            // Where the last page is as the ledger says, the end of the object says all that there is to say.
            if !is_last || !findings.is_empty() {
                let lease = self.lane.options.lease;
                work::record(self.service, &self.sweep, place, findings, lease).await??;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Grants that the listing contradicts; whose members are accounted for is noted on the way.
    async fn suspects<'g>(
        &self,
        object: &Object,
        grants: &'g [Grant],
        listed: &mut Listed,
    ) -> Result<Vec<&'g Grant>, Stop> {
        let with_person: Vec<(&Grant, Subject)> = grants
            .iter()
            .filter_map(|grant| {
                let person = grant.person.as_ref()?;
                Some((grant, subject_of(grant.subject_id, person)))
            })
            .collect();
        let subjects: Vec<Subject> = with_person.iter().map(|(_, one)| one.clone()).collect();
        let keys = self.keys(object, &subjects).await?;
        let mut suspects = Vec::new();
        for ((grant, _), keys) in with_person.iter().zip(&keys) {
            let Keys::Known(keys) = keys else { continue };
            let found = keys.iter().find_map(|key| listed.by_key.get(key)).copied();
            if let Some(accounted) = found.and_then(|index| listed.accounted.get_mut(index)) {
                *accounted = true;
            }
            let seen = if found.is_some() {
                Observed::Present
            } else {
                Observed::Absent
            };
            let is_drift = grant.desired && seen == Observed::Absent;
            if is_judged(grant) && (seen != grant.observed || is_drift) {
                suspects.push(*grant);
            }
        }
        Ok(suspects)
    }

    async fn keys(&self, object: &Object, subjects: &[Subject]) -> Result<Vec<Keys>, Stop> {
        let mut all = Vec::with_capacity(subjects.len());
        for part in subjects.chunks(self.lane.max_subjects) {
            let keys = self
                .lane
                .keys(object, part)
                .await
                .unwrap_or_else(|| Err(not_asked()))
                .map_err(Stop::Target)?;
            if keys.len() != part.len() {
                return Err(Stop::Target(misread()));
            }
            all.extend(keys);
        }
        Ok(all)
    }

    /// Looks at each of these grants alone, so to speak: by a read that was made after their rows were.
    async fn look(&self, object: &Object, grants: &[&Grant]) -> Result<Vec<Finding>, Stop> {
        let people: Vec<(&Grant, Subject)> = grants
            .iter()
            .filter_map(|grant| {
                let person = grant.person.as_ref()?;
                Some((*grant, subject_of(grant.subject_id, person)))
            })
            .collect();
        let mut findings = Vec::new();
        for part in people.chunks(self.lane.max_subjects) {
            let subjects: Vec<Subject> = part.iter().map(|(_, one)| one.clone()).collect();
            let seen = self
                .lane
                .observe(object, &subjects, None)
                .await
                .unwrap_or_else(|| Err(not_asked()))
                .map_err(Stop::Target)?;
            if seen.len() != part.len() {
                return Err(Stop::Target(misread()));
            }
            for ((grant, _), presence) in part.iter().zip(seen) {
                let seen = match presence {
                    Presence::Present => Observed::Present,
                    Presence::Absent => Observed::Absent,
                };
                let is_drift = grant.desired && seen == Observed::Absent;
                if seen != grant.observed || is_drift {
                    findings.push(Finding {
                        grant_id: grant.id,
                        version: grant.version,
                        desired: grant.desired,
                        before: grant.observed,
                        seen,
                    });
                }
            }
        }
        Ok(findings)
    }

    /// Members whom the ledger does not know, where they are listed by directory id.
    async fn ordered_extras(&self, object: &Object, place: &mut SweepObject) -> Result<(), Stop> {
        let lease = self.lane.options.lease;
        loop {
            self.pause().await?;
            let page = self.list(object, place.after_member.as_deref()).await?;
            let members: Vec<String> = page
                .members
                .into_iter()
                .filter_map(|member| member.keys.into_iter().next())
                .collect();
            place.members += count(members.len());
            let extras = work::unknown(self.service, &place.place, members).await?;
            let is_last = page.next.is_none();
            place.after_member = page.next.or_else(|| Some(String::new()));
            if is_last && extras.is_empty() {
                return Ok(());
            }
            if is_last {
                // How far the object is stays behind, or a restart would take the end for the beginning.
                let mut before = place.clone();
                before.after_member = Some(String::new());
                before.members = 0;
                work::record_extras(self.service, &self.sweep, &before, extras, lease).await??;
                return Ok(());
            }
            work::record_extras(self.service, &self.sweep, place, extras, lease).await??;
        }
    }

    /// Members whom no grant accounts for, of a listing in any order; who they are is found out as far as possible.
    async fn other_extras(
        &self,
        object: &Object,
        place: &SweepObject,
        listed: Listed,
    ) -> Result<(), Stop> {
        let lease = self.lane.options.lease;
        let left: Vec<Member> = listed.left().collect();
        for part in left.chunks(NAMED) {
            self.pause().await?;
            let extras = self.identify(object, place, part).await?;
            work::record_extras(self.service, &self.sweep, place, extras, lease).await??;
        }
        Ok(())
    }

    async fn identify(
        &self,
        object: &Object,
        place: &SweepObject,
        members: &[Member],
    ) -> Result<Vec<NewExtra>, Stop> {
        let keys = members.iter().filter_map(|one| one.keys.first().cloned());
        let known: HashMap<_, _> =
            work::known(self.service, &self.sweep, &place.place, keys.collect())
                .await?
                .into_iter()
                .collect();
        let is_new = |member: &&Member| {
            let key = member.keys.first();
            key.is_some_and(|key| !known.get(key).is_some_and(Option::is_some))
        };
        let fresh: Vec<Member> = members.iter().filter(is_new).cloned().collect();
        let named = self.people_behind(object, &fresh).await?;
        let extra = |member: &Member| {
            let key = member.keys.first()?;
            let object_id = known.get(key).copied().flatten();
            Some(NewExtra {
                member_key: key.clone(),
                label: member.label.clone(),
                object_id: object_id.or_else(|| named.get(key).copied()),
            })
        };
        Ok(members.iter().filter_map(extra).collect())
    }

    /// Who the members are: their names are clues, and the keys of whom they mean are the proof.
    async fn people_behind(
        &self,
        object: &Object,
        members: &[Member],
    ) -> Result<HashMap<String, domain::id::ObjectId>, Stop> {
        if members.is_empty() {
            return Ok(HashMap::new());
        }
        let clues = self
            .lane
            .clues(members)
            .await
            .unwrap_or_else(|| Err(not_asked()))
            .map_err(Stop::Target)?;
        let texts: Vec<String> = clues.into_iter().flatten().collect();
        let people = work::people(self.service, texts, CANDIDATES).await?;
        let subjects: Vec<Subject> = people
            .iter()
            .map(|person| subject_of(SubjectId::new(person.object_id.uuid()), person))
            .collect();
        let keys = self.keys(object, &subjects).await?;
        let mut named = HashMap::new();
        for (person, keys) in people.iter().zip(keys) {
            let Keys::Known(keys) = keys else { continue };
            let member = members
                .iter()
                .find(|member| member.keys.iter().any(|key| keys.contains(key)));
            if let Some(key) = member.and_then(|member| member.keys.first()) {
                named.insert(key.clone(), person.object_id);
            }
        }
        Ok(named)
    }
}

/// Grants about which a look says something: nothing is in flight, and there is somebody to look for.
fn judged(grants: &[Grant]) -> impl Iterator<Item = &Grant> {
    grants.iter().filter(|grant| is_judged(grant))
}

fn is_judged(grant: &Grant) -> bool {
    let is_at_rest = matches!(grant.phase, Phase::Settled | Phase::NeedsAttention);
    is_at_rest && grant.is_present && grant.person.is_some()
}

fn subject_of(id: SubjectId, person: &Person) -> Subject {
    Subject {
        id,
        object_id: person.object_id,
        user_principal_name: person.user_principal_name.clone(),
        display_name: person.display_name.clone(),
        given_name: person.given_name.clone(),
        surname: person.surname.clone(),
        mail: person.mail.clone(),
        enabled: person.enabled,
    }
}

fn object_of(next: &Next) -> Object {
    let place = &next.object.place;
    Object {
        origin_system: place.origin_system.clone(),
        resource_origin_id: place.resource_origin_id.clone(),
        resource_display_name: next.names.resource.clone(),
        role_origin_id: place.role_origin_id.clone(),
        role_display_name: next.names.role.clone().unwrap_or_else(|| {
            role_name(&place.role_origin_id, &place.resource_origin_id).to_owned()
        }),
        scope_origin_id: place.scope_origin_id.clone(),
        address: next.names.address.clone(),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn not_asked() -> Outcome {
    Outcome::retry(
        FailureCode::OriginUnavailable,
        "the target could not be asked",
    )
}

fn misread() -> Outcome {
    Outcome::retry(
        FailureCode::ConnectorError,
        "the connector did not answer for everybody it was asked about",
    )
}
