//! Resources of catalogs through both versions: brought in, described, refreshed, taken out (semantics 5.1, 5.2).

use auth::roles::EmRole;
use domain::directory::DEFAULT_ACCESS;
use http::Method;
use serde_json::{Value, json};
use testkit::{Client, Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

/// A catalog with a group in it: its id, that of the resource, that of the group.
struct Content {
    catalog: String,
    resource: String,
    group: String,
}

async fn catalog(operator: &Client) -> String {
    let body = json!({"displayName": "Finance", "description": "", "state": "published"});
    let made = operator.post(&format!("{V1}/catalogs"), body).await;
    made.assert_status(201).text("id")
}

async fn content(app: &TestApp) -> Content {
    let operator = app.as_operator();
    let catalog = catalog(&operator).await;
    let group = app.group("Payers", None).await.to_string();
    let body = json!({
        "requestType": "adminAdd", "catalog": {"id": catalog},
        "resource": {"originId": group, "originSystem": "AadGroup"}
    });
    operator
        .post(&format!("{V1}/resourceRequests"), body)
        .await
        .assert_status(201);
    let listed = operator
        .get(&format!("{V1}/catalogs/{catalog}/resources"))
        .await;
    let resource = listed.assert_status(200).rows()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    Content {
        catalog,
        resource,
        group,
    }
}

#[tokio::test]
async fn dl_10_a_request_comes_back_with_all_it_said_in_both_versions() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let catalog = catalog(&operator).await;
        let group = app.group("Payers", None).await.to_string();

        let body = json!({
            "@odata.type": "#microsoft.graph.accessPackageResourceRequest",
            "catalogId": catalog, "requestType": "AdminAdd", "executeImmediately": true,
            "justification": "needed", "expirationDateTime": "2096-09-23T01:02:03Z",
            "accessPackageResource": {"originId": group, "originSystem": "AadGroup"}
        });
        let made = operator
            .post(&format!("{BETA}/accessPackageResourceRequests"), body)
            .await
            .assert_status(201)
            .json();
        let id = made["id"].as_str().unwrap();

        assert_eq!(
            made,
            json!({
                "@odata.context": format!("http://reeve.test/beta/$metadata#identityGovernance/\
                    entitlementManagement/accessPackageResourceRequests/$entity"),
                "id": id, "requestType": "AdminAdd", "requestState": "Delivered",
                "requestStatus": "Fulfilled", "catalogId": catalog, "justification": "needed",
                "executeImmediately": true, "isValidationOnly": false,
                "expirationDateTime": "2096-09-23T01:02:03Z"
            })
        );
        let path = format!("{V1}/resourceRequests/{id}?$expand=catalog,resource");
        let v1 = operator.get(&path).await.assert_status(200).json();
        assert_eq!(v1["requestType"], "adminAdd");
        assert_eq!(v1["state"], "delivered");
        assert_eq!(v1["catalog"]["displayName"], "Finance");
        assert_eq!(v1["resource"]["originId"], group.as_str());
        let below = format!("{V1}/resourceRequests/{id}");
        let found = operator.get(&format!("{below}/catalog")).await;
        assert_eq!(found.assert_status(200).text("id"), catalog);
        let found = operator.get(&format!("{below}/resource")).await;
        let resource = found.assert_status(200).text("id");
        operator
            .post_empty(&format!("{below}/resource/refresh"))
            .await
            .assert_status(200)
            .assert_empty();
        let below = format!("{BETA}/accessPackageResourceRequests/{id}");
        let found = operator
            .get(&format!("{below}/accessPackageResource"))
            .await;
        assert_eq!(found.assert_status(200).text("id"), resource);
        let found = operator.get(&format!("{below}/requestor")).await;
        assert_eq!(found.assert_status(200).text("type"), "ServicePrincipal");
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_only_checked_is_refused_or_answered_and_not_kept() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let made = content(app).await;
        let path = format!("{BETA}/accessPackageResourceRequests");
        let ask = |origin: String| {
            json!({
                "catalogId": made.catalog, "requestType": "AdminAdd", "isValidationOnly": true,
                "accessPackageResource": {"originId": origin, "originSystem": "AadGroup"}
            })
        };
        let other = app.group("Readers", None).await.to_string();

        let checked = operator.post(&path, ask(other.clone())).await;
        let refused = operator.post(&path, ask(made.group.clone())).await;

        let checked = checked.assert_status(201).json();
        assert_eq!(checked["isValidationOnly"], true);
        refused.assert_error(400, "ResourceAlreadyOnboarded");
        let id = checked["id"].as_str().unwrap();
        operator
            .get(&format!("{path}/{id}"))
            .await
            .assert_status(404);
        let path = format!(
            "{V1}/catalogs/{}/resources?$filter=originId eq '{other}'",
            made.catalog
        );
        assert_eq!(
            operator.get(&path).await.assert_status(200).rows(),
            Vec::<Value>::new()
        );
    })
    .await;
}

