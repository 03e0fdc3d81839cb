//! Brings a file in through the tenant's own Graph API.
//!
//! **Invariant:** things are known by their names; what is there already stays as it is, so a file may be used at each
//! start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};
use service::clock::{Clock, Ids};

use super::links::{Kind, Names, text};
use super::{
    AccessPackage, Application, Assignment, Catalog, Document, Group, Members, Organization,
    Person, Policy, Principal, RoleAssignment, parse,
};
use crate::client::ENTITLEMENTS;
use crate::client::bodies::{self, Origin, Requestors};
use crate::client::graph::{Graph, encoded};

const ROLES: &str = "/v1.0/roleManagement/entitlementManagement";

/// What is made, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    /// The collection that it is in, such as `groups`.
    pub(crate) what: String,
    /// Its name.
    pub(crate) name: String,
}

/// The beginning of the ids of what would be made, and is not.
const IMAGINED: &str = "imagined:";

/// Brings in the file.
pub(crate) async fn apply(graph: &Graph, file: &Path) -> anyhow::Result<()> {
    bring(graph, file, false).await.map(drop)
}

/// Brings in the file, or only finds out what that would make.
pub(crate) async fn bring(
    graph: &Graph,
    file: &Path,
    is_rehearsal: bool,
) -> anyhow::Result<Vec<Made>> {
    let content = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the seed `{}`", file.display()))?;
    sow(graph, &content, is_rehearsal)
        .await
        .with_context(|| format!("the seed `{}` cannot be used", file.display()))
}

/// Brings in what a file holds.
pub(crate) async fn bring_in(graph: &Graph, content: &str) -> anyhow::Result<()> {
    sow(graph, content, false).await.map(drop)
}

async fn sow(graph: &Graph, content: &str, is_rehearsal: bool) -> anyhow::Result<Vec<Made>> {
    let document = parse(content)?;
    let mut sower = Sower {
        graph,
        clock: Clock::system(),
        ids: Ids::random(),
        names: Names::load(graph).await?,
        is_rehearsal,
        made: Mutex::default(),
        onboarded: Mutex::default(),
    };
    sower.directory(&document).await?;
    sower.entitlements(&document).await?;
    let made = sower.made.into_inner();
    Ok(made.unwrap_or_else(PoisonError::into_inner))
}

struct Sower<'a> {
    graph: &'a Graph,
    clock: Clock,
    ids: Ids,
    names: Names,
    /// Nothing is written; what would be made gets imagined ids.
    is_rehearsal: bool,
    made: Mutex<Vec<Made>>,
    /// Catalogs and resources that would be in them by now.
    onboarded: Mutex<BTreeSet<(String, String)>>,
}

