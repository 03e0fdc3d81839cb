//! Mixed traffic at a rate: calls are sent when they are due, whether or not those before are answered.
//!
//! **Invariant:** a latency counts from the moment when the call was due. What waits because the server is slow is not
//! forgotten.

mod mix;

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use peers::postgres::{Cluster, Durability};
use serde_json::json;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use self::mix::{KINDS, Kind};
use crate::data::Size;
use crate::http::{Call, Connection, Target, now};
use crate::machine;
use crate::output;
use crate::report;
use crate::tenant::Tenant;

/// Connections, and so the most calls that are under way at once; further ones wait, and their time runs.
const CONNECTIONS: usize = 64;

/// How much, and on what.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `reeve` to drive
    #[arg(long)]
    reeve: PathBuf,
    /// Assignments in the tenant
    #[arg(long, value_parser = clap::value_parser!(u64).range(10_000..=10_000_000))]
    assignments: u64,
    /// Calls a second
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Seconds
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// On which database
    #[arg(long, value_enum)]
    database: On,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum On {
    /// A file.
    Sqlite,
    /// A server, which is started for this.
    Postgres,
}

/// Fills a tenant and drives it; tells whether every call was answered as expected.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let size = Size::of(options.assignments);
    let cluster = match options.database {
        On::Sqlite => None,
        On::Postgres => {
            let started = Cluster::start(Durability::Full)?;
            let missing = || format!("{} is not installed", peers::postgres::NAME);
            Some(started.with_context(missing)?)
        }
    };
    eprintln!("filling a tenant with {} assignments ...", size.assignments);
    let begun = now();
    let tenant = match &cluster {
        None => Tenant::on_sqlite(&options.reeve, size)?,
        Some(cluster) => Tenant::on_postgres(&options.reeve, cluster, size)?,
    };
    eprintln!("filled in {:.1} s", begun.elapsed().as_secs_f64());
    let server = tenant.start()?;
    let target = tenant.target(&server)?;
    let count = u64::from(options.rate) * u64::from(options.seconds);
    let calls = mix::calls(size, count)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    eprintln!(
        "{} calls a second for {} s ...",
        options.rate, options.seconds
    );
    let before = machine::ticks();
    let told = runtime.block_on(drive(&target, options.rate, calls))?;
    let others = machine::foreign_share(before);
    let memory = machine::memory(server.process());
    output::line(&if options.json {
        told.json(others, memory)?
    } else {
        told.table(others, memory)
    });
    Ok(told.failed() == 0)
}

/// What came of the calls of one kind.
struct Tally {
    kind: Kind,
    failed: u64,
    /// In microseconds, from the moment when a call was due to the last byte of its answer.
    latencies: Histogram<u64>,
}

impl Tally {
    fn new(kind: Kind) -> anyhow::Result<Self> {
        Ok(Self {
            kind,
            failed: 0,
            latencies: Histogram::new(3)?,
        })
    }
}

/// What came of a run.
struct Told {
    took: Duration,
    tallies: Vec<Tally>,
    /// The first answer that was not as expected.
    wrong: Option<String>,
}

/// A call with the moment when it is to be sent.
type Due = (Instant, Kind, Call);

/// Sends the calls when they are due.
async fn drive(target: &Target, rate: u32, calls: Vec<(Kind, Call)>) -> anyhow::Result<Told> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(target).await?);
    }
    let (send, due) = mpsc::unbounded_channel::<Due>();
    let due = Arc::new(Mutex::new(due));
    let start = now();
    // A thread of its own: timers of the runtime are a millisecond apart.
    let pace = std::thread::Builder::new()
        .name("pace".to_owned())
        .spawn(move || pace(start, rate, calls, &send))?;
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(serve(target.clone(), connection, Arc::clone(&due)));
    }
    let mut told = Told {
        took: Duration::ZERO,
        tallies: KINDS
            .iter()
            .map(|kind| Tally::new(*kind))
            .collect::<anyhow::Result<_>>()?,
        wrong: None,
    };
    while let Some(ended) = tasks.join_next().await {
        let (tallies, wrong) = ended??;
        for (all, own) in told.tallies.iter_mut().zip(tallies) {
            all.failed += own.failed;
            all.latencies.add(own.latencies)?;
        }
        told.wrong = told.wrong.or(wrong);
    }
    told.took = start.elapsed();
    ensure!(pace.join().is_ok(), "the pace was lost");
    Ok(told)
}

/// Hands out each call when it is due.
#[expect(
    clippy::disallowed_methods,
    reason = "a rate is kept by the clock, and nothing else tells when a call is due"
)]
fn pace(start: Instant, rate: u32, calls: Vec<(Kind, Call)>, send: &mpsc::UnboundedSender<Due>) {
    let gap = Duration::from_secs(1) / rate;
    let mut at = start;
    for (kind, call) in calls {
        at += gap;
        std::thread::sleep(at.saturating_duration_since(now()));
        if send.send((at, kind, call)).is_err() {
            return;
        }
    }
}

/// Sends on one connection whatever is due and nobody else has taken.
async fn serve(
    target: Target,
    mut connection: Connection,
    due: Arc<Mutex<mpsc::UnboundedReceiver<Due>>>,
) -> anyhow::Result<(Vec<Tally>, Option<String>)> {
    let mut tallies = KINDS
        .iter()
        .map(|kind| Tally::new(*kind))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut wrong = None;
    loop {
        let Some((at, kind, call)) = due.lock().await.recv().await else {
            return Ok((tallies, wrong));
        };
        let answer = connection.send(&call).await;
        let micros = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
        let tally = tallies.iter_mut().find(|tally| tally.kind == kind);
        let tally = tally.context("a kind of call that nobody counts")?;
        tally.latencies.record(micros)?;
        if let Err(error) = answer {
            tally.failed += 1;
            wrong = wrong.or(Some(format!("{error:#}")));
            // It may have been the connection.
            connection = Connection::open(&target).await?;
        }
    }
}

