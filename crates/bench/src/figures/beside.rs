//! Reeve beside another program that keeps work in a PostgreSQL database: graphile-worker, at the version that
//! `crates/bench/peers` pins. It is installed when it is first wanted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use peers::postgres::{Cluster, Durability};
use peers::process::find_program;

use super::{Bench, Figure, Part, Plan, Section, accept};
use crate::tenant::Tenant;

const PINS: &str = include_str!("../../peers/package.json");
const ADD_JOB: &str = include_str!("../../peers/add_job.mjs");

/// Clients that add jobs at once.
const CLIENTS: &str = "8";

/// Node with the folder of what was installed.
struct Worker {
    node: PathBuf,
    folder: PathBuf,
}

/// Nothing, after saying so, where something is missing.
pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Option<Section>> {
    let Some(worker) = Worker::installed()? else {
        eprintln!("SKIPPED: graphile-worker needs node and npm");
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

impl Worker {
    fn installed() -> anyhow::Result<Option<Self>> {
        let (Some(node), Some(npm)) = (find_program("node", &[]), find_program("npm", &[])) else {
            return Ok(None);
        };
        let folder = peers::folder().join("bench");
        let mark = folder.join("installed");
        if !std::fs::read_to_string(&mark).is_ok_and(|installed| installed == PINS) {
            eprintln!("installing graphile-worker");
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("package.json"), PINS)?;
            let done = Command::new(npm)
                .args(["install", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&folder)
                .status()
                .context("cannot run npm")?;
            ensure!(
                done.success(),
                "npm: {done} (the npm registry has to be within reach)"
            );
            std::fs::write(&mark, PINS)?;
        }
        std::fs::write(folder.join("add_job.mjs"), ADD_JOB)?;
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
