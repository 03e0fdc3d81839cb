//! The exit codes that `docs/command-line.md` promises, command by command.

use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::json;

use crate::support::{Server, direct, reeve, run, seed, text, work, write_private};

/// Runs the program as nobody who ever signed in.
fn stranger(state: &Path, words: &[&str]) -> Output {
    reeve()
        .env("XDG_STATE_HOME", state)
        .args(words)
        .output()
        .unwrap()
}

/// Commands that ask a server, as few words as each takes.
const ASKING: &[&[&str]] = &[
    &["packages", "list"],
    &["packages", "show", "Work"],
    &["requests", "list"],
    &["requests", "show", "1"],
    &["assignments", "list"],
    &["assignments", "show", "1"],
    &["approvals", "list"],
    &["approve", "1"],
    &["deny", "--all"],
    &["request", "Work"],
    &["grant", "Work", "--to", "u0"],
    &["revoke", "1"],
    &["extend", "1", "--for", "P1D"],
    &["cancel", "1"],
    &["reprocess", "requests", "1"],
    &["reprocess", "assignments", "1", "--single"],
    &["jobs", "list"],
    &["jobs", "show", "1"],
    &["jobs", "watch", "1"],
    &["jobs", "run", "1"],
    &["jobs", "pause", "1"],
    &["jobs", "resume", "1"],
    &["jobs", "cancel", "1"],
    &["drift"],
    &["explain", "request", "--package", "Work"],
    &["explain", "approval", "--package", "Work"],
    &["explain", "access", "--package", "Work"],
    &["explain", "resource", "1"],
    &["explain", "authorization", "reprocess"],
    &["export"],
    &["export", "--seed"],
    &[
        "import",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/seed.example.yaml"),
    ],
    &["audit", "tenant"],
    &["dev", "clock"],
    &["dev", "reset"],
    &["dev", "faults", "list"],
    &["dev", "faults", "set", "hr", "down"],
    &["dev", "faults", "clear"],
    &["dev", "member", "--add", "u0", "--group", "Crew"],
];

#[test]
fn a_command_that_does_not_say_where_as_whom_or_what_is_not_understood_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    let nobody_listens = "http://127.0.0.1:9";
    for &words in ASKING {
        let with = |more: &[&str]| stranger(&state, &[words, more].concat()).status.code();

        assert_eq!(with(&[]), Some(2), "nowhere: {words:?}");
        assert_eq!(with(&["--no-such-option"]), Some(2), "{words:?}");
        assert_eq!(with(&["--data", empty]), Some(3), "no tenant: {words:?}");
        let nobody = with(&["--url", nobody_listens]);
        assert_eq!(nobody, Some(3), "nobody signed in: {words:?}");
        let silent = with(&["--url", nobody_listens, "--token", "t"]);
        assert_eq!(silent, Some(1), "nobody listens: {words:?}");
        assert_eq!(with(&["--help"]), Some(0), "{words:?}");
    }
    let at = ["--url", nobody_listens, "--token", "t"];
    let file = folder.path().join("absent");
    let file = file.to_str().unwrap();
    let binary = folder.path().join("binary");
    std::fs::write(&binary, [0xff, 0xfe, 0x00]).unwrap();
    let binary = binary.to_str().unwrap();
    for (words, code) in [
        (&[][..], 2),
        (&["revoke"], 2),
        (
            &["revoke", "--package", "Work", at[0], at[1], at[2], at[3]],
            2,
        ),
        (&["extend", "1", at[0], at[1], at[2], at[3]], 2),
        (&["approve", at[0], at[1], at[2], at[3]], 2),
        (&["login", "--url", nobody_listens], 2),
        (&["login"], 2),
        (
            &[
                "login",
                "--url",
                nobody_listens,
                "--tenant",
                "t",
                "--client-id",
                "c",
            ],
            1,
        ),
        (&["logout"], 0),
        (&["import", file, at[0], at[1], at[2], at[3]], 3),
        (&["import", binary, at[0], at[1], at[2], at[3]], 3),
        (&["token", "--data", empty], 2),
        (&["token", "--data", empty, "--user", "u0"], 3),
        (&["token", "--user", "u0"], 2),
        (&["keys", "list", "--data", empty], 3),
        (&["keys", "rotate", "--data", empty], 3),
        (&["keys", "prune", "--data", empty], 3),
        (&["backup", "--data", empty, "--out", file], 3),
        (&["backup"], 2),
        (&["restore", empty, "--check"], 3),
        (&["restore", empty], 2),
        (&["restore", file, "--data", file], 3),
        (&["audit", "verify", "--data", empty], 3),
        (&["audit", "export", "--data", empty], 3),
        (&["audit", "sign", "--data", empty], 3),
        (&["audit", "verify", file], 1),
        (&["audit", "verify", "--head", "x"], 2),
        (&["serve", "--config", file], 1),
        (&["migrate", "--config", file], 1),
        (&["doctor", "--config", file], 1),
        (&["demo", "--no-such-option"], 2),
        (&["config"], 0),
        (&["completions", "bash"], 0),
        (&["completions", "tcsh"], 2),
        (&["man"], 0),
        (&["--version"], 0),
    ] {
        let done = stranger(&state, words);
        assert_eq!(done.status.code(), Some(code), "{words:?}: {done:?}");
    }
}

