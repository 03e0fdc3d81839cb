//! Running, pausing, resuming and canceling jobs in every state, and where they stop by themselves.

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{CRM, ERP, TestApp};

use super::{JOBS, job, lines, made, order, plan, small_chunks, state, turn, turns};

const VERBS: [&str; 4] = ["run", "pause", "resume", "cancel"];

/// What each state takes, and where that leads.
const LIFE: &[(&str, &str, &str)] = &[
    ("planning", "pause", "paused"),
    ("planning", "cancel", "canceled"),
    ("planned", "run", "running"),
    ("planned", "cancel", "canceled"),
    ("running", "pause", "paused"),
    ("running", "cancel", "canceled"),
    ("paused", "resume", "running"),
    ("paused", "cancel", "canceled"),
    ("stopped", "cancel", "canceled"),
];

/// A job in this state.
async fn job_in(app: &TestApp, assignment: &str, wanted: &str) -> String {
    let dry_run = wanted == "planned";
    let mut body = json!({"target": "assignments", "ids": [assignment], "dryRun": dry_run});
    if wanted == "stopped" {
        body = json!({"target": "assignmentRequests", "filter": "state eq 'deliveryFailed'"});
    }
    let id = made(&app.as_operator(), body).await;
    match wanted {
        "planning" => {}
        "planned" | "stopped" => {
            turns(app).await;
        }
        "completed" => app.deliver().await,
        "canceled" => drop(order(app, &id, "cancel").await.assert_status(200)),
        "running" | "paused" => {
            let mut number = 0;
            while state(app, &id).await != "running" {
                assert!(turn(app, number).await > 0);
                number += 1;
            }
            if wanted == "paused" {
                order(app, &id, "pause").await.assert_status(200);
            }
        }
        other => panic!("no job is brought to `{other}`"),
    }
    assert_eq!(state(app, &id).await, wanted);
    id
}

#[tokio::test]
async fn each_state_takes_what_its_life_allows_and_refuses_the_rest() {
    TestApp::on_both(async |app| {
        let removal = app.failed_removals(1).await.remove(0);
        let case = app.assignment_in("delivered").await;
        for wanted in [
            "planning",
            "planned",
            "running",
            "paused",
            "stopped",
            "canceled",
            "completed",
        ] {
            for verb in VERBS {
                if (wanted, verb) == ("stopped", "run") {
                    // That takes thresholds: a test of its own.
                    continue;
                }
                let id = job_in(app, &case.assignment, wanted).await;
                let reply = order(app, &id, verb).await;
                let leads_to = LIFE
                    .iter()
                    .find(|(from, by, _)| (*from, *by) == (wanted, verb));
                if let Some((_, _, to)) = leads_to {
                    assert_eq!(reply.assert_status(200).text("state"), *to);
                    if *to == "paused" {
                        order(app, &id, "resume").await.assert_status(200);
                        assert_eq!(state(app, &id).await, wanted);
                    }
                } else {
                    reply.assert_error(400, "InvalidJobState");
                    assert_eq!(state(app, &id).await, wanted, "{verb}");
                }
                order(app, &id, "cancel").await;
                app.advance(Duration::from_minutes(1));
                app.deliver().await;
                assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
            }
        }
        assert_eq!(app.state(&removal.request).await, "deliveryFailed");
    })
    .await;
}