#[tokio::test]
async fn attributes_are_changed_in_one_version_and_read_in_the_other() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let made = content(app).await;
        let update = json!({
            "requestType": "adminUpdate", "catalog": {"id": made.catalog}, "resource": {
                "id": made.resource, "attributes": [{
                    "name": "city", "isEditable": true, "isPersistedOnAssignmentRemoval": true,
                    "destination": {"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"},
                    "source": {
                        "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                        "question": {
                            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                            "text": "Which city?", "isRequired": true, "isSingleLineQuestion": true
                        }
                    }
                }]
            }
        });

        operator
            .post(&format!("{V1}/resourceRequests"), update)
            .await
            .assert_status(201);
        let path = format!("{BETA}/accessPackageResources/{}", made.resource);
        let beta = operator.get(&path).await.assert_status(200).json();
        let written_back = json!({
            "requestType": "AdminUpdate", "catalogId": made.catalog,
            "accessPackageResource": {"id": made.resource, "attributes": beta["attributes"]}
        });
        operator
            .post(&format!("{BETA}/accessPackageResourceRequests"), written_back)
            .await
            .assert_status(201);
        let again = operator.get(&path).await.assert_status(200).json();
        let path = format!("{V1}/catalogs/{}/resources/{}", made.catalog, made.resource);
        let v1 = operator.get(&path).await.assert_status(200).json();

        let attribute = &beta["attributes"][0];
        assert_eq!(attribute["attributeName"], "city");
        assert_eq!(attribute["id"].as_str().unwrap().len(), 36);
        let question = &attribute["attributeSource"]["question"];
        assert_eq!(question["text"]["defaultText"], "Which city?");
        assert_eq!(again["attributes"], beta["attributes"]);
        assert_eq!(
            v1["attributes"][0]["destination"]["@odata.type"],
            "#microsoft.graph.accessPackageUserDirectoryAttributeStore"
        );
        assert_eq!(v1["attributes"][0]["source"]["question"]["text"], "Which city?");
        let nameless = json!({
            "requestType": "adminUpdate", "resource": {"id": made.resource, "attributes": [{}]}
        });
        operator
            .post(&format!("{V1}/resourceRequests"), nameless)
            .await
            .assert_error(400, "InvalidModel");
    })
    .await;
}

#[tokio::test]
async fn dl_11_what_is_there_is_not_added_and_what_is_used_is_not_removed() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let package = app.package(Plan::new("Books").member_here("Payers")).await;
        let group = app.group("Payers", None).await.to_string();
        let ask = |kind: &str| {
            json!({
                "requestType": kind, "catalog": {"id": package.catalog},
                "resource": {"originId": group, "originSystem": "AadGroup"}
            })
        };
        let path = format!("{V1}/resourceRequests");

        operator
            .post(&path, ask("adminAdd"))
            .await
            .assert_error(400, "ResourceAlreadyOnboarded");
        operator
            .post(&path, ask("adminRemove"))
            .await
            .assert_error(400, "InvalidDeleteResourceHasEntitlements");
        app.give_role("alice", EmRole::CatalogOwner, &package).await;
        let other = app.group("Readers", None).await.to_string();
        let body = json!({
            "requestType": "adminAdd", "catalog": {"id": package.catalog},
            "resource": {"originId": other, "originSystem": "AadGroup"}
        });
        app.as_user("alice")
            .post(&path, body)
            .await
            .assert_error(403, "CallerNotResourceOwner");
        app.drop_role(&package, package.role()).await;
        operator
            .post(&path, ask("adminRemove"))
            .await
            .assert_status(201);
        operator
            .post(&path, ask("adminRemove"))
            .await
            .assert_error(404, "ResourceNotFound");
    })
    .await;
}

#[tokio::test]
async fn dl_12_systems_that_nothing_is_delivered_to_are_refused_by_name() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let catalog = catalog(&operator).await;

    for system in ["SharePointOnline", "DirectoryRole", "AzureResources", "x"] {
        let body = json!({
            "requestType": "adminAdd", "catalog": {"id": catalog},
            "resource": {
                "originId": "https://contoso.sharepoint.com/sites/a", "originSystem": system,
                "environment@odata.bind": format!("https://h{V1}/resourceEnvironments/{NOWHERE}")
            }
        });
        let refused = operator.post(&format!("{V1}/resourceRequests"), body).await;

        let refused = refused.assert_error(400, "ResourceNotSupported").json();
        assert_eq!(refused["error"]["target"], "resource/originSystem");
    }
}