#[test]
fn every_command_has_its_exit_codes_tested() {
    let help = text(&run(&["--help"]).stdout);
    let commands = help.split("Commands:").nth(1).unwrap();
    let commands = commands.split("\n\n").next().unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next());
    let source = include_str!("endings.rs");
    let mut count = 0;
    for name in names {
        count += 1;
        assert!(source.contains(&format!("[\"{name}\"")), "{name}");
    }
    assert!(count > 25, "{count}");
}

/// Stand for what a tenant only knows once it runs.
const REQUEST: &str = "the request";
const FILE: &str = "the file";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// Commands that end well, in this order.
const WELL: &[&[&str]] = &[
    &["packages", "list"],
    &["packages", "show", "Work"],
    &["requests", "show", REQUEST],
    &["requests", "list"],
    &["assignments", "list", "--person", "u0", "--package", "Work"],
    &["approvals", "list", "--as", "alice"],
    &["approve", "--all", "--as", "alice"],
    &["deny", "--all", "--as", "alice"],
    &["drift"],
    &["audit", "tenant"],
    &["export"],
    &["export", "-o", "table"],
    &["export", "-o", "csv"],
    &["export", "--seed"],
    &["jobs", "list"],
    &[
        "reprocess",
        "assignments",
        "--state",
        "delivered",
        "--dry-run",
    ],
    &["reprocess", "assignments", "--state", "delivered"],
    &["import", FILE],
    &["import", FILE, "--dry-run"],
    &[
        "explain",
        "access",
        "--package",
        "Work",
        "--principal",
        "u0@reeve.example",
    ],
    &["revoke", "--person", "u0", "--package", "Work", "--wait"],
    &["grant", "Work", "--to", "u1", "--wait"],
    &["dev", "clock"],
    &["dev", "faults", "list"],
];

/// Commands that are refused, after those.
const REFUSED: &[&[&str]] = &[
    &["packages", "show", "No such thing"],
    &["requests", "show", UNKNOWN],
    &["assignments", "show", UNKNOWN],
    &["assignments", "list", "--person", "no such person"],
    &["approve", UNKNOWN],
    &["deny", UNKNOWN],
    &["request", "No such thing"],
    &["grant", "Work", "--to", "no such person"],
    &["grant", "Work", "--to", "u1"],
    &["revoke", UNKNOWN],
    &["revoke", "--person", "u0", "--package", "Work"],
    &["extend", UNKNOWN, "--for", "P1D"],
    &["cancel", UNKNOWN],
    &["cancel", REQUEST],
    &["reprocess", "requests", UNKNOWN],
    &["reprocess", "requests", UNKNOWN, "--single"],
    &["jobs", "show", UNKNOWN],
    &["jobs", "watch", UNKNOWN],
    &["jobs", "run", UNKNOWN],
    &["jobs", "pause", UNKNOWN],
    &["jobs", "resume", UNKNOWN],
    &["jobs", "cancel", UNKNOWN],
    &["explain", "access", "--package", "No such thing"],
    &["explain", "resource", UNKNOWN],
    &["requests", "list", "--filter", "nonsense"],
    &["dev", "faults", "set", "hr", "no-such-fault"],
    &[
        "dev",
        "member",
        "--add",
        "no such person",
        "--group",
        "Crew",
    ],
];

