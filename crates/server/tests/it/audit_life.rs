//! What the audit log says of a life: every activity is produced by a real run of what it is about, and refused calls leave
//! their event (10.1, AL-4).

use std::collections::BTreeSet;

use domain::activity::Activity;
use domain::id::ObjectId;
use domain::time::Duration;
use serde_json::{Value, json};
use service::directory::users;
use service::notices;
use testkit::{BETA, Client, Plan, Receiver, Reply, TestApp};

use crate::extensions;
use crate::support::V1;

/// Activities that nothing produces, each with the reason.
const NEVER: &[(Activity, &str)] = &[];

/// Activities of commands that need no server, each with the test that makes them.
const BY_COMMAND: &[(Activity, &str)] = &[(
    Activity::SignAuditLog,
    "audit_chain: whoever put an old state back on purpose signs it anew",
)];

/// Activities that only a development tenant has.
const IN_DEVELOPMENT: &[Activity] = &[
    Activity::TakeSnapshot,
    Activity::DeleteSnapshot,
    Activity::RestoreSnapshot,
];

async fn made(client: &Client, path: &str, body: Value) -> String {
    client.post(path, body).await.succeeded().text("id")
}

/// What a step of the walk was answered with: any success will do, its form is for other tests.
trait Succeeded {
    fn succeeded(self) -> Self;
}

impl Succeeded for Reply {
    fn succeeded(self) -> Self {
        assert!(self.status.is_success(), "refused: {self}");
        self
    }
}

/// Every page of the log, as one list.
async fn log(app: &TestApp, filter: &str) -> Vec<Value> {
    let mut path = format!("/v1.0/auditLogs/directoryAudits?$top=500&$filter={filter}");
    let mut all = Vec::new();
    loop {
        let page = app.as_operator().get(&path).await.succeeded().json();
        all.extend(page["value"].as_array().unwrap().iter().cloned());
        match page["@odata.nextLink"].as_str() {
            Some(next) => path = next[next.find("/v1.0").unwrap()..].to_owned(),
            None => return all,
        }
    }
}

async fn requests_live(app: &TestApp) {
    let operator = app.as_operator();
    let requests = format!("{V1}/assignmentRequests");

    let held = app.assignment_in("delivered").await;
    let end = app.now().plus(Duration::from_days(90));
    let dates = json!({"startDateTime": app.now().to_string(),
        "expiration": {"type": "afterDateTime", "endDateTime": end.to_string()}});
    let later = app.now().plus(Duration::from_days(200));
    let longer = json!({"startDateTime": app.now().to_string(),
        "expiration": {"type": "afterDateTime", "endDateTime": later.to_string()}});
    for schedule in [dates, longer.clone()] {
        let update = json!({"requestType": "adminUpdate", "assignment": {"id": held.assignment}, "schedule": schedule});
        made(&operator, &requests, update).await;
        app.deliver().await;
    }
    for kind in ["userUpdate", "userExtend"] {
        let body = json!({"requestType": kind, "assignment": {"id": held.assignment}, "schedule": longer,
            "justification": "longer"});
        let asked = app.as_user("alice").post(&requests, body).await;
        asked.succeeded();
        app.deliver().await;
    }
    app.remove(&held.assignment).await;
    app.deliver().await;

    for state in [
        "partiallyDelivered",
        "deliveryFailed",
        "scheduled",
        "denied",
        "canceled",
    ] {
        let case = app.request_in(state).await;
        match state {
            "deliveryFailed" => {
                let again = format!("{requests}/{}/reprocess", case.request);
                operator.post_empty(&again).await.succeeded();
                app.deliver().await;
            }
            "canceled" => {
                let gone = format!("{requests}/{}", case.request);
                operator.delete(&gone).await.succeeded();
            }
            _ => {}
        }
    }
    let plan = Plan::new("Agreed")
        .member_here("Agreed")
        .approval_by(&["bob"]);
    let agreed = app.package(plan).await;
    let request = app.ask(&agreed, "carol").await;
    app.decide(&request, "bob", "Approve").await.succeeded();
    app.deliver().await;
    let assignment = app.assignment_of(&request).await;
    let leave = json!({"requestType": "userRemove", "assignment": {"id": assignment}});
    made(&app.as_user("carol"), &requests, leave).await;
    app.deliver().await;
    app.ask(&agreed, "dave").await;
    app.advance(Duration::from_days(60));
    app.deliver().await;

    let short = Plan::new("Short").member_here("Short").lasting("P1D");
    let short = app.package(short).await;
    app.assign(&short, "carol").await;
    app.deliver().await;
    app.advance(Duration::from_days(2));
    app.deliver().await;
}

