//! A database server instead of the built-in database: never migrated unasked, shared by replicas.

use std::path::PathBuf;

use peers::postgres::{Cluster, Database};
use reqwest::Method;
use serde_json::json;

use crate::support::{EM, Server, run, text, write_private};

/// A database of the test's own and a configuration that names it.
fn database() -> Option<(Database<'static>, tempfile::TempDir, PathBuf)> {
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
