//! A database server instead of the built-in database: never migrated unasked, shared by replicas.

use std::path::PathBuf;

use peers::postgres::{Cluster, Database};
use reqwest::Method;
use serde_json::json;

use crate::support::{Api, EM, Server, direct, run, seed, text, work, write_private};

/// A database of the test's own and a configuration that names it.
pub(crate) fn database() -> Option<(Database<'static>, tempfile::TempDir, PathBuf)> {
    let database = Cluster::shared()?.create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("database-url");
    write_private(&url, format!("{}\n", database.url()));
    let config = folder.path().join("reeve.toml");
    std::fs::write(
        &config,
        format!("[database]\nurlFile = \"{}\"\n", url.display()),
    )
    .unwrap();
    Some((database, folder, config))
}

#[test]
fn a_database_server_is_brought_up_to_date_only_when_asked() {
    let Some((_database, folder, config)) = database() else {
        return;
    };
    let data = folder.path().join("data");
    let config = ["--config", config.to_str().unwrap()];

    let refused = Server::try_start(&data, &config).err().unwrap();
    let migrated = run(&["migrate", config[0], config[1]]);

    assert!(refused.contains("reeve migrate"), "{refused}");
    assert!(
        text(&migrated.stdout).contains("was not there yet"),
        "{migrated:?}"
    );
    assert!(Server::start(&data, &config).terminate().success());
    let other = folder.path().join("other");
    assert!(
        Server::start(&other, &[config[0], config[1], "--migrate"])
            .terminate()
            .success()
    );
}

#[tokio::test]
async fn replicas_share_one_database() {
    let Some((_database, folder, config)) = database() else {
        return;
    };
    let config = ["--config", config.to_str().unwrap(), "--migrate"];
    let first = Server::start(&folder.path().join("first"), &config);
    let second = Server::start(&folder.path().join("second"), &config);
    // The second start made new secrets for the shared accounts, so both are asked through it.
    let mut api = second.sign_in(None).await;

    let body = json!({ "displayName": "Shared" });
    let (status, made) = api
        .call(Method::POST, &format!("{EM}/catalogs"), Some(&body))
        .await;
    assert_eq!(status, 201, "{made}");
    api.id_of(&format!("{EM}/catalogs"), "Shared").await;

    // Each has an issuer of its own here; what the first knows is seen with its own sign-in after a restart.
    assert!(first.terminate().success());
    let first = Server::start(&folder.path().join("first"), &config);
    api = first.sign_in(None).await;
    api.id_of(&format!("{EM}/catalogs"), "Shared").await;
    assert!(second.terminate().success());
}

/// People of the test below, and callers at each replica.
const PEOPLE: usize = 120;
const CALLERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_that_many_call_at_once_turn_nobody_away_and_do_everything_once() {
    let Some((_database, folder, config)) = database() else {
        return;
    };
    let config = ["--config", config.to_str().unwrap()];
    let seed = seed(folder.path(), PEOPLE);
    let with_seed = [
        config[0],
        config[1],
        "--migrate",
        "--seed",
        seed.to_str().unwrap(),
    ];
    let first_data = folder.path().join("first");
    Server::start(&first_data, &with_seed).kill();
    let second = Server::start(&folder.path().join("second"), &config);
    let second_api = second.sign_in(None).await;
    // The last to start has the secrets that are valid; who signed in before stays so.
    let first = Server::start(&first_data, &config);
    let first_api = first.sign_in(None).await;
    let (package, policy) = work(&first_api).await;
    let mut additions = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("u{number}@reeve.example");
        let user = first_api.id_of("/v1.0/users", &name).await;
        let body = direct(&package, &policy, &user);
        additions.push((format!("{EM}/assignmentRequests"), Some(body)));
    }

    let apis = [first_api, second_api];
    let added = call_all(&apis, additions).await;
    assert_eq!(added, vec![201; PEOPLE]);
    let assignments = all_delivered(&apis[0]).await;
    let reprocesses = assignments
        .iter()
        .map(|id| (format!("{EM}/assignments/{id}/reprocess"), None));
    let reprocessed = call_all(&apis, reprocesses.collect()).await;

    assert_eq!(reprocessed, vec![202; PEOPLE]);
    all_delivered(&apis[1]).await;
    let tracking = format!(
        "{EM}/assignmentRequests?$filter=requestType eq 'systemUpdate'&$expand=assignment($select=id)&$top=100"
    );
    let tracked = apis[1].list(&tracking).await;
    let mut tracked: Vec<String> = tracked
        .iter()
        .map(|request| request["assignment"]["id"].as_str().unwrap().to_owned())
        .collect();
    tracked.sort();
    assert_eq!(tracked, assignments);
    assert!(first.terminate().success());
    assert!(second.terminate().success());
}

/// Sends calls, half to each replica, as many at a time as there are callers; gives the statuses.
async fn call_all(apis: &[Api; 2], calls: Vec<(String, Option<serde_json::Value>)>) -> Vec<u16> {
    let mut shares = vec![Vec::new(); 2 * CALLERS];
    for (number, call) in calls.into_iter().enumerate() {
        shares[number % (2 * CALLERS)].push(call);
    }
    let mut callers = tokio::task::JoinSet::new();
    for (number, share) in shares.into_iter().enumerate() {
        let api = apis[number % 2].clone();
        callers.spawn(async move {
            let mut statuses = Vec::new();
            for (path, body) in share {
                let (status, _) = api.call(Method::POST, &path, body.as_ref()).await;
                statuses.push(status);
            }
            statuses
        });
    }
    callers.join_all().await.concat()
}

/// Waits until nothing is under way; gives the assignments, all of them delivered.
async fn all_delivered(api: &Api) -> Vec<String> {
    let requests = format!("{EM}/assignmentRequests?$select=id&$top=100");
    for request in api.list(&requests).await {
        let id = request["id"].as_str().unwrap();
        let state = api.settled(&format!("{EM}/assignmentRequests/{id}")).await;
        assert_eq!(state, "delivered", "request {id}");
    }
    let delivered = format!("{EM}/assignments?$filter=state eq 'delivered'&$select=id&$top=100");
    let mut ids: Vec<String> = api
        .list(&delivered)
        .await
        .iter()
        .map(|assignment| assignment["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), PEOPLE);
    ids.sort();
    ids
}
