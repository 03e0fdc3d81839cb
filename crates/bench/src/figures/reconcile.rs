//! How long the built-in directory is held against the ledger, from the wish to the stored report, where both agree: a sweep
//! by the running server, beside the same comparison by hand.
//!
//! **Invariant:** all sides have looked at every grant and at every member, and found no difference.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use rusqlite::Connection as Database;
use serde_json::{Value, json};

use super::page::get;
use super::{Bench, Figure, Pair};
use crate::data::Size;
use crate::http::{Call, Connection, Target, now};
use crate::machine;
use crate::tenant;

const SWEEPS: &str = "/reeve/v1/sweeps";

/// Grants whose member is not there, and members of the tenant's groups whom no grant explains.
const ANTI_JOIN: [&str; 2] = [
    "SELECT count(*) FROM ledger l JOIN subject s ON s.id = l.subject_id WHERE l.target = 'directory' AND l.desired \
     AND NOT EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = l.resource_origin_id AND m.member_id = s.object_id)",
    "SELECT count(*) FROM group_member m WHERE m.group_id IN (SELECT origin_id FROM resource) \
     AND NOT EXISTS (SELECT 1 FROM subject s JOIN ledger l ON l.subject_id = s.id WHERE s.object_id = m.member_id \
     AND l.origin_system = 'AadGroup' AND l.resource_origin_id = m.group_id \
     AND l.role_origin_id = 'Member_' || m.group_id AND l.scope_origin_id = m.group_id)",
];
const GRANTED: &str = "SELECT l.resource_origin_id, s.object_id FROM ledger l JOIN subject s ON s.id = l.subject_id \
     WHERE l.target = 'directory' AND l.desired \
     ORDER BY l.origin_system, l.resource_origin_id, l.role_origin_id, l.scope_origin_id";
const MEMBERS: &str = "SELECT group_id, member_id FROM group_member WHERE group_id IN (SELECT origin_id FROM resource) \
     ORDER BY group_id";

pub(super) fn measure(bench: &mut Bench<'_>, size: Size) -> anyhow::Result<Vec<Figure>> {
    let file = bench.tenant.copied_file("group").context("no file")?;
    let mut merges = Vec::new();
    let pairs = bench.pairs(
        |bench, _| sweep(bench, size, 0),
        |_, _| {
            let took = anti_join(&file)?;
            merges.push(merge(&file, size)?);
            Ok(took)
        },
    )?;
    let merged = pairs.iter().zip(merges);
    let merged = merged.map(|(pair, yardstick)| Pair { yardstick, ..*pair });
    let merged = merged.collect();
    let agreeing = sweep(bench, size, 0)?;
    let before = machine::ticks();
    let drifting = drift(bench, size)?;
    let note = format!(
        "{} assignments of one role each, in {} groups",
        size.assignments, size.packages
    );
    Ok(vec![
        Figure {
            name: "reconciliation of all, s",
            yardstick: "the two-way anti-join in SQL on the same tables; less is better",
            pairs,
            note: Some(note),
        },
        Figure {
            name: "reconciliation of all, s (2)",
            yardstick: "both sides read in the order of the groups and merged in memory; less is better",
            pairs: merged,
            note: None,
        },
        Figure {
            name: "reconciliation with 1 % drift, s",
            yardstick: "the same without drift; less is better",
            pairs: vec![Pair {
                reeve: drifting,
                yardstick: agreeing,
                others: machine::foreign_share(before),
            }],
            note: Some("once: what is missing stays missing".to_owned()),
        },
    ])
}

/// Seconds from the wish to the report of a sweep that finds so many members missing.
fn sweep(bench: &Bench<'_>, size: Size, missing: u64) -> anyhow::Result<f64> {
    let begun = now();
    let report = bench.runtime.block_on(reported(&bench.reeve))?;
    let took = begun.elapsed().as_secs_f64();
    let wanted = json!([
        "completed",
        size.packages,
        0,
        size.assignments - missing,
        missing,
        0
    ]);
    let told = [
        "state",
        "objects",
        "objectsFailed",
        "members",
        "missing",
        "extras",
    ];
    let told = Value::from_iter(told.map(|name| report.get(name).cloned()));
    ensure!(told == wanted, "the sweep told {report}");
    Ok(took)
}

