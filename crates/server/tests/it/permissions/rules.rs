//! The rules of semantics 7.1, 7.2 and 7.4 that a table of operations does not show, each through HTTP in both versions.

use auth::principal::Permission;
use auth::roles::EmRole;
use domain::time::Duration;
use serde_json::{Value, json};
use service::settings::Settings;
use testkit::{Package, Plan, Start, TestApp};

use super::world::reference;
use crate::support::{BETA, V1};

const WRITE: &[Permission] = &[Permission::EntitlementManagementReadWriteAll];
const READ: &[Permission] = &[Permission::EntitlementManagementReadAll];
const OWN: &[Permission] = &[Permission::SubjectAccessReadWrite];
const ROLES: &str = "/v1.0/roleManagement/entitlementManagement";

/// The collections of assignments and of requests, and their approvals, by the names of a version.
fn collections(root: &str) -> [String; 3] {
    let assignments = if root == V1 {
        "assignments"
    } else {
        "accessPackageAssignments"
    };
    [
        format!("{root}/{assignments}"),
        format!("{root}/assignmentRequests"),
        format!("{root}/accessPackageAssignmentApprovals"),
    ]
}

async fn ask_for(app: &TestApp, name: &str, package: &Package) -> String {
    let body = json!({"requestType": "userAdd", "assignment": {"accessPackageId": package.id}});
    let asked = app
        .as_user(name)
        .post(&format!("{V1}/assignmentRequests"), body)
        .await;
    asked.assert_status(201).text("id")
}

async fn give(app: &TestApp, name: &str, package: &Package) -> String {
    let body = json!({"requestType": "adminAdd", "assignment": {
        "targetId": app.id_of(name).to_string(), "accessPackageId": package.id,
        "assignmentPolicyId": package.policy,
    }});
    let asked = app
        .as_operator()
        .post(&format!("{V1}/assignmentRequests"), body)
        .await;
    app.deliver().await;
    asked.assert_status(201).text("id")
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn az_2_what_is_for_people_is_for_no_application_whatever_it_holds() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("CRM").approval_by(&["bob"])).await;
    let request = ask_for(&app, "alice", &package).await;
    app.add_application("robot").await;
    app.give_role("robot", EmRole::CatalogOwner, &package).await;
    let robot = app.as_application("robot", Permission::ALL);

    for root in [V1, BETA] {
        let [assignments, requests, approvals] = collections(root);
        let (packages, suggested) = (
            format!("{root}/accessPackages"),
            format!("{root}/accessPackageSuggestions"),
        );
        for (collection, on, option) in [
            (&packages, "on", "allowedRequestor"),
            (&assignments, "on", "target"),
            (&requests, "on", "createdBy"),
            (&approvals, "on", "approver"),
            (&suggested, "types", "none"),
        ] {
            let path = format!("{collection}/filterByCurrentUser({on}='{option}')");
            let refused = robot.get(&path).await;
            if collection != &suggested || refused.status != 400 {
                refused.assert_error(403, "AccessDenied");
            }
        }
        let path = format!("{packages}/{}/getApplicablePolicyRequirements", package.id);
        robot
            .post_empty(&path)
            .await
            .assert_error(403, "AccessDenied");
        let stages = if root == V1 { "stages" } else { "steps" };
        let path = format!("{approvals}/{request}/{stages}");
        let stage = ids(&app
            .as_user("bob")
            .get(&path)
            .await
            .assert_status(200)
            .rows())
        .remove(0);
        let verdict = json!({"reviewResult": "Approve", "justification": "x"});
        let refused = robot.patch(&format!("{path}/{stage}"), verdict).await;
        refused.assert_error(403, "AccessDenied");
    }
    app.wait_out_retries().await;
}

