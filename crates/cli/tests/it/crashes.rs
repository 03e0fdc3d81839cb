//! kill -9 at random moments: what was answered 201 or 202 reaches its end, and the ledger agrees with the directory.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::postgres::database;
use crate::support::{Api, EM, Server, direct, seed, work};

/// New people a round, and after how many rounds those of the first come again.
const EACH: usize = 3;
const ROUNDS_OF_PEOPLE: usize = 75;
/// The seed of the moments; printed by a failing test through its rounds.
const SEED: u64 = 0x5eed_0fa1;
/// How often the server is killed, where that is not said in the test; `cargo xtask crashes` sets it.
const TIMES: &str = "REEVE_CRASHES";

/// How often the server is killed.
fn kills(unless_told: usize) -> usize {
    let told = std::env::var(TIMES).ok();
    told.map_or(unless_told, |times| times.parse().unwrap())
}

/// A small generator that repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What the server said yes to.
#[derive(Default)]
struct Promises {
    requests: BTreeSet<String>,
    reprocessed: usize,
}

const RETRIES: &str =
    "[delivery]\nretrySchedule = [\"PT0S\", \"PT0.02S\", \"PT0.05S\", \"PT0.1S\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_accepted_reaches_its_end_although_the_server_is_killed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reeve.toml");
    std::fs::write(&config, RETRIES).unwrap();

    live_through_kills(folder.path(), &config, kills(50), 120).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_accepted_reaches_its_end_on_a_database_server_too() {
    let Some((_database, folder, config)) = database() else {
        return;
    };
    let server = std::fs::read_to_string(&config).unwrap();
    // Nobody takes back at its start what another replica may be at: the lease says when it is free.
    let lease = "lease = \"PT6S\"\n";
    std::fs::write(&config, format!("{server}{RETRIES}{lease}")).unwrap();

    // The first statements of a connection take their time.
    live_through_kills(folder.path(), &config, kills(20), 600).await;
}

/// Kills the server at random moments of a mixed load, each within so many milliseconds, and judges what is left.
async fn live_through_kills(folder: &Path, config: &Path, kills: usize, within: u64) {
    let data = folder.join("data");
    let people = EACH * kills.min(ROUNDS_OF_PEOPLE);
    let seed = seed(folder, people);
    let config = ["--config", config.to_str().unwrap()];
    let with_seed = [
        config[0],
        config[1],
        "--migrate",
        "--seed",
        seed.to_str().unwrap(),
    ];
    let server = Server::start(&data, &with_seed);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let mut newcomers = Vec::new();
    for number in 0..people {
        let name = format!("u{number}@reeve.example");
        newcomers.push(api.id_of("/v1.0/users", &name).await);
    }
    server.kill();

    let mut dice = Dice(SEED);
    let mut promises = Promises::default();
    let mut last = BTreeSet::new();
    for round in 0..kills {
        let server = Server::start(&data, &config);
        let api = server.sign_in(None).await;
        all_are_there(&api, &last).await;
        let first = round * EACH % people;
        let calls = tokio::spawn(story(
            api,
            package.clone(),
            policy.clone(),
            newcomers[first..first + EACH].to_vec(),
        ));
        // The moment is the point of the test, so it is by the clock.
        tokio::time::sleep(Duration::from_millis(dice.below(within))).await;
        server.kill();
        let kept = calls.await.unwrap();
        last.clone_from(&kept.requests);
        promises.requests.extend(kept.requests);
        promises.reprocessed += kept.reprocessed;
    }

    let server = Server::start(&data, &config);
    let api = server.sign_in(None).await;
    assert!(
        promises.requests.len() > kills / 2,
        "too few were accepted: {}",
        promises.requests.len()
    );
    assert!(promises.reprocessed > 0, "no reprocess was accepted");
    every_request_ended_well(&api, &promises).await;
    the_ledger_agrees_with_the_directory(&api).await;
    assert_eq!(api.list("/reeve/v1/stuck").await, Vec::<Value>::new());
    assert!(server.terminate().success());
}

