//! What a rule would do, before it does: who would get the package, lose it, keep it, and who would be left out and why.
//!
//! **Invariant:** nothing is written, and the same function decides as when it comes true.

use std::collections::{BTreeMap, BTreeSet};

use auth::roles::Action;
use domain::id::{ObjectId, PolicyId};
use domain::membership_rule::Rule;
use domain::policy::{AutomaticSettings, RULE};
use domain::time::{Duration, Timestamp};
use store::automatic::note::{self, Kind};
use store::automatic::sweep;
use store::automatic::{AutomaticPolicy, Person, facts};
use store::{ReadTx, assignment_policy, automatic, directory::user};

use super::decision::{Decision, Holding, decide};
use super::rules::{Known, Package, attributes};
use super::{read_packages, requests};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

/// So many users are looked at in one transaction.
const PAGE: i64 = 2000;

/// What would become of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Gets the package.
    Gains,
    /// Loses it, at once or when the time is up.
    Loses,
    /// Goes by another policy and keeps the access.
    Moves,
    /// Has it by the policy and keeps it.
    Stays,
    /// Is selected and does not get it.
    Skipped,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::Gains,
        Self::Loses,
        Self::Moves,
        Self::Stays,
        Self::Skipped,
    ];

    /// The outcome in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gains => "gains",
            Self::Loses => "loses",
            Self::Moves => "moves",
            Self::Stays => "stays",
            Self::Skipped => "skipped",
        }
    }

    /// The outcome of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|outcome| outcome.as_str() == name)
    }
}

/// What to look at instead of what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The rule.
    pub rule: Option<String>,
    /// What follows from it.
    pub settings: Option<AutomaticSettings>,
}

/// Which users to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Only these outcomes; all but those who stay, if none is named.
    pub outcome: Option<Outcome>,
    /// Only users after this one.
    pub after: Option<ObjectId>,
    /// At most so many.
    pub top: usize,
}

/// A user of a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The user.
    pub object_id: ObjectId,
    /// Full name.
    pub display_name: String,
    /// Sign-in name.
    pub user_principal_name: String,
    /// What would become of them.
    pub outcome: Outcome,
    /// Why, where it is not plain.
    pub reason: Option<String>,
    /// When, where it is not at once.
    pub at: Option<Timestamp>,
}

/// What a rule would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many users there are of each outcome.
    pub counts: BTreeMap<Outcome, usize>,
    /// Some of them, in the order of their ids.
    pub lines: Vec<Line>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

/// Says what the policy, with `draft` in place of what is stored, would do.
pub async fn preview(
    service: &Service,
    ctx: &Ctx,
    id: PolicyId,
    draft: Draft,
    listing: Listing,
) -> Result<Preview, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageAutoPolicies)?;
    let moment = service.moment();
    let most = service.settings.auto_assignment_max_targets;
    let package = service
        .store
        .read(move |tx| imagined(tx, id, &draft))
        .await?;
    let mut view = View {
        policy: id,
        wanted: attributes([&package]),
        room: None,
        most,
        moment,
        package,
        listing,
        result: Preview {
            counts: Outcome::ALL.iter().map(|outcome| (*outcome, 0)).collect(),
            lines: Vec::new(),
            has_more: false,
        },
    };
    let mut after = None;
    loop {
        let (back, last) = service
            .store
            .read(move |tx| {
                let mut view = view.clone();
                let last = view.page(tx, after)?;
                Ok::<_, ServiceError>((view, last))
            })
            .await?;
        view = back;
        after = last;
        if after.is_none() {
            return Ok(view.result);
        }
    }
}

/// The package of the policy as it would be.
fn imagined(tx: &mut ReadTx<'_>, id: PolicyId, draft: &Draft) -> Result<Package, ServiceError> {
    let unknown = || ServiceError::not_found("assignment policy", id);
    let policy = assignment_policy::find_policy(tx, id)?.ok_or_else(unknown)?;
    let stored = automatic::find(tx, id)?;
    let rule = match (&draft.rule, &stored) {
        (Some(rule), _) => rule.clone(),
        (None, Some(stored)) => stored.rule.clone(),
        (None, None) => {
            return Err(ServiceError::invalid(
                Code::InvalidModel,
                RULE,
                "the policy does not assign by itself; a preview of it needs a `membershipRule`",
            ));
        }
    };
    let read = Rule::parse(&rule).map_err(|wrong| {
        ServiceError::invalid(Code::InvalidMembershipRule, RULE, wrong.to_string())
    })?;
    let usual = AutomaticSettings {
        adds: true,
        removes: true,
        grace: None,
    };
    let of_stored = stored.map(|stored| stored.settings);
    let known = Known {
        rule: Ok(read.into()),
        policy: AutomaticPolicy {
            policy_id: id,
            access_package_id: policy.access_package_id,
            rule,
            settings: draft.settings.or(of_stored).unwrap_or(usual),
            created_at: policy.created_at,
            evaluated_at: None,
        },
    };
    let mut package = read_packages(tx)?
        .into_iter()
        .find(|package| package.id == policy.access_package_id)
        .unwrap_or(Package {
            id: policy.access_package_id,
            policies: Vec::new(),
        });
    package.policies.retain(|other| other.id() != id);
    package.policies.push(known);
    package
        .policies
        .sort_by_key(|known| (known.policy.created_at, known.id()));
    Ok(package)
}

#[derive(Clone)]
struct View {
    policy: PolicyId,
    package: Package,
    wanted: Vec<domain::membership_rule::Attribute>,
    /// How many more may have the package by the policy.
    room: Option<i64>,
    most: i64,
    moment: Moment,
    listing: Listing,
    result: Preview,
}