#[tokio::test]
async fn az_3_an_application_cancels_with_a_role_and_only_there() {
    let app = TestApp::new().await;
    let here = app.package(Plan::new("Here").approval_by(&["bob"])).await;
    let there = app
        .package(Plan::new("There").in_catalog("Other").approval_by(&["bob"]))
        .await;
    let (one, other) = (
        ask_for(&app, "alice", &here).await,
        ask_for(&app, "alice", &there).await,
    );
    app.add_application("robot").await;
    app.give_role("robot", EmRole::AccessPackageAssignmentManager, &here)
        .await;
    let robot = app.as_application("robot", &[]);

    let cancel = |id: &str| format!("{V1}/assignmentRequests/{id}/cancel");
    robot
        .post_empty(&cancel(&other))
        .await
        .assert_error(404, "ResourceNotFound");
    robot.post_empty(&cancel(&one)).await.assert_status(204);

    assert_eq!(app.state(&one).await, "canceled");
    assert_eq!(app.state(&other).await, "pendingApproval");
    app.wait_out_retries().await;
}

#[tokio::test]
async fn az_4_subject_access_is_enough_for_what_is_ones_own() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("CRM").approval_by(&["bob"])).await;
        let alice = app.as_user_with("alice", OWN);
        let bob = app.as_user_with("bob", OWN);
        for root in [V1, BETA] {
            let [assignments, requests, approvals] = collections(root);
            let body = match root {
                V1 => {
                    json!({"requestType": "userAdd", "assignment": {"accessPackageId": package.id}})
                }
                _ => {
                    json!({"requestType": "UserAdd", "assignment": {"accessPackageId": package.id}})
                }
            };
            let stages = if root == V1 { "stages" } else { "steps" };

            let request = alice
                .post(&requests, body)
                .await
                .assert_status(201)
                .text("id");
            let read = alice
                .get(&format!("{requests}/{request}"))
                .await
                .assert_status(200);
            let followed = alice
                .get(&format!("{approvals}/{request}?$expand={stages}"))
                .await;
            let waiting = bob
                .get(&format!("{approvals}/filterByCurrentUser(on='approver')"))
                .await;
            let path = format!("{approvals}/{request}/{stages}");
            let stage = ids(&bob.get(&path).await.assert_status(200).rows()).remove(0);
            let verdict = json!({"reviewResult": "Deny", "justification": "x"});
            bob.patch(&format!("{path}/{stage}"), verdict)
                .await
                .assert_status(204);
            let mine = alice
                .get(&format!("{assignments}/filterByCurrentUser(on='target')"))
                .await;
            let offered = alice.get(&format!("{root}/availableAccessPackages")).await;

            assert_eq!(read.text("id"), request);
            assert_eq!(followed.assert_status(200).text("id"), request);
            assert_eq!(
                ids(&waiting.assert_status(200).rows()),
                std::slice::from_ref(&request)
            );
            assert_eq!(ids(&mine.assert_status(200).rows()), Vec::<String>::new());
            assert_eq!(offered.assert_status(200).rows().len(), 1);
            // And for nothing else, also where a role would do.
            let admin = app.as_user_with("admin", OWN);
            admin.get(&requests).await.assert_error(403, "AccessDenied");
            admin
                .get(&format!("{root}/accessPackages"))
                .await
                .assert_error(403, "AccessDenied");
            let theirs = admin.get(&format!("{requests}/{request}")).await;
            theirs.assert_error(404, "ResourceNotFound");
        }
    })
    .await;
}

