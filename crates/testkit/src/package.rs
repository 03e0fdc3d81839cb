//! Access packages with their catalogs, groups, resources and policies, made through the API.

use domain::directory::GroupRole;
use domain::id::ObjectId;
use serde_json::{Value, json};
use store::directory::target_binding::TargetBinding;

use crate::V1;
use crate::app::TestApp;
use crate::client::Client;

/// A package to be made.
#[derive(Debug, Clone)]
pub struct Plan {
    name: String,
    catalog: String,
    roles: Vec<(String, GroupRole, Option<String>)>,
    stages: Vec<Value>,
    approvers: Vec<Vec<String>>,
    fallbacks: Vec<Vec<String>>,
    alternates: Vec<Vec<String>>,
    asks_for_updates: bool,
    lasts_for: Option<String>,
    incompatible: Vec<String>,
}

impl Plan {
    /// A package without roles that anybody may ask for and that lasts for ever.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            catalog: "Sales".to_owned(),
            roles: Vec::new(),
            stages: Vec::new(),
            approvers: Vec::new(),
            fallbacks: Vec::new(),
            alternates: Vec::new(),
            asks_for_updates: false,
            lasts_for: None,
            incompatible: Vec::new(),
        }
    }

    /// In this catalog, made at its first use.
    #[must_use]
    pub fn in_catalog(mut self, name: &str) -> Self {
        self.catalog = name.to_owned();
        self
    }

    /// Makes members of a group that lives in a target.
    #[must_use]
    pub fn member_of(mut self, group: &str, target: &str) -> Self {
        let target = Some(target.to_owned());
        self.roles
            .push((group.to_owned(), GroupRole::Member, target));
        self
    }

    /// Makes owners of a group that lives in a target.
    #[must_use]
    pub fn owner_of(mut self, group: &str, target: &str) -> Self {
        let target = Some(target.to_owned());
        self.roles
            .push((group.to_owned(), GroupRole::Owner, target));
        self
    }

    /// Makes members of a group of the built-in directory.
    #[must_use]
    pub fn member_here(mut self, group: &str) -> Self {
        self.roles.push((group.to_owned(), GroupRole::Member, None));
        self
    }

    /// One more stage, which any of these people decides.
    #[must_use]
    pub fn approval_by(self, names: &[&str]) -> Self {
        self.approval_by_or(names, &[])
    }

    /// One more stage, with those who are asked if the first ones stand for nobody.
    #[must_use]
    pub fn approval_by_or(mut self, names: &[&str], fallback: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.approvers.push(owned(names));
        self.fallbacks.push(owned(fallback));
        self.alternates.push(Vec::new());
        self.stages
            .push(json!({"durationBeforeAutomaticDenial": "P14D"}));
        self
    }

    /// The last stage that was added asks these people too, once this time is over.
    #[must_use]
    pub fn escalating_to(mut self, names: &[&str], after: &str) -> Self {
        let (Some(alternates), Some(stage)) = (self.alternates.last_mut(), self.stages.last_mut())
        else {
            panic!("there is no stage to escalate");
        };
        *alternates = names.iter().map(|&name| name.to_owned()).collect();
        stage["isEscalationEnabled"] = true.into();
        stage["durationBeforeEscalation"] = after.into();
        self
    }

    /// Changes of an assignment need approval as well.
    #[must_use]
    pub fn approving_updates(mut self) -> Self {
        self.asks_for_updates = true;
        self
    }

    /// Assignments end after this time.
    #[must_use]
    pub fn lasting(mut self, duration: &str) -> Self {
        self.lasts_for = Some(duration.to_owned());
        self
    }

    /// Holders of this package may not have the new one.
    #[must_use]
    pub fn not_with(mut self, package: &Package) -> Self {
        self.incompatible.push(package.id.clone());
        self
    }

    fn policy(&self, app: &TestApp, package: &str) -> Value {
        let people = |names: &[String]| -> Vec<Value> {
            let set = |name: &String| {
                let id = app.id_of(name).to_string();
                json!({"@odata.type": "#microsoft.graph.singleUser", "userId": id})
            };
            names.iter().map(set).collect()
        };
        let mut stages = self.stages.clone();
        for (at, stage) in stages.iter_mut().enumerate() {
            let (first, fallback) = (self.approvers.get(at), self.fallbacks.get(at));
            let set = |names: Option<&Vec<String>>| people(names.map_or(&[], Vec::as_slice));
            let stage = stage.as_object_mut().unwrap();
            stage.insert("primaryApprovers".to_owned(), set(first).into());
            stage.insert("fallbackPrimaryApprovers".to_owned(), set(fallback).into());
            let alternates = set(self.alternates.get(at));
            stage.insert("escalationApprovers".to_owned(), alternates.into());
        }
        let expiration = match &self.lasts_for {
            Some(duration) => json!({"type": "afterDuration", "duration": duration}),
            None => json!({"type": "noExpiration"}),
        };
        json!({
            "displayName": format!("{} for all", self.name),
            "description": "Anybody may ask.",
            "allowedTargetScope": "allMemberUsers",
            "specificAllowedTargets": [],
            "expiration": expiration,
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": true,
                "enableTargetsToSelfUpdateAccess": true,
                "enableTargetsToSelfRemoveAccess": true,
                "allowCustomAssignmentSchedule": true
            },
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": !stages.is_empty(),
                "isApprovalRequiredForUpdate": self.asks_for_updates,
                "stages": stages
            },
            "accessPackage": {"id": package}
        })
    }
}

/// One role of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// The group.
    pub group: ObjectId,
    /// Which role of the group, as targets know it: `Member_{group id}`.
    pub origin_id: String,
    /// The target that delivers it; none for the built-in directory.
    pub target: Option<String>,
    /// The id of the (role, scope) pair in the package.
    pub role_scope: String,
}

