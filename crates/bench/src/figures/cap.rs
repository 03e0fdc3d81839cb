//! Reeve beside SAP CAP, an OData server for SQLite, at the versions that `crates/bench/peers/cap` pins: the same
//! assignments in a model of its own, by id and by page.
//!
//! **Invariant:** both sides show the same assignments, in the same number.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::beside::Peer;
use super::page::get;
use super::{Bench, Figure, Part, Plan, Section, growth, one, open};
use crate::data::{Kind, id};
use crate::http::{Call, Connection, Target, send_for};
use crate::server::{self, Server};
use crate::tenant::Tenant;

/// What npm installs, and the programs.
const FILES: [(&str, &str); 4] = [
    ("package.json", include_str!("../../peers/cap/package.json")),
    ("model.cds", include_str!("../../peers/cap/model.cds")),
    ("fill.mjs", include_str!("../../peers/cap/fill.mjs")),
    ("serve.mjs", include_str!("../../peers/cap/serve.mjs")),
];

/// Different assignments that are read by id, and different packages whose pages are read.
const DIFFERENT: u64 = 2_000;

/// What is asked for, of both.
struct Asked {
    name: &'static str,
    more: &'static str,
}

const PAGES: [Asked; 3] = [
    Asked {
        name: "pages by filter and order/s, beside SAP CAP",
        more: "",
    },
    Asked {
        name: "pages with $expand/s, beside SAP CAP",
        more: "&$expand=accessPackage,target",
    },
    Asked {
        name: "pages with $count/s, beside SAP CAP",
        more: "&$count=true",
    },
];

/// Nothing, after saying so, where something is missing.
pub(super) fn measure(reeve: &Path, plan: &Plan) -> anyhow::Result<Option<Section>> {
    let Some(peer) = Peer::installed("cap", "SAP CAP", &FILES)? else {
        return Ok(None);
    };
    eprintln!("peers: filling a SQLite file ...");
    let tenant = Tenant::on_sqlite(reeve, plan.size)?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("cap.db");
    let filled = Command::new(&peer.node)
        .arg("fill.mjs")
        .arg(&database)
        .arg(tenant.file().context("no file")?)
        .current_dir(&peer.folder)
        .output()
        .context("cannot run node")?;
    ensure!(
        filled.status.success(),
        "SAP CAP: {}",
        String::from_utf8_lossy(&filled.stderr)
    );
    let mut serve = server::command(&peer.node);
    serve
        .arg("serve.mjs")
        .arg(&database)
        .current_dir(&peer.folder);
    let cap = Server::start(&mut serve, &folder.path().join("cap.log"))?;
    eprintln!("peers: SAP CAP");
    let mut bench = Bench::start(plan, tenant)?;
    let mut figures = vec![by_id(&mut bench, &cap)?];
    for asked in &PAGES {
        figures.push(by_page(&mut bench, &cap, asked)?);
    }
    Ok(Some(Section {
        part: Part::Peers,
        title: format!(
            "Beside SAP CAP, on SQLite; {} assignments; {} callers; {} pairs",
            plan.size.assignments, plan.readers, plan.pairs
        ),
        figures,
    }))
}

fn by_id(bench: &mut Bench<'_>, cap: &Server) -> anyhow::Result<Figure> {
    let all = bench.plan.size.assignments;
    let step = (all / DIFFERENT).max(1) as usize;
    let ids = || (0..all).step_by(step).map(|n| id(Kind::Assignment, n));
    let ours = ids().map(|id| get(one::reeve_path(&id))).collect();
    let theirs = ids().map(|id| get(format!("/entitlements/assignments('{id}')")));
    figure(
        bench,
        cap,
        "one assignment by id/s, beside SAP CAP",
        (ours, theirs.collect()),
    )
}

fn by_page(bench: &mut Bench<'_>, cap: &Server, asked: &Asked) -> anyhow::Result<Figure> {
    let packages = || growth::packages(bench.plan.size);
    let ours = packages().map(|id| get(format!("{}{}", growth::filtered(&id), asked.more)));
    let theirs = packages().map(|id| {
        get(format!(
            "/entitlements/assignments?$filter=accessPackage_ID%20eq%20'{id}'%20and%20state%20eq%20'delivered'\
             &$orderby=expiredDateTime%20desc&$top=100{}",
            asked.more
        ))
    });
    let calls = (ours.collect(), theirs.collect());
    figure(bench, cap, asked.name, calls)
}

fn figure(
    bench: &mut Bench<'_>,
    cap: &Server,
    name: &'static str,
    (ours, theirs): (Vec<Call>, Vec<Call>),
) -> anyhow::Result<Figure> {
    let (cap, reeve) = (open(cap), bench.reeve.clone());
    let told = [(&reeve, &ours), (&cap, &theirs)].map(|(target, calls)| {
        let first = calls.first().context("nothing to read")?;
        bench.runtime.block_on(shown(target, first))
    });
    let [ours_shown, theirs_shown] = told;
    let (ours_shown, theirs_shown) = (ours_shown?, theirs_shown?);
    ensure!(
        ours_shown == theirs_shown,
        "SAP CAP shows something else: {theirs_shown:?} instead of {ours_shown:?}"
    );
    let (ours, theirs) = (Arc::new(ours), Arc::new(theirs));
    let run = |bench: &Bench<'_>, target: &Target, calls: &Arc<Vec<Call>>| {
        let (readers, span) = (bench.plan.readers, bench.plan.listing);
        let sent = send_for(target, readers, Arc::clone(calls), span);
        anyhow::Ok(bench.runtime.block_on(sent)?.rate())
    };
    let pairs = bench.pairs(
        |bench, _| run(bench, &reeve, &ours),
        |bench, _| run(bench, &cap, &theirs),
    )?;
    Ok(Figure {
        name,
        yardstick: "SAP CAP with the same rows and indexes, one process of Node",
        pairs,
        note: None,
    })
}

/// What an answer shows, as far as both write it alike: ids, names of what is expanded, the count.
async fn shown(target: &Target, call: &Call) -> anyhow::Result<(BTreeSet<String>, Option<u64>)> {
    let body = Connection::open(target).await?.send(call).await?;
    let body: Value = serde_json::from_slice(&body)?;
    let rows = match body.get("value").and_then(Value::as_array) {
        Some(rows) => rows.clone(),
        None => vec![body.clone()],
    };
    let row = |row: &Value| {
        let id = row.get("id").or_else(|| row.get("ID"));
        let id = id.and_then(Value::as_str).unwrap_or_default();
        let name = |of: &str| {
            let name = row.pointer(&format!("/{of}/displayName"));
            name.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        format!("{id} {} {}", name("accessPackage"), name("target"))
    };
    let count = body.get("@odata.count").and_then(Value::as_u64);
    Ok((rows.iter().map(row).collect(), count))
}
