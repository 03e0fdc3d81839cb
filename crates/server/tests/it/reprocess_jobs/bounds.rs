//! What jobs may take up, and who may go on looking at them.

use auth::roles::EmRole;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::{Plan, TestApp};

use super::{JOBS, job, made, order};
use crate::support::V1;

/// A plan of nothing, which waits to be run.
fn plan_only() -> Value {
    json!({"target": "assignments", "filter": "state eq 'delivered'", "dryRun": true})
}

#[tokio::test]
async fn the_events_of_a_job_take_nobodys_place_th_1() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    let id = made(&operator, plan_only()).await;
    let path = format!("{JOBS}/{id}/events");
    let most = server::Limits::default().requests_per_caller;

    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..most {
        let (status, body) = operator.watch(&path).await;
        match status.as_u16() {
            200 => open.push(body),
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((open.len(), refused), (4, most - 4));
    app.as_operator().get(JOBS).await.assert_status(200);

    open.pop();
    let (status, _body) = operator.watch(&path).await;
    assert_eq!(status, 200, "who goes makes room");
    app.deliver().await;
}

#[tokio::test]
async fn the_events_of_a_job_end_with_the_right_to_read_it_az_12() {
    let app = TestApp::new().await;
    let sales = app.package(Plan::new("Sales").member_here("Sellers")).await;
    let role = EmRole::AccessPackageAssignmentManager;
    app.give_role("bob", role, &sales).await;
    let bob = app.as_user("bob");
    let id = made(&bob, plan_only()).await;
    app.deliver().await;
    let (status, mut body) = bob.watch(&format!("{JOBS}/{id}/events")).await;
    assert_eq!(status, 200);
    assert!(body.frame().await.unwrap().is_ok(), "where it stands");

    take_roles(&app, "bob").await;

    assert!(body.frame().await.is_none(), "nothing more is told");
}

/// Takes all roles of entitlement management from somebody.
async fn take_roles(app: &TestApp, name: &str) {
    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let of = format!("{roles}?$filter=principalId eq '{}'", app.id_of(name));
    for row in app.as_operator().get(&of).await.assert_status(200).rows() {
        let path = format!("{roles}/{}", row["id"].as_str().unwrap());
        app.as_operator().delete(&path).await.assert_status(204);
    }
}

#[tokio::test]
async fn az_6_a_job_is_no_window_into_a_catalog_whose_role_is_lost() {
    TestApp::on_both(async |app| {
        let sales = app.package(Plan::new("Sales").member_here("Sellers")).await;
        let legal = Plan::new("Legal").in_catalog("Law").member_here("Lawyers");
        let legal = app.package(legal).await;
        app.assign(&sales, "alice").await;
        app.deliver().await;
        let role = EmRole::AccessPackageAssignmentManager;
        app.give_role("bob", role, &sales).await;
        app.give_role("bob", role, &legal).await;
        let bob = app.as_user("bob");
        let of_sales = made(&bob, plan_only()).await;
        let nothing =
            json!({"target": "assignments", "filter": "state eq 'expired'", "dryRun": true});
        let of_nobody = made(&bob, nothing).await;
        app.deliver().await;
        let path = format!("{JOBS}/{of_sales}");
        let shown = bob.get(&path).await.assert_status(200).json();
        assert_eq!(shown["summary"]["items"], 1, "{shown}");

        take_roles(app, "bob").await;
        app.give_role("bob", role, &legal).await;

        for path in [
            path.clone(),
            format!("{path}/plan"),
            format!("{path}/results"),
            format!("{path}/events"),
        ] {
            bob.get(&path).await.assert_error(404, "ResourceNotFound");
        }
        for verb in ["run", "pause", "resume", "cancel"] {
            bob.post(&format!("{path}/{verb}"), json!({}))
                .await
                .assert_error(404, "ResourceNotFound");
        }
        let left = bob.get(JOBS).await.assert_status(200).rows();
        let left: Vec<&Value> = left.iter().map(|row| &row["id"]).collect();
        assert_eq!(left, [&json!(of_nobody)], "it tells of nobody");
        app.give_role("bob", role, &sales).await;
        bob.get(&path).await.assert_status(200);
    })
    .await;
}

#[tokio::test]
async fn so_many_jobs_of_one_maker_are_open_and_no_more() {
    TestApp::on_both(async |app| {
        let sales = app.package(Plan::new("Sales").member_here("Sellers")).await;
        let role = EmRole::AccessPackageAssignmentManager;
        app.give_role("bob", role, &sales).await;
        let bob = app.as_user("bob");
        let mut first = None;
        for _ in 0..service::reprocess_jobs::MOST_OPEN_OF_ONE {
            let id = made(&bob, plan_only()).await;
            first.get_or_insert(id);
        }

        let refused = bob.post(JOBS, plan_only()).await;
        refused.assert_error(429, "TooManyRequests");
        made(&app.as_operator(), plan_only()).await;
        order(app, &first.unwrap(), "cancel")
            .await
            .assert_status(200);
        made(&bob, plan_only()).await;
    })
    .await;
}

#[tokio::test]
async fn a_filter_finds_in_a_job_what_it_finds_in_the_list() {
    TestApp::on_both(async |app| {
        app.assignment_in("delivered").await;
        for filter in [
            "schedule/startDateTime gt 2020-01-01T00:00:00Z",
            "schedule/expiration/endDateTime eq null",
            "schedule/expiration/type eq 'noExpiration'",
        ] {
            let list = format!("{V1}/assignments?$filter={filter}");
            let listed = app.as_operator().get(&list).await.assert_status(200).rows();
            let body = json!({"target": "assignments", "filter": filter, "dryRun": true});

            let id = made(&app.as_operator(), body).await;
            app.deliver().await;

            let job = job(app, &id).await;
            assert_eq!(job["state"], "planned", "{filter}: {job}");
            assert_eq!(job["summary"]["items"], listed.len(), "{filter}: {job}");
        }
    })
    .await;
}