#[expect(clippy::too_many_lines, reason = "one life, step by step")]
async fn what_is_governed_lives(app: &TestApp) {
    let operator = app.as_operator();
    let name = |name: &str| json!({"displayName": name, "description": ""});
    let catalog = made(&operator, &format!("{V1}/catalogs"), name("Short-lived")).await;
    let catalog_path = format!("{V1}/catalogs/{catalog}");
    operator
        .patch(&catalog_path, name("Renamed"))
        .await
        .succeeded();

    let packages = format!("{V1}/accessPackages");
    let mut wanted = name("Passing");
    wanted["catalog"] = json!({"id": catalog});
    let package = made(&operator, &packages, wanted).await;
    let package_path = format!("{packages}/{package}");
    operator
        .patch(&package_path, name("Passed"))
        .await
        .succeeded();
    let other = app.package(Plan::new("Other").member_here("Others")).await;
    let group = app.group("Rivals", None).await;
    for (list, object) in [
        (
            "incompatibleAccessPackages",
            format!("{V1}/accessPackages/{}", other.id),
        ),
        ("incompatibleGroups", format!("/v1.0/groups/{group}")),
    ] {
        let links = format!("{package_path}/{list}");
        let link = json!({"@odata.id": format!("https://h{object}")});
        operator
            .post(&format!("{links}/$ref"), link)
            .await
            .succeeded();
        let id = object.rsplit('/').next().unwrap();
        operator
            .delete(&format!("{links}/{id}/$ref"))
            .await
            .succeeded();
    }
    let policies = format!("{V1}/assignmentPolicies");
    let mut policy = json!({
        "displayName": "All", "description": "", "allowedTargetScope": "allMemberUsers",
        "accessPackage": {"id": package}, "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": false},
    });
    let id = made(&operator, &policies, policy.clone()).await;
    policy["requestApprovalSettings"] = json!({
        "isApprovalRequiredForAdd": true,
        "stages": [{"durationBeforeAutomaticDenial": "P2D", "isApproverJustificationRequired": false,
            "isEscalationEnabled": false, "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()}]}],
    });
    let path = format!("{policies}/{id}");
    operator.put(&path, policy).await.succeeded();
    operator.delete(&path).await.succeeded();

    let resource = |kind: &str| {
        json!({"requestType": kind, "catalog": {"id": catalog},
            "resource": {"originId": group.to_string(), "originSystem": "AadGroup"}})
    };
    let asked = format!("{V1}/resourceRequests");
    made(&operator, &asked, resource("adminAdd")).await;
    let resources = format!("{catalog_path}/resources");
    let added = operator.get(&resources).await.succeeded().rows();
    let added = format!("{resources}/{}/refresh", added[0]["id"].as_str().unwrap());
    operator.post_empty(&added).await.succeeded();
    made(&operator, &asked, resource("adminRemove")).await;
    let extensions = format!("{catalog_path}/customWorkflowExtensions");
    let extension = json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Ticket", "description": "",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d", "resourceGroupName": "resources",
            "logicAppWorkflowName": "ticket", "url": "https://hooks.example.com/x?sig=secret"},
        "authenticationConfiguration": {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"},
    });
    let id = made(&operator, &extensions, extension).await;
    let path = format!("{extensions}/{id}");
    let change = json!({"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "description": "Opens a ticket"});
    let changed = operator.patch(&path, change).await;
    assert!(changed.status.is_success(), "{changed}");
    operator.delete(&path).await.succeeded();
    operator.delete(&package_path).await.succeeded();
    operator.delete(&catalog_path).await.succeeded();

    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let owner = json!({"principalId": app.id_of("erin").to_string(),
        "roleDefinitionId": auth::roles::EmRole::CatalogOwner.definition_id().to_string(),
        "appScopeId": format!("/AccessPackageCatalog/{}", other.catalog)});
    let id = made(&operator, roles, owner).await;
    operator.delete(&format!("{roles}/{id}")).await.succeeded();

    let settings = json!({"durationUntilExternalUserDeletedAfterBlocked": "P10D"});
    let changed = operator.patch(&format!("{V1}/settings"), settings).await;
    assert!(changed.status.is_success(), "{changed}");

    let organizations = format!("{V1}/connectedOrganizations");
    let wanted = json!({"displayName": "Contoso", "description": "", "identitySources": [{
        "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.example",
        "displayName": "Contoso"}]});
    let id = made(&operator, &organizations, wanted).await;
    let path = format!("{organizations}/{id}");
    let changed = operator
        .patch(&path, json!({"description": "A partner"}))
        .await;
    assert!(changed.status.is_success(), "{changed}");
    let bob = app.id_of("bob");
    for list in ["internalSponsors", "externalSponsors"] {
        let link = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{bob}")});
        let links = format!("{path}/{list}");
        operator
            .post(&format!("{links}/$ref"), link)
            .await
            .succeeded();
        operator
            .delete(&format!("{links}/{bob}/$ref"))
            .await
            .succeeded();
    }
    operator.delete(&path).await.succeeded();

    let connectors = format!("{V1}/externalOriginResourceConnectors");
    let connector = json!({"displayName": "SAP", "description": "", "connectorType": "sapIag", "connectionInfo": {
        "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo", "url": "https://iag.example",
        "accessTokenUrl": "https://iag.example/token", "clientId": "c", "subscriptionId": "s",
        "resourceGroup": "g", "keyVaultName": "v", "secretName": "sap-secret"}});
    let id = made(&operator, &connectors, connector).await;
    let path = format!("{connectors}/{id}");
    let changed = operator.patch(&path, json!({"description": "Wages"})).await;
    assert!(changed.status.is_success(), "{changed}");
    operator.delete(&path).await.succeeded();

    let receiver = Receiver::new().await;
    let end = |minutes| app.now().plus(Duration::from_minutes(minutes)).to_string();
    let subscription = json!({"changeType": "updated", "notificationUrl": receiver.url(), "expirationDateTime": end(60),
        "resource": "identityGovernance/entitlementManagement/assignments"});
    let id = made(&operator, "/v1.0/subscriptions", subscription).await;
    let path = format!("/v1.0/subscriptions/{id}");
    operator
        .patch(&path, json!({"expirationDateTime": end(90)}))
        .await
        .succeeded();
    operator.delete(&path).await.succeeded();

    let dave = app.id_of("dave");
    let guest = json!({"userType": "Guest"});
    operator
        .patch(&format!("/v1.0/users/{dave}"), guest)
        .await
        .succeeded();
    let subject = format!("{BETA}/subjects(objectId='{dave}')");
    operator
        .patch(&subject, json!({"subjectLifecycle": "governed"}))
        .await
        .succeeded();
}

async fn the_directory_lives(app: &TestApp) {
    let operator = app.as_operator();
    let user = json!({"displayName": "Zoe", "userPrincipalName": "zoe@reeve.test", "mailNickname": "zoe",
        "accountEnabled": true, "passwordProfile": {"password": "not in the log, 7 of them"}});
    let zoe = made(&operator, "/v1.0/users", user).await;
    let path = format!("/v1.0/users/{zoe}");
    operator
        .patch(&path, json!({"department": "Sales"}))
        .await
        .succeeded();
    operator.delete(&path).await.succeeded();
    // No address leads to what follows: the use cases do.
    let (service, system) = (app.service(), app.service().system());
    let id = ObjectId::new(zoe.parse().unwrap());
    users::restore(service, &system, id).await.unwrap();
    operator.delete(&path).await.succeeded();
    users::hard_delete(service, &system, id).await.unwrap();

    let group = app.group("Choir", None).await;
    let path = format!("/v1.0/groups/{group}");
    operator
        .patch(&path, json!({"description": "Sings"}))
        .await
        .succeeded();
    let bob = app.id_of("bob");
    let link = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{bob}")});
    for list in ["members", "owners"] {
        let links = format!("{path}/{list}");
        operator
            .post(&format!("{links}/$ref"), link.clone())
            .await
            .succeeded();
        operator
            .delete(&format!("{links}/{bob}/$ref"))
            .await
            .succeeded();
    }
    let binding = format!("/reeve/v1/bindings/{group}");
    operator
        .put(&binding, json!({"target": testkit::ERP}))
        .await
        .succeeded();
    operator.delete(&binding).await.succeeded();
    operator.delete(&path).await.succeeded();

    let role = "11111111-2222-4333-8444-555555555555";
    let wanted = json!({"displayName": "Payroll", "appRoles": [{"id": role, "displayName": "Clerk",
        "description": "", "value": "Clerk", "isEnabled": true, "allowedMemberTypes": ["User"]}]});
    let application = operator
        .post("/v1.0/applications", wanted)
        .await
        .succeeded();
    let path = format!("/v1.0/applications/{}", application.text("id"));
    let wanted = json!({"appId": application.text("appId")});
    let principal = made(&operator, "/v1.0/servicePrincipals", wanted).await;
    let principal_path = format!("/v1.0/servicePrincipals/{principal}");
    let holders = format!("{principal_path}/appRoleAssignedTo");
    let holder =
        json!({"principalId": bob.to_string(), "resourceId": principal, "appRoleId": role});
    let held = made(&operator, &holders, holder).await;
    operator
        .delete(&format!("{holders}/{held}"))
        .await
        .succeeded();
    operator
        .patch(&principal_path, json!({"tags": ["x"]}))
        .await
        .succeeded();
    operator.delete(&principal_path).await.succeeded();
    operator
        .patch(&path, json!({"displayName": "Wages"}))
        .await
        .succeeded();
    operator.delete(&path).await.succeeded();
}

/// Somebody outside comes, goes and comes back; and somebody asks for an application.
async fn others_are_asked_for(app: &TestApp) {
    let operator = app.as_operator();
    let package = app.package(Plan::new("For others")).await;
    let catalog = format!("{V1}/catalogs/{}", package.catalog);
    let open = json!({"isExternallyVisible": true});
    operator.patch(&catalog, open).await.succeeded();
    let policies = format!("{V1}/assignmentPolicies");
    let policy = |scope: &str| {
        let alice = app.id_of("alice").to_string();
        json!({
            "displayName": scope, "description": "", "allowedTargetScope": scope,
            "expiration": {"type": "noExpiration"},
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": true, "enableOnBehalfRequestorsToAddAccess": true,
                "onBehalfRequestors": [{"@odata.type": "#microsoft.graph.singleUser", "userId": alice}],
            },
            "accessPackage": {"id": package.id},
        })
    };
    let outside = made(&operator, &policies, policy("allExternalUsers")).await;
    let requests = format!("{V1}/assignmentRequests");
    let assign = |target: Value| {
        json!({"requestType": "adminAdd", "assignment": {
            "target": target, "assignmentPolicyId": outside, "accessPackageId": package.id}})
    };
    let ann = json!({"email": "ann@partner.example"});
    let first = made(&operator, &requests, assign(ann.clone())).await;
    app.deliver().await;
    app.remove(&app.assignment_of(&first).await).await;
    app.deliver().await;
    let users = "/v1.0/users?$filter=mail eq 'ann@partner.example'";
    let found = operator.get(users).await.succeeded().rows();
    let guest = json!({"objectId": found[0]["id"]});
    made(&operator, &requests, assign(guest)).await;
    app.deliver().await;

    made(
        &operator,
        &policies,
        policy("allDirectoryServicePrincipals"),
    )
    .await;
    let application = app.id_of("operator").to_string();
    let body = json!({"requestType": "userAdd", "assignment": {
        "targetId": application, "accessPackageId": package.id}});
    made(&app.as_user("alice"), &requests, body).await;
    app.deliver().await;
}

