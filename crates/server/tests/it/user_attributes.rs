//! Answers that become properties of users (QA-6, RQ-18, RP-21).

use auth::principal::Permission;
use serde_json::{Value, json};
use testkit::{BETA, Package, Plan, TestApp, V1};

/// What an attribute is like.
#[derive(Clone, Copy)]
struct Made {
    name: &'static str,
    is_editable: bool,
    is_persisted: bool,
}

const DEPARTMENT: Made = Made {
    name: "department",
    is_editable: true,
    is_persisted: false,
};

/// A package whose resource asks for an attribute, and the id of the question.
async fn asking(app: &TestApp, name: &str, made: Made) -> (Package, String) {
    let package = app.package(Plan::new(name).member_here(name)).await;
    let resource = resource_of(app, &package).await;
    let attribute = json!({
        "name": made.name, "isEditable": made.is_editable,
        "isPersistedOnAssignmentRemoval": made.is_persisted,
        "destination": {"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"},
        "source": {
            "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
            "question": {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "text": "Which one?", "isRequired": true, "isAnswerEditable": true,
                "isSingleLineQuestion": true
            }
        }
    });
    let stored = set(app, &resource, json!([attribute])).await;
    let question = stored[0]["source"]["question"]["id"].as_str().unwrap();
    (package, question.to_owned())
}

async fn resource_of(app: &TestApp, package: &Package) -> String {
    let path = format!("{V1}/catalogs/{}/resources", package.catalog);
    let group = package.role().group.to_string();
    let rows = app.as_operator().get(&path).await.assert_status(200).rows();
    let row = rows.iter().find(|row| row["originId"] == *group).unwrap();
    row["id"].as_str().unwrap().to_owned()
}

/// Gives a resource attributes; answers them as they are stored.
async fn set(app: &TestApp, resource: &str, attributes: Value) -> Value {
    let operator = app.as_operator();
    let body = json!({
        "requestType": "adminUpdate", "resource": {"id": resource, "attributes": attributes}
    });
    operator
        .post(&format!("{V1}/resourceRequests"), body)
        .await
        .assert_status(201);
    let path = format!("{BETA}/accessPackageResources/{resource}");
    let beta = operator.get(&path).await.assert_status(200).json();
    let stored = beta["attributes"].as_array().unwrap();
    stored
        .iter()
        .map(|one| json!({"source": one["attributeSource"]}))
        .collect()
}

fn answering(question: &str, value: &str) -> Value {
    json!({"answers": [{
        "@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": value,
        "answeredQuestion": {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": question
        }
    }]})
}

async fn given(app: &TestApp, package: &Package, question: &str, value: &str) -> String {
    let more = answering(question, value);
    let request = app.assign_with(package, "alice", more).await;
    let request = request.assert_status(201).text("id");
    app.deliver().await;
    assert_eq!(app.state(&request).await, "delivered");
    app.assignment_of(&request).await
}

/// What alice has in a property.
async fn of_alice(app: &TestApp, property: &str) -> Value {
    let path = format!("/v1.0/users/{}?$select={property}", app.id_of("alice"));
    let user = app.as_operator().get(&path).await.assert_status(200).json();
    user[property].clone()
}

async fn put(app: &TestApp, property: &str, value: Value) {
    let path = format!("/v1.0/users/{}", app.id_of("alice"));
    let body = json!({ property: value });
    app.as_operator()
        .patch(&path, body)
        .await
        .assert_status(204);
}

async fn end(app: &TestApp, assignment: &str) {
    app.remove(assignment).await;
    app.deliver().await;
    assert_eq!(app.assignment_state(assignment).await, "expired");
}

#[tokio::test]
async fn qa_6_an_answer_is_written_when_access_is_delivered_and_cleared_when_it_ends() {
    TestApp::on_both(async |app| {
        let (package, question) = asking(app, "Books", DEPARTMENT).await;
        app.try_assign(&package, "alice")
            .await
            .assert_error(400, "RequiredAnswerMissing");
        let asked = format!(
            "{BETA}/accessPackages/{}/getApplicablePolicyRequirements",
            package.id
        );
        let rows = app.as_user("alice").post_empty(&asked).await;
        let rows = rows.assert_status(200).rows();

        let assignment = given(app, &package, &question, "Sales").await;

        assert_eq!(rows[0]["questions"][0]["id"], *question);
        assert_eq!(rows[0]["questions"][0]["isRequired"], true);
        assert_eq!(of_alice(app, "department").await, "Sales");
        let path = format!(
            "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{}')",
            app.id_of("alice")
        );
        let events = app.as_operator().get(&path).await.assert_status(200).rows();
        let written = events
            .iter()
            .find(|event| event["additionalDetails"].to_string().contains(&assignment));
        assert_eq!(written.unwrap()["activityDisplayName"], "Update user");

        end(app, &assignment).await;

        assert_eq!(of_alice(app, "department").await, Value::Null);
    })
    .await;
}

