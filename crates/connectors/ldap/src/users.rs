//! Subjects as entries and as member values.

use std::collections::HashMap;
use std::time::Duration;

use connector_api::{FailureCode, Outcome, Subject};
use futures_util::{StreamExt, TryStreamExt, stream};
use ldap3::{Ldap, LdapError, Scope, SearchOptions, SearchResult};

use crate::config::{ConfigError, LdapConfig, MemberValue, UserLookup};
use crate::dn::normalised;
use crate::pool::Failed;
use crate::result_code::{NO_SUCH_OBJECT, SIZE_LIMIT_EXCEEDED, SUCCESS, broken, failure};
use crate::template::{Place, Placeholder, Template};

/// Most searches under way on one connection.
const PIPELINED: usize = 16;

/// How subjects become member values.
#[derive(Debug)]
pub(crate) struct Users {
    lookup: Lookup,
    value: Option<Template<Property>>,
}

#[derive(Debug)]
enum Lookup {
    Search {
        base: String,
        filter: Template<Property>,
    },
    Dn(Template<Property>),
    Unchecked,
}

/// A subject's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    UserName,
    LocalPart,
    Mail,
    ObjectId,
    DisplayName,
}

impl Placeholder for Property {
    const ALL: &'static [(&'static str, Self)] = &[
        ("userName", Self::UserName),
        ("localPart", Self::LocalPart),
        ("mail", Self::Mail),
        ("objectId", Self::ObjectId),
        ("displayName", Self::DisplayName),
    ];
}

/// What a subject is in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// The member value.
    Member(String),
    /// There is no entry.
    Missing,
    /// Nothing can be done for this subject.
    Failed(Outcome),
}

/// Whether entries have to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existence {
    /// To be added: yes.
    Required,
    /// To be removed or looked at: a value that needs no entry will do, even when the entry is gone.
    Indifferent,
}

impl Users {
    pub(crate) fn new(config: &LdapConfig) -> Result<Self, ConfigError> {
        let parse = |setting, text: &str| {
            Template::parse(text).map_err(|source| ConfigError::Template { setting, source })
        };
        let lookup = match &config.users {
            UserLookup::Search { base, filter } => Lookup::Search {
                base: base.clone(),
                filter: parse("users.filter", filter)?,
            },
            UserLookup::Dn(dn) => Lookup::Dn(parse("users.dn", dn)?),
            UserLookup::Unchecked => Lookup::Unchecked,
        };
        let value = match &config.groups.member_value {
            MemberValue::Dn if config.users == UserLookup::Unchecked => {
                return Err(ConfigError::UncheckedDn);
            }
            MemberValue::Dn => None,
            MemberValue::Text(text) => Some(parse("groups.member_value", text)?),
        };
        Ok(Self { lookup, value })
    }

    /// Whether members are DNs, which several spellings may name.
    pub(crate) const fn are_dns(&self) -> bool {
        self.value.is_none()
    }

    /// What each subject is, in the order asked.
    pub(crate) async fn resolve(
        &self,
        ldap: &Ldap,
        timeout: Duration,
        subjects: &[Subject],
        existence: Existence,
    ) -> Result<Vec<Resolved>, Failed> {
        let calls: Vec<_> = subjects
            .iter()
            .map(|subject| self.resolve_one(ldap.clone(), timeout, subject, existence))
            .collect();
        let mut resolved: Vec<Resolved> = stream::iter(calls)
            .buffered(PIPELINED)
            .try_collect()
            .await?;
        if self.value.is_none() {
            spell_alike(&mut resolved);
        }
        Ok(resolved)
    }

    async fn resolve_one(
        &self,
        ldap: Ldap,
        timeout: Duration,
        subject: &Subject,
        existence: Existence,
    ) -> Result<Resolved, Failed> {
        let text = match (&self.value, existence) {
            // A text can be taken out, or looked for, without an entry.
            (Some(value), Existence::Indifferent) => {
                return Ok(member(fill(value, Place::Plain, subject)));
            }
            (Some(value), Existence::Required) => Some(fill(value, Place::Plain, subject)),
            (None, _) => None,
        };
        Ok(match self.find(ldap, timeout, subject, existence).await? {
            Found::One(dn) => member(text.unwrap_or(Some(dn))),
            Found::None => Resolved::Missing,
            Found::Several => refused("several entries of the target match this subject"),
            Found::NotAsked => member(text.flatten()),
        })
    }