/// The report of a sweep of the directory, from the wish to its end.
pub(super) async fn reported(reeve: &Target) -> anyhow::Result<Value> {
    let wish = Call {
        method: Method::POST,
        path: SWEEPS.to_owned(),
        body: Bytes::from(json!({ "target": "directory" }).to_string()),
        expected: StatusCode::CREATED,
    };
    let begun = now();
    let mut connection = Connection::open(reeve).await?;
    let sweep: Value = serde_json::from_slice(&connection.send(&wish).await?)?;
    let id = sweep.get("id").and_then(Value::as_str);
    let id = id.context("a sweep without id")?;
    let look = get(format!("{SWEEPS}/{id}"));
    loop {
        tokio::time::sleep(tenant::LOOK_EVERY).await;
        let sweep: Value = serde_json::from_slice(&connection.send(&look).await?)?;
        ensure!(begun.elapsed() < tenant::PATIENCE, "no end: {sweep}");
        if sweep.get("endedDateTime").is_some_and(Value::is_string) {
            return Ok(sweep);
        }
    }
}

/// The same after one member of a hundred was taken out past the server.
fn drift(bench: &Bench<'_>, size: Size) -> anyhow::Result<f64> {
    let file = bench.tenant.file().context("no file")?;
    let database = Database::open(file)?;
    database.busy_timeout(tenant::PATIENCE)?;
    let taken = database.execute(
        "DELETE FROM group_member WHERE group_id IN (SELECT origin_id FROM resource) AND rowid % 100 = 0",
        [],
    )?;
    drop(database);
    sweep(bench, size, taken as u64)
}

fn open(file: &PathBuf) -> anyhow::Result<Database> {
    let database = Database::open(file)?;
    database.execute_batch("PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456")?;
    Ok(database)
}

/// Seconds for the comparison in SQL.
fn anti_join(file: &PathBuf) -> anyhow::Result<f64> {
    let database = open(file)?;
    let begun = now();
    for sql in ANTI_JOIN {
        let differ: i64 = database.query_row(sql, [], |row| row.get(0))?;
        ensure!(differ == 0, "{differ} differ");
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Seconds for the comparison of two streams, group by group.
fn merge(file: &PathBuf, size: Size) -> anyhow::Result<f64> {
    let database = open(file)?;
    let begun = now();
    let (mut granted, mut members) = (database.prepare(GRANTED)?, database.prepare(MEMBERS)?);
    let mut granted = Groups::of(granted.query([])?)?;
    let mut members = Groups::of(members.query([])?)?;
    let mut seen = 0;
    while let Some((group, wanted)) = granted.next()? {
        let (other, there) = members.next()?.context("a group without members")?;
        ensure!(group == other && wanted == there, "`{group}` differs");
        seen += wanted.len() as u64;
    }
    ensure!(
        members.next()?.is_none() && seen == size.assignments,
        "{seen} were compared"
    );
    Ok(begun.elapsed().as_secs_f64())
}

/// Rows of groups, group by group.
struct Groups<'s> {
    rows: rusqlite::Rows<'s>,
    first: Option<(String, String)>,
}

impl<'s> Groups<'s> {
    fn of(mut rows: rusqlite::Rows<'s>) -> anyhow::Result<Self> {
        let first = row(&mut rows)?;
        Ok(Self { rows, first })
    }

    fn next(&mut self) -> anyhow::Result<Option<(String, Vec<String>)>> {
        let Some((group, member)) = self.first.take() else {
            return Ok(None);
        };
        let mut members = vec![member];
        while let Some((other, member)) = row(&mut self.rows)? {
            if other != group {
                self.first = Some((other, member));
                break;
            }
            members.push(member);
        }
        members.sort_unstable();
        Ok(Some((group, members)))
    }
}

fn row(rows: &mut rusqlite::Rows<'_>) -> anyhow::Result<Option<(String, String)>> {
    let row = rows.next()?;
    row.map(|row| anyhow::Ok((row.get(0)?, row.get(1)?)))
        .transpose()
}
