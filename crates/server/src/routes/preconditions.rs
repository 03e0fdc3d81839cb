//! That every change of an object heeds `If-Match`, whatever the object (HT-2).

use domain::extension::HostPolicy;
use domain::model;
use domain::query::Entity;
use domain::time::Duration;
use http::Method;
use serde_json::{Value, json};
use service::settings::{ExtensionSettings, Settings};
use testkit::{BETA, Client, Package, Plan, Receiver, Reply, Start, TestApp, V1};

use super::ROUTES;
use crate::graph::Place;

/// An object that a client can change or delete.
struct Object {
    of: &'static Entity,
    path: String,
    /// A change that it takes; none if it can be deleted alone.
    change: Option<Value>,
    client: Client,
}

/// Objects of all types, made for one version.
struct World<'a> {
    app: &'a TestApp,
    root: &'static str,
    objects: Vec<Object>,
}

impl World<'_> {
    /// The name of the version.
    fn either<'n>(&self, v1: &'n str, beta: &'n str) -> &'n str {
        if self.root == V1 { v1 } else { beta }
    }

    fn add(&mut self, of: &'static Entity, path: String, change: Option<Value>) {
        let client = self.app.as_operator();
        self.objects.push(Object {
            of,
            path,
            change,
            client,
        });
    }

    async fn made(&self, path: &str, body: Value) -> String {
        let reply = self.app.as_operator().post(path, body).await;
        reply.assert_status(201).text("id")
    }

    /// An object that is made by a POST to its collection.
    async fn create(
        &mut self,
        of: &'static Entity,
        collection: &str,
        body: Value,
        change: Option<Value>,
    ) -> String {
        let id = self.made(collection, body).await;
        self.add(of, format!("{collection}/{id}"), change);
        id
    }

    async fn of_catalogs(&mut self) {
        let root = self.root;
        let description = || Some(json!({"description": "changed"}));
        let catalogs = format!(
            "{root}/{}",
            self.either("catalogs", "accessPackageCatalogs")
        );
        let body = json!({"displayName": format!("Catalog {root}"), "description": "new"});
        let catalog = self
            .create(&model::CATALOG, &catalogs, body, description())
            .await;
        let body = json!({
            "displayName": "Package", "description": "new", "catalogId": catalog, "catalog": {"id": catalog},
        });
        let packages = format!("{root}/accessPackages");
        self.create(&model::ACCESS_PACKAGE, &packages, body, description())
            .await;
        let resource = json!({
            "requestType": "adminAdd", "catalog": {"id": catalog},
            "resource": {"@odata.type": "#microsoft.graph.customDataProvidedResource", "displayName": "Doors"},
        });
        let request = self.made(&format!("{V1}/resourceRequests"), resource).await;
        let resource = format!("{V1}/resourceRequests/{request}/resource");
        let resource = self.app.as_operator().get(&resource).await.text("id");
        let sessions = format!(
            "{root}/{}/{resource}/uploadSessions",
            self.either("resources", "accessPackageResources")
        );
        let kind = "#microsoft.graph.customDataProvidedResource";
        let session = json!({
            "@odata.type": format!("{kind}AccessReviewUploadSession"),
            "data": {
                "@odata.type": format!("{kind}Payloads.accessReviewContextData"),
                "reviewDefinitionId": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6b", "reviewInstanceId": "i",
            },
        });
        let done = Some(json!({"isUploadDone": true}));
        self.create(&model::UPLOAD_SESSION, &sessions, session, done)
            .await;
    }

    async fn of_packages(&mut self, package: &Package) {
        let root = self.root;
        let operator = self.app.as_operator();
        let scopes = self.either("resourceRoleScopes", "accessPackageResourceRoleScopes");
        let scope = &package.role().role_scope;
        let path = format!("{root}/accessPackages/{}/{scopes}/{scope}", package.id);
        self.add(&model::RESOURCE_ROLE_SCOPE, path, None);
        let policies = self.either("assignmentPolicies", "accessPackageAssignmentPolicies");
        let path = format!("{root}/{policies}/{}", package.policy);
        if root == V1 {
            let question = json!({
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?",
            });
            let change = Some(json!({"text": "Changed?"}));
            let questions = format!("{path}/questions");
            self.create(&model::POLICY_QUESTION, &questions, question, change)
                .await;
        }
        self.of_extensions(package, &path).await;
        let request = self.app.ask(package, "alice").await;
        let stages = format!(
            "{root}/accessPackageAssignmentApprovals/{request}/{}",
            self.either("stages", "steps")
        );
        let bob = self.app.as_user("bob");
        let stage = bob.get(&stages).await.assert_status(200).rows();
        self.objects.push(Object {
            of: &model::APPROVAL_STAGE,
            path: format!("{stages}/{}", stage[0]["id"].as_str().unwrap()),
            change: Some(json!({"reviewResult": "Approve", "justification": "for a test"})),
            client: bob,
        });
        let requests = self.either("assignmentRequests", "accessPackageAssignmentRequests");
        let one = format!("{root}/{requests}/{request}");
        self.add(&model::ASSIGNMENT_REQUEST, one, None);
        // Its end is the end of what waits for a decision.
        let mut policy = operator.get(&path).await.assert_status(200).json();
        policy["accessPackage"] = json!({"id": package.id});
        policy["description"] = json!("changed");
        // What was made here is gone when the policy is written back.
        for gone in [
            "questions",
            "customExtensionStageSettings",
            "customExtensionHandlers",
        ] {
            policy.as_object_mut().unwrap().remove(gone);
        }
        self.add(&model::ASSIGNMENT_POLICY, path, Some(policy));
    }

    async fn of_extensions(&mut self, package: &Package, policy: &str) {
        let root = self.root;
        let catalog = format!(
            "{root}/{}/{}",
            self.either("catalogs", "accessPackageCatalogs"),
            package.catalog
        );
        let extension = json!({
            "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
            "displayName": "Ticket", "description": "new",
            "endpointConfiguration": {
                "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
                "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d", "resourceGroupName": "resources",
                "logicAppWorkflowName": "ticket", "url": "https://hooks.example.com/in",
            },
            "authenticationConfiguration": {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"},
            "clientConfiguration": {"timeoutInMilliseconds": 2000, "maximumRetries": 1},
        });
        let change = || Some(json!({"description": "changed"}));
        let newer = self.either(
            "customWorkflowExtensions",
            "accessPackageCustomWorkflowExtensions",
        );
        let newer = format!("{catalog}/{newer}");
        let id = self
            .create(
                &model::CUSTOM_EXTENSION,
                &newer,
                extension.clone(),
                change(),
            )
            .await;
        let setting =
            |id: &str, stage: &str| json!({"stage": stage, "customExtension": {"id": id}});
        let path = format!("{policy}/customExtensionStageSettings");
        let body = setting(&id, "assignmentRequestCreated");
        let change_stage = || Some(json!({"stage": "assignmentRequestGranted"}));
        self.create(&model::EXTENSION_STAGE, &path, body, change_stage())
            .await;
        if root == BETA {
            let mut older = extension;
            older.as_object_mut().unwrap().remove("@odata.type");
            let path = format!("{catalog}/customAccessPackageWorkflowExtensions");
            let id = self
                .create(&model::LEGACY_CUSTOM_EXTENSION, &path, older, change())
                .await;
            let path = format!("{policy}/customExtensionHandlers");
            let body = setting(&id, "assignmentRequestCreated");
            self.create(&model::EXTENSION_HANDLER, &path, body, change_stage())
                .await;
        }
    }

    async fn of_the_tenant(&mut self) {
        let root = self.root;
        let days = Some(json!({"daysUntilExternalUserDeletedAfterBlocked": 44}));
        self.add(
            &model::ENTITLEMENT_SETTINGS,
            format!("{root}/settings"),
            days,
        );
        let controls = format!("{root}/controlConfigurations");
        let shown = self.app.as_operator().get(&controls).await.rows();
        let mut control = shown[0].clone();
        control["isEnabled"] = json!(control["isEnabled"] != json!(true));
        let path = format!("{controls}/{}", control["id"].as_str().unwrap());
        self.add(&model::CONTROL_CONFIGURATION, path, Some(control));
        let change = || Some(json!({"description": "changed"}));
        let organization =
            json!({"displayName": "Contoso", "description": "new", "identitySources": []});
        let organizations = format!("{root}/connectedOrganizations");
        self.create(
            &model::CONNECTED_ORGANIZATION,
            &organizations,
            organization,
            change(),
        )
        .await;
        let connector = json!({
            "displayName": "SAP", "description": "new", "connectorType": "sapIag",
            "connectionInfo": {
                "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo",
                "url": "https://sap.example", "accessTokenUrl": "https://sap.example/token", "clientId": "reeve",
                "keyVaultName": "vault", "resourceGroup": "group", "secretName": "sap-secret", "subscriptionId": "s",
            },
        });
        let connectors = format!("{root}/externalOriginResourceConnectors");
        self.create(&model::EXTERNAL_CONNECTOR, &connectors, connector, change())
            .await;
        let role = json!({
            "principalId": self.app.id_of("alice").to_string(),
            "roleDefinitionId": "ba92d953-d8e0-4e39-a797-0cbedb0a89e8",
            "directoryScopeId": "/", "appScopeId": "/",
        });
        let graph = self.graph();
        let roles = format!("{graph}/roleManagement/entitlementManagement/roleAssignments");
        self.create(&model::ROLE_ASSIGNMENT, &roles, role, None)
            .await;
        let subject = format!("{root}/subjects(objectId='{}')", self.app.id_of("carol"));
        let governed = Some(json!({"subjectLifecycle": "governed"}));
        self.add(&model::SUBJECT, subject, governed);
    }

    /// The root of the version, without entitlement management.
    fn graph(&self) -> &'static str {
        if self.root == V1 { "/v1.0" } else { "/beta" }
    }

    async fn of_the_directory(&mut self) {
        let graph = self.graph();
        let name = || Some(json!({"displayName": "Changed"}));
        let version = graph.trim_start_matches('/');
        let nick = format!("nina-{version}");
        let user = json!({
            "displayName": "Nina", "accountEnabled": true, "mailNickname": nick,
            "userPrincipalName": format!("{nick}@reeve.test"), "passwordProfile": {"password": "correct horse battery"},
        });
        self.create(&model::USER, &format!("{graph}/users"), user, name())
            .await;
        let gone = json!({
            "displayName": "Noah", "accountEnabled": true, "mailNickname": "noah",
            "userPrincipalName": format!("noah-{version}@reeve.test"),
            "passwordProfile": {"password": "correct horse battery"},
        });
        let gone = self.made(&format!("{graph}/users"), gone).await;
        let path = format!("{graph}/users/{gone}");
        self.app
            .as_operator()
            .delete(&path)
            .await
            .assert_status(204);
        let path = format!("{graph}/directory/deletedItems/{gone}");
        self.add(&model::DELETED_USER, path, None);
        let group = json!({
            "displayName": "Team", "mailEnabled": false, "mailNickname": format!("team-{version}"),
            "securityEnabled": true,
        });
        let groups = format!("{graph}/groups");
        self.create(&model::GROUP, &groups, group.clone(), name())
            .await;
        let other = self.made(&groups, group).await;
        let path = format!("{graph}/directoryObjects/{other}");
        self.add(&model::DIRECTORY_OBJECT, path, None);
        let role = "ae79f266-94d4-4dab-b730-feca7e132178";
        let application = json!({
            "displayName": "Payroll",
            "appRoles": [{"id": role, "displayName": "Clerk", "description": "Clerk", "value": "clerk",
                          "isEnabled": true, "allowedMemberTypes": ["User"]}],
        });
        let applications = format!("{graph}/applications");
        self.create(
            &model::APPLICATION,
            &applications,
            application.clone(),
            name(),
        )
        .await;
        let principals = format!("{graph}/servicePrincipals");
        let principal = self.made(&principals, application).await;
        let holder = json!({
            "principalId": self.app.id_of("alice").to_string(), "resourceId": principal, "appRoleId": role,
        });
        let held = format!("{principals}/{principal}/appRoleAssignedTo");
        self.create(&model::APP_ROLE_ASSIGNMENT, &held, holder, None)
            .await;
        let path = format!("{principals}/{principal}");
        self.add(&model::SERVICE_PRINCIPAL, path, name());
    }
}

