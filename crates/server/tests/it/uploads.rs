//! Uploads of access data for resources that no directory describes, in both versions (semantics 1.1, 8.3).

use auth::roles::EmRole;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Client, Plan, Reply, TestApp};

use crate::support::{BETA, V1};

const CSV: &str =
    "principalId,principalType,permissionId,permissionName\n7,EntraIdUser,door-1,Front\n";

async fn resource(operator: &Client, catalog: &str) -> String {
    let body = json!({
        "requestType": "adminAdd", "catalog": {"id": catalog}, "resource": {
            "@odata.type": "#microsoft.graph.customDataProvidedResource", "displayName": "Doors"
        }
    });
    let made = operator.post(&format!("{V1}/resourceRequests"), body).await;
    let path = format!(
        "{V1}/resourceRequests/{}/resource",
        made.assert_status(201).text("id")
    );
    operator.get(&path).await.assert_status(200).text("id")
}

async fn catalog(operator: &Client) -> String {
    let body = json!({"displayName": "Finance", "description": "", "state": "published"});
    let made = operator.post(&format!("{V1}/catalogs"), body).await;
    made.assert_status(201).text("id")
}

fn session(instance: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
        "data": {
            "@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData",
            "reviewDefinitionId": "9e4b1c6f-2a3d-4f8e-9b7a-5c1e2d3f4a6b", "reviewInstanceId": instance
        }
    })
}

async fn upload(client: &Client, session: &str, name: &str, content: &str) -> Reply {
    let body = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
        Content-Type: text/csv\r\n\r\n{content}\r\n--cut--\r\n"
    );
    client
        .post_bytes(
            &format!("{session}/uploadFile"),
            "multipart/form-data; boundary=cut",
            body.as_bytes(),
        )
        .await
}

#[tokio::test]
async fn an_upload_is_begun_filled_completed_and_read_in_both_versions() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let catalog = catalog(&operator).await;
        let resource = resource(&operator, &catalog).await;
        let sessions = format!("{V1}/catalogs/{catalog}/resources/{resource}/uploadSessions");

        let begun = operator.post(&sessions, session("i-1")).await;
        let begun = begun.assert_status(201).json();
        let id = begun["id"].as_str().unwrap();
        let beta = format!(
            "{BETA}/accessPackageCatalogs/{catalog}/accessPackageResources/{resource}/uploadSessions/{id}"
        );
        let filled = upload(&operator, &beta, "doors.csv", CSV).await;
        let filled = filled.assert_status(200).json();
        let top = format!("{V1}/resources/{resource}/uploadSessions");
        let done = operator
            .patch(&format!("{top}/{id}"), json!({"isUploadDone": true}))
            .await;
        let done = done.assert_status(200).json();

        assert_eq!(
            begun,
            json!({
                "@odata.context": format!("http://reeve.test/v1.0/$metadata#identityGovernance/\
                    entitlementManagement/catalogs('{catalog}')/resources('{resource}')/uploadSessions/$entity"),
                "@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
                "id": id, "createdDateTime": "2026-05-28T20:26:40Z", "data": session("i-1")["data"],
                "isUploadDone": false, "referenceId": "i-1",
                "stats": {"filesUploaded": 0, "totalBytesUploaded": 0}, "status": "active"
            })
        );
        let stats = json!({"filesUploaded": 1, "totalBytesUploaded": CSV.len()});
        assert_eq!(filled["stats"], stats);
        assert_eq!(done["isUploadDone"], true);
        assert_eq!(done["status"], "complete");
        let path = format!(
            "{top}?$filter=referenceId eq 'i-1' and status eq 'complete'&$orderby=createdDateTime\
                &$expand=files($filter=size gt 10 and name ne 'x' and \
                uploadedDateTime ge 2026-01-01T00:00:00Z;$orderby=size desc)"
        );
        let listed = operator.get(&path).await.assert_status(200).rows();
        let files = listed[0]["files"].as_array().unwrap();
        let file = &files[0];
        let size = json!(CSV.len());
        assert_eq!(
            (&file["name"], &file["size"]),
            (&json!("doors.csv"), &size)
        );
        let small = format!("{top}?$expand=files($filter=size lt 10)");
        let listed = operator.get(&small).await.assert_status(200).rows();
        assert_eq!(listed[0]["files"], json!([]));
        let file = format!("{beta}/files/{}", file["id"].as_str().unwrap());
        let found = operator.get(&format!("{file}/$value")).await.assert_status(200);
        assert_eq!(found.body, CSV.as_bytes());
        assert_eq!(found.headers["content-type"], "text/csv;charset=utf-8");
        let count = operator.get(&format!("{top}/$count")).await.assert_status(200);
        assert_eq!(count.body, b"1");
        for method in ["PUT", "DELETE"] {
            let refused = operator.ask(method.parse().unwrap(), &format!("{file}/$value")).await;
            refused.assert_error(405, "MethodNotAllowed");
        }
    })
    .await;
}

