//! The same story in both versions of the API: what is built, asked and read, in each version's own words.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::systems::{HR, UNIX};
use crate::support::{Api, PATIENCE};

/// A version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    V1,
    Beta,
}

/// Both versions.
pub(super) const WIRES: [Wire; 2] = [Wire::V1, Wire::Beta];

/// Everybody whom the tests of both versions create.
pub(super) const PEOPLE: &[&str] = &["dora", "emil", "fay", "gus", "hana", "ivo"];

/// A package with a role in each target, and those who may get it.
pub(super) struct Package {
    pub(super) wire: Wire,
    api: Api,
    id: String,
    policy: String,
    /// The group that is bound to the SCIM target.
    pub(super) hr_group: String,
    /// The group that is bound to the LDAP target.
    pub(super) unix_group: String,
    /// Local part and id of each user.
    pub(super) people: Vec<(&'static str, String)>,
}

impl Wire {
    fn pick<T>(self, v1: T, beta: T) -> T {
        match self {
            Self::V1 => v1,
            Self::Beta => beta,
        }
    }

    fn name(self) -> &'static str {
        self.pick("v1.0", "beta")
    }

    fn path(self, v1: &str, beta: &str) -> String {
        let collection = self.pick(v1, beta);
        format!(
            "/{}/identityGovernance/entitlementManagement/{collection}",
            self.name()
        )
    }

    /// Where a request is.
    pub(super) fn request(self, id: &str) -> String {
        let requests = self.path("assignmentRequests", "accessPackageAssignmentRequests");
        format!("{requests}/{id}")
    }

    /// Where an assignment is.
    pub(super) fn assignment(self, id: &str) -> String {
        let assignments = self.path("assignments", "accessPackageAssignments");
        format!("{assignments}/{id}")
    }

    /// The local parts of those whom this version creates.
    fn people(self) -> &'static [&'static str] {
        let (v1, beta) = PEOPLE.split_at(3);
        self.pick(v1, beta)
    }
}

impl Package {
    /// Builds everything through one version: users, bound groups, catalog, resources, package and policy.
    pub(super) async fn build(api: &Api, wire: Wire) -> Self {
        let mut people = Vec::new();
        for &name in wire.people() {
            people.push((
                name,
                make(api, &format!("/{}/users", wire.name()), &user(name)).await,
            ));
        }
        let catalog = json!({ "displayName": format!("Systems {}", wire.name()), "description": "Real ones" });
        let catalog = make(
            api,
            &wire.path("catalogs", "accessPackageCatalogs"),
            &catalog,
        )
        .await;
        let package = match wire {
            Wire::V1 => {
                json!({ "displayName": "Staff", "description": "Both systems", "catalog": { "id": catalog } })
            }
            Wire::Beta => {
                json!({ "displayName": "Staff", "description": "Both systems", "catalogId": catalog })
            }
        };
        let package = make(
            api,
            &wire.path("accessPackages", "accessPackages"),
            &package,
        )
        .await;
        let hr_group = format!("Clerks {}", wire.name());
        let unix_group = format!("shell {}", wire.name());
        for (group, target) in [(&hr_group, HR), (&unix_group, UNIX)] {
            let id = bound_group(api, wire, group, target).await;
            let resource = add_resource(api, wire, &catalog, &id).await;
            add_member_role(api, wire, &package, &resource, &id).await;
        }
        let policies = wire.path("assignmentPolicies", "accessPackageAssignmentPolicies");
        let policy = make(api, &policies, &direct_policy(wire, &package)).await;
        Self {
            wire,
            api: api.clone(),
            id: package,
            policy,
            hr_group,
            unix_group,
            people,
        }
    }

    /// The same package, asked for by another client.
    pub(super) fn seen_by(self, api: &Api) -> Self {
        Self {
            api: api.clone(),
            ..self
        }
    }

