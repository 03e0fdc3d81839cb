//! Sweeps of real targets: what somebody changed behind Reeve's back is found there, and nothing else.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::graph::{PEOPLE, Package, Wire, user_name};
use super::systems::{HR, Systems, UNIX, assert_no_secret};
use crate::support::{Api, PATIENCE};

/// Asks for a sweep and waits until it is over.
async fn swept(api: &Api, target: &str) -> Value {
    let body = json!({ "target": target });
    let (status, asked) = api
        .call(Method::POST, "/reeve/v1/sweeps", Some(&body))
        .await;
    assert_eq!(status, 201, "{asked}");
    let path = format!("/reeve/v1/sweeps/{}", asked["id"].as_str().unwrap());
    let look = async {
        loop {
            let sweep = api.get(&path).await;
            if !["queued", "running"].contains(&sweep["state"].as_str().unwrap()) {
                return sweep;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .unwrap_or_else(|_| panic!("{path} is still under way"))
}

/// Whom a report names, by the directory id at this place.
async fn named(api: &Api, path: &str, pointer: &str) -> BTreeSet<Option<String>> {
    let report = api.get(path).await;
    let rows = report["value"].as_array().unwrap().iter();
    rows.map(|row| {
        row.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    })
    .collect()
}

fn only<const N: usize>(ids: [Option<&String>; N]) -> BTreeSet<Option<String>> {
    ids.into_iter().map(Option::<&String>::cloned).collect()
}

#[tokio::test]
async fn l8_a_sweep_finds_in_scim_and_ldap_who_was_taken_out_and_who_was_put_in() {
    let Some(mut systems) = Systems::start(PEOPLE) else {
        return;
    };
    let server = systems.serve();
    let api = server.sign_in(None).await;
    let package = Package::build(&api, Wire::V1).await;
    let [(first, first_id), (second, second_id), (third, third_id)] = &package.people[..] else {
        panic!("three people are built");
    };
    for user in [first_id, second_id] {
        let request = package.assign(user).await;
        assert_eq!(package.request_end(&request).await, "delivered");
    }
    for target in [HR, UNIX] {
        let sweep = swept(&api, target).await;
        assert_eq!(sweep["state"], "completed", "{sweep}");
        assert_eq!(
            (&sweep["missing"], &sweep["extras"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(sweep["members"], 2, "the placeholder is nobody: {sweep}");
    }

    // One is gone; one came whom the directory knows by name; and one whom it does not know.
    systems.hr_loses(&package.hr_group, &user_name(first)).await;
    systems.hr_gains(&package.hr_group, &user_name(third)).await;
    systems.hr_gains(&package.hr_group, "printer").await;
    systems.unix_loses(&package.unix_group, second);
    systems.unix_gains(&package.unix_group, third);
    systems.unix_gains(&package.unix_group, "gus");

    for (target, gone) in [(HR, first_id), (UNIX, second_id)] {
        let sweep = swept(&api, target).await;

        assert_eq!(sweep["state"], "completed", "{sweep}");
        assert_eq!(
            (&sweep["missing"], &sweep["extras"]),
            (&json!(1), &json!(2)),
            "{sweep}"
        );
        let drift = format!("/reeve/v1/drift?target={target}");
        assert_eq!(
            named(&api, &drift, "/subject/objectId").await,
            only([Some(gone)])
        );
        let extras = format!("/reeve/v1/drift/extras?target={target}");
        assert_eq!(
            named(&api, &extras, "/objectId").await,
            only([Some(third_id), None])
        );
    }

    systems.slapd.stop();
    let sweep = swept(&api, UNIX).await;
    assert_eq!(sweep["state"], "skipped", "{sweep}");
    let drift = api.get(&format!("/reeve/v1/drift?target={UNIX}")).await;
    assert_eq!(drift["summary"]["total"], 1, "nobody else is missing");
    assert_no_secret("the log", &server.log());
}
