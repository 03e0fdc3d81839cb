//! The command line.

pub(crate) mod access;
pub(crate) mod connect;
pub(crate) mod dev;
pub(crate) mod explain;
pub(crate) mod lists;
pub(crate) mod reprocess;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use domain::time::Timestamp;

use crate::config::Listen;

/// What a script may rely on.
const EXIT_CODES: &str = "\
Exit codes:
  0  all went well
  1  something failed, or was found that should not be
  2  the command line cannot be understood
  3  nothing was done: it was refused, or would have gone past a threshold

Example:
  reeve demo --once";

/// Open entitlement management that speaks Microsoft Graph: grants access, checks that it arrived, and does it again.
#[derive(Debug, Parser)]
#[command(name = "reeve", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what Reeve does, step by step, on a throw-away tenant.
    #[command(after_help = "Example:\n  reeve demo --once")]
    Demo(DemoArgs),
    /// Run the server.
    #[command(
        args_override_self = true,
        after_help = "Examples:\n  reeve serve --config /etc/reeve/reeve.toml\n  reeve serve --dev --demo-org --data reeve-data"
    )]
    Serve(ServeArgs),
    /// Print an access token of a development tenant.
    #[command(after_help = "Example:\n  reeve token --data reeve-data --user alice")]
    Token(TokenArgs),
    /// Bring the database's schema up to date.
    #[command(after_help = "Example:\n  reeve migrate --config /etc/reeve/reeve.toml")]
    Migrate(ConfigArgs),
    /// Check configuration, database, issuers and targets.
    #[command(after_help = "Example:\n  reeve doctor --config /etc/reeve/reeve.toml")]
    Doctor(ConfigArgs),
    /// Print the configuration file with every default, explained.
    #[command(after_help = "Example:\n  reeve config")]
    Config,
    /// Copy all that a server keeps into a new folder, while it serves.
    #[command(after_help = "Example:\n  reeve backup --data reeve-data --out backup-monday")]
    Backup(BackupArgs),
    /// Check a backup, and make a data folder of it.
    #[command(after_help = "Example:\n  reeve restore backup-monday --data reeve-restored")]
    Restore(RestoreArgs),
    /// Prove the audit log, or write it out, without a server; or hold any tenant against what it should be.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve audit verify --data reeve-data"
    )]
    Audit(AuditCommand),
    /// The signing keys of a development tenant's issuer.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve keys list --data reeve-data"
    )]
    Keys(KeysCommand),
    #[command(flatten)]
    Client(ClientCommand),
    /// Print what a shell needs to complete commands.
    #[command(after_help = "Example:\n  reeve completions bash > /etc/bash_completion.d/reeve")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command into a folder.
    #[command(after_help = "Example:\n  reeve man --out /usr/local/share/man/man1")]
    Man(ManArgs),
}

