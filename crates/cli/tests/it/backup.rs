//! `reeve backup` and `reeve restore`: a copy that is whole though the server writes, and what is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EM, Server, run, text};

fn backup(data: &Path, out: &Path) -> (Option<i32>, String) {
    let words = [
        "backup",
        "--data",
        data.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let done = run(&words);
    (done.status.code(), text(&done.stdout) + &text(&done.stderr))
}

fn restore(words: &[&str]) -> (Option<i32>, String) {
    let done = run(&[&["restore"], words].concat());
    (done.status.code(), text(&done.stdout) + &text(&done.stderr))
}

#[tokio::test]
async fn what_is_backed_up_while_the_server_writes_is_whole_and_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &["--demo-org"]);
    let api = server.sign_in(None).await;
    let (is_over, written) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut writers = Vec::new();
    for writer in 0..4 {
        let (api, is_over, written) = (api.clone(), Arc::clone(&is_over), Arc::clone(&written));
        writers.push(tokio::spawn(async move {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                let body = json!({ "displayName": format!("Catalog {writer}-{number}") });
                let path = format!("{EM}/catalogs");
                let (status, told) = api.call(Method::POST, &path, Some(&body)).await;
                assert_eq!(status, 201, "{told}");
                number += 1;
                written.fetch_add(1, Ordering::Relaxed);
            }
            number
        }));
    }
    while written.load(Ordering::Relaxed) < 100 {
        tokio::task::yield_now().await;
    }

    let out = folder.path().join("backup");
    let before = written.load(Ordering::Relaxed);
    let (data, to) = (server.data.clone(), out.clone());
    let (code, told) = tokio::task::spawn_blocking(move || backup(&data, &to))
        .await
        .unwrap();
    let after = written.load(Ordering::Relaxed);
    is_over.store(true, Ordering::Relaxed);
    let mut all = 0;
    for writer in writers {
        all += writer.await.unwrap();
    }
    assert_eq!(code, Some(0), "{told}");
    assert!(after > before, "nothing was written meanwhile");

    for entry in std::fs::read_dir(&out).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "somebody else may read it");
    }
    let (code, told) = restore(&[out.to_str().unwrap(), "--check"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("whole: "), "{told}");
    let restored = folder.path().join("restored");
    // With the slash that completion leaves.
    let named = format!("{}/", restored.to_str().unwrap());
    let (code, told) = restore(&[out.to_str().unwrap(), "--data", &named]);
    assert_eq!(code, Some(0), "{told}");

    let copy = Server::start(&restored, &[]);
    let api = copy.sign_in(None).await;
    let found = api
        .list(&format!(
            "{EM}/catalogs?$filter=startswith(displayName, 'Catalog ')"
        ))
        .await;
    assert!(
        (before..=all).contains(&found.len()),
        "{before} {} {all}",
        found.len()
    );
    // Each writer waits for its answer, so the copy has no gap in what any of them made.
    for writer in 0..4 {
        let prefix = format!("Catalog {writer}-");
        let mut numbers: Vec<usize> = found
            .iter()
            .filter_map(|one: &Value| one["displayName"].as_str()?.strip_prefix(&prefix))
            .map(|number| number.parse().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
    }
    let verified = run(&["audit", "verify", "--data", restored.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", text(&verified.stdout));
}

#[test]
fn a_backup_that_is_not_whole_is_refused_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::start(&data, &[]).terminate().success());
    let out = folder.path().join("backup");
    let (code, told) = backup(&data, &out);
    assert_eq!(code, Some(0), "{told}");
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    assert_eq!(backup(&data, &out).0, Some(3), "there is one already");
    assert_eq!(restore(&[&at("backup"), "--data", &at("data")]).0, Some(3));
    assert_eq!(restore(&[&at("data"), "--check"]).0, Some(3), "no manifest");
    let database = out.join("reeve.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&database, bytes).unwrap();
    let (code, told) = restore(&[&at("backup"), "--data", &at("restored")]);
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("is not the file that was backed up"),
        "{told}"
    );
    assert!(!folder.path().join("restored").exists());
}

/// Starts a command, and kills it as soon as a folder that begins so holds this many files, if it is not over before.
fn killed(words: &[&str], folder: &Path, begins: &str, files: usize) {
    let mut child = crate::support::reeve()
        .args(words)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let count = || {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let is_meant =
            |entry: &std::fs::DirEntry| entry.file_name().to_str().unwrap().starts_with(begins);
        let inner = entries.filter(is_meant).map(|entry| entry.path());
        inner
            .filter_map(|path| std::fs::read_dir(path).ok())
            .map(Iterator::count)
            .max()
    };
    while child.try_wait().unwrap().is_none() {
        if count().is_some_and(|count| count >= files) {
            child.kill().unwrap();
        }
    }
}

#[test]
fn a_backup_or_a_restore_that_is_killed_at_any_file_leaves_nothing_that_passes_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::start(&data, &[]).terminate().success());
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let whole = folder.path().join("whole");
    assert_eq!(backup(&data, &whole).0, Some(0));
    let files = std::fs::read_dir(&whole).unwrap().count();
    assert!(files > 3);

    for step in 0..=files {
        let name = format!("cut-{step}");
        let out = at(&name);
        let words = ["backup", "--data", data.to_str().unwrap(), "--out", &out];
        killed(&words, folder.path(), &name, step);
        let is_whole = Path::new(&out).join("backup.json").exists();
        let (code, told) = restore(&[&out, "--check"]);
        assert_eq!(code, Some(if is_whole { 0 } else { 3 }), "{step}: {told}");
        let (code, told) = backup(&data, Path::new(&out));
        assert!(code == Some(3) || code == Some(0), "{step}: {told}");

        let name = format!("back-{step}");
        let to = at(&name);
        let from = at("whole");
        killed(
            &["restore", &from, "--data", &to],
            folder.path(),
            &name,
            step,
        );
        let (code, told) = restore(&[&from, "--data", &to]);
        // It was done before the kill came, or is now; a data folder is never half of one.
        assert!(
            code == Some(0) || told.contains("holds something"),
            "{step}: {told}"
        );
        let verified = run(&["audit", "verify", "--data", &to]);
        assert!(
            verified.status.success(),
            "{step}: {}",
            text(&verified.stdout)
        );
    }
}

#[test]
fn a_postgresql_database_is_backed_up_by_its_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reeve.toml");
    let text = "[database]\nurl = \"postgres://reeve@127.0.0.1:9/reeve\"\n";
    crate::support::write_private(&config, text);
    let out = folder.path().join("backup");

    let words = [
        "--config",
        config.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let refused = run(&[&["backup"], &words[..]].concat());

    assert_eq!(refused.status.code(), Some(3));
    assert!(crate::support::text(&refused.stderr).contains("pg_dump"));
    assert!(!out.exists());
}
