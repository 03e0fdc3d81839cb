//! The connector: from a change to operations, and from result codes to outcomes.

use std::collections::HashSet;

use connector_api::{
    Applied, BoxFuture, Change, Connector, FailureCode, Limits, Lister, Object, Operation, Outcome,
    Presence, Subject,
};
use ldap3::Ldap;

use crate::config::{ConfigError, LdapConfig};
use crate::groups::{Group, Groups, not_found};
use crate::pool::{Failed, Pool};
use crate::result_code::{
    ATTRIBUTE_OR_VALUE_EXISTS, ENTRY_ALREADY_EXISTS, NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT,
    OBJECT_CLASS_VIOLATION, SUCCESS, failure,
};
use crate::users::{Existence, Resolved, Users, entry_at};

/// A connector to one LDAP server.
#[derive(Debug)]
pub struct LdapConnector {
    pub(crate) pool: Pool,
    pub(crate) users: Users,
    pub(crate) groups: Groups,
    retry_missing_users: bool,
    limits: Limits,
}

/// What became of the values that were sent.
enum Sent {
    /// The whole of it took effect, as the server said.
    Took,
    /// Only these did, since the others were so before.
    Difference(HashSet<String>),
    /// Nothing did.
    Not(Outcome, Blame),
}

/// Whom a failure concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// All values alike.
    All,
    /// Perhaps one of several, so that halving helps.
    PerhapsOne,
}

