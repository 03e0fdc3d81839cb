//! The connector: from a change to requests, and from answers to outcomes.

use std::sync::Arc;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Limits, Lister, Object, Operation, Outcome,
    Presence, Subject,
};

use crate::client::{Client, Request, SharedClient};
use crate::config::{ConfigError, ScimConfig};
use crate::discovery::{Discovery, Features};
use crate::groups::{Group, Patched, members_of, patch_failure};
use crate::lists::Search;
use crate::memory::Memory;
use crate::reply::Reply;
use crate::users::{Members, Resolved, User, attribute, key, resolved};

/// A connector to one SCIM service.
#[derive(Debug)]
pub struct ScimConnector {
    config: ScimConfig,
    client: SharedClient,
    discovery: Discovery,
    memory: Memory,
}

/// What one call works with.
pub(crate) struct Call<'a> {
    pub(crate) config: &'a ScimConfig,
    pub(crate) client: &'a Client,
    pub(crate) features: Features,
    pub(crate) memory: &'a Memory,
}

/// Whether ids of an earlier call will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Memory,
    Nothing,
}

impl ScimConnector {
    /// A connector for this target. Nothing is sent yet.
    pub fn new(config: ScimConfig) -> Result<Self, ConfigError> {
        for (name, cap) in [
            ("max_subjects", config.max_subjects),
            ("max_in_flight", config.max_in_flight),
            ("scan_cap", config.scan_cap),
        ] {
            if cap == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        let client = Arc::new(Client::new(&config)?);
        Ok(Self {
            config,
            client,
            discovery: Discovery::default(),
            memory: Memory::default(),
        })
    }

    pub(crate) async fn call(&self) -> Result<Call<'_>, Outcome> {
        Ok(Call {
            config: &self.config,
            client: &self.client,
            features: self.discovery.features(&self.client).await?,
            memory: &self.memory,
        })
    }

    async fn applied(&self, change: &Change) -> Applied {
        let applied = match self.call().await {
            Ok(call) => call.apply(change).await,
            Err(outcome) => Err(outcome),
        };
        let applied =
            applied.unwrap_or_else(|outcome| Applied::Each(vec![outcome; change.subjects.len()]));
        if !all_succeeded(&applied) {
            // What the target can do may have changed.
            self.discovery.forget();
        }
        applied
    }

    async fn checked(&self) -> Result<String, Outcome> {
        self.discovery.forget();
        let call = self.call().await?;
        // The document above is often public; a search is not.
        let request = Request::get("/Users").query("filter", "userName eq \"reeve-doctor\"");
        let reply = self.client.send(request).await?;
        match reply.status {
            403 => Err(Outcome::credentials_rejected(
                "the token may not search users",
            )),
            200..300 | 400 | 501 => Ok(call.describe()),
            _ => Err(reply.failure("the search in /Users")),
        }
    }
}