    async fn find(
        &self,
        ldap: Ldap,
        timeout: Duration,
        subject: &Subject,
        existence: Existence,
    ) -> Result<Found, Failed> {
        match &self.lookup {
            Lookup::Unchecked => Ok(Found::NotAsked),
            Lookup::Dn(template) => match fill(template, Place::Dn, subject) {
                None => Ok(Found::None),
                Some(dn) if existence == Existence::Indifferent => Ok(Found::One(dn)),
                Some(dn) => Ok(if entry_at(ldap, timeout, &dn).await? {
                    Found::One(dn)
                } else {
                    Found::None
                }),
            },
            Lookup::Search { base, filter } => match fill(filter, Place::Filter, subject) {
                None => Ok(Found::None),
                Some(filter) => search(ldap, timeout, base, &filter).await,
            },
        }
    }
}

/// What a lookup saw. A subject without the name that the lookup asks for has no entry.
enum Found {
    NotAsked,
    None,
    One(String),
    Several,
}

fn member(value: Option<String>) -> Resolved {
    match value {
        Some(value) => Resolved::Member(value),
        None => refused("the subject lacks a name that the target's mapping asks for"),
    }
}

/// Two subjects may be one entry, which then has to be one value.
fn spell_alike(resolved: &mut [Resolved]) {
    let mut spellings: HashMap<String, String> = HashMap::new();
    for resolved in resolved {
        if let Resolved::Member(dn) = resolved
            && let Some(same) = normalised(dn)
        {
            spellings
                .entry(same)
                .or_insert_with(|| dn.clone())
                .clone_into(dn);
        }
    }
}

fn refused(message: &str) -> Resolved {
    Resolved::Failed(Outcome::refused(FailureCode::ConnectorError, message))
}

async fn search(
    mut ldap: Ldap,
    timeout: Duration,
    base: &str,
    filter: &str,
) -> Result<Found, Failed> {
    let doing = "the search for the subject";
    let SearchResult(entries, result) = ldap
        .with_timeout(timeout)
        .with_search_options(SearchOptions::new().sizelimit(2))
        // 1.1 asks for no attributes.
        .search(base, Scope::Subtree, filter, vec!["1.1"])
        .await
        .map_err(|error| searching_failed(&error, doing))?;
    let mut names: Vec<String> = entries
        .into_iter()
        .filter(|entry| !entry.is_ref() && !entry.is_intermediate())
        .map(|entry| ldap3::SearchEntry::construct(entry).dn)
        .collect();
    match result.rc {
        SUCCESS if names.len() < 2 => Ok(names.pop().map_or(Found::None, Found::One)),
        SUCCESS | SIZE_LIMIT_EXCEEDED => Ok(Found::Several),
        NO_SUCH_OBJECT => Err(Failed::Answered(Outcome::refused(
            FailureCode::ConnectorError,
            format!("there is no entry `{base}` to search subjects below"),
        ))),
        _ => Err(Failed::Answered(failure(&result, doing))),
    }
}

/// Whether there is an entry with that DN.
pub(crate) async fn entry_at(mut ldap: Ldap, timeout: Duration, dn: &str) -> Result<bool, Failed> {
    let doing = "the look at an entry";
    let SearchResult(entries, result) = ldap
        .with_timeout(timeout)
        .search(dn, Scope::Base, "(objectClass=*)", vec!["1.1"])
        .await
        .map_err(|error| Failed::Connection(broken(&error, doing)))?;
    match result.rc {
        SUCCESS => Ok(!entries.is_empty()),
        NO_SUCH_OBJECT => Ok(false),
        _ => Err(Failed::Answered(failure(&result, doing))),
    }
}

/// A filter that the library cannot read never reached the server.
fn searching_failed(error: &LdapError, doing: &str) -> Failed {
    match error {
        LdapError::FilterParsing => Failed::Answered(Outcome::refused(
            FailureCode::ConnectorError,
            "the filter for subjects cannot be read",
        )),
        other => Failed::Connection(broken(other, doing)),
    }
}

fn fill(template: &Template<Property>, place: Place, subject: &Subject) -> Option<String> {
    let object_id = subject.object_id.to_string();
    template.fill(place, |name| match name {
        Property::UserName => Some(subject.user_principal_name.as_str()),
        Property::LocalPart => subject.user_principal_name.split('@').next(),
        Property::Mail => subject.mail.as_deref(),
        Property::ObjectId => Some(object_id.as_str()),
        Property::DisplayName => Some(subject.display_name.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_entry_become_one_value() {
        let member = |dn: &str| Resolved::Member(dn.to_owned());
        let mut resolved = [
            member("uid=a,dc=test"),
            Resolved::Missing,
            member("UID=A, dc=test"),
            member("uid=b,dc=test"),
        ];

        spell_alike(&mut resolved);

        assert_eq!(resolved[2], resolved[0]);
        assert_ne!(resolved[3], resolved[0]);
    }
}
