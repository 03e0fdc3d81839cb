//! What is behind something that the caller may see: nobody gets further into the directory by `$expand`, by a filter or
//! by a question than by asking for it directly (AZ-1, AZ-4, RP-5).

use auth::principal::Permission;
use auth::roles::EmRole;
use serde_json::{Value, json};
use testkit::{Client, Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

/// Carol leads alice and bob; alice and bob are members of a group that has a role in a catalog.
async fn staff(app: &TestApp) -> String {
    let operator = app.as_operator();
    let carol = app.id_of("carol");
    let group = app.group("Readers", None).await.to_string();
    for name in ["alice", "bob"] {
        let id = app.id_of(name);
        let reference = json!({"@odata.id": format!("https://h/v1.0/users/{carol}")});
        let path = format!("/v1.0/users/{id}/manager/$ref");
        operator.put(&path, reference).await.assert_status(204);
        let reference = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{id}")});
        let path = format!("/v1.0/groups/{group}/members/$ref");
        operator.post(&path, reference).await.assert_status(204);
    }
    group
}

async fn shown(client: &Client, path: &str) -> Value {
    client.get(path).await.assert_status(200).json()
}

/// Whether a list that was expanded shows nothing.
fn is_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}

#[tokio::test]
async fn az_4_ones_own_profile_leads_no_further_into_the_directory_than_the_token_does() {
    TestApp::on_both(async |app| {
        staff(app).await;
        let deep = "memberOf($expand=members($expand=microsoft.graph.user))";
        for root in ["/v1.0", "/beta"] {
            let me = format!("{root}/me?$select=id&$expand=");
            let alice = app.as_user_with("alice", &[Permission::SubjectAccessReadWrite]);
            let carol = app.as_user_with("carol", &[Permission::SubjectAccessReadWrite]);
            alice
                .get(&format!("{root}/me/memberOf"))
                .await
                .assert_status(403);
            assert!(is_empty(
                &shown(&alice, &format!("{me}{deep}")).await["memberOf"]
            ));
            let boss = shown(&alice, &format!("{me}manager($select=employeeId)")).await;
            assert!(boss["manager"].is_null(), "{boss}");
            let people = shown(&carol, &format!("{me}directReports")).await;
            assert!(is_empty(&people["directReports"]), "{people}");

            // With the permission of groups alone: one's own groups, and no people in them.
            let groups = [
                Permission::SubjectAccessReadWrite,
                Permission::GroupMemberReadAll,
            ];
            let alice = app.as_user_with("alice", &groups);
            let own = shown(&alice, &format!("{me}{deep}")).await;
            assert_eq!(own["memberOf"][0]["displayName"], "Readers", "{own}");
            assert!(is_empty(&own["memberOf"][0]["members"]), "{own}");

            // With the permissions of both everything is there.
            let both = [
                Permission::SubjectAccessReadWrite,
                Permission::UserReadAll,
                Permission::GroupMemberReadAll,
            ];
            let (alice, carol) = (
                app.as_user_with("alice", &both),
                app.as_user_with("carol", &both),
            );
            let own = shown(&alice, &format!("{me}{deep}")).await;
            assert_eq!(
                own["memberOf"][0]["members"].as_array().unwrap().len(),
                2,
                "{own}"
            );
            let boss = shown(&alice, &format!("{me}manager")).await;
            assert_eq!(boss["manager"]["displayName"], "carol", "{boss}");
            let people = shown(&carol, &format!("{me}directReports")).await;
            assert_eq!(
                people["directReports"].as_array().unwrap().len(),
                2,
                "{people}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn az_1_whom_a_role_assignment_names_is_shown_and_nothing_behind_them() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let group = staff(&app).await;
    app.give_role("erin", EmRole::CatalogOwner, &package).await;
    app.give_role("alice", EmRole::CatalogReader, &package)
        .await;
    let roles = "/beta/roleManagement/entitlementManagement/roleAssignments";
    let body = json!({
        "principalId": group, "roleDefinitionId": EmRole::CatalogReader.definition_id().to_string(),
        "appScopeId": format!("/AccessPackageCatalog/{}", package.catalog),
    });
    app.as_operator().post(roles, body).await.assert_status(201);
    let entitlements = Permission::EntitlementManagementReadWriteAll;
    let owner = app.as_user_with("erin", &[entitlements]);
    let seeing = [
        entitlements,
        Permission::UserReadAll,
        Permission::GroupReadAll,
        Permission::ApplicationReadAll,
    ];
    let seeing = app.as_user_with("erin", &seeing);
    owner.get("/v1.0/users").await.assert_status(403);

    for expand in [
        "principal($expand=microsoft.graph.group($expand=members))",
        "principal($expand=microsoft.graph.group/members)",
        "principal($expand=memberOf($expand=members))",
        "principal($expand=microsoft.graph.user($expand=manager))",
        "principal($expand=microsoft.graph.user($expand=memberOf))",
    ] {
        let path = format!("{roles}?$expand={expand}");
        let (blind, whole) = (owner.get(&path).await, seeing.get(&path).await);
        assert_eq!(blind.status, whole.status, "{expand}: {blind}");
        if whole.status != 200 {
            continue;
        }
        let (blind, whole) = (blind.json().to_string(), whole.json().to_string());
        // Nobody is named who holds no role, and those who do are named as such.
        assert!(
            blind.contains("Readers") && blind.contains("\"alice\""),
            "{blind}"
        );
        assert!(
            !blind.contains("\"bob\"") && !blind.contains("\"carol\""),
            "{expand}: {blind}"
        );
        assert!(blind.len() < whole.len(), "{expand}: {whole}");
    }
}

#[tokio::test]
async fn rp_5_an_explanation_with_assumed_permissions_finds_nothing_that_the_asker_cannot_see() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let request = app.assign(&package, "carol").await;
    app.deliver().await;
    app.add_application("empty").await;
    let askers = [
        app.as_application("empty", &[]),
        app.as_application("empty", &[Permission::UserReadAll]),
        app.as_user("mallory"),
    ];
    let permissions = [
        "",
        "&permissions=EntitlementManagement.Read.All",
        "&permissions=EntitlementManagement.ReadWrite.All,EntitlementMgmt-SubjectAccess.ReadWrite",
        "&permissions=User.Read.All",
    ];
    let objects = [&package.id, &package.catalog, &package.policy, &request];
    for client in &askers {
        for operation in service::explain::authorization::Operation::all() {
            for assumed in permissions {
                let ask = async |object: &str| {
                    let path = format!(
                        "/reeve/v1/explain/authorization?operation={}&object={object}{assumed}",
                        operation.name()
                    );
                    let reply = client.get(&path).await;
                    reply.json().to_string().replace(object, "ID")
                };
                let unknown = ask(NOWHERE).await;
                for object in objects {
                    assert_eq!(ask(object).await, unknown, "{} {assumed}", operation.name());
                }
            }
        }
    }
    // Whoever sees the object is told what it is, and what other permissions would make of it.
    let reader = app.as_application("empty", &[Permission::EntitlementManagementReadAll]);
    let path = format!(
        "/reeve/v1/explain/authorization?operation=manageAccessPackages&object={}&permissions=EntitlementManagement.ReadWrite.All",
        package.id
    );
    let told = shown(&reader, &path).await;
    assert_eq!(
        told["object"]["catalogId"],
        package.catalog.as_str(),
        "{told}"
    );
}

#[tokio::test]
async fn dl_2_a_role_in_a_catalog_that_the_caller_may_not_see_is_like_one_that_is_not_there() {
    let app = TestApp::new().await;
    let own = app
        .package(Plan::new("Own").in_catalog("Own").member_here("Own"))
        .await;
    let foreign = app
        .package(
            Plan::new("Foreign")
                .in_catalog("Foreign")
                .member_here("Foreign"),
        )
        .await;
    app.give_role("erin", EmRole::CatalogOwner, &own).await;
    let (erin, operator) = (app.as_user("erin"), app.as_operator());
    let path = format!(
        "{V1}/catalogs/{}/resources?$expand=roles,scopes",
        foreign.catalog
    );
    let resource = operator
        .get(&path)
        .await
        .assert_status(200)
        .rows()
        .remove(0);
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let (role, scope, resource) = (
        id(&resource["roles"][0]),
        id(&resource["scopes"][0]),
        id(&resource),
    );

    for (root, pairs) in [
        (V1, "resourceRoleScopes"),
        (BETA, "accessPackageResourceRoleScopes"),
    ] {
        let (role_key, scope_key, resource_key) = if root == V1 {
            ("role", "scope", "resource")
        } else {
            (
                "accessPackageResourceRole",
                "accessPackageResourceScope",
                "accessPackageResource",
            )
        };
        let path = format!("{root}/accessPackages/{}/{pairs}", own.id);
        let bodies = |role: &str, scope: &str, resource: &str| {
            [
                json!({role_key: {"id": role}, scope_key: {"id": scope}}),
                json!({role_key: {"id": role, resource_key: {"id": resource}}, scope_key: {"id": scope}}),
                json!({role_key: {"originId": "Member", resource_key: {"id": resource}}, scope_key: {"id": scope}}),
                json!({role_key: {"originId": "Member"}, scope_key: {"id": scope}}),
            ]
        };
        let there = bodies(&role, &scope, &resource);
        let nowhere = bodies(NOWHERE, NOWHERE, NOWHERE);
        for (there, nowhere) in there.into_iter().zip(nowhere) {
            let (there, nowhere) = (
                erin.post(&path, there).await,
                erin.post(&path, nowhere).await,
            );
            assert!([400, 404].contains(&nowhere.status.as_u16()), "{nowhere}");
            let words = |reply: &testkit::Reply| {
                let error = reply.json()["error"].clone();
                let message = error["message"].as_str().unwrap_or_default().to_owned();
                let message = [&role, &scope, &resource]
                    .iter()
                    .fold(message, |message, id| message.replace(id.as_str(), NOWHERE));
                (
                    reply.status,
                    error["code"].clone(),
                    error["target"].clone(),
                    message,
                )
            };
            assert_eq!(words(&there), words(&nowhere));
        }
        // Whoever sees both catalogs is told what is wrong.
        let body = json!({role_key: {"id": role, resource_key: {"id": resource}}, scope_key: {"id": scope}});
        let told = operator.post(&path, body).await.assert_status(400);
        assert!(
            told.json()["error"]["message"]
                .as_str()
                .unwrap()
                .contains("another catalog")
        );
    }
}
