//! `serve --dev --seed FILE`: what a tenant starts with, brought in through its own Graph API.
//!
//! **Invariant:** things are known by their names; what is there already stays as it is, so a seed may be used at each
//! start.

use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use service::clock::{Clock, Ids};

use crate::client::ENTITLEMENTS;
use crate::client::bodies::{self, Origin, Requestors};
use crate::client::graph::{Graph, encoded};

/// The file: YAML, of which JSON is a part.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Seed {
    users: Vec<Person>,
    groups: Vec<Group>,
    applications: Vec<Application>,
    catalogs: Vec<Catalog>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Person {
    user_principal_name: String,
    display_name: String,
    password: Option<String>,
    department: Option<String>,
    job_title: Option<String>,
    /// Sign-in name of the manager, who must stand before.
    manager: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Group {
    display_name: String,
    description: Option<String>,
    /// Sign-in names.
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    owners: Vec<String>,
    /// The target that the group is delivered to.
    target: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Application {
    display_name: String,
    description: Option<String>,
    /// Names of the roles that it offers.
    #[serde(default)]
    roles: Vec<String>,
    target: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Catalog {
    display_name: String,
    description: Option<String>,
    #[serde(default)]
    access_packages: Vec<AccessPackage>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessPackage {
    display_name: String,
    description: Option<String>,
    roles: Vec<PackageRole>,
    #[serde(default)]
    policies: Vec<Policy>,
}

/// A role of a group (`Member` or `Owner`) or of an application (one that it offers).
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PackageRole {
    group: Option<String>,
    application: Option<String>,
    role: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Policy {
    display_name: String,
    /// Sign-in names of those who may ask; everybody, if not given; nobody, if empty.
    requestors: Option<Vec<String>>,
    #[serde(default)]
    approvers: Vec<String>,
    /// How long access lasts; without end, if not given.
    duration: Option<String>,
}

/// Brings in the file.
pub(super) async fn apply(graph: &Graph, file: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the seed `{}`", file.display()))?;
    let seed =
        parse(&text).with_context(|| format!("the seed `{}` cannot be used", file.display()))?;
    let sower = Sower {
        graph,
        clock: Clock::system(),
        ids: Ids::random(),
    };
    sower
        .sow(&seed)
        .await
        .with_context(|| format!("the seed `{}` cannot be brought in", file.display()))
}

fn parse(text: &str) -> anyhow::Result<Seed> {
    Ok(serde_saphyr::from_str(text)?)
}

struct Sower<'a> {
    graph: &'a Graph,
    clock: Clock,
    ids: Ids,
}

impl Sower<'_> {
    async fn sow(&self, seed: &Seed) -> anyhow::Result<()> {
        for user in &seed.users {
            self.user(user)
                .await
                .with_context(|| format!("user `{}`", user.user_principal_name))?;
        }
        for group in &seed.groups {
            self.group(group)
                .await
                .with_context(|| format!("group `{}`", group.display_name))?;
        }
        for application in &seed.applications {
            self.application(application)
                .await
                .with_context(|| format!("application `{}`", application.display_name))?;
        }
        for catalog in &seed.catalogs {
            self.catalog(catalog)
                .await
                .with_context(|| format!("catalog `{}`", catalog.display_name))?;
        }
        Ok(())
    }

    async fn user(&self, user: &Person) -> anyhow::Result<()> {
        if self.find_user(&user.user_principal_name).await?.is_some() {
            return Ok(());
        }
        let nickname = user
            .user_principal_name
            .split('@')
            .next()
            .unwrap_or_default();
        let mut body = json!({
            "accountEnabled": true,
            "displayName": user.display_name,
            "userPrincipalName": user.user_principal_name,
            "mail": user.user_principal_name,
            "mailNickname": nickname,
            "department": user.department,
            "jobTitle": user.job_title,
            "passwordProfile": {
                "forceChangePasswordNextSignIn": false,
                "password": match &user.password {
                    Some(password) => password.clone(),
                    None => auth::issuer::random_secret()?,
                },
            },
        });
        if let (Some(manager), Some(members)) = (&user.manager, body.as_object_mut()) {
            let manager = self.user_id(manager).await?;
            members.insert(
                "manager@odata.bind".to_owned(),
                json!(self.object_url(&manager)),
            );
        }
        self.make("/v1.0/users", &body).await.map(drop)
    }

    async fn group(&self, group: &Group) -> anyhow::Result<()> {
        if self
            .find_named("/v1.0/groups", &group.display_name)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let mut links = Vec::new();
        for names in [&group.members, &group.owners] {
            let mut urls = Vec::new();
            for name in names {
                urls.push(json!(self.object_url(&self.user_id(name).await?)));
            }
            links.push(urls);
        }
        let nickname: String = group
            .display_name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_lowercase();
        let id = self
            .make(
                "/v1.0/groups",
                &json!({
                    "displayName": group.display_name,
                    "description": group.description,
                    "mailEnabled": false,
                    "mailNickname": if nickname.is_empty() { "group" } else { &nickname },
                    "securityEnabled": true,
                    "members@odata.bind": links.first(),
                    "owners@odata.bind": links.last(),
                }),
            )
            .await?;
        self.bind(&id, group.target.as_deref()).await
    }

    async fn application(&self, application: &Application) -> anyhow::Result<()> {
        if self
            .find_named("/v1.0/servicePrincipals", &application.display_name)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let roles: Vec<Value> = application
            .roles
            .iter()
            .map(|name| {
                json!({
                    "id": self.new_id(),
                    "displayName": name,
                    "description": name,
                    "value": name,
                    "isEnabled": true,
                    "allowedMemberTypes": ["User"],
                })
            })
            .collect();
        let id = self
            .make(
                "/v1.0/servicePrincipals",
                &json!({
                    "appId": self.new_id(),
                    "displayName": application.display_name,
                    "description": application.description,
                    "appRoles": roles,
                }),
            )
            .await?;
        self.bind(&id, application.target.as_deref()).await
    }

    async fn bind(&self, object: &str, target: Option<&str>) -> anyhow::Result<()> {
        let Some(target) = target else {
            return Ok(());
        };
        self.graph.bind_target(object, target).await
    }

    async fn catalog(&self, catalog: &Catalog) -> anyhow::Result<()> {
        let collection = format!("{ENTITLEMENTS}/catalogs");
        let known = self.find_named(&collection, &catalog.display_name).await?;
        let id = if let Some(id) = known {
            id
        } else {
            let body = json!({
                "displayName": catalog.display_name,
                "description": catalog.description.as_ref().unwrap_or(&catalog.display_name),
                "state": "published",
                "isExternallyVisible": false,
            });
            self.make(&collection, &body).await?
        };
        for package in &catalog.access_packages {
            self.package(&id, package)
                .await
                .with_context(|| format!("access package `{}`", package.display_name))?;
        }
        Ok(())
    }

    async fn package(&self, catalog: &str, package: &AccessPackage) -> anyhow::Result<()> {
        let collection = format!("{ENTITLEMENTS}/accessPackages");
        if self
            .find_named(&collection, &package.display_name)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let body = json!({
            "displayName": package.display_name,
            "description": package.description.as_ref().unwrap_or(&package.display_name),
            "isHidden": false,
            "catalog": { "id": catalog },
        });
        let id = self.make(&collection, &body).await?;
        for role in &package.roles {
            self.role(catalog, &id, role)
                .await
                .with_context(|| format!("role `{}`", role.role))?;
        }
        for policy in &package.policies {
            self.policy(&id, policy)
                .await
                .with_context(|| format!("policy `{}`", policy.display_name))?;
        }
        Ok(())
    }

    async fn role(&self, catalog: &str, package: &str, role: &PackageRole) -> anyhow::Result<()> {
        let (origin, role_id) = match (&role.group, &role.application) {
            (Some(group), None) => {
                let id = self.named("/v1.0/groups", group).await?;
                let kind = match role.role.to_ascii_lowercase().as_str() {
                    "member" => "Member",
                    "owner" => "Owner",
                    _ => bail!("a group has the roles `Member` and `Owner`"),
                };
                let role_id = format!("{kind}_{id}");
                (Origin::group(id), role_id)
            }
            (None, Some(application)) => {
                let id = self.named("/v1.0/servicePrincipals", application).await?;
                let role_id = self.app_role(&id, &role.role).await?;
                (Origin::application(id), role_id)
            }
            _ => bail!("a role names either a `group` or an `application`"),
        };
        let resource = self.resource(catalog, &origin).await?;
        let path = format!("{ENTITLEMENTS}/accessPackages/{package}/resourceRoleScopes");
        self.make(&path, &bodies::role_scope(&resource, &origin, &role_id))
            .await
            .map(drop)
    }

    /// The resource in the catalog, onboarded now if it is not there.
    async fn resource(&self, catalog: &str, origin: &Origin) -> anyhow::Result<String> {
        let collection = format!("{ENTITLEMENTS}/catalogs/{catalog}/resources");
        let filter = format!("originId eq '{}'", origin.id);
        if let Some(id) = self.find(&collection, &filter).await? {
            return Ok(id);
        }
        let path = format!("{ENTITLEMENTS}/resourceRequests");
        self.make(&path, &bodies::add_resource(catalog, origin))
            .await?;
        self.find(&collection, &filter)
            .await?
            .context("the resource was not onboarded")
    }

    async fn app_role(&self, application: &str, name: &str) -> anyhow::Result<String> {
        let found = self
            .graph
            .get(&format!(
                "/v1.0/servicePrincipals/{application}?$select=appRoles"
            ))
            .await?;
        let roles = found.get("appRoles").and_then(Value::as_array);
        roles
            .into_iter()
            .flatten()
            .find(|role| role.get("displayName").and_then(Value::as_str) == Some(name))
            .and_then(|role| role.get("id").and_then(Value::as_str))
            .map(str::to_owned)
            .with_context(|| format!("the application offers no role `{name}`"))
    }

    async fn policy(&self, package: &str, policy: &Policy) -> anyhow::Result<()> {
        let mut approvers = Vec::new();
        for name in &policy.approvers {
            approvers.push(self.user_id(name).await?);
        }
        let mut users = Vec::new();
        for name in policy.requestors.iter().flatten() {
            users.push(self.user_id(name).await?);
        }
        let requestors = match &policy.requestors {
            None => Requestors::Everybody,
            Some(_) if users.is_empty() => Requestors::Nobody,
            Some(_) => Requestors::Users(&users),
        };
        let body = bodies::policy(
            package,
            &policy.display_name,
            requestors,
            &approvers,
            policy.duration.as_deref(),
        );
        self.make(&format!("{ENTITLEMENTS}/assignmentPolicies"), &body)
            .await
            .map(drop)
    }

    fn new_id(&self) -> String {
        self.ids.next(self.clock.now()).to_string()
    }

    fn object_url(&self, id: &str) -> String {
        format!("{}/v1.0/directoryObjects/{id}", self.graph.root())
    }

    async fn user_id(&self, name: &str) -> anyhow::Result<String> {
        self.find_user(name)
            .await?
            .with_context(|| format!("there is no user `{name}`"))
    }

    async fn find_user(&self, name: &str) -> anyhow::Result<Option<String>> {
        self.find(
            "/v1.0/users",
            &format!("userPrincipalName eq '{}'", quoted(name)),
        )
        .await
    }

    async fn named(&self, collection: &str, name: &str) -> anyhow::Result<String> {
        self.find_named(collection, name)
            .await?
            .with_context(|| format!("there is no `{name}`"))
    }

    async fn find_named(&self, collection: &str, name: &str) -> anyhow::Result<Option<String>> {
        self.find(collection, &format!("displayName eq '{}'", quoted(name)))
            .await
    }

    async fn find(&self, collection: &str, filter: &str) -> anyhow::Result<Option<String>> {
        let path = format!("{collection}?$filter={}&$select=id&$top=1", encoded(filter));
        let found = self.graph.get(&path).await?;
        Ok(found
            .pointer("/value/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    async fn make(&self, collection: &str, body: &Value) -> anyhow::Result<String> {
        let made = self.graph.post(collection, body).await?;
        made.get("id")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .with_context(|| format!("the answer to POST {collection} has no id"))
    }
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
users:
  - userPrincipalName: dora@reeve.example
    displayName: Dora Dean
groups:
  - displayName: Harvest
    members: [dora@reeve.example]
catalogs:
  - displayName: Farm
    accessPackages:
      - displayName: Harvest work
        roles:
          - group: Harvest
            role: Member
        policies:
          - displayName: Everybody, for a season
            duration: P90D
";

    #[test]
    fn a_seed_is_yaml_or_json() {
        let json = json!({
            "users": [{ "userPrincipalName": "dora@reeve.example", "displayName": "Dora Dean" }],
            "groups": [{ "displayName": "Harvest", "members": ["dora@reeve.example"] }],
            "catalogs": [{ "displayName": "Farm", "accessPackages": [{
                "displayName": "Harvest work",
                "roles": [{ "group": "Harvest", "role": "Member" }],
                "policies": [{ "displayName": "Everybody, for a season", "duration": "P90D" }],
            }] }],
        });

        let seed = parse(YAML).unwrap();

        assert_eq!(seed.users.len(), 1);
        assert_eq!(seed, parse(&json.to_string()).unwrap());
    }

    #[test]
    fn an_unknown_member_is_named() {
        let error = format!("{:#}", parse("users: []\ngruops: []").unwrap_err());

        assert!(error.contains("gruops"), "{error}");
    }
}
