//! The rules of the house that no compiler knows. Each check is a function from what was read to findings.

mod authorization;
mod counted;
mod decisions;
mod documents;
mod edges;
mod generated;
mod modules;
mod names;
mod places;
mod unused;

use crate::finding::Finding;
use crate::workspace::Workspace;

/// Runs every check and prints what it finds; `fix` writes the generated documents first.
pub(crate) fn run(workspace: &Workspace, fix: bool) -> anyhow::Result<bool> {
    if fix {
        for path in generated::write(&workspace.root)? {
            eprintln!("wrote {path}");
        }
        if authorization::write(&workspace.root)? {
            eprintln!("wrote {}", authorization::PATH);
        }
    }
    let mut findings = findings(workspace)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    if let Some(finding) = counted::check(&workspace.root, fix)? {
        eprintln!("{finding}");
        findings.push(finding);
    }
    if findings.is_empty() {
        eprintln!("tidy");
    } else {
        eprintln!("{} findings", findings.len());
    }
    Ok(findings.is_empty())
}

fn findings(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let files = workspace.files()?;
    let manifest = std::fs::read_to_string(workspace.root.join("Cargo.toml"))?;
    let mut findings = edges::check(&workspace.packages);
    findings.extend(unused::check(&workspace.packages, &manifest, &files)?);
    findings.extend(modules::check(&workspace.packages, &files));
    findings.extend(decisions::check(&files));
    findings.extend(names::check(&files));
    findings.extend(places::check(&files));
    findings.extend(documents::check(&workspace.root, &files));
    findings.extend(generated::check(&files));
    findings.extend(authorization::check(&files));
    findings.sort();
    findings.dedup();
    Ok(findings)
}
