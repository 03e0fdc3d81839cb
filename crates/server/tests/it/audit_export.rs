//! The audit log over HTTP as JSON lines: page by page a file that proves itself; and what is told while nobody seals.

use std::sync::Arc;

use auth::keys::{Algorithm, Keys};
use auth::seal::Signer;
use domain::time::Duration;
use serde_json::{Value, json};
use service::audit::proof::FileCheck;
use service::audit::sealing;
use testkit::{Client, Reply, TestApp};

use crate::support::V1;

const LOG: &str = "/reeve/v1/auditLog";

fn signer() -> Arc<Signer> {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::load_or_create_as(folder.path(), "audit", Algorithm::Es256).unwrap();
    Arc::new(Signer::new(keys))
}

async fn make_catalog(app: &TestApp) {
    let catalog = json!({"displayName": "Books"});
    let path = format!("{V1}/catalogs");
    app.as_operator()
        .post(&path, catalog)
        .await
        .assert_status(201);
}

/// What a long life leaves: so many events more.
fn grow(app: &TestApp, events: u64) {
    let grown = app.tamper(&format!(
        "INSERT INTO audit_event (id, happened_at, activity, category, result, initiated_by, target_resources, \
         additional_details, correlation_id) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {events}) \
         SELECT '00000000-0000-4000-8000-' || SUBSTR(CAST(1000000000000 + n.i AS TEXT), 2), e.happened_at, e.activity, \
         e.category, e.result, e.initiated_by, e.target_resources, e.additional_details, e.correlation_id \
         FROM n, (SELECT * FROM audit_event LIMIT 1) e"
    ));
    assert_eq!(grown, events);
}

/// Where the link of an answer leads.
fn next(page: &Reply) -> Option<String> {
    let link = page.headers.get("link")?.to_str().unwrap();
    let (address, relation) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
    assert_eq!(relation, "; rel=\"next\"");
    Some(address[address.find(LOG).unwrap()..].to_owned())
}

fn lines(page: &Reply) -> Vec<String> {
    let kind = page.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/x-ndjson"), "{kind}");
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert!(text.ends_with('\n'), "a line without its end");
    text.lines().map(str::to_owned).collect()
}

/// Every page from here on, as one file.
async fn read(client: &Client, path: &str) -> Vec<String> {
    let mut file = Vec::new();
    let mut path = Some(path.to_owned());
    while let Some(here) = path {
        let page = client.get(&here).await.assert_status(200);
        file.extend(lines(&page));
        path = next(&page);
    }
    file
}

fn proven(file: &[String], signer: &Signer) -> usize {
    let mut check = FileCheck::new(Some(signer), None);
    for line in file {
        check.line(line).unwrap();
    }
    usize::try_from(check.end().unwrap().count).unwrap()
}

#[tokio::test]
async fn the_pages_of_the_log_are_a_file_that_proves_itself() {
    TestApp::on_both(async |app| {
        let (signer, operator) = (signer(), app.as_operator());
        make_catalog(app).await;
        grow(app, 1500);
        let sealed = sealing::seal_all(app.service(), &signer).await.unwrap();

        let first = operator.get(LOG).await.assert_status(200);
        let rest = next(&first).expect("one answer does not hold that much");
        // What is written meanwhile is not part of it.
        make_catalog(app).await;
        sealing::seal_all(app.service(), &signer).await.unwrap();
        let mut file = lines(&first);
        file.extend(read(&operator, &rest).await);
        assert_eq!(file.len(), sealed + 1);
        assert_eq!(proven(&file, &signer), sealed);

        // A page that is left out is missed.
        let mut check = FileCheck::new(Some(&signer), None);
        for line in lines(&first) {
            check.line(&line).unwrap();
        }
        assert!(check.end().is_err());
    })
    .await;
}

#[tokio::test]
async fn a_stretch_of_time_is_read_alone_and_proves_itself() {
    TestApp::on_both(async |app| {
        let (signer, operator) = (signer(), app.as_operator());
        make_catalog(app).await;
        app.advance(Duration::from_days(1));
        let middle = app.now();
        make_catalog(app).await;
        // What has no place yet is in no file.
        let empty = read(&operator, LOG).await;
        assert_eq!(proven(&empty, &signer), 0);
        let sealed = sealing::seal_all(app.service(), &signer).await.unwrap();

        let since = read(&operator, &format!("{LOG}?since={middle}")).await;
        let until = read(&operator, &format!("{LOG}?until={middle}")).await;
        let (later, earlier) = (proven(&since, &signer), proven(&until, &signer));
        assert_eq!(later, 1);
        assert_eq!(earlier + later, sealed);
        let event: Value = serde_json::from_str(&since[1]).unwrap();
        assert_eq!(
            event["activityDisplayName"], "Create access package catalog",
            "{event}"
        );
        let never = read(&operator, &format!("{LOG}?until=2000-01-01T00:00:00Z")).await;
        assert_eq!(proven(&never, &signer), 0);
    })
    .await;
}

#[tokio::test]
async fn the_log_is_for_those_who_may_read_it_and_parameters_are_checked() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let readers = [auth::principal::Permission::AuditLogReadAll];
    app.add_application("watcher").await;
    app.as_application("watcher", &readers)
        .get(LOG)
        .await
        .assert_status(200);
    app.as_application("watcher", &[])
        .get(LOG)
        .await
        .assert_status(403);
    // A person needs a role besides the permission.
    app.as_user_with("alice", &readers)
        .get(LOG)
        .await
        .assert_status(403);
    app.as_user("alice").get(LOG).await.assert_status(403);
    app.as_nobody().get(LOG).await.assert_status(401);
    for (query, target) in [
        ("since=yesterday", "since"),
        ("until=2026-13-01T00:00:00Z", "until"),
        ("after=1", "through"),
        ("through=1", "after"),
        ("after=-1&through=5", "after"),
        ("after=1&through=x", "through"),
        ("format=csv", "format"),
    ] {
        let refused = operator
            .get(&format!("{LOG}?{query}"))
            .await
            .assert_status(400);
        assert_eq!(refused.json()["error"]["target"], target, "{refused}");
    }
}

#[tokio::test]
async fn a_sealer_that_stopped_is_told_and_takes_nothing_down() {
    TestApp::on_both(async |app| {
        let watcher = app.as_nobody();
        let ready = async || {
            let reply = watcher.get("/readyz").await.assert_status(200);
            String::from_utf8(reply.body).unwrap()
        };
        let signer = signer();
        make_catalog(app).await;
        sealing::seal_all(app.service(), &signer).await.unwrap();
        make_catalog(app).await;
        assert_eq!(ready().await, "ready\n");

        app.advance(Duration::from_minutes(2));
        let told = ready().await;
        assert!(
            told.starts_with("ready\nwarning: audit events are not sealed since 20"),
            "{told}"
        );
        make_catalog(app).await;

        sealing::seal_all(app.service(), &signer).await.unwrap();
        assert_eq!(ready().await, "ready\n");
    })
    .await;
}