#[tokio::test]
async fn a_paused_job_begins_nothing_and_goes_on_where_it_was() {
    TestApp::on_both_with(small_chunks(), async |app| {
        let cases = app.assignments_in("delivered", 6).await;
        let ids: Vec<&str> = cases.iter().map(|case| case.assignment.as_str()).collect();
        let id = made(
            &app.as_operator(),
            json!({"target": "assignments", "ids": ids}),
        )
        .await;
        let mut number = 0;
        while job(app, &id).await["summary"]["inDelivery"] != 2 {
            assert!(turn(app, number).await > 0);
            number += 1;
        }
        order(app, &id, "pause").await.assert_status(200);
        app.advance(Duration::from_minutes(1));

        app.deliver().await;

        let paused = job(app, &id).await;
        assert_eq!(paused["state"], "paused");
        assert_eq!(
            paused["summary"]["delivered"], 2,
            "what was begun is delivered"
        );
        assert_eq!(paused["summary"]["planned"], 4);

        app.advance(Duration::from_days(1));
        order(app, &id, "resume").await.assert_status(200);
        app.deliver().await;
        let done = job(app, &id).await;
        assert_eq!(done["state"], "completed", "{done}");
        assert_eq!(done["summary"]["delivered"], 6, "{done}");
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_removes_too_much_stops_until_somebody_says_that_it_may() {
    TestApp::on_both(async |app| {
        let cases = app.failed_removals(3).await;
        let body = json!({"target": "assignmentRequests", "filter": "state eq 'deliveryFailed'"});
        let id = made(&app.as_operator(), body).await;

        app.deliver().await;

        let stopped = job(app, &id).await;
        assert_eq!(stopped["state"], "stopped", "{stopped}");
        assert_eq!(stopped["reason"]["code"], "ThresholdExceeded");
        let planned = plan(app, &id).await;
        assert_eq!(planned["removes"], 6, "{planned}");
        assert!(planned["exceeded"].is_string(), "{planned}");
        for case in &cases {
            assert_eq!(app.state(&case.request).await, "deliveryFailed");
        }
        let refused = order(app, &id, "run")
            .await
            .assert_error(400, "ThresholdExceeded");
        assert_eq!(refused.json()["error"]["target"], "thresholds");
        let path = format!("{JOBS}/{id}/run");
        let too_little = json!({"thresholds": {"maxRemoved": 5, "maxRemovedPercent": 100}});
        let operator = app.as_operator();
        operator
            .post(&path, too_little)
            .await
            .assert_error(400, "ThresholdExceeded");
        let wrong = json!({"thresholds": {"maxRemovedPercent": 101}});
        let wrong = operator.post(&path, wrong).await.assert_status(400);
        assert_eq!(
            wrong.json()["error"]["target"],
            "thresholds/maxRemovedPercent"
        );

        let enough = json!({"thresholds": {"maxRemovedPercent": 100}});
        operator.post(&path, enough).await.assert_status(200);
        app.deliver().await;

        let done = job(app, &id).await;
        assert_eq!(done["state"], "completed", "{done}");
        assert_eq!(done["reason"], Value::Null);
        for case in &cases {
            assert_eq!(app.assignment_state(&case.assignment).await, "expired");
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_stops_in_its_run_where_more_would_be_removed_than_was_planned() {
    TestApp::on_both_with(small_chunks(), async |app| {
        let cases = app.assignments_in("delivered", 4).await;
        let ids: Vec<&str> = cases.iter().map(|case| case.assignment.as_str()).collect();
        let body = json!({"target": "assignments", "ids": ids, "dryRun": true});
        let id = made(&app.as_operator(), body).await;
        turns(app).await;
        assert_eq!(plan(app, &id).await["removes"], 0);
        // The package loses a role, and nobody has followed yet.
        let package = &cases[0].package;
        app.drop_role(package, &package.roles[0]).await;
        order(app, &id, "run").await.assert_status(200);

        turns(app).await;

        let stopped = job(app, &id).await;
        assert_eq!(stopped["state"], "stopped", "{stopped}");
        assert_eq!(stopped["reason"]["code"], "ThresholdExceeded");
        for line in lines(app, &id, "").await {
            assert_eq!(line["state"], "planned", "{line}");
        }
        app.advance(Duration::from_minutes(1));
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn al_1_what_happens_to_a_job_is_in_the_audit_log_and_so_is_each_item() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        let body = json!({"target": "assignments", "ids": [case.assignment], "dryRun": true});
        let id = made(&app.as_operator(), body).await;
        turns(app).await;
        order(app, &id, "run").await.assert_status(200);
        app.advance(Duration::from_minutes(1));
        app.deliver().await;

        let events = |object: &str| {
            let filter = format!("targetResources/any(t: t/id eq '{object}')");
            let path = format!("/v1.0/auditLogs/directoryAudits?$filter={filter}");
            let client = app.as_operator();
            async move { client.get(&path).await.assert_status(200).rows() }
        };
        let of_job = events(&id).await;
        let mut operations: Vec<&str> = of_job
            .iter()
            .flat_map(|event| event["additionalDetails"].as_array().unwrap())
            .filter(|detail| detail["key"] == "operation")
            .map(|detail| detail["value"].as_str().unwrap())
            .collect();
        operations.sort_unstable();
        assert_eq!(
            operations,
            [
                "completeReprocessJob",
                "createReprocessJob",
                "planReprocessJob",
                "runReprocessJob"
            ]
        );
        let tracking = lines(app, &id, "").await[0]["requestId"].clone();
        let of_item = events(tracking.as_str().unwrap()).await;
        assert!(of_item.len() >= 3, "{of_item:?}");
        let by_caller =
            |event: &&Value| event["initiatedBy"]["app"]["servicePrincipalId"].is_string();
        assert_eq!(of_item.iter().filter(by_caller).count(), 2, "{of_item:?}");
        assert_eq!(app.target(ERP).writes() + app.target(CRM).writes(), 2);
    })
    .await;
}