#[tokio::test]
async fn az_5_without_a_role_collections_are_closed_and_say_where_ones_own_is() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("CRM").approval_by(&["bob"])).await;
        let request = ask_for(app, "alice", &package).await;
        for root in [V1, BETA] {
            let [assignments, requests, approvals] = collections(root);
            for name in ["alice", "bob", "mallory"] {
                for (collection, on) in [
                    (&assignments, &["target"] as &[&str]),
                    (&requests, &["target", "approver"]),
                    (&approvals, &["approver"]),
                    (&format!("{root}/accessPackages"), &["allowedRequestor"]),
                ] {
                    for path in [collection.clone(), format!("{collection}/$count")] {
                        let refused = app.as_user_with(name, READ).get(&path).await;
                        let error = refused.assert_error(403, "AccessDenied").json();
                        let message = error["error"]["message"].as_str().unwrap().to_owned();
                        for on in on {
                            let way = format!("filterByCurrentUser(on='{on}')");
                            assert!(message.contains(&way), "{path}: {message}");
                        }
                    }
                }
            }
            // One's own is found by id and by the function; that of others is not there.
            let path = format!("{requests}/{request}");
            for (name, status) in [("alice", 200), ("bob", 200), ("mallory", 404)] {
                app.as_user_with(name, READ)
                    .get(&path)
                    .await
                    .assert_status(status);
            }
            for (name, on, number) in [
                ("alice", "target", 1),
                ("bob", "approver", 1),
                ("bob", "target", 0),
            ] {
                let path = format!("{requests}/filterByCurrentUser(on='{on}')");
                let rows = app
                    .as_user_with(name, READ)
                    .get(&path)
                    .await
                    .assert_status(200)
                    .rows();
                assert_eq!(rows.len(), number, "{name} {on}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn az_6_a_strict_tenant_has_catalog_roles_list_one_package_at_a_time() {
    let settings = Settings {
        require_scoped_filter: true,
        ..Settings::default()
    };
    TestApp::on_both_with(Start { settings }, async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let other = app.package(Plan::new("Wiki")).await;
        give(app, "alice", &package).await;
        give(app, "alice", &other).await;
        app.give_role("carol", EmRole::CatalogReader, &package)
            .await;
        app.add_application("robot").await;
        app.give_role("robot", EmRole::CatalogOwner, &package).await;
        let scoped = [
            app.as_user_with("carol", READ),
            app.as_application("robot", &[]),
        ];
        for root in [V1, BETA] {
            let [assignments, requests, _] = collections(root);
            for list in [&assignments, &requests] {
                let named = format!("accessPackage/id eq '{}'", package.id);
                for client in &scoped {
                    for filter in [
                        String::new(),
                        "?$top=5".to_owned(),
                        format!("?$filter={named} or state ne 'x'")
                            .replace("state ne 'x'", "id ne null"),
                        format!("?$filter=not ({named})"),
                        "?$filter=id ne null".to_owned(),
                    ] {
                        let refused = client.get(&format!("{list}{filter}")).await;
                        let error = refused.assert_error(403, "FilterRequired").json();
                        assert_eq!(error["error"]["target"], "$filter");
                    }
                    for filter in [named.clone(), format!("id ne null and {named}")] {
                        let path = format!("{list}?$filter={filter}");
                        assert_eq!(
                            client.get(&path).await.assert_status(200).rows().len(),
                            1,
                            "{path}"
                        );
                    }
                }
                // Whoever sees the tenant is not asked for it.
                for client in [app.as_user("admin"), app.as_operator()] {
                    assert_eq!(client.get(list).await.assert_status(200).rows().len(), 2);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn az_6_by_default_catalog_roles_list_what_is_in_their_catalogs() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let other = app.package(Plan::new("Wiki").in_catalog("Other")).await;
        let request = give(app, "alice", &package).await;
        give(app, "alice", &other).await;
        app.give_role("carol", EmRole::CatalogOwner, &package).await;
        for root in [V1, BETA] {
            let [assignments, requests, _] = collections(root);
            let carol = app.as_user_with("carol", READ);
            let listed = carol.get(&requests).await.assert_status(200).rows();
            assert_eq!(ids(&listed), std::slice::from_ref(&request));
            let count = carol
                .get(&format!("{assignments}/$count"))
                .await
                .assert_status(200);
            assert_eq!(count.body, b"1");
            let elsewhere = format!("{assignments}?$filter=accessPackage/id eq '{}'", other.id);
            assert_eq!(
                carol.get(&elsewhere).await.assert_status(200).rows().len(),
                0
            );
        }
    })
    .await;
}

#[tokio::test]
async fn az_10_a_catalog_creator_owns_what_they_make_and_sees_nothing_else() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("CRM")).await;
    let roles = format!("{ROLES}/roleAssignments");
    let wanted = json!({
        "principalId": app.id_of("carol").to_string(), "appScopeId": "/", "directoryScopeId": "/",
        "roleDefinitionId": EmRole::CatalogCreator.definition_id().to_string(),
    });
    app.as_operator()
        .post(&roles, wanted)
        .await
        .assert_status(201);
    let carol = app.as_user_with("carol", WRITE);
    let catalogs = format!("{V1}/catalogs");
    assert_eq!(
        carol.get(&catalogs).await.assert_status(200).rows().len(),
        0
    );

    let body = json!({"displayName": "Carol's", "description": ""});
    let made = carol
        .post(&catalogs, body)
        .await
        .assert_status(201)
        .text("id");

    assert_eq!(
        ids(&carol.get(&catalogs).await.assert_status(200).rows()),
        std::slice::from_ref(&made)
    );
    let held = format!("{roles}?$filter=appScopeId eq '/AccessPackageCatalog/{made}'");
    let held = app.as_operator().get(&held).await.assert_status(200).rows();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["principalId"], app.id_of("carol").to_string());
    assert_eq!(
        held[0]["roleDefinitionId"],
        EmRole::CatalogOwner.definition_id().to_string()
    );
    let theirs = carol.get(&format!("{catalogs}/{}", package.catalog)).await;
    theirs.assert_error(404, "ResourceNotFound");
    let body = json!({"displayName": "Mallory's", "description": ""});
    let refused = app
        .as_user_with("mallory", WRITE)
        .post(&catalogs, body)
        .await;
    refused.assert_error(403, "AccessDenied");
}

#[tokio::test]
async fn az_11_roles_go_to_users_groups_and_applications_and_only_explicit_ones_are_listed() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let group = app.group("Owners", None).await;
        let members = format!("/v1.0/groups/{group}/members/$ref");
        let bob = reference("directoryObjects", &app.id_of("bob").to_string());
        app.as_operator()
            .post(&members, bob)
            .await
            .assert_status(204);
        app.add_application("robot").await;
        for name in ["alice", "Owners", "robot"] {
            app.give_role(name, EmRole::CatalogOwner, &package).await;
        }
        let path = format!("{V1}/catalogs/{}", package.catalog);
        for client in [
            app.as_user_with("alice", WRITE),
            app.as_user_with("bob", WRITE),
            app.as_application("robot", &[]),
        ] {
            let changed = client.patch(&path, json!({"description": "x"})).await;
            changed.assert_status(204);
        }
        for version in ["/v1.0", "/beta"] {
            let list = format!("{version}/roleManagement/entitlementManagement/roleAssignments");
            let rows = app.as_operator().get(&list).await.assert_status(200).rows();
            let mut holders: Vec<_> = rows
                .iter()
                .map(|row| row["principalId"].as_str().unwrap())
                .collect();
            holders.sort_unstable();
            let mut expected =
                [app.id_of("alice"), group, app.id_of("robot")].map(|id| id.to_string());
            expected.sort_unstable();
            assert_eq!(
                holders, expected,
                "bob holds it through the group, which is not listed"
            );
        }
        let wrong = json!({
            "principalId": package.id, "directoryScopeId": "/",
            "appScopeId": format!("/AccessPackageCatalog/{}", package.catalog),
            "roleDefinitionId": EmRole::CatalogOwner.definition_id().to_string(),
        });
        let refused = app
            .as_operator()
            .post(&format!("{ROLES}/roleAssignments"), wrong)
            .await;
        assert_eq!(
            refused.assert_status(400).json()["error"]["target"],
            "principalId"
        );
    })
    .await;
}