#[tokio::test]
async fn a_static_system_has_one_environment_and_resources_are_bound_to_no_other() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let made = content(app).await;
        let filter = "$filter=originSystem eq 'AadGroup'";

        let path = format!("{V1}/resourceEnvironments?{filter}&$expand=resources");
        let listed = operator.get(&path).await.assert_status(200).rows();
        let all = operator.get(&format!("{V1}/resourceEnvironments")).await;
        let environment = &listed[0];
        let id = environment["id"].as_str().unwrap();

        assert_eq!(listed.len(), 1);
        assert_eq!(all.assert_status(200).rows().len(), 3);
        assert_eq!(environment["isDefaultEnvironment"], true);
        assert_eq!(environment["connectionInfo"], Value::Null);
        assert_eq!(environment["resources"][0]["id"], made.resource.as_str());
        let path = format!("{BETA}/accessPackageResourceEnvironments/{id}");
        let beta = operator.get(&path).await.assert_status(200).json();
        assert_eq!(beta["displayName"], environment["displayName"]);
        assert_eq!(beta["createdBy"], Value::Null);
        let path = format!("{V1}/resourceEnvironments/{id}/resources/{}", made.resource);
        operator
            .post_empty(&format!("{path}/refresh"))
            .await
            .assert_status(200)
            .assert_empty();
        let path = format!("{BETA}/accessPackageResources/{}", made.resource);
        let found = operator
            .get(&format!("{path}/accessPackageResourceEnvironment"))
            .await;
        assert_eq!(found.assert_status(200).text("id"), id);
        let path = format!(
            "{V1}/catalogs/{}/resources?$expand=environment,roles,scopes",
            made.catalog
        );
        let expanded = operator.get(&path).await.assert_status(200).rows();
        assert_eq!(expanded[0]["environment"]["id"], id);
        let other = app.group("Readers", None).await.to_string();
        let with = |environment: &str| {
            json!({
                "requestType": "adminAdd", "catalog": {"id": made.catalog}, "resource": {
                    "originId": other, "originSystem": "AadGroup",
                    "environment@odata.bind": format!("https://h{V1}/resourceEnvironments/{environment}")
                }
            })
        };
        let path = format!("{V1}/resourceRequests");
        let refused = operator.post(&path, with(NOWHERE)).await;
        let refused = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(refused["error"]["target"], "resource/environment");
        operator.post(&path, with(id)).await.assert_status(201);
        app.as_user("alice")
            .get(&format!("{V1}/resourceEnvironments"))
            .await
            .assert_status(403);
    })
    .await;
}

