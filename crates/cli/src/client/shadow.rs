//! `reeve audit tenant`: who should have what in a tenant, worked out anew from what it says of itself, and where that is not
//! so. Read through Graph alone.
//!
//! **Invariant:** nothing is written, not by a single call: every call is a GET, and batches hold nothing else.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::graph::{Answer, BATCH, Graph, Part, encoded};
use super::names::{needed, text_at};
use super::{ENTITLEMENTS, connect};
use crate::args::TenantArgs;
use crate::args::connect::Output;
use crate::output;
use crate::output::progress::Progress;
use crate::output::rows::{Column, Rows, column};

const FINDING: &[Column] = &[
    column("finding", &["/finding"]),
    column("who", &["/who"]),
    column("package", &["/package"]),
    column("what", &["/what"]),
    column("id", &["/id"]),
];

/// Somebody holds a package.
struct Held {
    assignment: String,
    person: String,
    name: String,
    package: String,
}

/// What a package gives.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Role {
    system: String,
    object: String,
    origin: String,
    name: String,
    /// What the object is called, with its id.
    of: String,
}

impl Role {
    fn in_words(&self) -> String {
        format!("{} of {} {}", self.name, self.system, self.of)
    }
}

/// A package as far as this is about it.
struct Package {
    name: String,
    catalog: String,
    roles: Vec<Role>,
    incompatible_packages: BTreeSet<String>,
    /// By their ids, what they are called.
    incompatible_groups: BTreeMap<String, String>,
}

/// What is known of a tenant.
struct Tenant<'a> {
    graph: &'a Graph,
    packages: BTreeMap<String, Package>,
    held: Vec<Held>,
    /// Who has a role, by (object, role); `None` where the object is not there.
    holders: BTreeMap<(String, String), Option<BTreeSet<String>>>,
}

/// Runs the command; says whether nothing was found.
pub(crate) async fn run(args: &TenantArgs) -> anyhow::Result<bool> {
    let graph = connect(&args.client.connect)?;
    let mut progress = Progress::new();
    progress.words("reading packages …");
    let mut tenant = Tenant {
        graph: &graph,
        packages: packages(&graph).await?,
        held: Vec::new(),
        holders: BTreeMap::new(),
    };
    progress.words("reading assignments …");
    tenant.held = held(&graph).await?;
    tenant.look_at_roles(&mut progress).await?;
    let mut findings = tenant.not_delivered();
    findings.extend(tenant.dead_objects());
    findings.extend(tenant.dead_people().await?);
    findings.extend(tenant.incompatible().await?);
    progress.words("reading resources …");
    findings.extend(tenant.unused().await?);
    progress.clear();
    let mut rows = Rows::new(args.client.told.output, FINDING);
    for finding in &findings {
        rows.add(finding);
    }
    rows.end();
    if args.client.told.output == Output::Table {
        output::line(format_args!(
            "{} findings in {} access packages and {} assignments",
            findings.len(),
            tenant.packages.len(),
            tenant.held.len()
        ));
    }
    Ok(findings.is_empty())
}

async fn packages(graph: &Graph) -> anyhow::Result<BTreeMap<String, Package>> {
    let path = format!(
        "{ENTITLEMENTS}/accessPackages?$top=100&$expand=catalog($select=id),resourceRoleScopes($expand=role($expand=resource),scope)"
    );
    let mut packages = BTreeMap::new();
    for package in graph.list(&path).await? {
        let id = needed(&package, "/id")?.to_owned();
        let scopes = package.get("resourceRoleScopes").and_then(Value::as_array);
        let roles = scopes.into_iter().flatten().filter_map(role).collect();
        let other = |way: &str| {
            let path = format!("{ENTITLEMENTS}/accessPackages/{id}/{way}?$select=id");
            async move { graph.list(&path).await.map(ids) }
        };
        let found = Package {
            name: text_at(&package, "/displayName")
                .unwrap_or_default()
                .to_owned(),
            catalog: needed(&package, "/catalog/id")?.to_owned(),
            roles,
            incompatible_packages: other("incompatibleAccessPackages").await?,
            incompatible_groups: groups(graph, &id).await?,
        };
        packages.insert(id, found);
    }
    Ok(packages)
}

/// The groups that do not go together with a package.
async fn groups(graph: &Graph, package: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let path = format!(
        "{ENTITLEMENTS}/accessPackages/{package}/incompatibleGroups?$select=id,displayName"
    );
    let named = |group: &Value| {
        let id = text_at(group, "/id")?;
        Some((id.to_owned(), called(text_at(group, "/displayName"), id)))
    };
    Ok(graph.list(&path).await?.iter().filter_map(named).collect())
}