#[tokio::test]
async fn az_12_a_role_that_is_taken_away_elsewhere_counts_for_a_minute_at_most() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("CRM")).await;
    app.give_role("carol", EmRole::CatalogOwner, &package).await;
    let carol = app.as_user_with("carol", READ);
    let path = format!("{V1}/catalogs/{}", package.catalog);
    carol.get(&path).await.assert_status(200);

    // Another process takes it away: this one is not told.
    let holder = app.id_of("carol");
    let store = &app.service().store;
    let taken = store.write(move |tx| {
        for held in store::role_assignment::held_by(tx, &[holder])? {
            store::role_assignment::delete(tx, held.id)?;
        }
        Ok::<(), store::Error>(())
    });
    taken.await.unwrap();

    app.advance(Duration::from_secs(59));
    carol.get(&path).await.assert_status(200);
    app.advance(Duration::from_secs(1));
    carol.get(&path).await.assert_error(403, "AccessDenied");
}

#[tokio::test]
async fn az_20_sponsors_read_nothing_by_being_sponsors() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("CRM")).await;
    let request = give(&app, "alice", &package).await;
    let body = super::world::organization("contoso.com");
    let organizations = format!("{V1}/connectedOrganizations");
    let made = app.as_operator().post(&organizations, body).await;
    let made = made.assert_status(201).text("id");
    for (kind, name) in [("internalSponsors", "carol"), ("externalSponsors", "dave")] {
        let path = format!("{organizations}/{made}/{kind}/$ref");
        let link = reference("users", &app.id_of(name).to_string());
        app.as_operator().post(&path, link).await.assert_status(204);
    }
    for name in ["carol", "dave"] {
        let sponsor = app.as_user_with(name, READ);
        for closed in [organizations.clone(), format!("{organizations}/{made}")] {
            sponsor.get(&closed).await.assert_error(403, "AccessDenied");
        }
        for list in collections(V1) {
            sponsor.get(&list).await.assert_error(403, "AccessDenied");
        }
        let path = format!("{V1}/assignmentRequests/{request}");
        sponsor
            .get(&path)
            .await
            .assert_error(404, "ResourceNotFound");
        let path = format!("{V1}/assignmentRequests/filterByCurrentUser(on='approver')");
        assert_eq!(sponsor.get(&path).await.assert_status(200).rows().len(), 0);
    }
}

