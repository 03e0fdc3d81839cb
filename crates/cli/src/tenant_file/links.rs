//! What the objects of the directory are called: a file has their names where Graph has their ids.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

use super::Principal;
use crate::client::ENTITLEMENTS;
use crate::client::graph::Graph;
use crate::output::Refused;

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    User,
    Group,
    Application,
    Organization,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Application => "application",
            Self::Organization => "connected organization",
        }
    }

    /// Names that differ in case only are the same sign-in name.
    pub(super) fn key(self, name: &str) -> String {
        match self {
            Self::User => name.to_lowercase(),
            _ => name.to_owned(),
        }
    }
}

/// The members of Graph's objects that refer to something with a name.
const LINKS: &[(&str, Kind)] = &[
    ("userId", Kind::User),
    ("groupId", Kind::Group),
    ("servicePrincipalId", Kind::Application),
    ("connectedOrganizationId", Kind::Organization),
];

/// The names of a tenant's objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    ids: BTreeMap<(Kind, String), Vec<String>>,
    names: BTreeMap<String, (Kind, String)>,
}

impl Names {
    /// Those of everything that is there.
    pub(super) async fn load(graph: &Graph) -> anyhow::Result<Self> {
        let organizations = format!("{ENTITLEMENTS}/connectedOrganizations");
        let mut names = Self::default();
        for (kind, path, name) in [
            (Kind::User, "/v1.0/users", "userPrincipalName"),
            (Kind::Group, "/v1.0/groups", "displayName"),
            (Kind::Application, "/v1.0/servicePrincipals", "displayName"),
            (Kind::Organization, &organizations, "displayName"),
        ] {
            let path = format!("{path}?$select=id,{name}");
            let learn = |object: Value| {
                if let (Some(id), Some(name)) = (text(&object, "id"), text(&object, name)) {
                    names.learn(kind, name, id);
                }
            };
            graph.for_each(&path, learn).await?;
        }
        Ok(names)
    }

    /// Something new.
    pub(super) fn learn(&mut self, kind: Kind, name: &str, id: &str) {
        let ids = self.ids.entry((kind, kind.key(name))).or_default();
        ids.push(id.to_owned());
        self.names.insert(id.to_owned(), (kind, name.to_owned()));
    }

    /// Whether something is called so.
    pub(super) fn knows(&self, kind: Kind, name: &str) -> bool {
        self.ids.contains_key(&(kind, kind.key(name)))
    }

    /// The id of what is called so.
    pub(super) fn id(&self, kind: Kind, name: &str) -> anyhow::Result<&str> {
        let ids = self.ids.get(&(kind, kind.key(name))).map(Vec::as_slice);
        match ids {
            Some([id]) => Ok(id),
            Some([]) | None => Err(Refused(format!("there is no {} `{name}`", kind.word())).into()),
            Some(_) => {
                Err(Refused(format!("there is more than one {} `{name}`", kind.word())).into())
            }
        }
    }

    /// The id of somebody.
    pub(super) fn principal(&self, principal: &Principal) -> anyhow::Result<&str> {
        match principal {
            Principal::User(name) => self.id(Kind::User, name),
            Principal::Group { group } => self.id(Kind::Group, group),
            Principal::Application { application } => self.id(Kind::Application, application),
        }
    }

    /// What the object with this id is called.
    pub(super) fn name(&self, id: &str) -> Option<(Kind, &str)> {
        let (kind, name) = self.names.get(id)?;
        Some((*kind, name))
    }

    /// Who the object with this id is; `None` for what is nobody.
    pub(super) fn named(&self, id: &str) -> Option<Principal> {
        let (kind, name) = self.name(id)?;
        let name = name.to_owned();
        match kind {
            Kind::User => Some(Principal::User(name)),
            Kind::Group => Some(Principal::Group { group: name }),
            Kind::Application => Some(Principal::Application { application: name }),
            Kind::Organization => None,
        }
    }

    /// Puts names in the place of ids. An object that is gone stays an id.
    pub(super) fn put_names(&self, value: &mut Value) {
        let named = |_: Kind, id: &str| Ok(self.name(id).map(|(_, name)| name.to_owned()));
        // Nothing here can fail.
        let _ = each_link(value, &named);
    }

    /// Puts ids in the place of names. What is an id already stays one.
    pub(super) fn put_ids(&self, value: &mut Value) -> anyhow::Result<()> {
        each_link(value, &|kind, name| {
            if name.parse::<domain::id::ObjectId>().is_ok() && !self.knows(kind, name) {
                return Ok(None);
            }
            self.id(kind, name).map(|id| Some(id.to_owned()))
        })
    }
}

/// Takes away what the server calls somebody whom a policy names: it follows from who that is, and is nobody's to write.
pub(super) fn without_descriptions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let names_somebody = LINKS.iter().any(|(link, _)| members.contains_key(*link));
            if names_somebody || members.contains_key("membershipRule") {
                members.remove("description");
            }
            members.values_mut().for_each(without_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(without_descriptions),
        _ => {}
    }
}

type Replace<'a> = &'a dyn Fn(Kind, &str) -> anyhow::Result<Option<String>>;

fn each_link(value: &mut Value, replace: Replace<'_>) -> anyhow::Result<()> {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let link = LINKS.iter().find(|(link, _)| link == name);
                match (link, &mut *member) {
                    (Some((_, kind)), Value::String(text)) => {
                        let replaced = replace(*kind, text)
                            .with_context(|| format!("`{name}` cannot be resolved"))?;
                        if let Some(other) = replaced {
                            *text = other;
                        }
                    }
                    (_, nested) => each_link(nested, replace)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| each_link(item, replace)),
        _ => Ok(()),
    }
}

/// A member that is text.
pub(super) fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DORA: &str = "00000000-0000-0000-0000-00000000000d";

    fn names() -> Names {
        let mut names = Names::default();
        names.learn(Kind::User, "Dora@reeve.example", DORA);
        names.learn(Kind::Group, "Crew", "1");
        names.learn(Kind::Group, "Crew", "2");
        names
    }

    #[test]
    fn links_become_names_and_ids_again() {
        let before = json!([{ "userId": DORA, "nested": { "groupId": "9" }, "id": DORA }]);
        let mut value = before.clone();

        names().put_names(&mut value);

        assert_eq!(value[0]["userId"], "Dora@reeve.example");
        assert_eq!(value[0]["id"], DORA);
        value[0]["nested"]["groupId"] = json!(DORA);
        names().put_ids(&mut value).unwrap();
        assert_eq!(value[0]["userId"], DORA);
        assert_eq!(value[0]["nested"]["groupId"], DORA);
    }

    #[test]
    fn a_name_of_nobody_or_of_several_is_refused() {
        for (link, said) in [
            (json!({ "groupId": "Crew" }), "more than one group"),
            (json!({ "userId": "erin" }), "no user `erin`"),
        ] {
            let error = names().put_ids(&mut link.clone()).unwrap_err();
            assert!(format!("{error:#}").contains(said), "{error:#}");
        }
        assert_eq!(names().id(Kind::User, "DORA@reeve.example").unwrap(), DORA);
    }
}
