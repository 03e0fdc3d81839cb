//! What requestors say: answers to the questions of a policy, and why they ask (QA-1, QA-3, QA-5, QA-7).

use domain::time::{Duration, Timestamp};
use serde_json::{Value, json};
use testkit::{BETA, ERP, Package, Plan, Reply, TestApp, V1};

/// A package whose policy asks two questions; the answer to the second may be changed.
async fn asking(app: &TestApp, name: &str) -> Package {
    let plan = Plan::new(name)
        .member_of("Readers", ERP)
        .approval_by(&["bob"])
        .lasting("P30D");
    let package = app.package(plan).await;
    change(app, &package, |policy| {
        policy["questions"] = json!([
            question("Since when?", 2, false),
            question("Which desk?", 1, true),
        ]);
    })
    .await;
    package
}

fn question(text: &str, sequence: i64, is_editable: bool) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": text, "localizations": [],
        "isRequired": true, "isAnswerEditable": is_editable, "sequence": sequence, "regexPattern": "[a-z0-9 ]+",
        "isSingleLineQuestion": true
    })
}

/// Writes the package's policy anew, with a change.
async fn change(app: &TestApp, package: &Package, how: impl FnOnce(&mut Value)) {
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let read = format!("{path}?$expand=accessPackage");
    let mut policy = app.as_operator().get(&read).await.assert_status(200).json();
    how(&mut policy);
    app.as_operator()
        .put(&path, policy)
        .await
        .assert_status(200);
}

