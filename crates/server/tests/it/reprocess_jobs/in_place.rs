//! Items whose access is in the built-in directory and all there: they end in the transaction that begins them, and leave
//! what a single call leaves.

use domain::time::Duration;
use serde_json::{Value, json};
use service::reprocess_jobs::run_due;
use testkit::{Plan, TestApp};

use super::{JOBS, job, lines, made, state, turns};
use crate::support::V1;

/// A package with a group of the directory that these people have; answers it and their assignments.
pub(super) async fn held_by(app: &TestApp, names: &[&str]) -> (testkit::Package, Vec<String>) {
    let package = app
        .package(Plan::new("Intranet").member_here("Staff"))
        .await;
    let mut requests = Vec::new();
    for name in names {
        app.add_user(name).await;
        requests.push(app.assign(&package, name).await);
    }
    app.deliver().await;
    let mut assignments = Vec::new();
    for request in &requests {
        assignments.push(app.assignment_of(request).await);
    }
    (package, assignments)
}

/// The request that tracks the enforcement of an assignment, its units of work and its events, without what tells one from
/// another: ids and times.
async fn left(app: &TestApp, package: &testkit::Package, assignment: &str) -> Value {
    let requests = app.requests_of(package).await;
    let tracking: Vec<&Value> = requests
        .iter()
        .filter(|one| one["requestType"] == "systemUpdate" && one["assignment"]["id"] == assignment)
        .collect();
    assert_eq!(tracking.len(), 1, "{requests:?}");
    let id = tracking[0]["id"].as_str().unwrap().to_owned();
    let request = id.parse().unwrap();
    let about = assignment.parse().unwrap();
    let (request, assignment, grant) = app
        .service()
        .store
        .read(move |tx| -> Result<_, store::Error> {
            let request = store::assignment_request::find(tx, request)?.unwrap();
            let assignment = store::assignment::find(tx, about)?.unwrap();
            let (_, grant) = store::ledger::plan::linked(tx, [about])?.remove(0);
            Ok((request, assignment, grant))
        })
        .await
        .unwrap();
    let units = app
        .as_operator()
        .get(&format!("/reeve/v1/assignmentRequests/{id}/deliveries"))
        .await
        .assert_status(200)
        .json();
    let unit = |name: &str| units["value"][0][name].clone();
    assert_eq!(units["value"].as_array().unwrap().len(), 1, "{units}");
    let mut events = Vec::new();
    for object in [id, grant.to_string()] {
        let path = format!(
            "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{object}')"
        );
        for event in app.as_operator().get(&path).await.assert_status(200).rows() {
            events.push(json!([event["activityDisplayName"], event["result"]]));
        }
    }
    events.sort_by_key(Value::to_string);
    let unit: Vec<Value> = ["operation", "outcome", "attempts", "kept", "errorCode"]
        .map(unit)
        .into();
    json!({
        "state": request.state.as_str(),
        "status": request.status,
        "version": request.version,
        "isPlanned": request.plan_due,
        "ended": request.completed_at.is_some(),
        "first": request.first_completed_at == request.completed_at,
        "delivering": request.delivering_since.is_some(),
        "assignment": [assignment.state.as_str(), assignment.status, assignment.version],
        "changed": assignment.modified_at == request.completed_at.unwrap(),
        "unit": unit,
        "events": events,
    })
}

#[tokio::test]
async fn rp_24_an_item_that_ends_where_it_begins_leaves_what_a_single_call_leaves() {
    TestApp::on_both(async |app| {
        let (package, held) = held_by(app, &["holder-one", "holder-two"]).await;
        app.advance(Duration::from_minutes(5));
        let path = format!("{V1}/assignments/{}/reprocess", held[0]);
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;
        let single = left(app, &package, &held[0]).await;
        let grants = events_of_grants(app).await;

        app.advance(Duration::from_minutes(5));
        let body = json!({"target": "assignments", "ids": [held[1]]});
        let id = made(&app.as_operator(), body).await;
        // No engine delivers: the job alone brings its item to the end.
        turns(app).await;

        assert_eq!(state(app, &id).await, "completed");
        assert_eq!(left(app, &package, &held[1]).await, single);
        assert_eq!(events_of_grants(app).await, grants + 1);
        let line = lines(app, &id, "").await.remove(0);
        assert_eq!(line["state"], "delivered", "{line}");
        let job = job(app, &id).await;
        assert_eq!(job["summary"]["delivered"], 1, "{job}");
        assert_eq!(job["summary"]["inDelivery"], 0, "{job}");
    })
    .await;
}

/// How often a grant was fulfilled, by the audit log.
async fn events_of_grants(app: &TestApp) -> usize {
    let path = "/v1.0/auditLogs/directoryAudits?$top=999\
        &$filter=activityDisplayName eq 'Fulfill access package resource assignment'";
    app.as_operator()
        .get(path)
        .await
        .assert_status(200)
        .rows()
        .len()
}

