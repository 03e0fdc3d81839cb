//! Bulk reprocess (`/reeve/v1/reprocessJobs`): what single calls do, planned, bounded, resumable and accounted for.

mod as_found;
mod bounds;
mod chunks;
mod in_place;
mod scope;
mod steering;

use auth::principal::Permission;
use domain::time::Duration;
use serde_json::{Value, json};
use service::reprocess_jobs;
use service::settings::Settings;
use testkit::{CRM, Case, Client, ERP, Reply, Start, TestApp};

use crate::support::{NOWHERE, V1};

const JOBS: &str = "/reeve/v1/reprocessJobs";

/// Jobs that take two objects at a time, so that few objects make many chunks.
fn small_chunks() -> Start {
    Start {
        settings: Settings {
            reprocess_job_chunk: 2,
            ..Settings::default()
        },
    }
}

async fn made(client: &Client, body: Value) -> String {
    let reply = client.post(JOBS, body).await.assert_status(201);
    let id = reply.text("id");
    let location = reply.headers.get("location").unwrap().to_str().unwrap();
    assert!(location.ends_with(&format!("{JOBS}/{id}")), "{location}");
    id
}

async fn job(app: &TestApp, id: &str) -> Value {
    let path = format!("{JOBS}/{id}");
    app.as_operator().get(&path).await.assert_status(200).json()
}

async fn state(app: &TestApp, id: &str) -> String {
    job(app, id).await["state"].as_str().unwrap().to_owned()
}

async fn plan(app: &TestApp, id: &str) -> Value {
    let path = format!("{JOBS}/{id}/plan");
    app.as_operator().get(&path).await.assert_status(200).json()
}

async fn order(app: &TestApp, id: &str, verb: &str) -> Reply {
    let path = format!("{JOBS}/{id}/{verb}");
    app.as_operator().post(&path, json!({})).await
}