#[tokio::test]
async fn what_a_server_refuses_is_another_ending_than_what_fails() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = seed(folder.path(), 2);
    let server = Server::start(&data, &["--seed", file.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let user = api.id_of("/v1.0/users", "u0@reeve.example").await;
    let body = direct(&package, &policy, &user);
    let requests = format!("{}/assignmentRequests", crate::support::EM);
    let (_, request) = api.call(Method::POST, &requests, Some(&body)).await;
    let request = request["id"].as_str().unwrap().to_owned();
    assert_eq!(
        api.settled(&format!("{requests}/{request}")).await,
        "delivered"
    );
    let data = data.to_str().unwrap();
    let ends = |words: &[&str], code: i32| {
        let done = run(&[words, &["--data", data]].concat());
        assert_eq!(done.status.code(), Some(code), "{words:?}: {done:?}");
    };
    for &words in ASKING {
        let done = run(&[words, &["--data", data, "--as", "nobody"][..]].concat());
        assert_eq!(done.status.code(), Some(3), "{words:?}: {done:?}");
        let done = run(&[words, &["--data", data, "--client", "nobody"][..]].concat());
        assert_eq!(done.status.code(), Some(3), "{words:?}: {done:?}");
    }
    let file = file.to_str().unwrap();
    let meant = |words: &[&'static str]| -> Vec<String> {
        let meant = words.iter().map(|&word| match word {
            REQUEST => request.as_str(),
            FILE => file,
            word => word,
        });
        meant.map(str::to_owned).collect()
    };
    for (commands, code) in [(WELL, 0), (REFUSED, 3)] {
        for words in commands {
            let words = meant(words);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            ends(&words, code);
        }
    }
    ends(&["token"], 2);
    ends(&["token", "--user", "nobody"], 3);
    ends(&["token", "--client", "admin", "--scope", "No.Such"], 3);
    ends(&["token", "--client", "admin"], 0);
    ends(&["keys", "list"], 0);
    ends(&["audit", "verify"], 0);
    // Behind Reeve's back, and by a connection of its own: the other was idle for long.
    let api = server.sign_in(None).await;
    let crew = api.id_of("/v1.0/groups", "Crew").await;
    let member = api.id_of("/v1.0/users", "u1@reeve.example").await;
    let link = format!("/v1.0/groups/{crew}/members/{member}/$ref");
    let (status, _) = api.call(Method::DELETE, &link, None).await;
    assert_eq!(status, 204);
    ends(&["drift"], 1);
    ends(&["audit", "tenant"], 1);
    let told = run(&["audit", "tenant", "--data", data, "-o", "csv"]);
    let named = format!("Crew ({crew})");
    assert!(text(&told.stdout).contains(&named), "{told:?}");
}

#[test]
fn a_backup_that_lacks_a_file_or_has_another_in_its_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::start(&data, &[]).terminate().success());
    let data = data.to_str().unwrap();
    let backup = folder.path().join("backup");
    let backup = backup.to_str().unwrap();
    let done = run(&["backup", "--data", data, "--out", backup]);
    assert!(done.status.success(), "{done:?}");
    let restored = folder.path().join("restored");
    let restored = restored.to_str().unwrap();
    let restore = |code: i32| {
        let done = run(&["restore", backup, "--data", restored]);
        assert_eq!(done.status.code(), Some(code), "{done:?}");
    };
    let manifest = Path::new(backup).join("backup.json");
    let whole = std::fs::read_to_string(&manifest).unwrap();
    let names: serde_json::Value = serde_json::from_str(&whole).unwrap();
    for name in names["files"].as_object().unwrap().keys() {
        let path = Path::new(backup).join(name);
        let aside = folder.path().join("aside");
        std::fs::rename(&path, &aside).unwrap();
        restore(3);
        write_private(&path, "not what it was");
        restore(3);
        std::fs::rename(&aside, &path).unwrap();
    }
    for broken in ["", "{", &whole.replace("reeve.db", "../reeve.db")] {
        write_private(&manifest, broken);
        restore(3);
    }
    write_private(&manifest, json!(names).to_string());
    restore(0);
    restore(3);
}