/// Something by its name and its id.
fn called(name: Option<&str>, id: &str) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("{name} ({id})"),
        _ => id.to_owned(),
    }
}

fn role(scope: &Value) -> Option<Role> {
    let role = text_at(scope, "/role/originId")?.to_owned();
    let system = text_at(scope, "/role/originSystem").or(text_at(scope, "/scope/originSystem"))?;
    let object = text_at(scope, "/role/resource/originId").or(text_at(scope, "/scope/originId"))?;
    let name =
        text_at(scope, "/role/resource/displayName").or(text_at(scope, "/scope/displayName"));
    Some(Role {
        of: called(name, object),
        system: system.to_owned(),
        object: object.to_owned(),
        name: text_at(scope, "/role/displayName")
            .unwrap_or(&role)
            .to_owned(),
        origin: role,
    })
}

fn ids(objects: Vec<Value>) -> BTreeSet<String> {
    let id = |object: &Value| text_at(object, "/id").map(str::to_owned);
    objects.iter().filter_map(id).collect()
}

/// Who has what, as the tenant says: what is delivered.
async fn held(graph: &Graph) -> anyhow::Result<Vec<Held>> {
    let filter = encoded("state eq 'delivered'");
    let path = format!(
        "{ENTITLEMENTS}/assignments?$top=500&$filter={filter}&$expand=target,accessPackage($select=id)"
    );
    let mut held = Vec::new();
    for assignment in graph.list(&path).await? {
        // Whoever has no object in the directory yet is nobody's member.
        let Some(person) = text_at(&assignment, "/target/objectId") else {
            continue;
        };
        held.push(Held {
            assignment: needed(&assignment, "/id")?.to_owned(),
            person: person.to_owned(),
            name: text_at(&assignment, "/target/displayName")
                .unwrap_or(person)
                .to_owned(),
            package: needed(&assignment, "/accessPackage/id")?.to_owned(),
        });
    }
    Ok(held)
}

