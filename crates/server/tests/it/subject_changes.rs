//! What happens to assignments and approvals when people of the directory go and come back (semantics 3.3).

use domain::directory::GroupRole;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Package, Plan, TestApp};

use crate::support::V1;

async fn holds(app: &TestApp, package: &Package, name: &str) -> bool {
    let path = format!("/v1.0/groups/{}/members", package.roles[0].group);
    let rows = app.as_operator().get(&path).await.assert_status(200).rows();
    let id = app.id_of(name).to_string();
    rows.iter().any(|row| row["id"] == id.as_str())
}

async fn delete(app: &TestApp, name: &str) {
    let path = format!("/v1.0/users/{}", app.id_of(name));
    app.as_operator().delete(&path).await.assert_status(204);
}

async fn restore(app: &TestApp, name: &str) {
    let id = app.id_of(name);
    let path = format!("/v1.0/directory/deletedItems/{id}/restore");
    let restored = app.as_operator().post_empty(&path).await;
    assert_eq!(restored.assert_status(200).text("id"), id.to_string());
}

#[tokio::test]
async fn deleted_users_are_listed_restored_and_removed_for_good_in_both_versions() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        for (root, name) in [("/v1.0", "alice"), ("/beta", "bob")] {
            let id = app.id_of(name).to_string();
            let list = format!("{root}/directory/deletedItems/microsoft.graph.user");
            let one = format!("{root}/directory/deletedItems/{id}");
            operator
                .get(&one)
                .await
                .assert_error(404, "ResourceNotFound");
            delete(app, name).await;

            let rows = operator.get(&list).await.assert_status(200).rows();
            assert_eq!(rows.len(), 1, "{list}");
            assert_eq!(rows[0]["id"], id.as_str());
            assert_eq!(rows[0]["displayName"], name);
            let shown = operator.get(&one).await.assert_status(200).json();
            assert_eq!(shown["deletedDateTime"], app.now().to_string());
            assert_eq!(shown["userPrincipalName"], format!("{name}@reeve.test"));
            // Who may do nothing in the directory may not bring anybody back.
            let restore = format!("{one}/restore");
            let path = app.as_user("carol").post_empty(&restore).await;
            path.assert_error(403, "AccessDenied");

            let restored = operator
                .post_empty(&restore)
                .await
                .assert_status(200)
                .json();
            assert_eq!(restored["userPrincipalName"], format!("{name}@reeve.test"));
            operator
                .get(&format!("{root}/users/{id}"))
                .await
                .assert_status(200);
            operator
                .get(&one)
                .await
                .assert_error(404, "ResourceNotFound");
            operator
                .post_empty(&restore)
                .await
                .assert_error(404, "ResourceNotFound");

            delete(app, name).await;
            operator.delete(&one).await.assert_status(204);
            operator
                .delete(&one)
                .await
                .assert_error(404, "ResourceNotFound");
            let rows = operator.get(&list).await.assert_status(200).rows();
            assert_eq!(rows.len(), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn as_18_whoever_was_deleted_thirty_days_ago_is_gone_for_good() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Choir").member_here("Singers")).await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        delete(app, "alice").await;
        let path = format!("/v1.0/directory/deletedItems/{}", app.id_of("alice"));
        app.advance(Duration::from_micros(Duration::from_days(30).micros() - 1));
        app.deliver().await;
        app.as_operator().get(&path).await.assert_status(200);
        assert_eq!(
            app.assignment_state(&assignment).await,
            "delivered",
            "AS-16"
        );

        app.advance(Duration::from_micros(1));
        app.deliver().await;

        app.as_operator().get(&path).await.assert_status(404);
        assert_eq!(app.assignment_state(&assignment).await, "expired");
    })
    .await;
}

#[tokio::test]
async fn as_17_a_restored_user_has_the_access_again_after_the_next_reprocessing() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Choir").member_here("Singers")).await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        assert!(holds(app, &package, "alice").await);

        delete(app, "alice").await;
        app.deliver().await;
        assert!(!holds(app, &package, "alice").await, "AS-16");
        assert_eq!(
            app.assignment_state(&assignment).await,
            "delivered",
            "AS-16"
        );
        restore(app, "alice").await;
        app.deliver().await;
        assert!(!holds(app, &package, "alice").await, "not by itself");

        let path = format!("{V1}/assignments/{assignment}/reprocess");
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;
        assert!(holds(app, &package, "alice").await);
    })
    .await;
}

