//! The workspace as cargo and git see it: its packages with what they depend on, and its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// The workspace that this program belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The top folder.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Every crate of ours.
    pub(crate) packages: Vec<Package>,
}

/// A crate of ours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    /// Its name for cargo.
    pub(crate) name: String,
    /// Its folder, seen from the root, with slashes.
    pub(crate) folder: String,
    /// What its `Cargo.toml` names.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line of a `Cargo.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The crate's name.
    pub(crate) name: String,
    /// Which table the line is in.
    pub(crate) kind: Kind,
    /// Whether it is a crate of this workspace.
    pub(crate) is_ours: bool,
}

/// The tables of a `Cargo.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]`.
    Normal,
    /// `[dev-dependencies]`.
    Dev,
    /// `[build-dependencies]`.
    Build,
}

/// A text file that belongs to the repository.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// Its path from the root, with slashes.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl Workspace {
    /// Asks cargo about the workspace.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = folder
            .parent()
            .context("xtask has no parent folder")?
            .to_owned();
        let told = output(
            Command::new(cargo())
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .current_dir(&root),
        )?;
        let metadata: Value = serde_json::from_str(&told).context("cargo metadata")?;
        let target = metadata
            .get("target_directory")
            .and_then(Value::as_str)
            .context("cargo metadata names no target directory")?;
        let packages = metadata
            .get("packages")
            .and_then(Value::as_array)
            .context("cargo metadata names no packages")?
            .iter()
            .map(|package| Package::read(package, &root))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            target: PathBuf::from(target),
            root,
            packages,
        })
    }

    /// The text files that are, or could be, committed. What is ignored or not text is left out.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<TextFile>> {
        let listed = output(
            Command::new("git")
                // A checkout that another user owns is listed all the same.
                .args(["-c", "safe.directory=*"])
                .args(["ls-files", "-z", "--cached", "--others"])
                .arg("--exclude-standard")
                .current_dir(&self.root),
        )?;
        let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        // A path that cannot be read as text was deleted, or is not text.
        Ok(paths
            .into_iter()
            .filter_map(|path| {
                let text = std::fs::read_to_string(self.root.join(path)).ok()?;
                Some(TextFile {
                    path: path.to_owned(),
                    text,
                })
            })
            .collect())
    }
}

impl TextFile {
    /// Whether it is Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    /// Whether it is a document.
    pub(crate) fn is_document(&self) -> bool {
        self.has_extension("md")
    }

    fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }
}

impl Package {
    fn read(package: &Value, root: &Path) -> anyhow::Result<Self> {
        let text = |value: &Value, name: &str| -> anyhow::Result<String> {
            let found = value.get(name).and_then(Value::as_str);
            Ok(found
                .with_context(|| format!("no `{name}` in cargo's metadata"))?
                .to_owned())
        };
        let manifest = PathBuf::from(text(package, "manifest_path")?);
        let folder = manifest
            .parent()
            .and_then(|folder| folder.strip_prefix(root).ok())
            .with_context(|| format!("{} is not below the root", manifest.display()))?;
        let listed = package.get("dependencies").and_then(Value::as_array);
        let dependencies = listed
            .into_iter()
            .flatten()
            .map(|dependency| {
                Ok(Dependency {
                    name: text(dependency, "name")?,
                    kind: match dependency.get("kind").and_then(Value::as_str) {
                        Some("dev") => Kind::Dev,
                        Some("build") => Kind::Build,
                        _ => Kind::Normal,
                    },
                    is_ours: dependency.get("path").is_some_and(Value::is_string),
                })
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            name: text(package, "name")?,
            folder: folder.to_string_lossy().replace('\\', "/"),
            dependencies,
        })
    }

    /// Whether the file is in this crate's folder.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(&self.folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The cargo that runs this program, or the one on `PATH`.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run `{program}`"))?;
    ensure!(
        output.status.success(),
        "`{program}`: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).with_context(|| format!("`{program}` wrote no UTF-8"))
}
