//! Filters, searches and expansions as clients write them, on both databases.

use serde_json::{Value, json};
use testkit::{Reply, TestApp};

const V1: &str = "/v1.0/identityGovernance/entitlementManagement";

fn names(reply: &Reply) -> Vec<String> {
    reply
        .rows()
        .iter()
        .map(|row| row["displayName"].as_str().unwrap().to_owned())
        .collect()
}

fn escaped(query: &str) -> String {
    query.replace(' ', "%20").replace('"', "%22")
}

async fn make(app: &TestApp, path: &str, body: Value) -> String {
    let made = app.as_operator().post(path, body).await.assert_status(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn catalog(app: &TestApp, name: &str, description: &str) -> String {
    let body = json!({"displayName": name, "description": description, "state": "published"});
    make(app, &format!("{V1}/catalogs"), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_inside_of_objects_are_asked_about() {
    TestApp::on_both(async |app| {
        let group = |name: &str, types: &[&str]| {
            json!({"displayName": name, "mailEnabled": false, "mailNickname": name,
                "securityEnabled": true, "groupTypes": types,
                "membershipRule": types.contains(&"DynamicMembership").then_some("true")})
        };
        make(app, "/v1.0/groups", group("plain", &[])).await;
        make(app, "/v1.0/groups", group("unified", &["Unified"])).await;

        let ask = async |filter: &str| {
            let of_ours = format!("(displayName in ('plain','unified')) and {filter}");
            let path = format!("/v1.0/groups?$filter={}", escaped(&of_ours));
            names(&app.as_operator().get(&path).await.assert_status(200))
        };

        assert_eq!(ask("groupTypes/any(c:c eq 'unified')").await, ["unified"]);
        assert_eq!(
            ask("groupTypes/any(c:startswith(c,'Uni'))").await,
            ["unified"]
        );
        assert_eq!(ask("not groupTypes/any(c:c eq 'Unified')").await, ["plain"]);
        assert_eq!(ask("groupTypes/any()").await, ["unified"]);
        assert_eq!(ask("groupTypes/all(c:c eq 'Other')").await, ["plain"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connected_organisations_are_found_by_their_tenant() {
    TestApp::on_both(async |app| {
        let tenant = "aaaaaaaa-0000-4000-8000-000000000001";
        let path = format!("{V1}/connectedOrganizations");
        let source = json!({"@odata.type": "#microsoft.graph.azureActiveDirectoryTenant",
            "tenantId": tenant, "displayName": "Partner"});
        let body = json!({"displayName": "Partner", "description": "", "state": "configured",
            "identitySources": [source]});
        make(app, &path, body).await;

        for (filter, expected) in [
            (
                format!("identitySources/any(is:is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq '{tenant}')"),
                1,
            ),
            (format!("identitySources/any(is:is/tenantId eq '{tenant}')"), 1),
            (
                format!("identitySources/any(is:is/microsoft.graph.domainIdentitySource/tenantId eq '{tenant}')"),
                0,
            ),
            (
                "identitySources/any(is:is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq 'x')".to_owned(),
                0,
            ),
        ] {
            let asked = format!("{path}?$filter={}", escaped(&filter));
            let found = app.as_operator().get(&asked).await.assert_status(200);
            assert_eq!(found.rows().len(), expected, "{filter}");
        }
        let unknown = format!("{path}?$filter={}", escaped("identitySources/any(is:is/colour eq 'x')"));
        app.as_operator().get(&unknown).await.assert_error(400, "BadRequest");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_join_words_phrases_and_operators() {
    TestApp::on_both(async |app| {
        catalog(app, "Sales North", "cold").await;
        catalog(app, "Sales South", "warm").await;
        catalog(app, "Legal", "sales contracts").await;

        for (search, expected) in [
            ("sales", &["Legal", "Sales North", "Sales South"][..]),
            ("sales AND cold", &["Sales North"]),
            ("sales cold", &["Sales North"]),
            ("cold OR contracts", &["Legal", "Sales North"]),
            ("sales NOT warm", &["Legal", "Sales North"]),
            ("\"north sales\"", &[]),
            ("\"sales north\"", &["Sales North"]),
            ("\"displayName:sales\"", &["Sales North", "Sales South"]),
            ("sales AND (warm OR cold)", &["Sales North", "Sales South"]),
        ] {
            let path = format!("{V1}/catalogs?$search={}", escaped(search));
            let found = app.as_operator().get(&path).await.assert_status(200);
            assert_eq!(names(&found), expected, "{search}");
            let count = format!("{V1}/catalogs/$count?$search={}", escaped(search));
            let number = app.as_operator().get(&count).await.assert_status(200);
            assert_eq!(number.body, expected.len().to_string().into_bytes());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expansions_take_every_option_and_count_what_they_leave_out() {
    TestApp::on_both(async |app| {
        let id = catalog(app, "Art", "").await;
        for name in ["Atlas", "Books", "Charts", "Drawings"] {
            let body = json!({"displayName": name, "description": "", "catalog": {"id": id}});
            make(app, &format!("{V1}/accessPackages"), body).await;
        }
        let ask = async |options: &str| {
            let path = format!(
                "{V1}/catalogs/{id}?$expand=accessPackages({})",
                escaped(options)
            );
            app.as_operator().get(&path).await.assert_status(200).json()
        };
        let shown = |found: &Value| -> Vec<String> {
            let rows = found["accessPackages"].as_array().unwrap();
            rows.iter()
                .map(|row| row["displayName"].as_str().unwrap().to_owned())
                .collect()
        };

        let part =
            ask("$top=2;$skip=1;$count=true;$orderby=displayName desc;$select=displayName").await;
        assert_eq!(shown(&part), ["Charts", "Books"]);
        assert_eq!(part["accessPackages@odata.count"], 4);
        let beyond = ask("$skip=9;$count=true").await;
        assert_eq!(shown(&beyond), [""; 0]);
        assert_eq!(beyond["accessPackages@odata.count"], 4);
        let searched = ask("$search=books OR charts;$count=true").await;
        assert_eq!(shown(&searched), ["Books", "Charts"]);
        assert_eq!(searched["accessPackages@odata.count"], 2);
        let filtered = ask("$filter=startswith(displayName,'a');$expand=catalog($select=id)").await;
        assert_eq!(shown(&filtered), ["Atlas"]);
        assert_eq!(filtered["accessPackages"][0]["catalog"]["id"], id);

        let nested = format!(
            "{V1}/catalogs/{id}/accessPackages/$count?$filter={}",
            escaped("displayName gt 'B'")
        );
        assert_eq!(
            app.as_operator().get(&nested).await.assert_status(200).body,
            b"3"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_orders_as_long_as_an_address_may_be_are_answered_or_refused() {
    TestApp::on_both(async |app| {
        catalog(app, "needle", "").await;
        let one = "displayName eq 'a'";
        let chain = |word: &str, last: &str| {
            let many = vec![one; 500].join(word);
            escaped(&format!("{V1}/catalogs?$filter={many}{word}{last}"))
        };
        let operator = app.as_operator();
        let any = chain(" or ", "displayName eq 'needle'");
        let found = operator.get(&any).await.assert_status(200);
        assert_eq!(names(&found), ["needle"]);
        let all = chain(" and ", "displayName eq 'needle'");
        let found = operator.get(&all).await.assert_status(200);
        assert!(names(&found).is_empty());
        for (terms, status) in [(32, 200), (33, 400), (1300, 400), (3000, 414)] {
            let order = vec!["displayName"; terms].join(",");
            let path = format!("{V1}/catalogs?$orderby={order}");
            operator.get(&path).await.assert_status(status);
        }
    })
    .await;
}
