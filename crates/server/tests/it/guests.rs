//! People from outside: assigned to by their mail address, invited, awaited, and gone after their last access (semantics 2.2,
//! 3.4).

use std::sync::Arc;

use domain::guest::InvitationRules;
use domain::time::Duration;
use serde_json::{Value, json};
use service::settings::{GuestSettings, Settings};
use testkit::{Package, Plan, Reply, Start, TestApp};

use crate::support::{BETA, V1};

const ANN: &str = "Ann@Partner.example";

fn starting(guests: GuestSettings) -> Start {
    Start {
        settings: Settings {
            guests: Arc::new(guests),
            ..Settings::default()
        },
    }
}

/// Guests are made elsewhere.
fn waiting() -> Start {
    starting(GuestSettings {
        invites: false,
        ..GuestSettings::default()
    })
}

/// A package with one role here, and a policy for people outside.
async fn package(app: &TestApp, name: &str) -> (Package, String) {
    let package = app
        .package(Plan::new(name).member_here(&format!("{name} people")))
        .await;
    let catalog = format!("{V1}/catalogs/{}", package.catalog);
    let open = json!({"isExternallyVisible": true});
    let operator = app.as_operator();
    operator.patch(&catalog, open).await.assert_status(204);
    let body = json!({
        "displayName": "Outside", "description": "", "allowedTargetScope": "allExternalUsers",
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "accessPackage": {"id": package.id},
    });
    let made = operator
        .post(&format!("{V1}/assignmentPolicies"), body)
        .await;
    let policy = made.assert_status(201).text("id");
    (package, policy)
}

async fn try_assign(
    app: &TestApp,
    root: &str,
    (package, policy): &(Package, String),
    target: Value,
) -> Reply {
    let assignment = if root == BETA {
        "accessPackageAssignment"
    } else {
        "assignment"
    };
    let body = json!({
        "requestType": "adminAdd",
        assignment: {
            "target": target, "assignmentPolicyId": policy, "accessPackageId": package.id,
        },
    });
    let path = format!("{root}/assignmentRequests");
    app.as_operator().post(&path, body).await
}

async fn assign(app: &TestApp, package: &(Package, String), address: &str) -> String {
    let made = try_assign(app, V1, package, json!({"email": address})).await;
    made.assert_status(201).text("id")
}

/// The users with this mail address.
async fn users(app: &TestApp, mail: &str) -> Vec<Value> {
    let path = format!(
        "/v1.0/users?$filter=mail eq '{mail}'&$select=id,userPrincipalName,userType,displayName,accountEnabled,\
         externalUserState,creationType"
    );
    app.as_operator().get(&path).await.assert_status(200).rows()
}

/// The subject of a request, as beta shows it.
async fn subject(app: &TestApp, request: &str) -> Value {
    let path = format!(
        "{BETA}/assignmentRequests/{request}?$expand=accessPackageAssignment($expand=target)"
    );
    let read = app.as_operator().get(&path).await.assert_status(200).json();
    let id = read["accessPackageAssignment"]["target"]["id"].clone();
    let path = format!("{BETA}/subjects/{}", id.as_str().unwrap());
    app.as_operator().get(&path).await.assert_status(200).json()
}

async fn members(app: &TestApp, package: &Package) -> Vec<Value> {
    let path = format!("/v1.0/groups/{}/members", package.role().group);
    app.as_operator().get(&path).await.assert_status(200).rows()
}

async fn set(app: &TestApp, settings: Value) {
    let path = format!("{V1}/settings");
    let set = app.as_operator().patch(&path, settings).await;
    set.assert_status(204);
}

