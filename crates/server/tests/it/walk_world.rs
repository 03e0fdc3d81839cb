//! A tenant in which every address of the tables leads somewhere, and what it takes to call each of them.
//!
//! **Invariant:** addresses come from `server::surface`; here are only the ids that fill them and the bodies that go with
//! commands. A command without a body here fails the walks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use auth::principal::{Permission, PermissionSet, Principal};
use auth::roles::EmRole;
use domain::extension::HostPolicy;
use http::Method;
use serde_json::{Value, json};
use server::surface::Offer;
use service::Ctx;
use service::settings::{ExtensionSettings, Settings};
use testkit::{Backend, Client, Package, Plan, Reply, Start, TestApp};
use uuid::Uuid;

use crate::support::{NOWHERE, V1};

/// What every table holds.
pub(crate) type Content = BTreeMap<String, BTreeSet<String>>;

/// The tenant.
pub(crate) struct World {
    pub(crate) app: TestApp,
    /// A package of the catalog that `erin` owns.
    pub(crate) elsewhere: Package,
    lists: RefCell<HashMap<(String, String), Vec<String>>>,
}

/// Who calls, by a name for messages.
pub(crate) struct Who {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
}

/// Which objects an address or a body is to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The first one there is.
    Any,
    /// One that is there, and that the caller does not find in the list that it is in.
    Foreign,
    /// One that is not there.
    Absent,
    /// The last one is not there, those before it are foreign.
    LastAbsent,
}

impl World {
    pub(crate) async fn new() -> Self {
        let settings = Settings {
            extensions: ExtensionSettings {
                hosts: HostPolicy {
                    allowed_hosts: vec!["hooks.example.com".to_owned()],
                    ..HostPolicy::default()
                },
                ..ExtensionSettings::default()
            },
            ..Settings::default()
        };
        let app = TestApp::on(Backend::Sqlite, Start { settings })
            .await
            .unwrap();
        let elsewhere = furnished(&app).await;
        Self {
            app,
            elsewhere,
            lists: RefCell::default(),
        }
    }

    /// Somebody who may see and do everything.
    pub(crate) fn operator(&self) -> Who {
        let client = self.app.as_application("operator", Permission::ALL);
        Who {
            name: "operator",
            client,
        }
    }

    /// A signed-in user with every permission.
    pub(crate) fn user(&self, name: &'static str) -> Who {
        let client = self.app.as_user_with(name, Permission::ALL);
        Who { name, client }
    }

    /// What every table holds now.
    pub(crate) fn content(&self) -> Content {
        let store = &self.app.service().store;
        store.read_blocking(store::snapshot::content).unwrap()
    }

