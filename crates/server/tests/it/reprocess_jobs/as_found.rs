//! Jobs that track changes alone: what is found as it shall be leaves its line, and nothing else moves.

use auth::roles::EmRole;
use domain::time::Duration;
use serde_json::{Value, json};
use service::reprocess_jobs::run_due;
use testkit::{Package, TestApp};

use super::in_place::held_by;
use super::{JOBS, job, lines, made, order, turns};
use crate::support::V1;

async fn tracking(app: &TestApp, package: &Package, assignment: &str) -> usize {
    let requests = app.requests_of(package).await;
    let is_tracking = |one: &&Value| {
        one["requestType"] == "systemUpdate" && one["assignment"]["id"] == assignment
    };
    requests.iter().filter(is_tracking).count()
}

async fn verifications(app: &TestApp) -> Vec<Value> {
    let path = "/v1.0/auditLogs/directoryAudits?$top=999\
        &$filter=activityDisplayName eq 'Update access package assignment request'";
    let events = app.as_operator().get(path).await.assert_status(200).rows();
    let is_one = |event: &Value| {
        let details = event["additionalDetails"].as_array();
        details.is_some_and(|all| all.iter().any(|one| one["value"] == "verifyAssignments"))
    };
    events.into_iter().filter(is_one).collect()
}