async fn activities(app: &TestApp, object: &str) -> Vec<String> {
    let path = "/v1.0/auditLogs/directoryAudits?$top=999";
    let rows = app.as_operator().get(path).await.assert_status(200).rows();
    rows.iter()
        .filter(|row| row["targetResources"][0]["id"] == object)
        .map(|row| row["activityDisplayName"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn ex_3_somebody_whom_the_directory_does_not_know_is_invited_and_then_gets_the_access() {
    TestApp::on_both(async |app| {
        for (root, address) in [(V1, ANN), (BETA, "bob@partner.example")] {
            let package = package(app, &format!("Partners {}", &root[1..5])).await;
            let target = json!({"email": address, "displayName": "Somebody outside"});
            let made = try_assign(app, root, &package, target).await;
            let id = made.assert_status(201).text("id");
            assert!(users(app, address).await.is_empty(), "not before delivery");

            app.deliver().await;

            assert_eq!(app.state(&id).await, "delivered");
            let found = users(app, address).await;
            assert_eq!(found.len(), 1);
            let guest = &found[0];
            let name = address.replace('@', "_").replace("Partner", "partner");
            assert_eq!(
                guest["userPrincipalName"],
                format!("{name}#EXT#@guests.invalid")
            );
            assert_eq!(guest["userType"], "Guest");
            assert_eq!(guest["displayName"], "Somebody outside");
            assert_eq!(guest["accountEnabled"], true);
            assert_eq!(guest["externalUserState"], "PendingAcceptance");
            assert_eq!(guest["creationType"], "Invitation");
            assert_eq!(members(app, &package.0).await[0]["id"], guest["id"]);
            let subject = subject(app, &id).await;
            assert_eq!(subject["objectId"], guest["id"]);
            assert_eq!(subject["principalName"], guest["userPrincipalName"]);
            assert_eq!(subject["subjectLifecycle"], "governed", "EX-5");
            assert_eq!(subject["cleanupScheduledDateTime"], Value::Null);
            let written = activities(app, guest["id"].as_str().unwrap()).await;
            assert!(written.contains(&"Invite external user".to_owned()));
            assert!(written.contains(&"Add user".to_owned()));
        }
        // EX-2: nobody knew the organization.
        let path = format!("{V1}/connectedOrganizations");
        let rows = app.as_operator().get(&path).await.assert_status(200).rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["state"], "proposed");
        assert_eq!(rows[0]["displayName"], "partner.example");
    })
    .await;
}

#[tokio::test]
async fn ex_3_whoever_is_on_the_block_list_is_not_invited_and_gets_nothing() {
    let start = starting(GuestSettings {
        invitations: InvitationRules {
            allowed: Vec::new(),
            blocked: vec!["partner.example".to_owned()],
            only_connected: false,
        },
        ..GuestSettings::default()
    });
    TestApp::on_both_with(start, async |app| {
        let package = package(app, "Partners").await;
        let id = assign(app, &package, ANN).await;
        app.deliver().await;

        assert_eq!(app.state(&id).await, "deliveryFailed");
        assert!(users(app, ANN).await.is_empty());
        assert_eq!(failure(app, &id).await, "InvitationBlocked");
        let other = assign(app, &package, "a@other.example").await;
        app.deliver().await;
        assert_eq!(app.state(&other).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn ex_3_only_people_of_configured_organizations_are_invited_where_that_is_wanted() {
    let start = starting(GuestSettings {
        invitations: InvitationRules {
            only_connected: true,
            ..InvitationRules::default()
        },
        ..GuestSettings::default()
    });
    TestApp::on_both_with(start, async |app| {
        let package = package(app, "Partners").await;
        let id = assign(app, &package, ANN).await;
        app.deliver().await;
        assert_eq!(app.state(&id).await, "deliveryFailed");

        // The request proposed the organization (EX-2); an administrator looks at it, and tries again.
        let path = format!("{V1}/connectedOrganizations");
        let operator = app.as_operator();
        let rows = operator.get(&path).await.assert_status(200).rows();
        let path = format!("{path}/{}", rows[0]["id"].as_str().unwrap());
        let accept = json!({"state": "configured"});
        operator.patch(&path, accept).await.assert_status(202);
        let path = format!("{V1}/assignmentRequests/{id}/reprocess");
        operator.post_empty(&path).await.assert_status(202);
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivered");
        assert_eq!(users(app, ANN).await.len(), 1);
    })
    .await;
}

/// Why a request failed.
async fn failure(app: &TestApp, request: &str) -> String {
    let request: domain::id::RequestId = request.parse().unwrap();
    let find = app
        .service()
        .store
        .read(move |tx| store::assignment_request::find(tx, request));
    find.await.unwrap().unwrap().failure.unwrap().0
}

#[tokio::test]
async fn ex_4_a_request_delivers_until_somebody_with_the_address_is_in_the_directory() {
    TestApp::on_both_with(waiting(), async |app| {
        let package = package(app, "Partners").await;
        let id = assign(app, &package, ANN).await;
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivering");
        let shown = subject(app, &id).await;
        assert_eq!(shown["objectId"], Value::Null, "OM-5");
        assert_eq!(shown["email"], "Ann@partner.example");
        assert_eq!(shown["subjectLifecycle"], "notDefined");
        // Another role in the package does not begin what cannot be done.
        let member = domain::directory::GroupRole::Member;
        app.add_role(&package.0, "More", member, None).await;
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivering");
        // Nor is it taken for stuck.
        app.advance(Duration::from_days(1));
        app.deliver().await;
        let late = app.now();
        let stuck = app.service().store.read(move |tx| store::ledger::stuck::list(tx, late, 10));
        assert_eq!(stuck.await.unwrap(), []);

        let body = json!({
            "displayName": "Ann", "userPrincipalName": "ann@elsewhere.example", "mail": "ann@PARTNER.example",
            "userType": "Guest", "accountEnabled": true, "mailNickname": "ann",
            "passwordProfile": {"password": "correct horse battery"},
        });
        let made = app.as_operator().post("/v1.0/users", body).await;
        let guest = made.assert_status(201).text("id");
        app.deliver().await;

        assert_eq!(app.state(&id).await, "delivered");
        assert_eq!(members(app, &package.0).await[0]["id"], guest.as_str());
        let shown = subject(app, &id).await;
        assert_eq!(shown["objectId"], guest.as_str());
        assert_eq!(shown["displayName"], "Ann");
        assert_eq!(
            shown["subjectLifecycle"], "notGoverned",
            "EX-5: Reeve did not make the account"
        );
    })
    .await;
}

#[tokio::test]
async fn ex_4_a_user_who_gets_the_address_and_was_a_subject_before_gets_what_waits_for_it() {
    TestApp::on_both_with(waiting(), async |app| {
        let (first, second) = (package(app, "First").await, package(app, "Second").await);
        let alice = app.id_of("alice").to_string();
        // Alice has something, and asks for the second package herself as far as she can.
        let held = app.assign(&first.0, "alice").await;
        let wanted = assign(app, &second, ANN).await;
        let doubled = assign(app, &first, ANN).await;
        app.deliver().await;
        assert_eq!(app.state(&held).await, "delivered");
        assert_eq!(app.state(&wanted).await, "delivering");

        let path = format!("/v1.0/users/{alice}");
        let change = json!({"mail": ANN});
        app.as_operator()
            .patch(&path, change)
            .await
            .assert_status(204);
        app.deliver().await;

        assert_eq!(app.state(&wanted).await, "delivered");
        assert_eq!(subject(app, &wanted).await["objectId"], alice.as_str());
        assert_eq!(members(app, &second.0).await[0]["id"], alice.as_str());
        assert_eq!(app.state(&doubled).await, "deliveryFailed", "OM-3");
    })
    .await;
}

#[tokio::test]
async fn rp_35_whoever_does_not_come_in_two_weeks_gets_nothing_until_somebody_tries_again() {
    TestApp::on_both_with(waiting(), async |app| {
        let package = package(app, "Partners").await;
        let id = assign(app, &package, ANN).await;
        app.deliver().await;
        app.advance(Duration::from_days(14).minus_a_second());
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivering");
        app.advance(Duration::from_secs(1));
        app.deliver().await;
        assert_eq!(app.state(&id).await, "deliveryFailed");
        assert_eq!(failure(app, &id).await, "TargetNotProvisioned");

        let path = format!("{V1}/assignmentRequests/{id}/reprocess");
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivering");
        app.advance(Duration::from_days(14));
        app.deliver().await;
        assert_eq!(app.state(&id).await, "deliveryFailed");
    })
    .await;
}

trait MinusASecond {
    fn minus_a_second(self) -> Self;
}

impl MinusASecond for Duration {
    fn minus_a_second(self) -> Self {
        Self::from_micros(self.micros() - 1_000_000)
    }
}

#[tokio::test]
async fn ex_4_what_waits_survives_the_death_of_the_engine() {
    TestApp::on_both_with(waiting(), async |app| {
        let package = package(app, "Partners").await;
        let id = assign(app, &package, ANN).await;
        app.crash();
        app.deliver().await;
        app.crash();
        let bob = app.id_of("bob").to_string();
        let path = format!("/v1.0/users/{bob}");
        let change = json!({"mail": ANN, "userType": "Guest"});
        app.as_operator()
            .patch(&path, change)
            .await
            .assert_status(204);
        app.crash();
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn one_address_is_one_guest_however_many_ask_at_once() {
    TestApp::on_both(async |app| {
        let mut packages = Vec::new();
        for number in 0..6 {
            packages.push(package(app, &format!("Package {number}")).await);
        }
        let spelled = [
            "ann@partner.example",
            "ANN@partner.example",
            "Ann@Partner.Example",
        ];
        let asked = packages
            .iter()
            .zip(spelled.iter().cycle())
            .map(|(package, address)| assign(app, package, address));
        let ids = futures_util::future::join_all(asked).await;
        // Nobody gets the same package twice.
        let again = try_assign(app, V1, &packages[0], json!({"email": spelled[1]})).await;
        again.assert_error(400, "ExistingAssignment");
        app.deliver().await;

        let path = "/v1.0/users?$filter=userType eq 'Guest'";
        let guests = app.as_operator().get(path).await.assert_status(200).rows();
        assert_eq!(guests.len(), 1);
        for id in ids {
            assert_eq!(app.state(&id).await, "delivered");
            assert_eq!(subject(app, &id).await["objectId"], guests[0]["id"]);
        }
    })
    .await;
}

#[tokio::test]
async fn two_addresses_that_make_one_sign_in_name_are_two_guests() {
    TestApp::on_both(async |app| {
        let package = package(app, "Partners").await;
        for address in ["ann@b_c.example", "ann_b@c.example"] {
            let made = try_assign(app, V1, &package, json!({"email": address})).await;
            if address.contains("b_c") {
                // No domain has such a letter.
                made.assert_error(400, "InvalidModel");
            } else {
                made.assert_status(201);
            }
        }
        let first = assign(app, &package, "a/b@c.example").await;
        let second = assign(app, &package, "a?b@c.example").await;
        app.deliver().await;
        for id in [first, second] {
            assert_eq!(app.state(&id).await, "delivered");
        }
        let path = "/v1.0/users?$filter=userType eq 'Guest'&$select=userPrincipalName";
        let rows = app.as_operator().get(path).await.assert_status(200).rows();
        let mut names: Vec<_> = rows
            .iter()
            .map(|row| row["userPrincipalName"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "a_b_c.example#EXT#@guests.invalid",
                "a_b_c.example_1#EXT#@guests.invalid",
                "ann_b_c.example#EXT#@guests.invalid",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn addresses_that_nobody_can_be_invited_by_are_refused_by_name() {
    let app = TestApp::new().await;
    let package = package(&app, "Partners").await;
    for address in [
        "ann",
        "ann@",
        "@partner.example",
        "ann@localhost",
        "ann@bücher.example",
        "änn@partner.example",
        "a\u{202e}nn@partner.example",
        "ann@partner.example\r\nBcc: x@y.example",
        "<script>@partner.example",
        &format!("{}@partner.example", "a".repeat(400)),
    ] {
        for root in [V1, BETA] {
            let refused = try_assign(&app, root, &package, json!({"email": address})).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            assert_eq!(
                refused["error"]["target"], "assignment/target/email",
                "{address:?}"
            );
        }
    }
    let long = json!({"email": ANN, "displayName": "x".repeat(300)});
    let refused = try_assign(&app, V1, &package, long).await;
    let refused = refused.assert_error(400, "InvalidModel").json();
    assert_eq!(refused["error"]["target"], "assignment/target/displayName");
    let hidden = json!({"email": ANN, "displayName": "Ann\r\nBcc: x"});
    let refused = try_assign(&app, V1, &package, hidden).await;
    let refused = refused.assert_error(400, "InvalidModel").json();
    assert_eq!(refused["error"]["target"], "assignment/target/displayName");
    for wrong in [json!({"email": 5}), json!({"email": [ANN]})] {
        let refused = try_assign(&app, V1, &package, wrong).await;
        let refused = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(refused["error"]["target"], "assignment/target/email");
    }
}

#[tokio::test]
async fn ex_3_people_of_the_directorys_own_domains_are_nobodys_guests() {
    let mut start = starting(GuestSettings {
        domain: Some("corp.example".to_owned()),
        ..GuestSettings::default()
    });
    start.settings.provisioning_domain = Some("people.example".to_owned());
    TestApp::on_both_with(start, async |app| {
        let package = package(app, "Partners").await;
        for root in [V1, BETA] {
            for address in ["new@corp.example", "new@People.Example"] {
                let refused = try_assign(app, root, &package, json!({"email": address})).await;
                let refused = refused.assert_error(400, "InvalidModel").json();
                assert_eq!(refused["error"]["target"], "assignment/target/email");
                assert_eq!(users(app, address).await.len(), 0);
            }
        }
        assign(app, &package, ANN).await;
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn people_outside_are_assigned_to_by_policies_for_them_alone_and_by_administrators_alone() {
    TestApp::on_both(async |app| {
        let (package, outside) = package(app, "Partners").await;
        let inside = (package.clone(), package.policy.clone());
        let refused = try_assign(app, V1, &inside, json!({"email": ANN})).await;
        let refused = refused.assert_error(400, "ExternalAccessDisabled").json();
        assert_eq!(refused["error"]["target"], "assignment/target/email");

        // EX-9: the catalog is closed.
        let catalog = format!("{V1}/catalogs/{}", package.catalog);
        let operator = app.as_operator();
        for (is_open, status) in [(false, 400), (true, 201)] {
            let open = json!({"isExternallyVisible": is_open});
            operator.patch(&catalog, open).await.assert_status(204);
            let pair = (package.clone(), outside.clone());
            let tried = try_assign(app, V1, &pair, json!({"email": ANN})).await;
            assert_eq!(tried.status, status, "{tried}");
        }

        // Nobody asks for somebody else by an address, known or not.
        let carol = app.id_of("carol").to_string();
        let path = format!("/v1.0/users/{carol}");
        let change = json!({"mail": "carol@reeve.test"});
        operator.patch(&path, change).await.assert_status(204);
        // Who may ask for nobody else is not told who is there.
        for address in ["carol@reeve.test", "new@partner.example"] {
            let body = json!({
                "requestType": "userAdd",
                "assignment": {"target": {"email": address}, "accessPackageId": package.id},
            });
            let path = format!("{V1}/assignmentRequests");
            let refused = app.as_user("alice").post(&path, body).await;
            refused.assert_error(400, "PolicyRequirementsNotMet");
        }
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn a_request_that_only_asks_leaves_nobody_behind() {
    let app = TestApp::new().await;
    let (package, policy) = package(&app, "Partners").await;
    let body = json!({
        "requestType": "AdminAdd", "isValidationOnly": true,
        "accessPackageAssignment": {
            "target": {"email": ANN}, "assignmentPolicyId": policy, "accessPackageId": package.id,
        },
    });
    let path = format!("{BETA}/assignmentRequests");
    let operator = app.as_operator();
    operator.post(&path, body).await.assert_status(201);
    app.deliver().await;
    let path = format!("{BETA}/subjects?$filter=email eq 'Ann@partner.example'");
    let found = operator.get(&path).await.assert_status(200).rows();
    assert_eq!(found, Vec::<Value>::new());
    assert!(users(&app, ANN).await.is_empty());
}

#[tokio::test]
async fn rq_11_an_address_that_somebody_has_means_them() {
    TestApp::on_both(async |app| {
        let package = package(app, "Partners").await;
        let bob = app.id_of("bob").to_string();
        let path = format!("/v1.0/users/{bob}");
        let change = json!({"mail": "bob@partner.example", "userType": "Guest"});
        app.as_operator()
            .patch(&path, change)
            .await
            .assert_status(204);

        let id = assign(app, &package, "BOB@partner.example").await;
        app.deliver().await;

        assert_eq!(app.state(&id).await, "delivered");
        let shown = subject(app, &id).await;
        assert_eq!(shown["objectId"], bob.as_str());
        assert_eq!(shown["subjectLifecycle"], "notGoverned", "EX-5");
        assert_eq!(users(app, "bob@partner.example").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn rq_10_a_blocked_guest_is_assigned_to_by_id_and_not_by_address() {
    TestApp::on_both(async |app| {
        let (package, policy) = package(app, "Partners").await;
        let bob = app.id_of("bob").to_string();
        let path = format!("/v1.0/users/{bob}");
        let blocked = json!({"mail": ANN, "userType": "Guest", "accountEnabled": false});
        let operator = app.as_operator();
        operator.patch(&path, blocked).await.assert_status(204);

        let pair = (package.clone(), policy.clone());
        let refused = try_assign(app, V1, &pair, json!({"email": ANN})).await;
        refused.assert_error(400, "TargetSignInBlocked");
        let by_id = try_assign(app, V1, &pair, json!({"objectId": bob})).await;
        let id = by_id.assert_status(201).text("id");
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivered");
        app.remove(&app.assignment_of(&id).await).await;
        app.deliver().await;

        // Unblocked, the address will do.
        let enabled = json!({"accountEnabled": true});
        operator.patch(&path, enabled).await.assert_status(204);
        let tried = try_assign(app, V1, &pair, json!({"email": ANN})).await;
        tried.assert_status(201);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn rq_13_a_direct_assignment_answers_the_questions_of_its_policy() {
    TestApp::on_both(async |app| {
        let (package, policy) = package(app, "Partners").await;
        let path = format!("{V1}/assignmentPolicies/{policy}");
        let operator = app.as_operator();
        let mut body = operator.get(&path).await.assert_status(200).json();
        body["questions"] = json!([{
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true, "sequence": 0, "isSingleLineQuestion": true,
            "text": "Which project?",
        }]);
        body["accessPackage"] = json!({"id": package.id});
        let put = operator.put(&path, body).await;
        assert!(put.status.is_success(), "{put}");
        let read = operator.get(&path).await.assert_status(200).json();
        let question = read["questions"][0]["id"].clone();

        let pair = (package.clone(), policy.clone());
        let refused = try_assign(app, V1, &pair, json!({"email": ANN})).await;
        refused.assert_error(400, "RequiredAnswerMissing");
        let body = json!({
            "requestType": "adminAdd",
            "assignment": {
                "target": {"email": ANN}, "assignmentPolicyId": policy, "accessPackageId": package.id,
            },
            "answers": [{
                "@odata.type": "#microsoft.graph.accessPackageAnswerString",
                "value": "Apollo", "answeredQuestion": {
                    "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": question,
                },
            }],
        });
        let path = format!("{V1}/assignmentRequests");
        operator.post(&path, body).await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

/// A guest whom Reeve made, with one assignment: the request, the assignment, the user.
async fn governed(app: &TestApp, package: &(Package, String)) -> (String, String, String) {
    let id = assign(app, package, ANN).await;
    app.deliver().await;
    let assignment = app.assignment_of(&id).await;
    let found = users(app, ANN).await;
    (id, assignment, found[0]["id"].as_str().unwrap().to_owned())
}

async fn enabled(app: &TestApp, user: &str) -> Value {
    let path = format!("/v1.0/users/{user}?$select=accountEnabled");
    let read = app.as_operator().get(&path).await;
    read.assert_status(200).json()["accountEnabled"].clone()
}

#[tokio::test]
async fn ex_6_a_governed_guest_without_access_is_blocked_and_deleted_after_thirty_days() {
    TestApp::on_both(async |app| {
        let (first, second) = (package(app, "First").await, package(app, "Second").await);
        let (request, assignment, user) = governed(app, &first).await;
        let other = assign(app, &second, ANN).await;
        app.deliver().await;
        app.remove(&assignment).await;
        app.deliver().await;
        assert_eq!(
            enabled(app, &user).await,
            true,
            "another assignment is live"
        );
        assert_eq!(
            subject(app, &request).await["cleanupScheduledDateTime"],
            Value::Null
        );

        app.remove(&app.assignment_of(&other).await).await;
        let before = app.now();
        app.deliver().await;

        assert_eq!(enabled(app, &user).await, false);
        let at = before.plus(Duration::from_days(30)).to_string();
        let shown = subject(app, &request).await;
        assert_eq!(shown["cleanupScheduledDateTime"], at);
        let path = format!("{BETA}/subjects?$filter=cleanupScheduledDateTime eq {at}");
        let found = app.as_operator().get(&path).await.assert_status(200).rows();
        assert_eq!(found.len(), 1);
        let written = activities(app, &user).await;
        assert!(written.contains(&"Schedule deletion of external user".to_owned()));

        app.advance(Duration::from_days(30).minus_a_second());
        app.deliver().await;
        assert_eq!(enabled(app, &user).await, false, "still there");
        app.crash();
        app.advance(Duration::from_secs(1));
        app.deliver().await;
        let path = format!("/v1.0/users/{user}");
        app.as_operator().get(&path).await.assert_status(404);
        assert!(
            activities(app, &user)
                .await
                .contains(&"Delete user".to_owned())
        );
        let shown = subject(app, &request).await;
        assert_eq!(shown["cleanupScheduledDateTime"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn ex_6_the_account_stays_where_the_tenant_says_so_or_nobody_governs_it() {
    TestApp::on_both(async |app| {
        let package = package(app, "Partners").await;
        for (action, lifecycle, blocked) in [
            ("none", "governed", false),
            ("blockSignIn", "governed", true),
            ("blockSignInAndDelete", "notGoverned", false),
        ] {
            set(app, json!({"externalUserLifecycleAction": action})).await;
            let address = format!("{action}@partner.example");
            let id = assign(app, &package, &address).await;
            app.deliver().await;
            let user = users(app, &address).await[0]["id"].clone();
            let user = user.as_str().unwrap();
            let shown = subject(app, &id).await;
            let path = format!("{BETA}/subjects/{}", shown["id"].as_str().unwrap());
            let change = json!({"subjectLifecycle": lifecycle});
            app.as_operator()
                .patch(&path, change)
                .await
                .assert_status(204);
            app.remove(&app.assignment_of(&id).await).await;
            app.deliver().await;

            assert_eq!(enabled(app, user).await, !blocked, "{action}");
            let shown = subject(app, &id).await;
            assert_eq!(shown["cleanupScheduledDateTime"], Value::Null, "{action}");
            app.advance(Duration::from_days(400));
            app.deliver().await;
            enabled(app, user).await;
        }
    })
    .await;
}

#[tokio::test]
async fn ex_6_nothing_is_waited_for_where_the_time_is_zero() {
    TestApp::on_both(async |app| {
        let package = package(app, "Partners").await;
        let (_, assignment, user) = governed(app, &package).await;
        let at_once = json!({"durationUntilExternalUserDeletedAfterBlocked": "P0D"});
        set(app, at_once).await;

        app.remove(&assignment).await;
        app.deliver().await;

        let path = format!("/v1.0/users/{user}");
        app.as_operator().get(&path).await.assert_status(404);
        // The address is free: somebody who comes again is somebody new.
        let again = assign(app, &package, ANN).await;
        app.deliver().await;
        assert_eq!(app.state(&again).await, "delivered");
        let found = users(app, ANN).await;
        assert_eq!(found.len(), 1);
        assert_ne!(found[0]["id"], user.as_str());
    })
    .await;
}

#[tokio::test]
async fn ex_7_a_changed_setting_leaves_the_schedules_alone_that_were_made() {
    TestApp::on_both(async |app| {
        let package = package(app, "Partners").await;
        let (request, assignment, user) = governed(app, &package).await;
        app.remove(&assignment).await;
        let lost = app.now();
        app.deliver().await;

        for change in [
            json!({"externalUserLifecycleAction": "none"}),
            json!({"durationUntilExternalUserDeletedAfterBlocked": "P90D"}),
        ] {
            set(app, change).await;
            app.deliver().await;
            let shown = subject(app, &request).await;
            let at = lost.plus(Duration::from_days(30)).to_string();
            assert_eq!(shown["cleanupScheduledDateTime"], at);
        }
        app.advance(Duration::from_days(30));
        app.deliver().await;
        let path = format!("/v1.0/users/{user}");
        app.as_operator().get(&path).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn ex_8_new_access_keeps_the_account_and_lets_it_sign_in_again() {
    TestApp::on_both(async |app| {
        let (package, policy) = package(app, "Partners").await;
        let pair = (package, policy);
        let (request, assignment, user) = governed(app, &pair).await;
        app.remove(&assignment).await;
        app.deliver().await;
        assert_eq!(enabled(app, &user).await, false);
        app.advance(Duration::from_days(29));

        let again = try_assign(app, V1, &pair, json!({"objectId": user})).await;
        let again = again.assert_status(201).text("id");
        app.deliver().await;

        assert_eq!(app.state(&again).await, "delivered");
        assert_eq!(enabled(app, &user).await, true);
        let shown = subject(app, &request).await;
        assert_eq!(shown["cleanupScheduledDateTime"], Value::Null);
        let written = activities(app, &user).await;
        assert!(written.contains(&"Cancel deletion of external user".to_owned()));
        app.advance(Duration::from_days(60));
        app.deliver().await;
        assert_eq!(enabled(app, &user).await, true);

        // Somebody else's block stays.
        let path = format!("/v1.0/users/{user}");
        let block = json!({"accountEnabled": false});
        app.as_operator()
            .patch(&path, block)
            .await
            .assert_status(204);
        app.remove(&app.assignment_of(&again).await).await;
        app.deliver().await;
        let third = try_assign(app, V1, &pair, json!({"objectId": user})).await;
        third.assert_status(201);
        app.deliver().await;
        assert_eq!(enabled(app, &user).await, false);
        let shown = subject(app, &request).await;
        assert_eq!(shown["cleanupScheduledDateTime"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn ex_8_a_block_that_somebody_else_set_meanwhile_stays() {
    TestApp::on_both(async |app| {
        let pair = package(app, "Partners").await;
        set(app, json!({"externalUserLifecycleAction": "blockSignIn"})).await;
        // Enabled and blocked again, or blocked once more on top of the block of Reeve: it is the other's by now.
        for (address, changes) in [
            ("eve@partner.example", &[true, false][..]),
            ("finn@partner.example", &[false][..]),
        ] {
            let id = assign(app, &pair, address).await;
            app.deliver().await;
            let user = users(app, address).await[0]["id"].clone();
            let user = user.as_str().unwrap();
            app.remove(&app.assignment_of(&id).await).await;
            app.deliver().await;
            assert_eq!(enabled(app, user).await, false);
            let path = format!("/v1.0/users/{user}");
            for enabled in changes {
                let change = json!({"accountEnabled": enabled});
                let changed = app.as_operator().patch(&path, change).await;
                changed.assert_status(204);
            }

            let again = try_assign(app, V1, &pair, json!({"objectId": user})).await;
            let again = again.assert_status(201).text("id");
            app.deliver().await;

            assert_eq!(app.state(&again).await, "delivered");
            assert_eq!(enabled(app, user).await, false, "{address}");
        }
    })
    .await;
}

#[tokio::test]
async fn ex_8_a_guest_who_was_cleaned_up_and_restored_signs_in_again_with_new_access() {
    TestApp::on_both(async |app| {
        let pair = package(app, "Partners").await;
        let (_, assignment, user) = governed(app, &pair).await;
        app.remove(&assignment).await;
        app.deliver().await;
        app.advance(Duration::from_days(30));
        app.deliver().await;
        let path = format!("/v1.0/users/{user}");
        app.as_operator().get(&path).await.assert_status(404);

        let path = format!("/v1.0/directory/deletedItems/{user}/restore");
        let restored = app.as_operator().post(&path, json!({})).await;
        assert!(restored.status.is_success(), "{restored}");
        app.deliver().await;
        assert_eq!(enabled(app, &user).await, false, "no access yet");
        let again = try_assign(app, V1, &pair, json!({"objectId": user})).await;
        again.assert_status(201);
        app.deliver().await;

        assert_eq!(enabled(app, &user).await, true);
    })
    .await;
}

#[tokio::test]
async fn ex_5_whoever_is_let_go_is_not_deleted_any_more() {
    TestApp::on_both(async |app| {
        let package = package(app, "Partners").await;
        let (request, assignment, user) = governed(app, &package).await;
        app.remove(&assignment).await;
        app.deliver().await;
        let shown = subject(app, &request).await;
        let path = format!("{BETA}/subjects/{}", shown["id"].as_str().unwrap());
        let let_go = json!({"subjectLifecycle": "notGoverned"});
        app.as_operator()
            .patch(&path, let_go)
            .await
            .assert_status(204);

        let shown = subject(app, &request).await;
        assert_eq!(shown["cleanupScheduledDateTime"], Value::Null);
        app.advance(Duration::from_days(60));
        app.deliver().await;
        assert_eq!(enabled(app, &user).await, false, "blocked, and there");
    })
    .await;
}
