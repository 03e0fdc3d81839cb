//! Who is in a group, as the target tells it.
//!
//! The members are the values of one attribute. A server may tell them in ranges (`member;range=0-1499`); then the rest is
//! asked for range by range, and a group that changed in between is listed anew: its `modifyTimestamp` tells.

use std::collections::HashMap;
use std::time::Duration;

use connector_api::{
    BoxFuture, FailureCode, Keys, Lister, Listing, Member, Object, Order, Outcome, Subject,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use ldap3::{Ldap, Scope, SearchEntry, SearchResult};

use crate::connector::LdapConnector;
use crate::dn::{naming, normalised};
use crate::groups::{Group, not_found};
use crate::pool::Failed;
use crate::result_code::{NO_SUCH_OBJECT, SUCCESS, broken, failure};
use crate::users::{Existence, Resolved};

/// When an entry was last changed, where the server tells it.
const CHANGED: &str = "modifyTimestamp";
/// The attributes of an entry that may name a person.
const NAMES: [&str; 5] = ["uid", "mail", "userPrincipalName", "sAMAccountName", "cn"];
/// Most reads under way on one connection.
const PIPELINED: usize = 16;

impl Lister for LdapConnector {
    fn order(&self) -> Order {
        Order::Any
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(
            self.pool
                .with(async move |ldap: &Ldap| self.list_on(ldap, object, from).await),
        )
    }

    fn keys<'a>(
        &'a self,
        _object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        Box::pin(self.pool.with(async move |ldap: &Ldap| {
            let timeout = self.pool.timeout();
            let resolved = self
                .users
                .resolve(ldap, timeout, subjects, Existence::Indifferent)
                .await?;
            resolved.iter().map(|one| self.keys_of(one)).collect()
        }))
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        Box::pin(self.pool.with(async move |ldap: &Ldap| {
            let calls: Vec<_> = members
                .iter()
                .map(|member| self.names_of(ldap.clone(), member))
                .collect();
            stream::iter(calls).buffered(PIPELINED).try_collect().await
        }))
    }
}

impl LdapConnector {
    async fn list_on(
        &self,
        ldap: &Ldap,
        object: &Object,
        from: Option<&str>,
    ) -> Result<Listing, Failed> {
        let group = self.groups.group(object)?;
        let place = from.map(Place::parse).transpose()?;
        let attribute = &self.groups.attribute;
        let asked = match &place {
            None => attribute.clone(),
            Some(place) => format!("{attribute};range={}-*", place.start),
        };
        let timeout = self.pool.timeout();
        let attributes = vec![asked.as_str(), CHANGED];
        let Some(entry) = entry(ldap.clone(), timeout, &group.dn, attributes).await? else {
            return without_entry(&group);
        };
        let changed = value(&entry.attrs, CHANGED).unwrap_or_default().to_owned();
        if place.as_ref().is_some_and(|place| place.changed != changed) {
            return Err(unsteady("the group changed while its members were listed"));
        }
        let found = values(&entry, attribute)?;
        if let Some(place) = &place
            && found.start != place.start
        {
            return Err(unsteady(
                "the server told other members of the group than was asked for",
            ));
        }
        let next = found
            .more_from
            .map(|start| Place { start, changed }.to_string());
        let placeholder = self.groups.placeholder.as_deref().map(|dn| self.key(dn));
        let members = found
            .texts
            .into_iter()
            .map(|text| Member {
                keys: vec![self.key(&text)],
                label: text,
            })
            .filter(|member| member.keys.first() != placeholder.as_ref())
            .collect();
        Ok(Listing { members, next })
    }

    /// What is said of one subject that cannot be told apart is said of it alone; what may pass holds the whole answer up.
    fn keys_of(&self, resolved: &Resolved) -> Result<Keys, Failed> {
        match resolved {
            Resolved::Member(value) => Ok(Keys::Known(vec![self.key(value)])),
            Resolved::Missing => Ok(Keys::Known(Vec::new())),
            Resolved::Failed(Outcome::Refused { .. }) => Ok(Keys::Unclear),
            Resolved::Failed(outcome) => Err(Failed::Answered(outcome.clone())),
        }
    }

    /// One spelling for all that name the same member.
    fn key(&self, value: &str) -> String {
        let same = if self.users.are_dns() {
            normalised(value)
        } else {
            None
        };
        same.unwrap_or_else(|| value.to_owned())
    }

    async fn names_of(&self, ldap: Ldap, member: &Member) -> Result<Vec<String>, Failed> {
        let dn = &member.label;
        if !self.users.are_dns() {
            return Ok(vec![dn.clone()]);
        }
        let mut names: Vec<String> = naming(dn).into_iter().map(|(_, value)| value).collect();
        let timeout = self.pool.timeout();
        if let Some(entry) = entry(ldap, timeout, dn, NAMES.to_vec()).await? {
            for name in NAMES {
                names.extend(value(&entry.attrs, name).map(str::to_owned));
            }
        }
        if names.is_empty() {
            names.push(dn.clone());
        }
        Ok(names)
    }
}

/// A group that is made with its first member has none until then.
fn without_entry(group: &Group) -> Result<Listing, Failed> {
    if group.creatable {
        return Ok(Listing::default());
    }
    Err(Failed::Answered(not_found(group)))
}

