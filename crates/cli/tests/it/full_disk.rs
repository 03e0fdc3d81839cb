//! A disk that is full: what cannot be stored is refused, what was answered is there, and the server goes on by itself once
//! there is room.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::support::{Api, EM, Server, direct, seed, work};

/// Callers at once, so that commits are shared.
const CALLERS: usize = 4;
/// Calls of each after which the disk should have been full long ago.
const MOST: usize = 3_000;
/// What the files may still grow.
const ROOM: u64 = 200 << 10;

/// Makes groups until one is refused; answers those that were made, and the refusal.
async fn fill(api: Api, caller: usize) -> (BTreeSet<String>, Option<(u16, String)>) {
    let mut made = BTreeSet::new();
    for number in 0..MOST {
        let group = json!({
            "displayName": format!("Group {caller} {number}"),
            "description": "a".repeat(1_000),
            "mailNickname": format!("g{caller}x{number}"),
            "mailEnabled": false,
            "securityEnabled": true,
        });
        let (status, body) = api
            .try_call(Method::POST, "/v1.0/groups", Some(&group))
            .await
            .unwrap();
        if status != 201 {
            let code = body["error"]["code"].as_str().unwrap_or_default();
            return (made, Some((status, code.to_owned())));
        }
        made.insert(body["id"].as_str().unwrap().to_owned());
    }
    (made, None)
}

fn largest(data: &Path) -> u64 {
    let files = std::fs::read_dir(data).unwrap();
    let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
    sizes.max().unwrap()
}

async fn groups(api: &Api) -> BTreeSet<String> {
    let listed = api.list("/v1.0/groups?$select=id&$top=999").await;
    let ids = listed.iter().map(|group| group["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_loses_none_that_was_answered_and_is_over_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let seed = seed(folder.path(), 2);
    let server = Server::start_under_quota(&data, &["--seed", seed.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let before = groups(&api).await;

    server.may_write(Some(largest(&data) + ROOM));
    let mut made = BTreeSet::new();
    let mut refusals = Vec::new();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(fill(api.clone(), caller)))
        .collect();
    for caller in callers {
        let (groups, refusal) = caller.await.unwrap();
        made.extend(groups);
        refusals.extend(refusal);
    }
    let while_full = groups(&api).await;
    server.may_write(None);
    let user = api.id_of("/v1.0/users", "u1@reeve.example").await;
    let requests = format!("{EM}/assignmentRequests");
    let wanted = direct(&package, &policy, &user);
    let (status, request) = api.call(Method::POST, &requests, Some(&wanted)).await;
    assert_eq!(status, 201, "there is room again: {request}");
    let state = api
        .settled(&format!("{requests}/{}", request["id"].as_str().unwrap()))
        .await;

    assert_eq!(refusals.len(), CALLERS, "the disk was never full");
    for refusal in &refusals {
        assert_eq!(refusal, &(507, "InsufficientStorage".to_owned()));
    }
    let answered: BTreeSet<String> = made.union(&before).cloned().collect();
    assert_eq!(
        while_full, answered,
        "reads go on, and see what was answered"
    );
    assert_eq!(state, "delivered");
    assert_eq!(groups(&api).await, answered);
    assert!(!server.log().contains("panicked"));
    server.kill();
    let server = Server::start(&data, &[]);
    let api = server.sign_in(None).await;
    assert_eq!(groups(&api).await, answered);
    assert!(server.terminate().success());
}
