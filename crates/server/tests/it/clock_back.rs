//! The clock of the machine is set back: nothing is lost, nothing is held up for long, and nobody misses a row of a list.

use std::collections::BTreeSet;

use domain::time::Duration;
use serde_json::json;
use service::{deliveries, reprocess_jobs, sweeps};
use testkit::{ERP, Plan, TestApp, V1};

/// How far the clock goes back.
const BACK: Duration = Duration::from_minutes(-180);

#[tokio::test]
async fn work_of_a_dead_process_is_taken_over_although_the_clock_jumped_back_r28() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Books", ERP))
            .await;
        app.target(ERP).goes_down();
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        app.recover(&[ERP]);
        let lease = Duration::from_minutes(5);
        let claimed = deliveries::claim(app.service(), ERP, "dead", lease, 10).await;
        assert_eq!(claimed.unwrap().len(), 1, "somebody is at it");

        app.advance(BACK);
        app.deliver().await;

        assert_eq!(app.state(&request).await, "delivered");
        assert!(app.has(&package.roles[0], "alice").await);
    })
    .await;
}

#[tokio::test]
async fn a_lease_within_reach_is_kept_although_the_clock_jumped_back_r28() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Books", ERP))
            .await;
        app.target(ERP).goes_down();
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        app.recover(&[ERP]);
        let lease = Duration::from_minutes(5);
        let claimed = deliveries::claim(app.service(), ERP, "alive", lease, 10).await;
        assert_eq!(claimed.unwrap().len(), 1);

        app.advance(Duration::from_minutes(-1));
        app.deliver().await;
        let between = app.state(&request).await;
        app.advance(Duration::from_minutes(7));
        app.deliver().await;

        assert_eq!(between, "delivering");
        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn a_bulk_job_of_a_dead_process_goes_on_although_the_clock_jumped_back_r28() {
    TestApp::on_both(async |app| {
        let cases = app.assignments_in("delivered", 2).await;
        let ids: Vec<&str> = cases.iter().map(|case| case.assignment.as_str()).collect();
        let body = json!({"target": "assignments", "ids": ids});
        let jobs = "/reeve/v1/reprocessJobs";
        let made = app.as_operator().post(jobs, body).await;
        let path = format!("{jobs}/{}", made.assert_status(201).text("id"));
        let begun = reprocess_jobs::run_due(app.service(), "dead").await;
        assert!(begun.unwrap() > 0, "somebody is at it");

        app.advance(Duration::from_minutes(-1));
        app.deliver().await;
        let in_reach = app.as_operator().get(&path).await.assert_status(200).json();
        app.advance(BACK);
        app.deliver().await;

        let job = app.as_operator().get(&path).await.assert_status(200).json();
        assert_ne!(in_reach["state"], "completed", "the lease is kept");
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["summary"]["delivered"], 2, "{job}");
    })
    .await;
}

#[tokio::test]
async fn a_sweep_of_a_dead_process_goes_on_although_the_clock_jumped_back_r28() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Books", ERP))
            .await;
        app.assign(&package, "alice").await;
        app.deliver().await;
        let service = app.service();
        let asked = sweeps::request(service, &service.system(), ERP).await;
        let id = asked.unwrap().0.id;
        let lease = Duration::from_minutes(5);
        let claimed = sweeps::work::claim(service, id, "dead", lease).await;
        assert!(claimed.unwrap().is_some(), "somebody is at it");
        let state = async || {
            let sweep = sweeps::get(service, &service.system(), id).await;
            sweep.unwrap().state.to_string()
        };

        app.advance(Duration::from_minutes(-1));
        app.deliver().await;
        let in_reach = state().await;
        app.advance(BACK);
        app.deliver().await;

        assert_eq!(in_reach, "queued", "the lease is kept");
        assert_eq!(state().await, "completed");
    })
    .await;
}

#[tokio::test]
async fn attempts_that_wait_are_made_when_their_time_comes_again_rp_33() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Books", ERP))
            .await;
        app.target(ERP).goes_down();
        let request = app.assign(&package, "alice").await;
        app.deliver().await;

        app.advance(BACK);
        app.target(ERP).comes_up();
        app.wait_out_retries().await;

        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn a_list_that_is_read_page_by_page_misses_and_repeats_nobody_od_7() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Books", ERP))
            .await;
        let mut before = BTreeSet::new();
        for number in 0..5 {
            let name = format!("early{number}");
            app.add_user(&name).await;
            before.insert(app.assign(&package, &name).await);
        }
        let first = format!("{V1}/assignmentRequests?$top=2&$select=id");
        let mut page = app
            .as_operator()
            .get(&first)
            .await
            .assert_status(200)
            .json();

        app.advance(BACK);
        for number in 0..5 {
            let name = format!("late{number}");
            app.add_user(&name).await;
            app.assign(&package, &name).await;
        }
        let mut seen = Vec::new();
        loop {
            for row in page["value"].as_array().unwrap() {
                seen.push(row["id"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["@odata.nextLink"].as_str() else {
                break;
            };
            page = app.as_operator().get(next).await.assert_status(200).json();
        }

        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "somebody is there twice");
        assert!(before.is_subset(&once), "somebody is missed");
        app.deliver().await;
    })
    .await;
}
