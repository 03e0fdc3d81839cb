//! `cargo fuzz` on every reader of what clients send, for a bounded time.
//!
//! **Invariant:** a run starts from the seeds alone; what it finds on the way stays below the target folder.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::suite::run::{status, step_command};
use crate::workspace::{Workspace, cargo};

/// The fuzzer, in the version that the targets are built with.
const VERSION: &str = "0.13.2";

/// How long each target runs.
const SECONDS: u32 = 15;

/// The longest input: what is longer is refused before it is read.
const LONGEST: u32 = 512;

/// Fuzzes every target; tells which of them failed.
pub(super) fn run(workspace: &Workspace, peers: &Path) -> anyhow::Result<Vec<String>> {
    let tools = peers.join("cargo");
    install(&tools)?;
    let fuzz = |arguments: &[&str]| {
        let mut command = step_command(&tools.join("bin/cargo-fuzz"), &workspace.root);
        command
            .args(["fuzz"])
            .args(arguments)
            // Instrumentation is an unstable option of the compiler. Nothing that is shipped is built so.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", workspace.target.join("fuzz"));
        command
    };
    // The sanitizers look for what safe code cannot do, and want another standard library.
    let built = status(&mut fuzz(&["build", "--sanitizer", "none"]))?;
    ensure!(built.success(), "cargo fuzz build: {built}");
    let mut failed = Vec::new();
    for target in targets(&workspace.root.join("fuzz/targets"))? {
        eprintln!("fuzzing {target}");
        let corpus = workspace.target.join("fuzz/corpus").join(&target);
        if corpus.exists() {
            std::fs::remove_dir_all(&corpus)?;
        }
        std::fs::create_dir_all(&corpus)?;
        let seeds = workspace.root.join("fuzz/seeds").join(&target);
        let ended = status(
            fuzz(&["run", "--sanitizer", "none", &target])
                .arg(&corpus)
                .arg(&seeds)
                .args(["--", "-verbosity=0", "-print_final_stats=1"])
                .arg(format!("-max_total_time={SECONDS}"))
                .arg(format!("-max_len={LONGEST}")),
        )?;
        if !ended.success() {
            failed.push(target);
        }
    }
    Ok(failed)
}

fn install(tools: &Path) -> anyhow::Result<()> {
    let mark = tools.join("cargo-fuzz.pin");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == VERSION) {
        eprintln!("present: cargo-fuzz {VERSION}");
        return Ok(());
    }
    eprintln!("installing cargo-fuzz {VERSION}");
    let done = status(
        Command::new(cargo())
            .args(["install", "--quiet", "--locked", "cargo-fuzz"])
            .args(["--version", VERSION, "--root"])
            .arg(tools),
    )?;
    ensure!(
        done.success(),
        "cargo install: {done} (crates.io has to be within reach)"
    );
    Ok(std::fs::write(&mark, VERSION)?)
}

/// The names of the targets, in order.
fn targets(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}
