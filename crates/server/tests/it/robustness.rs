//! Whatever is sent, the answer is no 5xx, and an error is told in the envelope.

use axum::body::Body;
use http::{Method, Request, Uri};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{NOWHERE, Server};

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => prop::sample::select(vec![
            "catalogs", "accessPackageCatalogs", "accessPackages", "assignmentPolicies", "assignmentRequests",
            "assignments", "accessPackageAssignments", "accessPackageAssignmentRequests", "resourceRequests",
            "accessPackageAssignmentApprovals", "stages", "steps", "subjects", "resources", "resourceRoleScopes",
            "users", "groups", "me", "members", "owners", "manager", "directoryObjects", "servicePrincipals",
            "appRoleAssignedTo", "transitiveMemberOf", "getByIds", "reprocess", "cancel", "refresh", "$ref", "$count",
            "$value", "$batch", "$metadata", "displayName", "target", "accessPackage", "roleDefinitions",
            "roleAssignments", "directoryAudits", "filterByCurrentUser(on='target')", "incompatibleGroups",
            "ledger", "drift", "bindings", "targets", "pause", "dev", "clock", "faults",
        ]).prop_map(str::to_owned),
        3 => Just(NOWHERE.to_owned()),
        1 => Just(format!("{NOWHERE}_{NOWHERE}")),
        1 => "[a-zA-Z$('=)%.@_-]{0,12}",
    ]
}

fn root() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/v1.0/identityGovernance/entitlementManagement",
        "/beta/identityGovernance/entitlementManagement",
        "/v1.0/roleManagement/entitlementManagement",
        "/v1.0/auditLogs",
        "/v1.0",
        "/beta",
        "/reeve/v1",
        "",
    ])
}

fn query() -> impl Strategy<Value = String> {
    let option = prop_oneof![
        prop::sample::select(vec![
            "$top=2",
            "$skip=1",
            "$count=true",
            "$select=id,displayName",
            "$orderby=displayName%20desc",
            "$expand=*",
            "$expand=accessPackage($expand=catalog)",
            "$filter=displayName%20eq%20'x'",
            "$filter=contains(tolower(displayName),'x')",
            "$filter=accessPackage/id%20eq%20'x'",
            "$filter=createdDateTime%20gt%202026-01-01T00:00:00Z",
            "$search=%22a%22",
            "$skiptoken=x",
            "@id=x",
            "drifted=true",
            "subject=x",
        ])
        .prop_map(str::to_owned),
        "[a-z$=%'()/ &+*,;:0-9-]{0,20}".prop_map(|text| text.replace(' ', "+")),
    ];
    prop::collection::vec(option, 0..3).prop_map(|options| options.join("&"))
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        prop::sample::select(vec![
            "{}",
            "[]",
            "null",
            "{\"displayName\":\"x\",\"description\":null}",
            "{\"requestType\":\"adminAdd\",\"assignment\":{\"targetId\":\"x\"}}",
            "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/me\"}]}",
            "{\"@odata.id\":\"x\"}",
            "{\"ids\":[\"x\"]}",
            "{\"reviewResult\":\"Approve\"}",
            "{\"accessPackage\":5,\"expiration\":{\"duration\":\"1 day, 0:00:00\"}}",
            "{\"principalId\":null,\"appScopeId\":\"/x\"}",
            "{\"advance\":\"PT1S\"}",
            "{\"fault\":\"down\"}",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,40}",
    ]
}

fn request() -> impl Strategy<Value = (String, String, String, String)> {
    let method = prop::sample::select(vec![
        "GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW",
    ])
    .prop_map(str::to_owned);
    let path = (root(), prop::collection::vec(segment(), 0..6))
        .prop_map(|(root, segments)| format!("{root}/{}", segments.join("/")));
    (method, path, query(), body())
}

#[test]
fn no_request_is_answered_with_a_fault_of_ours() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::new());
    let tokens = [
        server.admin(),
        server.user("alice"),
        server.user("admin"),
        String::new(),
    ];
    let config = Config {
        cases: 1500,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (request(), 0..tokens.len());

    let outcome = TestRunner::new(config).run(&strategy, |((method, path, query, body), who)| {
        let uri = format!("{path}?{query}");
        // What the HTTP library would not let through never gets here.
        let Ok(uri) = uri.parse::<Uri>() else {
            return Ok(());
        };
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(uri.clone())
            .header("authorization", format!("Bearer {}", tokens[who]))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();

        let answer = runtime.block_on(server.send(request));

        prop_assert!(
            answer.status.as_u16() < 500,
            "{} {}: {:?}",
            method,
            uri,
            answer
        );
        if answer.status.as_u16() >= 400 && method != "HEAD" {
            prop_assert!(!answer.code().is_empty());
        }
        Ok(())
    });

    outcome.unwrap();
}
