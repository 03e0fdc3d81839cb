//! A tenant with as many rows as wanted, in the schema of an earlier release, is brought forward by `reeve migrate`: how long
//! each step took, how much memory it had, and how soon the server answers afterwards.
//!
//! **Invariant:** every row that was there before is there afterwards.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use peers::postgres::{Cluster, Durability};
use service::clock::Clock;
use store::{Location, Store};

use crate::data::{self, Size};
use crate::http::now;
use crate::load::On;
use crate::machine;
use crate::output;
use crate::server::{Server, command};

/// The tables whose rows are counted.
const TABLES: [&str; 6] = [
    "subject",
    "assignment",
    "assignment_request",
    "ledger",
    "ledger_link",
    "request_delivery",
];

/// How many rows, and from where.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `reeve` that migrates
    #[arg(long)]
    reeve: PathBuf,
    /// Assignments in the tenant
    #[arg(long, value_parser = clap::value_parser!(u64).range(10_000..=10_000_000))]
    assignments: u64,
    /// On which database
    #[arg(long, value_enum)]
    database: On,
    /// The last step of the schema that is upgraded
    #[arg(long, default_value_t = 23)]
    from_step: i64,
}

/// Where the rows are.
struct Home {
    location: Location,
    /// What `reeve` is told of it.
    arguments: Vec<String>,
}

/// Fills, migrates, starts; tells what it took.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let cluster = match options.database {
        On::Sqlite => None,
        On::Postgres => {
            let started = Cluster::start(Durability::Full)?;
            let missing = || format!("{} is not installed", peers::postgres::NAME);
            Some(started.with_context(missing)?)
        }
    };
    let home = Home::new(folder.path(), cluster.as_ref())?;
    let size = Size::of(options.assignments);
    eprintln!(
        "filling a database of step {} with {} assignments ...",
        options.from_step, size.assignments
    );
    let begun = now();
    home.fill(options.from_step, size)?;
    eprintln!("filled in {:.1} s", begun.elapsed().as_secs_f64());
    let before = home.rows()?;

    let begun = now();
    let peak = migrate(&options.reeve, &home.arguments)?;
    let took = begun.elapsed().as_secs_f64();
    let after = home.rows()?;
    ensure!(after == before, "{after:?} rows instead of {before:?}");
    let mut serve = command(&options.reeve);
    serve
        .args(["serve", "--dev", "--http", "127.0.0.1:0", "--https", "off"])
        .args(&home.arguments);
    let server = Server::start(&mut serve, &folder.path().join("reeve.log"))?;
    let ready = server.took.as_millis();
    server.stop()?;
    let rows: i64 = before.iter().sum();
    let peak = peak.map_or_else(|| "?".to_owned(), |kib| (kib / 1_024).to_string());
    output::line(&format!(
        "{rows} rows kept; migrated in {took:.1} s with at most {peak} MiB; served {ready} ms after the start"
    ));
    Ok(())
}

/// Runs `reeve migrate`, passing on what it says; the most memory that was seen, in KiB.
fn migrate(reeve: &Path, arguments: &[String]) -> anyhow::Result<Option<u64>> {
    let begun = now();
    let mut child = Command::new(reeve)
        .arg("migrate")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", reeve.display()))?;
    let output = child.stdout.take().context("no output")?;
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            eprintln!("{:8.1} s  {line}", begun.elapsed().as_secs_f64());
        }
    });
    let mut most = None;
    let ended = loop {
        most = most.max(machine::peak(child.id()));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        wait();
    };
    ensure!(reader.join().is_ok(), "the output was lost");
    ensure!(ended.success(), "reeve migrate: {ended}");
    Ok(most)
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells when another process takes more memory"
)]
fn wait() {
    std::thread::sleep(std::time::Duration::from_millis(20));
}

impl Home {
    fn new(folder: &Path, cluster: Option<&Cluster>) -> anyhow::Result<Self> {
        let data = folder.join("data");
        std::fs::create_dir(&data)?;
        let mut arguments = vec!["--data".to_owned(), data.display().to_string()];
        let Some(cluster) = cluster else {
            let path = data.join("reeve.db");
            return Ok(Self {
                location: Location::Sqlite { path },
                arguments,
            });
        };
        cluster.sql("postgres", "CREATE DATABASE upgraded TEMPLATE template0")?;
        let url = cluster.url("upgraded");
        let file = folder.join("reeve.toml");
        std::fs::write(&file, format!("[database]\nurl = \"{url}\"\n"))?;
        arguments.extend(["--config".to_owned(), file.display().to_string()]);
        Ok(Self {
            location: Location::Postgres { url, ca: None },
            arguments,
        })
    }

    fn fill(&self, step: i64, size: Size) -> anyhow::Result<()> {
        Store::open(&self.location, &store::Options::default())?
            .migrate_up_to(step, Clock::system().now())?;
        match &self.location {
            Location::Sqlite { path } => {
                data::into_sqlite(&mut rusqlite::Connection::open(path)?, size)
            }
            Location::Postgres { url, .. } => data::into_postgres(url, size),
        }
    }

    fn rows(&self) -> anyhow::Result<Vec<i64>> {
        let counts = TABLES.map(|table| format!("SELECT count(*) FROM {table}"));
        match &self.location {
            Location::Sqlite { path } => {
                let database = rusqlite::Connection::open(path)?;
                let count = |sql: &String| Ok(database.query_row(sql, [], |row| row.get(0))?);
                counts.iter().map(count).collect()
            }
            Location::Postgres { url, .. } => {
                let mut client = postgres::Client::connect(url, postgres::NoTls)?;
                let mut count = |sql: &String| Ok(client.query_one(sql.as_str(), &[])?.get(0));
                counts.iter().map(&mut count).collect()
            }
        }
    }
}
