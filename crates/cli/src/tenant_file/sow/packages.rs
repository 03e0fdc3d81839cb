//! Access packages with their roles, policies and what does not go together with them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::links::without_descriptions;
use super::super::{AccessPackage, Policy};
use super::{IMAGINED, Kind, Members, Outcome, Sower, differences, merged, quoted, refused, text};
use crate::client::ENTITLEMENTS;
use crate::client::bodies::{self, Origin, Requestors};
use crate::client::graph::encoded;

impl Sower<'_> {
    /// A package with its roles and policies; says its id.
    pub(super) async fn package(
        &mut self,
        catalog: &str,
        extensions: &BTreeMap<&str, String>,
        package: &AccessPackage,
    ) -> anyhow::Result<String> {
        let collection = format!("{ENTITLEMENTS}/accessPackages");
        let name = &package.display_name;
        let filter = format!(
            "displayName eq '{}' and catalog/id eq '{catalog}'",
            quoted(name)
        );
        let id = if let Some(now) = self.find(&collection, &filter).await? {
            let id = text(&now, "id").unwrap_or_default().to_owned();
            let path = format!("{collection}/{id}");
            let said = &package.members;
            self.hold_against("accessPackages", name, said, &now, &path)
                .await?;
            id
        } else {
            let body = merged(
                json!({
                    "displayName": name,
                    "description": name,
                    "isHidden": false,
                    "catalog": { "id": catalog },
                }),
                &package.members,
            );
            self.make(&collection, name, &body).await?
        };
        self.learn("accessPackages", name, &id);
        self.roles(catalog, &id, package).await?;
        self.policies(&id, extensions, package).await?;
        Ok(id)
    }

    pub(super) fn origin(
        &self,
        group: Option<&str>,
        application: Option<&str>,
    ) -> anyhow::Result<Origin> {
        match (group, application) {
            (Some(group), None) => Ok(Origin::group(self.names.id(Kind::Group, group)?)),
            (None, Some(name)) => Ok(Origin::application(self.names.id(Kind::Application, name)?)),
            _ => Err(refused(
                "either a `group` or an `application` has to be named".to_owned(),
            )),
        }
    }

    async fn roles(
        &mut self,
        catalog: &str,
        id: &str,
        package: &AccessPackage,
    ) -> anyhow::Result<()> {
        let mut now = BTreeSet::new();
        if !id.contains(IMAGINED) && !package.roles.is_empty() {
            let path = format!(
                "{ENTITLEMENTS}/accessPackages/{id}?$expand=resourceRoleScopes($expand=role,scope)"
            );
            let whole = self.graph.get(&path).await?;
            let scopes = whole.get("resourceRoleScopes").and_then(Value::as_array);
            for scope in scopes.into_iter().flatten() {
                let at = |pointer: &str| scope.pointer(pointer).and_then(Value::as_str);
                if let (Some(role), Some(of)) = (at("/role/originId"), at("/scope/originId")) {
                    now.insert((role.to_owned(), of.to_owned()));
                }
            }
        }
        for role in &package.roles {
            let (group, application) = (role.group.as_deref(), role.application.as_deref());
            let of = group.or(application).unwrap_or_default();
            let label = format!("{} of {of}", role.role);
            let done = match self.origin(group, application) {
                Ok(origin) => {
                    self.role(catalog, id, &origin, &role.role, &label, &now)
                        .await
                }
                Err(error) => Err(error),
            };
            self.settle("resourceRoleScopes", &label, done)?;
        }
        Ok(())
    }

    async fn role(
        &mut self,
        catalog: &str,
        package: &str,
        origin: &Origin,
        role: &str,
        label: &str,
        now: &BTreeSet<(String, String)>,
    ) -> anyhow::Result<()> {
        let role_id = if origin.system == Origin::group("").system {
            match role.to_ascii_lowercase().as_str() {
                "member" => format!("Member_{}", origin.id),
                "owner" => format!("Owner_{}", origin.id),
                _ => {
                    return Err(refused(
                        "a group has the roles `Member` and `Owner`".to_owned(),
                    ));
                }
            }
        } else {
            self.role_of_application(&origin.id, role).await?
        };
        if now.contains(&(role_id.clone(), origin.id.clone())) {
            self.note("resourceRoleScopes", label, Outcome::There, None);
            return Ok(());
        }
        let resource = self.resource(catalog, origin, &[]).await?;
        let path = format!("{ENTITLEMENTS}/accessPackages/{package}/resourceRoleScopes");
        let body = bodies::role_scope(&resource, origin, &role_id);
        self.make(&path, label, &body).await.map(drop)
    }

    async fn role_of_application(&self, application: &str, name: &str) -> anyhow::Result<String> {
        let none = || refused(format!("the application offers no role `{name}`"));
        // What is rehearsed has the roles that it would have by now.
        let key = (format!("roles of {application}"), name.to_owned());
        if self.manner.is_rehearsal && self.known.contains_key(&key) {
            return Ok(name.to_owned());
        }
        if application.starts_with(IMAGINED) {
            return Err(none());
        }
        let path = format!("/v1.0/servicePrincipals/{application}?$select=appRoles");
        let found = self.graph.get(&path).await?;
        let roles = found.get("appRoles").and_then(Value::as_array);
        roles
            .into_iter()
            .flatten()
            .find(|role| text(role, "displayName") == Some(name))
            .and_then(|role| text(role, "id"))
            .map(str::to_owned)
            .ok_or_else(none)
    }

    /// A resource that the file names by itself.
    pub(super) async fn onboard(
        &mut self,
        catalog: &str,
        origin: &Origin,
        attributes: &[Value],
    ) -> anyhow::Result<()> {
        let now = self.resources(catalog).await?.get(&origin.id).cloned();
        let Some(now) = now else {
            return self.resource(catalog, origin, attributes).await.map(drop);
        };
        let mut said = Members::new();
        if !attributes.is_empty() {
            said.insert("attributes".to_owned(), json!(attributes));
        }
        let found = differences(&said, &now);
        let told: Vec<&str> = found.iter().map(|(_, told)| told.as_str()).collect();
        let told = told.join("; ");
        if found.is_empty() {
            self.note("resources", &origin.id, Outcome::There, None);
        } else if self.manner.updates {
            let mut body = bodies::add_resource(catalog, origin);
            if let Some(members) = body.as_object_mut() {
                members.insert("requestType".to_owned(), json!("adminUpdate"));
            }
            let resource = body.get_mut("resource").and_then(Value::as_object_mut);
            if let Some(members) = resource {
                members.insert("attributes".to_owned(), json!(attributes));
            }
            let path = format!("{ENTITLEMENTS}/resourceRequests");
            self.send(Method::POST, &path, &body).await?;
            self.note("resources", &origin.id, Outcome::Updated, Some(told));
        } else {
            self.note("resources", &origin.id, Outcome::Differs, Some(told));
        }
        Ok(())
    }

    /// The resources of a catalog, read once.
    async fn resources(&mut self, catalog: &str) -> anyhow::Result<&mut BTreeMap<String, Value>> {
        if !self.onboarded.contains_key(catalog) {
            let path = format!("{ENTITLEMENTS}/catalogs/{catalog}/resources");
            let found = self.list(&path).await?.into_iter().filter_map(|resource| {
                let origin = text(&resource, "originId")?.to_owned();
                Some((origin, resource))
            });
            self.onboarded.insert(catalog.to_owned(), found.collect());
        }
        Ok(self.onboarded.entry(catalog.to_owned()).or_default())
    }

    /// The resource in the catalog, onboarded now if it is not there.
    async fn resource(
        &mut self,
        catalog: &str,
        origin: &Origin,
        attributes: &[Value],
    ) -> anyhow::Result<String> {
        let known = self.resources(catalog).await?.get(&origin.id);
        if let Some(id) = known.and_then(|known| text(known, "id")) {
            return Ok(id.to_owned());
        }
        let mut body = bodies::add_resource(catalog, origin);
        let resource = body.get_mut("resource").and_then(Value::as_object_mut);
        if let (Some(resource), false) = (resource, attributes.is_empty()) {
            resource.insert("attributes".to_owned(), json!(attributes));
        }
        let requests = format!("{ENTITLEMENTS}/resourceRequests");
        let made = self.make(&requests, &origin.id, &body).await?;
        let resource = if self.manner.is_rehearsal {
            json!({ "id": made, "attributes": attributes })
        } else {
            let collection = format!("{ENTITLEMENTS}/catalogs/{catalog}/resources");
            let filter = format!("originId eq '{}'", origin.id);
            self.find(&collection, &filter)
                .await?
                .context("the resource was not onboarded")?
        };
        let id = text(&resource, "id").unwrap_or_default().to_owned();
        self.resources(catalog)
            .await?
            .insert(origin.id.clone(), resource);
        Ok(id)
    }

    /// The policies of a package. Several may have one name: each of the file stands for one of the tenant.
    async fn policies(
        &mut self,
        package: &str,
        extensions: &BTreeMap<&str, String>,
        of: &AccessPackage,
    ) -> anyhow::Result<()> {
        if of.policies.is_empty() {
            return Ok(());
        }
        let filter = format!("accessPackage/id eq '{package}'");
        let path = format!(
            "{ENTITLEMENTS}/assignmentPolicies?$filter={}&$expand=customExtensionStageSettings($expand=customExtension)",
            encoded(&filter)
        );
        let mut now = if package.contains(IMAGINED) {
            Vec::new()
        } else {
            self.list(&path).await?
        };
        for policy in &of.policies {
            let done = self.policy(package, extensions, policy, &mut now).await;
            self.settle("assignmentPolicies", &policy.display_name, done)?;
        }
        Ok(())
    }

    async fn policy(
        &mut self,
        package: &str,
        extensions: &BTreeMap<&str, String>,
        policy: &Policy,
        now: &mut Vec<Value>,
    ) -> anyhow::Result<()> {
        let name = &policy.display_name;
        let mut said = if policy.members.keys().any(|name| name != "description") {
            let mut said = Value::Object(policy.members.clone());
            self.names.put_ids(&mut said)?;
            stages_into_ids(&mut said, extensions)?;
            said
        } else {
            self.in_short(package, policy)?
        };
        let said = said.as_object_mut().map(std::mem::take).unwrap_or_default();
        let mut held = Value::Object(said.clone());
        without_descriptions(&mut held);
        let mut held = held.as_object_mut().map(std::mem::take).unwrap_or_default();
        for member in ["displayName", "description", "accessPackage"] {
            held.remove(member);
        }
        let mut body = merged(
            json!({ "displayName": name, "description": name, "accessPackage": { "id": package } }),
            &said,
        );
        if let (Some(text), Some(members)) =
            (policy.members.get("description"), body.as_object_mut())
        {
            members.insert("description".to_owned(), text.clone());
            held.insert("description".to_owned(), text.clone());
        }
        let collection = format!("{ENTITLEMENTS}/assignmentPolicies");
        let named = |one: &Value| text(one, "displayName") == Some(name);
        let same = |one: &Value| named(one) && differences(&held, one).is_empty();
        let at = now.iter().position(same);
        let Some(at) = at.or_else(|| now.iter().position(named)) else {
            let id = self.make(&collection, name, &body).await?;
            self.learn(&format!("policies of {package}"), name, &id);
            return Ok(());
        };
        let now = now.swap_remove(at);
        let found = differences(&held, &now);
        if found.is_empty() {
            self.note("assignmentPolicies", name, Outcome::There, None);
            return Ok(());
        }
        let told: Vec<String> = found.into_iter().map(|(_, told)| told).collect();
        let told = Some(told.join("; "));
        if !self.manner.updates {
            self.note("assignmentPolicies", name, Outcome::Differs, told);
            return Ok(());
        }
        // A policy is written whole.
        let id = text(&now, "id").unwrap_or_default();
        self.send(Method::PUT, &format!("{collection}/{id}"), &body)
            .await?;
        self.note("assignmentPolicies", name, Outcome::Updated, told);
        Ok(())
    }

    fn in_short(&self, package: &str, policy: &Policy) -> anyhow::Result<Value> {
        let ids = |names: &[String]| -> anyhow::Result<Vec<String>> {
            let ids = names.iter().map(|name| self.names.id(Kind::User, name));
            ids.map(|id| id.map(str::to_owned)).collect()
        };
        let users = ids(policy.requestors.as_deref().unwrap_or_default())?;
        let requestors = match &policy.requestors {
            None => Requestors::Everybody,
            Some(_) if users.is_empty() => Requestors::Nobody,
            Some(_) => Requestors::Users(&users),
        };
        Ok(bodies::policy(
            package,
            &policy.display_name,
            requestors,
            &ids(&policy.approvers)?,
            policy.duration.as_deref(),
        ))
    }

    /// What does not go together with a package.
    pub(super) async fn apart(&mut self, id: &str, package: &AccessPackage) -> anyhow::Result<()> {
        let of = format!("{ENTITLEMENTS}/accessPackages/{id}");
        for (way, names) in [
            (
                "incompatibleAccessPackages",
                &package.incompatible_access_packages,
            ),
            ("incompatibleGroups", &package.incompatible_groups),
        ] {
            if names.is_empty() {
                continue;
            }
            let now = self.list(&format!("{of}/{way}?$select=id")).await?;
            let now: BTreeSet<&str> = now.iter().filter_map(|one| text(one, "id")).collect();
            for name in names {
                let label = format!("{}: {name}", package.display_name);
                let done = self.apart_from(&of, way, name, &label, &now).await;
                self.settle(way, &label, done)?;
            }
        }
        Ok(())
    }

    async fn apart_from(
        &mut self,
        of: &str,
        way: &str,
        name: &str,
        label: &str,
        now: &BTreeSet<&str>,
    ) -> anyhow::Result<()> {
        let (other, at) = if way == "incompatibleGroups" {
            let group = self.names.id(Kind::Group, name)?.to_owned();
            (group.clone(), format!("/v1.0/groups/{group}"))
        } else {
            let collection = format!("{ENTITLEMENTS}/accessPackages");
            let other = self.named(&collection, name).await?;
            (other.clone(), format!("{collection}/{other}"))
        };
        if at == of {
            return Err(refused(
                "a package cannot be incompatible with itself".to_owned(),
            ));
        }
        if now.contains(other.as_str()) {
            self.note(way, label, Outcome::There, None);
            return Ok(());
        }
        let body = json!({ "@odata.id": format!("{}{at}", self.graph.root()) });
        self.send(Method::POST, &format!("{of}/{way}/$ref"), &body)
            .await?;
        self.note(way, label, Outcome::Made, None);
        Ok(())
    }
}

/// The names of extensions at the stages of a policy become references.
fn stages_into_ids(policy: &mut Value, extensions: &BTreeMap<&str, String>) -> anyhow::Result<()> {
    let settings = policy.get_mut("customExtensionStageSettings");
    let settings = settings.and_then(Value::as_array_mut);
    for setting in settings.into_iter().flatten() {
        let name = text(setting, "customExtension")
            .ok_or_else(|| refused("a stage names its `customExtension`".to_owned()))?
            .to_owned();
        let id = extensions
            .get(name.as_str())
            .ok_or_else(|| refused(format!("the catalog has no custom extension `{name}`")))?;
        if let Some(members) = setting.as_object_mut() {
            members.insert("customExtension".to_owned(), json!({ "id": id }));
        }
    }
    Ok(())
}
