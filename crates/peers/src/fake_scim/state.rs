//! What the fake server keeps: users, groups, rules and what it has seen.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Seen;
use super::features::{Fault, Features, Rule};

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) features: Features,
    pub(super) token: &'static str,
    pub(super) rules: Vec<Rule>,
    pub(super) seen: Vec<Seen>,
    pub(super) users: BTreeMap<String, Value>,
    pub(super) groups: BTreeMap<String, Group>,
    next_id: u64,
}

/// A group apart from its members' names.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) display_name: String,
    pub(super) external_id: Option<String>,
    pub(super) members: BTreeSet<String>,
    /// How often each member came.
    pub(super) arrivals: BTreeMap<String, usize>,
    pub(super) version: u64,
}

impl State {
    pub(super) fn new(features: Features, token: &'static str) -> Self {
        Self {
            features,
            token,
            rules: Vec::new(),
            seen: Vec::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            next_id: 0,
        }
    }

    /// The fault for this request, and one use of its rule.
    pub(super) fn take_fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.times != Some(0)
                && rule.method.is_none_or(|wanted| wanted == method)
                && path.contains(rule.path)
        })?;
        rule.times = rule.times.map(|times| times - 1);
        Some(rule.fault.clone())
    }

    pub(super) fn insert_user(&mut self, mut user: Value) -> String {
        let id = self.new_id("u");
        user["id"] = json!(id);
        user["meta"] = json!({ "resourceType": "User" });
        self.users.insert(id.clone(), user);
        id
    }

    pub(super) fn insert_group(&mut self, group: &Value) -> String {
        let id = self.new_id("g");
        let members = member_ids(group.get("members"));
        let kept = Group {
            display_name: text(group, "displayName").unwrap_or_default(),
            external_id: text(group, "externalId"),
            members: members.into_iter().collect(),
            arrivals: BTreeMap::new(),
            version: 1,
        };
        self.groups.insert(id.clone(), kept);
        id
    }

    pub(super) fn user_by_name(&self, user_name: &str) -> Option<Value> {
        self.users
            .values()
            .find(|user| {
                text(user, "userName").is_some_and(|name| name.eq_ignore_ascii_case(user_name))
            })
            .cloned()
    }

    pub(super) fn remove_user(&mut self, user_name: &str) {
        let known = self.user_by_name(user_name);
        let Some(id) = known.and_then(|user| text(&user, "id")) else {
            return;
        };
        self.users.remove(&id);
        for group in self.groups.values_mut() {
            if group.members.remove(&id) {
                group.version += 1;
            }
        }
    }

    pub(super) fn groups_named(&self, display_name: &str) -> Vec<String> {
        self.groups
            .iter()
            .filter(|(_, group)| group.display_name == display_name)
            .map(|(id, _)| id.clone())
            .collect()
    }

    pub(super) fn member_names(&self, group: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .groups
            .get(group)
            .into_iter()
            .flat_map(|group| &group.members)
            .filter_map(|id| text(self.users.get(id)?, "userName"))
            .collect();
        names.sort();
        names
    }

    pub(super) fn set_member_names(&mut self, group: &str, user_names: &[&str]) {
        let mut members = BTreeSet::new();
        for name in user_names {
            let known = self.user_by_name(name).and_then(|user| text(&user, "id"));
            let id = known
                .unwrap_or_else(|| self.insert_user(json!({ "userName": name, "active": true })));
            members.insert(id);
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.members = members;
            group.version += 1;
        }
    }

    /// A group as SCIM shows it; the members only if `with_members`.
    pub(super) fn show_group(&self, id: &str, with_members: bool) -> Option<Value> {
        let group = self.groups.get(id)?;
        let mut shown = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": id,
            "displayName": group.display_name,
            "meta": { "resourceType": "Group" },
        });
        if let Some(external_id) = &group.external_id {
            shown["externalId"] = json!(external_id);
        }
        if self.features.etag {
            shown["meta"]["version"] = json!(format!("W/\"{}\"", group.version));
        }
        if with_members && !group.members.is_empty() {
            let members: Vec<Value> = group
                .members
                .iter()
                .map(|id| json!({ "value": id }))
                .collect();
            shown["members"] = json!(members);
        }
        Some(shown)
    }

    fn new_id(&mut self, kind: &str) -> String {
        self.next_id += 1;
        format!("{kind}{:06}", self.next_id)
    }
}

/// A text property.
pub(super) fn text(resource: &Value, name: &str) -> Option<String> {
    resource.get(name)?.as_str().map(str::to_owned)
}

/// The `value` of each member in a list.
pub(super) fn member_ids(members: Option<&Value>) -> Vec<String> {
    members
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|member| text(member, "value"))
        .collect()
}