impl World<'_> {
    async fn of_subscribers(&mut self, receiver: &Receiver) {
        let requests = self.either("assignmentRequests", "accessPackageAssignmentRequests");
        let end = |minutes| {
            let end = self.app.now().plus(Duration::from_minutes(minutes));
            json!(end.to_string())
        };
        let subscription = json!({
            "changeType": "updated", "notificationUrl": receiver.url(), "expirationDateTime": end(60),
            "resource": format!("identityGovernance/entitlementManagement/{requests}"),
        });
        let change = Some(json!({"expirationDateTime": end(90)}));
        let subscriptions = format!("{}/subscriptions", self.graph());
        self.create(&model::SUBSCRIPTION, &subscriptions, subscription, change)
            .await;
    }
}

/// The methods that change or delete an object of this type, in the order of what is left of it.
fn methods(of: &Entity) -> Vec<Method> {
    let offered = |method: &Method| {
        ROUTES
            .iter()
            .any(|row| row.of == of && row.place == Place::Object && row.method == *method)
    };
    [Method::PATCH, Method::PUT, Method::DELETE]
        .into_iter()
        .filter(offered)
        .collect()
}

async fn send(object: &Object, tag: &str, method: &Method) -> Reply {
    let client = object.client.clone().with_header("if-match", tag);
    let body = object.change.clone().unwrap_or_else(|| json!({}));
    match *method {
        Method::PATCH => client.patch(&object.path, body).await,
        Method::PUT => client.put(&object.path, body).await,
        _ => client.delete(&object.path).await,
    }
}

