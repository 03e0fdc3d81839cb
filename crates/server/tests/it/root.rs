//! What lies above the entity sets: `$metadata`, the service document and the roots.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{BETA, TestApp, V1};

const ROOTS: &[&str] = &[
    "identityGovernance/entitlementManagement",
    "identityGovernance",
    "auditLogs",
];

#[tokio::test]
async fn metadata_is_open_to_everybody_in_both_versions() {
    let app = TestApp::new().await;
    let nobody = app.as_nobody();

    for (version, own) in [
        ("v1.0", "Name=\"assignmentPolicies\""),
        ("beta", "Name=\"accessPackageAssignmentPolicies\""),
    ] {
        let reply = nobody
            .get(&format!("/{version}/$metadata"))
            .await
            .assert_status(200);
        let text = String::from_utf8(reply.body.clone()).unwrap();

        assert!(
            reply.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("application/xml")
        );
        assert_eq!(reply.headers["odata-version"], "4.0");
        assert!(text.starts_with("<?xml") && text.contains(own), "{version}");
    }
    nobody
        .post_empty("/v1.0/$metadata")
        .await
        .assert_error(405, "MethodNotAllowed");
    nobody.get("/v1.0/$metadata/more").await.assert_status(401);
}

#[tokio::test]
async fn the_service_document_names_what_is_right_below_the_version() {
    let app = TestApp::new().await;

    let bare = app.as_nobody().get("/v1.0").await.assert_status(200).json();
    let slashed = app
        .as_nobody()
        .get("/beta/")
        .await
        .assert_status(200)
        .json();

    let named = |document: &Value, name: &str, kind: &str| {
        let rows = document["value"].as_array().unwrap();
        rows.contains(&json!({"name": name, "kind": kind, "url": name}))
    };
    for document in [bare, slashed] {
        assert!(named(&document, "users", "EntitySet"));
        assert!(named(&document, "identityGovernance", "Singleton"));
        assert!(named(&document, "me", "Singleton"));
        assert!(!named(&document, "identityGovernance", "EntitySet"));
    }
}

#[tokio::test]
async fn a_root_has_its_id_and_what_hangs_on_it_when_it_is_named() {
    let app = TestApp::new().await;
    let package = app.two_role_package().await;
    let operator = app.as_operator();

    let plain = operator.get(V1).await.assert_status(200).json();
    let wide = operator
        .get(&format!("{V1}?$expand=accessPackages"))
        .await
        .assert_status(200)
        .json();
    let narrow = operator
        .get(&format!("{BETA}?$select=accessPackages"))
        .await
        .assert_status(200)
        .json();

    assert_eq!(plain["id"], "entitlementManagement");
    let context = plain["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("/v1.0/$metadata#identityGovernance/entitlementManagement/$entity"));
    assert_eq!(wide["accessPackages"][0]["id"], package.id.as_str());
    assert_eq!(narrow.get("id"), None);
    operator
        .get(&format!("{V1}?$select=wings"))
        .await
        .assert_status(400);
    operator
        .get(&format!("{V1}?$expand=wings"))
        .await
        .assert_status(400);
    operator
        .get(&format!("{V1}?$expand=accessPackages($top=1)"))
        .await
        .assert_status(400);
}

#[tokio::test]
async fn a_root_is_for_callers_and_for_reading_alone() {
    let app = TestApp::new().await;

    for version in ["v1.0", "beta"] {
        for root in ROOTS {
            let path = format!("/{version}/{root}");
            app.as_nobody().get(&path).await.assert_status(401);
            app.as_operator().get(&path).await.assert_status(200);
            for method in [Method::PATCH, Method::DELETE] {
                let refused = app.as_operator().ask(method, &path).await;
                let refused = refused.assert_error(405, "MethodNotAllowed");
                assert_eq!(refused.headers["allow"], "GET, HEAD");
            }
        }
    }
}

#[tokio::test]
async fn a_command_that_is_refused_on_purpose_says_why() {
    let app = TestApp::new().await;

    let refused = app
        .as_operator()
        .post(&format!("{V1}/assignments"), json!({}))
        .await;

    let refused = refused.assert_error(405, "MethodNotAllowed");
    assert_eq!(refused.headers["allow"], "GET, HEAD");
    let message = refused.json()["error"]["message"].to_string();
    assert!(
        message.contains("create an assignment request"),
        "{message}"
    );
}