/// A package that was made.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its id.
    pub id: String,
    /// Its catalog's id.
    pub catalog: String,
    /// Its policy's id.
    pub policy: String,
    /// Its roles, in the order of the plan.
    pub roles: Vec<Role>,
}

impl Package {
    /// The only role.
    #[track_caller]
    pub fn role(&self) -> &Role {
        match self.roles.as_slice() {
            [role] => role,
            roles => panic!("the package has {} roles", roles.len()),
        }
    }
}

impl TestApp {
    /// Makes a package, and what it needs that is not there yet.
    pub async fn package(&self, plan: Plan) -> Package {
        let operator = self.as_operator();
        let catalog = self.catalog(&plan.catalog).await;
        let body = json!({
            "displayName": plan.name, "description": "Made for a test.", "catalog": {"id": catalog}
        });
        let made = operator.post(&format!("{V1}/accessPackages"), body).await;
        let id = made.assert_status(201).text("id");
        let mut package = Package {
            id,
            catalog,
            policy: String::new(),
            roles: Vec::new(),
        };
        for (group, role, target) in &plan.roles {
            let role = self
                .add_role(&package, group, *role, target.as_deref())
                .await;
            package.roles.push(role);
        }
        for other in &plan.incompatible {
            let path = format!(
                "{V1}/accessPackages/{}/incompatibleAccessPackages/$ref",
                package.id
            );
            let body =
                json!({"@odata.id": format!("http://reeve.test{V1}/accessPackages/{other}")});
            operator.post(&path, body).await.assert_status(204);
        }
        let policy = plan.policy(self, &package.id);
        let made = operator
            .post(&format!("{V1}/assignmentPolicies"), policy)
            .await;
        package.policy = made.assert_status(201).text("id");
        package
    }

    /// Adds a role of a group to the package.
    pub async fn add_role(
        &self,
        package: &Package,
        group: &str,
        role: GroupRole,
        target: Option<&str>,
    ) -> Role {
        let operator = self.as_operator();
        let id = self.group(group, target).await;
        let resource = self.resource(&operator, &package.catalog, id).await;
        let origin_id = match role {
            GroupRole::Member => format!("Member_{id}"),
            GroupRole::Owner => format!("Owner_{id}"),
        };
        let body = json!({
            "role": {
                "originId": origin_id, "originSystem": "AadGroup", "displayName": "Role",
                "resource": {"id": resource, "originId": id.to_string(), "originSystem": "AadGroup"}
            },
            "scope": {"originId": id.to_string(), "originSystem": "AadGroup"}
        });
        let path = format!("{V1}/accessPackages/{}/resourceRoleScopes", package.id);
        let made = operator.post(&path, body).await.assert_status(201);
        Role {
            group: id,
            origin_id,
            target: target.map(str::to_owned),
            role_scope: made.text("id"),
        }
    }

    /// Takes a role out of the package.
    pub async fn drop_role(&self, package: &Package, role: &Role) {
        let path = format!(
            "{V1}/accessPackages/{}/resourceRoleScopes/{}",
            package.id, role.role_scope
        );
        self.as_operator().delete(&path).await.assert_status(204);
    }

    /// The catalog of this name, made at its first use.
    async fn catalog(&self, name: &str) -> String {
        let known = self.inner.catalogs.lock().unwrap().get(name).cloned();
        if let Some(known) = known {
            return known;
        }
        let body = json!({
            "displayName": name, "description": "Made for a test.", "state": "published",
            "isExternallyVisible": false
        });
        let made = self
            .as_operator()
            .post(&format!("{V1}/catalogs"), body)
            .await;
        let id = made.assert_status(201).text("id");
        let mut catalogs = self.inner.catalogs.lock().unwrap();
        catalogs.insert(name.to_owned(), id.clone());
        id
    }

    /// The group of this name, made and bound to its target at its first use.
    pub async fn group(&self, name: &str, target: Option<&str>) -> ObjectId {
        if let Some(known) = self.inner.find(name) {
            return known;
        }
        let body = json!({
            "displayName": name, "mailEnabled": false, "securityEnabled": true,
            "mailNickname": name.replace(' ', "-").to_lowercase()
        });
        let made = self.as_operator().post("/v1.0/groups", body).await;
        let id: ObjectId = made.assert_status(201).text("id").parse().unwrap();
        self.inner.remember(name, id);
        if let Some(target) = target {
            let binding = TargetBinding {
                object_id: id,
                target: target.to_owned(),
                address: None,
            };
            let service = &self.inner.service;
            service::directory::bindings::set(service, &service.system(), binding)
                .await
                .unwrap();
        }
        id
    }

    /// The group as a resource of the catalog, added at its first use.
    async fn resource(&self, operator: &Client, catalog: &str, group: ObjectId) -> String {
        let key = (catalog.to_owned(), group);
        let known = self.inner.resources.lock().unwrap().get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        let body = json!({
            "requestType": "adminAdd", "catalog": {"id": catalog},
            "resource": {"originId": group.to_string(), "originSystem": "AadGroup"}
        });
        let asked = operator.post(&format!("{V1}/resourceRequests"), body).await;
        asked.assert_status(201);
        let path = format!("{V1}/catalogs/{catalog}/resources?$filter=originId eq '{group}'");
        let found = operator.get(&path).await.assert_status(200).rows();
        let resource = found.first().expect("the resource was just added");
        let id = crate::reply::text(resource, "id");
        let mut resources = self.inner.resources.lock().unwrap();
        resources.insert(key, id.clone());
        id
    }
}
