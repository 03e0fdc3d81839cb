//! Why somebody may do something, or may not: the explanation says what the call says (AZ-1 to AZ-12).

use auth::principal::{DirectoryRole, Permission};
use auth::roles::EmRole;
use serde_json::{Value, json};
use store::directory::role_member;
use testkit::{Client, Package, Plan, TestApp};

use crate::support::{NOWHERE, V1};

async fn explained(client: &Client, query: &str) -> Value {
    let path = format!("/reeve/v1/explain/authorization?{query}");
    client.get(&path).await.assert_status(200).json()
}

/// An operation, the object it is about, and the call that asks for it.
type Call = (&'static str, String, &'static str, String, Value);

/// Calls that change nothing even where they are allowed: what they want is so already, or refused by the state of things.
fn calls(package: &Package, request: &str) -> Vec<Call> {
    let (id, catalog, policy) = (&package.id, &package.catalog, &package.policy);
    let call = |operation, object: &str, method, path: String, body| {
        (
            operation,
            object.to_owned(),
            method,
            format!("{V1}/{path}"),
            body,
        )
    };
    let requests = format!("assignmentRequests/{request}");
    vec![
        call(
            "readCatalogContent",
            id,
            "GET",
            format!("accessPackages/{id}"),
            Value::Null,
        ),
        call(
            "readPolicies",
            policy,
            "GET",
            format!("assignmentPolicies/{policy}"),
            Value::Null,
        ),
        call(
            "readRequests",
            request,
            "GET",
            requests.clone(),
            Value::Null,
        ),
        call(
            "updateCatalog",
            catalog,
            "PATCH",
            format!("catalogs/{catalog}"),
            json!({}),
        ),
        call(
            "manageAccessPackages",
            id,
            "PATCH",
            format!("accessPackages/{id}"),
            json!({}),
        ),
        call(
            "managePolicies",
            policy,
            "DELETE",
            format!("assignmentPolicies/{policy}"),
            Value::Null,
        ),
        call(
            "reprocess",
            request,
            "POST",
            format!("{requests}/reprocess"),
            Value::Null,
        ),
        call(
            "cancel",
            request,
            "POST",
            format!("{requests}/cancel"),
            Value::Null,
        ),
        call("deleteRequest", request, "DELETE", requests, Value::Null),
    ]
}

fn of_status(status: u16) -> &'static str {
    match status {
        401 | 403 => "denied",
        404 => "notFound",
        _ => "allowed",
    }
}

