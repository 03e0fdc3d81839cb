//! `roleManagement/entitlementManagement`: roles, who holds them, and the same as schedules (semantics 7.2, 7.3).

use auth::principal::Permission;
use http::Method;
use serde_json::{Value, json};

use crate::support::{NOWHERE, Server, id};

const VERSIONS: [&str; 2] = ["/v1.0", "/beta"];
const OWNER: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
const READER: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";
const CREATOR: &str = "ba92d953-d8e0-4e39-a797-0cbedb0a89e8";

fn root(version: &str) -> String {
    format!("{version}/roleManagement/entitlementManagement")
}

fn ids(list: &Value) -> Vec<String> {
    list["value"].as_array().unwrap().iter().map(id).collect()
}

fn scope(catalog: &str) -> String {
    format!("/AccessPackageCatalog/{catalog}")
}

/// Assigns a role as Terraform does and answers the role assignment.
async fn assigned(server: &Server, principal: &str, role: &str, scope: &str) -> Value {
    let body = json!({
        "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/", "appScopeId": scope,
    });
    let path = format!("{}/roleAssignments", root("/beta"));
    server
        .post(&server.admin(), &path, &body)
        .await
        .expect(201)
        .json()
}

/// A group with one member; answers its id.
async fn group_of(server: &Server, member: &str) -> String {
    let admin = server.admin();
    let body = json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true});
    let group = server.post(&admin, "/v1.0/groups", &body).await.expect(201);
    let group = id(&group.json());
    let link = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{member}")});
    let members = format!("/v1.0/groups/{group}/members/$ref");
    server.post(&admin, &members, &link).await.expect(204);
    group
}