    /// Assigns the package directly; the request's id.
    pub(super) async fn assign(&self, user: &str) -> String {
        let assignment = json!({
            "targetId": user,
            "accessPackageId": self.id,
            "assignmentPolicyId": self.policy,
        });
        self.submit("adminAdd", &assignment).await
    }

    /// Takes an assignment away; the request's id.
    pub(super) async fn remove(&self, assignment: &str) -> String {
        self.submit("adminRemove", &json!({ "id": assignment }))
            .await
    }

    async fn submit(&self, kind: &str, assignment: &Value) -> String {
        let body = match self.wire {
            Wire::V1 => json!({ "requestType": kind, "assignment": assignment }),
            Wire::Beta => json!({
                "requestType": kind.replace("admin", "Admin"),
                "accessPackageAssignment": assignment,
            }),
        };
        let requests = self
            .wire
            .path("assignmentRequests", "accessPackageAssignmentRequests");
        make(&self.api, &requests, &body).await
    }

    /// The assignment that a request is about.
    pub(super) async fn assignment_of(&self, request: &str) -> String {
        let relation = self.wire.pick("assignment", "accessPackageAssignment");
        let path = format!("{}?$expand={relation}", self.wire.request(request));
        id(&self.api.get(&path).await[relation])
    }

    /// When an assignment begins and ends.
    pub(super) async fn schedule(&self, assignment: &str) -> Value {
        let shown = self.api.get(&self.wire.assignment(assignment)).await;
        let schedule = shown["schedule"].clone();
        assert!(schedule["startDateTime"].is_string(), "{shown}");
        schedule
    }

    /// Reprocesses a request or an assignment, which has to be accepted.
    pub(super) async fn reprocess(&self, path: &str) {
        let path = format!("{path}/reprocess");
        let (status, body) = self.api.call(Method::POST, &path, None).await;
        assert_eq!(status, 202, "{path}: {body}");
    }

    /// The state of a request at its end.
    pub(super) async fn request_end(&self, request: &str) -> String {
        let property = self.wire.pick("state", "requestState");
        self.end(&self.wire.request(request), property).await
    }

    /// The state of an assignment at its end.
    pub(super) async fn assignment_end(&self, assignment: &str) -> String {
        let property = self.wire.pick("state", "assignmentState");
        self.end(&self.wire.assignment(assignment), property).await
    }

    /// The state of an assignment now.
    pub(super) async fn assignment_state(&self, assignment: &str) -> String {
        let property = self.wire.pick("state", "assignmentState");
        self.state(&self.wire.assignment(assignment), property)
            .await
    }

    async fn end(&self, path: &str, property: &str) -> String {
        let look = async {
            let mut looks = tokio::time::interval(Duration::from_millis(50));
            loop {
                looks.tick().await;
                let state = self.state(path, property).await;
                if !matches!(state.as_str(), "submitted" | "accepted" | "delivering") {
                    return state;
                }
            }
        };
        tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| panic!("{path} is still on its way"))
    }

    /// A state as v1.0 spells it; beta begins it with a capital.
    async fn state(&self, path: &str, property: &str) -> String {
        let object = self.api.get(path).await;
        let state = object[property]
            .as_str()
            .unwrap_or_else(|| panic!("{path} has no {property}: {object}"));
        let (first, rest) = state.split_at(1);
        let capital = first.chars().all(char::is_uppercase);
        assert_eq!(capital, self.wire == Wire::Beta, "{state}");
        format!("{}{rest}", first.to_lowercase())
    }
}

fn user(name: &str) -> Value {
    json!({
        "accountEnabled": true,
        "displayName": name,
        "mailNickname": name,
        "userPrincipalName": user_name(name),
        "passwordProfile": { "password": "Only-for-signing-in-1" },
    })
}

/// The sign-in name of somebody.
pub(super) fn user_name(name: &str) -> String {
    format!("{name}@reeve.example")
}