/// The object as it is, and its version if it has one.
async fn shown(object: &Object) -> (Value, Option<String>) {
    let reply = object.client.get(&object.path).await.assert_status(200);
    let tag = reply.headers.get("etag");
    let tag = tag.map(|tag| tag.to_str().unwrap().to_owned());
    (reply.json(), tag)
}

async fn holds(object: &Object) {
    let (name, methods) = (object.of.name, methods(object.of));
    assert!(!methods.is_empty(), "{name} cannot be changed");
    let (_, before) = shown(object).await;
    assert_eq!(
        before.is_some(),
        object.of.field("version").is_some(),
        "{name}"
    );
    if object.change.is_some() && before.is_some() {
        let known = before.clone().unwrap();
        let changed = send(object, &known, &methods[0]).await;
        assert!(changed.status.is_success(), "{name}: {changed}");
    }
    let (whole, now) = shown(object).await;
    let stale = match (&before, &object.change) {
        (Some(before), Some(_)) => {
            assert_ne!(&before, &now.as_ref().unwrap(), "{name} got no new version");
            before.clone()
        }
        _ => "W/\"77\"".to_owned(),
    };

    for method in &methods {
        let refused = send(object, &stale, method).await;
        assert_eq!(refused.status, 412, "{method} {}: {refused}", object.path);
        refused.assert_error(412, "PreconditionFailed");
        assert_eq!(
            shown(object).await,
            (whole.clone(), now.clone()),
            "{method} {name}"
        );
    }

    for method in &methods {
        let (_, now) = shown(object).await;
        let taken = send(object, now.as_deref().unwrap_or("*"), method).await;
        assert_ne!(taken.status, 412, "{method} {}: {taken}", object.path);
    }
}

