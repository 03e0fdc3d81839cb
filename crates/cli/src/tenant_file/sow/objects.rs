//! What is there of the things that a file names, as far as the file speaks of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::kept;
use super::{Document, Kind, Names, text};
use crate::client::ENTITLEMENTS;
use crate::client::graph::Graph;

/// Objects of the directory by their ids, and the targets that objects are bound to.
#[derive(Debug, Default)]
pub(super) struct There {
    objects: BTreeMap<String, Value>,
    pub(super) targets: BTreeMap<String, String>,
}

impl There {
    /// Reads what the file names and the tenant has; of collections of which it has nothing, nothing is read.
    pub(super) async fn load(
        graph: &Graph,
        names: &Names,
        document: &Document,
    ) -> anyhow::Result<Self> {
        let users = document.users.iter();
        let users = users.map(|user| (Kind::User, user.user_principal_name.as_str()));
        let groups = document.groups.iter();
        let groups = groups.map(|group| (Kind::Group, group.display_name.as_str()));
        let applications = document.applications.iter();
        let applications = applications.map(|one| (Kind::Application, one.display_name.as_str()));
        let organizations = document.connected_organizations.iter();
        let organizations =
            organizations.map(|one| (Kind::Organization, one.display_name.as_str()));
        let mut there = Self::default();
        there
            .read(
                graph,
                wanted(names, users),
                &format!(
                    "/v1.0/users?$select=id,displayName,{}&$expand=manager($select=id)",
                    kept::USER.join(",")
                ),
            )
            .await?;
        there
            .read(
                graph,
                wanted(names, groups),
                &format!(
                    "/v1.0/groups?$select=id,displayName,{}",
                    kept::GROUP.join(",")
                ),
            )
            .await?;
        there
            .read(
                graph,
                wanted(names, applications),
                "/v1.0/servicePrincipals",
            )
            .await?;
        there
            .read(
                graph,
                wanted(names, organizations),
                &format!("{ENTITLEMENTS}/connectedOrganizations"),
            )
            .await?;
        there.targets = targets(graph).await?;
        Ok(there)
    }

    async fn read(
        &mut self,
        graph: &Graph,
        wanted: BTreeSet<String>,
        path: &str,
    ) -> anyhow::Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        graph
            .for_each(path, |object| {
                let id = text(&object, "id").unwrap_or_default().to_owned();
                if wanted.contains(&id) {
                    self.objects.insert(id, object);
                }
            })
            .await
    }

    /// The object as it was read.
    pub(super) fn object(&self, id: &str) -> Option<&Value> {
        self.objects.get(id)
    }
}

/// The ids of those that are there.
fn wanted<'d>(names: &Names, said: impl Iterator<Item = (Kind, &'d str)>) -> BTreeSet<String> {
    said.filter_map(|(kind, name)| names.id(kind, name).ok().map(str::to_owned))
        .collect()
}

/// Which object is delivered to which target; other Graph roots than Reeve's have no such thing.
pub(in super::super) async fn targets(graph: &Graph) -> anyhow::Result<BTreeMap<String, String>> {
    let path = "/reeve/v1/bindings";
    let answer = graph.call(reqwest::Method::GET, path, None).await?;
    let bindings = answer.body.get("value").and_then(Value::as_array);
    let pair = |binding: &Value| {
        let target = text(binding, "target")?.to_owned();
        Some((text(binding, "objectId")?.to_owned(), target))
    };
    Ok(bindings.into_iter().flatten().filter_map(pair).collect())
}
