//! The settings of the tenant, control configurations and connectors through both versions (semantics 1.1, AP-14, EX-6).

use auth::principal::Permission;
use http::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

use crate::support::{BETA, NOWHERE, V1};

#[tokio::test]
async fn ex_6_one_stored_time_is_a_duration_in_v1_and_days_in_beta() {
    TestApp::on_both(async |app| {
        let admin = app.as_user("admin");
        let (v1, beta) = (format!("{V1}/settings"), format!("{BETA}/settings"));
        let read = admin.get(&v1).await.assert_status(200).json();
        assert_eq!(read["id"], "entitlementManagement", "ID-1");
        assert_eq!(read["externalUserLifecycleAction"], "blockSignInAndDelete");
        assert_eq!(read["durationUntilExternalUserDeletedAfterBlocked"], "P30D");
        let read = admin.get(&beta).await.assert_status(200).json();
        assert_eq!(read["externalUserLifecycleAction"], "BlockSignInAndDelete");
        assert_eq!(read["daysUntilExternalUserDeletedAfterBlocked"], 30);
        assert_eq!(read.get("durationUntilExternalUserDeletedAfterBlocked"), None);

        let change = json!({"durationUntilExternalUserDeletedAfterBlocked": "P7D"});
        admin.patch(&v1, change).await.assert_status(204).assert_empty();
        let read = admin.get(&beta).await.assert_status(200).json();
        assert_eq!(read["daysUntilExternalUserDeletedAfterBlocked"], 7);
        assert_eq!(read["externalUserLifecycleAction"], "BlockSignInAndDelete", "HT-1");

        let change = json!({"daysUntilExternalUserDeletedAfterBlocked": 0, "externalUserLifecycleAction": "None"});
        admin.patch(&beta, change).await.assert_status(204);
        let read = admin.get(&v1).await.assert_status(200).json();
        assert_eq!(read["durationUntilExternalUserDeletedAfterBlocked"], "PT0S", "DT-2");
        assert_eq!(read["externalUserLifecycleAction"], "none");

        let change = json!({"daysUntilExternalUserDeletedAfterBlocked": null});
        admin.patch(&beta, change).await.assert_status(204);
        for (path, name) in [
            (&v1, "durationUntilExternalUserDeletedAfterBlocked"),
            (&beta, "daysUntilExternalUserDeletedAfterBlocked"),
        ] {
            let read = admin.get(path).await.assert_status(200).json();
            assert_eq!(read[name], Value::Null);
        }
    })
    .await;
}

#[tokio::test]
async fn settings_are_one_object_that_is_only_changed() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    for root in [V1, BETA] {
        let path = format!("{root}/settings");
        for method in [Method::DELETE, Method::POST, Method::PUT] {
            let refused = operator.ask(method, &path).await;
            let refused = refused.assert_error(405, "MethodNotAllowed");
            assert_eq!(refused.headers["allow"], "GET, HEAD, PATCH");
        }
        operator
            .get(&format!("{path}/{NOWHERE}"))
            .await
            .assert_status(400);
        let property = format!("{path}/externalUserLifecycleAction");
        operator.get(&property).await.assert_status(200);
        for (body, target) in [
            (
                json!({"durationUntilExternalUserDeletedAfterBlocked": "PT12H"}),
                "durationUntilExternalUserDeletedAfterBlocked",
            ),
            (
                json!({"daysUntilExternalUserDeletedAfterBlocked": -1}),
                "daysUntilExternalUserDeletedAfterBlocked",
            ),
            (
                json!({"externalUserLifecycleAction": "vanish"}),
                "externalUserLifecycleAction",
            ),
        ] {
            let refused = operator.patch(&path, body).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            assert_eq!(refused["error"]["target"], target);
        }
    }
    let read = operator
        .get(&format!("{V1}/settings"))
        .await
        .assert_status(200);
    let etag = read.headers["etag"].to_str().unwrap().to_owned();
    let change = json!({"externalUserLifecycleAction": "blockSignIn"});
    let fresh = operator.clone().with_header("if-match", &etag);
    let path = format!("{V1}/settings");
    fresh.patch(&path, change.clone()).await.assert_status(204);
    fresh
        .patch(&path, change)
        .await
        .assert_error(412, "PreconditionFailed");
}

