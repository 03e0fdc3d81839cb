//! No file names a place that only one machine has, or a host that the project does not speak of.

use crate::finding::Finding;
use crate::source::{before_tests, is_test_file};
use crate::workspace::TextFile;

/// Folders of one machine. Spelt in halves, so that this file does not name them.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// Where tests alone may point, for a name that is never opened.
const TEMPORARY: &str = concat!("/t", "mp/");

/// Hosts that documents and code may name.
const HOSTS: &[&str] = &[
    // The namespace of images.
    "www.w3.org",
    // The namespaces of `$metadata`.
    "docs.oasis-open.org",
    "oasis-tcs.github.io",
    "127.0.0.1",
    "::1",
    "docs.microsoft.com",
    "dod-graph.microsoft.us",
    "graph.microsoft.com",
    "graph.microsoft.us",
    "keepachangelog.com",
    "learn.microsoft.com",
    "login.chinacloudapi.cn",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "microsoftgraph.chinacloudapi.cn",
    "semver.org",
    "schemas.microsoft.com",
    "www.apache.org",
];

/// Endings that are reserved for examples.
const EXAMPLE_ENDINGS: &[&str] = &[
    ".example",
    ".example.com",
    ".example.org",
    ".test",
    ".invalid",
    ".localhost",
];

/// Every machine folder and every foreign host.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        // Cargo writes the one, the other is a text of law.
        if file.path.ends_with("Cargo.lock") || file.path == "LICENSE" {
            continue;
        }
        let tested = if is_test_file(&file.path) {
            ""
        } else {
            before_tests(&file.text)
        };
        for (number, line) in (1..).zip(file.text.lines()) {
            for folder in MACHINE_FOLDERS {
                if names_folder(line, folder) {
                    let message = format!("`{folder}` is a folder of one machine");
                    findings.push(Finding::at(&file.path, number, message));
                }
            }
        }
        for (number, line) in (1..).zip(tested.lines()) {
            if names_folder(line, TEMPORARY) {
                let message = format!("`{TEMPORARY}`: ask the system for a temporary folder");
                findings.push(Finding::at(&file.path, number, message));
            }
            for host in hosts(line).filter(|host| !is_known(host)) {
                let message = format!("`{host}` is not among the hosts that the project names");
                findings.push(Finding::at(&file.path, number, message));
            }
        }
    }
    findings
}

/// Whether an absolute path begins with the folder; a longer path or a URL may well have it inside.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '*'))
    })
}

/// The hosts of the URLs in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    ["http://", "https://", "ldap://", "ldaps://"]
        .into_iter()
        .flat_map(|scheme| {
            line.match_indices(scheme)
                .map(move |(at, _)| at + scheme.len())
        })
        .filter_map(|at| {
            let rest = line.get(at..)?;
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
                .unwrap_or(rest.len());
            rest.get(..end).map(|host| host.trim_end_matches('.'))
        })
        .filter(|host| !host.is_empty())
}

/// A name without a dot is no host of the internet.
fn is_known(host: &str) -> bool {
    !host.contains('.')
        || HOSTS.contains(&host)
        || matches!(host, "example.com" | "example.org")
        || EXAMPLE_ENDINGS.iter().any(|ending| host.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&[TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn a_folder_of_one_machine_is_found_everywhere() {
        let line = format!("see {}x", MACHINE_FOLDERS[0]);

        assert_eq!(count("README.md", &line), 1);
        assert_eq!(count("crates/a/tests/it.rs", &line), 1);
        assert_eq!(count("README.md", "see net/work/x and frame-work/y"), 0);
    }

    #[test]
    fn tests_alone_may_name_the_temporary_folder() {
        let line = format!("let a = \"{TEMPORARY}x\";\n");

        assert_eq!(count("crates/a/src/b.rs", &line), 1);
        assert_eq!(count("crates/a/tests/it.rs", &line), 0);
        assert_eq!(
            count(
                "crates/a/src/b.rs",
                &format!("#[cfg(test)]\nmod tests {{\n{line}}}\n")
            ),
            0
        );
    }

    #[test]
    fn foreign_hosts_are_found() {
        let foreign = concat!("http", "s://packages.corp.net/simple");

        assert_eq!(count("docs/a.md", foreign), 1);
        assert_eq!(
            count(
                "docs/a.md",
                "https://idm.example.com http://127.0.0.1:80 http://{host}/"
            ),
            0
        );
    }
}