impl Connector for ScimConnector {
    fn limits(&self) -> Limits {
        Limits {
            max_subjects: self.config.max_subjects,
            max_in_flight: self.config.max_in_flight,
        }
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(self.applied(change))
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(async move {
            let seen = match self.call().await {
                Ok(call) => call.observe(object, subjects).await,
                Err(outcome) => Err(outcome),
            };
            if seen.is_err() {
                self.discovery.forget();
            }
            seen
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(self.checked())
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

impl Call<'_> {
    /// An `Err` holds for all subjects alike.
    async fn apply(&self, change: &Change) -> Result<Applied, Outcome> {
        if !self.features.patch {
            return Err(Outcome::refused(
                FailureCode::ConnectorError,
                "the target does not support PATCH, without which members cannot be changed safely",
            ));
        }
        // Who takes access away asks whom it is taken from: an id of somebody who was made anew there would take nothing.
        if change.operation == Operation::Add {
            match self.attempt(change, Trust::Memory).await? {
                Attempted::Came(applied) => return Ok(applied),
                // A refusal is believed only of ids that the target was asked for.
                Attempted::WithOldIds(_) => {}
            }
        }
        Ok(match self.attempt(change, Trust::Nothing).await? {
            Attempted::Came(applied) | Attempted::WithOldIds(applied) => applied,
        })
    }

    async fn attempt(&self, change: &Change, trust: Trust) -> Result<Attempted, Outcome> {
        let Some((group, is_known)) = self.group_for(change, trust).await? else {
            return Ok(Attempted::Came(Applied::Whole(Outcome::AlreadySo)));
        };
        let (mut users, are_known) = self.users_for(&change.subjects, trust).await?;
        let mut may_be_ids = false;
        if change.operation == Operation::Add && self.config.provision_users {
            may_be_ids = self.keep_active_in_step(&change.subjects, &mut users).await;
            self.create_missing(&change.subjects, &mut users).await?;
        }
        let ready: Vec<&User> = users.iter().filter_map(user).collect();
        let patched = if ready.is_empty() {
            Ok(Vec::new())
        } else {
            self.change_members(&group, change, &ready).await
        };
        let outcomes = match patched {
            Ok(outcomes) => outcomes,
            Err(failed) => {
                self.forget(change);
                may_be_ids |= failed.may_be_ids;
                // The engine halves the change, and comes back with the others apart from the one to blame.
                if failed.may_be_one && change.subjects.len() > 1 {
                    let applied = Applied::Whole(failed.outcome);
                    return Ok(Attempted::new(
                        applied,
                        may_be_ids && (is_known || are_known),
                    ));
                }
                vec![failed.outcome; ready.len()]
            }
        };
        let applied = Applied::Each(self.in_order(change.operation, &users, outcomes));
        Ok(Attempted::new(
            applied,
            may_be_ids && (is_known || are_known),
        ))
    }

    /// What a change failed with is asked for again by the next one.
    fn forget(&self, change: &Change) {
        self.memory
            .note_group(&change.object.resource_origin_id, None);
        for subject in &change.subjects {
            self.memory
                .note_user(&key(self.config.match_by, subject), None);
        }
    }

    /// The group to change, and whether it was only remembered; `None` if nothing is to be done because there is none.
    async fn group_for(
        &self,
        change: &Change,
        trust: Trust,
    ) -> Result<Option<(Group, bool)>, Outcome> {
        if trust == Trust::Memory
            && let Some(group) = self.known_group(&change.object)
        {
            return Ok(Some((group, true)));
        }
        let found = match (self.find_group(&change.object).await?, change.operation) {
            (Some(group), _) => Some(group),
            (None, Operation::Add) => Some(self.create_group(&change.object).await?),
            (None, Operation::Remove) => None,
        };
        Ok(found.map(|group| (group, false)))
    }

    /// The subjects as users, in the order asked, and whether some were only remembered.
    async fn users_for(
        &self,
        subjects: &[Subject],
        trust: Trust,
    ) -> Result<(Vec<Resolved>, bool), Outcome> {
        if trust == Trust::Nothing {
            return Ok((self.find_users(subjects).await?, false));
        }
        let known = self.memory.users(&self.keys(subjects));
        let unknown: Vec<Subject> = subjects
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(subject, _)| subject.clone())
            .collect();
        let are_known = unknown.len() < subjects.len();
        let mut found = if unknown.is_empty() {
            Vec::new().into_iter()
        } else {
            self.find_users(&unknown).await?.into_iter()
        };
        let users = known
            .into_iter()
            .map(|known| {
                known.map_or_else(|| found.next().unwrap_or(Resolved::Missing), Resolved::User)
            })
            .collect();
        Ok((users, are_known))
    }

    fn keys(&self, subjects: &[Subject]) -> Vec<String> {
        let match_by = self.config.match_by;
        subjects
            .iter()
            .map(|subject| key(match_by, subject))
            .collect()
    }

    /// One outcome a user, or a failure for all of them.
    async fn change_members(
        &self,
        group: &Group,
        change: &Change,
        users: &[&User],
    ) -> Result<Vec<Outcome>, Patched> {
        let reply = self
            .patch_members(group, change.operation, users)
            .await
            .map_err(Patched::all)?;
        if reply.is_success() {
            return Ok(proven(&reply, change.operation, users));
        }
        if change.operation == Operation::Remove && reply.has_scim_type("noTarget") {
            return self.remove_those_present(group, change, users).await;
        }
        Err(patch_failure(&reply, &change.object))
    }

    /// The target refuses to remove who is not there: reads who is, and removes only them.
    async fn remove_those_present(
        &self,
        group: &Group,
        change: &Change,
        users: &[&User],
    ) -> Result<Vec<Outcome>, Patched> {
        let entries = self
            .members(group, &change.object)
            .await
            .map_err(Patched::all)?;
        let members = Members::of(&entries);
        let present: Vec<&User> = users
            .iter()
            .copied()
            .filter(|user| members.have(user))
            .collect();
        if present.is_empty() {
            return Ok(vec![Outcome::AlreadySo; users.len()]);
        }
        let reply = self
            .patch_members(group, change.operation, &present)
            .await
            .map_err(Patched::all)?;
        if !reply.is_success() {
            return Err(patch_failure(&reply, &change.object));
        }
        let mut removed = proven(&reply, change.operation, &present).into_iter();
        Ok(users
            .iter()
            .map(|user| {
                let was_present = members.have(user);
                was_present
                    .then(|| removed.next())
                    .flatten()
                    .unwrap_or(Outcome::AlreadySo)
            })
            .collect())
    }

    /// Puts the outcomes of those who had a user back among the others.
    fn in_order(
        &self,
        operation: Operation,
        users: &[Resolved],
        outcomes: Vec<Outcome>,
    ) -> Vec<Outcome> {
        let mut outcomes = outcomes.into_iter();
        users
            .iter()
            .map(|resolved| match resolved {
                Resolved::User(_) => outcomes.next().unwrap_or_else(|| {
                    Outcome::retry(FailureCode::ConnectorError, "the target said nothing")
                }),
                Resolved::Failed(outcome) => outcome.clone(),
                // Who is not there has no access.
                Resolved::Missing if operation == Operation::Remove => Outcome::AlreadySo,
                Resolved::Missing => self.missing_user(),
            })
            .collect()
    }

    fn missing_user(&self) -> Outcome {
        let message = "the target has no user for this subject, and users are not created there";
        if self.config.retry_missing_users {
            Outcome::retry(FailureCode::TargetNotProvisioned, message)
        } else {
            Outcome::refused(FailureCode::TargetNotFound, message)
        }
    }

    async fn observe(
        &self,
        object: &Object,
        subjects: &[Subject],
    ) -> Result<Vec<Presence>, Outcome> {
        let Some(group) = self.find_group(object).await? else {
            return Ok(vec![Presence::Absent; subjects.len()]);
        };
        let entries = self.members(&group, object).await?;
        if entries.is_empty() {
            return Ok(vec![Presence::Absent; subjects.len()]);
        }
        let members = Members::of(&entries);
        let mut seen = Vec::with_capacity(subjects.len());
        for resolved in self.find_users(subjects).await? {
            seen.push(match resolved {
                Resolved::User(user) if members.have(&user) => Presence::Present,
                Resolved::User(_) | Resolved::Missing => Presence::Absent,
                Resolved::Failed(outcome) => return Err(outcome),
            });
        }
        Ok(seen)
    }

    /// What the target knows about each subject, in the order asked.
    pub(crate) async fn find_users(&self, subjects: &[Subject]) -> Result<Vec<Resolved>, Outcome> {
        let search = Search {
            client: self.client,
            collection: "/Users",
            attribute: attribute(self.config.match_by),
            shape: ("attributes", "userName,externalId,active"),
            can_filter: self.features.filter,
            max_in_flight: self.config.max_in_flight,
            scan_cap: self.config.scan_cap,
        };
        let keys = self.keys(subjects);
        let found = search.find(&keys).await?;
        let users: Vec<Resolved> = found.iter().map(|resources| resolved(resources)).collect();
        for (key, resolved) in keys.iter().zip(&users) {
            self.memory.note_user(key, user(resolved));
        }
        Ok(users)
    }

    fn describe(&self) -> String {
        let can = |able: bool, what: &'static str| if able { what } else { "" };
        let features: Vec<&str> = [
            can(self.features.patch, "patch"),
            can(self.features.filter, "filter"),
            can(self.features.bulk.is_some(), "bulk"),
            can(self.features.etag, "etag"),
        ]
        .into_iter()
        .filter(|feature| !feature.is_empty())
        .collect();
        format!(
            "the SCIM service answers and supports: {}",
            features.join(", ")
        )
    }
}

fn user(resolved: &Resolved) -> Option<&User> {
    match resolved {
        Resolved::User(user) => Some(user),
        Resolved::Missing | Resolved::Failed(_) => None,
    }
}

/// What came of an attempt.
enum Attempted {
    /// This.
    Came(Applied),
    /// This, and perhaps only because of ids that the target was not asked for in this call.
    WithOldIds(Applied),
}

impl Attempted {
    const fn new(applied: Applied, may_be_ids: bool) -> Self {
        if may_be_ids {
            Self::WithOldIds(applied)
        } else {
            Self::Came(applied)
        }
    }
}

/// A success for each user; proven where the answer shows the members and they are as asked.
fn proven(reply: &Reply, operation: Operation, users: &[&User]) -> Vec<Outcome> {
    let members = reply.object().and_then(members_of).map(Members::of);
    users
        .iter()
        .map(|user| Outcome::Done {
            verified: members
                .as_ref()
                .is_some_and(|members| members.have(user) == (operation == Operation::Add)),
        })
        .collect()
}

fn all_succeeded(applied: &Applied) -> bool {
    match applied {
        Applied::Each(each) => each.iter().all(Outcome::is_success),
        Applied::Whole(whole) => whole.is_success(),
    }
}
