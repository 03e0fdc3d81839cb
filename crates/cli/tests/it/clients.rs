//! Unmodified client libraries against a served tenant, over TLS: the walks in `clients/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use peers::policy::started_or_skipped;

use crate::support::{Server, http, text};

fn walks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients")
}

/// Runs a walk to its end; it tells each step on a line of its own.
fn walk(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(told.contains("ok  what was made is gone"), "{told}");
}

fn python(script: &str) {
    python_limited(script, "", |_| {});
}

/// The same with a configuration; `after` looks at the server once the walk is over.
fn python_limited(script: &str, configuration: &str, after: impl FnOnce(&Server)) {
    let Some(python) =
        started_or_skipped("the Graph SDKs for Python", Ok(peers::clients::python()))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reeve.toml");
    std::fs::write(&config, configuration).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let server = Server::start_with_tls(&folder.path().join("data"), &config);

    walk(
        Command::new(python)
            // Nothing is left beside the sources.
            .arg("-B")
            .arg(walks().join("python").join(script))
            .arg(server.data.join("dev.json")),
    );
    after(&server);
}

fn javascript(version: &str) {
    let Some((node, library)) = started_or_skipped(
        "the Graph client for JavaScript",
        Ok(peers::clients::javascript()),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with_tls(&folder.path().join("data"), &[]);
    // Node looks for libraries beside the script.
    let script = folder.path().join("walk.mjs");
    std::fs::copy(walks().join("javascript/walk.mjs"), &script).unwrap();
    std::os::unix::fs::symlink(
        library.join("node_modules"),
        folder.path().join("node_modules"),
    )
    .unwrap();

    let authority = server.dev()["caFile"].as_str().unwrap().to_owned();
    walk(
        Command::new(node)
            .env("NODE_EXTRA_CA_CERTS", authority)
            .arg(script)
            .arg(server.data.join("dev.json"))
            .arg(version),
    );
}

#[test]
fn the_python_sdk_walks_through_v1_0() {
    python("v1_0.py");
}

#[test]
fn th_1_the_python_sdk_waits_as_it_is_told_and_walks_on() {
    let limits = "[limits]\nrequestsPerSecond = 4\nburst = 4\n";

    python_limited("v1_0.py", limits, |server| {
        let url = format!("{}/metrics", server.url);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let metrics = runtime
            .block_on(async { http().get(url).send().await?.text().await })
            .unwrap();
        assert!(metrics.contains("status=\"429\""), "{metrics}");
    });
}

#[test]
fn the_python_sdk_walks_through_beta() {
    python("beta.py");
}

#[test]
fn msal_and_azure_identity_sign_a_user_in() {
    python("sign_in.py");
}

#[test]
fn the_javascript_client_walks_through_v1_0() {
    javascript("v1.0");
}

#[test]
fn the_javascript_client_walks_through_beta() {
    javascript("beta");
}
