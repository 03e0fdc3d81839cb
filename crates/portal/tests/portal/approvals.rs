//! Approvals: what waits with what one should know, one decision and many at once.

use testkit::{Plan, TestApp};

use crate::packages::ask;

#[tokio::test]
async fn an_approver_sees_who_what_and_why_and_what_they_decide_happens() {
    let app = TestApp::new().await;
    let package = app
        .package(
            Plan::new("Finance")
                .member_here("Accountants")
                .approval_by(&["bob"]),
        )
        .await;
    let (alice, bob) = (app.browser_of("alice").await, app.browser_of("bob").await);
    let first = ask(&alice, &package, &[("reason", "first try")]).await;
    assert!(bob.get("/").await.says("Approvals 1 waiting"));

    let list = bob.get("/approvals").await.with_status(200);
    assert!(
        list.says("Finance for alice") && list.says("first try"),
        "{}",
        list.words()
    );
    let unsaid = bob.submit(&list, "/approvals", &[]).await.with_status(422);
    assert!(unsaid.says("Say whether you approve or refuse."));
    let refused = bob
        .submit(
            &list,
            "/approvals",
            &[("verdict", "deny"), ("reason", "say more")],
        )
        .await;
    assert!(refused.with_status(200).says("1 request was decided."));
    let told = alice.get(&first).await;
    assert!(
        told.says("Refused") && told.says("say more"),
        "{}",
        told.words()
    );

    let second = ask(&alice, &package, &[("reason", "month end")]).await;
    let list = bob.get("/approvals").await;
    assert!(list.says("Asked before: 1"), "{}", list.words());
    bob.submit(&list, "/approvals", &[("verdict", "approve")])
        .await
        .with_status(200);
    app.deliver().await;
    assert!(alice.get(&second).await.says("Done"));
    assert!(
        bob.get("/approvals")
            .await
            .says("Nothing waits for your decision.")
    );
}

#[tokio::test]
async fn many_are_decided_at_once_and_what_could_not_be_is_told() {
    let app = TestApp::new().await;
    let package = app
        .package(
            Plan::new("Finance")
                .member_here("Accountants")
                .approval_by(&["bob", "carol"]),
        )
        .await;
    let (bob, carol) = (app.browser_of("bob").await, app.browser_of("carol").await);
    for name in ["alice", "dave", "erin"] {
        ask(&app.browser_of(name).await, &package, &[]).await;
    }
    let list = bob.get("/approvals").await.with_status(200);
    let picks: Vec<(String, String)> = list
        .text
        .split("value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|value| value.contains(':'))
        .map(|value| ("pick".to_owned(), value.to_owned()))
        .collect();
    assert_eq!(picks.len(), 3, "{}", list.text);
    let mut fields = list.form("/approvals");
    fields.push(("verdict".to_owned(), "approve".to_owned()));

    let none = bob.post("/approvals", &fields).await.with_status(422);
    assert!(
        none.says("Choose at least one request."),
        "{}",
        none.words()
    );
    // Somebody else is faster with one of them.
    let mut of_carol = carol.get("/approvals").await.form("/approvals");
    of_carol.extend([("verdict".to_owned(), "deny".to_owned()), picks[0].clone()]);
    carol.post("/approvals", &of_carol).await.with_status(200);
    fields.extend(picks.clone());
    let done = bob.post("/approvals", &fields).await.with_status(422);

    assert!(done.says("2 requests were decided."), "{}", done.words());
    assert!(
        done.says("Not decided:") && done.says("It does not wait for a decision any more."),
        "{}",
        done.words()
    );
    app.deliver().await;
}

#[tokio::test]
async fn nobody_decides_who_is_not_asked() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Finance").approval_by(&["bob"]))
        .await;
    let (alice, mallory) = (
        app.browser_of("alice").await,
        app.browser_of("mallory").await,
    );
    let request = ask(&alice, &package, &[]).await;
    let list = app.browser_of("bob").await.get("/approvals").await;
    let pick = list
        .form("/approvals")
        .into_iter()
        .find(|(name, _)| name == "pick")
        .unwrap();

    assert!(
        mallory
            .get("/approvals")
            .await
            .says("Nothing waits for your decision.")
    );
    let mut fields = mallory.get("/").await.form("/sign-out");
    fields.extend([("verdict".to_owned(), "approve".to_owned()), pick.clone()]);
    let refused = mallory.post("/approvals", &fields).await.with_status(422);
    assert!(
        refused.says("is not yours to decide") && !refused.says("Finance"),
        "{}",
        refused.words()
    );
    // Nor about their own request.
    let mut fields = alice.get("/").await.form("/sign-out");
    fields.extend([("verdict".to_owned(), "approve".to_owned()), pick]);
    alice.post("/approvals", &fields).await.with_status(422);
    assert!(alice.get(&request).await.says("Waiting for approval"));
}

#[tokio::test]
async fn a_conflict_that_came_later_is_told_before_the_decision() {
    let app = TestApp::new().await;
    let paying = app.package(Plan::new("Paying").member_here("Payers")).await;
    let ordering = app
        .package(Plan::new("Ordering").approval_by(&["bob"]))
        .await;
    let alice = app.browser_of("alice").await;
    ask(&alice, &paying, &[]).await;
    app.deliver().await;
    ask(&alice, &ordering, &[]).await;
    let path = format!(
        "{}/accessPackages/{}/incompatibleAccessPackages/$ref",
        testkit::V1,
        ordering.id
    );
    let link = format!(
        "http://reeve.test{}/accessPackages/{}",
        testkit::V1,
        paying.id
    );
    let body = serde_json::json!({"@odata.id": link});
    app.as_operator().post(&path, body).await.assert_status(204);

    let list = app
        .browser_of("bob")
        .await
        .get("/approvals")
        .await
        .with_status(200);

    assert!(
        list.says("Conflict: The target holds an incompatible access package."),
        "{}",
        list.words()
    );
    assert!(
        !list.says("Paying"),
        "SD-7: who may not read it is not told which: {}",
        list.words()
    );
}

#[tokio::test]
async fn what_waits_pages_by_key_and_what_is_on_a_later_page_is_decided_there() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Finance").approval_by(&["bob"]))
            .await;
        for number in 0..30 {
            let name = format!("person{number:02}");
            app.add_user(&name).await;
            app.ask(&package, &name).await;
        }
        let bob = app.browser_of("bob").await;
        let first = bob.get("/approvals").await.with_status(200);
        assert!(
            first.says("Choose all 25 of this page"),
            "{}",
            first.words()
        );
        assert!(!first.says("First page"), "{}", first.words());

        let second = bob.get(&first.link("/approvals?after=")).await;
        let second = second.with_status(200);
        assert!(
            second.says("Choose all 5 of this page"),
            "{}",
            second.words()
        );
        assert!(second.says("First page") && !second.says("Next page"));
        let pick = second
            .text
            .split("type=\"checkbox\" value=\"")
            .nth(1)
            .unwrap();
        let pick = &pick[..pick.find('"').unwrap()];
        assert!(!first.text.contains(pick));
        let fields = [("pick", pick), ("verdict", "approve")];
        let done = bob.submit(&second, "/approvals", &fields).await;

        let done = done.with_status(200);
        assert!(done.says("1 request was decided."), "{}", done.words());
        let request = &pick[..36];
        assert_ne!(app.state(request).await, "pendingApproval");
        bob.get("/approvals?after=x").await.with_status(404);
        app.deliver().await;
    })
    .await;
}