    /// The path of an offer with ids in its holes; `None` if there is nothing to pick.
    pub(crate) async fn path(&self, offer: &Offer, pick: Pick, who: &Who) -> Option<String> {
        let holes = offer.path.matches('{').count();
        let (mut path, mut rest, mut at) = (String::new(), offer.path.as_str(), 0);
        // What was walked through really, to find what is below it.
        let mut real = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap();
            at += 1;
            path.push_str(before);
            real.push_str(before);
            let id = if before.ends_with('\'') {
                self.argument(name, offer, who).await?
            } else {
                let pick = if pick == Pick::LastAbsent {
                    Pick::Foreign
                } else {
                    pick
                };
                self.one_of(real.trim_end_matches('/'), pick, who).await?
            };
            real.push_str(&id);
            let is_id = id.len() >= 36 && id != NOWHERE;
            let is_absent = pick == Pick::Absent || (pick == Pick::LastAbsent && at == holes);
            let is_absent = is_absent && is_id;
            path.push_str(&if is_absent { absent(&id) } else { id });
            rest = behind;
        }
        path.push_str(rest);
        Some(path)
    }

    /// An id of the collection at this path.
    pub(crate) async fn one_of(&self, path: &str, pick: Pick, who: &Who) -> Option<String> {
        for id in self.all_of(path).await {
            if pick == Pick::Any || !self.knows(path, &id, who).await {
                return Some(id);
            }
        }
        None
    }

    /// Whether somebody can see an object: in its list, by itself, or because it is offered to them.
    pub(crate) async fn knows(&self, path: &str, id: &str, who: &Who) -> bool {
        let offered = format!("{V1}/availableAccessPackages");
        for list in [path, &offered] {
            if self.listed(list, who).await.iter().any(|one| one == id) {
                return true;
            }
        }
        let key = (who.name.to_owned(), format!("{path}/{id}"));
        if let Some(known) = self.lists.borrow().get(&key) {
            return !known.is_empty();
        }
        let is_seen = who.client.get(&key.1).await.status == 200;
        let seen = if is_seen {
            vec![id.to_owned()]
        } else {
            Vec::new()
        };
        self.lists.borrow_mut().insert(key, seen);
        is_seen
    }

    /// The ids of a collection, whoever may see it.
    pub(crate) async fn all_of(&self, path: &str) -> Vec<String> {
        for who in [
            self.operator(),
            self.user("admin"),
            self.user("bob"),
            self.user("alice"),
        ] {
            let ids = self.listed(path, &who).await;
            if !ids.is_empty() {
                return ids;
            }
        }
        Vec::new()
    }

    pub(crate) async fn listed(&self, path: &str, who: &Who) -> Vec<String> {
        let key = (who.name.to_owned(), path.to_owned());
        if let Some(known) = self.lists.borrow().get(&key) {
            return known.clone();
        }
        let reply = who.client.get(path).await;
        let ids: Vec<String> = if reply.status == 200 {
            let id = |row: &Value| row["id"].as_str().map(str::to_owned);
            let rows = reply.json();
            let rows = rows["value"].as_array().cloned().unwrap_or_default();
            rows.iter().filter_map(id).collect()
        } else {
            Vec::new()
        };
        self.lists.borrow_mut().insert(key, ids.clone());
        ids
    }

    /// What a parameter of a function is given.
    async fn argument(&self, name: &str, offer: &Offer, who: &Who) -> Option<String> {
        let text = match (name, offer.of) {
            ("on", "approval") => "approver",
            ("on", "access_package") => "allowedRequestor",
            ("on", "access_package_suggestion") => "none",
            ("on", of) if of.starts_with("role_") => "principal",
            ("on", _) => "target",
            ("incompatibleAccessPackageId", _) => NOWHERE,
            ("accessPackageId", _) => {
                let path = format!("{V1}/accessPackages");
                let foreign = self.one_of(&path, Pick::Foreign, who).await;
                return match foreign {
                    Some(id) => Some(id),
                    None => self.one_of(&path, Pick::Any, who).await,
                };
            }
            _ => "x",
        };
        Some(text.to_owned())
    }

    /// The body that goes with a command, with ids in its holes.
    pub(crate) async fn body(&self, command: &str, pick: Pick, who: &Who) -> Value {
        let mut text = body(command)
            .unwrap_or_else(|| panic!("`{command}` has no body in walk_world.rs"))
            .to_string();
        for (hole, path) in HOLES {
            if text.contains(hole) {
                let id = self.one_of(path, pick, who).await.unwrap_or_default();
                let is_absent = matches!(pick, Pick::Absent | Pick::LastAbsent);
                text = text.replace(hole, &if is_absent { absent(&id) } else { id });
            }
        }
        serde_json::from_str(&text).unwrap()
    }

    /// Calls an address; `None` if nothing can be picked for its holes.
    pub(crate) async fn call(&self, offer: &Offer, pick: Pick, who: &Who) -> Option<Reply> {
        let path = self.path(offer, pick, who).await?;
        let body = match &offer.command {
            Some(command) if offer.method != "GET" => self.body(command, pick, who).await,
            _ => Value::Null,
        };
        Some(send(&who.client, &offer.method, &path, body).await)
    }
}

/// Sends a request with or without a body.
pub(crate) async fn send(client: &Client, method: &str, path: &str, body: Value) -> Reply {
    match (method, body) {
        ("POST", Value::Null) => client.post_empty(path).await,
        ("POST", body) => client.post(path, body).await,
        ("PUT", body) => client.put(path, body).await,
        ("PATCH", body) => client.patch(path, body).await,
        (other, _) => {
            client
                .ask(Method::from_bytes(other.as_bytes()).unwrap(), path)
                .await
        }
    }
}

/// An id of the same form that nothing has.
pub(crate) fn absent(id: &str) -> String {
    let other = |c: char| if c.is_ascii_hexdigit() { 'f' } else { c };
    id.chars().map(other).collect()
}

