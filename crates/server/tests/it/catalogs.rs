//! Creating, changing and deleting through both versions.

use http::Method;
use serde_json::json;

use crate::support::{BETA, Server, V1, id};

#[tokio::test]
async fn a_catalog_lives_its_life() {
    let server = Server::new().await;
    let admin = server.admin();
    let body = json!({
        "@odata.type": "#microsoft.graph.accessPackageCatalog",
        "displayName": "Finance", "description": "Money", "catalogStatus": "published",
        "isExternallyVisible": false,
    });

    let made = server
        .post(&admin, &format!("{BETA}/accessPackageCatalogs"), &body)
        .await
        .expect(201);
    let path = format!("{V1}/catalogs/{}", id(&made.json()));
    let change = json!({"displayName": "Treasury"});
    let changed = server
        .write(&admin, Method::PATCH, &path, &change)
        .await
        .expect(204);
    let read = server.get(&admin, &path).await.expect(200).json();
    server.ask(&admin, Method::DELETE, &path).await.expect(204);

    assert_eq!(
        made.header("location"),
        format!(
            "http://127.0.0.1:8080{BETA}/accessPackageCatalogs/{}",
            id(&made.json())
        )
    );
    assert_eq!(made.json()["catalogStatus"], "Published");
    assert!(changed.body.is_empty());
    assert_eq!(read["displayName"], "Treasury");
    assert_eq!(read["state"], "published");
    server.get(&admin, &path).await.expect(404);
}

#[tokio::test]
async fn az_10_a_catalog_creator_sees_the_catalog_in_the_answer_that_made_it() {
    let server = Server::new().await;
    let role = json!({
        "principalId": server.id_of("alice").to_string(),
        "roleDefinitionId": "ba92d953-d8e0-4e39-a797-0cbedb0a89e8",
        "directoryScopeId": "/", "appScopeId": "/",
    });
    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let granted = server.post(&server.admin(), roles, &role).await.expect(201);

    let body = json!({"displayName": "Mine", "description": ""});
    let made = server
        .post(&server.user("alice"), &format!("{V1}/catalogs"), &body)
        .await
        .expect(201);
    let path = format!("{V1}/catalogs/{}", id(&made.json()));

    server.get(&server.user("alice"), &path).await.expect(200);
    server.get(&server.user("bob"), &path).await.expect(403);
    let path = format!("{roles}/{}", id(&granted.json()));
    server
        .ask(&server.admin(), Method::DELETE, &path)
        .await
        .expect(204);
}

#[tokio::test]
async fn po_40_policies_are_replaced_by_put_in_both_versions() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalog = server.catalog("Finance").await;
    let package = server.package(&catalog, "Books").await;
    let policy = server.policy(&package).await;

    let path = format!("{BETA}/accessPackageAssignmentPolicies/{policy}");
    let mut read = server.get(&admin, &path).await.expect(200).json();
    read["displayName"] = json!("Renamed");
    let put = server
        .write(&admin, Method::PUT, &path, &read)
        .await
        .expect(200);
    let v1 = server
        .get(&admin, &format!("{V1}/assignmentPolicies/{policy}"))
        .await
        .expect(200);

    assert_eq!(put.json()["displayName"], "Renamed");
    assert_eq!(v1.json()["displayName"], "Renamed");
    server.ask(&admin, Method::DELETE, &path).await.expect(204);
}

#[tokio::test]
async fn sd_1_incompatible_packages_are_linked_by_reference() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalog = server.catalog("Finance").await;
    let (one, other) = (
        server.package(&catalog, "Pay").await,
        server.package(&catalog, "Audit").await,
    );
    let links = format!("{V1}/accessPackages/{one}/incompatibleAccessPackages");

    let body = json!({"@odata.id": format!("https://h{BETA}/accessPackages/{other}")});
    server
        .post(&admin, &format!("{links}/$ref"), &body)
        .await
        .expect(204);
    let listed = server.get(&admin, &links).await.expect(200).json();
    let path = format!("{links}/$ref?@id=https://h{V1}/accessPackages/{other}");
    server.ask(&admin, Method::DELETE, &path).await.expect(204);
    let after = server.get(&admin, &links).await.expect(200).json();

    assert_eq!(id(&listed["value"][0]), other);
    assert_eq!(after["value"], json!([]));
}

#[tokio::test]
async fn resources_and_role_scopes_come_by_request_as_terraform_sends_them() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalog = server.catalog("Finance").await;
    let package = server.package(&catalog, "Books").await;
    let group = json!({"displayName": "Ledger", "mailEnabled": false, "mailNickname": "ledger", "securityEnabled": true});
    let group = id(&server
        .post(&admin, "/beta/groups", &group)
        .await
        .expect(201)
        .json());

    let add = json!({
        "catalogId": catalog, "executeImmediately": true, "requestType": "AdminAdd",
        "accessPackageResource": {"originId": group, "originSystem": "AadGroup"},
    });
    server
        .post(
            &admin,
            &format!("{BETA}/accessPackageResourceRequests"),
            &add,
        )
        .await
        .expect(201);
    let path = format!(
        "{BETA}/accessPackageCatalogs/{catalog}/accessPackageResources?$filter=originId%20eq%20'{group}'"
    );
    let resource = server.get(&admin, &path).await.expect(200).json()["value"][0].clone();
    let role_scope = json!({
        "accessPackageResourceRole": {
            "displayName": "Member", "originId": format!("Member_{group}"), "originSystem": "AadGroup",
            "accessPackageResource": {"id": resource["id"], "originId": group, "resourceType": "Security Group"},
        },
        "accessPackageResourceScope": {"originId": group, "originSystem": "AadGroup"},
    });
    let role_scopes = format!("{BETA}/accessPackages/{package}/accessPackageResourceRoleScopes");
    let made = server
        .post(&admin, &role_scopes, &role_scope)
        .await
        .expect(201)
        .json();
    let path = format!(
        "{BETA}/accessPackages/{package}?$expand=accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)"
    );
    let expanded = server.get(&admin, &path).await.expect(200).json();
    let shown = &expanded["accessPackageResourceRoleScopes"][0];

    assert_eq!(shown["id"], made["id"]);
    assert_eq!(
        shown["accessPackageResourceRole"]["originId"],
        format!("Member_{group}")
    );
    server
        .ask(
            &admin,
            Method::DELETE,
            &format!("{role_scopes}/{}", id(&made)),
        )
        .await
        .expect(204);
    let expanded = server.get(&admin, &path).await.expect(200).json();
    assert_eq!(expanded["accessPackageResourceRoleScopes"], json!([]));
}
