//! Applications, and the service principals that stand for them in the directory.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::support::NOWHERE;

const ROLE: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";

fn payroll() -> Value {
    json!({
        "displayName": "Payroll", "description": null, "identifierUris": ["api://payroll"],
        "appRoles": [{
            "id": ROLE, "displayName": "Reader", "value": "read", "description": "Reads",
            "isEnabled": true, "allowedMemberTypes": ["User"]
        }]
    })
}

#[tokio::test]
async fn an_application_is_registered_read_changed_and_deleted() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        for root in ["/v1.0", "/beta"] {
            let sets = format!("{root}/applications");
            let made = client.post(&sets, payroll()).await.assert_status(201);
            let (id, app_id) = (made.text("id"), made.text("appId"));
            assert_ne!(id, app_id);
            let path = format!("{sets}/{id}");
            let read = client.get(&path).await.assert_status(200).json();
            assert_eq!(read["appRoles"][0]["id"], ROLE);
            assert_eq!(read["appRoles"][0]["origin"], "Application");
            assert_eq!(read["identifierUris"], json!(["api://payroll"]));
            let by_key = format!("{sets}(appId='{app_id}')?$select=id");
            assert_eq!(client.get(&by_key).await.assert_status(200).text("id"), id);
            let found = client
                .get(&format!("{sets}?$filter=appId eq '{app_id}'"))
                .await;
            assert_eq!(found.assert_status(200).rows().len(), 1);

            let body = json!({ "displayName": "Wages", "appRoles": [] });
            client.patch(&path, body).await.assert_status(204);
            let read = client.get(&path).await.json();
            assert_eq!(
                (&read["displayName"], &read["appRoles"]),
                (&json!("Wages"), &json!([]))
            );
            client.delete(&path).await.assert_status(204);
            client.get(&path).await.assert_status(404);
            client.delete(&path).await.assert_status(404);
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_principal_is_made_of_its_application_follows_it_and_goes_with_it() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let made = client.post("/v1.0/applications", payroll()).await;
        let (id, app_id) = (made.text("id"), made.text("appId"));
        let path = format!("/v1.0/applications/{id}");

        let made = client.post("/v1.0/servicePrincipals", json!({ "appId": app_id })).await;
        let used = made.assert_status(201).json();
        assert_eq!(used["displayName"], "Payroll");
        assert_eq!(used["appRoles"][0]["id"], ROLE);
        let principal = format!("/v1.0/servicePrincipals/{}", used["id"].as_str().unwrap());
        let holder = json!({
            "principalId": app.id_of("alice").to_string(), "resourceId": used["id"], "appRoleId": ROLE
        });
        let held = format!("{principal}/appRoleAssignedTo");
        client.post(&held, holder).await.assert_status(201);

        let body = json!({ "displayName": "Wages", "appRoles": [] });
        client.patch(&path, body).await.assert_status(204);
        let followed = client.get(&principal).await.assert_status(200).json();
        assert_eq!(followed["displayName"], "Wages");
        assert_eq!(followed["appRoles"], json!([]));
        assert_eq!(client.get(&held).await.rows(), Vec::<Value>::new());

        client.delete(&path).await.assert_status(204);
        client.get(&principal).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn applications_are_refused_to_those_who_may_not_and_where_the_body_is_wrong() {
    let app = TestApp::new().await;
    let client = app.as_operator();
    let alice = app.as_user("alice");

    let refused = alice.post("/v1.0/applications", payroll()).await;
    refused.assert_status(403);
    let nameless = client.post("/v1.0/applications", json!({})).await;
    let nameless = nameless.assert_error(400, "InvalidModel").json();
    assert_eq!(nameless["error"]["target"], "displayName");
    let mut twice = payroll();
    twice["appRoles"] = json!([{ "id": ROLE }, { "id": ROLE }]);
    let twice = client.post("/v1.0/applications", twice).await;
    let twice = twice.assert_error(400, "InvalidModel").json();
    assert_eq!(twice["error"]["target"], "appRoles");
    let path = format!("/v1.0/applications/{NOWHERE}");
    client.patch(&path, json!({})).await.assert_status(404);
}
