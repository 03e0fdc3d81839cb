//! Groups that give roles and users who hold them: changing the one, or signing in as the other, is no way to a role
//! (semantics 7.2, AZ-12, DL-13).

use std::sync::Arc;

use auth::principal::{DirectoryRole, Permission, PermissionSet, Principal};
use auth::roles::EmRole;
use domain::id::ObjectId;
use serde_json::{Value, json};
use service::callers;
use service::ctx::Ctx;
use service::directory::users;
use service::error::{Code, ServiceError};
use store::directory::role_member;
use testkit::{Client, Plan, Reply, TestApp};
use uuid::Uuid;

use crate::support::V1;

const ROOTS: [&str; 2] = ["/v1.0", "/beta"];

async fn give(app: &TestApp, holder: ObjectId, role: DirectoryRole) {
    let template = role.template_id();
    let store = &app.service().store;
    store
        .write(move |tx| role_member::add(tx, template, holder))
        .await
        .unwrap();
    app.service().callers.invalidate();
}

fn reference(object: ObjectId) -> Value {
    json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{object}")})
}

async fn put_into(client: &Client, root: &str, group: ObjectId, object: ObjectId) -> Reply {
    let path = format!("{root}/groups/{group}/members/$ref");
    client.post(&path, reference(object)).await
}

async fn take_out(client: &Client, root: &str, group: ObjectId, object: ObjectId) -> Reply {
    let path = format!("{root}/groups/{group}/members/{object}/$ref");
    client.delete(&path).await
}

async fn make_owner(app: &TestApp, name: &str, group: ObjectId) {
    let path = format!("/v1.0/groups/{group}/owners/$ref");
    let link = reference(app.id_of(name));
    app.as_operator().post(&path, link).await.assert_status(204);
}

/// Callers who may change groups, and hold none of the roles that groups here give.
async fn group_managers(app: &TestApp) -> Vec<Client> {
    app.add_application("feeder").await;
    let manager = app.add_user("uma").await;
    give(app, manager, DirectoryRole::UserAdministrator).await;
    vec![
        app.as_application("feeder", &[Permission::GroupMemberReadWriteAll]),
        app.as_application("feeder", &[Permission::GroupReadWriteAll]),
        app.as_application("feeder", &[Permission::DirectoryReadWriteAll]),
        app.as_user_with(
            "uma",
            &[
                Permission::GroupReadWriteAll,
                Permission::EntitlementManagementReadWriteAll,
            ],
        ),
    ]
}

#[tokio::test]
async fn az_12_who_may_change_groups_gets_no_role_of_the_directory_by_it_at_any_depth() {
    TestApp::on_both(async |app| {
        let stewards = app.group("Stewards", None).await;
        let inner = app.group("Inner", None).await;
        let plain = app.group("Plain", None).await;
        give(
            app,
            stewards,
            DirectoryRole::IdentityGovernanceAdministrator,
        )
        .await;
        let operator = app.as_operator();
        put_into(&operator, "/v1.0", stewards, inner)
            .await
            .assert_status(204);
        let mallory = app.id_of("mallory");
        let managers = group_managers(app).await;

        for root in ROOTS {
            for client in &managers {
                for group in [stewards, inner] {
                    let told = put_into(client, root, group, mallory).await;
                    assert_eq!(told.assert_status(403).code(), "AccessDenied");
                    let path = format!("{root}/groups/{group}");
                    let bound = json!({"members@odata.bind": [reference(mallory)["@odata.id"]]});
                    client.patch(&path, bound).await.assert_status(403);
                    client.delete(&path).await.assert_status(403);
                }
                let emptied = take_out(client, root, stewards, inner).await;
                emptied.assert_status(403);
                put_into(client, root, plain, mallory)
                    .await
                    .assert_status(204);
                take_out(client, root, plain, mallory)
                    .await
                    .assert_status(204);
            }
            for group in [stewards, inner] {
                put_into(&operator, root, group, mallory)
                    .await
                    .assert_status(204);
                take_out(&operator, root, group, mallory)
                    .await
                    .assert_status(204);
            }
        }
        // A group becomes as good as the one that it is put into.
        let told = put_into(&managers[0], "/v1.0", stewards, plain).await;
        told.assert_status(403);
    })
    .await;
}