async fn lines(app: &TestApp, id: &str, query: &str) -> Vec<Value> {
    let path = format!("{JOBS}/{id}/results{query}");
    let reply = app.as_operator().get(&path).await.assert_status(200);
    let content_type = reply.headers.get("content-type").unwrap();
    assert!(
        content_type
            .to_str()
            .unwrap()
            .starts_with("application/x-ndjson")
    );
    let text = String::from_utf8(reply.body).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// One turn of a worker that died since its last one.
async fn turn(app: &TestApp, number: usize) -> usize {
    app.advance(Duration::from_secs(31));
    reprocess_jobs::run_due(app.service(), &format!("worker-{number}"))
        .await
        .unwrap()
}

/// The same until there is nothing to do; answers how many turns did something.
async fn turns(app: &TestApp) -> usize {
    for number in 0..100 {
        if turn(app, number).await == 0 {
            return number;
        }
    }
    panic!("the job finds no end");
}

fn of_package(case: &Case) -> String {
    format!("accessPackage/id eq '{}'", case.package.id)
}

/// The requests by which enforcement of an assignment is tracked.
async fn tracking(app: &TestApp, case: &Case) -> Vec<Value> {
    let requests = app.requests_of(&case.package).await;
    let is_tracking = |request: &Value| {
        request["requestType"] == "systemUpdate" && request["assignment"]["id"] == *case.assignment
    };
    requests.into_iter().filter(is_tracking).collect()
}

#[tokio::test]
async fn rp_20_a_job_brings_back_what_delivered_assignments_lack() {
    TestApp::on_both(async |app| {
        let cases = app.assignments_in("delivered", 3).await;
        let role = &cases[1].package.roles[0];
        app.loses(role, &cases[1].who).await;
        let body = json!({
            "target": "assignments",
            "filter": format!("state eq 'delivered' and {}", of_package(&cases[0])),
            "note": "after the outage",
        });
        let id = made(&app.as_operator(), body).await;

        app.deliver().await;

        let job = job(app, &id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["summary"]["delivered"], 3, "{job}");
        assert_eq!(job["progress"]["units"], 6, "{job}");
        assert_eq!(job["progress"]["done"], 6, "{job}");
        assert_eq!(job["note"], "after the outage");
        assert!(app.has(role, &cases[1].who).await);
        for case in &cases {
            assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
            let tracking = tracking(app, case).await;
            assert_eq!(tracking.len(), 1, "RP-24");
            assert_eq!(tracking[0]["state"], "delivered");
        }
        let lines = lines(app, &id, "").await;
        assert_eq!(lines.len(), 3);
        for line in &lines {
            assert_eq!(line["state"], "delivered", "{line}");
            assert!(line["requestId"].is_string(), "{line}");
            assert!(line["subject"]["objectId"].is_string(), "{line}");
        }
    })
    .await;
}

#[tokio::test]
async fn rp_6_a_job_tries_failed_requests_again_in_both_versions() {
    TestApp::on_both(async |app| {
        for (version, filter) in [
            ("v1.0", "state eq 'deliveryFailed'"),
            ("beta", "requestState eq 'deliveryFailed'"),
        ] {
            let cases = app.requests_in("deliveryFailed", 2).await;
            let body =
                json!({"target": "assignmentRequests", "filter": filter, "version": version});
            let id = made(&app.as_operator(), body).await;

            app.deliver().await;

            let job = job(app, &id).await;
            assert_eq!(job["state"], "completed", "{job}");
            assert_eq!(job["summary"]["delivered"], 2, "{job}");
            for case in &cases {
                assert_eq!(app.state(&case.request).await, "delivered");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_is_the_plan_alone_and_running_it_does_what_it_says() {
    TestApp::on_both(async |app| {
        let cases = app.assignments_in("delivered", 3).await;
        let role = &cases[2].package.roles[1];
        app.loses(role, &cases[2].who).await;
        // What only a look at the target tells is no part of a plan; the ledger has to know.
        app.tamper(&format!(
            "UPDATE ledger SET observed = 'absent' WHERE target = '{CRM}' AND subject_id = \
             (SELECT id FROM subject WHERE object_id = '{}')",
            app.id_of(&cases[2].who)
        ));
        let mut ids: Vec<&str> = cases.iter().map(|case| case.assignment.as_str()).collect();
        ids.push(NOWHERE);
        let body = json!({"target": "assignments", "ids": ids, "dryRun": true});
        let id = made(&app.as_operator(), body).await;

        app.deliver().await;

        let plan = plan(app, &id).await;
        assert_eq!(plan["isComplete"], true, "{plan}");
        assert_eq!(plan["state"], "planned", "{plan}");
        assert_eq!(plan["items"], 4, "{plan}");
        assert_eq!(plan["people"], 3, "{plan}");
        assert_eq!(plan["adds"], 1, "{plan}");
        assert_eq!(plan["removes"], 0, "{plan}");
        assert_eq!(plan["kept"], 5, "{plan}");
        assert_eq!(plan["exceeded"], Value::Null, "{plan}");
        assert_eq!(
            plan["refusals"],
            json!([{"code": "ResourceNotFound", "items": 1}])
        );
        assert_eq!(
            plan["targets"],
            json!([
                {"target": CRM, "adds": 1, "removes": 0, "kept": 2},
                {"target": ERP, "adds": 0, "removes": 0, "kept": 3},
            ])
        );
        for case in &cases {
            assert!(tracking(app, case).await.is_empty(), "nothing was done");
        }

        order(app, &id, "run").await.assert_status(200);
        app.deliver().await;

        assert_eq!(state(app, &id).await, "completed");
        assert!(app.has(role, &cases[2].who).await);
        let failed = lines(app, &id, "?onlyFailed=true").await;
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0]["code"], "ResourceNotFound");
        assert_eq!(failed[0]["subject"], Value::Null);
    })
    .await;
}

/// What a single call answers: nothing, or a code.
fn answered(reply: &Reply) -> Option<String> {
    (reply.status != 202).then(|| reply.code())
}

#[tokio::test]
async fn rp_4_rp_25_items_in_every_state_are_answered_as_single_calls_are() {
    TestApp::on_both(async |app| {
        for (collection, states) in [
            (
                "assignmentRequests",
                &[
                    "pendingApproval",
                    "denied",
                    "canceled",
                    "scheduled",
                    "delivering",
                    "delivered",
                    "partiallyDelivered",
                    "deliveryFailed",
                ][..],
            ),
            (
                "assignments",
                &[
                    "delivering",
                    "delivered",
                    "partiallyDelivered",
                    "deliveryFailed",
                    "expired",
                ][..],
            ),
        ] {
            for wanted in states {
                let cases = match collection {
                    "assignments" => app.assignments_in(wanted, 2).await,
                    _ => app.requests_in(wanted, 2).await,
                };
                let object = |case: &Case| match collection {
                    "assignments" => case.assignment.clone(),
                    _ => case.request.clone(),
                };
                let single = format!("{V1}/{collection}/{}/reprocess", object(&cases[0]));
                let single = app.as_operator().post_empty(&single).await;
                let body = json!({"target": collection, "ids": [object(&cases[1])]});
                let id = made(&app.as_operator(), body).await;
                turns(app).await;
                let item = lines(app, &id, "").await.remove(0);

                let code = item["code"].as_str().map(ToOwned::to_owned);
                assert_eq!(code, answered(&single), "{collection} {wanted}: {item}");
                if single.status == 202 {
                    assert_eq!(item["state"], "inDelivery", "{collection} {wanted}");
                } else {
                    let message = single.json()["error"]["message"].clone();
                    assert_eq!(item["message"], message, "{collection} {wanted}");
                }
                app.wait_out_retries().await;
                app.recover(&[ERP, CRM]);
                for case in &cases {
                    assert_eq!(
                        app.state(&cases[0].request).await,
                        app.state(&case.request).await,
                        "{collection} {wanted}"
                    );
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rp_13_after_the_window_a_job_refuses_what_a_single_call_refuses() {
    TestApp::on_both(async |app| {
        let cases = app.requests_in("deliveryFailed", 2).await;
        app.advance(Duration::from_days(15));
        let path = format!("{V1}/assignmentRequests/{}/reprocess", cases[0].request);
        let single = app.as_operator().post_empty(&path).await;
        let body = json!({"target": "assignmentRequests", "ids": [cases[1].request]});
        let id = made(&app.as_operator(), body).await;

        turns(app).await;

        let item = lines(app, &id, "").await.remove(0);
        assert_eq!(single.code(), "ReprocessWindowExpired");
        assert_eq!(item["code"], "ReprocessWindowExpired");
        assert!(item["message"].is_string(), "{item}");
        assert_eq!(state(app, &id).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn requests_of_one_job_that_exclude_each_other_are_not_both_begun() {
    TestApp::on_both(async |app| {
        let case = app.request_in("deliveryFailed").await;
        // The first one failed for good; somebody assigned again, and that failed too.
        for target in [ERP, CRM] {
            app.target(target).goes_down();
        }
        let second = app.assign(&case.package, &case.who).await;
        app.wait_out_retries().await;
        app.recover(&[ERP, CRM]);
        let body = json!({"target": "assignmentRequests", "ids": [case.request, second]});
        let id = made(&app.as_operator(), body).await;

        app.deliver().await;

        let lines = lines(app, &id, "").await;
        let codes: Vec<&Value> = lines.iter().map(|line| &line["code"]).collect();
        assert_eq!(codes, [&Value::Null, &json!("ExistingAssignment")]);
        assert_eq!(lines[0]["state"], "delivered");
    })
    .await;
}

#[tokio::test]
async fn what_a_target_refuses_shows_in_the_results_with_its_code() {
    TestApp::on_both(async |app| {
        let cases = app.requests_in("deliveryFailed", 2).await;
        app.target(ERP).refuses(app.id_of(&cases[1].who));
        let ids: Vec<&str> = cases.iter().map(|case| case.request.as_str()).collect();
        let body = json!({"target": "assignmentRequests", "ids": ids});
        let id = made(&app.as_operator(), body).await;

        app.wait_out_retries().await;

        let job = job(app, &id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["summary"]["delivered"], 1, "{job}");
        assert_eq!(job["summary"]["partiallyDelivered"], 1, "{job}");
        let erp = job["targets"].as_array().unwrap();
        let erp = erp.iter().find(|one| one["target"] == ERP).unwrap();
        assert_eq!((&erp["done"], &erp["failed"]), (&json!(1), &json!(1)));
        let failed = lines(app, &id, "?onlyFailed=true").await;
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0]["state"], "partiallyDelivered");
        assert!(failed[0]["code"].is_string(), "{}", failed[0]);
    })
    .await;
}

#[tokio::test]
async fn the_events_of_a_job_tell_its_progress_and_end_with_it() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        let body = json!({"target": "assignments", "ids": [case.assignment]});
        let id = made(&app.as_operator(), body).await;
        let path = format!("{JOBS}/{id}/events");
        let client = app.as_operator();

        let (reply, ()) = tokio::join!(client.get(&path), app.deliver());

        let reply = reply.assert_status(200);
        let content_type = reply.headers.get("content-type").unwrap();
        assert_eq!(content_type, "text/event-stream;charset=utf-8");
        let text = String::from_utf8(reply.body).unwrap();
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.contains("event: end"), "{text}");
        let data = last.lines().find_map(|line| line.strip_prefix("data: "));
        let data: Value = serde_json::from_str(data.unwrap()).unwrap();
        assert_eq!(data["state"], "completed");
        assert_eq!(data["targets"][0]["done"], 1);
    })
    .await;
}

#[tokio::test]
async fn g_10_a_single_reprocess_overtakes_a_running_job() {
    TestApp::on_both(async |app| {
        let cases = app.assignments_in("delivered", 6).await;
        let (single, many) = cases.split_last().unwrap();
        let ids: Vec<&str> = many.iter().map(|case| case.assignment.as_str()).collect();
        made(
            &app.as_operator(),
            json!({"target": "assignments", "ids": ids}),
        )
        .await;
        turns(app).await;
        app.advance(Duration::from_minutes(1));
        let path = format!("{V1}/assignments/{}/reprocess", single.assignment);
        app.as_operator().post_empty(&path).await.assert_status(202);
        service::planning::plan_due(app.service(), 100)
            .await
            .unwrap();

        // The job's work has waited longer, and yet the very next claim is the single call's.
        let lease = Duration::from_minutes(1);
        let claimed = service::deliveries::claim(app.service(), ERP, "worker", lease, 1)
            .await
            .unwrap();

        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].object_id, Some(app.id_of(&single.who)));
        service::deliveries::release(app.service(), "worker")
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_single_reprocess_makes_haste_with_what_a_job_woke() {
    TestApp::on_both(async |app| {
        let cases = app.requests_in("deliveryFailed", 4).await;
        let ids: Vec<&str> = cases.iter().map(|case| case.request.as_str()).collect();
        let body = json!({"target": "assignmentRequests", "ids": ids});
        made(&app.as_operator(), body).await;
        turns(app).await;
        let last = app.id_of(&cases[3].who);

        // Somebody wants the same grants now, as another package with the same groups would.
        let again = app
            .service()
            .store
            .write(move |tx| -> Result<usize, store::Error> {
                let subject = store::subject::find_by_object(tx, last)?.unwrap();
                let page = store::list::list(
                    tx,
                    &domain::query::Query {
                        fields: vec![domain::model::LEDGER.key().unwrap()],
                        filter: domain::query::Predicate::equals(
                            domain::model::LEDGER.field("subject_id").unwrap(),
                            domain::query::Value::Text(subject.id.to_string()),
                        ),
                        ..domain::query::Query::of(&domain::model::LEDGER)
                    },
                )?;
                let grants: Vec<domain::id::GrantId> = page
                    .rows
                    .iter()
                    .map(|row| row.values[0].as_text().unwrap().parse().unwrap())
                    .collect();
                let haste = store::ledger::plan::Haste::Interactive;
                let now = domain::time::Timestamp::from_micros(i64::MAX / 2);
                store::ledger::plan::wake(tx, &grants, haste, now)?;
                Ok(grants.len())
            })
            .await
            .unwrap();
        assert_eq!(again, 2);

        let lease = Duration::from_minutes(1);
        let claimed = service::deliveries::claim(app.service(), ERP, "worker", lease, 1)
            .await
            .unwrap();
        assert_eq!(claimed[0].object_id, Some(last));
        service::deliveries::release(app.service(), "worker")
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_job_is_made_only_by_who_may_reprocess() {
    TestApp::on_both(async |app| {
        let body = json!({"target": "assignments", "filter": "state eq 'delivered'"});
        app.add_application("reader").await;
        let reader = app.as_application("reader", &[Permission::EntitlementManagementReadAll]);

        app.as_nobody()
            .post(JOBS, body.clone())
            .await
            .assert_status(401);
        for client in [app.as_user("alice"), reader] {
            client
                .post(JOBS, body.clone())
                .await
                .assert_error(403, "AccessDenied");
            client.get(JOBS).await.assert_error(403, "AccessDenied");
            let path = format!("{JOBS}/abc");
            client.get(&path).await.assert_error(403, "AccessDenied");
        }
        let operator = app.as_operator();
        operator
            .get(&format!("{JOBS}/abc"))
            .await
            .assert_error(400, "BadRequest");
        operator
            .get(&format!("{JOBS}/{NOWHERE}"))
            .await
            .assert_error(404, "ResourceNotFound");
        let wrong = json!({"target": "assignments", "filter": "state eq"});
        let refused = operator.post(JOBS, wrong).await.assert_status(400);
        assert_eq!(refused.json()["error"]["target"], "filter");
    })
    .await;
}

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() {
    TestApp::on_both(async |app| {
        let mut made_ids = Vec::new();
        for _ in 0..3 {
            app.advance(Duration::from_secs(1));
            let body = json!({"target": "assignments", "ids": [NOWHERE], "dryRun": true});
            made_ids.push(made(&app.as_operator(), body).await);
        }
        app.deliver().await;
        made_ids.reverse();

        let mut seen = Vec::new();
        let mut path = format!("{JOBS}?top=2");
        loop {
            let page = app.as_operator().get(&path).await.assert_status(200);
            let ids = page.rows();
            seen.extend(ids.iter().map(|job| job["id"].as_str().unwrap().to_owned()));
            let Some(next) = page.json()["nextLink"].as_str().map(ToOwned::to_owned) else {
                break;
            };
            path = next.strip_prefix("http://reeve.test").unwrap().to_owned();
        }

        assert_eq!(seen, made_ids);
    })
    .await;
}

#[tokio::test]
async fn a_job_is_one_call_to_the_limit_of_the_tenant_rp_53() {
    let start = Start {
        settings: Settings {
            reprocess_per_minute: Some(1),
            ..Settings::default()
        },
    };
    TestApp::on_both_with(start, async |app| {
        let cases = app.assignments_in("delivered", 3).await;
        let ids: Vec<&str> = cases.iter().map(|case| case.assignment.as_str()).collect();
        let body = json!({"target": "assignments", "ids": ids});
        let id = made(&app.as_operator(), body).await;

        app.deliver().await;

        let job = job(app, &id).await;
        assert_eq!(job["summary"]["delivered"], 3, "{job}");
    })
    .await;
}

#[tokio::test]
async fn rp_24_what_a_job_stores_of_an_item_is_what_a_single_call_stores() {
    TestApp::on_both(async |app| {
        let cases = app.assignments_in("delivered", 2).await;
        let path = format!("{V1}/assignments/{}/reprocess", cases[0].assignment);
        app.as_operator().post_empty(&path).await.assert_status(202);
        service::planning::plan_due(app.service(), 10)
            .await
            .unwrap();
        let body = json!({"target": "assignments", "ids": [cases[1].assignment]});
        made(&app.as_operator(), body).await;
        reprocess_turns_without_time(app).await;

        let mut stored = Vec::new();
        for case in &cases {
            let tracking = tracking(app, case).await.remove(0);
            let id: domain::id::RequestId = tracking["id"].as_str().unwrap().parse().unwrap();
            let found = app
                .service()
                .store
                .read(move |tx| -> Result<_, store::Error> {
                    let request = store::assignment_request::find(tx, id)?.unwrap();
                    let about = request.assignment_id.unwrap();
                    Ok((request, store::assignment::find(tx, about)?.unwrap()))
                })
                .await
                .unwrap();
            stored.push(found);
        }
        let (of_job, assignment_of_job) = stored.pop().unwrap();
        let (mut single, mut assignment) = stored.pop().unwrap();
        single.id = of_job.id;
        single.assignment_id = of_job.assignment_id;
        single.target_id = of_job.target_id;
        single.requestor_id = of_job.requestor_id;
        assert_eq!(of_job, single);
        assignment.id = assignment_of_job.id;
        assignment.target_id = assignment_of_job.target_id;
        assert_eq!(assignment_of_job, assignment);
    })
    .await;
}

/// All that a job can begin now, at one time.
async fn reprocess_turns_without_time(app: &TestApp) {
    while reprocess_jobs::run_due(app.service(), "worker")
        .await
        .unwrap()
        > 0
    {}
}