async fn snapshots_live(app: &TestApp) {
    let operator = app.as_operator();
    let snapshots = "/reeve/v1/dev/snapshots";
    operator
        .post(snapshots, json!({"name": "kept"}))
        .await
        .succeeded();
    operator
        .delete(&format!("{snapshots}/kept"))
        .await
        .succeeded();
    operator
        .post(snapshots, json!({"name": "again"}))
        .await
        .succeeded();
    operator
        .post_empty(&format!("{snapshots}/again/restore"))
        .await
        .succeeded();
}

/// Access that comes by rule, extensions that are called, and mails that were not taken.
async fn the_server_acts(app: &TestApp) {
    let operator = app.as_operator();
    let package = app.package(Plan::new("Leads").member_here("Leads")).await;
    let sales = json!({"department": "Sales"});
    let erin = format!("/v1.0/users/{}", app.id_of("erin"));
    operator.patch(&erin, sales).await.succeeded();
    let policy = json!({
        "displayName": "Everybody in Sales", "description": "By rule.",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [{"@odata.type": "#microsoft.graph.attributeRuleMembers",
            "description": "Sales", "membershipRule": "user.department -eq \"Sales\""}],
        "automaticRequestSettings": {"requestAccessForAllowedTargets": true},
        "accessPackage": {"id": package.id},
    });
    made(&operator, &format!("{V1}/assignmentPolicies"), policy).await;
    app.deliver().await;

    extensions::call_one(app).await;

    let claimed = notices::claim(app.service(), "walk", 500).await.unwrap();
    let mail = claimed.first().unwrap();
    let reason = "no such mailbox".to_owned();
    let refused = notices::Outcome::Refused { reason };
    let told = notices::record(app.service(), "walk", mail.id, refused);
    told.await.unwrap();
    let again = format!("/reeve/v1/notices/{}/retry", mail.id);
    operator.post_empty(&again).await.succeeded();
}

