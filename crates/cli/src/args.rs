//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Reprocess requests or assignments: a plan, then bounded calls, then a report.
    Reprocess(ReprocessArgs),
    /// List grants that are not at their targets what they should be; exits with 1 if there are any.
    Drift(DriftArgs),
    /// Write catalogs, packages, policies and assignments as JSON lines, or the whole tenant as a seed.
    Export(ExportArgs),
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

/// What is reprocessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reprocessed {
    /// Requests whose delivery failed or was partial: what is missing is tried again.
    Request,
    /// Assignments that were delivered: what has drifted is put right.
    Assignment,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(false))]
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
