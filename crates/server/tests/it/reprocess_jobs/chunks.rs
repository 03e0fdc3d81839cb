//! Jobs in pieces: workers that die between any two chunks, two workers at once, and what is found in the database then.

use domain::id::ReprocessJobId;
use domain::time::Duration;
use serde_json::json;
use service::reprocess_jobs::run_due;
use testkit::TestApp;

use super::{
    JOBS, job, lines, made, of_package, order, small_chunks, state, tracking, turn, turns,
};

#[tokio::test]
async fn a_job_whose_worker_dies_after_every_chunk_does_everything_once() {
    TestApp::on_both_with(small_chunks(), async |app| {
        let cases = app.assignments_in("delivered", 7).await;
        let body = json!({
            "target": "assignments",
            "filter": format!("state eq 'delivered' and {}", of_package(&cases[0])),
        });
        let id = made(&app.as_operator(), body).await;

        // Four chunks of the plan and its end, four chunks of the run.
        let taken = turns(app).await;
        assert_eq!(taken, 9);
        app.crash();
        app.advance(Duration::from_minutes(1));
        app.deliver().await;

        let job = job(app, &id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["summary"]["delivered"], 7, "{job}");
        for case in &cases {
            assert_eq!(tracking(app, case).await.len(), 1);
            assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
        }
        let lines = lines(app, &id, "").await;
        let places: Vec<i64> = lines
            .iter()
            .map(|line| line["item"].as_i64().unwrap())
            .collect();
        assert_eq!(places, [1, 2, 3, 4, 5, 6, 7]);
    })
    .await;
}

#[tokio::test]
async fn two_workers_never_work_at_one_job_and_the_late_one_writes_nothing() {
    TestApp::on_both_with(small_chunks(), async |app| {
        let cases = app.assignments_in("delivered", 4).await;
        let body = json!({
            "target": "assignments",
            "filter": format!("state eq 'delivered' and {}", of_package(&cases[0])),
        });
        let id = made(&app.as_operator(), body).await;
        let service = app.service();
        let job_id: ReprocessJobId = id.parse().unwrap();

        assert!(run_due(service, "first").await.unwrap() > 0);
        assert_eq!(run_due(service, "second").await.unwrap(), 0, "it is taken");
        let take = |owner: &'static str| {
            let now = app.now();
            service.store.write(move |tx| {
                let until = now.plus(Duration::from_secs(30));
                store::reprocess_job::take(tx, job_id, owner, now, until)
            })
        };
        let first = take("first").await.unwrap().unwrap();
        assert_eq!(take("second").await.unwrap(), None);

        // The first one is silent for longer than its lease; the second one takes over.
        app.advance(Duration::from_secs(31));
        let second = take("second").await.unwrap().unwrap();
        assert!(second.fence > first.fence);
        let holds = |lease: store::reprocess_job::Lease| {
            let now = app.now();
            let until = now.plus(Duration::from_secs(30));
            service
                .store
                .write(move |tx| store::reprocess_job::hold(tx, &lease, now, until))
        };
        assert!(!holds(first.clone()).await.unwrap());
        assert!(holds(second.clone()).await.unwrap());

        // Even back under its old name, the first lease is worth nothing.
        app.advance(Duration::from_secs(31));
        let again = take("first").await.unwrap().unwrap();
        assert!(again.fence > second.fence);
        assert!(!holds(first).await.unwrap());

        turns(app).await;
        app.deliver().await;
        app.advance(Duration::from_minutes(1));
        app.deliver().await;
        assert_eq!(state(app, &id).await, "completed");
        for case in &cases {
            assert_eq!(tracking(app, case).await.len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn canceling_in_the_middle_leaves_no_half_item() {
    TestApp::on_both_with(small_chunks(), async |app| {
        let cases = app.assignments_in("delivered", 6).await;
        let ids: Vec<&str> = cases.iter().map(|case| case.assignment.as_str()).collect();
        let body = json!({"target": "assignments", "ids": ids});
        let id = made(&app.as_operator(), body).await;
        let mut number = 0;
        while job(app, &id).await["summary"]["inDelivery"] != 2 {
            assert!(turn(app, number).await > 0);
            number += 1;
        }

        order(app, &id, "cancel").await.assert_status(200);
        app.deliver().await;
        let at_once = job(app, &id).await;
        app.advance(Duration::from_minutes(1));
        app.deliver().await;

        // The worker died: what it began is asked after by another one once its lease is over.
        assert_eq!(at_once["state"], "canceled", "{at_once}");
        assert_eq!(at_once["summary"]["inDelivery"], 2, "{at_once}");
        let job = job(app, &id).await;
        assert_eq!(job["state"], "canceled", "{job}");
        assert_eq!(job["summary"]["inDelivery"], 0, "{job}");
        assert_eq!(job["summary"]["delivered"], 2, "{job}");
        assert_eq!(job["summary"]["canceled"], 4, "{job}");
        let lines = lines(app, &id, "").await;
        for line in &lines {
            let case = cases
                .iter()
                .find(|case| line["id"] == *case.assignment)
                .unwrap();
            let begun = tracking(app, case).await.len();
            match line["state"].as_str().unwrap() {
                "delivered" => assert_eq!(begun, 1),
                "canceled" => assert_eq!(begun, 0),
                other => panic!("an item is {other}"),
            }
            assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_made_while_a_job_is_planned_is_no_part_of_it() {
    TestApp::on_both_with(small_chunks(), async |app| {
        let cases = app.assignments_in("delivered", 3).await;
        let body = json!({
            "target": "assignments",
            "filter": format!("state eq 'delivered' and {}", of_package(&cases[0])),
        });
        let id = made(&app.as_operator(), body).await;
        assert!(turn(app, 0).await > 0);
        app.add_user("latecomer").await;
        app.assign(&cases[0].package, "latecomer").await;
        app.advance(Duration::from_minutes(1));
        app.deliver().await;

        let job = job(app, &id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["summary"]["items"], 3, "{job}");
        let path = format!("{JOBS}/{id}");
        app.as_operator().get(&path).await.assert_status(200);
    })
    .await;
}
