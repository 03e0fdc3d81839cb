//! Writes a tenant as a file, read through Graph alone. The same tenant is always written the same way.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::links::{Kind, Names, text, without_descriptions};
use super::sow::targets;
use super::{Members, kept, yaml};
use crate::client::ENTITLEMENTS;
use crate::client::graph::Graph;
use crate::output;

const ROLES: &str = "/v1.0/roleManagement/entitlementManagement/roleAssignments";

/// Members that tell of the object as it is there, and not of what it is.
const OWN: &[&str] = &[
    "id",
    "createdDateTime",
    "createdBy",
    "lastModifiedBy",
    "lastModifiedDateTime",
    "modifiedBy",
    "modifiedDateTime",
];

/// The text of the file.
pub(crate) async fn write(graph: &Graph) -> anyhow::Result<String> {
    let names = Names::load(graph).await?;
    let document = Reaper { graph, names }.document().await?;
    Ok(yaml::text(&document))
}

struct Reaper<'a> {
    graph: &'a Graph,
    names: Names,
}

/// The roles that are held, by what they hold in: the id of a catalog, or nothing for every catalog.
type Held = BTreeMap<String, Vec<Value>>;

impl Reaper<'_> {
    async fn document(&self) -> anyhow::Result<Value> {
        let mut held = self.roles().await?;
        let mut document = Map::new();
        put(&mut document, "users", self.users().await?);
        put(&mut document, "groups", self.groups().await?);
        put(&mut document, "applications", self.applications().await?);
        put(
            &mut document,
            "connectedOrganizations",
            self.organizations().await?,
        );
        put(&mut document, "connectors", self.connectors().await?);
        let settings = self.graph.get(&format!("{ENTITLEMENTS}/settings")).await?;
        document.insert(
            "settings".to_owned(),
            Value::Object(pick(&settings, kept::SETTINGS)),
        );
        let catalogs = self.catalogs(&mut held).await?;
        put(&mut document, "catalogs", catalogs);
        put(
            &mut document,
            "roleAssignments",
            held.remove("").unwrap_or_default(),
        );
        put(&mut document, "assignments", self.assignments().await?);
        Ok(Value::Object(document))
    }

    async fn users(&self) -> anyhow::Result<Vec<Value>> {
        let path = format!(
            "/v1.0/users?$select=id,userPrincipalName,displayName,{}&$expand=manager($select=id)",
            kept::USER.join(",")
        );
        let mut all = Vec::new();
        for user in self.graph.list(&path).await? {
            let mut members = head(&user, &["userPrincipalName", "displayName"]);
            let manager = user.pointer("/manager/id").and_then(Value::as_str);
            if let Some((_, name)) = manager.and_then(|id| self.names.name(id)) {
                members.insert("manager".to_owned(), json!(name));
            }
            members.extend(pick(&user, kept::USER));
            all.push(Value::Object(members));
        }
        Ok(sorted(all, "userPrincipalName"))
    }

    async fn groups(&self) -> anyhow::Result<Vec<Value>> {
        let targets = targets(self.graph).await?;
        let path = format!(
            "/v1.0/groups?$select=id,displayName,{}",
            kept::GROUP.join(",")
        );
        let mut all = Vec::new();
        for group in self.graph.list(&path).await? {
            let id = text(&group, "id").unwrap_or_default();
            let mut members = head(&group, &["displayName"]);
            members.extend(pick(&group, kept::GROUP));
            for way in ["members", "owners"] {
                put(
                    &mut members,
                    way,
                    self.who(&format!("/v1.0/groups/{id}/{way}")).await?,
                );
            }
            insert(&mut members, "target", targets.get(id));
            all.push(Value::Object(members));
        }
        Ok(sorted(all, "displayName"))
    }

    async fn applications(&self) -> anyhow::Result<Vec<Value>> {
        let targets = targets(self.graph).await?;
        let mut all = Vec::new();
        for application in self.graph.list("/v1.0/servicePrincipals").await? {
            let mut members = head(&application, &["displayName"]);
            members.extend(pick(&application, kept::APPLICATION));
            let roles = application.get("appRoles").and_then(Value::as_array);
            let roles = roles.into_iter().flatten().map(|role| {
                let mut role = role.clone();
                if let Some(members) = role.as_object_mut() {
                    members.remove("origin");
                    members.retain(|_, member| !member.is_null());
                }
                role
            });
            put(
                &mut members,
                "roles",
                sorted(roles.collect(), "displayName"),
            );
            let id = text(&application, "id").unwrap_or_default();
            insert(&mut members, "target", targets.get(id));
            all.push(Value::Object(members));
        }
        Ok(sorted(all, "displayName"))
    }

    async fn organizations(&self) -> anyhow::Result<Vec<Value>> {
        let collection = format!("{ENTITLEMENTS}/connectedOrganizations");
        let mut all = Vec::new();
        for organization in self.graph.list(&collection).await? {
            let id = text(&organization, "id").unwrap_or_default();
            let mut members = head(&organization, &["displayName"]);
            members.extend(pick(&organization, kept::ORGANIZATION));
            for way in ["internalSponsors", "externalSponsors"] {
                put(
                    &mut members,
                    way,
                    self.who(&format!("{collection}/{id}/{way}")).await?,
                );
            }
            all.push(Value::Object(members));
        }
        Ok(sorted(all, "displayName"))
    }

    async fn connectors(&self) -> anyhow::Result<Vec<Value>> {
        let path = format!("{ENTITLEMENTS}/externalOriginResourceConnectors");
        let all = self.graph.list(&path).await?;
        Ok(sorted(named(&all, kept::CONNECTOR), "displayName"))
    }

    async fn roles(&self) -> anyhow::Result<Held> {
        let path = format!("{ROLES}?$expand=roleDefinition($select=displayName)");
        let mut held = Held::new();
        for assignment in self.graph.list(&path).await? {
            let role = assignment.pointer("/roleDefinition/displayName");
            let principal = text(&assignment, "principalId").and_then(|id| self.names.named(id));
            let (Some(role), Some(principal)) = (role, principal) else {
                continue;
            };
            let scope = text(&assignment, "appScopeId").unwrap_or_default();
            let catalog = scope.rsplit('/').next().unwrap_or_default().to_owned();
            let row = json!({ "role": role, "principal": principal });
            held.entry(catalog).or_default().push(row);
        }
        for rows in held.values_mut() {
            rows.sort_by_key(Value::to_string);
        }
        Ok(held)
    }

    async fn catalogs(&self, held: &mut Held) -> anyhow::Result<Vec<Value>> {
        let mut packages = self.packages().await?;
        let mut all = Vec::new();
        for catalog in self.graph.list(&format!("{ENTITLEMENTS}/catalogs")).await? {
            let id = text(&catalog, "id").unwrap_or_default();
            let mut members = head(&catalog, &["displayName"]);
            members.extend(pick(&catalog, kept::CATALOG));
            // What has none is not called by its name, as what a file says nothing of.
            members.entry("description").or_insert(Value::Null);
            let extensions = format!("{ENTITLEMENTS}/catalogs/{id}/customWorkflowExtensions");
            let extensions = self.graph.list(&extensions).await?;
            let extensions = sorted(named(&extensions, kept::EXTENSION), "displayName");
            put(&mut members, "customExtensions", extensions);
            put(&mut members, "resources", self.resources(id).await?);
            let packages = packages.remove(id).unwrap_or_default();
            put(
                &mut members,
                "accessPackages",
                sorted(packages, "displayName"),
            );
            put(
                &mut members,
                "roleAssignments",
                held.remove(id).unwrap_or_default(),
            );
            all.push(Value::Object(members));
        }
        Ok(sorted(all, "displayName"))
    }

    async fn resources(&self, catalog: &str) -> anyhow::Result<Vec<Value>> {
        let path = format!("{ENTITLEMENTS}/catalogs/{catalog}/resources");
        let mut all = Vec::new();
        for resource in self.graph.list(&path).await? {
            let origin = text(&resource, "originId").unwrap_or_default();
            let Some(mut members) = self.origin(origin) else {
                left_out("resource", text(&resource, "displayName"));
                continue;
            };
            members.extend(pick(&resource, &["attributes"]));
            all.push(Value::Object(members));
        }
        all.sort_by_key(Value::to_string);
        Ok(all)
    }

    /// A group or an application as a file names it.
    fn origin(&self, id: &str) -> Option<Members> {
        let (kind, name) = self.names.name(id)?;
        let word = match kind {
            Kind::Group => "group",
            Kind::Application => "application",
            Kind::User | Kind::Organization => return None,
        };
        Some(Map::from_iter([(word.to_owned(), json!(name))]))
    }

    /// By the id of their catalog.
    async fn packages(&self) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
        let mut policies = self.policies().await?;
        let path = format!(
            "{ENTITLEMENTS}/accessPackages?$expand=catalog($select=id),resourceRoleScopes($expand=role,scope),\
             incompatibleAccessPackages($select=displayName),incompatibleGroups($select=displayName)"
        );
        let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for package in self.graph.list(&path).await? {
            let mut members = head(&package, &["displayName"]);
            members.extend(pick(&package, kept::PACKAGE));
            members.entry("description").or_insert(Value::Null);
            let pairs = items(&package, "resourceRoleScopes");
            let mut roles: Vec<Value> = pairs.filter_map(|pair| self.role(pair)).collect();
            roles.sort_by_key(Value::to_string);
            put(&mut members, "roles", roles);
            for way in ["incompatibleAccessPackages", "incompatibleGroups"] {
                let names = items(&package, way).filter_map(|one| text(one, "displayName"));
                let mut names: Vec<Value> = names.map(Value::from).collect();
                names.sort_by_key(Value::to_string);
                put(&mut members, way, names);
            }
            let id = text(&package, "id").unwrap_or_default();
            let policies = policies.remove(id).unwrap_or_default();
            put(&mut members, "policies", sorted(policies, "displayName"));
            let catalog = package.pointer("/catalog/id").and_then(Value::as_str);
            let catalog = catalog.unwrap_or_default().to_owned();
            all.entry(catalog).or_default().push(Value::Object(members));
        }
        Ok(all)
    }

    fn role(&self, pair: &Value) -> Option<Value> {
        let at = |pointer: &str| pair.pointer(pointer).and_then(Value::as_str);
        let name = at("/role/displayName")?;
        let Some(mut members) = at("/scope/originId").and_then(|id| self.origin(id)) else {
            left_out("role", Some(name));
            return None;
        };
        members.insert("role".to_owned(), json!(name));
        Some(Value::Object(members))
    }

    /// By the id of their package.
    async fn policies(&self) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
        let path = format!(
            "{ENTITLEMENTS}/assignmentPolicies?$expand=accessPackage($select=id),\
             customExtensionStageSettings($expand=customExtension)"
        );
        let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for mut policy in self.graph.list(&path).await? {
            self.names.put_names(&mut policy);
            for member in [
                "specificAllowedTargets",
                "requestorSettings",
                "requestApprovalSettings",
                "reviewSettings",
            ] {
                if let Some(member) = policy.get_mut(member) {
                    without_descriptions(member);
                }
            }
            without_escalation(&mut policy);
            let settings = policy.get_mut("customExtensionStageSettings");
            let settings = settings.and_then(Value::as_array_mut);
            for setting in settings.into_iter().flatten() {
                let name = setting.pointer("/customExtension/displayName").cloned();
                if let (Some(name), Some(members)) = (name, setting.as_object_mut()) {
                    members.insert("customExtension".to_owned(), name);
                }
            }
            let mut members = head(&policy, &["displayName"]);
            members.extend(pick(&policy, kept::POLICY));
            members.entry("description").or_insert(Value::Null);
            let package = policy.pointer("/accessPackage/id").and_then(Value::as_str);
            let package = package.unwrap_or_default().to_owned();
            all.entry(package).or_default().push(Value::Object(members));
        }
        Ok(all)
    }

    async fn assignments(&self) -> anyhow::Result<Vec<Value>> {
        let path = format!(
            "{ENTITLEMENTS}/assignments?$filter=state ne 'expired'&$expand=accessPackage($select=displayName),\
             assignmentPolicy($select=displayName),target($select=objectId)"
        );
        let mut all = Vec::new();
        for assignment in self.graph.list(&path).await? {
            let at = |pointer: &str| assignment.pointer(pointer).and_then(Value::as_str);
            let user = at("/target/objectId").and_then(|id| self.names.name(id));
            let (Some((Kind::User, user)), Some("delivering" | "delivered" | "partiallyDelivered")) =
                (user, at("/state"))
            else {
                continue;
            };
            all.push(json!({
                "accessPackage": at("/accessPackage/displayName"),
                "policy": at("/assignmentPolicy/displayName"),
                "user": user,
            }));
        }
        all.sort_by_key(Value::to_string);
        Ok(all)
    }

    /// The members of a collection, by what they are called.
    async fn who(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let found = self.graph.list(&format!("{path}?$select=id")).await?;
        let who = found.iter().filter_map(|object| text(object, "id"));
        let mut who: Vec<_> = who.filter_map(|id| self.names.named(id)).collect();
        who.sort();
        Ok(who.iter().map(|one| json!(one)).collect())
    }
}

