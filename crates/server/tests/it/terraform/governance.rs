//! The `azuread_access_package_*` resources and data sources besides policies and associations; beta only.

use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::took;
use crate::support::{BETA, NOWHERE};

const ROLES: &str = "/beta/roleManagement/entitlementManagement";

async fn one(client: &Client, path: &str) -> Value {
    let rows = client.get(path).await.assert_status(200).rows();
    assert_eq!(rows.len(), 1, "{path}");
    rows[0].clone()
}

#[tokio::test]
async fn a_catalog_is_made_found_changed_and_gone_at_once() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let sets = format!("{BETA}/accessPackageCatalogs");
        let body = |name: &str, status: &str| {
            json!({
                "@odata.type": "#microsoft.graph.accessPackageCatalog", "displayName": name,
                "description": "Müller's (50%)", "catalogStatus": status, "catalogType": null,
                "isExternallyVisible": true
            })
        };
        let name = "O'Brien & Söhne (50%)";
        let made = client.post(&sets, body(name, "published")).await;
        let id = made.assert_status(201).text("id");
        let path = format!("{sets}/{id}");
        let read = client.get(&path).await.assert_status(200).json();
        assert_eq!(read["catalogStatus"], "Published");
        assert_eq!(read["isExternallyVisible"], true);

        let quoted = "O%27%27Brien+%26+S%C3%B6hne+(50%25)";
        for query in [
            format!("$filter=displayName+eq+'{quoted}'"),
            format!("%24filter=displayName+eq+%27{quoted}%27"),
        ] {
            let found = one(&client, &format!("{sets}?{query}")).await;
            assert_eq!(found["id"], id.as_str());
        }
        let changed = client.patch(&path, body("Barn", "unpublished")).await;
        took(&changed);
        let read = client.get(&path).await.assert_status(200).json();
        assert_eq!(
            (&read["displayName"], &read["catalogStatus"]),
            (&json!("Barn"), &json!("Unpublished"))
        );
        client.delete(&path).await.assert_status(204);
        client.get(&path).await.assert_status(404);
        client.delete(&path).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn a_package_takes_its_catalog_as_an_object_and_answers_its_id() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let body = json!({ "displayName": "Barn", "description": "Barn" });
        let made = client
            .post(&format!("{BETA}/accessPackageCatalogs"), body)
            .await;
        let catalog = made.assert_status(201).json();
        let id = catalog["id"].as_str().unwrap();
        let sets = format!("{BETA}/accessPackages");
        let body = |name: &str, hidden: bool| {
            json!({
                "@odata.type": "#microsoft.graph.accessPackage", "displayName": name,
                "description": "Of the barn", "isHidden": hidden, "accessPackageCatalog": catalog
            })
        };
        let made = client.post(&sets, body("Keys", true)).await;
        let package = made.assert_status(201).json();
        assert_eq!(package["catalogId"], id);
        let path = format!("{sets}/{}", package["id"].as_str().unwrap());
        let found = one(&client, &format!("{sets}?$filter=displayName eq 'Keys'")).await;
        assert_eq!(found["id"], package["id"]);

        let changed = client.patch(&path, body("Key ring", false)).await;
        took(&changed);
        let read = client.get(&path).await.assert_status(200).json();
        assert_eq!(read["displayName"], "Key ring");
        assert_eq!(
            (&read["isHidden"], &read["catalogId"]),
            (&json!(false), &json!(id))
        );
        client.delete(&path).await.assert_status(204);
        client.get(&path).await.assert_status(404);

        let mut stray = body("Stray", false);
        stray["accessPackageCatalog"] = json!({ "id": NOWHERE });
        client.post(&sets, stray).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn a_role_of_a_catalog_is_found_by_its_name_assigned_and_taken_away() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let body = json!({ "displayName": "Barn", "description": "Barn" });
        let made = client
            .post(&format!("{BETA}/accessPackageCatalogs"), body)
            .await;
        let catalog = made.assert_status(201).text("id");
        let name = "$filter=displayName eq 'Catalog reader'";
        let role = one(&client, &format!("{ROLES}/roleDefinitions?{name}")).await;
        let id = role["id"].as_str().unwrap();
        assert_eq!(id, "44272f93-9762-48e8-af59-1b5351b1d6b3");
        let read = client.get(&format!("{ROLES}/roleDefinitions/{id}")).await;
        assert_eq!(
            read.assert_status(200).text("displayName"),
            "Catalog reader"
        );

        let app_scope = format!("/AccessPackageCatalog/{catalog}");
        let body = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "appScopeId": app_scope,
            "directoryScopeId": "/", "principalId": app.id_of("alice").to_string(),
            "roleDefinitionId": id
        });
        let path = format!("{ROLES}/roleAssignments");
        let made = client.post(&path, body).await.assert_status(201).json();
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        let read = client.get(&path).await.assert_status(200).json();
        assert_eq!(read["appScopeId"], app_scope.as_str());
        assert_eq!(read["directoryScopeId"], "/");
        assert_eq!(read["roleDefinitionId"], id);
        client.delete(&path).await.assert_status(204);
        client.get(&path).await.assert_status(404);
    })
    .await;
}
