//! Find access: what may be asked for, why not for the rest, questions and dates, and asking for others.

use serde_json::{Value, json};
use testkit::{Browser, Package, Plan, TestApp, V1};

/// Sends the form of a package; answers where the request is.
pub(crate) async fn ask(browser: &Browser, package: &Package, typed: &[(&str, &str)]) -> String {
    let path = format!("/packages/{}", package.id);
    let page = browser.get(&path).await.with_status(200);
    let sent = browser.submit(&page, &path, typed).await.with_status(303);
    assert!(
        sent.location().starts_with("/requests/"),
        "{}",
        sent.location()
    );
    sent.location().to_owned()
}

/// Puts another policy into the place of the package's own.
async fn with_policy(app: &TestApp, package: &mut Package, settings: Value) {
    let operator = app.as_operator();
    let old = format!("{V1}/assignmentPolicies/{}", package.policy);
    operator.delete(&old).await.assert_status(204);
    let mut body = json!({
        "displayName": "The way", "description": "", "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true, "allowCustomAssignmentSchedule": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": false, "stages": []},
        "accessPackage": {"id": package.id},
    });
    for (name, value) in settings.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = operator
        .post(&format!("{V1}/assignmentPolicies"), body)
        .await;
    package.policy = made.assert_status(201).text("id");
}

#[tokio::test]
async fn packages_are_found_by_name_and_what_is_inside_is_shown() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Finance reports").member_here("Accountants"))
        .await;
    app.package(Plan::new("Marketing")).await;
    let alice = app.browser_of("alice").await;

    let all = alice.get("/packages").await.with_status(200);
    assert!(
        all.says("Finance reports") && all.says("Marketing"),
        "{}",
        all.words()
    );
    let found = alice.get("/packages?q=REPORTS").await.with_status(200);
    assert!(
        found.says("Finance reports") && !found.says("Marketing"),
        "{}",
        found.words()
    );
    let none = alice
        .get("/packages?q=nothing+like+it")
        .await
        .with_status(200);
    assert!(
        none.says("Nothing that you may ask for"),
        "{}",
        none.words()
    );
    let one = alice
        .get(&format!("/packages/{}", package.id))
        .await
        .with_status(200);
    assert!(
        one.says("Accountants") && one.says("It needs no approval."),
        "{}",
        one.words()
    );
    assert!(one.says("Lasts until somebody ends it."));
}

#[tokio::test]
async fn why_not_is_told_of_what_anybody_may_know_and_of_nothing_else() {
    let app = TestApp::new().await;
    let held = app.package(Plan::new("Secret one")).await;
    let hidden = app.package(Plan::new("Secret two")).await;
    let alice = app.browser_of("alice").await;
    ask(&alice, &held, &[]).await;
    app.deliver().await;
    let operator = app.as_operator();
    let path = format!("{V1}/assignmentPolicies/{}", hidden.policy);
    operator.delete(&path).await.assert_status(204);
    let path = format!("{V1}/accessPackages/{}", hidden.id);
    operator
        .patch(&path, json!({"isHidden": true}))
        .await
        .assert_status(204);

    let closed = app.package(Plan::new("Secret three")).await;
    let path = format!("{V1}/assignmentPolicies/{}", closed.policy);
    operator.delete(&path).await.assert_status(204);

    let found = alice.get("/packages?q=secret").await.with_status(200);
    assert!(
        found.says("Secret one Sales You have it, or asked for it"),
        "{}",
        found.words()
    );
    assert!(
        found.says("Secret three Sales No policy of the package is for you."),
        "{}",
        found.words()
    );
    assert!(!found.says("Secret two"), "{}", found.words());
    let one = alice
        .get(&format!("/packages/{}", held.id))
        .await
        .with_status(200);
    assert!(
        one.says("You hold it already.") && !one.says("Send request"),
        "{}",
        one.words()
    );
    alice
        .get(&format!("/packages/{}", hidden.id))
        .await
        .with_status(404);
    let mark = alice.get("/").await.form("/sign-out");
    alice
        .post(&format!("/packages/{}", hidden.id), &mark)
        .await
        .with_status(404);
}