async fn configurations(client: &Client, root: &str) -> Vec<Value> {
    let path = format!("{root}/controlConfigurations");
    client.get(&path).await.assert_status(200).rows()
}

fn of_kind(rows: &[Value], kind: &str) -> Value {
    let wanted = format!("#microsoft.graph.{kind}");
    let found = rows.iter().find(|row| row["@odata.type"] == wanted);
    found
        .unwrap_or_else(|| panic!("no {kind}: {rows:?}"))
        .clone()
}

#[tokio::test]
async fn ap_14_control_configurations_are_kept_and_served() {
    TestApp::on_both(async |app| {
        let admin = app.as_user("admin");
        for root in [V1, BETA] {
            let rows = configurations(&admin, root).await;
            assert_eq!(rows.len(), 3);
            for (kind, change) in [
                (
                    "insiderRiskyUserApproval",
                    json!({"isEnabled": true, "isApprovalRequired": true, "minimumRiskLevel": "moderate"}),
                ),
                (
                    "entraIdProtectionRiskyUserApproval",
                    json!({"isEnabled": true, "isApprovalRequired": true, "minimumRiskLevel": "medium"}),
                ),
                (
                    "endUserSettings",
                    json!({"isEnabled": true, "relatedPeopleInsightLevel": "countAndNames",
                        "showApproverDetailsToMembers": true}),
                ),
            ] {
                let row = of_kind(&rows, kind);
                let path = format!("{root}/controlConfigurations/{}", row["id"].as_str().unwrap());
                let mut body = change.clone();
                body["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));

                let put = admin.put(&path, body).await.assert_status(200).json();

                let read = admin.get(&path).await.assert_status(200).json();
                for (member, value) in change.as_object().unwrap() {
                    assert_eq!(&put[member], value, "{kind}.{member}");
                    assert_eq!(&read[member], value, "{kind}.{member}");
                }
                assert_eq!(read["@odata.type"], row["@odata.type"]);
                assert_eq!(read["modifiedBy"], app.id_of("admin").to_string());
                // What is left out stays: the published clients send only what they set.
                let one = admin.put(&path, json!({"isEnabled": false})).await;
                let one = one.assert_status(200).json();
                assert_eq!(one["isEnabled"], false);
                for (member, value) in change.as_object().unwrap() {
                    if member != "isEnabled" {
                        assert_eq!(&one[member], value, "{kind}.{member}");
                    }
                }
            }
            let rows = configurations(&admin, root).await;
            let end_user = of_kind(&rows, "endUserSettings");
            assert_eq!(end_user.get("minimumRiskLevel"), None);
            let risk = of_kind(&rows, "insiderRiskyUserApproval");
            assert_eq!(risk.get("showApproverDetailsToMembers"), None);
        }
    })
    .await;
}

#[tokio::test]
async fn control_configurations_neither_come_nor_go_nor_change_their_type() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    for root in [V1, BETA] {
        let rows = configurations(&operator, root).await;
        let risk = of_kind(&rows, "insiderRiskyUserApproval");
        let list = format!("{root}/controlConfigurations");
        let path = format!("{list}/{}", risk["id"].as_str().unwrap());
        for (method, path, allow) in [
            (Method::POST, &list, "GET, HEAD"),
            (Method::DELETE, &path, "GET, HEAD, PUT"),
            (Method::PATCH, &path, "GET, HEAD, PUT"),
        ] {
            let refused = operator.ask(method, path).await;
            let refused = refused.assert_error(405, "MethodNotAllowed");
            assert_eq!(refused.headers["allow"], allow);
        }
        for (body, target) in [
            (
                json!({"@odata.type": "#microsoft.graph.endUserSettings"}),
                "@odata.type",
            ),
            (json!({"minimumRiskLevel": "medium"}), "minimumRiskLevel"),
            (
                json!({"showApproverDetailsToMembers": true}),
                "showApproverDetailsToMembers",
            ),
            (json!({"isEnabled": null}), "isEnabled"),
        ] {
            let refused = operator.put(&path, body).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            assert_eq!(refused["error"]["target"], target);
        }
        let nowhere = format!("{list}/{NOWHERE}");
        operator
            .put(&nowhere, json!({"isEnabled": true}))
            .await
            .assert_error(404, "ResourceNotFound");
    }
}

