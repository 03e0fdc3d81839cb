//! Members of groups that access packages deliver, however a client of the Graph API changes them.

use auth::principal::Permission;
use serde_json::{Value, json};
use testkit::{Plan, TestApp};

/// How many grants are missing, and how many are there that should not be.
async fn drift(app: &TestApp) -> (Value, Value) {
    let reply = app.as_operator().get("/reeve/v1/drift").await;
    let summary = reply.assert_status(200).json()["summary"].clone();
    (summary["missing"].clone(), summary["unwanted"].clone())
}

#[tokio::test]
async fn l8_a_member_that_a_body_binds_changes_drift_as_a_reference_does() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let package = app.package(Plan::new("Books").member_here("Readers")).await;
        app.assign(&package, "alice").await;
        app.deliver().await;
        let (group, alice) = (app.id_of("Readers"), app.id_of("alice"));
        let address = format!("https://graph.microsoft.com/v1.0/directoryObjects/{alice}");
        let events = "/v1.0/auditLogs/directoryAudits?$count=true&$top=1\
                      &$filter=activityDisplayName eq 'Add member to group'";
        let added = operator.get(events).await.json()["@odata.count"].clone();
        for root in ["/v1.0", "/beta"] {
            let path = format!("{root}/groups/{group}");
            operator
                .delete(&format!("{path}/members/{alice}/$ref"))
                .await
                .assert_status(204);
            assert_eq!(drift(app).await, (json!(1), json!(0)), "{root}");

            let body = json!({"members@odata.bind": [address]});
            operator.patch(&path, body.clone()).await.assert_status(204);

            assert_eq!(drift(app).await, (json!(0), json!(0)), "{root}");
            let again = operator.patch(&path, body).await.assert_status(400);
            assert_eq!(again.json()["error"]["target"], "members", "{root}");
            let nobody = json!({"members@odata.bind": [address.replace(&alice.to_string(), "00000000-0000-0000-0000-00000000dead")]});
            operator.patch(&path, nobody).await.assert_status(400);
        }
        let now = operator.get(events).await.json()["@odata.count"].clone();
        assert_eq!(now, json!(added.as_i64().unwrap() + 2));
    })
    .await;
}

#[tokio::test]
async fn section_7_1_objects_of_a_kind_are_shown_to_those_who_may_read_that_kind() {
    let app = TestApp::new().await;
    app.package(Plan::new("Books").member_here("Readers")).await;
    let (group, alice) = (app.id_of("Readers"), app.id_of("alice"));
    app.add_application("reader").await;
    for root in ["/v1.0", "/beta"] {
        let operator = app.as_operator();
        let link = json!({"@odata.id": format!("https://h{root}/directoryObjects/{alice}")});
        let members = format!("{root}/groups/{group}/members");
        operator
            .post(&format!("{members}/$ref"), link)
            .await
            .assert_status(204);
        let transitive = [
            format!("{root}/groups/{group}/transitiveMembers"),
            format!("{root}/groups/{group}/transitiveMemberOf"),
            format!("{root}/users/{alice}/transitiveMemberOf"),
        ];
        for path in &transitive {
            operator.get(path).await.assert_status(200);
        }

        let users = app.as_application("reader", &[Permission::UserReadAll]);
        let kinds = users.get(&format!("{root}/directoryObjects")).await;
        let kinds = kinds.assert_status(200).rows();
        assert!(!kinds.is_empty());
        assert!(
            kinds
                .iter()
                .all(|row| row["@odata.type"] == "#microsoft.graph.user")
        );
        let object = format!("{root}/directoryObjects/{group}");
        users.get(&object).await.assert_status(404);
        users.get(&members).await.assert_status(403);
        for path in &transitive {
            users.get(path).await.assert_status(403);
        }

        let groups = app.as_application("reader", &[Permission::GroupReadAll]);
        groups.get(&object).await.assert_status(200);
        let person = format!("{root}/directoryObjects/{alice}");
        groups.get(&person).await.assert_status(404);
        groups.get(&transitive[0]).await.assert_status(403);
        groups.get(&transitive[1]).await.assert_status(200);

        let removed = format!("{members}/{alice}/$ref");
        operator.delete(&removed).await.assert_status(204);
    }
}