#[tokio::test]
async fn qa_6_an_answer_that_is_too_long_for_a_property_is_cut() {
    let app = TestApp::new().await;
    let (package, question) = asking(&app, "Books", DEPARTMENT).await;

    given(&app, &package, &question, &"ä".repeat(300)).await;

    assert_eq!(of_alice(&app, "department").await, "ä".repeat(256));
    let path = format!("/v1.0/users/{}", app.id_of("alice"));
    let by_hand = json!({"department": "ä".repeat(257)});
    let refused = app.as_operator().patch(&path, by_hand).await;
    let refused = refused.assert_status(400).json();
    assert_eq!(refused["error"]["target"], "department");
}

#[tokio::test]
async fn qa_6_nothing_is_written_before_access_is_delivered() {
    let app = TestApp::new().await;
    let (package, question) = asking(&app, "Books", DEPARTMENT).await;

    app.assign_with(&package, "alice", answering(&question, "Sales"))
        .await
        .assert_status(201);
    assert_eq!(of_alice(&app, "department").await, Value::Null);

    app.deliver().await;
    assert_eq!(of_alice(&app, "department").await, "Sales");
}

#[tokio::test]
async fn qa_6_a_value_that_is_to_outlive_the_assignment_stays() {
    TestApp::on_both(async |app| {
        let lasting = Made {
            name: "extension_costCentre",
            is_persisted: true,
            ..DEPARTMENT
        };
        let (package, question) = asking(app, "Books", lasting).await;
        let assignment = given(app, &package, &question, "K \"17\"").await;

        end(app, &assignment).await;

        assert_eq!(of_alice(app, "extension_costCentre").await, "K \"17\"");
    })
    .await;
}

#[tokio::test]
async fn qa_6_another_assignment_that_wrote_the_value_keeps_it() {
    TestApp::on_both(async |app| {
        let (books, first) = asking(app, "Books", DEPARTMENT).await;
        let (films, second) = asking(app, "Films", DEPARTMENT).await;
        let one = given(app, &books, &first, "Sales").await;
        let other = given(app, &films, &second, "Purchase").await;
        assert_eq!(of_alice(app, "department").await, "Purchase");

        end(app, &other).await;
        assert_eq!(of_alice(app, "department").await, "Sales");

        end(app, &one).await;
        assert_eq!(of_alice(app, "department").await, Value::Null);
    })
    .await;
}

#[tokio::test]
async fn qa_6_what_somebody_else_wrote_since_is_left_alone() {
    let app = TestApp::new().await;
    let (package, question) = asking(&app, "Books", DEPARTMENT).await;
    let assignment = given(&app, &package, &question, "Sales").await;
    put(&app, "department", "Board".into()).await;

    end(&app, &assignment).await;

    assert_eq!(of_alice(&app, "department").await, "Board");
}

#[tokio::test]
async fn qa_6_a_value_that_is_there_is_replaced_only_where_the_attribute_is_editable() {
    let app = TestApp::new().await;
    put(&app, "city", "Delft".into()).await;
    let fixed = Made {
        name: "city",
        is_editable: false,
        is_persisted: false,
    };
    let (package, question) = asking(&app, "Books", fixed).await;
    let (films, other) = asking(
        &app,
        "Films",
        Made {
            is_editable: true,
            ..fixed
        },
    )
    .await;

    // What is there needs no answer, and one is not heeded.
    let assignment = given(&app, &package, &question, "Leiden").await;
    assert_eq!(of_alice(&app, "city").await, "Delft");
    end(&app, &assignment).await;
    assert_eq!(of_alice(&app, "city").await, "Delft");
    app.try_assign(&package, "alice").await.assert_status(201);
    app.deliver().await;

    given(&app, &films, &other, "Leiden").await;
    assert_eq!(of_alice(&app, "city").await, "Leiden");
}