#[tokio::test]
async fn dl_6_the_roles_of_a_group_and_of_an_application_are_listed_used_or_not_and_follow_it() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let made = content(app).await;
        let application = json!({
            "appId": "1b0f1b3e-0d51-4f9f-8f2a-3f6a3c1b7a11", "displayName": "Ledger",
            "appRoles": [
                {"id": "2b0f1b3e-0d51-4f9f-8f2a-3f6a3c1b7a11", "displayName": "Clerk", "value": "clerk",
                    "isEnabled": true, "allowedMemberTypes": ["User"]},
                {"id": "3b0f1b3e-0d51-4f9f-8f2a-3f6a3c1b7a11", "displayName": "Robot", "value": "robot",
                    "isEnabled": true, "allowedMemberTypes": ["Application"]}
            ]
        });
        let application = operator
            .post("/v1.0/servicePrincipals", application)
            .await
            .assert_status(201)
            .text("id");
        let body = json!({
            "requestType": "adminAdd", "catalog": {"id": made.catalog},
            "resource": {"originId": application, "originSystem": "AadApplication"}
        });
        operator
            .post(&format!("{V1}/resourceRequests"), body)
            .await
            .assert_status(201);
        let path = format!("{V1}/catalogs/{}/resources?$filter=originId eq '{application}'", made.catalog);
        let resource = operator.get(&path).await.rows()[0]["id"].as_str().unwrap().to_owned();

        let v1 = format!(
            "{V1}/catalogs/{}/resourceRoles?$filter=originSystem eq 'AadGroup' and resource/id eq '{}'&$expand=resource",
            made.catalog, made.resource
        );
        let of_group = operator.get(&v1).await.assert_status(200).rows();
        let beta = format!(
            "{BETA}/accessPackageCatalogs/{}/accessPackageResourceRoles?$filter=originSystem eq 'AadApplication' \
                and accessPackageResource/id eq '{resource}'",
            made.catalog
        );
        let of_application = operator.get(&beta).await.assert_status(200).rows();

        let names = |rows: &[Value]| -> Vec<String> {
            rows.iter().map(|row| row["originId"].as_str().unwrap().to_owned()).collect()
        };
        let group = &made.group;
        assert_eq!(names(&of_group), [format!("Member_{group}"), format!("Owner_{group}")]);
        assert_eq!(of_group[0]["resource"]["id"], made.resource.as_str());
        assert_eq!(names(&of_application), ["2b0f1b3e-0d51-4f9f-8f2a-3f6a3c1b7a11"]);
        let renamed = json!({"displayName": "General ledger", "appRoles": []});
        operator
            .patch(&format!("/v1.0/servicePrincipals/{application}"), renamed)
            .await
            .assert_status(204);
        let path = format!("{BETA}/accessPackageResources/{resource}");
        let roles = operator
            .get(&format!("{path}/accessPackageResourceRoles"))
            .await;
        assert_eq!(
            names(&roles.assert_status(200).rows()),
            [DEFAULT_ACCESS.to_string()]
        );
        let known = operator.get(&path).await.text("displayName");
        operator
            .post_empty(&format!(
                "{BETA}/accessPackageCatalogs/{}/accessPackageResources/{resource}/refresh",
                made.catalog
            ))
            .await
            .assert_status(200)
            .assert_empty();
        let refreshed = operator.get(&path).await.text("displayName");
        assert_eq!(
            (known.as_str(), refreshed.as_str()),
            ("Ledger", "General ledger"),
            "DL-14"
        );
        let path = format!("{V1}/resources/{resource}/scopes");
        let scopes = operator.get(&path).await.assert_status(200).rows();
        assert_eq!(scopes[0]["isRootScope"], true, "DL-1");
        assert_eq!(scopes[0]["description"], "Root Scope", "DL-1");
        let path = format!("{V1}/catalogs/{}/resourceScopes/{}", made.catalog, scopes[0]["id"].as_str().unwrap());
        operator.get(&path).await.assert_status(200);
    })
    .await;
}

#[tokio::test]
async fn resources_are_changed_by_requests_and_in_no_other_way() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let made = content(&app).await;
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    let pair = &package.role().role_scope;
    let path = format!("{V1}/resources/{}/roles", made.resource);
    let roles = operator.get(&path).await.rows();
    let role = roles[0]["id"].as_str().unwrap();

    let requests = operator.get(&format!("{V1}/resourceRequests")).await.rows();
    let request = requests[0]["id"].as_str().unwrap();
    for (methods, path) in [
        (&["POST"][..], format!("{V1}/resources")),
        (
            &["POST"],
            format!("{V1}/catalogs/{}/resources", made.catalog),
        ),
        (
            &["PATCH", "DELETE"],
            format!("{V1}/resources/{}", made.resource),
        ),
        (
            &["PATCH", "DELETE"],
            format!("{V1}/resources/{}/roles/{role}", made.resource),
        ),
        (
            &["POST"],
            format!("{V1}/catalogs/{}/resourceRoles", made.catalog),
        ),
        (
            &["POST"],
            format!("{V1}/catalogs/{}/resourceScopes", made.catalog),
        ),
        (
            &["PATCH", "DELETE"],
            format!("{V1}/resourceRequests/{request}"),
        ),
        (
            &["PATCH", "DELETE"],
            format!("{V1}/resourceRequests/{request}/resource"),
        ),
        (&["POST"], format!("{V1}/resourceEnvironments")),
        (&["PATCH"], format!("{V1}/resourceRoleScopes/{pair}")),
        (
            &["PATCH", "DELETE"],
            format!("{V1}/resourceRoleScopes/{pair}/role"),
        ),
        (
            &["PATCH", "DELETE"],
            format!("{V1}/resourceRoleScopes/{pair}/scope"),
        ),
        (
            &["PATCH"],
            format!(
                "{V1}/accessPackages/{}/resourceRoleScopes/{pair}",
                package.id
            ),
        ),
    ] {
        for method in methods {
            let method: Method = method.parse().unwrap();
            let refused = operator.ask(method.clone(), &path).await;
            let refused = refused.assert_error(405, "MethodNotAllowed");
            let allow = refused.headers["allow"].to_str().unwrap();
            assert!(allow.contains("GET"), "{method} {path}: {allow}");
        }
    }
}

