//! The questions of policies as objects of their own in v1.0, and as values within the policy in beta (section 6.6).

use serde_json::{Value, json};
use testkit::{Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

fn text_question() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "text": "Why?", "isRequired": true, "isAnswerEditable": false, "sequence": 2,
        "localizations": [{"languageCode": "de", "text": "Warum?"}],
        "isSingleLineQuestion": true, "regexPattern": "[a-z]+"
    })
}

fn choice_question() -> Value {
    json!({
        "@odata.type": "microsoft.graph.accessPackageMultipleChoiceQuestion",
        "text": "Which?", "sequence": 1, "isMultipleSelectionAllowed": true,
        "choices": [
            {"actualValue": "r", "text": "Red", "localizations": [{"languageCode": "de", "text": "Rot"}]},
            {"actualValue": "g", "text": "Green", "localizations": []}
        ]
    })
}

#[tokio::test]
async fn questions_live_a_life_of_their_own_in_v1_and_show_in_the_policy_of_both() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books")).await;
        let admin = app.as_operator();
        let policy = format!("{V1}/assignmentPolicies/{}", package.policy);
        let list = format!("{policy}/questions");

        let made = admin.post(&list, text_question()).await.assert_status(201);
        let why = made.text("id");
        assert_eq!(made.headers["location"].to_str().unwrap(),
            format!("http://reeve.test{V1}/assignmentPolicies('{}')/questions/{why}", package.policy));
        let which = admin.post(&list, choice_question()).await.assert_status(201).text("id");

        let rows = admin.get(&list).await.assert_status(200).rows();
        let expected = json!([
            {
                "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "id": which,
                "isRequired": false, "isAnswerEditable": true, "sequence": 1, "text": "Which?", "localizations": [],
                "isMultipleSelectionAllowed": true,
                "choices": [
                    {"actualValue": "r", "text": "Red", "localizations": [{"languageCode": "de", "text": "Rot"}]},
                    {"actualValue": "g", "text": "Green", "localizations": []}
                ]
            },
            {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": why,
                "isRequired": true, "isAnswerEditable": false, "sequence": 2, "text": "Why?",
                "localizations": [{"languageCode": "de", "text": "Warum?"}],
                "isSingleLineQuestion": true, "regexPattern": "[a-z]+"
            }
        ]);
        assert_eq!(Value::from(rows.clone()), expected);
        assert_eq!(admin.get(&format!("{list}/$count")).await.assert_status(200).body, b"2");
        let filtered = format!("{list}?$filter=isRequired eq true&$select=text");
        assert_eq!(admin.get(&filtered).await.assert_status(200).rows()[0]["text"], "Why?");
        let read = admin.get(&policy).await.assert_status(200).json();
        assert_eq!(read["questions"], expected, "a policy that is put back loses no questions");
        let read = admin.get(&format!("{policy}?$expand=questions($select=id;$orderby=sequence desc)")).await;
        let read = read.assert_status(200).json();
        assert_eq!(read["questions"][0]["id"], why);
        assert_eq!(read["questions"][0].get("text"), None);
        let read = admin.get(&format!("{policy}?$select=displayName")).await.assert_status(200).json();
        assert_eq!(read.get("questions"), None);
        let nested = format!("{V1}/accessPackages/{}?$expand=assignmentPolicies", package.id);
        let read = admin.get(&nested).await.assert_status(200).json();
        assert_eq!(read["assignmentPolicies"][0]["questions"], expected);

        let beta = format!("{BETA}/accessPackageAssignmentPolicies/{}", package.policy);
        let read = admin.get(&beta).await.assert_status(200).json();
        assert_eq!(read["questions"][0]["text"], json!({"defaultText": "Why?",
            "localizedTexts": [{"languageCode": "de", "text": "Warum?"}]}));
        assert_eq!(read["questions"][1]["allowsMultipleSelection"], true);

        let one = format!("{list}/{why}");
        admin.patch(&one, json!({"text": "Why so?", "regexPattern": null})).await.assert_status(204).assert_empty();
        let read = admin.get(&one).await.assert_status(200).json();
        assert_eq!((&read["text"], &read["isRequired"]), (&json!("Why so?"), &json!(true)), "HT-1");
        assert_eq!(read.get("regexPattern"), None);
        admin.delete(&one).await.assert_status(204).assert_empty();
        admin.get(&one).await.assert_error(404, "ResourceNotFound");
        admin.delete(&one).await.assert_error(404, "ResourceNotFound");
        assert_eq!(admin.get(&format!("{list}/$count")).await.assert_status(200).body, b"1");
    })
    .await;
}

#[tokio::test]
async fn questions_are_checked_like_those_of_a_whole_policy() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let admin = app.as_operator();
    let list = format!("{V1}/assignmentPolicies/{}/questions", package.policy);
    let made = admin.post(&list, text_question()).await.assert_status(201);
    let one = format!("{list}/{}", made.text("id"));
    let target = |reply: &testkit::Reply| {
        reply.json()["error"]["target"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };

    let mut bad = text_question();
    bad["regexPattern"] = json!("(");
    let refused = admin
        .post(&list, bad)
        .await
        .assert_error(400, "InvalidModel");
    assert!(target(&refused).ends_with("regexPattern"), "{refused}");
    let refused = admin
        .patch(&one, json!({"isRequired": "yes"}))
        .await
        .assert_error(400, "InvalidModel");
    assert_eq!(target(&refused), "isRequired");
    let kind = json!({"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion"});
    let refused = admin
        .patch(&one, kind)
        .await
        .assert_error(400, "InvalidModel");
    assert_eq!(target(&refused), "@odata.type");
    admin
        .patch(&format!("{list}/{NOWHERE}"), json!({}))
        .await
        .assert_error(404, "ResourceNotFound");
    let elsewhere = format!("{V1}/assignmentPolicies/{NOWHERE}/questions");
    admin
        .post(&elsewhere, text_question())
        .await
        .assert_error(404, "ResourceNotFound");
    for _ in 1..20 {
        admin.post(&list, text_question()).await.assert_status(201);
    }
    admin
        .post(&list, text_question())
        .await
        .assert_error(400, "InvalidModel");
    app.as_user("alice")
        .post(&list, text_question())
        .await
        .assert_error(403, "AccessDenied");
    app.as_user("alice")
        .get(&list)
        .await
        .assert_error(403, "AccessDenied");
    let beta = format!(
        "{BETA}/accessPackageAssignmentPolicies/{}/questions",
        package.policy
    );
    admin.get(&beta).await.assert_status(200);
    admin
        .post(&beta, text_question())
        .await
        .assert_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn ht_2_a_question_changes_with_the_version_of_its_policy() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let admin = app.as_operator();
    let policy = format!("{V1}/assignmentPolicies/{}", package.policy);
    let made = admin
        .post(&format!("{policy}/questions"), text_question())
        .await
        .assert_status(201);
    let one = format!("{policy}/questions/{}", made.text("id"));
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    let whole = admin.get(&policy).await.assert_status(200);
    assert_eq!(whole.headers["etag"].to_str().unwrap(), tag);

    let first = app.as_operator().with_header("if-match", &tag);
    first
        .patch(&one, json!({"text": "Mine"}))
        .await
        .assert_status(204);
    first
        .patch(&one, json!({"text": "Theirs"}))
        .await
        .assert_error(412, "PreconditionFailed");
    first
        .delete(&one)
        .await
        .assert_error(412, "PreconditionFailed");

    assert_eq!(
        admin.get(&one).await.assert_status(200).text("text"),
        "Mine"
    );
}