impl Tenant<'_> {
    /// Reads who has each role that a package gives.
    async fn look_at_roles(&mut self, progress: &mut Progress) -> anyhow::Result<()> {
        let roles: BTreeSet<Role> = self
            .packages
            .values()
            .flat_map(|package| package.roles.iter().cloned())
            .collect();
        for (at, role) in roles.iter().enumerate() {
            progress.bar("reading members", at as u64, roles.len() as u64, "roles");
            let holders = match role.system.as_str() {
                "AadGroup" => {
                    let way = if role.origin.starts_with("Owner") {
                        "owners"
                    } else {
                        "members"
                    };
                    let path = format!(
                        "/v1.0/groups/{}/{way}?$select=id&$top=500",
                        encoded(&role.object)
                    );
                    self.list_if_there(&path).await?.map(ids)
                }
                "AadApplication" => {
                    let path = format!(
                        "/v1.0/servicePrincipals/{}/appRoleAssignedTo?$top=500",
                        encoded(&role.object)
                    );
                    let of_role = |link: &Value| {
                        let is_meant = text_at(link, "/appRoleId") == Some(role.origin.as_str());
                        let who = text_at(link, "/principalId").map(str::to_owned);
                        who.filter(|_| is_meant)
                    };
                    let links = self.list_if_there(&path).await?;
                    links.map(|links| links.iter().filter_map(of_role).collect())
                }
                // Nothing of other systems can be read here.
                _ => continue,
            };
            self.holders
                .insert((role.object.clone(), role.origin.clone()), holders);
        }
        Ok(())
    }

    /// All members of a collection; `None` if what it is of is not there.
    async fn list_if_there(&self, path: &str) -> anyhow::Result<Option<Vec<Value>>> {
        let first: Answer = self.graph.send_patiently(Method::GET, path, None).await?;
        if first.status == 404 {
            return Ok(None);
        }
        first.expect_success(path)?;
        self.graph.list(path).await.map(Some)
    }

    /// Assignments that say `Delivered` and are not.
    fn not_delivered(&self) -> Vec<Value> {
        let mut found = Vec::new();
        for held in &self.held {
            let Some(package) = self.packages.get(&held.package) else {
                continue;
            };
            for role in &package.roles {
                let key = (role.object.clone(), role.origin.clone());
                let Some(Some(holders)) = self.holders.get(&key) else {
                    continue;
                };
                if !holders.contains(&held.person) {
                    found.push(json!({
                        "finding": "delivered and not there",
                        "who": held.name,
                        "package": package.name,
                        "what": role.in_words(),
                        "id": held.assignment,
                    }));
                }
            }
        }
        found
    }

    /// Groups and applications that packages give and that are not there.
    fn dead_objects(&self) -> Vec<Value> {
        let mut found = Vec::new();
        for (id, package) in &self.packages {
            for role in &package.roles {
                let key = (role.object.clone(), role.origin.clone());
                if self.holders.get(&key).is_some_and(Option::is_none) {
                    found.push(json!({
                        "finding": "dead reference",
                        "package": package.name,
                        "what": role.in_words(),
                        "id": id,
                    }));
                }
            }
        }
        found
    }

    /// People who are assigned something and are not there.
    async fn dead_people(&self) -> anyhow::Result<Vec<Value>> {
        let people: BTreeSet<&str> = self.held.iter().map(|held| held.person.as_str()).collect();
        let people: Vec<&str> = people.into_iter().collect();
        let mut gone = BTreeSet::new();
        for chunk in people.chunks(BATCH) {
            let parts: Vec<Part> = chunk
                .iter()
                .map(|id| Part {
                    method: "GET",
                    url: format!("/directoryObjects/{}", encoded(id)),
                })
                .collect();
            for (id, answer) in chunk.iter().zip(self.graph.batch(&parts).await?) {
                match answer.status {
                    200 => {}
                    404 => drop(gone.insert(*id)),
                    _ => bail!("`{id}` cannot be read: {}", answer.reason()),
                }
            }
        }
        let told = |held: &Held| {
            json!({
                "finding": "dead reference",
                "who": held.name,
                "package": self.packages.get(&held.package).map(|package| &package.name),
                "what": format!("user {}", held.person),
                "id": held.assignment,
            })
        };
        let of_nobody = |held: &&Held| gone.contains(held.person.as_str());
        Ok(self.held.iter().filter(of_nobody).map(told).collect())
    }

    /// People who hold what does not go together.
    async fn incompatible(&self) -> anyhow::Result<Vec<Value>> {
        let mut holders: BTreeMap<&str, BTreeMap<&str, &Held>> = BTreeMap::new();
        for held in &self.held {
            let of_package = holders.entry(held.package.as_str()).or_default();
            of_package.insert(held.person.as_str(), held);
        }
        let empty = BTreeMap::new();
        let (mut found, mut told) = (Vec::new(), BTreeSet::new());
        for (id, package) in &self.packages {
            let own = holders.get(id.as_str()).unwrap_or(&empty);
            for other in &package.incompatible_packages {
                let others = holders.get(other.as_str()).unwrap_or(&empty);
                let name = self.packages.get(other).map_or(other, |other| &other.name);
                for (person, held) in own
                    .iter()
                    .filter(|(person, _)| others.contains_key(*person))
                {
                    // Where both name each other it is one finding.
                    let pair = if id < other { (id, other) } else { (other, id) };
                    if told.insert((pair, *person)) {
                        found.push(apart(held, package, &format!("access package {name}")));
                    }
                }
            }
            for (group, name) in &package.incompatible_groups {
                let path = format!(
                    "/v1.0/groups/{}/transitiveMembers?$select=id&$top=500",
                    encoded(group)
                );
                let members = self
                    .list_if_there(&path)
                    .await?
                    .map(ids)
                    .unwrap_or_default();
                for (_, held) in own.iter().filter(|(person, _)| members.contains(**person)) {
                    found.push(apart(held, package, &format!("group {name}")));
                }
            }
        }
        Ok(found)
    }

    /// Resources of which no package has a role.
    async fn unused(&self) -> anyhow::Result<Vec<Value>> {
        let used: BTreeSet<(&str, &str)> = self
            .packages
            .values()
            .flat_map(|package| {
                let objects = package.roles.iter().map(|role| role.object.as_str());
                objects.map(|object| (package.catalog.as_str(), object))
            })
            .collect();
        let catalogs = self
            .graph
            .list(&format!(
                "{ENTITLEMENTS}/catalogs?$select=id,displayName&$top=200"
            ))
            .await?;
        let mut found = Vec::new();
        for catalog in &catalogs {
            let id = needed(catalog, "/id")?;
            let path = format!("{ENTITLEMENTS}/catalogs/{}/resources?$top=200", encoded(id));
            for resource in self.graph.list(&path).await? {
                let origin = text_at(&resource, "/originId").unwrap_or_default();
                if !used.contains(&(id, origin)) {
                    found.push(json!({
                        "finding": "unused resource",
                        "what": format!(
                            "{} in catalog {}",
                            text_at(&resource, "/displayName").unwrap_or(origin),
                            text_at(catalog, "/displayName").unwrap_or_default()
                        ),
                        "id": text_at(&resource, "/id"),
                    }));
                }
            }
        }
        Ok(found)
    }
}

fn apart(held: &Held, package: &Package, what: &str) -> Value {
    json!({
        "finding": "incompatible access",
        "who": held.name,
        "package": package.name,
        "what": what,
        "id": held.assignment,
    })
}