#[tokio::test]
async fn qa2_whoever_decides_reads_what_was_chosen_and_not_what_is_stored() {
    let app = TestApp::new().await;
    let mut package = app.package(Plan::new("Finance")).await;
    let bob = app.id_of("bob").to_string();
    let settings = json!({
        "questions": [
            {"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "text": "Which ledgers?",
             "isRequired": false, "sequence": 1, "isMultipleSelectionAllowed": true,
             "choices": [{"actualValue": "a-1", "text": "Accounts"}, {"actualValue": "b-2", "text": "Books"}]},
        ],
        "requestApprovalSettings": {"isApprovalRequiredForAdd": true, "stages": [{
            "durationBeforeAutomaticDenial": "P7D",
            "primaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": bob}],
        }]},
    });
    with_policy(&app, &mut package, settings).await;
    let alice = app.browser_of("alice").await;
    let path = format!("/packages/{}", package.id);
    let page = alice.get(&path).await.with_status(200);
    let question = page.text.split("name=\"q-").nth(1).unwrap();
    let question = format!("q-{}", &question[..question.find('"').unwrap()]);
    let mut fields = page.form(&path);
    for value in ["a-1", "b-2"] {
        fields.push((question.clone(), value.to_owned()));
    }
    let sent = alice.post(&path, &fields).await.with_status(303);

    let waiting = app.browser_of("bob").await.get("/approvals").await;
    let own = alice.get(sent.location()).await.with_status(200);

    for page in [waiting.with_status(200), own] {
        assert!(
            page.says("Which ledgers? Accounts, Books"),
            "{}",
            page.words()
        );
        assert!(!page.says("a-1"), "{}", page.words());
    }
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept() {
    let app = TestApp::new().await;
    let mut package = app.package(Plan::new("Finance")).await;
    let questions = json!([
        {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Cost centre?",
         "isRequired": true, "sequence": 1, "regexPattern": "[0-9]{4}", "localizations": []},
        {"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "text": "Which ledgers?",
         "isRequired": false, "sequence": 2, "isMultipleSelectionAllowed": true, "localizations": [],
         "choices": [
            {"actualValue": "a", "text": "Accounts", "localizations": []},
            {"actualValue": "b", "text": "Books", "localizations": []}]}
    ]);
    let approval = json!({"isApprovalRequiredForAdd": false, "isRequestorJustificationRequired": true, "stages": []});
    let settings = json!({"questions": questions, "requestApprovalSettings": approval});
    with_policy(&app, &mut package, settings).await;
    let alice = app.browser_of("alice").await;
    let path = format!("/packages/{}", package.id);
    let page = alice.get(&path).await.with_status(200);
    assert!(
        page.says("Cost centre?") && page.says("Accounts") && page.says("Books"),
        "{}",
        page.words()
    );
    let centre = page
        .text
        .split("name=\"q-")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let (centre, error) = (format!("q-{centre}"), format!("id=\"q-{centre}-error\""));

    let unsaid = alice
        .submit(&page, &path, &[("reason", "year end")])
        .await
        .with_status(422);
    assert!(
        unsaid.text.contains(&error) && unsaid.says("Answer this question."),
        "{}",
        unsaid.text
    );
    assert!(unsaid.says("year end"));
    let malformed = alice
        .submit(&page, &path, &[("reason", "year end"), (&centre, "12a")])
        .await
        .with_status(422);
    assert!(
        malformed.text.contains(&error) && malformed.text.contains("value=\"12a\""),
        "{}",
        malformed.text
    );
    let unreasoned = alice
        .submit(&page, &path, &[(&centre, "1234")])
        .await
        .with_status(422);
    assert!(
        unreasoned.text.contains("id=\"reason-error\""),
        "{}",
        unreasoned.text
    );
    let dates = [
        ("reason", "year end"),
        (centre.as_str(), "1234"),
        ("starts", "tomorrow"),
    ];
    let undated = alice.submit(&page, &path, &dates).await.with_status(422);
    assert!(
        undated.text.contains("id=\"starts-error\""),
        "{}",
        undated.text
    );
    let long = [
        ("reason", "year end"),
        (centre.as_str(), "1234"),
        ("ends", "2090-01-01"),
    ];
    let too_long = alice.submit(&page, &path, &long).await.with_status(422);
    assert!(
        too_long.text.contains("id=\"ends-error\""),
        "{}",
        too_long.text
    );
    assert!(
        alice
            .get("/requests")
            .await
            .says("You have asked for nothing yet.")
    );

    let request = ask(
        &alice,
        &package,
        &[("reason", "year end"), (&centre, "1234")],
    )
    .await;
    let told = alice.get(&request).await;
    assert!(
        told.says("Cost centre? 1234") && told.says("year end"),
        "{}",
        told.words()
    );
    app.deliver().await;
}