#[tokio::test]
async fn a_resource_has_one_upload_for_each_context_and_a_complete_one_is_final() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let catalog = catalog(&operator).await;
        let resource = resource(&operator, &catalog).await;
        let sessions = format!("{BETA}/accessPackageResources/{resource}/uploadSessions");

        let first = operator.post(&sessions, session("i-1")).await;
        let first = format!("{sessions}/{}", first.assert_status(201).text("id"));
        operator
            .post(&sessions, session("i-1"))
            .await
            .assert_error(400, "ExistingUploadSession");
        operator
            .delete(&first)
            .await
            .assert_status(204)
            .assert_empty();
        operator.get(&first).await.assert_status(404);
        let second = operator.post(&sessions, session("i-1")).await;
        let second = format!("{sessions}/{}", second.assert_status(201).text("id"));
        upload(&operator, &second, "a.csv", CSV)
            .await
            .assert_status(200);
        upload(&operator, &second, "a.csv", CSV)
            .await
            .assert_error(400, "InvalidModel");
        let undone = operator
            .patch(&second, json!({"isUploadDone": false}))
            .await;
        undone.assert_error(400, "InvalidModel");
        for _ in 0..2 {
            let done = operator.patch(&second, json!({"isUploadDone": true})).await;
            assert_eq!(done.assert_status(200).text("status"), "complete");
        }

        upload(&operator, &second, "b.csv", CSV)
            .await
            .assert_error(400, "InvalidUploadSessionState");
        operator
            .delete(&second)
            .await
            .assert_error(400, "InvalidUploadSessionState");
        operator
            .post(&sessions, session("i-1"))
            .await
            .assert_error(400, "ExistingUploadSession");
        let removal = json!({"requestType": "adminRemove", "resource": {"id": resource}});
        operator
            .post(&format!("{V1}/resourceRequests"), removal)
            .await
            .assert_status(201);
        operator.get(&second).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_is_not_completed_in_time_expires() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let catalog = catalog(&operator).await;
        let resource = resource(&operator, &catalog).await;
        let sessions = format!("{V1}/resources/{resource}/uploadSessions");
        let made = operator.post(&sessions, session("i-1")).await;
        let path = format!("{sessions}/{}", made.assert_status(201).text("id"));

        app.advance(Duration::from_minutes(120));
        let late = upload(&operator, &path, "a.csv", CSV).await;
        app.deliver().await;

        late.assert_error(400, "InvalidUploadSessionState");
        let found = operator
            .get(&format!("{sessions}?$filter=status eq 'expired'"))
            .await;
        assert_eq!(found.assert_status(200).rows().len(), 1);
        operator
            .patch(&path, json!({"isUploadDone": true}))
            .await
            .assert_error(400, "InvalidUploadSessionState");
        operator.delete(&path).await.assert_status(204);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_with_its_row_and_column() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let catalog = catalog(&operator).await;
    let resource = resource(&operator, &catalog).await;
    let sessions = format!("{V1}/resources/{resource}/uploadSessions");
    let made = operator.post(&sessions, session("i-1")).await;
    let path = format!("{sessions}/{}", made.assert_status(201).text("id"));

    let bad = format!("{CSV}8,Robot,door-1,Front\n");
    let refused = upload(&operator, &path, "a.csv", &bad).await;
    let refused = refused.assert_error(400, "InvalidModel").json();
    assert_eq!(refused["error"]["target"], "row 3, column principalType");
    let one_name = format!("{}\n1\n", "x".repeat(100_000));
    let refused = upload(&operator, &path, "a.csv", &one_name).await;
    let refused = refused.assert_error(400, "InvalidModel").json();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.len() < 400, "{}", message.len());
    // Whoever may not upload learns nothing about a file, not even that it is wrong.
    for (client, status) in [(app.as_user("alice"), 403), (app.as_nobody(), 401)] {
        let stranger = upload(&client, &path, "a.csv", &bad).await;
        assert_eq!(stranger.status, status);
    }
    let large = "x".repeat(domain::upload::MAX_FILE_SIZE + 1);
    upload(&operator, &path, "a.csv", &large)
        .await
        .assert_error(413, "RequestEntityTooLarge");
    let huge = "x".repeat(2 * domain::upload::MAX_FILE_SIZE);
    upload(&operator, &path, "a.csv", &huge)
        .await
        .assert_error(413, "RequestEntityTooLarge");
    let row = "7,EntraIdUser,door-1,Front\n";
    let long = format!("{CSV}{}", row.repeat(4 * 1024 * 1024 / row.len()));
    upload(&operator, &path, "long.csv", &long)
        .await
        .assert_status(200);
    operator
        .post(&format!("{path}/uploadFile"), json!({}))
        .await
        .assert_error(415, "UnsupportedMediaType");
    let stats = operator.get(&path).await.json()["stats"].clone();
    assert_eq!(stats["filesUploaded"], 1);
    for number in 2..=domain::upload::MAX_FILES {
        upload(&operator, &path, &format!("{number}.csv"), CSV)
            .await
            .assert_status(200);
    }
    upload(&operator, &path, "more.csv", CSV)
        .await
        .assert_error(400, "InvalidUploadSessionState");
}

