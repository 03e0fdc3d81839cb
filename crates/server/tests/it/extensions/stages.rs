//! Where policies call extensions: as a part of the policy, and at URLs of its own.

use serde_json::{Value, json};
use testkit::{BETA, Package, Plan, TestApp, V1};

use super::{add_extension, call_at, extension, open, policies};

const URL: &str = "https://hooks.example.com/in";

async fn read(app: &TestApp, root: &str, package: &Package) -> Value {
    let path = format!(
        "{}/{}?$expand=customExtensionStageSettings($expand=customExtension)",
        policies(root),
        package.policy
    );
    app.as_operator().get(&path).await.assert_status(200).json()
}

#[tokio::test]
async fn om_2_settings_survive_a_read_and_a_write_back_by_either_version() {
    TestApp::on_both_with(open(), async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let id = add_extension(app, &package, extension(URL, None)).await;
        let setting = call_at(app, &package, "assignmentRequestCreated", &id).await;

        for (root, other) in [(V1, BETA), (BETA, V1)] {
            let path = format!("{}/{}", policies(root), package.policy);
            let operator = app.as_operator();
            let mut body = operator.get(&path).await.assert_status(200).json();
            body["accessPackage"] = json!({"id": package.id});
            operator.put(&path, body).await.assert_status(200);

            let shown = read(app, other, &package).await;
            let settings = shown["customExtensionStageSettings"].as_array().unwrap();
            assert_eq!(settings.len(), 1, "{shown}");
            assert_eq!(settings[0]["id"], setting.as_str());
            assert_eq!(settings[0]["stage"], "assignmentRequestCreated");
            assert_eq!(settings[0]["customExtension"]["id"], id.as_str());
            assert_eq!(
                settings[0]["customExtension"]["@odata.type"],
                "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn po_30_a_put_with_an_empty_list_detaches_all() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let id = add_extension(&app, &package, extension(URL, None)).await;
    call_at(&app, &package, "assignmentRequestCreated", &id).await;
    let operator = app.as_operator();
    let path = format!("{}/{}", policies(V1), package.policy);
    let mut body = operator.get(&path).await.json();
    body["customExtensionStageSettings"] = json!([]);

    operator.put(&path, body).await.assert_status(200);

    let shown = read(&app, V1, &package).await;
    assert_eq!(shown["customExtensionStageSettings"], json!([]));
}

#[tokio::test]
async fn po_31_the_extension_is_one_of_the_catalog_and_fits_the_stage() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let elsewhere = app.package(Plan::new("ERP").in_catalog("Other")).await;
    let operator = app.as_operator();
    let ours = add_extension(&app, &package, extension(URL, None)).await;
    let theirs = add_extension(&app, &elsewhere, extension(URL, None)).await;
    let path = format!("{}/{}", policies(V1), package.policy);
    let list = format!("{path}/customExtensionStageSettings");
    let policy = operator.get(&path).await.json();

    for (stage, id, target) in [
        ("assignmentRequestCreated", &theirs, "customExtension/id"),
        ("assignmentOneDayBeforeExpiration", &ours, "stage"),
    ] {
        let setting = json!({"stage": stage, "customExtension": {"id": id}});
        let mut whole = policy.clone();
        whole["customExtensionStageSettings"] = json!([setting]);
        for refused in [
            operator.post(&list, setting.clone()).await,
            operator.put(&path, whole).await,
        ] {
            let json = refused.assert_error(400, "InvalidModel").json();
            let at = format!("customExtensionStageSettings/0/{target}");
            assert_eq!(json["error"]["target"], at.as_str());
        }
    }
    let nothing = operator.post(&list, json!({"stage": "assignmentRequestCreated"}));
    nothing.await.assert_error(400, "InvalidModel");
}

#[tokio::test]
async fn settings_have_urls_of_their_own_in_both_versions() {
    TestApp::on_both_with(open(), async |app| {
        let package = app.package(Plan::new("CRM")).await;
        let operator = app.as_operator();
        let id = add_extension(app, &package, extension(URL, None)).await;
        for root in [V1, BETA] {
            let list = format!(
                "{}/{}/customExtensionStageSettings",
                policies(root),
                package.policy
            );
            let body = json!({"stage": "assignmentRequestGranted", "customExtension": {
                "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension", "id": id}});
            let made = operator.post(&list, body).await.assert_status(201);
            let one = format!("{list}/{}", made.text("id"));

            let count = operator.get(&format!("{list}/$count")).await;
            assert_eq!(count.assert_status(200).body, b"1");
            let changed = operator
                .patch(&one, json!({"stage": "assignmentRequestRemoved"}))
                .await;
            changed.assert_status(204);
            let shown = operator.get(&format!("{one}?$expand=customExtension")).await;
            let shown = shown.assert_status(200).json();
            assert_eq!(shown["stage"], "assignmentRequestRemoved");
            assert_eq!(shown["customExtension"]["id"], id.as_str());
            operator.get(&format!("{one}/customExtension")).await.assert_status(200);
            operator.delete(&one).await.assert_status(204);
            operator.get(&one).await.assert_status(404);
            operator.delete(&one).await.assert_status(404);
        }
    })
    .await;
}

#[tokio::test]
async fn handlers_are_the_older_way_of_beta_and_v1_keeps_them() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let operator = app.as_operator();
    let newer = add_extension(&app, &package, extension(URL, None)).await;
    let mut body = extension(URL, None);
    body["@odata.type"] = json!("#microsoft.graph.customAccessPackageWorkflowExtension");
    let older = add_extension(&app, &package, body).await;
    let list = format!(
        "{}/{}/customExtensionHandlers",
        policies(BETA),
        package.policy
    );
    let handler =
        |id: &str| json!({"stage": "assignmentRequestGranted", "customExtension": {"id": id}});

    let refused = operator.post(&list, handler(&newer)).await;
    let made = operator.post(&list, handler(&older)).await;

    refused.assert_error(400, "InvalidModel");
    let id = made.assert_status(201).text("id");
    let path = format!("{}/{}", policies(V1), package.policy);
    let policy = operator.get(&path).await.json();
    operator.put(&path, policy).await.assert_status(200);
    let one = format!("{list}/{id}?$expand=customExtension");
    let shown = operator.get(&one).await.json();
    assert_eq!(shown["customExtension"]["id"], older.as_str());
    operator
        .delete(&format!("{list}/{id}"))
        .await
        .assert_status(204);
    assert!(operator.get(&list).await.rows().is_empty());
}

#[tokio::test]
async fn a_policy_that_is_copied_gets_settings_of_its_own() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let id = add_extension(&app, &package, extension(URL, None)).await;
    let setting = call_at(&app, &package, "assignmentRequestCreated", &id).await;
    let mut copy = read(&app, V1, &package).await;
    copy["accessPackage"] = json!({"id": package.id});
    copy["displayName"] = json!("Copy");

    let made = app.as_operator().post(&policies(V1), copy).await;

    let shown = made.assert_status(201).json();
    let own = &shown["customExtensionStageSettings"][0];
    assert!(own["id"].is_string());
    assert_ne!(own["id"], setting.as_str());
}
