//! What Reeve takes of the machine: memory, idle and after load, and the size of the program.

use std::path::Path;

use anyhow::Context;

use super::{Bench, Figure, Pair};
use crate::machine::{self, Memory};
use crate::server::Server;

/// Memory before any load: of Reeve, and of an empty server.
pub(super) struct Idle {
    reeve: Memory,
    empty: Memory,
}

pub(super) fn idle(bench: &Bench<'_>) -> anyhow::Result<Idle> {
    let empty = bench.tenant.empty_yardstick()?;
    Ok(Idle {
        reeve: memory(&bench.server)?,
        empty: memory(&empty)?,
    })
}

pub(super) fn measure(
    bench: &Bench<'_>,
    idle: Idle,
    group: &Server,
    reeve: &Path,
) -> anyhow::Result<Vec<Figure>> {
    let loaded = bench.most.context("nothing was measured")?;
    let bare = memory(group)?;
    let own = std::fs::metadata(std::env::current_exe()?)?.len();
    Ok(vec![
        figure(
            "memory idle, MiB",
            "an empty axum server",
            mebibytes(idle.reeve.resident),
            mebibytes(idle.empty.resident),
            Some(format!(
                "of it {:.1} and {:.1} MiB are the process's own, the rest is mapped files",
                mebibytes(idle.reeve.anonymous),
                mebibytes(idle.empty.anonymous)
            )),
        ),
        figure(
            "memory under load, MiB",
            "the bare server with group commit after the same load",
            mebibytes(loaded.resident),
            mebibytes(bare.resident),
            None,
        ),
        figure(
            "own memory under load, MiB",
            "the same; without the files that are mapped",
            mebibytes(loaded.anonymous),
            mebibytes(bare.anonymous),
            None,
        ),
        figure(
            "binary, MiB",
            "this measuring program with both database drivers and the yardsticks, stripped as well",
            mebibytes(std::fs::metadata(reeve)?.len() / 1_024),
            mebibytes(own / 1_024),
            None,
        ),
    ])
}

fn memory(server: &Server) -> anyhow::Result<Memory> {
    machine::memory(server.process()).context("there is no /proc to read memory from")
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
pub(super) fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1_024.0
}

fn figure(
    name: &'static str,
    yardstick: &'static str,
    reeve: f64,
    bare: f64,
    note: Option<String>,
) -> Figure {
    Figure {
        name,
        yardstick,
        pairs: vec![Pair {
            reeve,
            yardstick: bare,
            others: None,
        }],
        note,
    }
}