impl LdapConnector {
    /// A connector for this target. Nothing is sent yet.
    pub fn new(config: &LdapConfig) -> Result<Self, ConfigError> {
        for (name, cap) in [
            ("max_subjects", config.max_subjects),
            ("max_in_flight", config.max_in_flight),
        ] {
            if cap == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        Ok(Self {
            pool: Pool::new(config)?,
            users: Users::new(config)?,
            groups: Groups::new(&config.groups)?,
            retry_missing_users: config.retry_missing_users,
            limits: Limits {
                max_subjects: config.max_subjects,
                max_in_flight: config.max_in_flight,
            },
        })
    }

    async fn applied(&self, change: &Change) -> Applied {
        self.pool
            .with(async |ldap| self.apply_on(ldap, change).await)
            .await
            .unwrap_or_else(|outcome| Applied::Each(vec![outcome; change.subjects.len()]))
    }

    async fn apply_on(&self, ldap: &Ldap, change: &Change) -> Result<Applied, Failed> {
        let group = self.groups.group(&change.object)?;
        let existence = match change.operation {
            Operation::Add => Existence::Required,
            Operation::Remove => Existence::Indifferent,
        };
        let resolved = self
            .users
            .resolve(ldap, self.pool.timeout(), &change.subjects, existence)
            .await?;
        let values = distinct(&resolved);
        let sent = if values.is_empty() {
            // Still, whoever asks about a group that is not there shall hear so.
            self.must_exist(ldap, &group).await?;
            Sent::Took
        } else {
            self.send(ldap, &group, change.operation, &values).await?
        };
        if let Sent::Not(outcome, Blame::PerhapsOne) = &sent
            && change.subjects.len() > 1
        {
            return Ok(Applied::Whole(outcome.clone()));
        }
        Ok(Applied::Each(
            resolved
                .iter()
                .map(|resolved| self.outcome(change.operation, resolved, &sent))
                .collect(),
        ))
    }

    fn outcome(&self, operation: Operation, resolved: &Resolved, sent: &Sent) -> Outcome {
        match (resolved, sent) {
            (Resolved::Failed(outcome), _) | (Resolved::Member(_), Sent::Not(outcome, _)) => {
                outcome.clone()
            }
            (Resolved::Member(_), Sent::Took) => Outcome::Done { verified: true },
            (Resolved::Member(value), Sent::Difference(changed)) => {
                if changed.contains(value) {
                    Outcome::Done { verified: true }
                } else {
                    Outcome::AlreadySo
                }
            }
            // Nobody can use the membership of an entry that is not there.
            (Resolved::Missing, _) if operation == Operation::Remove => Outcome::AlreadySo,
            (Resolved::Missing, _) => self.missing_user(),
        }
    }

    fn missing_user(&self) -> Outcome {
        let message = "the target has no entry for this subject";
        if self.retry_missing_users {
            Outcome::retry(FailureCode::TargetNotProvisioned, message)
        } else {
            Outcome::refused(FailureCode::TargetNotFound, message)
        }
    }

    /// All at once; if some are so already, the difference.
    async fn send(
        &self,
        ldap: &Ldap,
        group: &Group,
        operation: Operation,
        values: &[String],
    ) -> Result<Sent, Failed> {
        let first = self.modify(ldap, group, operation, values).await?;
        let Sent::Not(_, Blame::PerhapsOne) = first else {
            return Ok(first);
        };
        let Some(present) = self.compare(ldap, group, values).await? else {
            return self.without_group(ldap, group, operation, values).await;
        };
        let wrong = operation == Operation::Remove;
        let difference: Vec<String> = values
            .iter()
            .zip(present)
            .filter(|(_, is_member)| *is_member == wrong)
            .map(|(value, _)| value.clone())
            .collect();
        if difference.is_empty() {
            return Ok(Sent::Difference(HashSet::new()));
        }
        if difference.len() == values.len() {
            // The values were not the reason.
            return Ok(first);
        }
        Ok(
            match self.modify(ldap, group, operation, &difference).await? {
                Sent::Took => Sent::Difference(difference.into_iter().collect()),
                other => other,
            },
        )
    }

    /// One modify, or a second one when the placeholder has to step in.
    async fn modify(
        &self,
        ldap: &Ldap,
        group: &Group,
        operation: Operation,
        values: &[String],
    ) -> Result<Sent, Failed> {
        let timeout = self.pool.timeout();
        let steps_out = operation == Operation::Add && self.has_placeholder(ldap, group).await?;
        let result = self
            .groups
            .modify(ldap, timeout, group, operation, values, steps_out)
            .await?;
        let result = if result.rc == OBJECT_CLASS_VIOLATION
            && operation == Operation::Remove
            && self.groups.placeholder.is_some()
        {
            self.groups
                .modify(ldap, timeout, group, operation, values, true)
                .await?
        } else {
            result
        };
        let doing = "the change of the group's members";
        Ok(match result.rc {
            SUCCESS => Sent::Took,
            NO_SUCH_OBJECT => {
                return self
                    .without_group_or_value(ldap, group, operation, values)
                    .await;
            }
            OBJECT_CLASS_VIOLATION if operation == Operation::Remove => {
                Sent::Not(last_member(), Blame::PerhapsOne)
            }
            // Settled by comparing; what is left after that is a race with somebody else.
            ATTRIBUTE_OR_VALUE_EXISTS | NO_SUCH_ATTRIBUTE => Sent::Not(
                Outcome::retry(
                    FailureCode::ConnectorError,
                    "the group was changed by somebody else meanwhile",
                ),
                Blame::PerhapsOne,
            ),
            _ => {
                let outcome = failure(&result, doing);
                let blame = match &outcome {
                    Outcome::Refused { reason }
                        if reason.code != FailureCode::OriginAccessDenied =>
                    {
                        Blame::PerhapsOne
                    }
                    _ => Blame::All,
                };
                Sent::Not(outcome, blame)
            }
        })
    }

    /// The server knows no such object: mostly the group, but some servers also check that members exist.
    async fn without_group_or_value(
        &self,
        ldap: &Ldap,
        group: &Group,
        operation: Operation,
        values: &[String],
    ) -> Result<Sent, Failed> {
        if entry_at(ldap.clone(), self.pool.timeout(), &group.dn).await? {
            let outcome = Outcome::refused(
                FailureCode::TargetNotFound,
                "the server does not know one of the members",
            );
            return Ok(Sent::Not(outcome, Blame::PerhapsOne));
        }
        self.without_group(ldap, group, operation, values).await
    }

    async fn without_group(
        &self,
        ldap: &Ldap,
        group: &Group,
        operation: Operation,
        values: &[String],
    ) -> Result<Sent, Failed> {
        if !group.creatable {
            return Ok(Sent::Not(not_found(group), Blame::All));
        }
        if operation == Operation::Remove {
            return Ok(Sent::Difference(HashSet::new()));
        }
        let result = self
            .groups
            .create(ldap, self.pool.timeout(), group, values)
            .await?;
        Ok(match result.rc {
            SUCCESS => Sent::Took,
            ENTRY_ALREADY_EXISTS => Sent::Not(
                Outcome::retry(
                    FailureCode::ConnectorError,
                    "the group was created by somebody else meanwhile",
                ),
                Blame::All,
            ),
            _ => Sent::Not(failure(&result, "the creation of the group"), Blame::All),
        })
    }

    async fn must_exist(&self, ldap: &Ldap, group: &Group) -> Result<(), Failed> {
        if group.creatable || entry_at(ldap.clone(), self.pool.timeout(), &group.dn).await? {
            return Ok(());
        }
        Err(Failed::Answered(not_found(group)))
    }

    async fn has_placeholder(&self, ldap: &Ldap, group: &Group) -> Result<bool, Failed> {
        let Some(placeholder) = &self.groups.placeholder else {
            return Ok(false);
        };
        let seen = self
            .compare(ldap, group, std::slice::from_ref(placeholder))
            .await?;
        Ok(seen.is_some_and(|seen| seen == [true]))
    }

    async fn compare(
        &self,
        ldap: &Ldap,
        group: &Group,
        values: &[String],
    ) -> Result<Option<Vec<bool>>, Failed> {
        self.groups
            .compare(ldap, self.pool.timeout(), group, values)
            .await
    }

    async fn observe_on(
        &self,
        ldap: &Ldap,
        object: &Object,
        subjects: &[Subject],
    ) -> Result<Vec<Presence>, Failed> {
        let group = self.groups.group(object)?;
        let resolved = self
            .users
            .resolve(ldap, self.pool.timeout(), subjects, Existence::Indifferent)
            .await?;
        let values = distinct(&resolved);
        let present: HashSet<&String> = if values.is_empty() {
            self.must_exist(ldap, &group).await?;
            HashSet::new()
        } else {
            match self.compare(ldap, &group, &values).await? {
                Some(seen) => values
                    .iter()
                    .zip(seen)
                    .filter(|(_, seen)| *seen)
                    .map(|(value, _)| value)
                    .collect(),
                None if group.creatable => HashSet::new(),
                None => return Err(Failed::Answered(not_found(&group))),
            }
        };
        resolved
            .iter()
            .map(|resolved| match resolved {
                Resolved::Member(value) if present.contains(value) => Ok(Presence::Present),
                Resolved::Member(_) | Resolved::Missing => Ok(Presence::Absent),
                Resolved::Failed(outcome) => Err(Failed::Answered(outcome.clone())),
            })
            .collect()
    }
}

impl Connector for LdapConnector {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn apply<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Applied> {
        Box::pin(self.applied(change))
    }