#[tokio::test]
async fn rp_20_what_is_missing_in_the_directory_goes_the_long_way_and_comes_back() {
    TestApp::on_both(async |app| {
        let (package, held) = held_by(app, &["holder-one", "holder-two"]).await;
        let group = package.role().group;
        let path = format!(
            "/v1.0/groups/{group}/members/{}/$ref",
            app.id_of("holder-one")
        );
        app.as_operator().delete(&path).await.assert_status(204);
        let body = json!({"target": "assignments", "ids": held});
        let id = made(&app.as_operator(), body).await;

        while run_due(app.service(), "worker").await.unwrap() > 0 {}

        let before = job(app, &id).await;
        assert_eq!(before["summary"]["delivered"], 1, "{before}");
        assert_eq!(before["summary"]["inDelivery"], 1, "{before}");
        app.advance(Duration::from_minutes(1));
        app.deliver().await;
        let after = job(app, &id).await;
        assert_eq!(after["state"], "completed", "{after}");
        assert_eq!(after["summary"]["delivered"], 2, "{after}");
        let members = format!("/v1.0/groups/{group}/members");
        let members = app
            .as_operator()
            .get(&members)
            .await
            .assert_status(200)
            .rows();
        assert_eq!(members.len(), 2, "{members:?}");
    })
    .await;
}

#[tokio::test]
async fn an_item_waits_for_a_directory_that_an_operator_holds_back() {
    TestApp::on_both(async |app| {
        let (_, held) = held_by(app, &["holder-one"]).await;
        let pause = "/reeve/v1/targets/directory/pause";
        let body = json!({"reason": "maintenance"});
        app.as_operator().post(pause, body).await.assert_status(204);
        let body = json!({"target": "assignments", "ids": held});
        let id = made(&app.as_operator(), body).await;

        app.deliver().await;

        let job = job(app, &id).await;
        assert_eq!(job["state"], "running", "{job}");
        assert_eq!(job["summary"]["inDelivery"], 1, "{job}");
        let resume = "/reeve/v1/targets/directory/resume";
        app.as_operator()
            .post_empty(resume)
            .await
            .assert_status(204);
        app.deliver().await;
        assert_eq!(state(app, &id).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn a_job_costs_statements_by_the_chunk_and_not_by_the_item() {
    TestApp::on_both(async |app| {
        let names: Vec<String> = (0..30).map(|number| format!("member{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (_, held) = held_by(app, &names).await;
        let mut costs = Vec::new();
        for count in [10, 30] {
            let body = json!({"target": "assignments", "ids": held[..count]});
            let id = made(&app.as_operator(), body).await;
            let before = app.service().store.statistics().statements;
            while run_due(app.service(), "worker").await.unwrap() > 0 {}
            costs.push(app.service().store.statistics().statements - before);
            assert_eq!(state(app, &id).await, "completed");
        }
        assert_eq!(costs[0], costs[1]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_is_over_goes_after_its_time_with_its_report() {
    TestApp::on_both(async |app| {
        let (package, held) = held_by(app, &["holder-one"]).await;
        let body = json!({"target": "assignments", "ids": held});
        let id = made(&app.as_operator(), body).await;
        app.deliver().await;
        let path = format!("{JOBS}/{id}");

        app.advance(Duration::from_days(89));
        app.deliver().await;
        app.as_operator().get(&path).await.assert_status(200);
        assert_eq!(lines(app, &id, "").await.len(), 1);

        app.advance(Duration::from_days(2));
        app.deliver().await;
        app.as_operator().get(&path).await.assert_status(404);
        // What it did is known all the same.
        assert_eq!(app.requests_of(&package).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_nobody_gets_on_with_is_stuck() {
    TestApp::on_both(async |app| {
        let (_, held) = held_by(app, &["holder-one"]).await;
        let body = json!({"target": "assignments", "ids": held});
        let id = made(&app.as_operator(), body).await;
        let stuck = async || -> Vec<Value> {
            let reply = app.as_operator().get("/reeve/v1/stuck").await;
            reply.assert_status(200).rows()
        };
        assert!(stuck().await.is_empty());

        app.advance(Duration::from_minutes(2));
        let found = stuck().await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["kind"], "job");
        assert_eq!(found[0]["id"], id);

        app.deliver().await;
        assert!(stuck().await.is_empty());
        assert_eq!(state(app, &id).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn orders_say_nothing_that_is_not_known() {
    TestApp::on_both(async |app| {
        let (_, held) = held_by(app, &["holder-one"]).await;
        let body = json!({"target": "assignments", "ids": held, "dryRun": true});
        let id = made(&app.as_operator(), body).await;
        for verb in ["run", "pause", "resume", "cancel"] {
            let path = format!("{JOBS}/{id}/{verb}");
            let reply = app.as_operator().post(&path, json!({"force": true})).await;
            let error = reply.assert_status(400).json();
            assert_eq!(error["error"]["target"], "force", "{verb}: {error}");
        }
    })
    .await;
}
