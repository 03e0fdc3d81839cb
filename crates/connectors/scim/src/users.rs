//! Subjects as users of the target.

use std::collections::HashSet;

use connector_api::{FailureCode, Outcome, Subject};
use serde_json::{Map, Value, json};

use crate::config::MatchBy;
use crate::lists::text;

/// A user of the target, as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    name: Option<String>,
    pub(crate) active: Option<bool>,
}

/// What is known about a subject in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// Exactly one user.
    User(User),
    /// No user.
    Missing,
    /// Nothing can be done for this subject now.
    Failed(Outcome),
}

impl User {
    pub(crate) fn from_resource(resource: &Value) -> Option<Self> {
        Some(Self {
            id: text(resource, "id").filter(|id| !id.is_empty())?.to_owned(),
            name: text(resource, "userName").map(str::to_owned),
            active: resource.get("active").and_then(Value::as_bool),
        })
    }

    /// A user of whom only the id is known, as a bulk answer tells it.
    pub(crate) fn created(id: String, subject: &Subject) -> Self {
        Self {
            id,
            name: Some(subject.user_principal_name.clone()),
            active: Some(subject.enabled),
        }
    }

    /// The keys by which a listing of members may show this user.
    pub(crate) fn member_keys(&self) -> Vec<String> {
        let mut keys = vec![self.id.clone()];
        keys.extend(self.name.as_deref().map(name_key));
        keys
    }

    /// The same user after a change of `active`.
    pub(crate) fn with_active(self, active: bool) -> Self {
        Self {
            active: Some(active),
            ..self
        }
    }
}

/// The entries of a group's `members`, to be asked who is among them.
#[derive(Debug, Default)]
pub(crate) struct Members<'a> {
    ids: HashSet<&'a str>,
    names: HashSet<String>,
}

impl<'a> Members<'a> {
    /// Each entry shows its user by id, by reference, or, as some servers answer, by name.
    pub(crate) fn of(entries: &'a [Value]) -> Self {
        let mut members = Self::default();
        for entry in entries {
            let value = text(entry, "value");
            let by_reference =
                text(entry, "$ref").and_then(|reference| reference.rsplit('/').next());
            members.ids.extend(value.into_iter().chain(by_reference));
            members.names.extend(value.map(str::to_lowercase));
        }
        members
    }

    /// Whether the user is among them.
    pub(crate) fn have(&self, user: &User) -> bool {
        let name = user.name.as_deref().map(str::to_lowercase);
        self.ids.contains(user.id.as_str()) || name.is_some_and(|name| self.names.contains(&name))
    }
}

/// The key of a user's name: names do not heed case, ids do, and neither is ever taken for the other.
pub(crate) fn name_key(name: &str) -> String {
    format!("name:{}", name.to_lowercase())
}

/// The attribute by which a subject is recognised.
pub(crate) const fn attribute(match_by: MatchBy) -> &'static str {
    match match_by {
        MatchBy::UserName => "userName",
        MatchBy::ExternalId => "externalId",
    }
}

/// The subject's value of that attribute.
pub(crate) fn key(match_by: MatchBy, subject: &Subject) -> String {
    match match_by {
        MatchBy::UserName => subject.user_principal_name.clone(),
        MatchBy::ExternalId => subject.object_id.to_string(),
    }
}

/// What the resources found for one subject mean.
pub(crate) fn resolved(found: &[Value]) -> Resolved {
    match found {
        [] => Resolved::Missing,
        [one] => User::from_resource(one).map_or_else(
            || {
                Resolved::Failed(Outcome::retry(
                    FailureCode::ConnectorError,
                    "the target answered with a user without id",
                ))
            },
            Resolved::User,
        ),
        more => Resolved::Failed(Outcome::refused(
            FailureCode::ConnectorError,
            format!("{} users of the target match this subject", more.len()),
        )),
    }
}

/// The user resource for a subject. Addresses carry nothing but their value, since some servers refuse the rest.
pub(crate) fn resource(subject: &Subject) -> Value {
    // An absent name part is left out: some servers refuse a null.
    let name: Map<String, Value> = [
        ("formatted", Some(&subject.display_name)),
        ("givenName", subject.given_name.as_ref()),
        ("familyName", subject.surname.as_ref()),
    ]
    .into_iter()
    .filter_map(|(part, value)| Some((part.to_owned(), json!(value?))))
    .collect();
    let emails: Vec<Value> = subject
        .mail
        .iter()
        .map(|mail| json!({ "value": mail }))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": subject.object_id.to_string(),
        "userName": subject.user_principal_name,
        "displayName": subject.display_name,
        "name": name,
        "emails": emails,
        "active": subject.enabled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User::from_resource(&json!({ "id": "u1", "userName": "Alice@example.com" })).unwrap()
    }

    fn is_member(member: &Value) -> bool {
        Members::of(std::slice::from_ref(member)).have(&user())
    }

    #[test]
    fn a_member_is_recognised_by_id_by_reference_or_by_name() {
        for member in [
            json!({ "value": "u1" }),
            json!({ "value": "x", "$ref": "https://idm.example.com/Users/u1" }),
            json!({ "value": "alice@example.com" }),
        ] {
            assert!(is_member(&member), "{member}");
        }
        for member in [json!({ "value": "u2" }), json!({}), json!("u1")] {
            assert!(!is_member(&member), "{member}");
        }
    }

    #[test]
    fn several_matches_are_nobody() {
        let twice = [json!({ "id": "u1" }), json!({ "id": "u2" })];

        assert!(matches!(
            resolved(&twice),
            Resolved::Failed(Outcome::Refused { .. })
        ));
    }
}