/// What asks a server.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Sign in with a browser on any machine; later commands for the same Graph root need no token.
    #[command(
        after_help = "Example:\n  reeve login --url https://reeve.example.com --tenant contoso --client-id 5c1f7d9e-7a55-4c1c-9d9f-0f6f1c2b3a4d"
    )]
    Login(connect::LoginArgs),
    /// Forget the tokens that `login` keeps for a Graph root, or for all.
    #[command(after_help = "Example:\n  reeve logout --url https://reeve.example.com")]
    Logout(LogoutArgs),
    /// Access packages: what can be asked for.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve packages list --data reeve-data"
    )]
    Packages(lists::PackagesCommand),
    /// Assignment requests: who asked for what, and what became of it.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve requests list --data reeve-data"
    )]
    Requests(lists::RequestsCommand),
    /// Assignments: who has what.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve assignments list --data reeve-data"
    )]
    Assignments(lists::AssignmentsCommand),
    /// What waits for a decision of whoever is signed in.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve approvals list --data reeve-data --as bob"
    )]
    Approvals(lists::ApprovalsCommand),
    /// Approve requests that wait for whoever is signed in.
    #[command(
        after_help = "Examples:\n  reeve approve 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --reason 'as agreed' --data reeve-data --as bob\n  reeve approve --all --package 'Harvest work' --data reeve-data --as bob"
    )]
    Approve(access::DecideArgs),
    /// Deny requests that wait for whoever is signed in.
    #[command(
        after_help = "Example:\n  reeve deny 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --reason 'not this season' --data reeve-data --as bob"
    )]
    Deny(access::DecideArgs),
    /// Ask for an access package, for oneself.
    #[command(
        after_help = "Examples:\n  reeve request 'Harvest work' --justification 'the harvest is ripe' --data reeve-data --as alice\n  reeve request 'Keys to the granary' --answer 'Which door?=the left one' --for P7D --data reeve-data --as alice"
    )]
    Request(access::RequestArgs),
    /// Assign an access package to somebody, as an administrator.
    #[command(
        after_help = "Example:\n  reeve grant 'Harvest work' --to alice --until 2027-01-31T17:00:00Z --wait --data reeve-data"
    )]
    Grant(access::GrantArgs),
    /// Take an assignment away, or give one's own back.
    #[command(
        after_help = "Examples:\n  reeve revoke --person alice --package 'Harvest work' --wait --data reeve-data\n  reeve revoke --mine --package 'Harvest work' --data reeve-data --as alice"
    )]
    Revoke(access::RevokeArgs),
    /// Let an assignment last longer, or end earlier.
    #[command(
        after_help = "Example:\n  reeve extend --mine --package 'Harvest work' --for P30D --data reeve-data --as alice"
    )]
    Extend(access::ExtendArgs),
    /// Withdraw requests that are not decided or delivered yet.
    #[command(
        after_help = "Example:\n  reeve cancel 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data --as alice"
    )]
    Cancel(access::CancelArgs),
    /// Reprocess requests or assignments: a plan, bounded work, then a report that accounts for each of them.
    #[command(
        after_help = "Against Reeve this is one bulk job of the server's. Against any other Graph root it is a documented call for\neach object, in batches, as fast as the server allows.\n\nExamples:\n  reeve reprocess requests --state partiallyDelivered --dry-run --data reeve-data\n  reeve reprocess assignments --state delivered --cloud usgov --tenant contoso --client-id 5c1f7d9e-7a55-4c1c-9d9f-0f6f1c2b3a4d --client-secret-file secret --checkpoint monday.json"
    )]
    Reprocess(reprocess::ReprocessArgs),
    /// The bulk jobs of a Reeve server.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve jobs list --data reeve-data"
    )]
    Jobs(reprocess::JobsCommand),
    /// List grants that are not at their targets what they should be; exits with 1 if there are any.
    #[command(after_help = "Example:\n  reeve drift --data reeve-data --output csv")]
    Drift(DriftArgs),
    /// Ask a Reeve server why: why somebody can ask for access, who decides, why somebody has it or may do something.
    #[command(
        after_help = "Example:\n  reeve explain access --package 'Harvest work' --principal alice@reeve.example --data reeve-data"
    )]
    Explain(explain::ExplainArgs),
    /// Write catalogs, packages, policies and assignments as JSON lines, or the whole tenant as a seed.
    #[command(after_help = "Example:\n  reeve export --seed --data reeve-data")]
    Export(ExportArgs),
    /// Bring a seed in: what is missing is made, what is there and differs is told.
    #[command(
        after_help = "Examples:\n  reeve import tenant.yaml --dry-run --data reeve-data\n  reeve import tenant.yaml --data reeve-data\n  reeve import tenant.yaml --update --data reeve-data"
    )]
    Import(ImportArgs),
    /// What only a development tenant can: its clock, faults on purpose, back to the start.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve dev clock --advance P30D --data reeve-data"
    )]
    Dev(dev::DevCommand),
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder for a page of each command.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// The Graph root whose tokens are forgotten; all, if none is named.
    #[arg(long, value_name = "URL", env = "REEVE_URL")]
    pub(crate) url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The folder that the copy is made in; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The folder that `reeve backup` made.
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: PathBuf,
    /// The data folder to make of it; it must not be there yet, or be empty.
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    pub(crate) data: Option<PathBuf>,
    /// Only check the backup.
    #[arg(long, conflicts_with = "data")]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The seed (YAML or JSON), as `reeve export --seed` writes it.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Only show what would be made.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write what is there and differs from the file, too; else it is only told.
    #[arg(long)]
    pub(crate) update: bool,
    #[command(flatten)]
    pub(crate) client: connect::ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    pub(crate) client: connect::ClientArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check that every event is the one that was sealed; exits with 1 and names the first that is not.
    #[command(after_help = "Example:\n  reeve audit verify --data reeve-data")]
    Verify(AuditVerifyArgs),
    /// Write the sealed events as JSON lines, in the order of the chain.
    #[command(after_help = "Example:\n  reeve audit export --data reeve-data --out log.ndjson")]
    Export(AuditExportArgs),
    /// Work out anew who should have what in any tenant, by reading alone; exits with 1 if something is not so.
    #[command(
        after_help = "Example:\n  reeve audit tenant --cloud global --tenant contoso --client-id 5c1f7d9e-7a55-4c1c-9d9f-0f6f1c2b3a4d --output csv"
    )]
    Tenant(TenantArgs),
    /// Sign the chain with the key that is there now, after the old one was lost; the links must hold.
    #[command(after_help = "Example:\n  reeve audit sign --data reeve-data")]
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

#[derive(Debug, Args)]
pub(crate) struct TenantArgs {
    #[command(flatten)]
    pub(crate) client: connect::ClientArgs,
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
    #[command(after_help = "Example:\n  reeve keys list --data reeve-data")]
    List(KeysArgs),
    /// Sign with a new key from now on. The old one verifies what it signed until that has expired.
    #[command(after_help = "Example:\n  reeve keys rotate --data reeve-data")]
    Rotate(KeysArgs),
    /// Remove keys that no valid token is signed with. `rotate` does this too.
    #[command(after_help = "Example:\n  reeve keys prune --data reeve-data")]
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
    pub(crate) connect: connect::ConnectArgs,
    /// Write one file for `serve --dev --seed`: the directory too, with names in the place of ids.
    #[arg(long, conflicts_with = "output")]
    pub(crate) seed: bool,
    /// The form of what is told.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "json")]
    pub(crate) output: connect::Output,
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