#[tokio::test]
async fn a_resource_that_no_directory_describes_is_what_its_request_says() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let catalog = catalog(&operator).await;
        let endpoint = json!({
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "s", "resourceGroupName": "g", "logicAppWorkflowName": "told"
        });
        let body = json!({
            "requestType": "adminAdd", "catalog": {"id": catalog}, "resource": {
                "@odata.type": "#microsoft.graph.customDataProvidedResource", "displayName": "Doors",
                "description": "Who has which key", "originId": "doors",
                "originSystem": "CustomDataProvidedResource",
                "notificationEndpointConfiguration": endpoint
            }
        });
        let requests = format!("{V1}/resourceRequests");

        let made = operator.post(&requests, body.clone()).await.assert_status(201);
        let path = format!("{requests}/{}/resource", made.text("id"));
        let resource = operator.get(&path).await.assert_status(200).json();
        let id = resource["id"].as_str().unwrap();

        assert_eq!(resource["@odata.type"], "#microsoft.graph.customDataProvidedResource");
        assert_eq!(resource["notificationEndpointConfiguration"], endpoint);
        assert_eq!(resource["displayName"], "Doors");
        operator
            .post(&requests, body)
            .await
            .assert_error(400, "ResourceAlreadyOnboarded");
        let update = json!({
            "requestType": "AdminUpdate", "catalogId": catalog, "accessPackageResource": {
                "id": id, "displayName": "Keys", "notificationEndpointConfiguration": null
            }
        });
        operator
            .post(&format!("{BETA}/accessPackageResourceRequests"), update)
            .await
            .assert_status(201);
        let path = format!("{BETA}/accessPackageResources/{id}");
        let changed = operator.get(&path).await.assert_status(200).json();
        assert_eq!(changed["displayName"], "Keys");
        assert_eq!(changed["description"], "Who has which key");
        assert_eq!(changed.get("notificationEndpointConfiguration"), None);
        operator
            .post_empty(&format!("{path}/refresh"))
            .await
            .assert_status(200);
        let roles = operator.get(&format!("{path}/accessPackageResourceRoles")).await;
        assert_eq!(roles.rows(), Vec::<Value>::new(), "nothing is delivered to it");
        for (resource, target) in [
            (json!({"originSystem": "CustomDataProvidedResource", "originId": "x"}), "resource/displayName"),
            (json!({"originSystem": "CustomDataProvidedResource"}), "resource/originId"),
        ] {
            let body = json!({"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": resource});
            let refused = operator.post(&requests, body).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            assert_eq!(refused["error"]["target"], target);
        }
    })
    .await;
}

#[tokio::test]
async fn a_pair_without_a_package_in_its_path_is_added_by_the_body_and_removed_where_one_has_it() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let one = app.package(Plan::new("Books").member_here("Payers")).await;
        let other = app.package(Plan::new("Taxes").member_here("Readers")).await;
        let pairs = format!("{V1}/resourceRoleScopes");
        let beta = format!("{BETA}/accessPackageResourceRoleScopes");
        let pair = &one.role().role_scope;
        let held = operator
            .get(&format!("{pairs}/{pair}?$expand=role,scope"))
            .await
            .assert_status(200)
            .json();
        let body = json!({
            "accessPackage": {"id": other.id},
            "accessPackageResourceRole": {"id": held["role"]["id"]},
            "accessPackageResourceScope": {"id": held["scope"]["id"]}
        });

        let made = operator.post(&beta, body.clone()).await;

        assert_eq!(&made.assert_status(201).text("id"), pair);
        let again = operator.post(&beta, body).await;
        again.assert_error(400, "RoleScopeAlreadyExists");
        let refused = operator.post(&beta, json!({"role": {"id": NOWHERE}})).await;
        let refused = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(refused["error"]["target"], "accessPackage/id");
        let ambiguous = operator.delete(&format!("{pairs}/{pair}")).await;
        ambiguous.assert_error(400, "BadRequest");
        let path = format!("{V1}/accessPackages/{}/resourceRoleScopes/{pair}", one.id);
        operator.delete(&path).await.assert_status(204);
        let path = format!("{beta}/{pair}");
        app.as_user("alice").delete(&path).await.assert_status(403);
        operator.delete(&path).await.assert_status(204);
        operator.delete(&path).await.assert_status(404);
    })
    .await;
}