/// The names of the activities in the log, each event as the table says; nothing secret among them.
async fn activities(app: &TestApp) -> BTreeSet<String> {
    let events = log(app, "activityDateTime ge 2000-01-01T00:00:00Z").await;
    for event in &events {
        let name = event["activityDisplayName"].as_str().unwrap();
        let known = Activity::ALL.iter().find(|one| one.name() == name);
        let known = known.unwrap_or_else(|| panic!("`{name}` is not in the table"));
        assert_eq!(event["category"], known.category().as_str(), "{name}");
        assert_eq!(event["operationType"], known.operation(), "{name}");
        let service = known.category().service();
        assert_eq!(event["loggedByService"], service, "{name}");
    }
    let names = events
        .iter()
        .map(|event| event["activityDisplayName"].as_str().unwrap().to_owned())
        .collect();
    let text = Value::Array(events).to_string();
    for secret in ["not in the log", "sig=secret"] {
        assert!(!text.contains(secret), "the log holds `{secret}`");
    }
    names
}

/// What of the table is not in the log.
fn missing(seen: &BTreeSet<String>, but: impl Fn(Activity) -> bool) -> Vec<&'static str> {
    let wanted = Activity::ALL.iter().copied().filter(|one| !but(*one));
    wanted
        .map(Activity::name)
        .filter(|name| !seen.contains(*name))
        .collect()
}

