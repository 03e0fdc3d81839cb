//! Every row of the table of mails: what sets it off, and who gets it.

use std::collections::BTreeSet;

use domain::time::Duration;
use serde_json::json;
use testkit::V1;

use crate::support::Post;

const DAYS: fn(i64) -> Duration = Duration::from_days;

fn to(number: i64, name: &str) -> (i64, String) {
    (number, name.to_owned())
}

#[tokio::test]
async fn every_mail_of_the_table_is_sent_to_whom_it_is_for() {
    let Some(post) = Post::open().await else {
        return;
    };
    one_stage(&post).await;
    stages_with_alternates(&post).await;
    bad_ends_and_two_approvals(&post).await;

    let all = post.sent().await;
    let numbers: BTreeSet<_> = all.iter().map(|(number, _)| *number).collect();
    assert_eq!(
        numbers.into_iter().collect::<Vec<_>>(),
        (1..=20).collect::<Vec<_>>()
    );
    assert_eq!(post.arrived().len(), all.len(), "each came once");
}

/// One stage without escalation: opened, reminded, approved, delivered, near its end twice, over.
async fn one_stage(post: &Post) {
    let app = &post.app;
    let stages = json!([post.stage(&["bob"], &[])]);
    let one = post.package("One", Some(30), stages).await;
    let request = app.ask(&one, "alice").await;
    post.settle().await;
    app.advance(DAYS(7));
    post.settle().await;
    app.decide(&request, "bob", "Approve")
        .await
        .assert_status(204);
    post.settle().await;
    for days in [16, 13, 1] {
        app.advance(DAYS(days));
        post.settle().await;
    }
    let sent = post.sent().await;
    let expected = [
        to(2, "bob"),
        to(3, "bob"),
        to(7, "alice"),
        to(7, "bob"),
        to(18, "alice"),
        to(19, "alice"),
        to(19, "alice"),
        to(20, "alice"),
    ];
    assert_eq!(sent, expected, "T3, T7, A6, A7, A8");
}

/// Two stages with alternates: the first approved by an alternate, the second by nobody.
async fn stages_with_alternates(post: &Post) {
    let app = &post.app;
    let sent = post.sent().await;
    let stages = json!([
        post.stage(&["bob"], &["carol"]),
        post.stage(&["dave"], &["erin"])
    ]);
    let two = post.package("Two", None, stages).await;
    let request = app.ask(&two, "frank").await;
    post.settle().await;
    app.advance(DAYS(5));
    post.settle().await;
    app.advance(DAYS(2));
    post.settle().await;
    app.decide(&request, "carol", "Approve")
        .await
        .assert_status(204);
    post.settle().await;
    for days in [5, 2, 7] {
        app.advance(DAYS(days));
        post.settle().await;
    }
    let mut more = post.sent().await;
    more.retain(|one| !sent.contains(one));
    let expected = [
        to(1, "carol"),
        to(4, "bob"),
        to(5, "bob"),
        to(8, "bob"),
        to(8, "carol"),
        to(10, "frank"),
        to(13, "dave"),
        to(14, "dave"),
        to(15, "erin"),
        to(17, "dave"),
        to(17, "erin"),
    ];
    assert_eq!(more, expected, "T6, T9, T10, AP-6");
}

/// A stage that nobody decides in; one that is denied; two that are approved, without alternates.
async fn bad_ends_and_two_approvals(post: &Post) {
    let app = &post.app;
    let stages = json!([post.stage(&["dave"], &[])]);
    let late = post.package("Late", None, stages.clone()).await;
    app.ask(&late, "erin").await;
    post.settle().await;
    app.advance(DAYS(14));
    post.settle().await;
    let denied = post.package("Denied", None, stages).await;
    let request = app.ask(&denied, "erin").await;
    app.decide(&request, "dave", "Deny")
        .await
        .assert_status(204);
    post.settle().await;
    let stages = json!([post.stage(&["bob"], &[]), post.stage(&["carol"], &[])]);
    let both = post.package("Both", None, stages).await;
    let request = app.ask(&both, "mallory").await;
    app.decide(&request, "bob", "Approve")
        .await
        .assert_status(204);
    post.settle().await;
    app.advance(DAYS(7));
    post.settle().await;
    app.decide(&request, "carol", "Approve")
        .await
        .assert_status(204);
    post.settle().await;
    let all = post.sent().await;
    for expected in [
        to(6, "dave"),
        to(10, "erin"),
        to(9, "erin"),
        to(11, "carol"),
        to(12, "carol"),
        to(16, "carol"),
        to(18, "mallory"),
    ] {
        assert!(all.contains(&expected), "{expected:?} in {all:?}");
    }
    assert!(
        all.contains(&to(16, "bob")),
        "NO-2: those of all stages are told at the end"
    );
}