/// Holes of bodies, and the collections that fill them.
const HOLES: &[(&str, &str)] = &[
    (
        "{catalog}",
        "/v1.0/identityGovernance/entitlementManagement/catalogs",
    ),
    (
        "{package}",
        "/v1.0/identityGovernance/entitlementManagement/accessPackages",
    ),
    (
        "{policy}",
        "/v1.0/identityGovernance/entitlementManagement/assignmentPolicies",
    ),
    (
        "{assignment}",
        "/v1.0/identityGovernance/entitlementManagement/assignments",
    ),
    ("{user}", "/v1.0/users"),
    ("{group}", "/v1.0/groups"),
    ("{principal}", "/v1.0/servicePrincipals"),
];

/// A body for each command of the table; `null` where none is sent.
#[expect(clippy::too_many_lines, reason = "a table: one arm for each command")]
fn body(command: &str) -> Option<Value> {
    let link =
        |kind: &str, hole: &str| json!({"@odata.id": format!("https://h/v1.0/{kind}/{hole}")});
    let extension = json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Ticket",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.httpRequestEndpoint",
            "targetUrl": "https://hooks.example.com/in",
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
            "resourceId": "f604bd15-f785-4309-ad7c-6fad18ddb6cb",
        },
    });
    let policy = json!({
        "displayName": "Walked", "description": "", "allowedTargetScope": "notSpecified",
        "expiration": {"type": "noExpiration"}, "accessPackage": {"id": "{package}"},
    });
    let session = json!({
        "@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
        "data": {
            "@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData",
            "reviewDefinitionId": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6b",
            "reviewInstanceId": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6c",
        },
    });
    let question = json!({
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?",
        "isRequired": false, "sequence": 1, "isSingleLineQuestion": true,
    });
    let role = "44272f93-9762-48e8-af59-1b5351b1d6b3";
    let scope = "/AccessPackageCatalog/{catalog}";
    Some(match command {
        "POST catalog collection" => {
            json!({"displayName": "Walked", "description": "", "state": "published"})
        }
        "PATCH catalog object"
        | "PATCH access_package object"
        | "PATCH connected_organization object"
        | "PATCH directory_group object" => json!({"description": "walked"}),
        "POST resource_request collection" => json!({
            "requestType": "adminAdd", "catalog": {"id": "{catalog}"},
            "resource": {"originId": "{group}", "originSystem": "AadGroup"},
        }),
        "POST upload_session collection" => session,
        "PATCH upload_session object" => json!({"isUploadDone": true}),
        "POST access_package collection" => json!({
            "displayName": "Walked", "description": "", "catalog": {"id": "{catalog}"},
        }),
        "POST access_package incompatible_access_packages/$ref" => link("x", "{package}"),
        "POST directory_group incompatible_groups/$ref" => link("groups", "{group}"),
        "POST resource_role_scope collection" => json!({
            "role": {
                "originId": "Member_{group}", "originSystem": "AadGroup", "displayName": "Member",
                "resource": {"id": "{group}", "originId": "{group}", "originSystem": "AadGroup"},
            },
            "scope": {"originId": "{group}", "originSystem": "AadGroup"},
        }),
        "POST assignment_policy collection" | "PUT assignment_policy object" => policy,
        "POST assignment_request collection" => json!({
            "requestType": "adminAdd",
            "assignment": {
                "targetId": "{user}", "assignmentPolicyId": "{policy}", "accessPackageId": "{package}",
            },
        }),
        "POST assignment_request resume" => json!({
            "source": "Contoso", "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated",
            "data": {
                "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCallbackData",
                "stage": "assignmentRequestCreated",
                "customExtensionStageInstanceId": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6b",
                "state": "approved",
            },
        }),
        "POST custom_extension collection"
        | "PATCH custom_extension object"
        | "PUT custom_extension object"
        | "POST legacy_custom_extension collection"
        | "PATCH legacy_custom_extension object"
        | "PUT legacy_custom_extension object" => extension,
        "POST extension_stage collection"
        | "PATCH extension_stage object"
        | "POST extension_handler collection"
        | "PATCH extension_handler object" => json!({
            "stage": "assignmentRequestGranted",
            "customExtension": {"id": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6b"},
        }),
        "PATCH approval_stage object" => {
            json!({"reviewResult": "Approve", "justification": "walked"})
        }
        "POST connected_organization collection" => json!({
            "displayName": "Walked", "state": "configured",
            "identitySources": [{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "walked.example"}],
        }),
        "POST directory_object internal_sponsors/$ref"
        | "POST directory_object external_sponsors/$ref"
        | "POST directory_object members/$ref"
        | "POST directory_object owners/$ref" => link("directoryObjects", "{user}"),
        "PATCH entitlement_settings object" => {
            json!({"durationUntilExternalUserDeletedAfterBlocked": "P30D"})
        }
        "PUT control_configuration object" => json!({"isEnabled": true}),
        "POST external_connector collection"
        | "PATCH external_connector object"
        | "POST application collection"
        | "PATCH application object"
        | "POST service_principal collection"
        | "PATCH service_principal object" => json!({"displayName": "Walked"}),
        "POST subscription collection" => json!({
            "changeType": "updated", "resource": "identityGovernance/entitlementManagement/assignmentRequests",
            "notificationUrl": "https://hooks.example.com/in", "expirationDateTime": "2026-05-30T00:00:00Z",
        }),
        "PATCH subscription object" => json!({"expirationDateTime": "2026-05-30T00:00:00Z"}),
        "PATCH subject object" => json!({"subjectLifecycle": "notGoverned"}),
        "POST access_package moveToCatalog" => json!({"catalogId": "{catalog}"}),
        "POST policy_question collection" | "PATCH policy_question object" => question,
        "POST role_assignment collection" => json!({
            "principalId": "{user}", "roleDefinitionId": role, "appScopeId": scope,
        }),
        "POST role_assignment_schedule_request collection" => json!({
            "action": "adminAssign", "principalId": "{user}", "roleDefinitionId": role, "appScopeId": scope,
            "directoryScopeId": "/", "justification": "walked",
        }),
        "POST role_assignment_schedule_request updateRequest" => json!({"decision": "x"}),
        "POST role_resource_namespace importResourceActions" => {
            json!({"format": "x", "value": "x"})
        }
        "POST directory_user collection" => json!({
            "displayName": "Walked", "userPrincipalName": "walked@reeve.test", "accountEnabled": true,
            "mailNickname": "walked",
        }),
        "PATCH directory_user object" => json!({"department": "Walked"}),
        "PUT directory_user manager/{id}/$ref" => link("users", "{user}"),
        "POST directory_user getMemberGroups" => json!({"securityEnabledOnly": false}),
        "POST directory_user checkMemberGroups" => json!({"groupIds": ["{group}"]}),
        "POST directory_group collection" => json!({
            "displayName": "Walked", "mailEnabled": false, "securityEnabled": true, "mailNickname": "walked",
        }),
        "POST directory_object getByIds" => json!({"ids": ["{user}"]}),
        "POST app_role_assignment collection" => json!({
            "principalId": NOWHERE, "resourceId": "{principal}",
            "appRoleId": "00000000-0000-0000-0000-000000000000",
        }),
        "POST resource refresh"
        | "POST upload_session uploadFile"
        | "POST subscription reauthorize"
        | "POST assignment_request cancel"
        | "POST assignment_request reprocess"
        | "POST assignment reprocess"
        | "POST access_package getApplicablePolicyRequirements"
        | "POST role_assignment_schedule_request cancel"
        | "POST role_eligibility_schedule_request cancel"
        | "POST role_definition restore"
        | "POST deleted_role_definition restore"
        | "POST deleted_user restore" => Value::Null,
        delete if delete.starts_with("DELETE ") => Value::Null,
        _ => return None,
    })
}

