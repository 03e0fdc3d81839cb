//! Reeve beside another program that keeps work in a PostgreSQL database: graphile-worker, at the version that
//! `crates/bench/peers` pins. It is installed when it is first wanted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use peers::postgres::{Cluster, Durability};
use peers::process::find_program;

use super::{Bench, Figure, Part, Plan, Section, accept};
use crate::tenant::Tenant;

/// What npm installs, and the program.
const FILES: [(&str, &str); 2] = [
    ("package.json", include_str!("../../peers/package.json")),
    ("add_job.mjs", include_str!("../../peers/add_job.mjs")),
];

/// Clients that add jobs at once.
const CLIENTS: &str = "8";

/// Node with the folder of what was installed.
pub(super) struct Peer {
    pub(super) node: PathBuf,
    pub(super) folder: PathBuf,
}

/// Nothing, after saying so, where something is missing.
pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Option<Section>> {
    let Some(worker) = Peer::installed("bench", "graphile-worker", &FILES)? else {
        return Ok(None);
    };
    let Some(cluster) = Cluster::start(Durability::Full)? else {
        eprintln!("SKIPPED: {} is not installed", peers::postgres::NAME);
        return Ok(None);
    };
    eprintln!("peers: filling a PostgreSQL database ...");
    let tenant = Tenant::on_postgres(reeve, &cluster, plan.size)?;
    cluster.sql("postgres", "CREATE DATABASE jobs TEMPLATE template0")?;
    let jobs = cluster.url("jobs");
    // The first run makes the tables.
    worker.add_jobs(&jobs, 1)?;
    eprintln!("peers: graphile-worker");
    let mut bench = Bench::start(plan, tenant)?;
    let (reeve, count) = (bench.reeve.clone(), plan.accepts);
    let pairs = bench.pairs(
        |bench, pair| {
            let run = accept::accept(bench, &reeve, accept::reeve_calls(pair * count, count))?;
            bench.tenant.settle(&bench.runtime)?;
            Ok(run.rate())
        },
        |_, _| worker.add_jobs(&jobs, count),
    )?;
    Ok(Some(Section {
        part: Part::Peers,
        title: format!("Beside other programs, on PostgreSQL; {} pairs", plan.pairs),
        figures: vec![Figure {
            name: "reprocess accepted/s, beside graphile-worker",
            yardstick: "`add_job` of graphile-worker, 8 clients, on the same server",
            pairs,
            note: None,
        }],
    }))
}

impl Peer {
    /// The first of the files says what npm is to install. Nothing, after saying so, without node and npm.
    pub(super) fn installed(
        folder: &str,
        name: &str,
        files: &[(&str, &str)],
    ) -> anyhow::Result<Option<Self>> {
        let (Some(node), Some(npm)) = (find_program("node", &[]), find_program("npm", &[])) else {
            eprintln!("SKIPPED: {name} needs node and npm");
            return Ok(None);
        };
        let folder = peers::folder().join(folder);
        let pins = files.first().map_or("", |(_, text)| text);
        let mark = folder.join("installed");
        if !std::fs::read_to_string(&mark).is_ok_and(|installed| installed == pins) {
            eprintln!("installing {name}");
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("package.json"), pins)?;
            let done = Command::new(npm)
                .args(["install", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&folder)
                .status()
                .context("cannot run npm")?;
            ensure!(
                done.success(),
                "npm: {done} (the npm registry has to be within reach)"
            );
            std::fs::write(&mark, pins)?;
        }
        for (file, text) in files.iter().skip(1) {
            std::fs::write(folder.join(file), text)?;
        }
        Ok(Some(Self { node, folder }))
    }

    /// Jobs a second.
    fn add_jobs(&self, url: &str, count: u64) -> anyhow::Result<f64> {
        let told = Command::new(&self.node)
            .arg("add_job.mjs")
            .args([url, CLIENTS, &count.to_string()])
            .current_dir(&self.folder)
            .output()
            .context("cannot run node")?;
        ensure!(
            told.status.success(),
            "graphile-worker: {}",
            String::from_utf8_lossy(&told.stderr)
        );
        let rate = String::from_utf8(told.stdout)?;
        rate.trim()
            .parse()
            .with_context(|| format!("no rate in `{rate}`"))
    }
}
