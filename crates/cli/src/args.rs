//! The command line.

pub(crate) mod explain;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::time::Timestamp;

use crate::config::Listen;

/// Open entitlement management that speaks Microsoft Graph: grants access, checks that it arrived, and does it again.
#[derive(Debug, Parser)]
#[command(name = "reeve", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what Reeve does, step by step, on a throw-away tenant.
    Demo(DemoArgs),
    /// Run the server.
    #[command(args_override_self = true)]
    Serve(ServeArgs),
    /// Print an access token of a development tenant.
    Token(TokenArgs),
    /// Bring the database's schema up to date.
    Migrate(ConfigArgs),
    /// Check configuration, database, issuers and targets.
    Doctor(ConfigArgs),
    /// Print the configuration file with every default, explained.
    Config,
    /// Prove the audit log, or write it out; no server has to run.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The signing keys of a development tenant's issuer.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Reprocess requests or assignments: a plan, then bounded calls, then a report.
    Reprocess(ReprocessArgs),
    /// List grants that are not at their targets what they should be; exits with 1 if there are any.
    Drift(DriftArgs),
    /// Ask a Reeve server why: why somebody can ask for access, who decides, why somebody has it or may do something.
    Explain(explain::ExplainArgs),
    /// Write catalogs, packages, policies and assignments as JSON lines, or the whole tenant as a seed.
    Export(ExportArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check that every event is the one that was sealed; exits with 1 and names the first that is not.
    Verify(AuditVerifyArgs),
    /// Write the sealed events as JSON lines, in the order of the chain.
    Export(AuditExportArgs),
    /// Sign the chain with the key that is there now, after the old one was lost; the links must hold.
    Sign(ConfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AuditVerifyArgs {
    /// A file that `reeve audit export` wrote, instead of the database.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// A head that was noted before, as `verify` prints it: the log must still hold it.
    #[arg(long, value_name = "SEQ:HASH")]
    pub(crate) head: Option<Noted>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A place in the chain and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) seq: i64,
    pub(crate) hash: String,
}

#[derive(Debug, Args)]
pub(crate) struct AuditExportArgs {
    /// The file to write; standard output, if none is named.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Begin with the first event that is not older, such as `2026-01-01T00:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) since: Option<Timestamp>,
    /// End before the first event that is not older.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) until: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show the keys, and what each is good for.
    List(KeysArgs),
    /// Sign with a new key from now on. The old one verifies what it signed until that has expired.
    Rotate(KeysArgs),
    /// Remove keys that no valid token is signed with. `rotate` does this too.
    Prune(KeysArgs),
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// The data folder of the development tenant.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    /// Write one file for `serve --dev --seed`: the directory too, with names in the place of ids.
    #[arg(long)]
    pub(crate) seed: bool,
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file (see `reeve config`).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder for data; wins over `database.dataFolder`.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Where to speak plain HTTP, or `off`; port 0 picks a free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<Listen>,
    /// Where to speak TLS, or `off`; port 0 picks a free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) https: Option<Listen>,
    /// Bring the schema of a PostgreSQL database up to date first (the built-in database always is).
    #[arg(long)]
    pub(crate) migrate: bool,
    /// A tenant in a box: own issuer, accounts, certificate authority, movable clock, faults.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Let a development tenant be reached from other machines, which can sign in as anybody there.
    #[arg(long, requires = "dev")]
    pub(crate) dev_allow_remote: bool,
    /// Users, groups, applications, catalogs and packages to start with (YAML or JSON); what is there already stays.
    #[arg(long, value_name = "FILE", requires = "dev")]
    pub(crate) seed: Option<PathBuf>,
    /// Start with a sample organisation.
    #[arg(long, requires = "dev")]
    pub(crate) demo_org: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the story instead of serving on.
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the data in this folder instead of a temporary one.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("who").required(true))]
pub(crate) struct TokenArgs {
    /// The data folder of the development tenant.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The user to sign in, by user principal name (or the part before the `@`).
    #[arg(long, value_name = "UPN", group = "who")]
    pub(crate) user: Option<String>,
    /// The client to sign in, by name.
    #[arg(long, value_name = "NAME", group = "who")]
    pub(crate) client: Option<String>,
    /// A permission to ask for, such as `EntitlementManagement.Read.All`; may be repeated. Default: all granted.
    #[arg(long = "scope", value_name = "S")]
    pub(crate) scopes: Vec<String>,
}

/// How to reach a Graph root.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// The Graph root without version, such as `https://graph.microsoft.com`.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The access token.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "REEVE_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
    /// The data folder of a development tenant: its address, its authority, and its client `admin`.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Certificate authorities to trust (PEM), if not the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// How a job is done and told of.
#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// Let a Reeve server do it as one job: planned as a whole, stopped where too much would be removed, resumable.
    #[arg(long, group = "as_job", conflicts_with_all = ["plan", "wait", "concurrency"])]
    pub(crate) job: bool,
    /// Only the plan of the job: what would be added and removed where, and what would be refused.
    #[arg(long, group = "as_job", conflicts_with_all = ["plan", "wait", "concurrency"])]
    pub(crate) dry_run: bool,
    /// Only what changes something leaves a request and its events; what is found as it shall be leaves its line in the report.
    #[arg(long, requires = "as_job")]
    pub(crate) changes_only: bool,
    /// How a job is told of: `csv` and `json` name every item.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        requires = "as_job"
    )]
    pub(crate) output: Output,
    /// Most grants that a job may remove; by default 1000.
    #[arg(long, value_name = "N", requires = "as_job")]
    pub(crate) max_removed: Option<u32>,
    /// Most grants in a hundred that a job may remove; by default 10.
    #[arg(long, value_name = "PERCENT", requires = "as_job", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_removed_percent: Option<u8>,
    /// What is kept beside the job, for whoever reads the list of jobs.
    #[arg(long, value_name = "TEXT", requires = "as_job")]
    pub(crate) note: Option<String>,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// The job, and each item in a line of its own.
    Json,
    /// One line for each item, under a line of names.
    Csv,
}

/// What is reprocessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reprocessed {
    /// Requests whose delivery failed or was partial: what is missing is tried again.
    #[value(alias = "requests")]
    Request,
    /// Assignments that were delivered: what has drifted is put right.
    #[value(alias = "assignments")]
    Assignment,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(false))]
#[command(group = clap::ArgGroup::new("as_job").multiple(true))]
pub(crate) struct ReprocessArgs {
    /// What to reprocess.
    #[arg(value_enum)]
    pub(crate) what: Reprocessed,
    /// Their ids.
    #[arg(value_name = "ID", group = "which")]
    pub(crate) ids: Vec<String>,
    /// All that match, as Graph writes filters: `accessPackage/id eq '…' and state eq 'deliveryFailed'`.
    #[arg(long, value_name = "FILTER", group = "which")]
    pub(crate) filter: Option<String>,
    /// All in this state: `deliveryFailed` or `partiallyDelivered` requests, `delivered` assignments.
    #[arg(long, value_name = "STATE", group = "which")]
    pub(crate) state: Option<String>,
    /// Only show what would be reprocessed.
    #[arg(long)]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) of_job: JobArgs,
    /// Wait until everything that was accepted has ended, and report how.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Most calls at once; each carries up to 20 objects.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) concurrency: u8,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// JSON lines instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}