/// Fills a tenant: a catalog with everything, requests and assignments in it, and one more catalog, which `erin` owns.
async fn furnished(app: &TestApp) -> Package {
    let operator = app.as_application("operator", Permission::ALL);
    let made = async |path: &str, body: Value| operator.post(path, body).await.assert_status(201);
    let books = app
        .package(
            Plan::new("Books")
                .member_here("Readers")
                .approval_by(&["bob"]),
        )
        .await;
    let direct = app
        .package(Plan::new("Direct").member_here("Writers").not_with(&books))
        .await;
    app.assign(&direct, "carol").await;
    app.deliver().await;
    app.ask(&books, "alice").await;
    let elsewhere = app
        .package(
            Plan::new("Elsewhere")
                .in_catalog("Archive")
                .member_here("Archivists"),
        )
        .await;
    app.assign(&elsewhere, "dave").await;
    app.deliver().await;
    let secret =
        json!({"displayName": "Secret", "description": "", "catalog": {"id": books.catalog}});
    let secret = made(&format!("{V1}/accessPackages"), secret)
        .await
        .text("id");
    let mut policy = body("POST assignment_policy collection").unwrap();
    policy["accessPackage"]["id"] = json!(secret);
    made(&format!("{V1}/assignmentPolicies"), policy).await;
    app.give_role("erin", EmRole::CatalogOwner, &elsewhere)
        .await;
    app.give_role("frank", EmRole::CatalogReader, &books).await;

    let groups = format!("{V1}/accessPackages/{}/incompatibleGroups/$ref", direct.id);
    let readers = app.id_of("Readers").to_string();
    let link = json!({"@odata.id": format!("https://h/v1.0/groups/{readers}")});
    operator.post(&groups, link).await.assert_status(204);
    let organization = body("POST connected_organization collection").unwrap();
    let organization = made(&format!("{V1}/connectedOrganizations"), organization)
        .await
        .text("id");
    for kind in ["internalSponsors", "externalSponsors"] {
        let path = format!("{V1}/connectedOrganizations/{organization}/{kind}/$ref");
        let sponsor = if kind == "internalSponsors" {
            "bob"
        } else {
            "guest"
        };
        if sponsor == "guest" {
            let id = app.add_user("guest").await;
            let change = json!({"userType": "Guest", "mail": "a@walked.example"});
            operator
                .patch(&format!("/v1.0/users/{id}"), change)
                .await
                .assert_status(204);
        }
        let link = json!({"@odata.id": format!("https://h/v1.0/users/{}", app.id_of(sponsor))});
        operator.post(&path, link).await.assert_status(204);
    }
    let extensions = format!("{V1}/catalogs/{}/customWorkflowExtensions", books.catalog);
    let extension = body("POST custom_extension collection").unwrap();
    let extension = made(&extensions, extension).await.text("id");
    let stage = json!({"stage": "assignmentRequestGranted", "customExtension": {"id": extension}});
    let policy = format!("{V1}/assignmentPolicies/{}", books.policy);
    made(&format!("{policy}/customExtensionStageSettings"), stage).await;
    made(
        &format!("{policy}/questions"),
        body("POST policy_question collection").unwrap(),
    )
    .await;
    let doors = json!({
        "requestType": "adminAdd", "catalog": {"id": books.catalog},
        "resource": {"@odata.type": "#microsoft.graph.customDataProvidedResource", "displayName": "Doors"},
    });
    let asked = made(&format!("{V1}/resourceRequests"), doors)
        .await
        .text("id");
    let doors = operator
        .get(&format!("{V1}/resourceRequests/{asked}/resource"))
        .await
        .text("id");
    let sessions = format!(
        "{V1}/catalogs/{}/resources/{doors}/uploadSessions",
        books.catalog
    );
    made(&sessions, body("POST upload_session collection").unwrap()).await;
    for people in ["members", "owners"] {
        let path = format!("/v1.0/groups/{readers}/{people}/$ref");
        let link = json!({"@odata.id": format!("https://h/v1.0/users/{}", app.id_of("bob"))});
        operator.post(&path, link).await.assert_status(204);
    }
    made("/v1.0/applications", json!({"displayName": "Payroll"})).await;
    subscribe(app).await;
    elsewhere
}

/// The operator subscribes, at a receiver that nobody has to ask.
async fn subscribe(app: &TestApp) {
    let operator = app.id_of("operator");
    let permissions = PermissionSet::of(Permission::ALL);
    let principal = Principal::application(operator, &operator.to_string(), permissions);
    let caller = service::callers::load(app.service(), &Arc::new(principal)).await;
    let ctx = Ctx::of_caller(caller.unwrap().caller, Uuid::nil(), None);
    let wanted = body("POST subscription collection").unwrap();
    let wanted = wire::decode::subscription::create(wire::Version::V1, &wanted).unwrap();
    let made = service::subscriptions::create(app.service(), &ctx, wanted).await;
    made.unwrap();
}