impl Sower<'_> {
    /// First everything by itself, then who belongs to whom.
    async fn directory(&mut self, document: &Document) -> anyhow::Result<()> {
        let mut new_users = Vec::new();
        for user in &document.users {
            let made = self.user(user).await;
            let made = made.with_context(|| format!("user `{}`", user.user_principal_name))?;
            new_users.extend(made.map(|id| (id, user)));
        }
        let mut new_groups = Vec::new();
        for group in &document.groups {
            let made = self.group(group).await;
            let made = made.with_context(|| format!("group `{}`", group.display_name))?;
            new_groups.extend(made.map(|id| (id, group)));
        }
        for application in &document.applications {
            self.application(application)
                .await
                .with_context(|| format!("application `{}`", application.display_name))?;
        }
        for (id, user) in new_users {
            self.led_by(&id, user.manager.as_deref())
                .await
                .with_context(|| format!("user `{}`", user.user_principal_name))?;
        }
        for (id, group) in new_groups {
            self.filled(&format!("/v1.0/groups/{id}"), "members", &group.members)
                .await
                .with_context(|| format!("group `{}`", group.display_name))?;
            self.filled(&format!("/v1.0/groups/{id}"), "owners", &group.owners)
                .await
                .with_context(|| format!("group `{}`", group.display_name))?;
        }
        Ok(())
    }

    async fn user(&mut self, user: &Person) -> anyhow::Result<Option<String>> {
        let name = &user.user_principal_name;
        if self.names.knows(Kind::User, name) {
            return Ok(None);
        }
        let nickname = name.split('@').next().unwrap_or_default();
        let password = match &user.password {
            Some(password) => password.clone(),
            None => auth::issuer::random_secret()?,
        };
        let body = merged(
            json!({
                "accountEnabled": true,
                "displayName": user.display_name,
                "userPrincipalName": name,
                "mail": name,
                "mailNickname": nickname,
                "passwordProfile": { "forceChangePasswordNextSignIn": false, "password": password },
            }),
            &user.members,
        );
        let id = self.make("/v1.0/users", &body).await?;
        self.names.learn(Kind::User, name, &id);
        Ok(Some(id))
    }

    async fn group(&mut self, group: &Group) -> anyhow::Result<Option<String>> {
        let name = &group.display_name;
        if self.names.knows(Kind::Group, name) {
            return Ok(None);
        }
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let nickname = letters.collect::<String>().to_lowercase();
        let body = merged(
            json!({
                "displayName": name,
                "mailEnabled": false,
                "mailNickname": if nickname.is_empty() { "group" } else { &nickname },
                "securityEnabled": true,
            }),
            &group.properties,
        );
        let id = self.make("/v1.0/groups", &body).await?;
        self.names.learn(Kind::Group, name, &id);
        self.bind(&id, group.target.as_deref()).await?;
        Ok(Some(id))
    }

    async fn application(&mut self, application: &Application) -> anyhow::Result<()> {
        let name = &application.display_name;
        if self.names.knows(Kind::Application, name) {
            return Ok(());
        }
        let roles = application.roles.iter().map(|role| self.app_role(role));
        let roles: Vec<Value> = roles.collect::<Result<_, _>>()?;
        let body = merged(
            json!({ "appId": self.new_id(), "displayName": name, "appRoles": roles }),
            &application.members,
        );
        let id = self.make("/v1.0/servicePrincipals", &body).await?;
        self.names.learn(Kind::Application, name, &id);
        self.bind(&id, application.target.as_deref()).await
    }

    /// A role of an application: what is not said of it follows from its name.
    fn app_role(&self, role: &Value) -> anyhow::Result<Value> {
        let name = role.as_str().or_else(|| text(role, "displayName"));
        let name = name.context("a role of an application is a name, or has a `displayName`")?;
        let whole = json!({
            "id": self.new_id(),
            "displayName": name,
            "description": name,
            "value": name,
            "isEnabled": true,
            "allowedMemberTypes": ["User"],
        });
        Ok(match role.as_object() {
            Some(said) => merged(whole, said),
            None => whole,
        })
    }

    async fn led_by(&self, user: &str, manager: Option<&str>) -> anyhow::Result<()> {
        let Some(manager) = manager else {
            return Ok(());
        };
        let body = self.link(self.names.id(Kind::User, manager)?);
        let path = format!("/v1.0/users/{user}/manager/$ref");
        self.send(Method::PUT, &path, &body).await
    }

    /// Puts everybody into a collection of an object.
    async fn filled(&self, of: &str, way: &str, who: &[Principal]) -> anyhow::Result<()> {
        for principal in who {
            let body = self.link(self.names.principal(principal)?);
            self.send(Method::POST, &format!("{of}/{way}/$ref"), &body)
                .await?;
        }
        Ok(())
    }

    async fn bind(&self, object: &str, target: Option<&str>) -> anyhow::Result<()> {
        match target {
            Some(target) if !self.is_rehearsal => self.graph.bind_target(object, target).await,
            Some(_) | None => Ok(()),
        }
    }

    async fn entitlements(&mut self, document: &Document) -> anyhow::Result<()> {
        for organization in &document.connected_organizations {
            self.organization(organization).await.with_context(|| {
                format!("connected organization `{}`", organization.display_name)
            })?;
        }
        let connectors = format!("{ENTITLEMENTS}/externalOriginResourceConnectors");
        for connector in &document.connectors {
            let name = &connector.display_name;
            let body = merged(json!({ "displayName": name }), &connector.members);
            self.made_once(&connectors, name, &body)
                .await
                .with_context(|| format!("connector `{name}`"))?;
        }
        if !document.settings.is_empty() {
            self.settings(&document.settings)
                .await
                .context("settings")?;
        }
        let mut new_packages = Vec::new();
        for catalog in &document.catalogs {
            let made = self.catalog(catalog).await;
            new_packages
                .extend(made.with_context(|| format!("catalog `{}`", catalog.display_name))?);
        }
        for (id, package) in new_packages {
            self.apart(&id, package)
                .await
                .with_context(|| format!("access package `{}`", package.display_name))?;
        }
        self.hold("/", &document.role_assignments).await?;
        self.assign(&document.assignments).await
    }

    /// Writes the settings, if that changes any.
    async fn settings(&self, said: &Members) -> anyhow::Result<()> {
        let path = format!("{ENTITLEMENTS}/settings");
        let now = self.graph.get(&path).await?;
        if said
            .iter()
            .all(|(name, value)| now.get(name) == Some(value))
        {
            return Ok(());
        }
        self.note(
            "settings",
            &said.keys().cloned().collect::<Vec<_>>().join(", "),
        );
        self.send(Method::PATCH, &path, &Value::Object(said.clone()))
            .await
    }

    async fn organization(&mut self, organization: &Organization) -> anyhow::Result<()> {
        let name = &organization.display_name;
        if self.names.knows(Kind::Organization, name) {
            return Ok(());
        }
        let body = merged(json!({ "displayName": name }), &organization.members);
        let collection = format!("{ENTITLEMENTS}/connectedOrganizations");
        let id = self.make(&collection, &body).await?;
        self.names.learn(Kind::Organization, name, &id);
        let path = format!("{collection}/{id}");
        self.filled(&path, "internalSponsors", &organization.internal_sponsors)
            .await?;
        self.filled(&path, "externalSponsors", &organization.external_sponsors)
            .await
    }

    /// Answers the packages that were made.
    async fn catalog<'d>(
        &self,
        catalog: &'d Catalog,
    ) -> anyhow::Result<Vec<(String, &'d AccessPackage)>> {
        let name = &catalog.display_name;
        let body = merged(
            json!({
                "displayName": name,
                "description": name,
                "state": "published",
                "isExternallyVisible": false,
            }),
            &catalog.members,
        );
        let id = self
            .made_once(&format!("{ENTITLEMENTS}/catalogs"), name, &body)
            .await?;
        let path = format!("{ENTITLEMENTS}/catalogs/{id}");
        let mut extensions = BTreeMap::new();
        for extension in &catalog.custom_extensions {
            let name = &extension.display_name;
            let body = merged(json!({ "displayName": name }), &extension.members);
            let made = self
                .made_once(&format!("{path}/customWorkflowExtensions"), name, &body)
                .await
                .with_context(|| format!("custom extension `{name}`"))?;
            extensions.insert(name.as_str(), made);
        }
        for resource in &catalog.resources {
            let origin = self.origin(resource.group.as_deref(), resource.application.as_deref())?;
            self.resource(&id, &origin, &resource.attributes).await?;
        }
        let mut new_packages = Vec::new();
        for package in &catalog.access_packages {
            let made = self.package(&id, &extensions, package).await;
            let made =
                made.with_context(|| format!("access package `{}`", package.display_name))?;
            new_packages.extend(made.map(|id| (id, package)));
        }
        self.hold(
            &format!("/AccessPackageCatalog/{id}"),
            &catalog.role_assignments,
        )
        .await?;
        Ok(new_packages)
    }

    /// Makes a package with its roles and policies; `None` if the catalog has one of this name.
    async fn package(
        &self,
        catalog: &str,
        extensions: &BTreeMap<&str, String>,
        package: &AccessPackage,
    ) -> anyhow::Result<Option<String>> {
        let collection = format!("{ENTITLEMENTS}/accessPackages");
        let name = &package.display_name;
        let filter = format!(
            "displayName eq '{}' and catalog/id eq '{catalog}'",
            quoted(name)
        );
        if self.find(&collection, &filter).await?.is_some() {
            return Ok(None);
        }
        let body = merged(
            json!({
                "displayName": name,
                "description": name,
                "isHidden": false,
                "catalog": { "id": catalog },
            }),
            &package.members,
        );
        let id = self.make(&collection, &body).await?;
        for role in &package.roles {
            let origin = self.origin(role.group.as_deref(), role.application.as_deref())?;
            self.role(catalog, &id, &origin, &role.role)
                .await
                .with_context(|| format!("role `{}`", role.role))?;
        }
        for policy in &package.policies {
            self.policy(&id, extensions, policy)
                .await
                .with_context(|| format!("policy `{}`", policy.display_name))?;
        }
        Ok(Some(id))
    }

    fn origin(&self, group: Option<&str>, application: Option<&str>) -> anyhow::Result<Origin> {
        match (group, application) {
            (Some(group), None) => Ok(Origin::group(self.names.id(Kind::Group, group)?)),
            (None, Some(name)) => Ok(Origin::application(self.names.id(Kind::Application, name)?)),
            _ => bail!("either a `group` or an `application` has to be named"),
        }
    }

    async fn role(
        &self,
        catalog: &str,
        package: &str,
        origin: &Origin,
        role: &str,
    ) -> anyhow::Result<()> {
        let role_id = if origin.system == Origin::group("").system {
            match role.to_ascii_lowercase().as_str() {
                "member" => format!("Member_{}", origin.id),
                "owner" => format!("Owner_{}", origin.id),
                _ => bail!("a group has the roles `Member` and `Owner`"),
            }
        } else {
            self.role_of_application(&origin.id, role).await?
        };
        let resource = self.resource(catalog, origin, &[]).await?;
        let path = format!("{ENTITLEMENTS}/accessPackages/{package}/resourceRoleScopes");
        self.make(&path, &bodies::role_scope(&resource, origin, &role_id))
            .await
            .map(drop)
    }

    async fn role_of_application(&self, application: &str, name: &str) -> anyhow::Result<String> {
        if application.starts_with(IMAGINED) {
            return Ok(name.to_owned());
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
            .with_context(|| format!("the application offers no role `{name}`"))
    }

    /// The resource in the catalog, onboarded now if it is not there.
    async fn resource(
        &self,
        catalog: &str,
        origin: &Origin,
        attributes: &[Value],
    ) -> anyhow::Result<String> {
        let collection = format!("{ENTITLEMENTS}/catalogs/{catalog}/resources");
        let filter = format!("originId eq '{}'", origin.id);
        if let Some(id) = self.find(&collection, &filter).await? {
            return Ok(id);
        }
        if self.is_rehearsal {
            let key = (catalog.to_owned(), origin.id.clone());
            let mut onboarded = self
                .onboarded
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if !onboarded.insert(key) {
                return Ok(format!("{IMAGINED}{}", origin.id));
            }
        }
        let mut body = bodies::add_resource(catalog, origin);
        let resource = body.get_mut("resource").and_then(Value::as_object_mut);
        if let (Some(resource), false) = (resource, attributes.is_empty()) {
            resource.insert("attributes".to_owned(), json!(attributes));
        }
        let made = self
            .make(&format!("{ENTITLEMENTS}/resourceRequests"), &body)
            .await?;
        if self.is_rehearsal {
            return Ok(made);
        }
        self.find(&collection, &filter)
            .await?
            .context("the resource was not onboarded")
    }

    async fn policy(
        &self,
        package: &str,
        extensions: &BTreeMap<&str, String>,
        policy: &Policy,
    ) -> anyhow::Result<()> {
        let mut body = if policy.members.keys().any(|name| name != "description") {
            let head = json!({
                "displayName": policy.display_name,
                "description": policy.display_name,
                "accessPackage": { "id": package },
            });
            let mut body = merged(head, &policy.members);
            self.names.put_ids(&mut body)?;
            stages_into_ids(&mut body, extensions)?;
            body
        } else {
            self.in_short(package, policy)?
        };
        if let (Some(said), Some(members)) =
            (policy.members.get("description"), body.as_object_mut())
        {
            members.insert("description".to_owned(), said.clone());
        }
        self.make(&format!("{ENTITLEMENTS}/assignmentPolicies"), &body)
            .await
            .map(drop)
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

    /// What does not go together with a new package.
    async fn apart(&self, id: &str, package: &AccessPackage) -> anyhow::Result<()> {
        let collection = format!("{ENTITLEMENTS}/accessPackages");
        for name in &package.incompatible_access_packages {
            let other = self.named(&collection, name).await?;
            let url = format!("{}{collection}/{other}", self.graph.root());
            let path = format!("{collection}/{id}/incompatibleAccessPackages/$ref");
            let body = json!({ "@odata.id": url });
            self.send(Method::POST, &path, &body).await?;
        }
        for name in &package.incompatible_groups {
            let group = self.names.id(Kind::Group, name)?;
            let url = format!("{}/v1.0/groups/{group}", self.graph.root());
            let path = format!("{collection}/{id}/incompatibleGroups/$ref");
            let body = json!({ "@odata.id": url });
            self.send(Method::POST, &path, &body).await?;
        }
        Ok(())
    }

    /// Gives roles of entitlement management to those who do not hold them.
    async fn hold(&self, scope: &str, wanted: &[RoleAssignment]) -> anyhow::Result<()> {
        let collection = format!("{ROLES}/roleAssignments");
        for assignment in wanted {
            let role = self
                .named(&format!("{ROLES}/roleDefinitions"), &assignment.role)
                .await?;
            let principal = self.names.principal(&assignment.principal)?;
            let filter = format!(
                "principalId eq '{principal}' and roleDefinitionId eq '{role}' and appScopeId eq '{scope}'"
            );
            if self.find(&collection, &filter).await?.is_some() {
                continue;
            }
            let body = json!({
                "principalId": principal,
                "roleDefinitionId": role,
                "directoryScopeId": "/",
                "appScopeId": scope,
            });
            self.make(&collection, &body)
                .await
                .with_context(|| format!("role `{}`", assignment.role))?;
        }
        Ok(())
    }

    /// Assigns packages to those who do not have them.
    async fn assign(&self, wanted: &[Assignment]) -> anyhow::Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let path = format!(
            "{ENTITLEMENTS}/assignments?$filter=state ne 'expired'&$expand=accessPackage($select=id),\
             target($select=objectId)"
        );
        let pair = |assignment: &Value| {
            let at = |pointer: &str| Some(assignment.pointer(pointer)?.as_str()?.to_owned());
            Some((at("/accessPackage/id")?, at("/target/objectId")?))
        };
        let there = self.graph.list(&path).await?;
        let there: BTreeSet<(String, String)> = there.iter().filter_map(pair).collect();
        for assignment in wanted {
            self.assign_one(&there, assignment).await.with_context(|| {
                format!(
                    "assignment of `{}` to `{}`",
                    assignment.access_package, assignment.user
                )
            })?;
        }
        Ok(())
    }

    async fn assign_one(
        &self,
        there: &BTreeSet<(String, String)>,
        assignment: &Assignment,
    ) -> anyhow::Result<()> {
        let packages = format!("{ENTITLEMENTS}/accessPackages");
        let package = self.named(&packages, &assignment.access_package).await?;
        let user = self.names.id(Kind::User, &assignment.user)?.to_owned();
        if there.contains(&(package.clone(), user.clone())) {
            return Ok(());
        }
        let filter = format!(
            "displayName eq '{}' and accessPackage/id eq '{package}'",
            quoted(&assignment.policy)
        );
        let policy = self
            .find(&format!("{ENTITLEMENTS}/assignmentPolicies"), &filter)
            .await?
            .or_else(|| self.imagined("assignmentPolicies", &assignment.policy))
            .with_context(|| format!("the package has no policy `{}`", assignment.policy))?;
        let body = json!({
            "requestType": "adminAdd",
            "assignment": { "targetId": user, "accessPackageId": package, "assignmentPolicyId": policy },
        });
        self.make(&format!("{ENTITLEMENTS}/assignmentRequests"), &body)
            .await
            .map(drop)
    }

    fn new_id(&self) -> String {
        self.ids.next(self.clock.now()).to_string()
    }

    fn link(&self, id: &str) -> Value {
        json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", self.graph.root()) })
    }

    async fn named(&self, collection: &str, name: &str) -> anyhow::Result<String> {
        let filter = format!("displayName eq '{}'", quoted(name));
        let what = collection.rsplit('/').next().unwrap_or_default();
        self.find(collection, &filter)
            .await?
            .or_else(|| self.imagined(what, name))
            .with_context(|| format!("there is no `{name}`"))
    }

    /// What there would be by now under this name.
    fn imagined(&self, what: &str, name: &str) -> Option<String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = made.iter().any(|one| one.what == what && one.name == name);
        (self.is_rehearsal && is_there).then(|| format!("{IMAGINED}{name}"))
    }

    /// A name in the place of an id, also behind the role of a group.
    fn in_words(&self, name: &str) -> String {
        let (role, id) = name.split_once('_').unwrap_or(("", name));
        match (role, self.names.name(id)) {
            ("", Some((_, known))) => known.to_owned(),
            (role, Some((_, known))) => format!("{role} of {known}"),
            (_, None) => name.to_owned(),
        }
    }

    fn note(&self, what: &str, name: &str) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(Made {
            what: what.to_owned(),
            name: self.in_words(name),
        });
    }

    async fn find(&self, collection: &str, filter: &str) -> anyhow::Result<Option<String>> {
        // What is not there has nothing.
        if collection.contains(IMAGINED) || filter.contains(IMAGINED) {
            return Ok(None);
        }
        let path = format!("{collection}?$filter={}&$select=id&$top=1", encoded(filter));
        let found = self.graph.get(&path).await?;
        let id = found.pointer("/value/0/id").and_then(Value::as_str);
        Ok(id.map(str::to_owned))
    }

    /// The id of what is called so in a collection, made now if it is not there.
    async fn made_once(
        &self,
        collection: &str,
        name: &str,
        body: &Value,
    ) -> anyhow::Result<String> {
        let filter = format!("displayName eq '{}'", quoted(name));
        match self.find(collection, &filter).await? {
            Some(id) => Ok(id),
            None => self.make(collection, body).await,
        }
    }

    async fn make(&self, collection: &str, body: &Value) -> anyhow::Result<String> {
        let what = collection.rsplit('/').next().unwrap_or_default();
        let name = name_of(body);
        self.note(what, &name);
        if self.is_rehearsal {
            return Ok(format!("{IMAGINED}{name}"));
        }
        let made = self.graph.post(collection, body).await?;
        text(&made, "id")
            .map(str::to_owned)
            .with_context(|| format!("the answer to POST {collection} has no id"))
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<()> {
        if self.is_rehearsal {
            return Ok(());
        }
        let what = format!("{method} {path}");
        let answer = self.graph.call(method, path, Some(body)).await?;
        answer.expect_success(&what).map(drop)
    }
}