#[tokio::test]
async fn no_2_when_the_last_stage_decides_everybody_of_all_stages_and_the_requestor_are_told() {
    let Some(post) = Post::open().await else {
        return;
    };
    let app = &post.app;
    let everybody = |number| ["alice", "bob", "carol", "dave", "erin"].map(|name| to(number, name));
    for (name, decision, number) in [("Yes", "Approve", 16), ("No", "Deny", 9)] {
        let stages = json!([
            post.stage(&["bob"], &["carol"]),
            post.stage(&["dave"], &["erin"])
        ]);
        let package = post.package(name, None, stages).await;
        let before = post.sent().await;
        let request = app.ask(&package, "alice").await;
        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);
        post.settle().await;
        let early = post.sent().await;
        assert!(
            !early.contains(&to(number, "alice")) || before.contains(&to(number, "alice")),
            "the first stage is not the last"
        );

        app.decide(&request, "dave", decision)
            .await
            .assert_status(204);
        post.settle().await;

        let mut told = post.sent().await;
        told.retain(|one| one.0 == number && !before.contains(one));
        assert_eq!(told, everybody(number), "{name}");
    }
}

#[tokio::test]
async fn no_2_when_an_earlier_stage_denies_only_who_asked_is_told() {
    let Some(post) = Post::open().await else {
        return;
    };
    let app = &post.app;
    let stages = json!([post.stage(&["bob"], &[]), post.stage(&["dave"], &[])]);
    let package = post.package("No", None, stages).await;
    let request = app.ask(&package, "alice").await;

    app.decide(&request, "bob", "Deny").await.assert_status(204);
    post.settle().await;

    let mut told = post.sent().await;
    told.retain(|one| one.0 == 9);
    assert_eq!(told, [to(9, "alice")]);
}

#[tokio::test]
async fn no_1_a_direct_assignment_makes_no_mail_about_decisions() {
    let Some(post) = Post::open().await else {
        return;
    };
    let stages = json!([post.stage(&["bob"], &[])]);
    let package = post.package("Direct", None, stages).await;
    let request = post.app.assign(&package, "alice").await;
    post.settle().await;
    post.app
        .decide(&request, "bob", "Approve")
        .await
        .assert_status(204);
    post.settle().await;

    assert_eq!(post.sent().await, [to(2, "bob"), to(18, "alice")]);

    let denied = post.app.assign(&package, "carol").await;
    post.app
        .decide(&denied, "bob", "Deny")
        .await
        .assert_status(204);
    post.settle().await;
    let all = post.sent().await;
    assert!(!all.iter().any(|(number, _)| *number == 9), "{all:?}");
}

#[tokio::test]
async fn no_3_a_policy_that_wants_no_mails_about_access_makes_none() {
    let Some(post) = Post::open().await else {
        return;
    };
    let app = &post.app;
    let stages = json!([post.stage(&["bob"], &[])]);
    let package = post.package("Quiet", Some(30), stages).await;
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let mut policy = app.as_operator().get(&path).await.json();
    policy["notificationSettings"] = json!({"isAssignmentNotificationDisabled": true});
    policy["accessPackage"] = json!({"id": package.id});
    app.as_operator()
        .put(&path, policy)
        .await
        .assert_status(200);

    let request = app.ask(&package, "alice").await;
    app.decide(&request, "bob", "Approve")
        .await
        .assert_status(204);
    post.settle().await;
    for days in [16, 13, 1] {
        app.advance(DAYS(days));
        post.settle().await;
    }

    assert_eq!(post.sent().await, [to(7, "alice"), to(7, "bob")]);
}

#[tokio::test]
async fn no_4_nobody_is_told_twice_whatever_is_done_again() {
    let Some(post) = Post::open().await else {
        return;
    };
    let app = &post.app;
    let package = post.package("Again", None, json!([])).await;
    let request = app.ask(&package, "alice").await;
    post.settle().await;
    let assignment = app.assignment_of(&request).await;
    let path = format!("{V1}/assignments/{assignment}/reprocess");
    for _ in 0..2 {
        app.as_operator()
            .post(&path, json!({}))
            .await
            .assert_status(202);
        post.settle().await;
    }

    assert_eq!(post.sent().await, [to(18, "alice")]);
    let mails = post.arrived();
    assert_eq!(mails[0].subject, "You have access: Again");
    assert_eq!(mails[0].to, "alice@reeve.test");
    assert_eq!(
        app.request(&request).await["status"],
        "FulfilledNotificationTriggered"
    );
}

#[tokio::test]
async fn an_end_that_is_moved_is_announced_anew_and_the_old_one_no_more() {
    let Some(post) = Post::open().await else {
        return;
    };
    let app = &post.app;
    let package = post.package("Moved", Some(30), json!([])).await;
    let request = app.ask(&package, "alice").await;
    post.settle().await;
    app.advance(DAYS(16));
    app.deliver().await;
    let assignment = app.assignment_of(&request).await;
    let shown = app.assignment(&assignment).await;
    assert_eq!(
        shown["status"], "NearExpiry14DayNotificationTriggered",
        "A6"
    );
    // Before the mail is sent, the access is extended.
    let body = json!({
        "requestType": "adminUpdate", "assignment": {"id": assignment},
        "schedule": {"expiration": {"type": "afterDuration", "duration": "P20D"}}
    });
    let path = format!("{V1}/assignmentRequests");
    app.as_operator().post(&path, body).await.assert_status(201);
    post.settle().await;

    assert_eq!(post.sent().await, [to(18, "alice")]);
    assert_eq!(post.notices("dropped").await.len(), 1);
    app.advance(DAYS(6));
    post.settle().await;
    assert_eq!(post.sent().await, [to(18, "alice"), to(19, "alice")]);
}