#[tokio::test]
async fn owners_change_the_group_that_holds_the_role_and_not_one_inside_of_it() {
    let app = TestApp::new().await;
    let stewards = app.group("Stewards", None).await;
    let inner = app.group("Inner", None).await;
    give(&app, stewards, DirectoryRole::GlobalReader).await;
    let operator = app.as_operator();
    put_into(&operator, "/v1.0", stewards, inner)
        .await
        .assert_status(204);
    make_owner(&app, "carol", stewards).await;
    make_owner(&app, "dave", inner).await;
    let alice = app.id_of("alice");

    for root in ROOTS {
        let owner = app.as_user("carol");
        put_into(&owner, root, stewards, alice)
            .await
            .assert_status(204);
        take_out(&owner, root, stewards, alice)
            .await
            .assert_status(204);
        let of_inner = app.as_user("dave");
        put_into(&of_inner, root, inner, alice)
            .await
            .assert_status(403);
        put_into(&of_inner, root, stewards, alice)
            .await
            .assert_status(403);
    }
}

#[tokio::test]
async fn who_may_assign_a_role_in_a_catalog_may_change_the_group_that_holds_it() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    let owners = app.group("Owners", None).await;
    let wanted = json!({
        "principalId": owners.to_string(), "roleDefinitionId": EmRole::CatalogOwner.definition_id().to_string(),
        "appScopeId": format!("/AccessPackageCatalog/{}", package.catalog),
    });
    let path = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let operator = app.as_operator();
    operator.post(path, wanted).await.assert_status(201);
    let mallory = app.id_of("mallory");
    let managers = group_managers(&app).await;
    let scopes = [
        Permission::GroupReadWriteAll,
        Permission::EntitlementManagementReadWriteAll,
    ];

    for root in ROOTS {
        for client in &managers {
            put_into(client, root, owners, mallory)
                .await
                .assert_status(403);
        }
        let both = app.as_application("feeder", &scopes);
        put_into(&both, root, owners, mallory)
            .await
            .assert_status(204);
        take_out(&both, root, owners, mallory)
            .await
            .assert_status(204);
    }
    app.give_role("uma", EmRole::CatalogOwner, &package).await;
    let both = app.as_user_with("uma", &scopes);
    put_into(&both, "/v1.0", owners, mallory)
        .await
        .assert_status(204);
}