async fn bound_group(api: &Api, wire: Wire, name: &str, target: &str) -> String {
    let group = json!({
        "displayName": name, "mailEnabled": false, "mailNickname": target, "securityEnabled": true,
    });
    let group = make(api, &format!("/{}/groups", wire.name()), &group).await;
    let binding = json!({ "target": target });
    let path = format!("/reeve/v1/bindings/{group}");
    let (status, told) = api.call(Method::PUT, &path, Some(&binding)).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["target"], target);
    group
}

async fn add_resource(api: &Api, wire: Wire, catalog: &str, group: &str) -> String {
    let resource = json!({ "originId": group, "originSystem": "AadGroup" });
    let body = match wire {
        Wire::V1 => {
            json!({ "requestType": "adminAdd", "catalog": { "id": catalog }, "resource": resource })
        }
        Wire::Beta => json!({
            "requestType": "AdminAdd", "executeImmediately": true, "catalogId": catalog,
            "accessPackageResource": resource,
        }),
    };
    let requests = wire.path("resourceRequests", "accessPackageResourceRequests");
    make(api, &requests, &body).await;
    let resources = match wire {
        Wire::V1 => wire.path(&format!("catalogs/{catalog}/resources"), ""),
        Wire::Beta => wire.path(
            "",
            &format!("accessPackageCatalogs/{catalog}/accessPackageResources"),
        ),
    };
    let found = api
        .get(&format!("{resources}?$filter=originId eq '{group}'"))
        .await;
    id(&found["value"][0])
}

async fn add_member_role(api: &Api, wire: Wire, package: &str, resource: &str, group: &str) {
    let role = format!("Member_{group}");
    let scope = json!({ "originId": group, "originSystem": "AadGroup" });
    let body = match wire {
        Wire::V1 => json!({
            "role": { "originId": role, "originSystem": "AadGroup", "resource": { "id": resource } },
            "scope": scope,
        }),
        Wire::Beta => json!({
            "accessPackageResourceRole": {
                "originId": role, "originSystem": "AadGroup", "accessPackageResource": { "id": resource },
            },
            "accessPackageResourceScope": scope,
        }),
    };
    let path = wire.path(
        &format!("accessPackages/{package}/resourceRoleScopes"),
        &format!("accessPackages/{package}/accessPackageResourceRoleScopes"),
    );
    make(api, &path, &body).await;
}

/// Nobody asks and nobody is asked: administrators assign.
fn direct_policy(wire: Wire, package: &str) -> Value {
    match wire {
        Wire::V1 => json!({
            "displayName": "Direct", "description": "By administrators",
            "allowedTargetScope": "notSpecified", "specificAllowedTargets": [],
            "expiration": { "type": "afterDuration", "duration": "P90D" },
            "requestorSettings": { "enableTargetsToSelfAddAccess": false },
            "requestApprovalSettings": { "isApprovalRequiredForAdd": false, "stages": [] },
            "accessPackage": { "id": package },
        }),
        Wire::Beta => json!({
            "displayName": "Direct", "description": "By administrators",
            "accessPackageId": package, "canExtend": false, "durationInDays": 90,
            "requestorSettings": { "scopeType": "NoSubjects", "acceptRequests": true, "allowedRequestors": [] },
            "requestApprovalSettings": {
                "isApprovalRequired": false, "isApprovalRequiredForExtension": false,
                "isRequestorJustificationRequired": false, "approvalMode": "NoApproval", "approvalStages": [],
            },
        }),
    }
}

/// Creates a thing; its id.
async fn make(api: &Api, collection: &str, body: &Value) -> String {
    let (status, made) = api.call(Method::POST, collection, Some(body)).await;
    assert!(
        matches!(status, 200 | 201),
        "POST {collection}: {status} {made}"
    );
    id(&made)
}

fn id(object: &Value) -> String {
    object["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {object}"))
        .to_owned()
}