#[tokio::test]
async fn uploads_are_for_those_who_manage_resources_and_about_no_group() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let package = app.package(Plan::new("Books").member_here("Payers")).await;
    app.give_role("alice", EmRole::CatalogOwner, &package).await;
    app.give_role("bob", EmRole::CatalogReader, &package).await;
    let resource = resource(&operator, &package.catalog).await;
    let sessions = format!("{V1}/resources/{resource}/uploadSessions");

    let made = app.as_user("alice").post(&sessions, session("i-1")).await;
    let path = format!("{sessions}/{}", made.assert_status(201).text("id"));
    let filled = upload(&app.as_user("alice"), &path, "a.csv", CSV).await;
    filled.assert_status(200);

    app.as_user("bob").get(&path).await.assert_status(200);
    let refused = app.as_user("bob").post(&sessions, session("i-2")).await;
    refused.assert_error(403, "AccessDenied");
    let refused = upload(&app.as_user("bob"), &path, "b.csv", CSV).await;
    refused.assert_error(403, "AccessDenied");
    let files = operator.get(&format!("{path}/files")).await.rows();
    let file = format!("{path}/files/{}/$value", files[0]["id"].as_str().unwrap());
    app.as_user("bob").get(&file).await.assert_status(200);
    app.as_user("carol").get(&file).await.assert_status(403);
    app.as_nobody().get(&file).await.assert_status(401);
    let listed = operator
        .get(&format!(
            "{V1}/catalogs/{}/resources?$filter=originSystem eq 'AadGroup'",
            package.catalog
        ))
        .await
        .rows();
    let group = listed[0]["id"].as_str().unwrap();
    let refused = operator
        .post(
            &format!("{V1}/resources/{group}/uploadSessions"),
            session("i-1"),
        )
        .await;
    refused.assert_error(400, "ResourceNotSupported");
    let none = operator
        .get(&format!("{V1}/resources/{group}/uploadSessions"))
        .await;
    assert_eq!(none.assert_status(200).rows(), Vec::<Value>::new());
}
