//! Organizations, connectors, settings, catalogs, roles and assignments.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{AccessPackage, Assignment, Catalog, Document, Organization, RoleAssignment};
use super::{Kind, Members, Outcome, Sower, differences, merged, quoted, refused, text};
use crate::client::ENTITLEMENTS;

const ROLES: &str = "/v1.0/roleManagement/entitlementManagement";

/// Who has which package by which policy.
type Assigned = BTreeMap<(String, String), String>;

impl Sower<'_> {
    /// First what others refer to.
    pub(super) async fn entitlements(&mut self, document: &Document) -> anyhow::Result<()> {
        for organization in &document.connected_organizations {
            let done = self.organization(organization).await;
            self.settle("connectedOrganizations", &organization.display_name, done)?;
        }
        let connectors = format!("{ENTITLEMENTS}/externalOriginResourceConnectors");
        for connector in &document.connectors {
            let name = &connector.display_name;
            let body = merged(json!({ "displayName": name }), &connector.members);
            let done = self
                .thing(&connectors, name, &body, &connector.members)
                .await;
            self.settle("externalOriginResourceConnectors", name, done.map(drop))?;
        }
        if !document.settings.is_empty() {
            let done = self.settings(&document.settings).await;
            self.settle("settings", "settings", done)?;
        }
        let mut packages = Vec::new();
        for catalog in &document.catalogs {
            let done = self.catalog(catalog, &mut packages).await;
            self.settle("catalogs", &catalog.display_name, done)?;
        }
        for (id, package) in packages {
            self.apart(&id, package).await?;
        }
        self.hold("/", &document.role_assignments).await?;
        self.assign(&document.assignments).await
    }

    /// Settings are always there: they are written where they differ.
    async fn settings(&mut self, said: &Members) -> anyhow::Result<()> {
        let path = format!("{ENTITLEMENTS}/settings");
        let now = self.graph.get(&path).await?;
        let found = differences(said, &now);
        let names: Vec<&str> = said.keys().map(String::as_str).collect();
        let names = names.join(", ");
        if found.is_empty() {
            self.note("settings", &names, Outcome::There, None);
            return Ok(());
        }
        self.send(Method::PATCH, &path, &Value::Object(said.clone()))
            .await?;
        let told: Vec<String> = found.into_iter().map(|(_, told)| told).collect();
        let told = Some(told.join("; "));
        self.note("settings", &names, Outcome::Updated, told);
        Ok(())
    }

    async fn organization(&mut self, organization: &Organization) -> anyhow::Result<()> {
        let name = &organization.display_name;
        let collection = format!("{ENTITLEMENTS}/connectedOrganizations");
        let id = if self.names.knows(Kind::Organization, name) {
            let id = self.names.id(Kind::Organization, name)?.to_owned();
            let there = self.there;
            if let Some(now) = there.object(&id) {
                let path = format!("{collection}/{id}");
                let said = &organization.members;
                self.hold_against("connectedOrganizations", name, said, now, &path)
                    .await?;
            }
            id
        } else {
            let body = merged(json!({ "displayName": name }), &organization.members);
            let id = self.make(&collection, name, &body).await?;
            self.names.learn(Kind::Organization, name, &id);
            id
        };
        let path = format!("{collection}/{id}");
        let (internal, external) = (
            &organization.internal_sponsors,
            &organization.external_sponsors,
        );
        self.filled(&path, "internalSponsors", name, internal)
            .await?;
        self.filled(&path, "externalSponsors", name, external).await
    }

    /// Brings in a catalog and what is in it; adds its packages to `packages`.
    async fn catalog<'d>(
        &mut self,
        catalog: &'d Catalog,
        packages: &mut Vec<(String, &'d AccessPackage)>,
    ) -> anyhow::Result<()> {
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
        let collection = format!("{ENTITLEMENTS}/catalogs");
        let id = self
            .thing(&collection, name, &body, &catalog.members)
            .await?;
        let path = format!("{collection}/{id}");
        let mut extensions = BTreeMap::new();
        for extension in &catalog.custom_extensions {
            let name = &extension.display_name;
            let body = merged(json!({ "displayName": name }), &extension.members);
            let collection = format!("{path}/customWorkflowExtensions");
            let made = self
                .thing(&collection, name, &body, &extension.members)
                .await;
            let made = made.map(|id| drop(extensions.insert(name.as_str(), id)));
            self.settle("customWorkflowExtensions", name, made)?;
        }
        for resource in &catalog.resources {
            let (group, application) = (resource.group.as_deref(), resource.application.as_deref());
            let done = match self.origin(group, application) {
                Ok(origin) => self.onboard(&id, &origin, &resource.attributes).await,
                Err(error) => Err(error),
            };
            let name = group.or(application).unwrap_or_default();
            self.settle("resources", name, done)?;
        }
        for package in &catalog.access_packages {
            let done = self.package(&id, &extensions, package).await;
            let done = done.map(|id| packages.push((id, package)));
            self.settle("accessPackages", &package.display_name, done)?;
        }
        let scope = format!("/AccessPackageCatalog/{id}");
        self.hold(&scope, &catalog.role_assignments).await
    }

    /// Gives roles of entitlement management to those who do not hold them.
    async fn hold(&mut self, scope: &str, wanted: &[RoleAssignment]) -> anyhow::Result<()> {
        for assignment in wanted {
            let label = format!("{}: {}", assignment.role, assignment.principal.word());
            let done = self.hold_one(scope, &label, assignment).await;
            self.settle("roleAssignments", &label, done)?;
        }
        Ok(())
    }

    async fn hold_one(
        &mut self,
        scope: &str,
        label: &str,
        assignment: &RoleAssignment,
    ) -> anyhow::Result<()> {
        let definitions = format!("{ROLES}/roleDefinitions");
        let role = self.named(&definitions, &assignment.role).await?;
        let principal = self.names.principal(&assignment.principal)?.to_owned();
        let collection = format!("{ROLES}/roleAssignments");
        let filter = format!(
            "principalId eq '{principal}' and roleDefinitionId eq '{role}' and appScopeId eq '{scope}'"
        );
        if !self.list_of(&collection, &filter).await?.is_empty() {
            self.note("roleAssignments", label, Outcome::There, None);
            return Ok(());
        }
        let body = json!({
            "principalId": principal,
            "roleDefinitionId": role,
            "directoryScopeId": "/",
            "appScopeId": scope,
        });
        self.make(&collection, label, &body).await.map(drop)
    }

    /// Assigns packages to those who do not have them.
    async fn assign(&mut self, wanted: &[Assignment]) -> anyhow::Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let path = format!(
            "{ENTITLEMENTS}/assignments?$filter=state ne 'expired'&$expand=accessPackage($select=id),\
             target($select=objectId),assignmentPolicy($select=id,displayName)"
        );
        let mut there = Assigned::new();
        for assignment in self.graph.list(&path).await? {
            let at = |pointer: &str| Some(assignment.pointer(pointer)?.as_str()?.to_owned());
            if let (Some(package), Some(who)) = (at("/accessPackage/id"), at("/target/objectId")) {
                let policy = at("/assignmentPolicy/displayName").unwrap_or_default();
                there.insert((package, who), policy);
            }
        }
        for assignment in wanted {
            let label = format!("{}: {}", assignment.access_package, assignment.user);
            let done = self.assign_one(&there, &label, assignment).await;
            self.settle("assignmentRequests", &label, done)?;
        }
        Ok(())
    }

    async fn assign_one(
        &mut self,
        there: &Assigned,
        label: &str,
        assignment: &Assignment,
    ) -> anyhow::Result<()> {
        let what = "assignmentRequests";
        let packages = format!("{ENTITLEMENTS}/accessPackages");
        let package = self.named(&packages, &assignment.access_package).await?;
        let user = self.names.id(Kind::User, &assignment.user)?.to_owned();
        let policy = self.policy_of(&package, &assignment.policy).await?;
        if let Some(by) = there.get(&(package.clone(), user.clone())) {
            let told = format!("it is by the policy `{by}`, not `{}`", assignment.policy);
            let is_so = *by == assignment.policy;
            let outcome = if is_so {
                Outcome::There
            } else {
                Outcome::Differs
            };
            self.note(what, label, outcome, (!is_so).then_some(told));
            return Ok(());
        }
        let body = json!({
            "requestType": "adminAdd",
            "assignment": { "targetId": user, "accessPackageId": package, "assignmentPolicyId": policy },
        });
        if self.manner.is_rehearsal {
            return self.make(what, label, &body).await.map(drop);
        }
        let path = format!("{ENTITLEMENTS}/{what}");
        let method = Method::POST;
        let answer = self
            .graph
            .send_patiently(method, &path, Some(&body))
            .await?;
        // One of an earlier run waits for its approval.
        if answer.code() == "ExistingOpenRequest" {
            let told = Some("the request for it is not decided yet".to_owned());
            self.note(what, label, Outcome::There, told);
            return Ok(());
        }
        answer.expect_success(&path)?;
        self.note(what, label, Outcome::Made, None);
        Ok(())
    }

    /// A policy of a package, by its name.
    async fn policy_of(&self, package: &str, name: &str) -> anyhow::Result<String> {
        let known = self
            .known
            .get(&(format!("policies of {package}"), name.to_owned()));
        let filter = format!(
            "displayName eq '{}' and accessPackage/id eq '{package}'",
            quoted(name)
        );
        let found = self
            .list_of(&format!("{ENTITLEMENTS}/assignmentPolicies"), &filter)
            .await?;
        let mut ids: BTreeSet<String> = known.cloned().unwrap_or_default();
        ids.extend(
            found
                .iter()
                .filter_map(|one| text(one, "id").map(str::to_owned)),
        );
        ids.pop_first()
            .ok_or_else(|| refused(format!("the package has no policy `{name}`")))
    }
}
