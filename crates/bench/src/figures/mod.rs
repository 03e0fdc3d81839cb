//! What is measured: one module a figure.
//!
//! **Invariant:** Reeve and its yardstick take turns within a pair, and which of them begins changes from pair to pair.

mod accept;
mod beside;
mod bulk;
mod cap;
mod decide;
mod deliver;
mod footprint;
mod growth;
mod jobs;
mod one;
mod page;
mod reconcile;
mod rows;
mod rules;
mod scope;
mod start;
mod submit;
mod targets;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use peers::postgres::{Cluster, Durability};
use tokio::runtime::Runtime;

use crate::data::Size;
use crate::http::{Run, Target};
use crate::machine::{self, Memory};
use crate::report::{Figure, Pair, Part, Section};
use crate::server::Server;
use crate::tenant::Tenant;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    size: Size,
    pairs: usize,
    /// Parallel callers of writes.
    callers: usize,
    /// Parallel callers of lists.
    readers: usize,
    /// Calls of `reprocess` in a run.
    accepts: u64,
    /// The same where each has a commit of its own.
    single_accepts: u64,
    /// Direct assignments in a run.
    deliveries: u64,
    /// Requests in a run that wait for approval.
    submissions: usize,
    /// How long a run of lists takes.
    listing: Duration,
    /// Token checks in a run, and tokens that are seen for the first time.
    checks: [u32; 2],
    /// Assignments in the tenants that tell how cost grows.
    growth: [u64; 3],
    /// Users of whom rules are asked.
    ruled: u64,
    /// Single deliveries that are waited for beside a job.
    waits: u64,
}

impl Plan {
    /// What the published figures come from.
    pub(crate) fn full(pairs: usize) -> Self {
        Self {
            size: Size::FULL,
            pairs,
            callers: 64,
            readers: 16,
            accepts: 10_000,
            single_accepts: 3_000,
            deliveries: 4_000,
            submissions: 3_000,
            listing: Duration::from_secs(3),
            checks: [50_000, 1_000],
            growth: [10_000, 100_000, 1_000_000],
            ruled: 1_000_000,
            waits: 200,
        }
    }

    /// Just enough to see that everything works.
    pub(crate) fn quick() -> Self {
        Self {
            size: Size::SMALL,
            pairs: 1,
            callers: 64,
            readers: 4,
            accepts: 400,
            single_accepts: 100,
            deliveries: 200,
            submissions: 200,
            listing: Duration::from_millis(200),
            checks: [500, 50],
            growth: [4_000, 8_000, 16_000],
            ruled: 10_000,
            waits: 5,
        }
    }

    /// How often a latency is measured in a run.
    const fn rounds(&self) -> usize {
        if self.ruled < 100_000 { 10 } else { 100 }
    }
}

/// What every figure is measured with.
struct Bench<'a> {
    plan: &'a Plan,
    /// One thread: the load is to leave the machine to the servers.
    runtime: Runtime,
    tenant: Tenant,
    server: Server,
    /// Reeve.
    reeve: Target,
    /// Its memory, the most that was seen after a run.
    most: Option<Memory>,
}

impl<'a> Bench<'a> {
    /// Starts Reeve on a tenant.
    fn start(plan: &'a Plan, tenant: Tenant) -> anyhow::Result<Self> {
        let server = tenant.start()?;
        let reeve = tenant.target(&server)?;
        Ok(Self {
            plan,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("no runtime")?,
            tenant,
            server,
            reeve,
            most: None,
        })
    }

    /// Takes turns: `reeve` and `yardstick` each give one measurement of a pair. `more` says what else is to be done
    /// before the next.
    fn pairs(
        &mut self,
        mut reeve: impl FnMut(&mut Self, u64) -> anyhow::Result<f64>,
        mut yardstick: impl FnMut(&mut Self, u64) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Vec<Pair>> {
        let mut pairs = Vec::new();
        for number in 0..self.plan.pairs as u64 {
            let before = machine::ticks();
            let (reeve, yardstick) = if number.is_multiple_of(2) {
                let first = reeve(self, number)?;
                (first, yardstick(self, number)?)
            } else {
                let first = yardstick(self, number)?;
                (reeve(self, number)?, first)
            };
            pairs.push(Pair {
                reeve,
                yardstick,
                others: machine::foreign_share(before),
            });
            self.look_at_memory();
        }
        Ok(pairs)
    }

    fn look_at_memory(&mut self) {
        let Some(memory) = machine::memory(self.server.process()) else {
            return;
        };
        let most = self.most.get_or_insert(memory);
        most.resident = most.resident.max(memory.resident);
        most.anonymous = most.anonymous.max(memory.anonymous);
    }
}

/// Measures the parts that are wanted, all of them without a wish; beside other programs if `with_peers`. What needs
/// something that is not installed is skipped; what fails is told, and does not keep the rest from being measured.
pub(crate) fn measure(reeve: &Path, plan: &Plan, only: &[Part], with_peers: bool) -> Measured {
    let is_wanted = |part| match part {
        Part::Peers => with_peers || only.contains(&part),
        _ => only.is_empty() || only.contains(&part),
    };
    let mut measured = Measured::default();
    if is_wanted(Part::Decide) {
        measured.keep(Part::Decide, decide::measure(plan).map(Some));
    }
    if is_wanted(Part::Sqlite) {
        measured.keep(Part::Sqlite, on_sqlite(reeve, plan).map(Some));
    }
    if is_wanted(Part::Growth) {
        measured.keep(Part::Growth, growth::measure(reeve, plan).map(Some));
    }
    if is_wanted(Part::Jobs) {
        measured.keep(Part::Jobs, jobs::measure(reeve, plan).map(Some));
    }
    if is_wanted(Part::Rules) {
        measured.keep(Part::Rules, rules::measure(plan).map(Some));
    }
    if is_wanted(Part::Targets) {
        measured.keep(Part::Targets, targets::measure(reeve, plan).map(Some));
    }
    if is_wanted(Part::Postgres) {
        measured.keep(Part::Postgres, on_postgres(reeve, plan));
    }
    if is_wanted(Part::Peers) {
        measured.keep(Part::Peers, cap::measure(reeve, plan));
        measured.keep(Part::Peers, beside::measure(reeve, plan));
    }
    measured
}

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// What was measured.
    pub(crate) sections: Vec<Section>,
    /// Whether some of it failed.
    pub(crate) has_failed: bool,
}

