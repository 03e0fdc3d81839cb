//! The connector: from a change to requests, and from answers to outcomes.

use std::sync::Arc;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Limits, Lister, Object, Operation, Outcome,
    Presence, Subject,
};
use serde_json::Value;

use crate::client::{Client, Request, SharedClient};
use crate::config::{ConfigError, ScimConfig};
use crate::discovery::{Discovery, Features};
use crate::groups::{Group, Patched, members_of, patch_failure};
use crate::lists::Search;
use crate::reply::Reply;
use crate::users::{Resolved, User, attribute, key, resolved};

/// A connector to one SCIM service.
#[derive(Debug)]
pub struct ScimConnector {
    config: ScimConfig,
    client: SharedClient,
    discovery: Discovery,
}

/// What one call works with.
pub(crate) struct Call<'a> {
    pub(crate) config: &'a ScimConfig,
    pub(crate) client: &'a Client,
    pub(crate) features: Features,
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
        })
    }

    pub(crate) async fn call(&self) -> Result<Call<'_>, Outcome> {
        Ok(Call {
            config: &self.config,
            client: &self.client,
            features: self.discovery.features(&self.client).await?,
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
        let Some(group) = self.group_for(change).await? else {
            return Ok(Applied::Whole(Outcome::AlreadySo));
        };
        let mut users = self.find_users(&change.subjects).await?;
        if change.operation == Operation::Add && self.config.provision_users {
            self.keep_active_in_step(&change.subjects, &mut users).await;
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
            // The engine halves the change, and comes back with the others apart from the one to blame.
            Err(failed) if failed.may_be_one && change.subjects.len() > 1 => {
                return Ok(Applied::Whole(failed.outcome));
            }
            Err(failed) => vec![failed.outcome; ready.len()],
        };
        Ok(Applied::Each(self.in_order(
            change.operation,
            &users,
            outcomes,
        )))
    }

    /// The group to change; `None` if nothing is to be done because there is none.
    async fn group_for(&self, change: &Change) -> Result<Option<Group>, Outcome> {
        match (self.find_group(&change.object).await?, change.operation) {
            (Some(group), _) => Ok(Some(group)),
            (None, Operation::Add) => self.create_group(&change.object).await.map(Some),
            (None, Operation::Remove) => Ok(None),
        }
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
        let members = self
            .members(group, &change.object)
            .await
            .map_err(Patched::all)?;
        let present: Vec<&User> = users
            .iter()
            .copied()
            .filter(|user| is_among(user, &members))
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
                let was_present = is_among(user, &members);
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
        let members = self.members(&group, object).await?;
        if members.is_empty() {
            return Ok(vec![Presence::Absent; subjects.len()]);
        }
        let mut seen = Vec::with_capacity(subjects.len());
        for resolved in self.find_users(subjects).await? {
            seen.push(match resolved {
                Resolved::User(user) if is_among(&user, &members) => Presence::Present,
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
        let keys: Vec<String> = subjects
            .iter()
            .map(|subject| key(self.config.match_by, subject))
            .collect();
        let found = search.find(&keys).await?;
        Ok(found.iter().map(|resources| resolved(resources)).collect())
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

fn is_among(user: &User, members: &[Value]) -> bool {
    members.iter().any(|member| user.is_member(member))
}

/// A success for each user; proven where the answer shows the members and they are as asked.
fn proven(reply: &Reply, operation: Operation, users: &[&User]) -> Vec<Outcome> {
    let members = reply.object().and_then(members_of);
    users
        .iter()
        .map(|user| Outcome::Done {
            verified: members
                .is_some_and(|members| is_among(user, members) == (operation == Operation::Add)),
        })
        .collect()
}

fn all_succeeded(applied: &Applied) -> bool {
    match applied {
        Applied::Each(each) => each.iter().all(Outcome::is_success),
        Applied::Whole(whole) => whole.is_success(),
    }
}