/// A stage that does not escalate has no time for it, or none at all: one and the same.
fn without_escalation(policy: &mut Value) {
    let stages = policy.pointer_mut("/requestApprovalSettings/stages");
    let stages = stages.and_then(Value::as_array_mut);
    for stage in stages.into_iter().flatten() {
        if let Some(members) = stage.as_object_mut() {
            members.retain(|name, member| name != "durationBeforeEscalation" || member != "PT0S");
        }
    }
}

fn left_out(what: &str, name: Option<&str>) {
    let name = name.unwrap_or_default();
    output::note(format_args!(
        "the {what} `{name}` is left out: it belongs to neither a group nor an application"
    ));
}

fn items<'v>(object: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    let items = object.get(name).and_then(Value::as_array);
    items.into_iter().flatten()
}

fn named(objects: &[Value], kept: &[&str]) -> Vec<Value> {
    let whole = |object| {
        let mut members = head(object, &["displayName"]);
        members.extend(pick(object, kept));
        Value::Object(members)
    };
    objects.iter().map(whole).collect()
}

/// These members, in this order.
fn head(object: &Value, names: &[&str]) -> Members {
    let member = |name: &&str| Some(((*name).to_owned(), object.get(*name)?.clone()));
    names.iter().filter_map(member).collect()
}

/// Those of the members that say something.
fn pick(object: &Value, kept: &[&str]) -> Members {
    let mut members = head(object, kept);
    for member in members.values_mut() {
        strip(member);
    }
    members.retain(|_, member| {
        !member.is_null() && member.as_array().is_none_or(|items| !items.is_empty())
    });
    members
}

/// Takes away what tells about the answer, or where the object is.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| {
                let is_control = name.contains("@odata.") && name != "@odata.type";
                !is_control && !member.is_null() && !OWN.contains(&name.as_str())
            });
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn put(members: &mut Members, name: &str, items: Vec<Value>) {
    if !items.is_empty() {
        members.insert(name.to_owned(), Value::Array(items));
    }
}

fn insert(members: &mut Members, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), json!(value));
    }
}

fn sorted(mut objects: Vec<Value>, by: &str) -> Vec<Value> {
    objects.sort_by_key(|object| (text(object, by).map(str::to_lowercase), object.to_string()));
    objects
}
