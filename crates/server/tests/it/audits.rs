//! What was done, by whom and to what: how the audit trail is searched (section 10.1 of the semantics).

use auth::roles::EmRole;
use serde_json::{Value, json};
use testkit::{Plan, TestApp};

use crate::support::{NOWHERE, V1};

#[tokio::test]
async fn events_are_found_by_who_did_what_to_whom() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let mine = app.package(Plan::new("Books").in_catalog("By the app")).await;
        let hers = app.package(Plan::new("Films").in_catalog("By a person")).await;
        app.give_role("alice", EmRole::CatalogOwner, &hers).await;
        let change = json!({"description": "changed"});
        for (who, package) in [(&operator, &mine), (&app.as_user("alice"), &hers)] {
            let path = format!("{V1}/catalogs/{}", package.catalog);
            who.patch(&path, change.clone()).await.assert_status(204);
        }
        let (by_app, by_user) = (mine.catalog.clone(), hers.catalog.clone());
        let alice = app.id_of("alice").to_string();

        let whole = operator.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update access package catalog'").await.rows();
        let about = |id: &str| -> Value {
            let of = |event: &&Value| event["targetResources"][0]["id"] == json!(id);
            whole.iter().find(of).unwrap()["initiatedBy"].clone()
        };
        let user = &about(&by_user)["user"];
        let name = user["userPrincipalName"].as_str().unwrap();
        let client = &about(&by_app)["app"];
        let [app_id, app_name] = ["appId", "displayName"].map(|member| client[member].as_str().unwrap());
        assert_eq!((&user["id"], user["displayName"].is_string()), (&json!(alice), true));

        let every = [&by_app, &by_user];
        let (of_app, of_user, none) = ([&by_app], [&by_user], [&by_app; 0]);
        let cases: Vec<(String, &[&String])> = vec![
            ("loggedByService eq 'Entitlement Management'".into(), &every),
            ("loggedByService eq 'Core Directory'".into(), &none),
            ("loggedByService ne 'Core Directory'".into(), &every),
            (format!("initiatedBy/user/id eq '{alice}'"), &of_user),
            (format!("initiatedBy/user/id eq '{}'", alice.to_uppercase()), &of_user),
            (format!("initiatedBy/user/id eq '{NOWHERE}'"), &none),
            (format!("initiatedBy/user/userPrincipalName eq '{}'", name.to_uppercase()), &of_user),
            (format!("startswith(initiatedBy/user/userPrincipalName, '{}')", &name[..3]), &of_user),
            ("initiatedBy/user/userPrincipalName eq null".into(), &of_app),
            (format!("not (initiatedBy/user/id eq '{alice}')"), &of_app),
            (format!("initiatedBy/app/appId eq '{app_id}'"), &of_app),
            (format!("initiatedBy/app/displayName eq '{app_name}'"), &of_app),
            ("initiatedBy/app/displayName eq 'Nobody'".into(), &none),
            (format!("targetResources/any(t:t/id eq '{by_app}')"), &of_app),
            (format!("targetResources/any(t: t/id eq '{NOWHERE}')"), &none),
            ("targetResources/any(t:t/displayName eq 'By a person')".into(), &of_user),
            ("targetResources/any(x:startswith(x/displayName, 'By'))".into(), &every),
            ("targetResources/any(t:t/type eq 'Nothing')".into(), &none),
            (format!("targetResources/any(t:t/type eq 'AccessPackageCatalog' and t/id eq '{by_user}')"), &of_user),
            ("targetResources/all(t:t/displayName eq 'By the app')".into(), &of_app),
            ("additionalDetails/any(d:d/key eq 'nothing')".into(), &none),
        ];
        for version in ["v1.0", "beta"] {
            for (filter, found) in &cases {
                let updated = "activityDisplayName eq 'Update access package catalog'";
                let path = format!(
                    "/{version}/auditLogs/directoryAudits?$filter=({filter}) and {updated}&$orderby=activityDateTime"
                );
                let rows = operator.get(&path).await.assert_status(200).rows();
                let mut ids: Vec<&str> = rows
                    .iter()
                    .map(|event| event["targetResources"][0]["id"].as_str().unwrap())
                    .filter(|id| every.iter().any(|one| one == id))
                    .collect();
                ids.sort_unstable();
                let mut found: Vec<&str> = found.iter().map(|id| id.as_str()).collect();
                found.sort_unstable();
                assert_eq!(ids, found, "{version} {filter}");
            }
            for filter in [
                "initiatedBy eq 'alice'",
                "initiatedBy/user eq 'alice'",
                "initiatedBy/user/shoeSize eq '43'",
                "targetResources/id eq 'x'",
                "targetResources/any(t:t/shoeSize eq '43')",
            ] {
                let path = format!("/{version}/auditLogs/directoryAudits?$filter={filter}");
                operator.get(&path).await.assert_status(400);
            }
        }
    })
    .await;
}
