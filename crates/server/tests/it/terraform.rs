//! The calls that Terraform's `azuread` provider makes, in the order and with the bodies in which it makes them: here to
//! put a group into a catalog and into a package, and to take it out again; beside this, for all its other resources.

mod directory;
mod governance;
mod policy;

use serde_json::{Value, json};
use testkit::{Reply, TestApp};

use crate::support::BETA;

/// PATCH and PUT are taken with any of these.
fn took(reply: &Reply) {
    assert!(
        [200, 202, 204].contains(&reply.status.as_u16()),
        "{reply:?}"
    );
}

#[tokio::test]
async fn dl_5_a_group_is_associated_with_a_catalog_and_a_package_and_released_again() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let group = app.group("Payers", None).await.to_string();
        let body = json!({
            "@odata.type": "#microsoft.graph.accessPackageCatalog", "displayName": "Finance",
            "description": "Books", "catalogStatus": "published", "isExternallyVisible": false
        });
        let made = client.post(&format!("{BETA}/accessPackageCatalogs"), body).await;
        let catalog = made.assert_status(201).text("id");
        let resources = format!("{BETA}/accessPackageCatalogs/{catalog}/accessPackageResources");
        let exact = format!("{resources}?$filter=originId eq '{group}'");
        let front = format!("{resources}?$filter=startswith(originId, '{group}')");
        let requests = format!("{BETA}/accessPackageResourceRequests");
        let ask = |kind: &str| {
            json!({
                "@odata.type": "#microsoft.graph.accessPackageResourceRequest", "catalogId": catalog,
                "executeImmediately": true, "requestType": kind, "justification": null,
                "accessPackageResource": {"@odata.type": "#microsoft.graph.accessPackageResource",
                    "description": null, "originId": group, "originSystem": "AadGroup"}
            })
        };

        // azuread_access_package_resource_catalog_association
        let path = format!("{BETA}/accessPackageCatalogs/{catalog}");
        client.get(&path).await.assert_status(200);
        let before = client.get(&exact).await.assert_status(200);
        assert_eq!(before.json()["value"], json!([]));
        let asked = client.post(&requests, ask("AdminAdd")).await;
        assert!(!asked.assert_status(201).text("id").is_empty());
        let found = client.get(&front).await.assert_status(200).rows();
        assert_eq!(found.len(), 1);
        let resource = found[0]["id"].as_str().unwrap();
        assert_eq!(found[0]["originSystem"], "AadGroup");

        // azuread_access_package and azuread_access_package_resource_package_association
        let body = json!({
            "@odata.type": "#microsoft.graph.accessPackage", "displayName": "Books", "description": "Read",
            "isHidden": false, "accessPackageCatalog": {"id": catalog, "displayName": "Finance"}
        });
        let made = client.post(&format!("{BETA}/accessPackages"), body).await;
        let package = made.assert_status(201).text("id");
        let package_path = format!(
            "{BETA}/accessPackages/{package}?$expand=accessPackageResourceRoleScopes(\
                $expand=accessPackageResourceRole,accessPackageResourceScope)"
        );
        let empty = client.get(&package_path).await.assert_status(200).json();
        assert_eq!(empty["accessPackageResourceRoleScopes"], json!([]));
        let role_scopes = format!("{BETA}/accessPackages/{package}/accessPackageResourceRoleScopes");
        let body = json!({
            "@odata.type": "#microsoft.graph.accessPackageResourceRoleScope",
            "accessPackageResourceRole": {
                "displayName": "Member", "originId": format!("Member_{group}"), "originSystem": "AadGroup",
                "accessPackageResource": {"id": resource, "originId": group, "resourceType": "Security Group"}
            },
            "accessPackageResourceScope": {"originId": group, "originSystem": "AadGroup"}
        });
        let made = client.post(&role_scopes, body.clone()).await;
        let id = made.assert_status(201).text("id");
        let again = client.post(&role_scopes, body).await;
        again.assert_error(400, "RoleScopeAlreadyExists");
        let polled = client.get(&package_path).await.assert_status(200).json();
        let held = &polled["accessPackageResourceRoleScopes"][0];
        assert_eq!(held["id"], id.as_str());
        let role = &held["accessPackageResourceRole"];
        assert_eq!(role["originId"], format!("Member_{group}"));
        assert_eq!(held["accessPackageResourceScope"]["originId"], group.as_str());
        let path = format!("{BETA}/accessPackageResourceRoleScopes/{id}/accessPackageResourceRole");
        assert_eq!(
            client.get(&path).await.assert_status(200).text("id"),
            role["id"].as_str().unwrap()
        );

        // The way back: nothing that is in use is taken out, and what was deleted is gone at once.
        client
            .post(&requests, ask("AdminRemove"))
            .await
            .assert_error(400, "InvalidDeleteResourceHasEntitlements");
        let path = format!("{role_scopes}/{id}");
        client.delete(&path).await.assert_status(204).assert_empty();
        client.get(&path).await.assert_status(404);
        client.delete(&path).await.assert_status(404);
        let path = format!("{BETA}/accessPackages/{package}");
        client.delete(&path).await.assert_status(204);
        let asked = client.post(&requests, ask("AdminRemove")).await;
        asked.assert_status(201);
        assert_eq!(client.get(&front).await.rows(), Vec::<Value>::new());
        let path = format!("{BETA}/accessPackageCatalogs/{catalog}");
        client.delete(&path).await.assert_status(204);
        client.get(&path).await.assert_status(404);
    })
    .await;
}