#[tokio::test]
async fn a_role_definition_prints_whole_in_both_versions() {
    let server = Server::new().await;
    for version in VERSIONS {
        let path = format!("{}/roleDefinitions/{READER}", root(version));

        let found = server.get(&server.admin(), &path).await.expect(200).json();

        let mut expected = json!({
            "@odata.context": format!(
                "http://127.0.0.1:8080{version}/$metadata#roleManagement/entitlementManagement/roleDefinitions/$entity"
            ),
            "id": READER,
            "displayName": "Catalog reader",
            "description": "Reads everything in a catalog.",
            "isBuiltIn": true,
            "isEnabled": true,
            "templateId": READER,
            "version": "1.0",
            "resourceScopes": ["/"],
            "rolePermissions": [{
                "allowedResourceActions": [
                    "microsoft.entitlementManagement/catalogs/allProperties/read",
                    "microsoft.entitlementManagement/assignmentPolicies/allProperties/read",
                    "microsoft.entitlementManagement/assignments/allProperties/read",
                ],
                "excludedResourceActions": [],
                "condition": null,
            }],
        });
        if version == "/beta" {
            expected["isPrivileged"] = json!(false);
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn roles_are_built_in_and_inherit_nothing() {
    let server = Server::new().await;
    let admin = server.admin();
    for version in VERSIONS {
        let roles = format!("{}/roleDefinitions", root(version));
        let list = server.get(&admin, &format!("{roles}?$count=true")).await;
        let inherited = format!("{roles}/{OWNER}/inheritsPermissionsFrom");
        let page = server.get(&admin, &inherited).await.expect(200).json();
        let count = server.get(&admin, &format!("{inherited}/$count")).await;
        let expanded = format!("{roles}/{OWNER}?$expand=inheritsPermissionsFrom");
        let expanded = server.get(&admin, &expanded).await.expect(200).json();

        assert_eq!(list.expect(200).json()["@odata.count"], 6);
        assert_eq!(page["value"], json!([]));
        assert_eq!(count.expect(200).body, b"0");
        assert_eq!(expanded["inheritsPermissionsFrom"], json!([]));
        let own = json!({"displayName": "Mine", "rolePermissions": []});
        let refused = server.post(&admin, &roles, &own).await.expect(405);
        assert_eq!(refused.header("allow"), "GET, HEAD");
        for (method, status) in [(Method::PATCH, 405), (Method::DELETE, 405)] {
            let path = format!("{roles}/{OWNER}");
            server
                .write(&admin, method, &path, &json!({}))
                .await
                .expect(status);
        }
    }
}

#[tokio::test]
async fn actions_are_listed_below_the_one_namespace() {
    let server = Server::new().await;
    let admin = server.admin();
    for version in VERSIONS {
        let namespaces = format!("{}/resourceNamespaces", root(version));
        let list = server.get(&admin, &namespaces).await.expect(200).json();
        let one = format!("{namespaces}/Microsoft.EntitlementManagement");
        let actions = format!("{one}/resourceActions");
        let reads = format!("{actions}?$filter=actionVerb%20eq%20'GET'&$count=true");
        let reads = server.get(&admin, &reads).await.expect(200).json();
        let create = format!("{actions}/microsoft.entitlementManagement-catalogs-create");
        let create = server.get(&admin, &create).await.expect(200).json();

        assert_eq!(ids(&list), ["microsoft.entitlementManagement"]);
        server.get(&admin, &one).await.expect(200);
        assert_eq!(reads["@odata.count"], 5);
        assert_eq!(
            create["name"],
            "microsoft.entitlementManagement/catalogs/create"
        );
        server
            .get(&admin, &format!("{namespaces}/nobody"))
            .await
            .expect(404);
        server
            .get(&admin, &format!("{actions}/nothing"))
            .await
            .expect(404);
    }
    let import = "resourceNamespaces/microsoft.entitlementManagement/importResourceActions";
    let import = format!("{}/{import}", root("/beta"));
    server.post(&admin, &import, &json!({})).await.expect(405);
}

#[tokio::test]
async fn a_role_assignment_leads_to_principal_role_and_scope() {
    let server = Server::new().await;
    let admin = server.admin();
    let (catalog, alice) = (server.catalog("Finance").await, server.id_of("alice"));
    let made = assigned(&server, &alice.to_string(), OWNER, &scope(&catalog)).await;
    for version in VERSIONS {
        let one = format!("{}/roleAssignments/{}", root(version), id(&made));

        let all = format!("{one}?$expand=principal,roleDefinition,appScope,directoryScope");
        let all = server.get(&admin, &all).await.expect(200).json();
        let app_scope = server.get(&admin, &format!("{one}/appScope")).await;
        let principal = server.get(&admin, &format!("{one}/principal")).await;
        let role = server.get(&admin, &format!("{one}/roleDefinition")).await;

        let expected = json!({
            "id": scope(&catalog), "displayName": "Finance", "type": "AccessPackageCatalog",
        });
        assert_eq!(all["appScope"], expected);
        assert_eq!(all["principal"]["@odata.type"], "#microsoft.graph.user");
        assert_eq!(all["roleDefinition"]["displayName"], "Catalog owner");
        assert_eq!(all["directoryScope"], Value::Null);
        assert_eq!(id(&app_scope.expect(200).json()), scope(&catalog));
        assert_eq!(id(&principal.expect(200).json()), alice.to_string());
        assert_eq!(id(&role.expect(200).json()), OWNER);
        server
            .get(&admin, &format!("{one}/directoryScope"))
            .await
            .expect(404);
        for method in [Method::PATCH, Method::DELETE] {
            let path = format!("{one}/appScope");
            server
                .write(&admin, method, &path, &json!({"displayName": "x"}))
                .await
                .expect(405);
        }
    }
}

#[tokio::test]
async fn role_assignments_are_found_by_each_of_their_parts() {
    let server = Server::new().await;
    let (catalog, alice) = (server.catalog("Finance").await, server.id_of("alice"));
    let alice = alice.to_string();
    let made = assigned(&server, &alice, READER, &scope(&catalog)).await;
    let tenant = assigned(&server, &alice, CREATOR, "/").await;
    for version in VERSIONS {
        let found = async |filter: &str| {
            let filter = filter.replace(' ', "%20");
            let path = format!("{}/roleAssignments?$filter={filter}", root(version));
            ids(&server.get(&server.admin(), &path).await.expect(200).json())
        };

        for filter in [
            format!("principalId eq '{alice}' and roleDefinitionId eq '{READER}'"),
            format!("appScopeId eq '{}'", scope(&catalog)),
            format!("principal/id eq '{alice}' and roleDefinition/displayName eq 'catalog reader'"),
            format!("startswith(appScopeId,'/AccessPackageCatalog/') and principalId eq '{alice}'"),
        ] {
            assert_eq!(found(&filter).await, [id(&made)], "{filter}");
        }
        assert_eq!(found("appScope/type eq 'Tenant'").await, [id(&tenant)]);
        assert!(
            found(&format!("principalId eq '{NOWHERE}'"))
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn what_a_role_assignment_names_is_checked() {
    let server = Server::new().await;
    let admin = server.admin();
    let (catalog, alice) = (server.catalog("Finance").await, server.id_of("alice"));
    let good = json!({
        "principalId": alice.to_string(), "roleDefinitionId": READER, "directoryScopeId": "/",
        "appScopeId": scope(&catalog),
    });
    for version in VERSIONS {
        let path = format!("{}/roleAssignments", root(version));
        let made = server.post(&admin, &path, &good).await.expect(201);

        for (member, value, status) in [
            ("roleDefinitionId", NOWHERE, 400),
            ("principalId", NOWHERE, 400),
            ("appScopeId", "/Nowhere", 400),
            ("appScopeId", "/", 400),
            ("directoryScopeId", "/administrativeUnits/1", 400),
            ("condition", "@Resource", 400),
        ] {
            let mut body = good.clone();
            body[member] = json!(value);
            let refused = server.post(&admin, &path, &body).await.expect(status);
            assert_eq!(refused.json()["error"]["target"], member, "{value}");
        }
        let mut nowhere = good.clone();
        nowhere["appScopeId"] = json!(scope(NOWHERE));
        server.post(&admin, &path, &nowhere).await.expect(404);
        server.post(&admin, &path, &good).await.expect(400);
        let one = format!("{path}/{}", id(&made.json()));
        server.ask(&admin, Method::DELETE, &one).await.expect(204);
        server.ask(&admin, Method::DELETE, &one).await.expect(404);
    }
}

#[tokio::test]
async fn roles_of_groups_are_found_by_member_az_12() {
    let server = Server::new().await;
    let admin = server.admin();
    let (alice, bob) = (server.id_of("alice").to_string(), server.id_of("bob"));
    let group = group_of(&server, &alice).await;
    let made = assigned(&server, &group, CREATOR, "/").await;
    let root = root("/beta");
    let held = async |principal: &str| {
        let path = format!(
            "{root}/transitiveRoleAssignments?$count=true&$filter=principalId%20eq%20'{principal}'"
        );
        server.get(&admin, &path).await.expect(200).json()
    };

    let of_alice = held(&alice).await;

    assert_eq!(ids(&of_alice), [id(&made)]);
    assert_eq!(of_alice["value"][0]["principalId"], group);
    assert_eq!(of_alice["@odata.count"], 1);
    assert_eq!(ids(&held(&group).await), [id(&made)]);
    assert!(ids(&held(&bob.to_string()).await).is_empty());
    let path = format!("{root}/transitiveRoleAssignments/{}/appScope", id(&made));
    let tenant = server.get(&admin, &path).await.expect(200).json();
    assert_eq!(
        (&tenant["id"], &tenant["type"]),
        (&json!("/"), &json!("Tenant"))
    );
    let path = format!("{root}/transitiveRoleAssignments");
    server.post(&admin, &path, &json!({})).await.expect(405);
    let path = path.replace("/beta", "/v1.0");
    server.get(&admin, &path).await.expect(400);
}

#[tokio::test]
async fn principals_of_a_role_are_listed_directly_or_through_groups() {
    let server = Server::new().await;
    let admin = server.admin();
    let alice = server.id_of("alice").to_string();
    let group = group_of(&server, &alice).await;
    assigned(&server, &group, CREATOR, "/").await;
    let role = format!("{}/roleDefinitions/{CREATOR}", root("/beta"));
    let literal = "transitive=@transitive,directoryScopeType='@directoryScopeType',directoryScopeId='@directoryScopeId'";
    let all = [group.as_str(), alice.as_str()];

    for (arguments, query, expected) in [
        ("transitive=true", "", &all[..]),
        (
            "transitive=false,directoryScopeType='tenant',directoryScopeId='%2F'",
            "",
            &all[..1],
        ),
        (literal, "", &all[..1]),
        (
            literal,
            "?%40transitive=true&%40directoryScopeType='tenant'",
            &all[..],
        ),
        (
            "transitive=true,directoryScopeType='administrativeUnit'",
            "",
            &all[..0],
        ),
    ] {
        let path = format!("{role}/assignedPrincipals({arguments}){query}");
        let found = server.get(&admin, &path).await.expect(200).json();

        let mut found = ids(&found);
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{path}");
    }
    let path = format!("{role}/assignedPrincipals(transitive=perhaps)");
    let refused = server.get(&admin, &path).await.expect(400);
    assert_eq!(refused.json()["error"]["target"], "transitive");
    let path = format!(
        "{}/roleDefinitions/{NOWHERE}/assignedPrincipals()",
        root("/beta")
    );
    server.get(&admin, &path).await.expect(404);
}

#[tokio::test]
async fn every_role_assignment_is_a_schedule_and_an_instance_without_end() {
    let server = Server::new().await;
    let admin = server.admin();
    let alice = server.id_of("alice").to_string();
    let made = id(&assigned(&server, &alice, CREATOR, "/").await);
    for version in VERSIONS {
        let root = root(version);
        let schedules = format!("{root}/roleAssignmentSchedules");
        let instances = format!("{root}/roleAssignmentScheduleInstances");

        let schedule = server.get(&admin, &format!("{schedules}/{made}")).await;
        let path = format!("{instances}/{made}?$expand=*");
        let instance = server.get(&admin, &path).await.expect(200).json();

        let schedule = schedule.expect(200).json();
        let expected = json!({
            "@odata.context": format!(
                "http://127.0.0.1:8080{version}/$metadata#roleManagement/entitlementManagement/roleAssignmentSchedules/$entity"
            ),
            "id": made,
            "principalId": alice,
            "roleDefinitionId": CREATOR,
            "directoryScopeId": "/",
            "appScopeId": "/",
            "createdUsing": null,
            "createdDateTime": "2026-03-01T12:00:00Z",
            "modifiedDateTime": null,
            "status": "Provisioned",
            "assignmentType": "Assigned",
            "memberType": "Direct",
            "scheduleInfo": {
                "startDateTime": "2026-03-01T12:00:00Z",
                "recurrence": null,
                "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null},
            },
        });
        assert_eq!(schedule, expected);
        assert_eq!(instance["roleAssignmentScheduleId"], made);
        assert_eq!(instance["roleAssignmentOriginId"], made);
        assert_eq!(instance["endDateTime"], Value::Null);
        assert_eq!(instance["activatedUsing"], Value::Null);
        assert_eq!(id(&instance["principal"]), alice);
        for set in [
            "roleEligibilitySchedules",
            "roleEligibilityScheduleInstances",
            "roleEligibilityScheduleRequests",
        ] {
            let path = format!("{root}/{set}");
            let empty = server.get(&admin, &format!("{path}?$count=true")).await;
            assert_eq!(empty.expect(200).json()["@odata.count"], 0, "{path}");
            server
                .get(&admin, &format!("{path}/{made}"))
                .await
                .expect(404);
            server.post(&admin, &path, &json!({})).await.expect(405);
            let path = format!("{path}/filterByCurrentUser(on='principal')");
            server.get(&server.user("alice"), &path).await.expect(200);
        }
    }
    let path = format!("{}/roleAssignmentApprovals", root("/beta"));
    let empty = server.get(&admin, &path).await.expect(200).json();
    assert!(ids(&empty).is_empty());
    server
        .get(&admin, &format!("{path}/{NOWHERE}/steps"))
        .await
        .expect(404);
}

#[tokio::test]
async fn people_see_their_own_roles_and_applications_have_none_az_2() {
    let server = Server::new().await;
    let alice = server.id_of("alice").to_string();
    let group = group_of(&server, &alice).await;
    let made = assigned(&server, &group, CREATOR, "/").await;
    for version in VERSIONS {
        for set in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
            let path = format!("{}/{set}", root(version));
            let own = format!("{path}/filterByCurrentUser(on='principal')");

            let mine = server.get(&server.user("alice"), &own).await.expect(200);
            let theirs = server.get(&server.user("bob"), &own).await.expect(200);

            assert_eq!(ids(&mine.json()), [id(&made)]);
            assert!(ids(&theirs.json()).is_empty());
            server.get(&server.user("bob"), &path).await.expect(403);
            server.get(&server.admin(), &own).await.expect(403);
            let unknown = format!("{path}/filterByCurrentUser(on='nobody')");
            server
                .get(&server.user("alice"), &unknown)
                .await
                .expect(400);
        }
    }
}

#[tokio::test]
async fn a_catalog_role_shows_the_role_assignments_of_its_catalog_alone() {
    let server = Server::new().await;
    let (mine, other) = (server.catalog("Mine").await, server.catalog("Other").await);
    let (alice, bob) = (server.id_of("alice"), server.id_of("bob"));
    let seen = assigned(&server, &alice.to_string(), READER, &scope(&mine)).await;
    let hidden = assigned(&server, &bob.to_string(), OWNER, &scope(&other)).await;
    for version in VERSIONS {
        let token = server.user("alice");
        for set in ["roleAssignments", "roleAssignmentSchedules"] {
            let path = format!("{}/{set}", root(version));
            let list = server.get(&token, &path).await.expect(200).json();

            assert_eq!(ids(&list), [id(&seen)]);
            let path = format!("{path}/{}", id(&hidden));
            server.get(&token, &path).await.expect(404);
        }
    }
}

#[tokio::test]
async fn a_request_assigns_and_removes_a_role_and_is_kept() {
    let server = Server::new().await;
    let admin = server.admin();
    let alice = server.id_of("alice").to_string();
    for version in VERSIONS {
        let root = root(version);
        let path = format!("{root}/roleAssignmentScheduleRequests");
        let mut body = json!({
            "action": "adminAssign", "principalId": alice, "roleDefinitionId": CREATOR, "directoryScopeId": "/",
            "justification": "audit", "ticketInfo": {"ticketNumber": "7", "ticketSystem": "desk"},
            "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}},
        });

        let made = server.post(&admin, &path, &body).await.expect(201).json();
        let again = server.post(&admin, &path, &body).await;
        let target = made["targetScheduleId"].as_str().unwrap().to_owned();
        let one = format!("{path}/{}", id(&made));
        let schedule = format!("{one}/targetSchedule");
        let schedule = server.get(&admin, &schedule).await.expect(200).json();
        body["action"] = json!("adminRemove");
        let removed = server.post(&admin, &path, &body).await.expect(201).json();
        let gone = server.post(&admin, &path, &body).await;

        assert_eq!(made["status"], "Provisioned");
        assert_eq!(made["action"], "adminAssign");
        assert_eq!(made["ticketInfo"], body["ticketInfo"]);
        assert_eq!(made["scheduleInfo"], body["scheduleInfo"]);
        assert_eq!(made["createdBy"]["user"], Value::Null);
        assert!(made["createdBy"]["application"]["id"].is_string());
        assert_eq!(
            (&schedule["id"], &schedule["createdUsing"]),
            (&json!(target), &made["id"])
        );
        again.expect(400);
        assert_eq!(removed["status"], "Revoked");
        gone.expect(400);
        server
            .get(&admin, &format!("{root}/roleAssignments/{target}"))
            .await
            .expect(404);
        let kept = server.get(&admin, &one).await.expect(200).json();
        assert_eq!(kept["justification"], "audit");
        server
            .get(&admin, &format!("{one}/targetSchedule"))
            .await
            .expect(404);
        let list = format!("{path}?$filter=action%20eq%20'adminRemove'");
        let list = server.get(&admin, &list).await.expect(200).json();
        assert!(ids(&list).contains(&id(&removed)));
    }
}

#[tokio::test]
async fn nothing_is_activated_canceled_or_restored() {
    let server = Server::new().await;
    let admin = server.admin();
    let alice = server.id_of("alice").to_string();
    let mut body = json!({
        "action": "adminAssign", "principalId": alice, "roleDefinitionId": CREATOR, "directoryScopeId": "/",
    });
    let path = format!("{}/roleAssignmentScheduleRequests", root("/v1.0"));
    let made = server.post(&admin, &path, &body).await.expect(201).json();

    for (member, value, target) in [
        ("action", json!("selfActivate"), "action"),
        ("isValidationOnly", json!(true), "isValidationOnly"),
        (
            "scheduleInfo",
            json!({"startDateTime": "2027-01-01T00:00:00Z"}),
            "scheduleInfo/startDateTime",
        ),
    ] {
        let kept = body.clone();
        body[member] = value;
        let refused = server.post(&admin, &path, &body).await.expect(400);
        assert_eq!(refused.json()["error"]["target"], target);
        body = kept;
    }
    server
        .post(&server.user("alice"), &path, &body)
        .await
        .expect(403);
    for call in ["cancel", "updateRequest"] {
        let one = format!("{path}/{}/{call}", id(&made));
        server.post(&admin, &one, &json!({})).await.expect(400);
        let none = format!("{path}/{NOWHERE}/{call}");
        server.post(&admin, &none, &json!({})).await.expect(404);
    }
    let roles = format!("{}/roleDefinitions", root("/beta"));
    let deleted = format!("{}/deletedItems/roleDefinitions", root("/beta"));
    let list = server.get(&admin, &deleted).await.expect(200).json();
    assert!(ids(&list).is_empty());
    for (path, status) in [
        (format!("{roles}/{OWNER}/restore"), 400),
        (format!("{roles}/{NOWHERE}/restore"), 404),
        (format!("{deleted}/{OWNER}/restore"), 404),
    ] {
        server.post(&admin, &path, &json!({})).await.expect(status);
    }
}

#[tokio::test]
async fn schedules_of_every_kind_are_one_list_in_beta() {
    let server = Server::new().await;
    let alice = server.id_of("alice").to_string();
    let made = assigned(&server, &alice, CREATOR, "/").await;
    for (name, base, derived) in [
        (
            "roleSchedules",
            "unifiedRoleScheduleBase",
            "unifiedRoleAssignmentSchedule",
        ),
        (
            "roleScheduleInstances",
            "unifiedRoleScheduleInstanceBase",
            "unifiedRoleAssignmentScheduleInstance",
        ),
    ] {
        let literal = "directoryScopeId='@directoryScopeId',appScopeId='@appScopeId',principalId='@principalId',roleDefinitionId='@roleDefinitionId'";
        let path = format!("{}/{name}({literal})", root("/beta"));
        let reader = server.application(&[Permission::EntitlementManagementReadAll]);

        let of_alice = format!("{path}?@principalId='{alice}'");
        let of_alice = server.get(&reader, &of_alice).await.expect(200).json();
        let of_nobody = format!("{path}?@principalId='{NOWHERE}'");
        let of_nobody = server.get(&reader, &of_nobody).await.expect(200).json();

        assert_eq!(ids(&of_alice), [id(&made)]);
        assert!(ids(&of_nobody).is_empty());
        let context = of_alice["@odata.context"].as_str().unwrap();
        assert!(context.ends_with(&format!("$metadata#Collection(microsoft.graph.{base})")));
        let kind = &of_alice["value"][0]["@odata.type"];
        assert_eq!(kind, &format!("#microsoft.graph.{derived}"));
    }
}

#[tokio::test]
async fn role_management_itself_is_read_only() {
    let server = Server::new().await;
    let admin = server.admin();
    for version in VERSIONS {
        server.get(&admin, &root(version)).await.expect(200);
        for method in [Method::PATCH, Method::DELETE] {
            server
                .write(&admin, method, &root(version), &json!({}))
                .await
                .expect(405);
        }
        server.get("", &root(version)).await.expect(401);
    }
    let deleted = format!("{}/deletedItems", root("/beta"));
    server.get(&admin, &deleted).await.expect(200);
}
