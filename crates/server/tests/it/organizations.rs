//! Connected organizations and their sponsors through both versions (semantics 1.1, 3.4, 7.3, 8.3).

use auth::principal::Permission;
use auth::roles::EmRole;
use http::Method;
use serde_json::{Value, json};
use testkit::{Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

const TENANT: &str = "bf85dc9d-cb43-44a4-80c4-469e8c58249e";

fn contoso() -> Value {
    json!({
        "displayName": "Contoso", "description": "A partner",
        "identitySources": [
            {
                "@odata.type": "#microsoft.graph.domainIdentitySource",
                "domainName": "Contoso.com", "displayName": "Contoso"
            },
            {
                "@odata.type": "#microsoft.graph.azureActiveDirectoryTenant",
                "tenantId": TENANT, "displayName": "Contoso"
            },
        ],
    })
}

async fn created(app: &TestApp, root: &str, body: Value) -> String {
    let path = format!("{root}/connectedOrganizations");
    let made = app.as_operator().post(&path, body).await;
    made.assert_status(201).text("id")
}

/// The activities of the audit trail that name an object.
async fn activities(app: &TestApp, object: &str) -> Vec<String> {
    let path = "/v1.0/auditLogs/directoryAudits?$top=999";
    let rows = app.as_operator().get(path).await.assert_status(200).rows();
    let mut names: Vec<String> = rows
        .iter()
        .filter(|row| row["targetResources"][0]["id"] == object)
        .map(|row| row["activityDisplayName"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn connected_organizations_live_the_same_in_both_versions() {
    TestApp::on_both(async |app| {
        for root in [V1, BETA] {
            let admin = app.as_user("admin");
            let path = format!("{root}/connectedOrganizations");
            let made = admin.post(&path, contoso()).await.assert_status(201);
            let id = made.text("id");

            let made = made.json();
            assert_eq!(made["state"], "configured", "EX-2");
            assert_eq!(made["identitySources"][0]["domainName"], "Contoso.com");
            assert_eq!(
                made["identitySources"][1]["@odata.type"],
                "#microsoft.graph.azureActiveDirectoryTenant"
            );
            assert!(made["createdDateTime"].is_string());
            let own = app.id_of("admin").to_string();
            let creator = if root == BETA { json!(own) } else { json!(null) };
            assert_eq!(made["createdBy"], creator, "v1.0 has no such property");

            // PATCH answers 202 with the object (section 8.3).
            let object = format!("{path}/{id}");
            let change = json!({"displayName": "Contoso Ltd", "state": "Proposed", "description": null});
            let changed = admin.patch(&object, change).await.assert_status(202).json();
            assert_eq!(changed["displayName"], "Contoso Ltd");
            assert_eq!(changed["state"], "proposed");
            assert_eq!(changed["description"], Value::Null);
            assert_eq!(changed["identitySources"], made["identitySources"], "HT-1");

            for other in [V1, BETA] {
                let list = format!("{other}/connectedOrganizations?$filter=displayName eq 'contoso ltd'&$count=true");
                let listed = admin.get(&list).await.assert_status(200).json();
                assert_eq!(listed["@odata.count"], 1);
                assert_eq!(listed["value"][0]["id"], id.as_str());
                let read = admin.get(&format!("{other}/connectedOrganizations/{id}")).await;
                assert_eq!(read.assert_status(200).json()["state"], "proposed");
            }
            let count = admin.get(&format!("{path}/$count")).await.assert_status(200);
            assert_eq!(count.body, b"1");

            admin.delete(&object).await.assert_status(204).assert_empty();
            admin.get(&object).await.assert_error(404, "ResourceNotFound");
            admin.delete(&object).await.assert_error(404, "ResourceNotFound");
            assert_eq!(
                activities(app, &id).await,
                [
                    "Create connected organization",
                    "Delete connected organization",
                    "Update connected organization",
                ]
            );
        }
    })
    .await;
}

#[tokio::test]
async fn every_identity_source_is_kept_as_it_came() {
    TestApp::on_both(async |app| {
        let sources = json!([
            {"@odata.type": "#microsoft.graph.crossCloudAzureActiveDirectoryTenant",
             "cloudInstance": "microsoftonline.us", "displayName": null, "tenantId": TENANT},
            {"@odata.type": "#microsoft.graph.externalDomainFederation",
             "displayName": null, "domainName": "fed.example", "issuerUri": "https://sts.fed.example"},
            {"@odata.type": "#microsoft.graph.socialIdentitySource",
             "displayName": "Facebook", "socialIdentitySourceType": "facebook"},
        ]);
        let body = json!({"displayName": "All kinds", "identitySources": sources});

        let id = created(app, BETA, body).await;

        for root in [V1, BETA] {
            let read = app
                .as_operator()
                .get(&format!("{root}/connectedOrganizations/{id}?$select=identitySources"))
                .await;
            assert_eq!(read.assert_status(200).json()["identitySources"], sources);
        }
    })
    .await;
}

#[tokio::test]
async fn ex_1_nobody_belongs_to_two_organizations() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let path = format!("{V1}/connectedOrganizations");
        let first = created(app, V1, contoso()).await;
        let domain = |name: &str| {
            json!({"displayName": name, "identitySources": [
                {"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": name}]})
        };

        let again = operator.post(&path, domain("CONTOSO.com")).await;
        let again = again.assert_error(400, "InvalidModel").json();
        assert_eq!(again["error"]["target"], "identitySources/0");

        let other = created(app, V1, domain("fabrikam.com")).await;
        let object = format!("{path}/{other}");
        let taken = operator.patch(&object, contoso()).await;
        taken.assert_error(400, "InvalidModel");
        // Its own sources it may name again.
        let own = operator.patch(&object, domain("fabrikam.com")).await;
        own.assert_status(202);
        operator
            .delete(&format!("{path}/{first}"))
            .await
            .assert_status(204);
        operator.patch(&object, contoso()).await.assert_status(202);
    })
    .await;
}

#[tokio::test]
async fn bodies_that_break_the_model_name_the_member() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let source = |source: Value| json!({"displayName": "x", "identitySources": [source]});
    for (body, target) in [
        (json!({}), "displayName"),
        (json!({"displayName": "x".repeat(300)}), "displayName"),
        (json!({"displayName": "x", "state": "lost"}), "state"),
        (
            json!({"displayName": "x", "identitySources": "y"}),
            "identitySources",
        ),
        (
            source(json!({"domainName": "y.com"})),
            "identitySources/0/@odata.type",
        ),
        (
            source(
                json!({"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "a@y.com"}),
            ),
            "identitySources/0/domainName",
        ),
        (
            source(
                json!({"@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": "y"}),
            ),
            "identitySources/0/tenantId",
        ),
    ] {
        for root in [V1, BETA] {
            let path = format!("{root}/connectedOrganizations");
            let refused = operator.post(&path, body.clone()).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            assert_eq!(refused["error"]["target"], target, "{body}");
        }
    }
}

#[tokio::test]
async fn sponsors_are_linked_by_reference_in_both_forms() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let group = app.group("Partners", None).await.to_string();
        let (alice, bob) = (app.id_of("alice").to_string(), app.id_of("bob").to_string());
        for root in [V1, BETA] {
            let body = json!({"displayName": format!("Of {root}")});
            let id = created(app, root, body).await;
            for kind in ["internalSponsors", "externalSponsors"] {
                let list = format!("{root}/connectedOrganizations/{id}/{kind}");
                let links = format!("{list}/$ref");
                for (set, object) in [
                    ("users", &alice),
                    ("directoryObjects", &bob),
                    ("groups", &group),
                ] {
                    let body = json!({"@odata.id": format!("https://h/v1.0/{set}/{object}")});
                    let linked = operator.post(&links, body.clone()).await;
                    linked.assert_status(204).assert_empty();
                    operator.post(&links, body).await.assert_status(204);
                }

                let rows = operator.get(&list).await.assert_status(200).rows();
                assert_eq!(rows.len(), 3);
                assert_eq!(rows[0]["id"], group.as_str());
                assert_eq!(rows[0]["@odata.type"], "#microsoft.graph.group");
                assert_eq!(rows[1]["@odata.type"], "#microsoft.graph.user");
                let count = operator
                    .get(&format!("{list}/$count"))
                    .await
                    .assert_status(200);
                assert_eq!(count.body, b"3");
                let shown = operator.get(&links).await.assert_status(200).rows();
                let link = shown[1]["@odata.id"].as_str().unwrap();
                assert!(
                    link.ends_with(&format!("/directoryObjects/{alice}")),
                    "{link}"
                );
                let path = format!("{root}/connectedOrganizations/{id}?$expand={kind}");
                let expanded = operator.get(&path).await.assert_status(200).json();
                assert_eq!(expanded[kind].as_array().unwrap().len(), 3);

                let gone = operator.delete(&format!("{list}/{alice}/$ref")).await;
                gone.assert_status(204).assert_empty();
                let query = format!("{links}?@id=https://h/beta/directoryObjects/{bob}");
                operator.delete(&query).await.assert_status(204);
                operator
                    .delete(&query)
                    .await
                    .assert_error(404, "ResourceNotFound");
                let rows = operator.get(&list).await.assert_status(200).rows();
                assert_eq!(rows.len(), 1);
            }
            let written = activities(app, &id).await;
            for activity in [
                "Assign user as internal sponsor",
                "Remove user as internal sponsor",
                "Assign user as external sponsor",
                "Remove user as external sponsor",
            ] {
                assert!(written.iter().any(|one| one == activity), "{activity}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_sponsor_is_a_user_or_a_group_that_is_there() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let id = created(app, V1, json!({"displayName": "Contoso"})).await;
        let links = format!("{V1}/connectedOrganizations/{id}/internalSponsors/$ref");
        let link = |object: &str| json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{object}")});
        let application = app.id_of("operator").to_string();

        let refused = operator.post(&links, link(&application)).await;
        refused.assert_error(400, "InvalidModel");
        operator
            .post(&links, link(NOWHERE))
            .await
            .assert_error(404, "ResourceNotFound");
        operator
            .post(&links, json!({"@odata.id": "x"}))
            .await
            .assert_error(400, "InvalidModel");
        let nowhere = format!("{V1}/connectedOrganizations/{NOWHERE}/internalSponsors/$ref");
        let alice = app.id_of("alice").to_string();
        operator.post(&nowhere, link(&alice)).await.assert_status(404);

        // Whoever is gone for good speaks for nobody.
        operator.post(&links, link(&alice)).await.assert_status(204);
        let user = format!("/v1.0/users/{alice}");
        operator.delete(&user).await.assert_status(204);
        let list = format!("{V1}/connectedOrganizations/{id}/internalSponsors");
        let rows = operator.get(&list).await.assert_status(200).rows();
        assert!(rows.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_organization_that_a_policy_names_cannot_be_deleted() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let package = app.package(Plan::new("Partners")).await;
        let id = created(app, V1, contoso()).await;
        let policy = |organization: &str| {
            json!({
                "displayName": "Partners", "description": "",
                "allowedTargetScope": "specificConnectedOrganizationUsers",
                "specificAllowedTargets": [{
                    "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
                    "connectedOrganizationId": organization.to_uppercase(),
                }],
                "expiration": {"type": "noExpiration"},
                "accessPackage": {"id": package.id},
            })
        };
        let path = format!("{V1}/assignmentPolicies");
        let unknown = operator.post(&path, policy(NOWHERE)).await;
        let unknown = unknown.assert_error(400, "InvalidModel").json();
        assert_eq!(unknown["error"]["target"], "specificAllowedTargets/0");
        let made = operator.post(&path, policy(&id)).await.assert_status(201);

        let object = format!("{V1}/connectedOrganizations/{id}");
        let refused = operator.delete(&object).await;
        refused.assert_error(400, "ConnectedOrganizationInUse");

        let policy = format!("{path}/{}", made.text("id"));
        operator.delete(&policy).await.assert_status(204);
        operator.delete(&object).await.assert_status(204);
    })
    .await;
}

#[tokio::test]
async fn who_may_read_and_write_connected_organizations_is_as_in_section_7_3() {
    let app = TestApp::new().await;
    let id = created(&app, V1, contoso()).await;
    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let role = json!({
        "principalId": app.id_of("bob").to_string(),
        "roleDefinitionId": EmRole::ConnectedOrganizationAdministrator.definition_id().to_string(),
        "directoryScopeId": "/", "appScopeId": "/",
    });
    app.as_operator().post(roles, role).await.assert_status(201);
    app.add_application("reader").await;
    let list = format!("{V1}/connectedOrganizations");
    let object = format!("{list}/{id}");
    let sponsors = format!("{object}/internalSponsors");
    let link = json!({"@odata.id": format!("https://h/v1.0/users/{}", app.id_of("carol"))});
    app.as_operator()
        .post(&format!("{sponsors}/$ref"), link.clone())
        .await
        .assert_status(204);
    let em_only = [Permission::EntitlementManagementReadWriteAll];
    let reader = app.as_application("reader", &[Permission::EntitlementManagementReadAll]);
    for (who, client, reads, writes) in [
        (
            "administrator",
            app.as_user_with("admin", &em_only),
            200,
            202,
        ),
        (
            "organization administrator",
            app.as_user_with("bob", &em_only),
            200,
            202,
        ),
        ("anybody", app.as_user_with("alice", &em_only), 403, 403),
        ("reading application", reader, 200, 403),
    ] {
        for path in [&list, &object, &sponsors] {
            assert_eq!(client.get(path).await.status, reads, "{who} {path}");
        }
        let change = json!({"description": who});
        assert_eq!(client.patch(&object, change).await.status, writes, "{who}");
        let denied = writes == 403;
        let linked = client.post(&format!("{sponsors}/$ref"), link.clone()).await;
        assert_eq!(linked.status, if denied { 403 } else { 204 }, "{who}");
        let made = client.post(&list, json!({"displayName": who})).await;
        assert_eq!(made.status, if denied { 403 } else { 201 }, "{who}");
    }
    // Sponsors are all that the directory shows to those who may read no more of it.
    let bob = app.as_user_with("bob", &em_only);
    let rows = bob
        .get("/v1.0/directoryObjects")
        .await
        .assert_status(200)
        .rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["id"], app.id_of("carol").to_string());
}

#[tokio::test]
async fn what_the_collection_does_not_take_is_405_with_allow() {
    let app = TestApp::new().await;
    let id = created(&app, V1, contoso()).await;
    let object = format!("{V1}/connectedOrganizations/{id}");
    let put = app.as_operator().put(&object, contoso()).await;
    let put = put.assert_error(405, "MethodNotAllowed");
    assert_eq!(put.headers["allow"], "DELETE, GET, HEAD, PATCH");
    let sponsors = format!("{object}/internalSponsors");
    let posted = app.as_operator().ask(Method::POST, &sponsors).await;
    posted.assert_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn organizations_are_found_by_what_is_in_their_identity_sources() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let id = created(app, V1, contoso()).await;
        created(
            app,
            V1,
            json!({"displayName": "Other", "identitySources": []}),
        )
        .await;
        for root in [V1, BETA] {
            for (filter, found) in [
                (
                    format!("is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq '{TENANT}'"),
                    true,
                ),
                (
                    format!(
                        "is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq '{NOWHERE}'"
                    ),
                    false,
                ),
                (
                    "is/microsoft.graph.domainIdentitySource/domainName eq 'contoso.COM'"
                        .to_owned(),
                    true,
                ),
                (
                    "is/microsoft.graph.externalDomainFederation/domainName eq 'contoso.com'"
                        .to_owned(),
                    false,
                ),
            ] {
                let path = format!(
                    "{root}/connectedOrganizations?$filter=identitySources/any(is:{filter})"
                );
                let rows = operator.get(&path).await.assert_status(200).rows();
                let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
                let expected = if found { vec![id.as_str()] } else { vec![] };
                assert_eq!(ids, expected, "{filter}");
            }
        }
    })
    .await;
}
