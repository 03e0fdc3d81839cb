//! A PostgreSQL that fails at random, as a fail-over or a distributed engine does: what was accepted holds, nothing is
//! done twice, and whoever asks is told to try again, never of a fault of the server's own.

use std::collections::BTreeMap;

use domain::time::Duration;
use store::Faults;
use testkit::{ERP, Package, Plan, Reply, TestApp, V1};

const PEOPLE: usize = 24;
/// Of a thousand statements.
const OFTEN: u32 = 40;
/// How often a client tries before something is wrong with the server.
const TRIES: usize = 100;

/// A call of a client that tries again for as long as it is told to. Answers how often it was.
async fn persisting(call: impl AsyncFn() -> Reply) -> (Reply, usize) {
    for tried in 0..TRIES {
        let reply = call().await;
        if reply.status != 503 {
            assert!(!reply.status.is_server_error(), "{reply}");
            return (reply, tried);
        }
        assert!(reply.headers.contains_key("retry-after"), "{reply}");
        assert_eq!(reply.code(), "ServiceUnavailable", "{reply}");
    }
    panic!("the server is never available");
}

/// A call that makes something: what was done without an answer is not done again, but refused.
async fn once(refused: &[&str], call: impl AsyncFn() -> Reply) -> usize {
    let (reply, tried) = persisting(call).await;
    let is_done = tried > 0 && refused.contains(&reply.code().as_str());
    assert!(
        is_done || matches!(reply.status.as_u16(), 201 | 202),
        "{reply}"
    );
    tried
}

/// The engine works as well as it can.
async fn work(app: &TestApp) {
    for _ in 0..5 {
        if app.engine().settle().await.is_ok() {
            return;
        }
    }
}

/// The assignment of each person, by what the server shows.
async fn assignments(app: &TestApp, package: &Package) -> BTreeMap<String, String> {
    let path = format!(
        "{V1}/assignments?$filter=accessPackage/id eq '{}' and state eq 'delivered'&$expand=target&$top=100",
        package.id
    );
    let (reply, _) = persisting(async || app.as_operator().get(&path).await).await;
    let rows = reply.assert_status(200).rows();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| (text(&row["target"]["objectId"]), text(&row["id"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_holds_though_the_database_fails_at_random() {
    let faults = Faults::seeded(0x5eed_0026);
    let Some(app) = TestApp::on_faulty_postgres(faults.clone()).await else {
        return;
    };
    let plan = Plan::new("Leads").member_of("Leads", ERP);
    let package = app.package(plan).await;
    let names: Vec<String> = (0..PEOPLE)
        .map(|number| format!("person{number}"))
        .collect();
    for name in &names {
        app.add_user(name).await;
    }
    let mut told_to_wait = 0;

    faults.set(OFTEN);
    for name in &names {
        let existing = ["ExistingOpenRequest", "ExistingAssignment"];
        told_to_wait += once(&existing, async || app.try_assign(&package, name).await).await;
        work(&app).await;
    }
    // Leases of turns that broke off run out.
    app.advance(Duration::from_minutes(10));
    faults.set(0);
    app.wait_out_retries().await;
    faults.set(OFTEN);
    let held = assignments(&app, &package).await;
    assert_eq!(held.len(), PEOPLE, "accepted and forgotten");
    for (number, name) in names.iter().enumerate() {
        let assignment = &held[&app.id_of(name).to_string()];
        let path = format!("{V1}/assignments/{assignment}/reprocess");
        told_to_wait += if number % 3 == 0 {
            let removed = ["ExistingOpenRequest", "InvalidAssignmentState"];
            once(&removed, async || app.try_remove(assignment).await).await
        } else {
            // RP-41: the call is known again by its id.
            let id = format!("00000000-0000-4000-8000-{number:012}");
            let client = app.as_operator().with_header("client-request-id", &id);
            once(&[], async || client.post_empty(&path).await).await
        };
        work(&app).await;
    }
    faults.set(0);
    app.advance(Duration::from_minutes(10));
    app.wait_out_retries().await;

    assert!(
        faults.made() > 50,
        "too little went wrong: {}",
        faults.made()
    );
    assert!(told_to_wait > 0, "nobody had to try again");
    let role = package.role().origin_id.clone();
    for (number, name) in names.iter().enumerate() {
        let (who, is_kept) = (app.id_of(name), number % 3 != 0);
        assert_eq!(app.target(ERP).has(&role, who), is_kept, "{name}");
        let changes = app.target(ERP).changes(&role, who);
        assert_eq!(changes, if is_kept { 1 } else { 2 }, "{name}");
    }
    for request in app.requests_of(&package).await {
        assert_eq!(request["state"], "delivered", "{request}");
    }
    let asked = app.requests_of(&package).await;
    let adds = asked
        .iter()
        .filter(|request| request["requestType"] == "adminAdd");
    assert_eq!(adds.count(), PEOPLE);
}