#[tokio::test]
async fn rp_21_what_is_found_as_it_shall_be_leaves_its_line_and_what_lacks_something_a_request() {
    TestApp::on_both(async |app| {
        let (package, held) = held_by(app, &["holder-one", "holder-two", "holder-three"]).await;
        let group = package.role().group;
        let path = format!(
            "/v1.0/groups/{group}/members/{}/$ref",
            app.id_of("holder-two")
        );
        app.as_operator().delete(&path).await.assert_status(204);
        app.advance(Duration::from_minutes(5));
        let path = format!("{V1}/assignments/{}", held[0]);
        let before = app.as_operator().get(&path).await.assert_status(200).json();

        let body = json!({"target": "assignments", "ids": held, "tracking": "changes"});
        let id = made(&app.as_operator(), body).await;
        app.deliver().await;

        let job = job(app, &id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["tracking"], "changes");
        assert_eq!(job["summary"]["delivered"], 3, "{job}");
        assert_eq!(job["progress"]["units"], 3, "{job}");
        assert_eq!(job["progress"]["done"], 3, "{job}");
        for line in lines(app, &id, "").await {
            let lacked = line["id"] == *held[1];
            assert_eq!(line["state"], "delivered", "{line}");
            assert_eq!(line["requestId"].is_string(), lacked, "{line}");
            assert_eq!(line["adds"], i64::from(lacked), "{line}");
            assert_eq!(line["kept"], i64::from(!lacked), "{line}");
            assert!(line["settledDateTime"].is_string(), "{line}");
            let assignment = line["id"].as_str().unwrap();
            let requests = tracking(app, &package, assignment).await;
            assert_eq!(requests, usize::from(lacked));
        }
        let after = app.as_operator().get(&path).await.assert_status(200).json();
        assert_eq!(after, before, "nothing happened to it");
        let ledger = format!("/reeve/v1/ledger?subject={}", app.id_of("holder-one"));
        let grants = app
            .as_operator()
            .get(&ledger)
            .await
            .assert_status(200)
            .rows();
        assert_eq!(grants.len(), 1);
        assert_eq!(grants[0]["observedBy"], "read", "{grants:?}");
        let events = verifications(app).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["targetResources"][0]["id"], id);
        let details = events[0]["additionalDetails"].as_array().unwrap();
        assert!(
            details.contains(&json!({"key": "items", "value": "2"})),
            "{details:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn rp_25_what_a_single_call_would_refuse_or_deliver_is_not_found_as_it_shall_be() {
    TestApp::on_both(async |app| {
        let names = ["plain", "leaving", "deleted", "unlinked", "waiting", "gone"];
        let (package, held) = held_by(app, &names).await;
        app.remove(&held[1]).await;
        let path = format!("/v1.0/users/{}", app.id_of("deleted"));
        app.as_operator().delete(&path).await.assert_status(204);
        let unlink = format!(
            "DELETE FROM ledger_link WHERE assignment_id = '{}'",
            held[3]
        );
        assert_eq!(app.tamper(&unlink), 1);
        let wait = format!(
            "UPDATE ledger SET phase = 'pending', next_attempt_at = 0, operation = 'add' \
             WHERE id IN (SELECT grant_id FROM ledger_link WHERE assignment_id = '{}')",
            held[4]
        );
        assert_eq!(app.tamper(&wait), 1);
        let gone = format!(
            "DELETE FROM group_member WHERE member_id = '{}'",
            app.id_of("gone")
        );
        assert_eq!(app.tamper(&gone), 1);
        let body = json!({
            "target": "assignments", "ids": held, "tracking": "changes",
            "thresholds": {"maxRemovedPercent": 100},
        });
        let id = made(&app.as_operator(), body).await;

        // No engine delivers: what has to be delivered is under way.
        turns(app).await;

        for line in lines(app, &id, "").await {
            let at = held.iter().position(|one| line["id"] == **one).unwrap();
            let expected = match names[at] {
                "plain" => "delivered",
                "leaving" => "refused",
                // Its request is not begun any more: nobody is there to deliver it to.
                "deleted" => "partiallyDelivered",
                _ => "inDelivery",
            };
            assert_eq!(line["state"], expected, "{}: {line}", names[at]);
            assert_eq!(line["requestId"].is_string(), at > 1, "{line}");
        }
        assert_eq!(tracking(app, &package, &held[0]).await, 0);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn az_6_a_job_of_a_catalog_role_finds_nothing_as_it_shall_be_elsewhere() {
    TestApp::on_both(async |app| {
        let (package, held) = held_by(app, &["holder-one"]).await;
        let other = app
            .package(
                testkit::Plan::new("Elsewhere")
                    .in_catalog("Far")
                    .member_here("Far staff"),
            )
            .await;
        let request = app.assign(&other, "holder-one").await;
        app.deliver().await;
        let elsewhere = app.assignment_of(&request).await;
        app.add_user("keeper").await;
        app.give_role("keeper", EmRole::CatalogOwner, &package)
            .await;
        let ids = [held[0].clone(), elsewhere.clone()];
        let body = json!({"target": "assignments", "ids": ids, "tracking": "changes"});
        let id = made(&app.as_user("keeper"), body).await;

        turns(app).await;

        for line in lines(app, &id, "").await {
            let own = line["id"] == *held[0];
            let expected = if own { "delivered" } else { "refused" };
            assert_eq!(line["state"], expected, "{line}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_assignments_are_tracked_by_their_changes() {
    TestApp::on_both(async |app| {
        let body = json!({
            "target": "assignmentRequests",
            "filter": "state eq 'deliveryFailed'",
            "tracking": "changes",
        });
        let reply = app.as_operator().post(JOBS, body).await;
        let error = reply.assert_status(400).json();
        assert_eq!(error["error"]["target"], "tracking", "{error}");
    })
    .await;
}

/// So many more people who hold the package of an assignment, put past the program beside its holder.
fn many_more(app: &TestApp, first: &str, count: u32) {
    let numbers = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
    );
    let id = |column: &str| format!("printf('%08x', n) || substr({column}, 9)");
    let subject = format!("(SELECT target_id FROM assignment WHERE id = '{first}')");
    let object = format!("(SELECT object_id FROM subject WHERE id = {subject})");
    let grant = format!("(SELECT grant_id FROM ledger_link WHERE assignment_id = '{first}')");
    let copies = [
        (
            "directory_user (id, user_principal_name, user_principal_name_key, display_name, user_type, \
             account_enabled, details, created_at, version)",
            format!(
                "{}, user_principal_name || n, user_principal_name_key || n, display_name, user_type, \
                 account_enabled, details, created_at, version FROM directory_user, numbers WHERE id = {object}",
                id("id")
            ),
        ),
        (
            "group_member (group_id, member_id)",
            format!(
                "group_id, {} FROM group_member, numbers WHERE member_id = {object}",
                id("member_id")
            ),
        ),
        (
            "subject (id, object_id, subject_type, display_name, subject_lifecycle, created_at)",
            format!(
                "{}, {}, subject_type, display_name, subject_lifecycle, created_at FROM subject, numbers \
                 WHERE id = {subject}",
                id("id"),
                id("object_id")
            ),
        ),
        (
            "assignment (id, access_package_id, assignment_policy_id, target_id, state, status, schedule, starts_at, \
             is_extended, created_at, modified_at, version)",
            format!(
                "{}, access_package_id, assignment_policy_id, {}, state, status, schedule, starts_at, is_extended, \
                 created_at, modified_at, version FROM assignment, numbers WHERE id = '{first}'",
                id("id"),
                id("target_id")
            ),
        ),
        (
            "ledger (id, subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, \
             observed, preexisting, phase, target, attempts, created_at, version)",
            format!(
                "{}, {}, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, observed, \
                 preexisting, phase, target, attempts, created_at, version FROM ledger, numbers WHERE id = {grant}",
                id("id"),
                id("subject_id")
            ),
        ),
        (
            "ledger_link (grant_id, assignment_id, resource_role_id, resource_scope_id)",
            format!(
                "{}, {}, resource_role_id, resource_scope_id FROM ledger_link, numbers WHERE assignment_id = '{first}'",
                id("grant_id"),
                id("assignment_id")
            ),
        ),
    ];
    for (table, rows) in copies {
        let sql = format!("INSERT INTO {table} {numbers} SELECT {rows}");
        assert_eq!(app.tamper(&sql), u64::from(count), "{table}");
    }
}

/// How many objects a list has.
async fn count(app: &TestApp, list: &str) -> u64 {
    let path = format!("{V1}/{list}&$count=true&$top=1");
    let shown = app.as_operator().get(&path).await.assert_status(200).json();
    shown["@odata.count"].as_u64().unwrap()
}

#[tokio::test]
async fn canceling_a_large_job_in_the_middle_leaves_each_item_whole_or_untouched() {
    const MORE: u32 = 19_999;
    for tracking in ["changes", "everything"] {
        let app = TestApp::new().await;
        let (_, held) = held_by(&app, &["holder-one"]).await;
        many_more(&app, &held[0], MORE);
        // Some lack their membership, so that they go the long way.
        let lost = app.tamper(
            "DELETE FROM group_member WHERE substr(member_id, 1, 2) = '00' AND substr(member_id, 7, 2) = '7f'",
        );
        assert!(lost > 50);
        let body = json!({
            "target": "assignments", "filter": "state eq 'delivered'", "tracking": tracking,
        });
        let id = made(&app.as_operator(), body).await;
        let begun = async || {
            let job = job(&app, &id).await;
            let of = |name: &str| job["summary"][name].as_u64().unwrap();
            of("delivered") + of("inDelivery")
        };
        while begun().await < 5_000 {
            assert!(run_due(app.service(), "worker").await.unwrap() > 0);
        }

        order(&app, &id, "cancel").await.assert_status(200);
        // Another worker collects what was begun, once the lease is over.
        app.advance(Duration::from_minutes(1));
        app.deliver().await;

        let job = job(&app, &id).await;
        assert_eq!(job["state"], "canceled", "{job}");
        assert_eq!(job["summary"]["items"], MORE + 1, "{job}");
        assert_eq!(job["summary"]["inDelivery"], 0, "{job}");
        let (mut after, mut whole, mut untouched, mut tracked) = (0, 0, 0, 0);
        loop {
            let page = lines(&app, &id, &format!("?top=5000&after={after}")).await;
            let Some(last) = page.last() else { break };
            after = last["item"].as_u64().unwrap();
            for line in &page {
                let has_request = line["requestId"].is_string();
                tracked += u64::from(has_request);
                match line["state"].as_str().unwrap() {
                    "delivered" => {
                        whole += 1;
                        let is_tracked = tracking == "everything" || line["adds"] == 1;
                        assert!(has_request || !is_tracked, "{line}");
                    }
                    "canceled" => {
                        untouched += 1;
                        assert!(!has_request, "{line}");
                    }
                    other => panic!("an item is {other}: {line}"),
                }
            }
        }
        assert_eq!(job["summary"]["delivered"], whole, "{job}");
        assert_eq!(job["summary"]["canceled"], untouched, "{job}");
        assert!(whole >= 5_000 && untouched >= 5_000, "{job}");
        let requests = "assignmentRequests?$filter=requestType eq 'systemUpdate'";
        assert_eq!(count(&app, requests).await, tracked, "RP-24");
        let requests = format!("{requests} and state eq 'delivered'");
        assert_eq!(count(&app, &requests).await, tracked);
        let assignments = "assignments?$filter=state eq 'delivered'";
        assert_eq!(count(&app, assignments).await, u64::from(MORE) + 1);
    }
}
