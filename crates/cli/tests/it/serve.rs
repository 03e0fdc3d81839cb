//! Start, restart and stop.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EM, Server, direct, http, reeve, seed, text, work};

#[tokio::test]
async fn the_ready_line_tells_where_the_server_answers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let server = Server::start(&data, &[]);

    assert_eq!(
        server.ready,
        format!("reeve ready http={} data={}\n", server.url, data.display())
    );
    let health = http()
        .get(format!("{}/readyz", server.url))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn dev_json_tells_how_to_sign_in_and_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let first = server.dev();
    let mode = std::fs::metadata(data.join("dev.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(first["clients"][0]["name"], "admin");
    let names: Vec<&str> = first["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["displayName"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["Ada Admin", "Alice Archer", "Bob Baker", "Carol Cooper"]
    );
    assert_eq!(first["baseUrl"].as_str(), Some(server.url.as_str()));
    let api = server.sign_in(None).await;
    let (status, _) = api
        .call(
            Method::POST,
            &format!("{EM}/catalogs"),
            Some(&json!({ "displayName": "Kept" })),
        )
        .await;
    assert_eq!(status, 201);

    assert!(server.terminate().success());
    let server = Server::start(&data, &[]);

    let second = server.dev();
    for key in ["tenantId", "clients", "users", "caFile"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    server
        .sign_in(None)
        .await
        .id_of(&format!("{EM}/catalogs"), "Kept")
        .await;
    server.sign_in(Some("alice")).await.get("/v1.0/me").await;
}

#[tokio::test]
async fn tls_is_spoken_with_a_certificate_of_the_authority_in_dev_json() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--https", "127.0.0.1:0"]);
    let dev = server.dev();
    let authority = std::fs::read(dev["caFile"].as_str().unwrap()).unwrap();
    let certificates = reqwest::Certificate::from_pem_bundle(&authority).unwrap();
    let base = dev["baseUrl"].as_str().unwrap();
    assert!(base.starts_with("https://127.0.0.1:"), "{base}");
    let document = format!(
        "{}/{}/v2.0/.well-known/openid-configuration",
        dev["authority"].as_str().unwrap(),
        dev["tenantId"].as_str().unwrap()
    );

    let trusting = reqwest::Client::builder()
        .tls_certs_only(certificates)
        .build()
        .unwrap();
    let found: Value = trusting
        .get(&document)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();

    assert!(
        found["issuer"].as_str().unwrap().starts_with(base),
        "{found}"
    );
    assert!(
        http().get(&document).send().await.is_err(),
        "nobody else trusts that authority"
    );
}

#[tokio::test]
async fn without_an_issuer_the_server_answers_401_and_the_log_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let log = folder.path().join("log");
    let mut child = reeve()
        .args(["serve", "--http", "127.0.0.1:0", "--data"])
        .arg(&data)
        .stdout(std::process::Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().unwrap()),
        &mut ready,
    )
    .unwrap();
    let url = ready
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http="))
        .unwrap()
        .to_owned();

    let answer = http()
        .get(format!("{url}{EM}/catalogs"))
        .bearer_auth("x.y.z")
        .send()
        .await
        .unwrap();
    let dev_only = http()
        .get(format!("{url}/reeve/v1/dev/clock"))
        .send()
        .await
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(answer.status(), 401);
    assert_eq!(dev_only.status(), 401);
    assert!(!data.join("dev.json").exists());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("[[issuer]]"), "{log}");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _first = Server::start(&data, &[]);

    let refused = Server::try_start(&data, &[]).err().unwrap();

    assert!(
        refused.contains("another server uses the data folder"),
        "{refused}"
    );
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::start(&data, &[]).terminate().success());
    let path = data.join("reeve.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer
        .execute("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES (9999, 'later', 'x', 0)", [])
        .unwrap();
    newer.close().unwrap();
    let before = std::fs::read(&path).unwrap();

    let refused = Server::try_start(&data, &[]).err().unwrap();

    assert!(refused.contains("nothing was changed"), "{refused}");
    assert!(refused.contains("later"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_wrong_configuration_is_told_by_its_key_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = folder.path().join("reeve.toml");
    for (content, key) in [
        ("[server]\nhtp = \"127.0.0.1:0\"", "htp"),
        (
            "[reprocess]\nrequestWindow = \"a while\"",
            "reprocess.requestWindow",
        ),
        ("[delivery]\nretrySchedule = []", "delivery.retrySchedule"),
        ("[server", "reeve.toml"),
    ] {
        std::fs::write(&config, content).unwrap();

        let refused = Server::try_start(&data, &["--config", config.to_str().unwrap()])
            .err()
            .unwrap();

        assert!(refused.contains(key), "{content}: {refused}");
        std::fs::remove_file(data.with_extension("stderr")).unwrap();
    }
    assert!(!data.exists());
}

#[tokio::test]
async fn a_delta_link_leads_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let seed = seed(folder.path(), 1);
    let server = Server::start(&data, &["--seed", seed.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let user = api.id_of("/v1.0/users", "u0@reeve.example").await;
    let requests = format!("{EM}/assignmentRequests");
    let body = direct(&package, &policy, &user);
    let (status, request) = api.call(Method::POST, &requests, Some(&body)).await;
    assert_eq!(status, 201, "{request}");
    let path = format!("{requests}/{}", request["id"].as_str().unwrap());
    assert_eq!(api.settled(&path).await, "delivered");
    let first = api.get("/reeve/v1/delta/assignments?$top=999").await;
    assert_eq!(first["value"].as_array().unwrap().len(), 1);
    let link = first["@odata.deltaLink"].as_str().unwrap();
    let link = link[link.find("/reeve/v1").unwrap()..].to_owned();

    assert!(server.terminate().success());
    let server = Server::start(&data, &[]);

    let api = server.sign_in(None).await;
    let next = api.get(&link).await;
    assert_eq!(next["value"], json!([]));
    let id = first["value"][0]["id"].as_str().unwrap();
    let (status, _) = api
        .call(
            Method::POST,
            &format!("{EM}/assignments/{id}/reprocess"),
            None,
        )
        .await;
    assert_eq!(status, 202);
    let changed = api.get(&link).await;
    assert_eq!(changed["value"][0]["id"], id);
}

#[tokio::test]
async fn sigterm_amid_a_delivery_ends_well_and_the_delivery_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let seed = seed(folder.path(), 1);
    let seed = ["--seed", seed.to_str().unwrap()];
    let server = Server::start(&data, &seed);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let user = api.id_of("/v1.0/users", "u0@reeve.example").await;
    set_fault(&api, json!("hang")).await;
    let (status, request) = api
        .call(
            Method::POST,
            &format!("{EM}/assignmentRequests"),
            Some(&direct(&package, &policy, &user)),
        )
        .await;
    assert_eq!(status, 201, "{request}");
    let path = format!(
        "{EM}/assignmentRequests/{}",
        request["id"].as_str().unwrap()
    );
    // A call to the directory is on its way, and will never be answered.
    until_leased(&api).await;

    let ended = server.terminate();

    assert_eq!(ended.code(), Some(0));
    let log = data.join("reeve.db-wal");
    assert!(
        !log.exists() || std::fs::metadata(&log).unwrap().len() == 0,
        "the database was closed"
    );
    let server = Server::start(&data, &seed);
    let api = server.sign_in(None).await;
    set_fault(&api, Value::Null).await;
    let (status, _) = api
        .call(
            Method::POST,
            "/reeve/v1/dev/clock",
            Some(&json!({ "advance": "PT5M" })),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(api.settled(&path).await, "delivered");
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}

async fn set_fault(api: &crate::support::Api, fault: Value) {
    let body = json!({ "fault": fault });
    let (status, told) = api
        .call(Method::PUT, "/reeve/v1/dev/faults/directory", Some(&body))
        .await;
    assert_eq!(status, 204, "{told}");
}

async fn until_leased(api: &crate::support::Api) {
    let look = async {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            looks.tick().await;
            if !api.list("/reeve/v1/ledger?phase=leased").await.is_empty() {
                return;
            }
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, look)
        .await
        .unwrap();
}

#[test]
fn help_names_every_command() {
    let help = text(&reeve().arg("--help").output().unwrap().stdout);

    for command in [
        "demo",
        "serve",
        "token",
        "migrate",
        "doctor",
        "config",
        "reprocess",
        "drift",
        "export",
        "import",
        "backup",
        "login",
        "assignments",
    ] {
        assert!(help.contains(&format!("  {command} ")), "{command}: {help}");
    }
}
