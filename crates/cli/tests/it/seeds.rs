//! A tenant from a file, back into a file, and back to its start.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;

use crate::support::{EM, Server, run, text};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/seed.example.yaml")
}

fn exported(server: &Server) -> String {
    let done = run(&["export", "--seed", "--data", server.data.to_str().unwrap()]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stderr), "", "nothing is left out");
    text(&done.stdout)
}

#[tokio::test]
async fn what_is_exported_makes_the_same_tenant_again() {
    let folder = tempfile::tempdir().unwrap();
    let example = example();
    let with = |seed: &Path| ["--seed".to_owned(), seed.to_str().unwrap().to_owned()];
    let first = folder.path().join("first");
    let seed = with(&example);
    let server = Server::start(&first, &[&seed[0], &seed[1]]);
    let api = server.sign_in(None).await;
    let assignments = api.list(&format!("{EM}/assignments")).await;
    let path = format!(
        "{EM}/assignments/{}",
        assignments[0]["id"].as_str().unwrap()
    );
    assert_eq!(api.settled(&path).await, "delivered");
    let before = exported(&server);
    for said in [
        "manager: rufus@reeve.example",
        "\"0007\"",
        "group: Harvest",
        "Store.Write",
        "mill.example",
        "P30D",
        "Tell the mill",
        "In which city?",
        "Catalog owner",
        "incompatibleGroups",
        "Which door?",
        "requestorManager",
        "connectedOrganizationId: Mill",
        "groupId: Farm hands",
        "Catalog creator",
        "accessPackage: Harvest work",
    ] {
        assert!(before.contains(said), "{said} in {before}");
    }

    let file = folder.path().join("exported.yaml");
    std::fs::write(&file, &before).unwrap();
    let second = folder.path().join("second");
    let seed = with(&file);
    let copy = Server::start(&second, &[&seed[0], &seed[1]]);
    let api = copy.sign_in(None).await;
    let assignments = api.list(&format!("{EM}/assignments")).await;
    let path = format!(
        "{EM}/assignments/{}",
        assignments[0]["id"].as_str().unwrap()
    );
    assert_eq!(api.settled(&path).await, "delivered");

    assert_eq!(exported(&copy), before);
    // The same once more: everything is there already.
    copy.terminate();
    let copy = Server::start(&second, &[&seed[0], &seed[1]]);
    assert_eq!(exported(&copy), before);
}

#[tokio::test]
async fn a_tenant_is_reset_to_what_it_started_with() {
    let folder = tempfile::tempdir().unwrap();
    let example = example();
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--seed", example.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let catalogs = format!("{EM}/catalogs");
    let before = api.list(&catalogs).await;
    let body = json!({ "displayName": "Later" });
    let (status, _) = api.call(Method::POST, &catalogs, Some(&body)).await;
    assert_eq!(status, 201);
    // Another start is not another beginning.
    server.terminate();
    let server = Server::start(&data, &["--seed", example.to_str().unwrap()]);
    let api = server.sign_in(None).await;

    let (status, told) = api.call(Method::POST, "/reeve/v1/dev/reset", None).await;

    assert_eq!(status, 204, "{told}");
    assert_eq!(api.list(&catalogs).await, before);
    let user = api
        .list("/v1.0/users?$filter=displayName eq 'Dora Dean'")
        .await;
    assert_eq!(user.len(), 1);
}

#[test]
fn a_seed_with_an_unknown_member_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.yaml");
    std::fs::write(
        &seed,
        "catalogs:\n  - displayName: Farm\n    colour: green\n",
    )
    .unwrap();
    let data = folder.path().join("data");

    let refused = Server::try_start(&data, &["--seed", seed.to_str().unwrap()]);

    let refused = refused.err().unwrap();
    assert!(refused.contains("colour"), "{refused}");
}
