//! `reeve explain` against a development tenant: in words, and as the server says it.

use reqwest::Method;
use serde_json::Value;

use crate::support::{EM, Server, direct, run, seed, text, work};

#[tokio::test]
async fn every_question_is_answered_in_words_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let seed = seed(folder.path(), 2);
    let server = Server::start(&data, &["--seed", seed.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let user = api.id_of("/v1.0/users", "u0@reeve.example").await;
    let group = api.id_of("/v1.0/groups", "Crew").await;
    let body = direct(&package, &policy, &user);
    let path = format!("{EM}/assignmentRequests");
    let (_, request) = api.call(Method::POST, &path, Some(&body)).await;
    let request = request["id"].as_str().unwrap().to_owned();
    assert_eq!(api.settled(&format!("{path}/{request}")).await, "delivered");

    let data = data.to_str().unwrap();
    let told = |question: &[&str]| {
        let words = [&["explain"], question, &["--data", data]].concat();
        let done = run(&words);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let csv = run(&[words.as_slice(), &["--output", "csv"]].concat());
        assert!(text(&csv.stdout).starts_with("what,value\n"), "{csv:?}");
        assert!(text(&csv.stdout).lines().count() > 2, "{csv:?}");
        let json = run(&[words.as_slice(), &["--output", "json"]].concat());
        assert_eq!(text(&json.stdout).lines().count(), 1);
        let json: Value = serde_json::from_slice(&json.stdout).unwrap();
        (text(&done.stdout), json)
    };
    let who = "u0@reeve.example";
    let (words, json) = told(&["request", "--package", &package, "--principal", who]);
    assert!(words.contains("ExistingAssignment"), "{words}");
    assert_eq!(json["decision"], "denied");
    let (words, json) = told(&["access", "--resource", &group, "--principal", who]);
    assert!(words.starts_with("has access"), "{words}");
    assert_eq!(json["access"], "has");
    let (words, json) = told(&[
        "access",
        "--package",
        &package,
        "--principal",
        "u1@reeve.example",
    ]);
    assert!(words.starts_with("has no access"), "{words}");
    assert_eq!(json["access"], "hasNot");
    let (words, json) = told(&["resource", &group]);
    assert!(words.contains("by an assignment"), "{words}");
    assert_eq!(json["value"][0]["id"], user);
    let (words, json) = told(&["approval", "--package", &package, "--principal", who]);
    assert!(words.contains("policy"), "{words}");
    assert!(json["approvals"].is_array());
    let (words, json) = told(&["authorization", "reprocess", "--object", &request]);
    assert!(words.starts_with("allowed"), "{words}");
    assert_eq!(json["decision"], "allowed");

    // As everywhere: by what stands before the `@`, and by display name.
    for who in ["u0", "User 0"] {
        let (words, _) = told(&["access", "--package", &package, "--principal", who]);
        assert!(words.starts_with("has access"), "{who}: {words}");
        let (_, json) = told(&["request", "--package", &package, "--principal", who]);
        assert_eq!(json["decision"], "denied", "{who}");
        told(&["approval", "--package", &package, "--principal", who]);
        let (_, json) = told(&["authorization", "reprocess", "--principal", who]);
        assert_eq!(json["decision"], "denied", "{who}");
    }
    let nobody = ["access", "--package", &package, "--principal", "no one"];
    let nobody = run(&[&["explain"], &nobody[..], &["--data", data]].concat());
    assert_eq!(nobody.status.code(), Some(3), "{nobody:?}");
    assert!(text(&nobody.stderr).contains("there is no user `no one`"));

    let unknown = run(&[
        "explain",
        "request",
        "--package",
        "No such thing",
        "--data",
        data,
    ]);
    assert!(!unknown.status.success());
    assert!(text(&unknown.stderr).contains("there is no access package `No such thing`"));
    let nothing = run(&["explain", "access", "--data", data]);
    assert_eq!(
        nothing.status.code(),
        Some(2),
        "a question needs its object"
    );
}