/// Sets what the stages of a package's policy tell of their approvers.
async fn show_approvers(app: &TestApp, package: &Package, words: &[&str]) {
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let mut policy = app.as_operator().get(&path).await.assert_status(200).json();
    for (stage, word) in words.iter().enumerate() {
        policy["requestApprovalSettings"]["stages"][stage]["approverInformationVisibility"] =
            json!(word);
    }
    policy["accessPackage"] = json!({"id": package.id});
    app.as_operator()
        .put(&path, policy)
        .await
        .assert_status(200);
}

async fn tenant_shows_approvers(app: &TestApp, shows: bool) {
    let controls = format!("{V1}/controlConfigurations");
    let rows = app
        .as_operator()
        .get(&controls)
        .await
        .assert_status(200)
        .rows();
    let settings = rows
        .iter()
        .find(|row| row["@odata.type"] == "#microsoft.graph.endUserSettings");
    let path = format!("{controls}/{}", settings.unwrap()["id"].as_str().unwrap());
    let body = json!({"@odata.type": "#microsoft.graph.endUserSettings", "showApproverDetailsToMembers": shows});
    app.as_operator().put(&path, body).await.assert_status(200);
}

/// The names of those who decided, stage by stage, as somebody sees them in a version; by an expansion and by the list.
async fn reviewers(app: &TestApp, name: &str, root: &str, request: &str) -> Vec<String> {
    let [_, _, approvals] = collections(root);
    let stages = if root == V1 { "stages" } else { "steps" };
    let client = app.as_user_with(name, OWN);
    let expanded = client
        .get(&format!("{approvals}/{request}?$expand={stages}"))
        .await;
    let expanded = expanded.assert_status(200).json()[stages]
        .as_array()
        .unwrap()
        .clone();
    let listed = client
        .get(&format!("{approvals}/{request}/{stages}"))
        .await
        .assert_status(200)
        .rows();
    let named = |rows: &[Value]| -> Vec<String> {
        let name = |row: &Value| {
            row["reviewedBy"]["displayName"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        rows.iter().map(name).collect()
    };
    assert_eq!(named(&expanded), named(&listed));
    assert!(
        listed
            .iter()
            .all(|row| row["reviewResult"] == "Approve" || row["reviewResult"] == "Approved")
    );
    named(&listed)
}

#[tokio::test]
async fn az_21_who_decided_is_shown_to_requestors_only_where_policy_or_tenant_say_so() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("CRM")
            .approval_by(&["bob"])
            .approval_by(&["carol"]);
        let package = app.package(plan).await;
        let request = ask_for(app, "alice", &package).await;
        for approver in ["bob", "carol"] {
            let stages = format!("{V1}/accessPackageAssignmentApprovals/{request}/stages");
            let rows = app
                .as_user(approver)
                .get(&stages)
                .await
                .assert_status(200)
                .rows();
            let open = rows
                .iter()
                .find(|row| row["status"] == "InProgress")
                .unwrap();
            let path = format!("{stages}/{}", open["id"].as_str().unwrap());
            let verdict = json!({"reviewResult": "Approve", "justification": "known"});
            app.as_user(approver)
                .patch(&path, verdict)
                .await
                .assert_status(204);
        }
        app.deliver().await;

        for (words, tenant, seen) in [
            (["notVisible", "visible"], true, ["", "carol"]),
            (["default", "notVisible"], true, ["bob", ""]),
            (["default", "visible"], false, ["", "carol"]),
            (["default", "default"], false, ["", ""]),
            (["default", "default"], true, ["bob", "carol"]),
        ] {
            show_approvers(app, &package, &words).await;
            tenant_shows_approvers(app, tenant).await;
            for root in [V1, BETA] {
                assert_eq!(
                    reviewers(app, "alice", root, &request).await,
                    seen,
                    "{words:?} {tenant}"
                );
                // Whoever was asked sees how the others decided.
                assert_eq!(
                    reviewers(app, "bob", root, &request).await,
                    ["bob", "carol"]
                );
            }
        }
        // The tenant speaks to its members only.
        let guest = json!({"userType": "Guest"});
        let path = format!("/v1.0/users/{}", app.id_of("alice"));
        app.as_operator()
            .patch(&path, guest)
            .await
            .assert_status(204);
        assert_eq!(reviewers(app, "alice", V1, &request).await, ["", ""]);
        let approval = format!("{V1}/accessPackageAssignmentApprovals/{request}");
        let stranger = app.as_user_with("mallory", OWN).get(&approval).await;
        stranger.assert_error(404, "ResourceNotFound");
    })
    .await;
}

