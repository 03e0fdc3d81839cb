//! Dependencies that nothing uses: each costs build time, and a reader's.

use anyhow::Context;

use crate::finding::Finding;
use crate::source::{code_of, identifiers};
use crate::workspace::{Package, TextFile};

/// Named for what they switch on in another library, not for their own names: (crate, dependency).
const FOR_THEIR_FEATURES: &[(&str, &str)] = &[];

/// Every dependency that no source of its crate names, and every line of the workspace's table that no crate takes.
pub(crate) fn check(
    packages: &[Package],
    manifest: &str,
    files: &[TextFile],
) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in packages {
        let code: Vec<String> = files
            .iter()
            .filter(|file| package.holds(&file.path) && file.is_rust())
            .map(|file| code_of(&file.text))
            .collect();
        for dependency in &package.dependencies {
            let name = dependency.name.replace('-', "_");
            let is_named = code
                .iter()
                .any(|code| identifiers(code).any(|word| word == name));
            let pair = (package.name.as_str(), dependency.name.as_str());
            if !is_named && !FOR_THEIR_FEATURES.contains(&pair) {
                findings.push(Finding::in_file(
                    &format!("{}/Cargo.toml", package.folder),
                    format!("dependency `{}` is not used", dependency.name),
                ));
            }
        }
    }
    let manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
    let shared = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table)
        .context("Cargo.toml has no [workspace.dependencies]")?;
    for name in shared.keys() {
        let is_taken = packages.iter().any(|package| {
            package
                .dependencies
                .iter()
                .any(|dependency| dependency.name == *name)
        });
        if !is_taken {
            findings.push(Finding::in_file(
                "Cargo.toml",
                format!("no crate takes `{name}` from [workspace.dependencies]"),
            ));
        }
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Kind};

    #[test]
    fn a_dependency_counts_as_used_when_code_names_it() {
        let package = Package {
            name: "wire".to_owned(),
            folder: "crates/wire".to_owned(),
            dependencies: ["serde_json", "http-body", "winnow"]
                .map(|name| Dependency {
                    name: name.to_owned(),
                    kind: Kind::Normal,
                    is_ours: false,
                })
                .into(),
        };
        let file = TextFile {
            path: "crates/wire/src/lib.rs".to_owned(),
            text: "// winnow is only spoken of\nuse serde_json::Value;\nuse http_body::Body;\n"
                .to_owned(),
        };
        let manifest = "[workspace.dependencies]\nserde_json = \"1\"\nrand = \"0\"\n";

        let findings = check(&[package], manifest, &[file]).unwrap();

        let messages: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "Cargo.toml: no crate takes `rand` from [workspace.dependencies]",
                "crates/wire/Cargo.toml: dependency `winnow` is not used",
            ]
        );
    }
}
