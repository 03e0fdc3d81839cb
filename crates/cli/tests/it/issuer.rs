//! The development tenant's issuer as a process: keys that change under it, restarts, and a start without `--dev`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Server, http, reeve, run, text};

async fn ask(server: &Server, fields: &[(&str, &str)]) -> (u16, Value) {
    let dev = server.dev();
    let tenant = dev["tenantId"].as_str().unwrap();
    let url = format!("{}/{tenant}/oauth2/v2.0/token", server.url);
    let mut form = vec![("client_id", dev["publicClientId"].as_str().unwrap())];
    form.extend(fields);
    let answer = http().post(url).form(&form).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

fn keys(command: &str, data: &Path) -> String {
    let output = run(&["keys", command, "--data", data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

async fn shown(server: &Server) -> Vec<Value> {
    let dev = server.dev();
    let tenant = dev["tenantId"].as_str().unwrap();
    let url = format!("{}/{tenant}/discovery/v2.0/keys", server.url);
    let set: Value = http().get(url).send().await.unwrap().json().await.unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].clone()).collect()
}

#[tokio::test]
async fn keys_rotate_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let before = server.sign_in(Some("alice")).await;
    let first = shown(&server).await;

    let told = keys("rotate", &server.data);
    let after = server.sign_in(Some("alice")).await;

    let both = shown(&server).await;
    assert_eq!(both.len(), 2);
    assert_eq!(both[1], first[0]);
    for kid in &both {
        assert!(told.contains(kid.as_str().unwrap()), "{told}");
    }
    before.get("/v1.0/me").await;
    after.get("/v1.0/me").await;
    let listed = keys("list", &server.data);
    assert!(
        listed.contains("signs") && listed.contains("verifies"),
        "{listed}"
    );
    assert_eq!(keys("prune", &server.data), "removed: 0\n");
}

#[test]
fn a_folder_without_a_development_tenant_has_no_keys_to_rotate() {
    let folder = tempfile::tempdir().unwrap();

    let output = run(&["keys", "rotate", "--data", folder.path().to_str().unwrap()]);

    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("no development tenant"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn who_was_signed_in_stays_so_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let dev = server.dev();
    let alice = dev["users"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| {
            user["userPrincipalName"]
                .as_str()
                .unwrap()
                .starts_with("alice@")
        })
        .unwrap();
    let (status, tokens) = ask(
        &server,
        &[
            ("grant_type", "password"),
            ("scope", "openid offline_access h/.default"),
            ("username", alice["userPrincipalName"].as_str().unwrap()),
            ("password", alice["password"].as_str().unwrap()),
        ],
    )
    .await;
    assert_eq!(status, 200, "{tokens}");
    let kept = tokens["refresh_token"].as_str().unwrap();
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", kept)];
    assert!(server.terminate().success());

    let server = Server::start(&data, &[]);
    let (status, tokens) = ask(&server, &refreshing).await;
    assert_eq!(status, 200, "{tokens}");
    assert_ne!(tokens["refresh_token"], kept);

    // What was used is remembered as well.
    assert!(server.terminate().success());
    let server = Server::start(&data, &[]);
    let (status, refused) = ask(&server, &refreshing).await;
    assert_eq!(status, 400);
    assert_eq!(refused["error"], "invalid_grant");
    assert!(server.log().contains("this is a development tenant"));
}

#[tokio::test]
async fn without_dev_the_same_folder_has_no_issuer_and_takes_none_of_its_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let token = server.sign_in(None).await.token;
    let tenant = server.dev()["tenantId"].as_str().unwrap().to_owned();
    assert!(server.terminate().success());

    let mut child = reeve()
        .args(["serve", "--http", "127.0.0.1:0", "--https", "off", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let url = ready
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http="))
        .unwrap_or_else(|| panic!("not ready: {ready}"))
        .to_owned();
    let status = async |path: &str| {
        let request = http().get(format!("{url}{path}")).bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    let nowhere = status("/no/such/path").await;
    let mut found = vec![status("/v1.0/me").await];
    for path in [
        "v2.0/.well-known/openid-configuration",
        "discovery/v2.0/keys",
        "oauth2/v2.0/authorize",
        "oauth2/deviceauth",
    ] {
        found.push(status(&format!("/{tenant}/{path}")).await);
    }
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(found, [401, nowhere, nowhere, nowhere, nowhere]);
    assert!(nowhere == 401 || nowhere == 404);
}