    fn observe<'a>(
        &'a self,
        object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Presence>, Outcome>> {
        Box::pin(
            self.pool
                .with(async move |ldap: &Ldap| self.observe_on(ldap, object, subjects).await),
        )
    }

    fn check(&self) -> BoxFuture<'_, Result<String, Outcome>> {
        Box::pin(self.pool.with(async |ldap: &Ldap| {
            // The root DSE: proves that the connection is alive, not only that it once was.
            entry_at(ldap.clone(), self.pool.timeout(), "").await?;
            Ok(format!(
                "the server accepts the account; the connection is {}",
                self.pool.protection()
            ))
        }))
    }

    fn lister(&self) -> Option<&dyn Lister> {
        Some(self)
    }
}

/// Each value once, in order. Two subjects may be one entry; sending it twice would be refused.
fn distinct(resolved: &[Resolved]) -> Vec<String> {
    let mut seen = HashSet::new();
    resolved
        .iter()
        .filter_map(|resolved| match resolved {
            Resolved::Member(value) => seen.insert(value).then(|| value.clone()),
            Resolved::Missing | Resolved::Failed(_) => None,
        })
        .collect()
}

fn last_member() -> Outcome {
    Outcome::refused(
        FailureCode::GroupNotModifiable,
        "the group would be left without members, which its class does not allow; \
         configure `placeholder_member` for this target",
    )
}
