//! The testers of SCIM servers, unmodified, against the endpoint of a served tenant that outside directories feed.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use peers::policy::started_or_skipped;
use peers::scim_testers;
use serde_json::{Value, json};

use crate::support::{Server, run, text};

struct Tenant {
    server: Server,
    token: String,
    _folder: tempfile::TempDir,
}

impl Tenant {
    fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("reeve.toml");
        std::fs::write(&config, configuration).unwrap();
        let more = ["--config", config.to_str().unwrap()];
        let server = Server::start(&folder.path().join("data"), &more);
        let data = server.data.to_str().unwrap();
        let told = run(&["token", "--client", "admin", "--data", data]);
        assert!(told.status.success(), "{}", text(&told.stderr));
        Self {
            server,
            token: text(&told.stdout).trim().to_owned(),
            _folder: folder,
        }
    }

    fn url(&self) -> String {
        format!("{}/scim/v2", self.server.url)
    }
}

fn ended(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn scim2_tester_finds_nothing() {
    let Some(program) = started_or_skipped("scim2-cli", Ok(scim_testers::scim2())) else {
        return;
    };
    let tenant = Tenant::start("");

    let output = ended(
        Command::new(program)
            .env(
                "SCIM_CLI_HEADERS",
                format!("Authorization: Bearer {}", tenant.token),
            )
            .args(["--url", &tenant.url(), "test"]),
    );

    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(!told.contains("ERROR"), "{told}");
    // It is silent about what it never came to.
    for check in [
        "check_add_attribute",
        "check_remove_attribute",
        "check_replace_attribute",
        "search_with_attributes",
        "object_deletion",
    ] {
        assert!(
            told.contains(&format!("SUCCESS {check}")),
            "{check}: {told}"
        );
    }
}

/// What scim-sanity tells of a tenant. It adds a member whom nobody knows to a group, and wants that to succeed.
fn sanity(program: &Path, tenant: &Tenant) -> (Value, String) {
    let output = ended(Command::new(program).args([
        "probe",
        &tenant.url(),
        "--token",
        &tenant.token,
        "--strict",
        "--json-output",
        "--i-accept-side-effects",
    ]));
    let told = text(&output.stdout);
    let report = serde_json::from_str(&told)
        .unwrap_or_else(|_| panic!("no report: {told}\n{}", text(&output.stderr)));
    (report, told)
}

/// The names of the checks that ended so.
fn named<'a>(report: &'a Value, status: &str) -> Vec<&'a Value> {
    let results = report["results"].as_array().unwrap().iter();
    let fits = results.filter(|result| result["status"] == status);
    fits.map(|result| &result["name"]).collect()
}

#[test]
fn scim_sanity_finds_nothing_where_unknown_members_are_ignored() {
    let Some(program) = started_or_skipped("scim-sanity", Ok(scim_testers::scim_sanity())) else {
        return;
    };
    let tenant = Tenant::start("[provisioning]\nunknownMembers = \"ignore\"\n");

    let (report, told) = sanity(&program, &tenant);

    assert_eq!(named(&report, "fail"), Vec::<&Value>::new(), "{told}");
    let findings = &report["summary"];
    for kind in ["failed", "warnings", "errors"] {
        assert_eq!(findings[kind], 0, "{kind}: {told}");
    }
    assert!(named(&report, "pass").len() >= 28, "{told}");
    let log = tenant.server.log();
    assert!(
        log.contains("members that nobody knows were left out"),
        "{log}"
    );
}

#[test]
fn scim_sanity_finds_nothing_else_where_unknown_members_are_refused() {
    let Some(program) = started_or_skipped("scim-sanity", Ok(scim_testers::scim_sanity())) else {
        return;
    };
    let tenant = Tenant::start("");

    let (report, told) = sanity(&program, &tenant);

    assert_eq!(
        named(&report, "fail"),
        [&json!("PATCH /Groups/{id} add member")],
        "{told}"
    );
    let findings = &report["summary"];
    for kind in ["warnings", "errors"] {
        assert_eq!(findings[kind], 0, "{kind}: {told}");
    }
    assert!(named(&report, "pass").len() >= 27, "{told}");
}