fn sap() -> Value {
    json!({
        "displayName": "SAP", "description": "Governance", "connectorType": "sapIag",
        "connectionInfo": {
            "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo",
            "url": "https://sap.example", "accessTokenUrl": "https://sap.example/token", "clientId": "reeve",
            "keyVaultName": "vault", "resourceGroup": "group", "secretName": "sap-secret", "subscriptionId": "s",
            "clientSecret": "never kept",
        },
    })
}

#[tokio::test]
async fn connectors_name_their_secrets_and_keep_none() {
    TestApp::on_both(async |app| {
        let admin = app.as_user("admin");
        for root in [V1, BETA] {
            let list = format!("{root}/externalOriginResourceConnectors");
            let made = admin.post(&list, sap()).await.assert_status(201);
            let path = format!("{list}/{}", made.text("id"));
            let info = &made.json()["connectionInfo"];
            assert_eq!(info["secretName"], "sap-secret");
            assert_eq!(
                info["@odata.type"],
                "#microsoft.graph.externalTokenBasedSapIagConnectionInfo"
            );
            assert!(!String::from_utf8_lossy(&made.body).contains("never kept"));

            let changed = admin.patch(&path, json!({"description": null})).await;
            let changed = changed.assert_status(200).json();
            assert_eq!(changed["description"], Value::Null);
            assert_eq!(&changed["connectionInfo"], info, "HT-1");
            let other = admin.patch(&path, json!({"connectorType": "sapAc"})).await;
            let other = other.assert_error(400, "InvalidModel").json();
            assert_eq!(other["error"]["target"], "connectionInfo");
            let ac = json!({"connectorType": "sapAc", "connectionInfo": {
                "@odata.type": "#microsoft.graph.externalSapAcConnectionInfo", "url": "https://ac.example",
                "systemId": "AC1", "userIdentifier": "u",
                "authenticationInfo": {
                    "@odata.type": "#microsoft.graph.clientCredentialAuthenticationInfo",
                    "clientId": "c", "secretName": "ac-secret"}}});
            let changed = admin.patch(&path, ac).await.assert_status(200).json();
            assert_eq!(changed["connectorType"], "sapAc");
            assert_eq!(changed["connectionInfo"]["systemId"], "AC1");
            assert_eq!(
                changed["connectionInfo"]["authenticationInfo"]["secretName"],
                "ac-secret"
            );

            let filter = format!("{list}?$filter=displayName eq 'sap' and connectorType eq 'sapAc'");
            assert_eq!(admin.get(&filter).await.assert_status(200).rows().len(), 1);
            let count = admin.get(&format!("{list}/$count")).await.assert_status(200);
            assert_eq!(count.body, b"1");
            admin.delete(&path).await.assert_status(204).assert_empty();
            admin.get(&path).await.assert_error(404, "ResourceNotFound");
            for (body, target) in [
                (json!({"displayName": "x"}), "connectorType"),
                (json!({"displayName": "x", "connectorType": "sapAc", "connectionInfo": sap()["connectionInfo"]}),
                    "connectionInfo"),
                (json!({"displayName": "x", "connectorType": "sapIag", "connectionInfo": {"url": "http://x"}}),
                    "connectionInfo/url"),
            ] {
                let refused = admin.post(&list, body).await;
                let refused = refused.assert_error(400, "InvalidModel").json();
                assert_eq!(refused["error"]["target"], target);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_resource_comes_through_the_connector_that_its_request_names() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let group = app.group("Payers", None).await.to_string();
        let catalog = operator
            .post(&format!("{V1}/catalogs"), json!({"displayName": "Finance"}))
            .await
            .assert_status(201)
            .text("id");
        let connectors = format!("{V1}/externalOriginResourceConnectors");
        let connector = operator
            .post(&connectors, sap())
            .await
            .assert_status(201)
            .text("id");
        let request = |kind: &str, name: &str, value: Value| {
            json!({
                "requestType": kind, "catalog": {"id": catalog},
                "resource": {"originId": group, "originSystem": "AadGroup", name: value},
            })
        };
        let requests = format!("{V1}/resourceRequests");
        let bind = "externalOriginResourceConnector@odata.bind";
        let nowhere = json!(format!("https://h{connectors}/{NOWHERE}"));
        let refused = operator
            .post(&requests, request("adminAdd", bind, nowhere))
            .await;
        let refused = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(
            refused["error"]["target"],
            "resource/externalOriginResourceConnector"
        );
        let refused = operator
            .post(&requests, request("adminAdd", bind, json!("x")))
            .await;
        refused.assert_error(400, "InvalidModel");

        let address = json!(format!("https://h{connectors}/{connector}"));
        let added = operator
            .post(&requests, request("adminAdd", bind, address))
            .await;
        added.assert_status(201);

        let list =
            format!("{V1}/catalogs/{catalog}/resources?$expand=externalOriginResourceConnector");
        let rows = operator.get(&list).await.assert_status(200).rows();
        assert_eq!(
            rows[0]["externalOriginResourceConnector"]["id"],
            connector.as_str()
        );
        let resource = rows[0]["id"].as_str().unwrap();
        for path in [
            format!("{V1}/resources/{resource}/externalOriginResourceConnector"),
            format!("{BETA}/accessPackageResources/{resource}/externalOriginResourceConnector"),
        ] {
            let read = operator.get(&path).await.assert_status(200);
            assert_eq!(read.text("displayName"), "SAP");
        }
        let object = format!("{connectors}/{connector}");
        operator
            .delete(&object)
            .await
            .assert_error(400, "ConnectorInUse");
        let name = "externalOriginResourceConnector";
        let none = request("adminUpdate", name, Value::Null);
        operator.post(&requests, none).await.assert_status(201);
        operator.delete(&object).await.assert_status(204);
    })
    .await;
}

#[tokio::test]
async fn who_may_read_and_write_settings_is_as_in_section_7_3() {
    let app = TestApp::new().await;
    app.add_application("reader").await;
    let rows = configurations(&app.as_operator(), V1).await;
    let configuration = format!(
        "{V1}/controlConfigurations/{}",
        rows[0]["id"].as_str().unwrap()
    );
    let reader = app.as_application("reader", &[Permission::EntitlementManagementReadAll]);
    let change = json!({"isEnabled": true});
    for (who, client, reads, writes) in [
        ("administrator", app.as_user("admin"), 200, [204, 200, 201]),
        ("anybody", app.as_user("alice"), 403, [403; 3]),
        ("reading application", reader, 200, [403; 3]),
        ("nobody", app.as_nobody(), 401, [401; 3]),
    ] {
        for path in [
            "settings",
            "controlConfigurations",
            "externalOriginResourceConnectors",
        ] {
            let read = client.get(&format!("{V1}/{path}")).await;
            assert_eq!(read.status, reads, "{who} {path}");
        }
        let settings = client.patch(&format!("{V1}/settings"), json!({})).await;
        assert_eq!(settings.status, writes[0], "{who}");
        let configured = client.put(&configuration, change.clone()).await;
        assert_eq!(configured.status, writes[1], "{who}");
        let connectors = format!("{V1}/externalOriginResourceConnectors");
        let made = client.post(&connectors, sap()).await;
        assert_eq!(made.status, writes[2], "{who}");
    }
}