#[tokio::test]
async fn az_11_the_owner_of_a_catalog_lets_only_groups_give_a_role_that_they_may_change() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books").member_here("Readers")).await;
        app.give_role("carol", EmRole::CatalogOwner, &package).await;
        let (own, other) = (app.group("Own", None).await, app.group("Other", None).await);
        make_owner(app, "carol", own).await;
        app.add_application("feeder").await;
        let feeder = app.as_application("feeder", &[Permission::GroupReadWriteAll]);
        let (alice, mallory) = (app.id_of("alice"), app.id_of("mallory"));
        let wanted = |principal: ObjectId| {
            json!({
                "principalId": principal.to_string(),
                "roleDefinitionId": EmRole::CatalogReader.definition_id().to_string(),
                "appScopeId": format!("/AccessPackageCatalog/{}", package.catalog),
            })
        };
        for root in ROOTS {
            let path = format!("{root}/roleManagement/entitlementManagement/roleAssignments");
            let carol = app.as_user("carol");
            let refused = carol.post(&path, wanted(other)).await;
            refused.assert_error(403, "AccessDenied");
            // Nobody is locked out of the group.
            put_into(&feeder, root, other, mallory)
                .await
                .assert_status(204);
            take_out(&feeder, root, other, mallory)
                .await
                .assert_status(204);
            for (client, principal) in [
                (app.as_user("carol"), own),
                (app.as_user("carol"), alice),
                (app.as_operator(), other),
            ] {
                let made = client.post(&path, wanted(principal)).await;
                let id = made.assert_status(201).text("id");
                let path = format!("{path}/{id}");
                client.delete(&path).await.assert_status(204);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_group_that_roles_can_be_assigned_to_is_made_and_kept_by_those_who_assign_roles() {
    let app = TestApp::new().await;
    let managers = group_managers(&app).await;
    let plain = app.group("Plain", None).await;
    let operator = app.as_operator();
    for root in ROOTS {
        let groups = format!("{root}/groups");
        let body = json!({
            "displayName": "Admins", "mailNickname": "admins", "mailEnabled": false,
            "securityEnabled": true, "isAssignableToRole": true
        });
        for client in managers.iter().skip(1) {
            let told = client.post(&groups, body.clone()).await;
            assert_eq!(told.assert_status(403).code(), "AccessDenied");
        }
        let made = operator.post(&groups, body).await.assert_status(201);
        assert_eq!(made.json()["isAssignableToRole"], true);
        let id: ObjectId = made.text("id").parse().unwrap();

        let refused = put_into(&managers[1], root, id, app.id_of("mallory")).await;
        refused.assert_status(403);
        let changed = json!({"isAssignableToRole": false});
        let told = operator.patch(&format!("{groups}/{id}"), changed).await;
        assert_eq!(
            told.assert_status(400).json()["error"]["target"],
            "isAssignableToRole"
        );
        let inside = put_into(&operator, root, id, plain).await;
        inside.assert_status(400);
    }
}

#[tokio::test]
async fn who_may_change_users_does_not_become_an_administrator_by_it() {
    TestApp::on_both(async |app| {
        let stewards = app.group("Stewards", None).await;
        give(app, stewards, DirectoryRole::SecurityAdministrator).await;
        let operator = app.as_operator();
        put_into(&operator, "/v1.0", stewards, app.id_of("bob"))
            .await
            .assert_status(204);
        make_owner(app, "carol", stewards).await;
        let (uma, ulf) = (app.add_user("uma").await, app.add_user("ulf").await);
        give(app, uma, DirectoryRole::UserAdministrator).await;
        give(app, ulf, DirectoryRole::UserAdministrator).await;
        app.add_application("feeder").await;
        let feeder = app.as_application("feeder", &[Permission::UserReadWriteAll]);
        let manager = app.as_user_with("uma", &[Permission::UserReadWriteAll]);

        let taken_over = [
            json!({"passwordProfile": {"password": "mine now"}}),
            json!({"mail": "mine@reeve.test"}),
            json!({"userPrincipalName": "mine@reeve.test"}),
            json!({"employeeId": "mine"}),
            json!({"otherMails": ["mine@reeve.test"]}),
            json!({"accountEnabled": false}),
        ];
        for root in ROOTS {
            for client in [&feeder, &manager] {
                // By a role of their own, as a member, and as the owner of a group that gives one.
                for name in ["admin", "bob", "carol"] {
                    let path = format!("{root}/users/{}", app.id_of(name));
                    for body in &taken_over {
                        let told = client.patch(&path, body.clone()).await;
                        assert_eq!(told.assert_status(403).code(), "AccessDenied", "{body}");
                    }
                    client.delete(&path).await.assert_status(403);
                    let harmless = json!({"jobTitle": format!("of {root}")});
                    client.patch(&path, harmless).await.assert_status(204);
                }
                let path = format!("{root}/users/{}", app.id_of("alice"));
                let body = taken_over[0].clone();
                client.patch(&path, body).await.assert_status(204);
            }
            let path = format!("{root}/users/{ulf}");
            let body = taken_over[0].clone();
            manager.patch(&path, body.clone()).await.assert_status(204);
            feeder.patch(&path, body.clone()).await.assert_status(403);
            let path = format!("{root}/users/{}", app.id_of("admin"));
            operator.patch(&path, body).await.assert_status(204);
        }
        let admin = app.id_of("admin");
        operator
            .delete(&format!("/v1.0/users/{admin}"))
            .await
            .assert_status(204);
        let feeder = app.id_of("feeder");
        let scopes = PermissionSet::of(&[Permission::UserReadWriteAll]);
        let principal = Principal::application(feeder, &feeder.to_string(), scopes);
        let service = app.service();
        let loaded = callers::load(service, &Arc::new(principal)).await.unwrap();
        let ctx = Ctx::of_caller(loaded.caller, Uuid::nil(), None);
        let restored = users::restore(service, &ctx, admin).await;
        let removed = users::hard_delete(service, &ctx, admin).await;
        for refused in [restored.map(drop), removed] {
            assert!(
                matches!(
                    refused,
                    Err(ServiceError::Refused {
                        code: Code::AccessDenied,
                        ..
                    })
                ),
                "{refused:?}"
            );
        }
        users::restore(service, &service.system(), admin)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_outside_directory_feeds_neither_role_groups_nor_the_keys_of_administrators() {
    let app = TestApp::new().await;
    let stewards = app.group("Stewards", None).await;
    give(
        &app,
        stewards,
        DirectoryRole::IdentityGovernanceAdministrator,
    )
    .await;
    app.add_application("feeder").await;
    let feeder = app.as_application("feeder", &[Permission::DirectoryReadWriteAll]);
    let operations = |operation: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation]
        })
    };
    let mallory = app.id_of("mallory").to_string();
    let group = format!("/scim/v2/Groups/{stewards}");
    let member = operations(json!({
        "op": "add", "path": "members", "value": [{"value": mallory}]
    }));
    let key = operations(json!({"op": "replace", "path": "externalId", "value": "mine"}));
    let password = operations(json!({"op": "replace", "path": "password", "value": "mine now"}));
    let title = operations(json!({"op": "replace", "path": "title", "value": "Chief"}));
    let (admin, alice) = (app.id_of("admin"), app.id_of("alice"));

    feeder.patch(&group, member).await.assert_status(403);
    feeder.delete(&group).await.assert_status(403);
    let admin = format!("/scim/v2/Users/{admin}");
    for change in [&key, &password] {
        let told = feeder.patch(&admin, change.clone()).await;
        told.assert_status(403);
    }
    feeder.delete(&admin).await.assert_status(403);

    feeder.patch(&admin, title).await.assert_status(200);
    let alice = format!("/scim/v2/Users/{alice}");
    feeder.patch(&alice, key).await.assert_status(200);
    feeder.patch(&alice, password).await.assert_status(200);
}

#[tokio::test]
async fn dl_13_a_role_group_comes_into_a_catalog_by_its_owner_or_who_gives_the_role_and_leaves_by_the_catalogs_owner()
 {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    let stewards = app.group("Stewards", None).await;
    give(
        &app,
        stewards,
        DirectoryRole::IdentityGovernanceAdministrator,
    )
    .await;
    let uma = app.add_user("uma").await;
    give(&app, uma, DirectoryRole::UserAdministrator).await;
    make_owner(&app, "carol", stewards).await;
    for name in ["uma", "carol", "dave"] {
        app.give_role(name, EmRole::CatalogOwner, &package).await;
    }
    let requests = format!("{V1}/resourceRequests");
    let wanted = |kind: &str| {
        json!({
            "requestType": kind, "catalog": {"id": package.catalog},
            "resource": {"originId": stewards.to_string(), "originSystem": "AadGroup"}
        })
    };

    let as_uma = app.as_user("uma");
    let told = as_uma.post(&requests, wanted("adminAdd")).await;
    assert_eq!(told.assert_status(403).code(), "CallerNotResourceOwner");
    let as_carol = app.as_user("carol");
    let added = as_carol.post(&requests, wanted("adminAdd")).await;
    added.assert_status(201);

    // Neither owns the group nor may change it: what is asked for is asked when it comes.
    let as_dave = app.as_user("dave");
    let again = as_dave.post(&requests, wanted("adminAdd")).await;
    assert_eq!(again.assert_status(403).code(), "CallerNotResourceOwner");
    let removed = as_dave.post(&requests, wanted("adminRemove")).await;
    removed.assert_status(201);
}

#[tokio::test]
async fn an_explanation_of_a_role_group_says_what_the_call_says() {
    let app = TestApp::new().await;
    let stewards = app.group("Stewards", None).await;
    let plain = app.group("Plain", None).await;
    give(&app, stewards, DirectoryRole::GlobalReader).await;
    app.add_application("feeder").await;
    let feeder = app.as_application("feeder", &[Permission::DirectoryReadWriteAll]);
    for (operation, object, verdict) in [
        ("writeMembers", stewards, "denied"),
        ("writeMembers", plain, "allowed"),
        ("writeGroups", stewards, "denied"),
        ("manageAdministrators", app.id_of("admin"), "denied"),
        ("manageAdministrators", app.id_of("alice"), "allowed"),
    ] {
        let path = format!("/reeve/v1/explain/authorization?operation={operation}&object={object}");
        let told = feeder.get(&path).await.assert_status(200).json();
        assert_eq!(told["decision"], verdict, "{operation}: {told}");
    }
}