/// The names of extensions at the stages of a policy become references.
fn stages_into_ids(policy: &mut Value, extensions: &BTreeMap<&str, String>) -> anyhow::Result<()> {
    let settings = policy.get_mut("customExtensionStageSettings");
    let settings = settings.and_then(Value::as_array_mut);
    for setting in settings.into_iter().flatten() {
        let name = text(setting, "customExtension")
            .context("a stage names its `customExtension`")?
            .to_owned();
        let id = extensions
            .get(name.as_str())
            .with_context(|| format!("the catalog has no custom extension `{name}`"))?;
        if let Some(members) = setting.as_object_mut() {
            members.insert("customExtension".to_owned(), json!({ "id": id }));
        }
    }
    Ok(())
}

/// What something is called that is to be made, as well as its body tells.
fn name_of(body: &Value) -> String {
    let places = [
        "/userPrincipalName",
        "/displayName",
        "/role/displayName",
        "/resource/originId",
        "/role/originId",
        "/principalId",
        "/assignment/targetId",
    ];
    let found = places
        .iter()
        .find_map(|place| body.pointer(place)?.as_str());
    found.unwrap_or_default().to_owned()
}

/// `body` with what the file says.
fn merged(mut body: Value, said: &Members) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.extend(said.clone());
    }
    body
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
