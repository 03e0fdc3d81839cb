//! Who may know whom (R11): the table of layers as code, held against every `Cargo.toml`.
//!
//! A new edge or crate is a decision: it goes into this table together with its record in `docs/adr/`.

use crate::finding::Finding;
use crate::workspace::{Dependency, Kind, Package};

/// What one crate may depend on.
struct Layer {
    name: &'static str,
    may: May,
}

enum May {
    /// These crates of ours.
    Know(&'static [&'static str]),
    /// All of ours: it wires them together, or tests them.
    KnowAll,
}

const LAYERS: &[Layer] = &[
    layer("domain", &[]),
    layer("odata", &[]),
    layer("scim", &[]),
    layer("wire", &["domain", "odata"]),
    layer("store", &["domain"]),
    layer("egress", &["domain"]),
    layer("auth", &["domain", "egress"]),
    layer("service", &["domain", "store", "auth"]),
    layer("connector-api", &["domain"]),
    layer("connector-scim", &["domain", "connector-api", "egress"]),
    layer("connector-ldap", &["domain", "connector-api"]),
    layer("delivery", &["domain", "store", "service", "connector-api"]),
    layer("callout", &["domain", "service", "egress"]),
    layer("feed", &["domain", "service", "auth", "egress"]),
    layer("notice", &["domain", "service"]),
    layer(
        "server",
        &["domain", "service", "auth", "wire", "odata", "scim"],
    ),
    layer("portal", &["domain", "service", "auth", "egress"]),
    layer("peers", &[]),
    layer("xtask", &["domain", "auth", "wire"]),
    Layer {
        name: "reeve",
        may: May::KnowAll,
    },
    Layer {
        name: "testkit",
        may: May::KnowAll,
    },
    Layer {
        name: "bench",
        may: May::KnowAll,
    },
    layer(
        "simulation",
        &[
            "domain",
            "store",
            "service",
            "auth",
            "delivery",
            "connector-api",
        ],
    ),
];

/// What tests of any crate may use beside what the crate itself may know.
const FOR_TESTS: &[&str] = &["testkit", "peers", "store"];

/// Crates that only tests and tools may name.
const TESTS_ONLY: &[&str] = &["testkit", "peers", "bench", "simulation", "xtask"];

/// Where those may be named outside `[dev-dependencies]`.
const TOOLS: &[&str] = &["testkit", "bench"];

/// Libraries that a crate never names outside its tests, whatever they would be good for.
const NEVER: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "axum",
            "postgres",
            "rusqlite",
            "serde",
            "serde_json",
            "tokio",
        ],
    ),
    ("odata", &["axum", "http", "postgres", "rusqlite", "tokio"]),
    ("scim", &["axum", "http", "postgres", "rusqlite", "tokio"]),
    ("wire", &["axum", "http", "postgres", "rusqlite", "tokio"]),
    ("store", &["axum", "http", "reqwest"]),
    ("auth", &["axum", "postgres", "rusqlite"]),
    (
        "service",
        &["axum", "http", "postgres", "reqwest", "rusqlite"],
    ),
    (
        "delivery",
        &["axum", "ldap3", "postgres", "reqwest", "rusqlite"],
    ),
    ("callout", &["axum", "ldap3", "postgres", "rusqlite"]),
    (
        "notice",
        &["axum", "ldap3", "postgres", "reqwest", "rusqlite"],
    ),
    ("portal", &["ldap3", "postgres", "rusqlite"]),
    ("server", &["ldap3", "postgres", "rusqlite"]),
];

/// Errors are typed everywhere else.
const MAY_USE_ANYHOW: &[&str] = &["reeve", "xtask", "peers", "testkit", "bench", "simulation"];

const fn layer(name: &'static str, may: &'static [&'static str]) -> Layer {
    Layer {
        name,
        may: May::Know(may),
    }
}

/// Every edge that is not in the table, and every crate that is missing there or here.
pub(crate) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == package.name) else {
            findings.push(Finding::in_file(
                &manifest,
                format!("crate `{}` is not in the table of layers", package.name),
            ));
            continue;
        };
        for dependency in &package.dependencies {
            if let Some(why) = refusal(layer, dependency) {
                findings.push(Finding::in_file(&manifest, why));
            }
        }
    }
    for layer in LAYERS {
        if !packages.iter().any(|package| package.name == layer.name) {
            findings.push(Finding::in_file(
                "Cargo.toml",
                format!("crate `{}` of the table of layers is gone", layer.name),
            ));
        }
    }
    findings
}