/// The share of calls that stayed below a latency, with its name.
const QUANTILES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

impl Told {
    fn failed(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.failed).sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn rate(&self) -> f64 {
        let calls: u64 = self.tallies.iter().map(|tally| tally.latencies.len()).sum();
        calls as f64 / self.took.as_secs_f64()
    }

    fn table(&self, others: Option<f64>, memory: Option<machine::Memory>) -> String {
        let heads = ["ms", "calls", "failed", "p50", "p90", "p99", "p99.9", "max"];
        let mut rows = vec![heads.map(str::to_owned)];
        for tally in &self.tallies {
            let [p50, p90, p99, p999, most] =
                QUANTILES.map(|(_, quantile)| format!("{:.2}", millis(tally, quantile)));
            rows.push([
                tally.kind.name().to_owned(),
                tally.latencies.len().to_string(),
                tally.failed.to_string(),
                p50,
                p90,
                p99,
                p999,
                most,
            ]);
        }
        let mut text = String::new();
        report::write_aligned(&mut text, &rows, &[0]);
        let memory = memory.map_or_else(
            || "?".to_owned(),
            |memory| (memory.anonymous / 1_024).to_string(),
        );
        let _ = write!(
            text,
            "\nanswered/s: {}; from the moment when a call was due; the server's own memory: {memory} MiB; others used {} of the CPU",
            report::amount(self.rate()),
            report::share(others)
        );
        if let Some(wrong) = &self.wrong {
            let _ = write!(text, "\n{} failed, one of them so: {wrong}", self.failed());
        }
        text
    }

    fn json(&self, others: Option<f64>, memory: Option<machine::Memory>) -> anyhow::Result<String> {
        let kind = |tally: &Tally| {
            let latencies = QUANTILES.map(|(name, at)| (name.to_owned(), millis(tally, at).into()));
            json!({
                "name": tally.kind.name(),
                "calls": tally.latencies.len(),
                "failed": tally.failed,
                "millis": serde_json::Map::from_iter(latencies),
            })
        };
        let told = json!({
            "answeredPerSecond": self.rate(),
            "others": others,
            "ownMemoryKib": memory.map(|memory| memory.anonymous),
            "wrong": self.wrong,
            "kinds": self.tallies.iter().map(kind).collect::<Vec<_>>(),
        });
        Ok(serde_json::to_string_pretty(&told)?)
    }
}

#[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52")]
fn millis(tally: &Tally, quantile: f64) -> f64 {
    tally.latencies.value_at_quantile(quantile) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use bytes::Bytes;
    use http::{Method, StatusCode};
    use tokio::sync::watch;

    use super::*;

    fn call(path: &str) -> (Kind, Call) {
        let call = Call {
            method: Method::GET,
            path: path.to_owned(),
            body: Bytes::new(),
            expected: StatusCode::OK,
        };
        (Kind::One, call)
    }

    /// A server with a path that says when it was called, and answers once `gate` is open.
    async fn server(gate: watch::Receiver<bool>, called: mpsc::UnboundedSender<()>) -> Target {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let held = async move || {
            called.send(()).unwrap();
            gate.clone().wait_for(|is_open| *is_open).await.unwrap();
        };
        let routes = Router::new()
            .route("/fast", get(async || StatusCode::OK))
            .route("/held", get(held));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Target {
            address,
            token: None,
        }
    }

    #[tokio::test]
    async fn every_call_is_sent_and_what_fails_is_counted() {
        let (_open, gate) = watch::channel(true);
        let (called, _) = mpsc::unbounded_channel();
        let target = server(gate, called).await;
        let mut calls = vec![call("/fast"); 30];
        calls.push(call("/elsewhere"));

        let told = drive(&target, 10_000, calls).await.unwrap();

        let tally = &told.tallies[0];
        assert_eq!((tally.latencies.len(), told.failed()), (31, 1));
        assert!(
            told.wrong.as_ref().unwrap().contains("404"),
            "{:?}",
            told.wrong
        );
        assert!(told.table(None, None).contains("1 failed"));
    }

    /// As many calls hang as there are connections. One more is due at once and is only sent when they are let go: its
    /// wait counts.
    #[tokio::test]
    async fn a_call_that_waits_for_a_connection_has_its_wait_counted() {
        let (open, gate) = watch::channel(false);
        let (called, mut calls_there) = mpsc::unbounded_channel();
        let target = server(gate, called).await;
        let mut calls = vec![call("/held"); CONNECTIONS];
        calls.push(call("/fast"));
        let release = async {
            for _ in 0..CONNECTIONS {
                calls_there.recv().await.unwrap();
            }
            // No other task is waited for: this is the time that is to be counted.
            tokio::time::sleep(Duration::from_millis(150)).await;
            open.send(true).unwrap();
        };

        let (told, ()) = tokio::join!(drive(&target, 50_000, calls), release);

        let tally = &told.unwrap().tallies[0];
        assert_eq!(tally.latencies.len(), CONNECTIONS as u64 + 1);
        // Sent after the others were let go, it would look fast if its time began then.
        assert!(
            tally.latencies.min() >= 100_000,
            "{}",
            tally.latencies.min()
        );
    }
}
