//! Replicas: a worker whose lease ended before it did, and one whose schema was brought forward by a newer one.

use domain::time::Duration;
use testkit::{Backend, ERP, Plan, Start, TestApp};

#[tokio::test]
async fn a_write_that_ends_after_its_lease_and_after_the_opposite_was_done_is_undone_again() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Leads").member_of("Leads", ERP);
        let package = app.package(plan).await;
        let (target, role) = (app.target(ERP), package.role());
        let who = app.id_of("alice");
        let request = app.assign(&package, "alice").await;
        target.sticks_after(0);
        let slow = app.engine();
        let working = tokio::spawn(async move { slow.settle().await });
        target.stuck().await;
        target.sticks_no_more();

        // Another worker takes over and does it, and then the opposite.
        app.crash();
        app.advance(Duration::from_minutes(6));
        app.deliver().await;
        assert_eq!(app.state(&request).await, "delivered");
        let removal = app.remove(&app.assignment_of(&request).await).await;
        app.deliver().await;
        assert_eq!(app.state(&removal).await, "delivered");
        assert!(!target.has(&role.origin_id, who));
        // Only now does the first write do its work, and its worker hears of it.
        target.gains(&role.origin_id, who);
        target.answers_at_last();
        working.await.unwrap().unwrap();
        app.wait_out_retries().await;

        assert!(!target.has(&role.origin_id, who), "it is taken away again");
        assert_eq!(app.state(&request).await, "delivered", "no outcome changes");
        assert_eq!(app.state(&removal).await, "delivered", "no outcome changes");
    })
    .await;
}

#[tokio::test]
async fn a_write_that_ends_after_its_lease_as_others_did_it_too_is_not_done_again() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Leads").member_of("Leads", ERP);
        let package = app.package(plan).await;
        let target = app.target(ERP);
        let request = app.assign(&package, "alice").await;
        target.sticks_after(0);
        let slow = app.engine();
        let working = tokio::spawn(async move { slow.settle().await });
        target.stuck().await;
        target.sticks_no_more();
        app.crash();
        app.advance(Duration::from_minutes(6));
        app.deliver().await;
        let (reads, writes) = (target.reads(), target.writes());

        target.answers_at_last();
        working.await.unwrap().unwrap();
        app.wait_out_retries().await;

        assert_eq!((target.reads(), target.writes()), (reads, writes));
        assert_eq!(app.state(&request).await, "delivered");
        let changes = target.changes(&package.role().origin_id, app.id_of("alice"));
        assert_eq!(changes, 1);
    })
    .await;
}

#[tokio::test]
async fn a_replica_at_work_stays_ready_on_a_newer_schema_and_not_on_one_that_is_not_its_own() {
    for backend in Backend::ALL {
        let Some(app) = TestApp::on(backend, Start::default()).await else {
            continue;
        };
        let watcher = app.as_nobody();
        let newer = "INSERT INTO schema_migration (version, name, checksum, applied_at) \
            SELECT max(version) + 1, 'of a newer program', '', 0 FROM schema_migration";

        assert_eq!(app.tamper(newer), 1);
        watcher.get("/readyz").await.assert_status(200);

        app.tamper("UPDATE schema_migration SET checksum = '' WHERE version = 3");
        watcher.get("/readyz").await.assert_status(503);
    }
}