/// What was promised in the last round is there as soon as the server is back.
async fn all_are_there(api: &Api, requests: &BTreeSet<String>) {
    for id in requests {
        api.get(&format!("{EM}/assignmentRequests/{id}?$select=id"))
            .await;
    }
}

/// Asks for access for everybody, then reprocesses and takes away what earlier rounds left, until the server is gone.
async fn story(api: Api, package: String, policy: String, newcomers: Vec<String>) -> Promises {
    let mut promises = Promises::default();
    let requests = format!("{EM}/assignmentRequests");
    for user in &newcomers {
        let Ok((status, made)) = api
            .try_call(
                Method::POST,
                &requests,
                Some(&direct(&package, &policy, user)),
            )
            .await
        else {
            return promises;
        };
        if status == 201 {
            promises
                .requests
                .insert(made["id"].as_str().unwrap().to_owned());
        }
    }
    let live = format!("{EM}/assignments?$filter=state eq 'delivered'&$select=id&$top=6");
    let Ok((200, found)) = api.try_call(Method::GET, &live, None).await else {
        return promises;
    };
    for (number, assignment) in found["value"].as_array().unwrap().iter().enumerate() {
        let id = assignment["id"].as_str().unwrap();
        let answered = if number % 3 == 2 {
            let removal = json!({ "requestType": "adminRemove", "assignment": { "id": id } });
            api.try_call(Method::POST, &requests, Some(&removal)).await
        } else {
            api.try_call(
                Method::POST,
                &format!("{EM}/assignments/{id}/reprocess"),
                None,
            )
            .await
        };
        match answered {
            Ok((201, made)) => {
                promises
                    .requests
                    .insert(made["id"].as_str().unwrap().to_owned());
            }
            Ok((202, _)) => promises.reprocessed += 1,
            Ok(_) => {}
            Err(_) => return promises,
        }
    }
    promises
}

async fn every_request_ended_well(api: &Api, promises: &Promises) {
    let mut known = BTreeSet::new();
    for request in api
        .list(&format!("{EM}/assignmentRequests?$select=id&$top=200"))
        .await
    {
        let id = request["id"].as_str().unwrap().to_owned();
        let state = api.settled(&format!("{EM}/assignmentRequests/{id}")).await;
        assert_eq!(state, "delivered", "request {id}");
        known.insert(id);
    }
    let lost: Vec<&String> = promises.requests.difference(&known).collect();
    assert_eq!(lost, Vec::<&String>::new(), "accepted and forgotten");
}

async fn the_ledger_agrees_with_the_directory(api: &Api) {
    let group = api.id_of("/v1.0/groups", "Crew").await;
    let gate = api.id_of("/v1.0/servicePrincipals", "Gate").await;
    let members = ids(
        &api.list(&format!("/v1.0/groups/{group}/members?$select=id"))
            .await,
        "/id",
    );
    let openers = ids(
        &api.list(&format!("/v1.0/servicePrincipals/{gate}/appRoleAssignedTo"))
            .await,
        "/principalId",
    );
    let ledger = api.list("/reeve/v1/ledger?top=500").await;
    for row in &ledger {
        assert_eq!(row["phase"], "settled", "{row}");
        let present = row["observed"] == "present";
        assert_eq!(row["desired"].as_bool(), Some(present), "{row}");
    }
    for (resource, present) in [(&group, &members), (&gate, &openers)] {
        let rows: Vec<Value> = ledger
            .iter()
            .filter(|row| row["resourceOriginId"] == resource.as_str() && row["desired"] == true)
            .cloned()
            .collect();
        assert_eq!(&ids(&rows, "/subject/objectId"), present);
    }
    let assignments = api
        .list(&format!(
            "{EM}/assignments?$filter=state eq 'delivered'&$select=id&$top=200"
        ))
        .await;
    assert_eq!(assignments.len(), members.len());
    assert!(!members.is_empty());
}

fn ids(rows: &[Value], pointer: &str) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row.pointer(pointer).unwrap().as_str().unwrap().to_owned())
        .collect()
}