impl Measured {
    fn keep(&mut self, part: Part, section: anyhow::Result<Option<Section>>) {
        match section {
            Ok(section) => self.sections.extend(section),
            Err(error) => {
                eprintln!("FAILED: {}: {error:#}", part.as_str());
                self.has_failed = true;
            }
        }
    }
}

fn on_sqlite(reeve: &Path, plan: &Plan) -> anyhow::Result<Section> {
    eprintln!("filling a SQLite file ...");
    let tenant = Tenant::on_sqlite(reeve, plan.size)?;
    section(Part::Sqlite, reeve, plan, tenant)
}

fn on_postgres(reeve: &Path, plan: &Plan) -> anyhow::Result<Option<Section>> {
    let Some(cluster) = Cluster::start(Durability::Full)? else {
        eprintln!("SKIPPED: {} is not installed", peers::postgres::NAME);
        return Ok(None);
    };
    eprintln!("filling a PostgreSQL database ...");
    let tenant = Tenant::on_postgres(reeve, &cluster, plan.size)?;
    section(Part::Postgres, reeve, plan, tenant).map(Some)
}

fn section(part: Part, reeve: &Path, plan: &Plan, tenant: Tenant) -> anyhow::Result<Section> {
    let database = part.as_str();
    // The yardsticks' databases are copies of one that nobody has open.
    let group = tenant.yardstick("group", 512)?;
    let each = tenant.yardstick("each", 1)?;
    eprintln!("{database}: starting");
    let started = start::measure(plan, &tenant)?;

    let mut bench = Bench::start(plan, tenant)?;
    let idle = footprint::idle(&bench)?;
    let mut figures = Vec::new();
    eprintln!("{database}: lists");
    figures.push(page::measure(&mut bench, &group)?);
    figures.push(one::measure(&mut bench, &group)?);
    eprintln!("{database}: reprocess");
    figures.extend(accept::measure(&mut bench, &group, &each)?);
    eprintln!("{database}: submissions");
    figures.extend(submit::measure(&mut bench, &group)?);
    eprintln!("{database}: deliveries");
    figures.push(deliver::measure(&mut bench, &group)?);
    eprintln!("{database}: bulk reprocess");
    figures.extend(bulk::measure(&mut bench)?);
    figures.push(started);
    figures.extend(footprint::measure(&bench, idle, &group, reeve)?);
    let Bench { tenant, server, .. } = bench;
    server.stop()?;
    eprintln!("{database}: kill and start");
    figures.push(start::after_kill(plan, &tenant)?);
    let Size {
        users,
        packages,
        assignments,
    } = plan.size;
    Ok(Section {
        part,
        title: format!(
            "{database}: {assignments} assignments, {packages} packages, {users} users; {} callers of writes, {} of lists; {} pairs",
            plan.callers, plan.readers, plan.pairs
        ),
        figures,
    })
}

/// The latencies that one of a hundred calls exceeded, in milliseconds, of the runs of these pairs: Reeve's and the
/// yardstick's.
fn at_99(pairs: &[Pair], [ours, bare]: &[Vec<Run>; 2]) -> Vec<Pair> {
    let runs = ours.iter().zip(bare);
    let at_99 = pairs.iter().zip(runs).map(|(pair, (ours, bare))| Pair {
        reeve: ours.millis_at(0.99),
        yardstick: bare.millis_at(0.99),
        ..*pair
    });
    at_99.collect()
}

/// Both sides in turns; which of them begins changes with the number of the pair.
fn pair(
    number: usize,
    ours: impl FnOnce() -> anyhow::Result<f64>,
    bare: impl FnOnce() -> anyhow::Result<f64>,
) -> anyhow::Result<Pair> {
    let before = machine::ticks();
    let (reeve, yardstick) = if number.is_multiple_of(2) {
        let first = ours()?;
        (first, bare()?)
    } else {
        let first = bare()?;
        (ours()?, first)
    };
    Ok(Pair {
        reeve,
        yardstick,
        others: machine::foreign_share(before),
    })
}

/// A server that wants no token.
fn open(server: &Server) -> Target {
    Target {
        address: server.address,
        token: None,
    }
}