#[tokio::test]
async fn a_manager_asks_for_whom_the_policy_lets_them_and_learns_of_nobody_else() {
    let app = TestApp::new().await;
    let mut package = app
        .package(Plan::new("Tools").member_here("Tool users"))
        .await;
    let requestors = json!([{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}]);
    let settings = json!({"requestorSettings": {
        "enableTargetsToSelfAddAccess": false, "enableOnBehalfRequestorsToAddAccess": true,
        "onBehalfRequestors": requestors}});
    with_policy(&app, &mut package, settings).await;
    let link = format!("https://h/v1.0/users/{}", app.id_of("bob"));
    let path = format!("/v1.0/users/{}/manager/$ref", app.id_of("alice"));
    app.as_operator()
        .put(&path, json!({"@odata.id": link}))
        .await
        .assert_status(204);
    let bob = app.browser_of("bob").await;
    let path = format!("/packages/{}", package.id);

    let own = bob.get(&path).await.with_status(200);
    assert!(
        own.says("For somebody else") && own.says("People who report to you alice"),
        "{}",
        own.words()
    );
    assert!(
        !own.says("Send request"),
        "nobody asks for themselves: {}",
        own.words()
    );
    // Who is not there and who is not theirs look the same.
    let stranger = bob
        .get(&format!("{path}?for=carol%40reeve.test"))
        .await
        .with_status(422);
    let nobody = bob
        .get(&format!("{path}?for=nobody%40reeve.test"))
        .await
        .with_status(422);
    assert!(
        stranger.text.contains("id=\"for-error\""),
        "{}",
        stranger.text
    );
    assert_eq!(stranger.words(), nobody.words());

    let page = bob
        .get(&format!("{path}?for=alice%40reeve.test"))
        .await
        .with_status(200);
    assert!(page.says("Ask for it for alice"), "{}", page.words());
    let sent = bob.submit(&page, &path, &[]).await.with_status(303);
    let request = sent.location().to_owned();
    app.deliver().await;
    assert!(bob.get(&request).await.says("Asked by bob"));
    assert!(app.browser_of("alice").await.get("/").await.says("Tools"));
    let mark = [("mark", "for")].map(|(name, _)| {
        let own = own.form("/sign-out");
        own.into_iter().find(|(field, _)| field == name).unwrap()
    });
    let mut forged = mark.to_vec();
    forged.push(("for".to_owned(), "carol@reeve.test".to_owned()));
    bob.post(&path, &forged).await.with_status(422);
    assert!(
        app.browser_of("carol")
            .await
            .get("/")
            .await
            .says("You hold nothing")
    );
}

#[tokio::test]
async fn why_not_is_told_of_every_package_a_few_at_a_time() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    for number in 0..12 {
        let closed = app.package(Plan::new(&format!("Secret {number:02}"))).await;
        let path = format!("{V1}/assignmentPolicies/{}", closed.policy);
        operator.delete(&path).await.assert_status(204);
    }
    let alice = app.browser_of("alice").await;

    let first = alice.get("/packages?q=secret").await.with_status(200);
    assert!(
        first.says("Secret 00") && first.says("Secret 09") && !first.says("Secret 10"),
        "{}",
        first.words()
    );
    let next = first.link("/packages?q=secret&amp;others=");
    let second = alice.get(&next).await.with_status(200);

    assert!(
        second.says("Secret 10") && second.says("Secret 11") && !second.says("Secret 09"),
        "{}",
        second.words()
    );
    assert!(
        second.says("First page") && !second.says("Next page"),
        "{}",
        second.words()
    );
    alice
        .get("/packages?q=secret&others=x")
        .await
        .with_status(404);
}