#[tokio::test]
async fn as_17_a_restored_user_has_the_access_again_when_the_roles_of_the_package_change() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Choir").member_here("Singers")).await;
        for name in ["alice", "bob"] {
            app.assign(&package, name).await;
        }
        app.deliver().await;
        delete(app, "alice").await;
        restore(app, "alice").await;
        // What somebody else takes away is drift, and stays (L8).
        let path = format!(
            "/v1.0/groups/{}/members/{}/$ref",
            package.role().group,
            app.id_of("bob")
        );
        app.as_operator().delete(&path).await.assert_status(204);

        app.add_role(&package, "Soloists", GroupRole::Member, None)
            .await;
        app.deliver().await;

        assert!(holds(app, &package, "alice").await);
        assert!(!holds(app, &package, "bob").await);
    })
    .await;
}

#[tokio::test]
async fn as_19_where_the_approver_is_gone_the_stand_in_decides_and_without_one_nobody() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Choir").approval_by_or(&["bob"], &["carol"]);
        let package = app.package(plan).await;
        let request = app.ask(&package, "alice").await;
        app.deliver().await;
        let waiting = async |name: &str| -> Vec<Value> {
            let path =
                format!("{V1}/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')");
            app.as_user(name).get(&path).await.assert_status(200).rows()
        };
        assert_eq!(waiting("carol").await.len(), 0, "AP-7");

        delete(app, "bob").await;
        assert_eq!(waiting("carol").await.len(), 1);
        delete(app, "carol").await;
        // AP-8: it waits for somebody, or its end.
        app.deliver().await;
        assert_eq!(app.state(&request).await, "pendingApproval");
        restore(app, "carol").await;
        app.decide(&request, "carol", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;
        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn as_19_a_sponsor_who_is_gone_speaks_for_nobody() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let body = json!({"displayName": "Partner", "identitySources": [{
            "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "partner.example"}]});
        let path = format!("{V1}/connectedOrganizations");
        let organization = operator.post(&path, body).await.assert_status(201).text("id");
        let links = format!("{path}/{organization}/internalSponsors/$ref");
        let bob = format!("https://h/v1.0/directoryObjects/{}", app.id_of("bob"));
        operator.post(&links, json!({"@odata.id": bob})).await.assert_status(204);
        let package = app.package(Plan::new("Partners")).await;
        let catalog = format!("{V1}/catalogs/{}", package.catalog);
        let open = json!({"isExternallyVisible": true});
        operator.patch(&catalog, open).await.assert_status(204);
        let carol = app.id_of("carol").to_string();
        let policy = json!({
            "displayName": "Outside", "description": "", "allowedTargetScope": "allExternalUsers",
            "expiration": {"type": "noExpiration"},
            "requestApprovalSettings": {"isApprovalRequiredForAdd": true, "stages": [{
                "durationBeforeAutomaticDenial": "P14D",
                "primaryApprovers": [{"@odata.type": "#microsoft.graph.internalSponsors"}],
                "fallbackPrimaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": carol}],
            }]},
            "accessPackage": {"id": package.id},
        });
        let path = format!("{V1}/assignmentPolicies");
        let policy = operator.post(&path, policy).await.assert_status(201).text("id");
        let assign = async |address: &str| {
            let body = json!({"requestType": "adminAdd", "assignment": {
                "target": {"email": address}, "assignmentPolicyId": policy, "accessPackageId": package.id}});
            let path = format!("{V1}/assignmentRequests");
            operator.post(&path, body).await.assert_status(201).text("id")
        };

        // Somebody known by an address only belongs to the organization, and so its sponsor decides (AP-16).
        let first = assign("ann@partner.example").await;
        app.decide(&first, "carol", "Approve").await.assert_status(403);
        app.decide(&first, "bob", "Approve").await.assert_status(204);
        let second = assign("ben@partner.example").await;
        delete(app, "bob").await;
        app.decide(&second, "carol", "Approve").await.assert_status(204);
        app.deliver().await;
        assert_eq!(app.state(&first).await, "delivered");
        assert_eq!(app.state(&second).await, "delivered");
    })
    .await;
}