#[tokio::test]
async fn rp_21_reprocess_writes_the_answers_again_and_takes_back_what_is_asked_no_more() {
    TestApp::on_both(async |app| {
        let (package, question) = asking(app, "Books", DEPARTMENT).await;
        let assignment = given(app, &package, &question, "Sales").await;
        put(app, "department", Value::Null).await;
        let again = format!("{V1}/assignments/{assignment}/reprocess");

        app.as_operator()
            .post_empty(&again)
            .await
            .assert_status(202);
        app.deliver().await;
        assert_eq!(of_alice(app, "department").await, "Sales");

        set(app, &resource_of(app, &package).await, json!([])).await;
        app.as_operator()
            .post_empty(&again)
            .await
            .assert_status(202);
        app.deliver().await;
        assert_eq!(of_alice(app, "department").await, Value::Null);
    })
    .await;
}

#[tokio::test]
async fn rq_18_an_update_writes_the_new_answer_and_grants_no_role_again() {
    let app = TestApp::new().await;
    let (package, question) = asking(&app, "Books", DEPARTMENT).await;
    let assignment = given(&app, &package, &question, "Sales").await;
    let group = package.role().group;
    let members = format!("/v1.0/groups/{group}/members/{}/$ref", app.id_of("alice"));
    app.as_operator().delete(&members).await.assert_status(204);

    let mut body = answering(&question, "Board");
    body["requestType"] = "adminUpdate".into();
    body["assignment"] = json!({"id": assignment});
    let path = format!("{V1}/assignmentRequests");
    let request = app.as_operator().post(&path, body).await;
    let request = request.assert_status(201).text("id");
    app.deliver().await;

    assert_eq!(app.state(&request).await, "delivered");
    assert_eq!(of_alice(&app, "department").await, "Board");
    assert!(!app.has(package.role(), "alice").await);
}

#[tokio::test]
async fn qa_6_where_answers_cannot_be_written_is_refused_when_it_is_said() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books").member_here("Books")).await;
        let resource = resource_of(app, &package).await;
        let store =
            json!({"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"});
        let ask = |name: &str, question: Value| {
            let source = json!({
                "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": question
            });
            json!({"requestType": "adminUpdate", "resource": {"id": resource, "attributes": [
                {"name": name, "destination": store, "source": source}
            ]}})
        };
        let plain = json!({
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Which?"
        });
        let mut wild = plain.clone();
        wild["regexPattern"] = "(".into();
        let path = format!("{V1}/resourceRequests");

        for (name, question, target) in [
            (
                "userPrincipalName",
                plain.clone(),
                "resource/attributes/0/name",
            ),
            ("shoeSize", plain, "resource/attributes/0/name"),
            (
                "city",
                wild,
                "resource/attributes/0/source/question/regexPattern",
            ),
        ] {
            let reply = app.as_operator().post(&path, ask(name, question)).await;
            let reply = reply.assert_error(400, "InvalidModel");
            assert_eq!(reply.json()["error"]["target"], target, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn qa_6_an_owner_of_a_catalog_cannot_let_answers_write_to_the_directory() {
    let app = TestApp::new().await;
    let (package, _) = asking(&app, "Books", DEPARTMENT).await;
    app.give_role("bob", auth::roles::EmRole::CatalogOwner, &package)
        .await;
    let bob = app.as_user_with("bob", &[Permission::EntitlementManagementReadWriteAll]);
    let resource = resource_of(&app, &package).await;
    let path = format!("{BETA}/accessPackageResources/{resource}");
    let stored = bob.get(&path).await.assert_status(200).json();
    let update = |attributes: &Value| {
        json!({
            "requestType": "AdminUpdate", "catalogId": package.catalog,
            "accessPackageResource": {"id": resource, "attributes": attributes}
        })
    };
    let path = format!("{BETA}/accessPackageResourceRequests");

    // What is there may be sent again, but not become something else.
    bob.post(&path, update(&stored["attributes"]))
        .await
        .assert_status(201);
    let mut other = stored["attributes"].clone();
    other[0]["attributeName"] = "jobTitle".into();
    bob.post(&path, update(&other))
        .await
        .assert_error(403, "AccessDenied");
}