#[tokio::test]
async fn az_30_an_unknown_option_is_refused_and_what_is_ones_own_takes_the_options_of_the_collection()
 {
    TestApp::on_both(async |app| {
        let mut requests_made = Vec::new();
        for name in ["Books", "CRM", "Wiki"] {
            let package = app.package(Plan::new(name)).await;
            requests_made.push(give(app, "alice", &package).await);
            app.advance(Duration::from_secs(1));
        }
        let alice = app.as_user_with("alice", OWN);
        for root in [V1, BETA] {
            let [assignments, requests, approvals] = collections(root);
            for collection in [
                &assignments,
                &requests,
                &approvals,
                &format!("{root}/accessPackages"),
            ] {
                for on in ["nobody", "", "unknownFutureValue"] {
                    let path = format!("{collection}/filterByCurrentUser(on='{on}')");
                    alice.get(&path).await.assert_error(400, "BadRequest");
                }
            }
            for (collection, on) in [
                (&approvals, "target"),
                (&assignments, "approver"),
                (&requests, "allowedRequestor"),
            ] {
                let path = format!("{collection}/filterByCurrentUser(on='{on}')");
                alice.get(&path).await.assert_error(400, "BadRequest");
            }
            for collection in [&assignments, &requests] {
                let path = format!(
                    "{collection}/filterByCurrentUser(on='targetAgentIdentitySponsorOrOwner')"
                );
                assert_eq!(alice.get(&path).await.assert_status(200).rows().len(), 0);
            }
            let own = format!("{requests}/filterByCurrentUser(on='target')");
            let mut seen = Vec::new();
            let mut next = Some(format!(
                "{own}?$top=1&$count=true&$select=id&$orderby=createdDateTime"
            ));
            while let Some(path) = next.take() {
                let page = alice.get(&path).await.assert_status(200).json();
                let rows = page["value"].as_array().unwrap();
                assert_eq!(rows.len(), 1);
                assert_eq!(rows[0].as_object().unwrap().len(), 1, "$select");
                seen.extend(ids(rows));
                let link = page["@odata.nextLink"].as_str();
                next = link.map(|link| link.strip_prefix("http://reeve.test").unwrap().to_owned());
            }
            assert_eq!(seen, requests_made);
            let path =
                format!("{own}?$filter=accessPackage/displayName eq 'CRM'&$expand=accessPackage");
            let rows = alice.get(&path).await.assert_status(200).rows();
            assert_eq!(ids(&rows), [requests_made[1].clone()]);
            let wrong = alice.get(&format!("{own}?$filter=nothing eq 'x'")).await;
            wrong.assert_error(400, "BadRequest");
        }
    })
    .await;
}