/// The ids of the questions, by their text.
async fn questions(app: &TestApp, package: &Package) -> [String; 2] {
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let policy = app.as_operator().get(&path).await.assert_status(200).json();
    let id = |text: &str| {
        let all = policy["questions"].as_array().unwrap();
        let found = all.iter().find(|one| one["text"] == text).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    [id("Since when?"), id("Which desk?")]
}

fn answer(root: &str, question: &str, value: &str) -> Value {
    let member = if root == V1 { "value" } else { "displayValue" };
    json!({
        "@odata.type": "#microsoft.graph.accessPackageAnswerString", member: value,
        "answeredQuestion": {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": question}
    })
}

/// What an answer says, by the name that it was given under.
fn text(answer: &Value) -> &str {
    let said = answer["value"].as_str();
    said.or_else(|| answer["displayValue"].as_str()).unwrap()
}

async fn update(app: &TestApp, assignment: &str, answers: &[Value]) -> Reply {
    let body = json!({
        "requestType": "userUpdate", "assignment": {"id": assignment}, "answers": answers
    });
    let path = format!("{V1}/assignmentRequests");
    app.as_user("alice").post(&path, body).await
}

#[tokio::test]
async fn qa_3_an_update_changes_the_answers_that_may_be_changed_and_nothing_else() {
    TestApp::on_both(async |app| {
        for (number, root) in [V1, BETA].into_iter().enumerate() {
            let package = asking(app, &format!("Library {number}")).await;
            let [since, desk] = questions(app, &package).await;
            let request = json!({
                "requestType": "userAdd", "assignment": {"accessPackageId": package.id},
                "answers": [answer(root, &since, "1999"), answer(root, &desk, "12")]
            });
            let path = format!("{root}/assignmentRequests");
            let asked = app.as_user("alice").post(&path, request).await;
            let asked = asked.assert_status(201).text("id");
            app.decide(&asked, "bob", "Approve")
                .await
                .assert_status(204);
            app.deliver().await;
            let assignment = app.assignment_of(&asked).await;
            let before = app.assignment(&assignment).await;
            app.advance(Duration::from_days(10));

            for (wrong, code) in [
                (answer(V1, &since, "2001"), "AnswerNotEditable"),
                (answer(V1, &desk, "NO"), "InvalidModel"),
                (answer(V1, &desk, ""), "RequiredAnswerMissing"),
                (answer(V1, &package.id, "x"), "UnknownQuestion"),
            ] {
                update(app, &assignment, &[wrong])
                    .await
                    .assert_error(400, code);
            }
            let kept = [answer(V1, &since, "1999"), answer(V1, &desk, "13")];
            update(app, &assignment, &kept).await.assert_status(201);
            app.deliver().await;
            update(app, &assignment, &[answer(V1, &desk, "14")])
                .await
                .assert_status(201);
            app.deliver().await;

            let newest = app.requests_of(&package).await.pop().unwrap();
            assert_eq!(newest["state"], "delivered", "{newest}");
            let said: Vec<_> = newest["answers"].as_array().unwrap().iter().collect();
            let value = |id: &str| {
                let fits = |one: &&&Value| one["answeredQuestion"]["id"] == id;
                text(said.iter().find(fits).unwrap())
            };
            assert_eq!(
                [value(&since), value(&desk)],
                ["1999", "14"],
                "the earlier one stays"
            );
            let after = app.assignment(&assignment).await;
            assert_eq!(
                after["schedule"], before["schedule"],
                "RQ-18: the dates stay"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn qa_1_qa_5_approvers_see_the_answers_and_change_none() {
    TestApp::on_both(async |app| {
        let package = asking(app, "Library").await;
        let [since, desk] = questions(app, &package).await;
        let request = json!({
            "requestType": "userAdd", "assignment": {"accessPackageId": package.id},
            "answers": [answer(V1, &since, "1999"), answer(V1, &desk, "12")]
        });
        let path = format!("{V1}/assignmentRequests");
        let asked = app
            .as_user("alice")
            .post(&path, request)
            .await
            .assert_status(201);
        let echoed = asked.json()["answers"].as_array().unwrap().len();
        assert_eq!(echoed, 2, "the answer echoes them");
        let asked = asked.text("id");

        for (root, set) in [(V1, "assignmentRequests"), (BETA, "assignmentRequests")] {
            let path = format!("{root}/{set}/filterByCurrentUser(on='approver')");
            let bob = app.as_user("bob");
            let rows = bob.get(&path).await.assert_status(200).rows();
            let seen = rows.iter().find(|row| row["id"] == asked.as_str()).unwrap();
            let answers = seen["answers"].as_array().unwrap();
            let said: Vec<_> = answers.iter().map(text).collect();
            assert_eq!(said, ["1999", "12"], "{root}");
            let path = format!("{root}/{set}/{asked}");
            let changed = bob.patch(&path, json!({"answers": []})).await;
            assert_eq!(changed.status, 405, "{root}: {changed}");
        }
        let path = format!(
            "{V1}/accessPackages/{}/getApplicablePolicyRequirements",
            package.id
        );
        let asks = app
            .as_user("alice")
            .post_empty(&path)
            .await
            .assert_status(200)
            .rows();
        let asks = asks[0]["questions"].as_array().unwrap();
        for one in asks {
            let (sequence, editable) = if one["id"] == since.as_str() {
                (2, false)
            } else {
                (1, true)
            };
            assert_eq!(one["sequence"], sequence, "{one}");
            assert_eq!(one["isAnswerEditable"], editable, "{one}");
            assert_eq!(one["regexPattern"], "[a-z0-9 ]+", "{one}");
        }
        let short = json!({
            "requestType": "userAdd", "assignment": {"accessPackageId": package.id},
            "answers": [answer(V1, &since, "1999")]
        });
        let path = format!("{V1}/assignmentRequests");
        let refused = app.as_user("carol").post(&path, short).await;
        refused.assert_error(400, "RequiredAnswerMissing");
    })
    .await;
}

#[tokio::test]
async fn qa_7_users_say_why_where_the_policy_wants_it_and_administrators_need_not() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Why").member_of("Readers", ERP)).await;
        change(app, &package, |policy| {
            policy["requestApprovalSettings"]["isRequestorJustificationRequired"] = true.into();
        })
        .await;
        let body = |why: Value| {
            json!({"requestType": "userAdd", "justification": why, "assignment": {"accessPackageId": package.id}})
        };

        for (number, root) in [V1, BETA].into_iter().enumerate() {
            let path = format!("{root}/assignmentRequests");
            let alice = app.as_user(["alice", "carol"][number]);
            for blank in [Value::Null, json!(""), json!("  ")] {
                let refused = alice.post(&path, body(blank)).await;
                refused.assert_error(400, "JustificationRequired");
            }
            alice.post(&path, body(json!("To read"))).await.assert_status(201);
        }
        app.deliver().await;
        let held = app.requests_of(&package).await;
        let assignment = held[0]["assignment"]["id"].as_str().unwrap().to_owned();
        let later: Timestamp = app.now().plus(Duration::from_days(5));
        let silent = app.try_extend(&assignment, "alice", later).await;
        silent.assert_error(400, "JustificationRequired");
        app.try_assign(&package, "dave").await.assert_status(201);
        app.deliver().await;
    })
    .await;
}