#[tokio::test]
async fn ht_2_every_object_that_can_be_changed_heeds_the_version_that_is_named() {
    let start = Start {
        settings: Settings {
            extensions: ExtensionSettings {
                hosts: HostPolicy {
                    allowed_hosts: vec!["hooks.example.com".to_owned(), "127.0.0.1".to_owned()],
                    allow_private_addresses: true,
                    allow_plain_http: true,
                },
                ..ExtensionSettings::default()
            },
            ..Settings::default()
        },
    };
    TestApp::on_both_with(start, async |app| {
        let receiver = Receiver::new().await;
        let mut seen = Vec::new();
        for root in [V1, BETA] {
            let mut world = World {
                app,
                root,
                objects: Vec::new(),
            };
            let plan = |name: &str| Plan::new(&format!("{name} {root}")).member_here("Readers");
            let known = app.package(plan("Known")).await;
            app.assign(&known, "carol").await;
            app.deliver().await;
            let package = app.package(plan("Books").approval_by(&["bob"])).await;
            world.of_catalogs().await;
            world.of_the_tenant().await;
            world.of_the_directory().await;
            world.of_subscribers(&receiver).await;
            world.of_packages(&package).await;
            for object in &world.objects {
                holds(object).await;
                seen.push(object.of.name);
            }
        }
        for row in ROUTES {
            let changes = row.place == Place::Object && row.method != Method::GET;
            assert!(
                !changes || seen.contains(&row.of.name),
                "{} {}",
                row.method,
                row.of.name
            );
        }
    })
    .await;
}
