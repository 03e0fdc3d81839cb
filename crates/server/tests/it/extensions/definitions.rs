//! Extensions of catalogs: made, read, changed, deleted, in both versions alike.

use auth::roles::EmRole;
use http::Method;
use serde_json::{Value, json};
use testkit::{BETA, Plan, TestApp, V1};

use super::{add_extension, call_at, collection, extension, open};

const URL: &str = "https://hooks.example.com/in?code=7";

#[tokio::test]
async fn om_1_what_one_version_writes_both_show() {
    TestApp::on_both_with(open(), async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let operator = app.as_operator();
        for (by, body) in [(V1, extension(URL, Some("PT1H"))), (BETA, other_kinds())] {
            let path = collection(by, &package.catalog);
            let made = operator.post(&path, body.clone()).await.assert_status(201);
            let id = made.text("id");
            assert!(made.headers.contains_key("location"));

            for root in [V1, BETA] {
                let path = format!("{}/{id}", collection(root, &package.catalog));
                let read = operator.get(&path).await.assert_status(200).json();
                for (name, value) in body.as_object().unwrap() {
                    assert_eq!(&read[name], value, "{root} {name}");
                }
                assert!(read["createdDateTime"].is_string(), "{read}");
                let list = operator.get(&collection(root, &package.catalog)).await;
                assert!(list.rows().iter().any(|row| row["id"] == id.as_str()));
            }
        }
        let count = format!("{}/$count", collection(V1, &package.catalog));
        assert_eq!(operator.get(&count).await.assert_status(200).body, b"2");
    })
    .await;
}

/// Every configuration of another kind than in [`extension`].
fn other_kinds() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentWorkflowExtension",
        "displayName": "Reminder",
        "description": null,
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.httpRequestEndpoint",
            "targetUrl": URL,
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
            "resourceId": "f604bd15-f785-4309-ad7c-6fad18ddb6cb",
        },
        "clientConfiguration": null,
        "callbackConfiguration": null,
    })
}

#[tokio::test]
async fn ht_3_a_wrapped_body_is_taken_and_both_verbs_change() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let operator = app.as_operator();
    let wrapped = json!({"value": extension(URL, None)});
    let made = operator
        .post(&collection(BETA, &package.catalog), wrapped)
        .await;
    let id = made.assert_status(201).text("id");

    for (root, verb) in [
        (V1, Method::PATCH),
        (V1, Method::PUT),
        (BETA, Method::PATCH),
        (BETA, Method::PUT),
    ] {
        let path = format!("{}/{id}", collection(root, &package.catalog));
        let name = format!("{root} {verb}");
        let body = json!({"displayName": name, "callbackConfiguration": {"durationBeforeTimeout": "PT5M"}});
        let reply = if verb == Method::PUT {
            operator.put(&path, body).await
        } else {
            operator.patch(&path, body).await
        };

        let shown = reply.assert_status(200).json();
        assert_eq!(shown["displayName"], name.as_str());
        assert_eq!(
            shown["description"], "Opens a ticket.",
            "what is not named stays"
        );
        assert_eq!(shown["callbackConfiguration"]["timeoutDuration"], "PT5M");
    }
}

#[tokio::test]
async fn the_older_collection_of_beta_holds_the_older_type() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let operator = app.as_operator();
    let older = format!(
        "{BETA}/accessPackageCatalogs/{}/customAccessPackageWorkflowExtensions",
        package.catalog
    );
    let mut body = extension(URL, None);
    let members = body.as_object_mut().unwrap();
    members.remove("@odata.type");
    members.remove("callbackConfiguration");

    let made = operator.post(&older, body.clone()).await;
    let id = made.assert_status(201).text("id");
    operator
        .post(&older, extension(URL, None))
        .await
        .assert_error(400, "InvalidModel");
    add_extension(&app, &package, extension(URL, None)).await;

    let legacy = operator.get(&older).await.assert_status(200).rows();
    assert_eq!(legacy.len(), 1);
    assert_eq!(legacy[0]["id"], id.as_str());
    let all = operator.get(&collection(BETA, &package.catalog)).await;
    assert_eq!(all.rows().len(), 2);
    let path = format!("{older}/{id}");
    let changed = operator.patch(&path, json!({"displayName": "New"})).await;
    assert_eq!(changed.assert_status(200).text("displayName"), "New");
    operator.delete(&path).await.assert_status(204);
    operator.get(&path).await.assert_status(404);
}

#[tokio::test]
async fn cx_5_and_cx_7_and_cx_11_refuse_by_the_member_at_fault() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let operator = app.as_operator();
    for (pointer, value, target) in [
        (
            "/endpointConfiguration/url",
            json!("https://elsewhere.example.com/"),
            "endpointConfiguration/url",
        ),
        (
            "/endpointConfiguration/url",
            json!("ftp://hooks.example.com/"),
            "endpointConfiguration/url",
        ),
        (
            "/clientConfiguration/timeoutInMilliseconds",
            json!(100),
            "clientConfiguration/timeoutInMilliseconds",
        ),
        (
            "/callbackConfiguration/timeoutDuration",
            json!("PT1M"),
            "callbackConfiguration/timeoutDuration",
        ),
        (
            "/@odata.type",
            json!("#microsoft.graph.group"),
            "@odata.type",
        ),
    ] {
        let mut body = extension(URL, Some("PT1H"));
        *body.pointer_mut(pointer).unwrap() = value;

        let refused = operator.post(&collection(V1, &package.catalog), body).await;

        let json = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(json["error"]["target"], target);
    }
}

#[tokio::test]
async fn cx_5_a_server_that_was_told_of_no_host_calls_none() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("CRM")).await;

    let refused = app
        .as_operator()
        .post(&collection(V1, &package.catalog), extension(URL, None))
        .await;

    refused.assert_error(400, "InvalidModel");
}

#[tokio::test]
async fn po_30_an_extension_that_a_policy_calls_stays() {
    TestApp::on_both_with(open(), async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let operator = app.as_operator();
        let id = add_extension(app, &package, extension(URL, None)).await;
        let setting = call_at(app, &package, "assignmentRequestCreated", &id).await;
        let path = format!("{}/{id}", collection(V1, &package.catalog));

        let refused = operator.delete(&path).await;
        let settings = format!(
            "{V1}/assignmentPolicies/{}/customExtensionStageSettings/{setting}",
            package.policy
        );
        operator.delete(&settings).await.assert_status(204);
        let deleted = operator.delete(&path).await;

        refused.assert_error(400, "ExtensionInUse");
        deleted.assert_status(204);
        operator.get(&path).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn owners_of_the_catalog_write_extensions_and_managers_of_packages_do_not() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    app.give_role("alice", EmRole::CatalogOwner, &package).await;
    app.give_role("bob", EmRole::AccessPackageManager, &package)
        .await;
    let path = collection(V1, &package.catalog);

    let by_owner = app.as_user("alice").post(&path, extension(URL, None)).await;
    let by_manager = app.as_user("bob").post(&path, extension(URL, None)).await;
    let by_stranger = app.as_user("carol").post(&path, extension(URL, None)).await;

    let id = by_owner.assert_status(201).text("id");
    by_manager.assert_error(403, "AccessDenied");
    assert!(by_stranger.status.is_client_error());
    let one = format!("{path}/{id}");
    app.as_user("bob").get(&one).await.assert_status(200);
    let refused = app.as_user("bob").delete(&one).await;
    refused.assert_error(403, "AccessDenied");
}