/// Where the next range begins, and how old the group was that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    start: usize,
    changed: String,
}

impl Place {
    fn parse(text: &str) -> Result<Self, Outcome> {
        let parts = text.split_once(' ').and_then(|(start, changed)| {
            Some(Self {
                start: start.parse().ok()?,
                changed: changed.to_owned(),
            })
        });
        parts.ok_or_else(|| {
            Outcome::refused(
                FailureCode::ConnectorError,
                "the place to list from is none of this target",
            )
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.start, self.changed)
    }
}

/// A range of the values of an attribute.
#[derive(Debug, PartialEq, Eq)]
struct Values {
    texts: Vec<String>,
    start: usize,
    /// Where the next range begins, if this is not the last.
    more_from: Option<usize>,
}

/// The values of the attribute, in whichever range the server chose.
fn values(entry: &SearchEntry, attribute: &str) -> Result<Values, Failed> {
    if entry.bin_attrs.keys().any(|name| names(name, attribute)) {
        return Err(unsteady("the group has members that are not text"));
    }
    let ranged = entry.attrs.iter().find_map(|(name, texts)| {
        let (plain, range) = name.split_once(";range=")?;
        plain
            .eq_ignore_ascii_case(attribute)
            .then_some((range, texts))
    });
    let Some((range, texts)) = ranged else {
        return Ok(Values {
            texts: list(&entry.attrs, attribute).to_vec(),
            start: 0,
            more_from: None,
        });
    };
    let bounds = range.split_once('-').and_then(|(start, end)| {
        let start: usize = start.parse().ok()?;
        match end {
            "*" => Some((start, None)),
            end => Some((start, Some(end.parse::<usize>().ok()?.checked_add(1)?))),
        }
    });
    let Some((start, more_from)) = bounds.filter(|(start, end)| end.is_none_or(|end| end > *start))
    else {
        return Err(unsteady("the server told a range of members that is none"));
    };
    Ok(Values {
        texts: texts.clone(),
        start,
        more_from,
    })
}

/// Whether this is the attribute, with or without options.
fn names(name: &str, attribute: &str) -> bool {
    name.split(';')
        .next()
        .is_some_and(|plain| plain.eq_ignore_ascii_case(attribute))
}

fn list<'a>(attributes: &'a HashMap<String, Vec<String>>, name: &str) -> &'a [String] {
    attributes
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, values)| values.as_slice())
        .unwrap_or_default()
}

fn value<'a>(attributes: &'a HashMap<String, Vec<String>>, name: &str) -> Option<&'a str> {
    list(attributes, name).first().map(String::as_str)
}

fn unsteady(message: &str) -> Failed {
    Failed::Answered(Outcome::retry(FailureCode::ConnectorError, message))
}

/// The entry with that DN, if there is one.
async fn entry(
    mut ldap: Ldap,
    timeout: Duration,
    dn: &str,
    attributes: Vec<&str>,
) -> Result<Option<SearchEntry>, Failed> {
    let doing = "the reading of an entry";
    let SearchResult(entries, result) = ldap
        .with_timeout(timeout)
        .search(dn, Scope::Base, "(objectClass=*)", attributes)
        .await
        .map_err(|error| Failed::Connection(broken(&error, doing)))?;
    match result.rc {
        SUCCESS => Ok(entries.into_iter().next().map(SearchEntry::construct)),
        NO_SUCH_OBJECT => Ok(None),
        _ => Err(Failed::Answered(failure(&result, doing))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_with(attributes: &[(&str, &[&str])]) -> SearchEntry {
        SearchEntry {
            dn: "cn=group".to_owned(),
            attrs: attributes
                .iter()
                .map(|(name, texts)| {
                    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
                    ((*name).to_owned(), texts)
                })
                .collect(),
            bin_attrs: HashMap::new(),
        }
    }

    #[test]
    fn all_values_at_once_are_all() {
        let values = values(&entry_with(&[("Member", &["a", "b"])]), "member").unwrap();

        assert_eq!(values.texts, ["a", "b"]);
        assert_eq!(values.more_from, None);
    }

    #[test]
    fn a_range_says_where_the_next_one_begins() {
        let entry = entry_with(&[("member", &[]), ("member;range=0-1", &["a", "b"])]);

        let values = values(&entry, "member").unwrap();

        assert_eq!(values.texts, ["a", "b"]);
        assert_eq!((values.start, values.more_from), (0, Some(2)));
    }

    #[test]
    fn the_last_range_ends_with_a_star() {
        let values = values(&entry_with(&[("member;range=2-*", &["c"])]), "member").unwrap();

        assert_eq!((values.start, values.more_from), (2, None));
    }

    #[test]
    fn a_range_that_is_none_is_no_listing() {
        for range in ["member;range=2", "member;range=3-1", "member;range=x-*"] {
            assert!(
                values(&entry_with(&[(range, &["c"])]), "member").is_err(),
                "{range}"
            );
        }
    }

    #[test]
    fn a_place_reads_as_it_is_written() {
        let place = Place {
            start: 1500,
            changed: "20260101000000Z".to_owned(),
        };

        assert_eq!(Place::parse(&place.to_string()), Ok(place));
        assert!(Place::parse("x").is_err());
    }
}
