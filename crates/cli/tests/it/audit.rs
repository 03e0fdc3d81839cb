//! `reeve audit` from outside: what a server sealed is whole, what somebody did to it afterwards is named.

use std::path::Path;

use crate::support::{Server, http, run, text};

/// Runs a command of `reeve audit`; its exit and what it printed.
fn audit(arguments: &[&str]) -> (bool, String) {
    let done = run(&[&["audit"], arguments].concat());
    (done.status.success(), text(&done.stdout))
}

fn tamper(data: &Path, sql: &str) {
    let file = rusqlite::Connection::open(data.join("reeve.db")).unwrap();
    assert_eq!(file.execute(sql, []).unwrap(), 1, "{sql}");
}

#[tokio::test]
async fn what_a_server_hands_out_is_proven_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("tenant");
    let server = Server::start(&data, &["--demo-org"]);
    let log = format!("{}/reeve/v1/auditLog", server.url);
    let data_text = data.to_str().unwrap();
    let token = text(&run(&["token", "--data", data_text, "--client", "admin"]).stdout);
    let asked = http()
        .get(log)
        .bearer_auth(token.trim())
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 200);
    let lines = asked.text().await.unwrap();
    assert!(server.terminate().success());

    let file = folder.path().join("log.ndjson");
    std::fs::write(&file, &lines).unwrap();
    let file_text = file.to_str().unwrap();
    let (whole, told) = audit(&["verify", file_text, "--data", data_text]);
    assert!(whole && told.starts_with("whole: "), "{told}");
    let (whole, told) = audit(&["verify", file_text]);
    assert!(whole, "the links need no key");
    assert!(told.starts_with("links hold, NOT PROVEN"), "{told}");
    let (kept, _) = lines.trim_end().rsplit_once('\n').unwrap();
    std::fs::write(&file, kept).unwrap();
    let (whole, told) = audit(&["verify", file_text]);
    assert!(!whole && told.starts_with("BROKEN: "), "{told}");
}

#[test]
fn a_log_is_proven_exported_and_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("tenant");
    let server = Server::start(&data, &["--demo-org"]);
    // Killed, not stopped: what was not sealed then is sealed by the next start, and the chain goes on.
    server.kill();
    let server = Server::start(&data, &["--demo-org"]);
    assert!(server.terminate().success());
    let data_text = data.to_str().unwrap();

    let (whole, told) = audit(&["verify", "--data", data_text]);
    assert!(whole, "{told}");
    assert!(
        told.starts_with("whole: ") && !told.contains("not sealed"),
        "{told}"
    );
    let head = told.rsplit("head ").next().unwrap().trim().to_owned();
    let (held, told) = audit(&["verify", "--data", data_text, "--head", &head]);
    assert!(held, "{told}");

    let file = folder.path().join("log.ndjson");
    let file_text = file.to_str().unwrap();
    let (written, told) = audit(&["export", "--data", data_text, "--out", file_text]);
    assert!(written, "{told}");
    let (whole, told) = audit(&["verify", file_text, "--data", data_text]);
    assert!(whole && told.contains(&head), "{told}");
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, lines.replacen("success", "failure", 1)).unwrap();
    let (whole, told) = audit(&["verify", file_text]);
    assert!(!whole && told.starts_with("BROKEN: event 1 "), "{told}");

    let (key, away) = (data.join("audit-es256.key"), folder.path().join("away"));
    std::fs::rename(&key, &away).unwrap();
    let (whole, told) = audit(&["verify", "--data", data_text]);
    assert!(!whole && told.is_empty(), "{told}");
    assert!(!key.exists(), "a check makes no key");
    std::fs::rename(&away, &key).unwrap();

    tamper(
        &data,
        "UPDATE audit_event SET activity = 'Nothing' WHERE seq = 3",
    );
    let (whole, told) = audit(&["verify", "--data", data_text]);
    assert!(!whole && told.starts_with("BROKEN: event 3 "), "{told}");
    tamper(&data, "DELETE FROM audit_event WHERE seq = 2");
    let (whole, told) = audit(&["verify", "--data", data_text]);
    assert!(
        !whole && told.starts_with("BROKEN: events 2 to 2 "),
        "{told}"
    );
    assert!(
        !audit(&["sign", "--data", data_text]).0,
        "links that are broken are not signed"
    );
    assert!(!audit(&["verify", "--data", folder.path().to_str().unwrap()]).0);
    assert!(!audit(&["verify", "--data", data_text, "--head", "5"]).0);
}
