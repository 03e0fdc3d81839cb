//! Snapshots of a development tenant: kept, listed, brought back.

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Client, ERP, Plan, TestApp};

use crate::support::{Server, V1};

const SNAPSHOTS: &str = "/reeve/v1/dev/snapshots";

async fn keep(client: &Client, name: &str) -> Value {
    let taken = client.post(SNAPSHOTS, json!({ "name": name })).await;
    taken.assert_status(200).json()
}

async fn restore(client: &Client, name: &str) {
    let path = format!("{SNAPSHOTS}/{name}/restore");
    client.post_empty(&path).await.assert_status(204);
}

async fn names(client: &Client, path: &str) -> Vec<String> {
    let rows = client.get(path).await.assert_status(200).rows();
    rows.iter()
        .map(|row| row["displayName"].as_str().unwrap().to_owned())
        .collect()
}

async fn grants(client: &Client) -> Vec<Value> {
    let ledger = client.get("/reeve/v1/ledger").await;
    ledger.assert_status(200).rows()
}

#[tokio::test]
async fn a_tenant_comes_back_as_it_was_kept_with_its_clock_and_says_so() {
    TestApp::on_both_in_development(async |app| {
        let client = app.as_operator();
        let package = app.package(Plan::new("Books").member_here("Payers")).await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let catalogs = format!("{V1}/catalogs");
        let before = names(&client, &catalogs).await;
        let assignment = app.assignment_of(&request).await;
        let taken = keep(&client, "delivered").await;
        assert_eq!(taken["takenDateTime"], app.now().to_string());
        let kept_at = app.now();

        client
            .post(&catalogs, json!({ "displayName": "Later" }))
            .await
            .assert_status(201);
        app.remove(&assignment).await;
        app.deliver().await;
        client
            .post("/reeve/v1/dev/clock", json!({ "advance": "P30D" }))
            .await
            .assert_status(200);
        assert_eq!(app.assignment_state(&assignment).await, "expired");
        restore(&client, "delivered").await;

        assert_eq!(names(&client, &catalogs).await, before);
        assert_eq!(app.assignment_state(&assignment).await, "delivered");
        assert_eq!(app.now(), kept_at);
        let group = app.id_of("Payers");
        let members = names(&client, &format!("/v1.0/groups/{group}/members")).await;
        assert_eq!(members, ["alice"]);
        let events = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq \
                      'Restore tenant snapshot'";
        let told = client.get(events).await.assert_status(200).rows();
        assert_eq!(told.len(), 1);
        app.deliver().await;
        assert_eq!(app.assignment_state(&assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn what_was_to_be_delivered_then_is_delivered_again() {
    TestApp::on_both_in_development(async |app| {
        let client = app.as_operator();
        let package = app.package(Plan::new("Books").member_here("Payers")).await;
        let request = app.assign(&package, "alice").await;
        keep(&client, "asked").await;
        app.deliver().await;
        assert_eq!(app.state(&request).await, "delivered");

        restore(&client, "asked").await;

        assert_eq!(app.state(&request).await, "delivering");
        app.deliver().await;
        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn deliveries_under_way_end_first_and_bring_nothing_back_afterwards() {
    TestApp::on_both_in_development(async |app| {
        let client = app.as_operator();
        let plan = Plan::new("Books").member_here("Payers");
        let package = app.package(plan.member_of("Ledger", ERP)).await;
        keep(&client, "nobody").await;
        let request = app.assign(&package, "alice").await;
        app.target(ERP).sticks_after(0);
        let engine = app.engine();
        let working = tokio::spawn(async move { engine.settle().await });
        app.target(ERP).stuck().await;

        let restoring = tokio::spawn({
            let client = client.clone();
            async move { restore(&client, "nobody").await }
        });
        while !app.service().standstill.is_wanted() {
            tokio::task::yield_now().await;
        }
        app.target(ERP).sticks_no_more();
        app.target(ERP).answers_at_last();
        restoring.await.unwrap();
        working.await.unwrap().unwrap();
        app.advance(Duration::from_minutes(60));
        app.deliver().await;

        let path = format!("{V1}/assignmentRequests/{request}");
        client.get(&path).await.assert_status(404);
        assert_eq!(grants(&client).await, Vec::<Value>::new());
        let group = app.id_of("Payers");
        let members = names(&client, &format!("/v1.0/groups/{group}/members")).await;
        assert_eq!(members, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn snapshots_are_listed_replaced_and_let_go() {
    TestApp::on_both_in_development(async |app| {
        let client = app.as_operator();
        keep(&client, "one").await;
        keep(&client, "two").await;
        app.advance(Duration::from_minutes(5));
        let again = keep(&client, "one").await;

        let listed = client.get(SNAPSHOTS).await.assert_status(200).rows();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0], again);
        let path = format!("{SNAPSHOTS}/one");
        client.delete(&path).await.assert_status(204);
        client
            .delete(&path)
            .await
            .assert_error(404, "ResourceNotFound");
        let path = format!("{path}/restore");
        let refused = client.post_empty(&path).await;
        refused.assert_error(404, "ResourceNotFound");
        assert_eq!(client.get(SNAPSHOTS).await.rows().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn names_that_are_none_are_refused_and_the_start_is_the_servers_own() {
    let server = Server::new().await;
    let admin = server.admin();
    let long = "x".repeat(65);
    for wrong in [
        json!({ "name": "" }),
        json!({ "name": "a/b" }),
        json!({ "name": "Ä" }),
        json!({ "name": long }),
        json!({ "name": "Start" }),
        json!({ "name": 7 }),
        json!({}),
    ] {
        let refused = server.post(&admin, SNAPSHOTS, &wrong).await.expect(400);
        assert_eq!(refused.json()["error"]["target"], "name", "{wrong}");
    }
    // Nobody kept how this tenant began.
    let path = "/reeve/v1/dev/reset";
    server.post(&admin, path, &json!({})).await.expect(404);
}

#[tokio::test]
async fn a_tenant_that_is_not_for_development_is_not_exchanged() {
    let app = TestApp::new().await;
    let client = app.as_operator();
    for path in [SNAPSHOTS, "/reeve/v1/dev/reset"] {
        client
            .post(path, json!({ "name": "one" }))
            .await
            .assert_status(404);
    }
}
