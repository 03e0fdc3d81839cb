//! What end users are offered, through both versions: packages that they may ask for, suggestions, what is their own
//! (semantics 1.1, 7.4, AZ-4, AZ-21).

use auth::principal::Permission;
use http::Method;
use serde_json::{Value, json};
use testkit::{Package, Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

/// The names in a list, in its order.
fn names(rows: &[Value]) -> Vec<String> {
    let name = |row: &Value| row["displayName"].as_str().unwrap().to_owned();
    rows.iter().map(name).collect()
}

fn ids(rows: &[Value]) -> Vec<String> {
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    rows.iter().map(id).collect()
}

async fn hide(app: &TestApp, package: &Package) {
    let path = format!("{V1}/accessPackages/{}", package.id);
    let change = json!({"isHidden": true});
    app.as_operator()
        .patch(&path, change)
        .await
        .assert_status(204);
}

async fn close_catalog(app: &TestApp, package: &Package) {
    let path = format!("{V1}/catalogs/{}", package.catalog);
    let change = json!({"state": "unpublished"});
    app.as_operator()
        .patch(&path, change)
        .await
        .assert_status(204);
}

#[tokio::test]
async fn az_21_users_see_what_they_may_ask_for_and_what_is_in_it() {
    TestApp::on_both(async |app| {
        let books = app.package(Plan::new("Books").member_here("Readers")).await;
        let tools = app.package(Plan::new("Tools")).await;
        let closed = app.package(Plan::new("Closed").in_catalog("Drafts")).await;
        let secret = app.package(Plan::new("Secret").member_here("Few")).await;
        close_catalog(app, &closed).await;
        hide(app, &secret).await;
        let alice = app.as_user_with("alice", &[Permission::SubjectAccessReadWrite]);

        for root in [V1, BETA] {
            let list = format!("{root}/availableAccessPackages");
            let rows = alice.get(&list).await.assert_status(200).rows();
            assert_eq!(names(&rows), ["Books", "Tools"], "RQ-9");
            let expected =
                json!({"id": books.id, "displayName": "Books", "description": "Made for a test."});
            assert_eq!(rows[0], expected);
            let count = alice
                .get(&format!("{list}/$count"))
                .await
                .assert_status(200);
            assert_eq!(count.body, b"2");
            let page = alice
                .get(&format!("{list}?$top=1&$count=true"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(page["@odata.count"], 2);
            let next = page["@odata.nextLink"].as_str().unwrap();
            let rest = alice
                .get(next.strip_prefix("http://reeve.test").unwrap())
                .await
                .assert_status(200)
                .rows();
            assert_eq!(ids(&rest), std::slice::from_ref(&tools.id));
            let filtered = format!("{list}?$filter=contains(displayName,'ool')&$select=id");
            assert_eq!(
                alice.get(&filtered).await.assert_status(200).rows(),
                [json!({"id": tools.id})]
            );

            let one = format!("{list}/{}", books.id);
            alice.get(&one).await.assert_status(200);
            let scopes = alice
                .get(&format!("{one}/resourceRoleScopes?$expand=*"))
                .await
                .assert_status(200)
                .rows();
            assert_eq!(ids(&scopes), std::slice::from_ref(&books.role().role_scope));
            let scope = format!("{one}/resourceRoleScopes/{}", books.role().role_scope);
            alice.get(&scope).await.assert_status(200);
            let expanded = alice
                .get(&format!("{one}?$expand=resourceRoleScopes"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(expanded["resourceRoleScopes"].as_array().unwrap().len(), 1);
            let count = alice
                .get(&format!("{one}/resourceRoleScopes/$count"))
                .await
                .assert_status(200);
            assert_eq!(count.body, b"1");

            let hidden = format!("{list}/{}", secret.id);
            alice.get(&hidden).await.assert_status(200);
            alice
                .get(&format!("{hidden}/resourceRoleScopes"))
                .await
                .assert_status(200);
            alice
                .get(&format!("{list}/{}", closed.id))
                .await
                .assert_error(404, "ResourceNotFound");
            alice
                .get(&format!("{list}/{}/resourceRoleScopes", closed.id))
                .await
                .assert_error(404, "ResourceNotFound");
            alice
                .get(&format!("{list}/7"))
                .await
                .assert_error(400, "BadRequest");
            alice
                .get(&format!("{list}/{NOWHERE}"))
                .await
                .assert_error(404, "ResourceNotFound");
        }
    })
    .await;
}

#[tokio::test]
async fn az_4_offers_are_for_users_alone_and_only_read() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    let stranger = app.as_user_with("bob", &[Permission::UserReadAll]);

    for root in [V1, BETA] {
        for set in ["availableAccessPackages", "accessPackageSuggestions"] {
            let list = format!("{root}/{set}");
            app.as_operator()
                .get(&list)
                .await
                .assert_error(403, "AccessDenied");
            stranger.get(&list).await.assert_error(403, "AccessDenied");
            app.as_nobody().get(&list).await.assert_status(401);
            let post = app.as_user("admin").post(&list, json!({})).await;
            assert_eq!(
                post.assert_error(405, "MethodNotAllowed").headers["allow"],
                "GET, HEAD"
            );
            for method in [Method::PATCH, Method::DELETE] {
                let one = format!("{list}/{}", books.id);
                app.as_user("admin")
                    .ask(method, &one)
                    .await
                    .assert_error(405, "MethodNotAllowed");
            }
        }
        let behind = format!(
            "{root}/availableAccessPackages/{}/resourceRoleScopes",
            books.id
        );
        app.as_user("admin")
            .post(&behind, json!({}))
            .await
            .assert_error(405, "MethodNotAllowed");
    }
}

/// `carol` manages `alice`, `bob` and `dave`.
async fn team(app: &TestApp) {
    let carol = app.id_of("carol");
    for name in ["alice", "bob", "dave"] {
        let path = format!("/v1.0/users/{}/manager/$ref", app.id_of(name));
        let body = json!({"@odata.id": format!("http://reeve.test/v1.0/users/{carol}")});
        app.as_operator().put(&path, body).await.assert_status(204);
    }
}

async fn insight(app: &TestApp, level: &str) {
    let list = format!("{V1}/controlConfigurations");
    let admin = app.as_user("admin");
    let rows = admin.get(&list).await.assert_status(200).rows();
    let kind = "#microsoft.graph.endUserSettings";
    let row = rows.iter().find(|row| row["@odata.type"] == kind).unwrap();
    let path = format!("{list}/{}", row["id"].as_str().unwrap());
    let body = json!({"@odata.type": kind, "isEnabled": true, "relatedPeopleInsightLevel": level});
    admin.put(&path, body).await.assert_status(200);
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story, and what it comes to in both versions"
)]
async fn suggestions_come_from_the_team_and_from_the_past() {
    TestApp::on_both(async |app| {
        team(app).await;
        let books = app.package(Plan::new("Books")).await;
        let tools = app.package(Plan::new("Tools")).await;
        let shared = app.package(Plan::new("Shared")).await;
        let foreign = app.package(Plan::new("Foreign")).await;
        for (package, name) in [
            (&books, "bob"),
            (&books, "carol"),
            (&shared, "bob"),
            (&shared, "alice"),
            (&foreign, "erin"),
        ] {
            app.assign(package, name).await;
        }
        let past = app.assign(&tools, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&past).await;
        app.remove(&assignment).await;
        app.deliver().await;
        let alice = app.as_user_with("alice", &[Permission::SubjectAccessReadWrite]);

        for root in [V1, BETA] {
            let list = format!("{root}/accessPackageSuggestions");
            let by = |on: &str| format!("{list}/filterByCurrentUser(on='{on}')");
            insight(app, "disabled").await;
            assert_eq!(
                alice
                    .get(&by("relatedPeopleAssignments"))
                    .await
                    .assert_status(200)
                    .rows(),
                [] as [Value; 0]
            );
            insight(app, "count").await;
            let rows = alice
                .get(&by("RELATEDPEOPLEASSIGNMENTS"))
                .await
                .assert_status(200)
                .rows();
            let counted = json!([{
                "@odata.type": "#microsoft.graph.accessPackageSuggestionRelatedPeopleBased",
                "relatedPeopleAssignmentCount": 2, "relatedPeople": []
            }]);
            assert_eq!(
                rows,
                [json!({"id": books.id, "reasons": counted})],
                "what she has is not suggested"
            );
            insight(app, "countAndNames").await;
            let rows = alice
                .get(&by("relatedPeopleAssignments"))
                .await
                .assert_status(200)
                .rows();
            let people = json!([
                {"id": app.id_of("bob").to_string(), "displayName": "bob"},
                {"id": app.id_of("carol").to_string(), "displayName": "carol"}
            ]);
            assert_eq!(rows[0]["reasons"][0]["relatedPeople"], people);

            let rows = alice
                .get(&by("assignmentHistory"))
                .await
                .assert_status(200)
                .rows();
            assert_eq!(ids(&rows), std::slice::from_ref(&tools.id));
            let reason = &rows[0]["reasons"][0];
            assert_eq!(
                reason["@odata.type"],
                "#microsoft.graph.accessPackageSuggestionSelfAssignmentHistoryBased"
            );
            assert_eq!(reason["pastAssignmentCount"], 1);
            assert_eq!(reason["lastAssignmentDateTime"], app.now().to_string());
            assert_eq!(
                alice.get(&by("none")).await.assert_status(200).rows(),
                [] as [Value; 0]
            );

            let both = by("assignmentHistory,relatedPeopleAssignments");
            let rows = alice.get(&both).await.assert_status(200).rows();
            assert_eq!(ids(&rows), [books.id.clone(), tools.id.clone()]);
            assert_eq!(alice.get(&list).await.assert_status(200).rows(), rows);
            assert_eq!(
                alice
                    .get(&format!("{both}/$count"))
                    .await
                    .assert_status(200)
                    .body,
                b"2"
            );
            assert_eq!(
                alice
                    .get(&format!("{list}/$count"))
                    .await
                    .assert_status(200)
                    .body,
                b"2"
            );
            let page = alice
                .get(&format!("{both}?$top=1&$count=true&$select=reasons"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(page["value"].as_array().unwrap().len(), 1);
            assert_eq!(page["value"][0]["reasons"].as_array().unwrap().len(), 1);
            let next = page["@odata.nextLink"].as_str().unwrap();
            let rest = alice
                .get(next.strip_prefix("http://reeve.test").unwrap())
                .await
                .assert_status(200)
                .json();
            assert_eq!(rest["value"].as_array().unwrap().len(), 1);
            assert_eq!(rest.get("@odata.nextLink"), None);
            let filtered = format!(
                "{both}?$filter=accessPackage/displayName eq 'Tools'&$expand=accessPackage"
            );
            let rows = alice.get(&filtered).await.assert_status(200).rows();
            assert_eq!(rows[0]["accessPackage"]["displayName"], "Tools");

            let one = format!("{list}/{}", books.id);
            let read = alice.get(&one).await.assert_status(200).json();
            assert_eq!(read["reasons"][0]["relatedPeopleAssignmentCount"], 2);
            let package = alice
                .get(&format!("{one}/accessPackage"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(package["displayName"], "Books");
            alice
                .get(&format!("{list}/{}", foreign.id))
                .await
                .assert_error(404, "ResourceNotFound");
            alice
                .get(&by("everything"))
                .await
                .assert_error(400, "BadRequest");
            app.as_operator()
                .get(&both)
                .await
                .assert_error(403, "AccessDenied");
        }
    })
    .await;
}

#[tokio::test]
async fn section_7_4_every_option_means_the_caller_in_its_way() {
    let app = TestApp::new().await;
    team(&app).await;
    let books = app.package(Plan::new("Books")).await;
    let tools = app.package(Plan::new("Tools").approval_by(&["erin"])).await;
    app.ask(&books, "alice").await;
    app.assign(&books, "bob").await;
    app.deliver().await;
    let waiting = app.ask(&tools, "alice").await;
    app.deliver().await;

    for (root, assignments, requests) in [
        (V1, "assignments", "assignmentRequests"),
        (BETA, "accessPackageAssignments", "assignmentRequests"),
        (
            BETA,
            "accessPackageAssignments",
            "accessPackageAssignmentRequests",
        ),
    ] {
        for (who, set, on, expected) in [
            ("alice", "accessPackages", "allowedRequestor", 2),
            ("alice", assignments, "target", 1),
            ("bob", assignments, "target", 1),
            ("erin", assignments, "target", 0),
            ("alice", assignments, "createdBy", 1),
            ("bob", assignments, "createdBy", 0),
            ("carol", assignments, "targetManager", 2),
            ("alice", assignments, "targetManager", 0),
            ("alice", assignments, "targetAgentIdentitySponsorOrOwner", 0),
            ("alice", requests, "target", 2),
            ("alice", requests, "createdBy", 2),
            ("bob", requests, "createdBy", 0),
            ("bob", requests, "target", 1),
            ("erin", requests, "approver", 1),
            ("alice", requests, "approver", 0),
            ("alice", requests, "targetOrRequestor", 2),
            ("carol", requests, "targetManager", 3),
            ("alice", requests, "requestForOthers", 0),
            ("alice", requests, "targetAgentIdentitySponsorOrOwner", 0),
            ("erin", "accessPackageAssignmentApprovals", "approver", 1),
            ("alice", "accessPackageAssignmentApprovals", "approver", 0),
        ] {
            let caller = app.as_user_with(who, &[Permission::SubjectAccessReadWrite]);
            for on in [on.to_owned(), on.to_uppercase(), on.to_lowercase()] {
                let path = format!("{root}/{set}/filterByCurrentUser(on='{on}')");
                let rows = caller.get(&path).await.assert_status(200).rows();
                assert_eq!(rows.len(), expected, "{who} {path}");
            }
            let path = format!("{root}/{set}/microsoft.graph.filterByCurrentUser(on='{on}')");
            let count = caller
                .get(&format!("{path}/$count"))
                .await
                .assert_status(200);
            assert_eq!(count.body, expected.to_string().as_bytes(), "{path}");
            let page = caller
                .get(&format!("{path}?$top=1&$count=true&$select=id"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(page["@odata.count"], expected, "{path}");
            assert_eq!(
                page.get("@odata.nextLink").is_some(),
                expected > 1,
                "{path}"
            );
            app.as_operator()
                .get(&path)
                .await
                .assert_error(403, "AccessDenied");
        }
        for (set, on) in [
            ("accessPackages", "target"),
            ("accessPackages", "unknownFutureValue"),
            (assignments, "approver"),
            (requests, "allowedRequestor"),
            ("accessPackageAssignmentApprovals", "target"),
            ("accessPackageAssignmentApprovals", "createdBy"),
            ("accessPackageSuggestions", "target"),
        ] {
            let path = format!("{root}/{set}/filterByCurrentUser(on='{on}')");
            app.as_user("alice")
                .get(&path)
                .await
                .assert_error(400, "BadRequest");
        }
    }
    app.decide(&waiting, "erin", "Deny")
        .await
        .assert_status(204);
    app.deliver().await;
}

#[tokio::test]
async fn od_1_search_of_beta_is_the_collection_under_another_name() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    app.package(Plan::new("Tools").in_catalog("Drafts")).await;
    let admin = app.as_user("admin");

    let all = format!("{BETA}/accessPackages/Search()");
    assert_eq!(
        names(&admin.get(&all).await.assert_status(200).rows()),
        ["Books", "Tools"]
    );
    let found = admin
        .get(&format!("{all}?$search=book&$expand=accessPackageCatalog"))
        .await;
    let rows = found.assert_status(200).rows();
    assert_eq!(ids(&rows), std::slice::from_ref(&books.id));
    assert_eq!(rows[0]["accessPackageCatalog"]["displayName"], "Sales");
    assert_eq!(
        admin
            .get(&format!("{all}/$count"))
            .await
            .assert_status(200)
            .body,
        b"2"
    );
    let catalogs = format!("{BETA}/accessPackageCatalogs/microsoft.graph.search()?$search=draft");
    assert_eq!(
        names(&admin.get(&catalogs).await.assert_status(200).rows()),
        ["Drafts"]
    );
    let page = admin
        .get(&format!("{all}?$top=1"))
        .await
        .assert_status(200)
        .json();
    let next = page["@odata.nextLink"]
        .as_str()
        .unwrap()
        .strip_prefix("http://reeve.test")
        .unwrap();
    assert_eq!(
        names(&admin.get(next).await.assert_status(200).rows()),
        ["Tools"]
    );

    app.as_user("alice")
        .get(&all)
        .await
        .assert_error(403, "AccessDenied");
    admin
        .get(&format!("{V1}/accessPackages/Search()"))
        .await
        .assert_error(400, "BadRequest");
    admin
        .post_empty(&all)
        .await
        .assert_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn my_of_beta_is_what_was_delivered_to_the_caller() {
    TestApp::on_both(async |app| {
        let books = app.package(Plan::new("Books").member_here("Readers")).await;
        app.assign(&books, "alice").await;
        app.assign(&books, "bob").await;
        app.deliver().await;
        let mine = format!("{BETA}/accessPackageAssignmentResourceRoles/My()");

        let rows = app
            .as_user("alice")
            .get(&mine)
            .await
            .assert_status(200)
            .rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["originId"], books.role().origin_id);
        assert_eq!(rows[0]["status"], "Fulfilled");
        let expanded = format!("{mine}?$expand=accessPackageSubject&$filter=status eq 'Fulfilled'");
        app.as_user("alice").get(&expanded).await.assert_status(400);
        let expanded = format!("{mine}?$expand=accessPackageSubject");
        let rows = app
            .as_user("alice")
            .get(&expanded)
            .await
            .assert_status(200)
            .rows();
        assert_eq!(
            rows[0]["accessPackageSubject"]["objectId"],
            app.id_of("alice").to_string()
        );
        let count = app.as_user("carol").get(&format!("{mine}/$count")).await;
        assert_eq!(count.assert_status(200).body, b"0");
        app.as_operator()
            .get(&mine)
            .await
            .assert_error(403, "AccessDenied");
    })
    .await;
}
