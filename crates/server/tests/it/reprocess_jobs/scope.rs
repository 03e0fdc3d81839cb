//! Whose objects a job reaches: what its maker could list, and could reprocess one by one.

use auth::roles::EmRole;
use serde_json::json;
use testkit::{Plan, TestApp};

use super::{JOBS, job, made, order};
use crate::support::V1;

#[tokio::test]
async fn az_6_a_job_of_a_catalog_role_reaches_its_catalog_and_no_other() {
    TestApp::on_both(async |app| {
        let sales = app.package(Plan::new("Sales").member_here("Sellers")).await;
        let legal = Plan::new("Legal").in_catalog("Law").member_here("Lawyers");
        let legal = app.package(legal).await;
        let read = Plan::new("Books")
            .in_catalog("Library")
            .member_here("Readers");
        let read = app.package(read).await;
        let mut assignments = Vec::new();
        for package in [&sales, &legal, &read] {
            let request = app.assign(package, "alice").await;
            app.deliver().await;
            assignments.push(app.assignment_of(&request).await);
        }
        app.give_role("bob", EmRole::AccessPackageAssignmentManager, &sales)
            .await;
        app.give_role("bob", EmRole::CatalogReader, &read).await;
        let bob = app.as_user("bob");

        let everything = json!({"target": "assignments", "filter": "state eq 'delivered'"});
        let by_filter = made(&bob, everything).await;
        let by_ids = made(&bob, json!({"target": "assignments", "ids": assignments})).await;
        app.deliver().await;

        // By filter: the two that bob sees in the list, of which he may reprocess one.
        let seen = job(app, &by_filter).await;
        assert_eq!(seen["summary"]["items"], 2, "{seen}");
        assert_eq!(seen["summary"]["delivered"], 1, "{seen}");
        // By ids: each is answered as a single call of his is. The first was under way already.
        let path = format!("{JOBS}/{by_ids}/results");
        let reply = bob.get(&path).await.assert_status(200);
        let text = String::from_utf8(reply.body).unwrap();
        for (at, assignment) in assignments.iter().enumerate() {
            let line: serde_json::Value = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .find(|line: &serde_json::Value| line["id"] == **assignment)
                .unwrap();
            if at == 0 {
                continue;
            }
            let path = format!("{V1}/assignments/{assignment}/reprocess");
            let single = bob.post_empty(&path).await;
            assert_eq!(
                line["code"].as_str().unwrap().to_lowercase(),
                single.code().to_lowercase(),
                "{line}"
            );
            assert_eq!(line["message"], single.json()["error"]["message"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_is_known_to_who_made_it_and_to_who_may_reprocess_everywhere() {
    TestApp::on_both(async |app| {
        let sales = app.package(Plan::new("Sales").member_here("Sellers")).await;
        let law = Plan::new("Legal").in_catalog("Law").member_here("Lawyers");
        let law = app.package(law).await;
        app.give_role("bob", EmRole::AccessPackageAssignmentManager, &sales)
            .await;
        app.give_role("carol", EmRole::AccessPackageAssignmentManager, &law)
            .await;
        let body =
            json!({"target": "assignments", "filter": "state eq 'delivered'", "dryRun": true});
        let of_bob = made(&app.as_user("bob"), body).await;
        app.deliver().await;
        let path = format!("{JOBS}/{of_bob}");

        app.as_user("bob").get(&path).await.assert_status(200);
        assert_eq!(app.as_user("bob").get(JOBS).await.rows().len(), 1);
        assert_eq!(app.as_operator().get(JOBS).await.rows().len(), 1);
        let carol = app.as_user("carol");
        assert!(carol.get(JOBS).await.rows().is_empty());
        for path in [
            path.clone(),
            format!("{path}/plan"),
            format!("{path}/results"),
            format!("{path}/events"),
        ] {
            carol.get(&path).await.assert_error(404, "ResourceNotFound");
        }
        for verb in ["run", "pause", "resume", "cancel"] {
            carol
                .post(&format!("{path}/{verb}"), json!({}))
                .await
                .assert_error(404, "ResourceNotFound");
        }
        order(app, &of_bob, "cancel").await.assert_status(200);
    })
    .await;
}
