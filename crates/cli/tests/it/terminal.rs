//! What is drawn on a terminal, and only there.

use std::io::Read;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::json;

use crate::support::{EM, Server, direct, reeve, run, seed, text, work};

/// A tenant in which somebody has the package.
async fn farm(folder: &std::path::Path) -> Server {
    let seed = seed(folder, 1);
    let server = Server::start(&folder.join("data"), &["--seed", seed.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let user = api.id_of("/v1.0/users", "u0@reeve.example").await;
    let body = direct(&package, &policy, &user);
    let requests = format!("{EM}/assignmentRequests");
    let (status, request) = api.call(Method::POST, &requests, Some(&body)).await;
    assert_eq!(status, 201, "{request}");
    let path = format!("{requests}/{}", request["id"].as_str().unwrap());
    assert_eq!(api.settled(&path).await, "delivered");
    server
}

/// Runs the program on a pseudo-terminal, which `script` makes; what both streams wrote.
fn on_a_terminal(arguments: &str, kind: &str) -> String {
    let program = reeve();
    let line = format!("'{}' {arguments}", program.get_program().display());
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("TERM", kind)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}");
    told
}

#[tokio::test]
async fn a_bar_is_drawn_on_a_terminal_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = farm(folder.path()).await;
    let data = server.data.to_str().unwrap().to_owned();
    for shape in ["", "--single "] {
        let words = format!("reprocess assignments --state delivered {shape}--data '{data}'");

        let drawn = on_a_terminal(&words, "xterm");
        let dumb = on_a_terminal(&words, "dumb");
        let split: Vec<&str> = words.split_whitespace().collect();
        let mut split: Vec<String> = split.iter().map(|word| word.replace('\'', "")).collect();
        let piped = reeve().args(split.drain(..)).output().unwrap();

        assert!(drawn.contains('\r') && drawn.contains("] "), "{drawn:?}");
        assert!(
            drawn.contains("grants") || drawn.contains("assignments"),
            "{drawn:?}"
        );
        for told in [
            dumb.replace("\r\n", "\n"),
            text(&piped.stdout),
            text(&piped.stderr),
        ] {
            assert!(!told.contains('\r') && !told.contains("[#"), "{told:?}");
        }
        // Colours are used nowhere, so NO_COLOR has nothing to forbid.
        assert!(!drawn.contains('\u{1b}'), "{drawn:?}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_program_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let server = farm(folder.path()).await;
    let mut child = reeve()
        .args(["export", "--data", server.data.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());

    let status = child.wait().unwrap();

    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(told, "");
}

#[tokio::test]
async fn a_name_that_gives_orders_to_a_terminal_is_shown_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = farm(folder.path()).await;
    let api = server.sign_in(None).await;
    let packages = format!("{EM}/accessPackages");
    let catalog = api.id_of(&format!("{EM}/catalogs"), "Farm").await;
    for _ in 0..2 {
        let body = json!({
            "displayName": "Evil\u{1b}[2J, =twice", "description": "d", "catalog": { "id": catalog },
        });
        let (status, told) = api.call(Method::POST, &packages, Some(&body)).await;
        assert!(status == 201 || status == 400, "{told}");
    }
    let data = server.data.to_str().unwrap();

    for form in ["table", "csv", "json"] {
        let listed = run(&["packages", "list", "--data", data, "--output", form]);
        assert!(listed.status.success(), "{listed:?}");
        let told = text(&listed.stdout);
        assert!(form == "csv" || !told.contains('\u{1b}'), "{told:?}");
    }
}