// AL-1
#[tokio::test]
async fn every_activity_of_the_table_is_produced_by_what_it_is_about() {
    TestApp::on_both_with(extensions::open(), async |app| {
        requests_live(app).await;
        what_is_governed_lives(app).await;
        the_directory_lives(app).await;
        others_are_asked_for(app).await;
        the_server_acts(app).await;

        let seen = activities(app).await;
        let is_never = |one: Activity| NEVER.iter().any(|(never, _)| *never == one);
        let by_command = |one: Activity| BY_COMMAND.iter().any(|(made, _)| *made == one);
        let elsewhere = |one| is_never(one) || by_command(one) || IN_DEVELOPMENT.contains(&one);
        assert_eq!(missing(&seen, elsewhere), [] as [&str; 0]);
        for (never, why) in NEVER {
            assert!(
                !seen.contains(never.name()),
                "`{never}` is produced after all, not: {why}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn copies_of_a_development_tenant_are_in_its_log() {
    TestApp::on_both_in_development(async |app| {
        snapshots_live(app).await;

        let seen = activities(app).await;
        let elsewhere = |one| !IN_DEVELOPMENT.contains(&one);
        assert_eq!(missing(&seen, elsewhere), [] as [&str; 0]);
    })
    .await;
}

/// The event of a call that was refused.
async fn event_of(app: &TestApp, refused: &Reply) -> Value {
    let call = refused.headers["request-id"].to_str().unwrap();
    let events = log(app, &format!("correlationId eq '{call}'")).await;
    assert_eq!(events.len(), 1, "{refused}");
    events.into_iter().next().unwrap()
}

#[tokio::test]
async fn al_4_a_sensitive_call_that_is_refused_leaves_one_event_with_the_reason() {
    TestApp::on_both(async |app| {
        let requests = format!("{V1}/assignmentRequests");
        let held = app.request_in("delivered").await;
        let asked = app.request_in("pendingApproval").await;
        let path = |request: &str, action: &str| format!("{requests}/{request}/{action}");
        let (operator, carol) = (app.as_operator(), app.as_user("carol"));

        let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
        let stages = format!("{V1}/accessPackageAssignmentApprovals/{}/stages", asked.request);
        let stage = bob.get(&stages).await.rows()[0]["id"].as_str().unwrap().to_owned();
        let stage = format!("{stages}/{stage}");
        let decide = |verdict: &str| json!({"reviewResult": verdict, "justification": "x"});
        let again = app.try_assign(&held.package, "alice").await;
        let direct = json!({"requestType": "adminAdd", "assignment": {
            "targetId": app.id_of("carol").to_string(), "assignmentPolicyId": held.package.policy,
            "accessPackageId": held.package.id}});
        let resume = json!({"source": "x", "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated",
            "data": {"@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
                "stage": "assignmentRequestCreated", "state": "Denied",
                "customExtensionStageInstanceId": "11111111-2222-4333-8444-555555555555",
                "customExtensionStageInstanceDetail": ""}});
        let other = app.request_in("pendingApproval").await;
        app.decide(&other.request, "bob", "Approve").await.assert_status(204);
        let decided = format!("{V1}/accessPackageAssignmentApprovals/{}/stages", other.request);
        let decided_stage = bob.get(&decided).await.rows()[0]["id"].as_str().unwrap().to_owned();
        let twice = bob.patch(&format!("{decided}/{decided_stage}"), decide("Approve")).await;
        app.deliver().await;
        let cases = [
            (again, 400, "Administrator directly assigns user to access package"),
            (carol.post(&requests, direct).await, 403, "Administrator directly assigns user to access package"),
            (operator.post_empty(&path(&held.request, "cancel")).await, 400, "Cancel access package assignment request"),
            (operator.post_empty(&path(&held.request, "reprocess")).await, 400, "Update access package assignment request"),
            (carol.post_empty(&path(&held.request, "reprocess")).await, 403, "Update access package assignment request"),
            (operator.post(&path(&asked.request, "resume"), resume.clone()).await, 400, "Update access package assignment request"),
            (carol.post(&path(&asked.request, "resume"), resume).await, 403, "Update access package assignment request"),
            (alice.patch(&stage, decide("Approve")).await, 403, "Approve access package assignment request"),
            (alice.patch(&stage, decide("Deny")).await, 403, "Deny access package assignment request"),
            (twice, 409, "Approve access package assignment request"),
        ];
        for (refused, status, activity) in cases {
            let refused = refused.assert_status(status);
            let event = event_of(app, &refused).await;
            assert_eq!(event["activityDisplayName"], activity, "{refused}");
            assert_eq!(event["result"], "failure", "{refused}");
            let reason = event["resultReason"].as_str().unwrap();
            let code = refused.code();
            assert!(reason.to_lowercase().starts_with(&code.to_lowercase()), "{reason}");
            let id = event["targetResources"][0]["id"].as_str().unwrap();
            assert!([&held.package.id, &held.request, &asked.request, &other.request].iter().any(|one| *one == id), "{event}");
        }
    })
    .await;
}

// AL-2
#[tokio::test]
async fn a_change_shows_what_changed_and_nothing_else() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let package = app.package(Plan::new("Books")).await;
        let path = format!("{V1}/assignmentPolicies/{}", package.policy);
        let mut policy = operator.get(&path).await.assert_status(200).json();
        policy["displayName"] = json!("Renamed");
        policy["requestApprovalSettings"]["isApprovalRequiredForUpdate"] = json!(true);
        policy["requestApprovalSettings"]["isApprovalRequiredForAdd"] = json!(true);
        policy["requestApprovalSettings"]["stages"] = json!([{
            "durationBeforeAutomaticDenial": "P2D", "isApproverJustificationRequired": false,
            "isEscalationEnabled": false, "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()}]}]);
        operator.put(&path, policy).await.assert_status(200);
        let changed = operator
            .patch(&format!("{V1}/catalogs/{}", package.catalog), json!({"description": "new"}))
            .await
            .assert_status(204);

        let updated = "activityDisplayName eq 'Update access package assignment policy'";
        let event = &log(app, updated).await[0];
        assert_eq!(event["operationType"], "UpdateEntitlementGrantPolicy");
        let modified = event["targetResources"][0]["modifiedProperties"].as_array().unwrap();
        let of = |name: &str| modified.iter().find(|one| one["displayName"] == name);
        let flag = of("IsApprovalRequiredForAdd").unwrap();
        assert_eq!(flag["newValue"], "true");
        assert_eq!(of("DisplayName").unwrap()["newValue"], "\"Renamed\"");
        assert!(of("CanExtend").is_none(), "it did not change");

        let event = event_of(app, &changed).await;
        assert_eq!(event["result"], "success");
        let modified = &event["targetResources"][0]["modifiedProperties"];
        assert_eq!(modified.as_array().unwrap().len(), 1, "{modified}");
        assert_eq!(modified[0]["displayName"], "Description");
        assert_eq!(modified[0]["newValue"], "\"new\"");

        let wanted = json!({"displayName": "Payroll"});
        let application = operator.post("/v1.0/applications", wanted).await.succeeded();
        let principal = json!({"appId": application.text("appId")});
        let principal = made(&operator, "/v1.0/servicePrincipals", principal).await;
        let controls = operator.get(&format!("{BETA}/controlConfigurations")).await.rows();
        let id = controls[0]["id"].as_str().unwrap();
        for (path, change, property, value) in [
            (format!("/v1.0/applications/{}", application.text("id")), json!({"description": "Wages"}),
                "Description", "\"Wages\""),
            (format!("/v1.0/servicePrincipals/{principal}"), json!({"accountEnabled": false}),
                "AccountEnabled", "false"),
            (format!("{BETA}/controlConfigurations/{id}"),
                json!({"@odata.type": controls[0]["@odata.type"], "isEnabled": controls[0]["isEnabled"] != true}),
                "IsEnabled", if controls[0]["isEnabled"] == true { "false" } else { "true" }),
        ] {
            let is_control = path.contains("controlConfigurations");
            let changed = if is_control { operator.put(&path, change).await } else { operator.patch(&path, change).await };
            let changed = changed.succeeded();
            let event = event_of(app, &changed).await;
            let modified = &event["targetResources"][0]["modifiedProperties"];
            assert_eq!(modified.as_array().unwrap().len(), 1, "{path}: {modified}");
            assert_eq!(modified[0]["displayName"], property, "{path}");
            assert_eq!(modified[0]["newValue"], value, "{path}");
        }
    })
    .await;
}
