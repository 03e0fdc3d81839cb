//! The command lines of `packages`, `requests`, `assignments` and `approvals`.

use clap::{Args, Subcommand};

use super::connect::ClientArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommand {
    /// List access packages.
    #[command(
        after_help = "Examples:\n  reeve packages list --data reeve-data\n  reeve packages list --mine --data reeve-data --as alice"
    )]
    List(PackagesList),
    /// Show one access package, with its roles and policies.
    #[command(after_help = "Example:\n  reeve packages show 'Harvest work' --data reeve-data")]
    Show(Show),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RequestsCommand {
    /// List assignment requests, the newest first.
    #[command(
        after_help = "Examples:\n  reeve requests list --state partiallyDelivered --data reeve-data\n  reeve requests list --mine --data reeve-data --as alice"
    )]
    List(List),
    /// Show one assignment request.
    #[command(
        after_help = "Example:\n  reeve requests show 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Show(Show),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AssignmentsCommand {
    /// List assignments: who has which access package.
    #[command(
        after_help = "Examples:\n  reeve assignments list --package 'Harvest work' --data reeve-data\n  reeve assignments list --person alice --output csv --limit 0 --data reeve-data"
    )]
    List(List),
    /// Show one assignment.
    #[command(
        after_help = "Example:\n  reeve assignments show 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Show(Show),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// List the requests that wait for a decision of whoever is signed in.
    #[command(after_help = "Example:\n  reeve approvals list --data reeve-data --as bob")]
    List(ApprovalsList),
}

/// Which objects of a collection.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// All that match, as Graph writes filters: `state eq 'delivered'`.
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Most that are shown; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) which: Which,
    /// All in this state, as `delivered`.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// All of this access package, by name or id.
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) package: Option<String>,
    /// All for this person, by sign-in name, name or id.
    #[arg(long, value_name = "PERSON", conflicts_with = "mine")]
    pub(crate) person: Option<String>,
    /// Those of whoever is signed in.
    #[arg(long)]
    pub(crate) mine: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PackagesList {
    #[command(flatten)]
    pub(crate) which: Which,
    /// All of this catalog, by name or id.
    #[arg(long, value_name = "CATALOG")]
    pub(crate) catalog: Option<String>,
    /// Those that whoever is signed in may ask for.
    #[arg(long)]
    pub(crate) mine: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ApprovalsList {
    #[command(flatten)]
    pub(crate) which: Which,
    /// All of this access package, by name or id.
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) package: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its id; an access package by its name too.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