type Judged = (Outcome, Option<String>, Option<Timestamp>);

impl View {
    /// Looks at the users after one; answers the last, if there may be more.
    fn page(
        &mut self,
        tx: &mut ReadTx<'_>,
        after: Option<ObjectId>,
    ) -> Result<Option<ObjectId>, ServiceError> {
        if self.room.is_none() {
            self.room = Some(self.most - automatic::count_held(tx, self.policy)?);
        }
        let people = facts::page(tx, after, PAGE, &self.wanted)?;
        let Some(last) = people.last().map(|person| person.id) else {
            return Ok(None);
        };
        let held: BTreeMap<ObjectId, PolicyId> = sweep::held(tx, self.package.id, after, last)?
            .into_iter()
            .map(|(user, held)| (user, held.policy_id))
            .collect();
        let noted: BTreeSet<ObjectId> = sweep::noted(tx, self.package.id, after, last)?
            .into_iter()
            .collect();
        for person in &people {
            let holding = held.get(&person.id).copied();
            let is_noted = noted.contains(&person.id);
            if let Some(judged) = self.judge(tx, person, holding, is_noted)? {
                self.add(tx, person.id, judged)?;
            }
        }
        let is_full = i64::try_from(people.len()).unwrap_or(PAGE) == PAGE;
        Ok(is_full.then_some(last))
    }

    /// What would become of a user, if the policy has anything to do with it.
    fn judge(
        &mut self,
        tx: &mut ReadTx<'_>,
        person: &Person,
        holding: Option<PolicyId>,
        is_noted: bool,
    ) -> Result<Option<Judged>, ServiceError> {
        let notes = if is_noted {
            note::of_user(tx, person.id)?
        } else {
            Vec::new()
        };
        let noted = |policy, kind| {
            notes
                .iter()
                .find(|note| note.policy_id == policy && note.kind == kind)
        };
        let holding = holding.map(|policy_id| Holding {
            policy_id,
            has_failed: false,
        });
        let is_suppressed = |policy| noted(policy, Kind::Suppressed).is_some();
        let decision = decide(&self.package, &person.facts, holding, is_suppressed);
        let is_own = |known: &Known| known.id() == self.policy;
        Ok(match decision {
            Decision::Gain(known) if is_own(known) => Some(self.gain(tx, person.id)?),
            Decision::Suppressed(known) if is_own(known) => {
                let why = noted(known.id(), Kind::Suppressed).map(|note| note.reason.clone());
                Some((Outcome::Skipped, why, None))
            }
            Decision::Keep(known) | Decision::KeepUnselected(known) if is_own(known) => {
                Some((Outcome::Stays, None, None))
            }
            Decision::Move(owner) => {
                let leaves = holding.is_some_and(|held| held.policy_id == self.policy);
                let reason = if is_own(owner) {
                    "goes by this policy from then on"
                } else {
                    "goes by another policy from then on"
                };
                (leaves || is_own(owner)).then(|| (Outcome::Moves, Some(reason.to_owned()), None))
            }
            Decision::Lose(known) if is_own(known) => {
                let grace = known.policy.settings.grace.unwrap_or_default();
                let left_at =
                    noted(known.id(), Kind::Grace).map_or(self.moment.now, |note| note.noted_at);
                let at = (grace > Duration::default()).then(|| left_at.plus(grace));
                Some((Outcome::Loses, None, at))
            }
            Decision::Elsewhere => {
                let selected = self
                    .package
                    .policy(self.policy)
                    .is_some_and(|known| super::decision::selects(known, &person.facts));
                let reason = "has the access package by another policy";
                selected.then(|| (Outcome::Skipped, Some(reason.to_owned()), None))
            }
            Decision::Nothing
            | Decision::Failed
            | Decision::Quarantined
            | Decision::Gain(_)
            | Decision::Suppressed(_)
            | Decision::Keep(_)
            | Decision::KeepUnselected(_)
            | Decision::Lose(_) => None,
        })
    }

    fn gain(&mut self, tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Judged, ServiceError> {
        let skipped = |reason| Ok((Outcome::Skipped, Some(reason), None));
        let room = self.room.unwrap_or_default();
        if room <= 0 {
            return skipped(requests::no_room(self.most));
        }
        let subject = store::subject::find_by_object(tx, user)?.map(|subject| subject.id);
        if let Some(reason) = requests::obstacle(tx, &self.moment, self.package.id, subject, user)?
        {
            return skipped(reason);
        }
        self.room = Some(room - 1);
        Ok((Outcome::Gains, None, None))
    }

    fn add(
        &mut self,
        tx: &mut ReadTx<'_>,
        object_id: ObjectId,
        judged: Judged,
    ) -> Result<(), ServiceError> {
        let (outcome, reason, at) = judged;
        *self.result.counts.entry(outcome).or_default() += 1;
        let is_wanted = match self.listing.outcome {
            Some(wanted) => outcome == wanted,
            None => outcome != Outcome::Stays,
        };
        if !is_wanted || self.listing.after.is_some_and(|after| object_id <= after) {
            return Ok(());
        }
        if self.result.lines.len() == self.listing.top {
            self.result.has_more = true;
            return Ok(());
        }
        let found = user::find(tx, object_id)?;
        let (display_name, user_principal_name) = found.map_or_else(Default::default, |user| {
            (user.display_name, user.user_principal_name)
        });
        self.result.lines.push(Line {
            object_id,
            display_name,
            user_principal_name,
            outcome,
            reason,
            at,
        });
        Ok(())
    }
}
