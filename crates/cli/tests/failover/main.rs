//! A highly available PostgreSQL whose primary is killed, and then another one cut off from the network, while two servers
//! work under a steady load: every one finds the new primary by itself, what was answered with success is there, nothing is
//! granted twice, and nobody sees an error of the server's own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail loudly"
)]

#[path = "../it/support.rs"]
#[expect(dead_code, reason = "shared with the other tests of the program")]
mod support;

mod load;

use std::time::Duration;

use peers::fake_scim::{FakeScim, Features};
use peers::network;
use peers::patroni::{self, Patroni};
use peers::policy::started_or_skipped;
use serde_json::Value;

use crate::load::{Load, Promises};
use crate::support::{Api, EM, Server, bind, seed, shared_configuration, work};

/// Enough for most of the time that the test takes; then callers only reprocess.
const PEOPLE: usize = 120;
/// How long anything may take that has to happen, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_mins(2);

/// Calls and deliveries outlast a fail-over.
const DELIVERY: &str = r#"
[limits]
requestTimeout = "PT20S"

[delivery]
retrySchedule = ["PT0S", "PT0.2S", "PT0.5S", "PT1S", "PT2S", "PT4S", "PT8S"]
pollInterval = "PT0.2S"
lease = "PT20S"
"#;

#[test]
fn a_primary_that_is_killed_or_cut_off_loses_nothing_that_was_accepted() {
    network::within(
        "a_primary_that_is_killed_or_cut_off_loses_nothing_that_was_accepted",
        || {
            let Some(cluster) = started_or_skipped(patroni::NAME, Patroni::start()) else {
                return;
            };
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(story(&cluster));
        },
    );
}

async fn story(cluster: &Patroni) {
    let scim = FakeScim::start(Features::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let configuration =
        shared_configuration(folder.path(), &cluster.url("postgres"), &scim, DELIVERY);
    let seed = seed(folder.path(), PEOPLE);
    let config = ["--config", configuration.to_str().unwrap()];
    let with_seed = [
        &config[..],
        &["--migrate", "--seed", seed.to_str().unwrap()],
    ]
    .concat();
    let first = Server::start(&folder.path().join("first"), &with_seed);
    let signed_in = first.sign_in(None).await;
    let second = Server::start(&folder.path().join("second"), &config);
    let apis = [signed_in, second.sign_in(None).await];
    bind(&apis[0], "Crew").await;
    let (package, policy) = work(&apis[0]).await;
    let people: Vec<String> = apis[0]
        .list("/v1.0/users?$select=id,userPrincipalName&$top=500")
        .await
        .iter()
        .filter(|user| user["userPrincipalName"].as_str().unwrap().starts_with('u'))
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect();
    let load = Load::start(&apis, package, policy, people);
    let tell = || {
        [&first, &second]
            .map(|server| last_lines(&server.log()))
            .join("\n")
            + "\n"
            + &cluster.told()
    };

    load.until_each_accepted_more(tell).await;
    let killed = cluster.kill_primary().unwrap();
    cluster.wait_for_another_than(killed).unwrap();
    load.until_each_accepted_more(tell).await;
    cluster.wait_until_whole().unwrap();

    load.until_each_accepted_more(tell).await;
    let lonely = cluster.cut_primary().unwrap();
    cluster.wait_for_another_than(lonely).unwrap();
    load.until_each_accepted_more(tell).await;
    cluster.join(lonely).unwrap();
    cluster.wait_until_whole().unwrap();
    load.until_each_accepted_more(tell).await;

    let promises = load.end().await;
    assert!(
        promises.put_off > 0,
        "no call met a fail-over: {promises:?}"
    );
    all_is_there(&apis[1], &scim, &promises).await;
    for server in [&first, &second] {
        let log = server.log();
        assert!(log.contains("PostgreSQL can be reached again"), "{log}");
        assert!(!log.contains("for a reason of our own"), "{log}");
    }
    assert!(first.terminate().success());
    assert!(second.terminate().success());
}

/// The end of a log.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// Every request came to a good end, and the target shows exactly what was asked for, given once.
async fn all_is_there(api: &Api, scim: &FakeScim, promises: &Promises) {
    let path = format!("{EM}/assignmentRequests?$expand=assignment($expand=target)&$top=200");
    let look = async {
        let mut looks = tokio::time::interval(Duration::from_millis(200));
        loop {
            looks.tick().await;
            let requests = api.list(&path).await;
            let is_over = |request: &Value| request["state"] == "delivered";
            if requests.iter().all(is_over) {
                return requests;
            }
            let failed = |request: &&Value| {
                !matches!(
                    request["state"].as_str(),
                    Some("submitted" | "delivering" | "delivered")
                )
            };
            if let Some(failed) = requests.iter().find(failed) {
                panic!("not as it should be: {failed}");
            }
        }
    };
    let requests = tokio::time::timeout(PATIENCE, look).await;
    let requests = requests.unwrap_or_else(|_| panic!("requests do not come to their end"));

    let ids: Vec<&str> = requests
        .iter()
        .filter_map(|request| request["id"].as_str())
        .collect();
    for accepted in &promises.requests {
        assert!(
            ids.contains(&accepted.as_str()),
            "accepted and forgotten: {accepted}"
        );
    }
    let mut assigned: Vec<&str> = requests
        .iter()
        .filter(|request| request["requestType"] == "adminAdd")
        .filter_map(|request| request["assignment"]["target"]["objectId"].as_str())
        .collect();
    let count = assigned.len();
    assigned.sort_unstable();
    assigned.dedup();
    assert_eq!(assigned.len(), count, "nobody is assigned it twice");
    let groups = scim.groups_named("Crew");
    assert_eq!(groups.len(), 1);
    assert_eq!(scim.members_of(&groups[0]).len(), count);
    assert_eq!(
        scim.arrivals_in(&groups[0]),
        vec![1; count],
        "nobody is granted it twice"
    );
    assert_eq!(scim.user_count(), count);
    assert_eq!(api.list("/reeve/v1/stuck").await, Vec::<Value>::new());
}