fn refusal(layer: &Layer, dependency: &Dependency) -> Option<String> {
    let from = layer.name;
    let to = dependency.name.as_str();
    let is_for_tests = dependency.kind == Kind::Dev;
    if !dependency.is_ours {
        if is_for_tests {
            return None;
        }
        let is_banned = NEVER
            .iter()
            .any(|(name, never)| *name == from && never.contains(&to));
        let is_untyped = to == "anyhow" && !MAY_USE_ANYHOW.contains(&from);
        return (is_banned || is_untyped)
            .then(|| format!("`{from}` must not depend on the library `{to}`"));
    }
    // A crate names itself to switch on a feature for its tests.
    if is_for_tests && (to == from || FOR_TESTS.contains(&to)) {
        return None;
    }
    let is_misplaced = TESTS_ONLY.contains(&to) && !is_for_tests && !TOOLS.contains(&from);
    let may_know = match layer.may {
        May::Know(known) => known.contains(&to),
        May::KnowAll => !is_misplaced,
    };
    (!may_know).then(|| format!("`{from}` must not depend on `{to}`: the edge is not in the table"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(from: &str, to: &str, kind: Kind, is_ours: bool) -> Vec<String> {
        let mut packages: Vec<Package> = LAYERS
            .iter()
            .map(|layer| Package {
                name: layer.name.to_owned(),
                ..Package::default()
            })
            .collect();
        for package in packages.iter_mut().filter(|package| package.name == from) {
            package.dependencies.push(Dependency {
                name: to.to_owned(),
                kind,
                is_ours,
            });
        }
        check(&packages)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn an_edge_of_the_table_is_allowed() {
        assert!(refusals("service", "store", Kind::Normal, true).is_empty());
        assert!(refusals("reeve", "connector-ldap", Kind::Normal, true).is_empty());
    }

    #[test]
    fn an_edge_outside_the_table_is_refused() {
        assert_eq!(refusals("service", "wire", Kind::Normal, true).len(), 1);
        assert_eq!(refusals("odata", "domain", Kind::Normal, true).len(), 1);
        assert_eq!(refusals("server", "store", Kind::Normal, true).len(), 1);
        assert_eq!(
            refusals("delivery", "connector-scim", Kind::Normal, true).len(),
            1
        );
    }

    #[test]
    fn tests_may_use_the_kit_the_peers_and_the_store() {
        assert!(refusals("server", "store", Kind::Dev, true).is_empty());
        assert!(refusals("connector-scim", "peers", Kind::Dev, true).is_empty());
        assert!(refusals("connector-api", "connector-api", Kind::Dev, true).is_empty());
        assert_eq!(refusals("service", "wire", Kind::Dev, true).len(), 1);
    }

    #[test]
    fn the_binary_may_know_all_but_what_is_for_tests() {
        assert_eq!(refusals("reeve", "peers", Kind::Normal, true).len(), 1);
        assert!(refusals("testkit", "peers", Kind::Normal, true).is_empty());
    }

    #[test]
    fn pure_crates_name_no_library_that_does_io() {
        assert_eq!(refusals("domain", "tokio", Kind::Normal, false).len(), 1);
        assert_eq!(refusals("store", "anyhow", Kind::Normal, false).len(), 1);
        assert!(refusals("domain", "tokio", Kind::Dev, false).is_empty());
        assert!(refusals("xtask", "anyhow", Kind::Normal, false).is_empty());
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_found() {
        let findings = check(&[Package {
            name: "unheard-of".to_owned(),
            ..Package::default()
        }]);

        assert!(
            findings
                .iter()
                .any(|finding| finding.message.contains("`unheard-of`"))
        );
        assert!(
            findings
                .iter()
                .any(|finding| finding.message.contains("`domain`"))
        );
    }
}
