//! Targets that are dead or do not let Reeve in, and the way back.

use peers::proxy::Fault;
use serde_json::Value;

use super::graph::{PEOPLE, Package, WIRES};
use super::systems::{ATTEMPTS, HR, Secrets, Systems, UNIX, WRONG, assert_no_secret};
use crate::support::Api;

#[tokio::test]
async fn a_request_that_met_a_dead_target_is_partial_says_why_and_is_delivered_by_reprocess() {
    let Some(mut systems) = Systems::start(PEOPLE) else {
        return;
    };
    let server = systems.serve();
    let api = server.sign_in(None).await;
    for wire in WIRES {
        let package = Package::build(&api, wire).await;
        let [(first, first_id), (second, second_id), (third, third_id)] = &package.people[..]
        else {
            panic!("three people are built");
        };
        // Connections that are open when a target dies are part of the case.
        let request = package.assign(first_id).await;
        assert_eq!(package.request_end(&request).await, "delivered", "{wire:?}");

        systems.slapd.stop();
        let request = package.assign(second_id).await;
        assert_eq!(
            package.request_end(&request).await,
            "partiallyDelivered",
            "RP-31: {wire:?}"
        );
        assert_failed_in(&api, &request, UNIX).await;
        assert_eq!(
            systems.hr_members(&package.hr_group).await,
            [*first, *second]
        );
        systems.slapd.start_again().unwrap();
        assert_eq!(systems.unix_members(&package.unix_group), [*first]);
        package.reprocess(&wire.request(&request)).await;
        assert_eq!(package.request_end(&request).await, "delivered", "{wire:?}");
        assert_eq!(systems.unix_members(&package.unix_group), [*first, *second]);

        systems.scim_line.set_fault(Some(Fault::Down));
        let request = package.assign(third_id).await;
        assert_eq!(
            package.request_end(&request).await,
            "partiallyDelivered",
            "RP-31: {wire:?}"
        );
        assert_failed_in(&api, &request, HR).await;
        let everybody = [*first, *second, *third];
        assert_eq!(systems.unix_members(&package.unix_group), everybody);
        systems.scim_line.set_fault(None);
        assert_eq!(
            systems.hr_members(&package.hr_group).await,
            [*first, *second]
        );
        package.reprocess(&wire.request(&request)).await;
        assert_eq!(package.request_end(&request).await, "delivered", "{wire:?}");
        assert_eq!(systems.hr_members(&package.hr_group).await, everybody);
        let assignment = package.assignment_of(&request).await;
        assert_eq!(package.assignment_end(&assignment).await, "delivered");
    }
    assert_no_secret("the log", &server.log());
}

#[tokio::test]
async fn rejected_secrets_fail_a_request_show_nowhere_and_are_mended_by_a_restart_and_reprocess() {
    let Some(systems) = Systems::start(PEOPLE) else {
        return;
    };
    let server = systems.serve_with(&Secrets {
        token: WRONG,
        password: WRONG,
    });
    let api = server.sign_in(None).await;
    let mut failed = Vec::new();
    for wire in WIRES {
        let package = Package::build(&api, wire).await;
        let request = package.assign(&package.people[0].1).await;

        assert_eq!(
            package.request_end(&request).await,
            "deliveryFailed",
            "RP-31: {wire:?}"
        );

        let path = format!("/reeve/v1/assignmentRequests/{request}/deliveries");
        let deliveries = api.get(&path).await;
        let units = deliveries["value"].as_array().unwrap();
        assert_eq!(units.len(), 2, "{deliveries}");
        for unit in units {
            assert_eq!(unit["errorCode"], "OriginAccessDenied", "{deliveries}");
        }
        assert_no_secret("the list of deliveries", &deliveries.to_string());
        failed.push((package, request));
    }
    assert_no_secret("the log", &server.log());
    assert!(server.terminate().success());

    let server = systems.serve();
    let api = server.sign_in(None).await;
    for (package, request) in failed {
        let package = package.seen_by(&api);
        package.reprocess(&package.wire.request(&request)).await;

        assert_eq!(package.request_end(&request).await, "delivered");
        let name = package.people[0].0;
        assert_eq!(systems.hr_members(&package.hr_group).await, [name]);
        assert_eq!(systems.unix_members(&package.unix_group), [name]);
    }
}

/// RP-37: of the two units of a request, the one of this target failed for want of an answer, after all attempts.
async fn assert_failed_in(api: &Api, request: &str, target: &str) {
    let path = format!("/reeve/v1/assignmentRequests/{request}/deliveries");
    let deliveries = api.get(&path).await;
    let units = deliveries["value"].as_array().unwrap();
    assert_eq!(units.len(), 2, "{deliveries}");
    let (failed, delivered): (Vec<&Value>, Vec<&Value>) = units
        .iter()
        .partition(|unit| unit["grant"]["target"] == target);
    assert_eq!(failed[0]["outcome"], "failed", "{deliveries}");
    assert_eq!(failed[0]["attempts"], ATTEMPTS, "RP-33: {deliveries}");
    assert_eq!(failed[0]["errorCode"], "OriginUnavailable", "{deliveries}");
    assert!(
        !failed[0]["errorMessage"].as_str().unwrap().is_empty(),
        "{deliveries}"
    );
    assert_eq!(delivered[0]["outcome"], "done", "{deliveries}");
    assert_no_secret("the list of deliveries", &deliveries.to_string());
}