#[tokio::test]
async fn an_explanation_says_what_the_call_says_for_every_role_and_scope() {
    let app = TestApp::new().await;
    let here = app.package(Plan::new("Here").in_catalog("Here")).await;
    let there = app.package(Plan::new("There").in_catalog("There")).await;
    let mut objects = Vec::new();
    for package in [&here, &there] {
        let request = app.assign(package, "alice").await;
        app.deliver().await;
        objects.push((package, request));
    }
    let mut people = vec!["nobody".to_owned(), "alice".to_owned()];
    app.add_user("nobody").await;
    for role in EmRole::ALL.iter().filter(|role| role.is_for_catalogs()) {
        let name = format!("{role:?}");
        app.add_user(&name).await;
        app.give_role(&name, *role, &here).await;
        people.push(name);
    }
    for role in DirectoryRole::ALL.iter().copied() {
        let name = format!("{role:?}");
        let member = app.add_user(&name).await;
        let template = role.template_id();
        let store = &app.service().store;
        store
            .write(move |tx| role_member::add(tx, template, member))
            .await
            .unwrap();
        people.push(name);
    }
    app.service().callers.invalidate();
    let administrator = app.as_user("admin");
    let permissions: &[&[Permission]] = &[
        &[Permission::EntitlementManagementReadWriteAll],
        &[Permission::EntitlementManagementReadAll],
        &[],
    ];
    let mut wrong = Vec::new();
    for name in &people {
        for scopes in permissions {
            let client = app.as_user_with(name, scopes);
            for (package, request) in &objects {
                for (operation, object, method, path, body) in calls(package, request) {
                    let query = format!("operation={operation}&object={object}");
                    let own = explained(&client, &query).await;
                    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
                    let about = format!(
                        "{query}&principal={}&permissions={}",
                        app.id_of(name),
                        if scopes.is_empty() {
                            "none".to_owned()
                        } else {
                            scopes.join(",")
                        }
                    );
                    let told = explained(&administrator, &about).await;
                    let by_call = format!("operation={method} {path}");
                    let called = crate::walk_world::send(&client, method, &path, body).await;
                    let happened = of_status(called.status.as_u16());
                    if own["decision"] != happened || told["decision"] != happened {
                        wrong.push(format!("{name} {scopes:?}: {called}\n  {own}\n  {told}"));
                    }
                    if method != "GET" {
                        let same = explained(&client, &by_call).await;
                        assert_eq!(same["decision"], own["decision"], "{by_call}");
                    }
                    if happened == "denied" {
                        let message = called.json()["error"]["message"].clone();
                        assert_eq!(own["reason"], message, "{called}");
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn az_12_a_role_that_is_held_through_groups_is_told_with_the_way() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    let operator = app.as_operator();
    let (inner, outer) = (
        app.group("Inner", None).await,
        app.group("Outer", None).await,
    );
    for (group, member) in [(inner, app.id_of("alice")), (outer, inner)] {
        let path = format!("/v1.0/groups/{group}/members/$ref");
        let link = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{member}")});
        operator.post(&path, link).await.assert_status(204);
    }
    app.give_role("Outer", EmRole::AccessPackageAssignmentManager, &books)
        .await;
    let request = app.assign(&books, "carol").await;
    app.deliver().await;

    let query = format!("operation=reprocess&object={request}");
    let told = explained(&app.as_user("alice"), &query).await;

    assert_eq!(told["decision"], "allowed");
    assert_eq!(told["rule"], "AZ-1");
    assert_eq!(told["basis"]["role"], "Access package assignment manager");
    assert_eq!(
        told["basis"]["scope"],
        format!("/AccessPackageCatalog/{}", books.catalog)
    );
    let through: Vec<&str> = told["basis"]["throughGroups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["displayName"].as_str().unwrap())
        .collect();
    assert_eq!(through, ["Inner", "Outer"]);
    assert_eq!(told["object"]["catalogId"], books.catalog.as_str());
}

#[tokio::test]
async fn rp_5_an_explanation_tells_nobody_what_the_call_hides() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    let archive = app
        .package(Plan::new("Archive").in_catalog("Archive"))
        .await;
    app.give_role("erin", EmRole::CatalogOwner, &archive).await;
    let request = app.assign(&books, "carol").await;
    app.deliver().await;
    let (erin, stranger) = (app.as_user("erin"), app.as_user("mallory"));

    for client in [&erin, &stranger] {
        for operation in [
            "reprocess",
            "cancel",
            "readRequests",
            "decide",
            "deleteRequest",
        ] {
            let ask = async |object: &str| {
                let query = format!("operation={operation}&object={object}");
                explained(client, &query)
                    .await
                    .to_string()
                    .replace(object, "ID")
            };
            assert_eq!(ask(&request).await, ask(NOWHERE).await, "{operation}");
        }
    }
    // About others only those may ask who oversee the tenant, and nobody else learns who is there.
    for name in [
        app.id_of("alice").to_string(),
        NOWHERE.to_owned(),
        "alice@reeve.test".to_owned(),
    ] {
        let path = format!("/reeve/v1/explain/authorization?operation=reprocess&principal={name}");
        stranger.get(&path).await.assert_error(403, "AccessDenied");
    }
    let unknown =
        format!("/reeve/v1/explain/authorization?operation=reprocess&principal={NOWHERE}");
    app.as_user("admin")
        .get(&unknown)
        .await
        .assert_error(404, "ResourceNotFound");
}

#[tokio::test]
async fn a_question_that_cannot_be_meant_is_refused_by_its_parameter() {
    let app = TestApp::new().await;
    let admin = app.as_user("admin");
    for (query, target) in [
        ("", "operation"),
        ("operation=nonsense", "operation"),
        (
            "operation=POST /v1.0/identityGovernance/entitlementManagement/assignmentRequests",
            "operation",
        ),
        ("operation=reprocess&object=x", "object"),
        ("operation=reprocess&permissions=All.Of.It", "permissions"),
        ("operation=reprocess&nonsense=x", "nonsense"),
    ] {
        let path = format!("/reeve/v1/explain/authorization?{query}");
        let refused = admin.get(&path).await.assert_status(400);
        assert_eq!(refused.json()["error"]["target"], target, "{query}");
    }
}
