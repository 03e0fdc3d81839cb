//! The published contract against a served tenant: every operation answers, or is a deviation with a reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Server, reeve, text};

/// The probe beside the published schema; neither is part of the repository.
fn probe() -> Option<(PathBuf, PathBuf)> {
    let contract = std::env::var_os("CONTRACT_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contract"),
        PathBuf::from,
    );
    let probe = contract.join("../tools/contract_probe.py");
    if probe.is_file() {
        return Some((probe, contract));
    }
    eprintln!("NOT CHECKED: there is no {}", probe.display());
    None
}

/// Asks for every operation of a tier, and tells what the probe found.
fn assert_nothing_is_missing(more: &[&str]) {
    let Some((probe, contract)) = probe() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &["--demo-org"]);
    let token = reeve()
        .args(["token", "--client", "admin", "--data"])
        .arg(&server.data)
        .output()
        .unwrap();

    let found = Command::new("python3")
        .arg(probe)
        .arg(&server.url)
        .args(["--token", text(&token.stdout).trim(), "--list-missing"])
        .arg("--contract")
        .arg(contract)
        .arg("--deviations")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deviations.txt"))
        .args(more)
        .output()
        .unwrap();

    let told = text(&found.stdout);
    assert!(found.status.success(), "{told}{}", text(&found.stderr));
    assert!(told.contains("; 0 missing"), "{told}");
}

#[test]
fn every_operation_of_the_first_tier_is_served_or_a_deviation() {
    assert_nothing_is_missing(&["--tier", "1"]);
}

#[test]
fn every_documented_operation_of_the_second_tier_is_served_or_a_deviation() {
    assert_nothing_is_missing(&["--tier", "2", "--documented"]);
}
