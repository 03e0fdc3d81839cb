//! The command lines of `reprocess` and `jobs`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::connect::ClientArgs;

/// What is reprocessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reprocessed {
    /// Requests whose delivery failed or was partial: what is missing is tried again.
    #[value(alias = "request")]
    Requests,
    /// Assignments that were delivered: what has drifted is put right.
    #[value(alias = "assignment")]
    Assignments,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).multiple(false))]
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
    /// Only show what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// End as soon as the server has taken the order; do not wait for what comes of it.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) no_wait: bool,
    /// A call for each object even where Reeve could do it as one job.
    #[arg(long)]
    pub(crate) single: bool,
    /// Keep here how far it is, for calls of single objects: the same command goes on where it ended.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "job"])]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Most batches at once, of single objects; each carries up to 20.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) concurrency: u8,
    #[command(flatten)]
    pub(crate) of_job: JobOptions,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// What only a job of Reeve's knows.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("job").multiple(true).conflicts_with("single"))]
pub(crate) struct JobOptions {
    /// Of a job: only what changes something leaves a request and its events; the rest leaves its line in the report.
    #[arg(long, group = "job")]
    pub(crate) changes_only: bool,
    /// Of a job: most grants that it may remove; by default 1000.
    #[arg(long, value_name = "N", group = "job")]
    pub(crate) max_removed: Option<u32>,
    /// Of a job: most grants in a hundred that it may remove; by default 10.
    #[arg(long, value_name = "PERCENT", group = "job", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_removed_percent: Option<u8>,
    /// Of a job: what is kept beside it, for whoever reads the list of jobs.
    #[arg(long, value_name = "TEXT", group = "job")]
    pub(crate) note: Option<String>,
}

impl JobOptions {
    /// Whether anything is said that only a job knows.
    pub(crate) fn says_something(&self) -> bool {
        self.changes_only
            || self.max_removed.is_some()
            || self.max_removed_percent.is_some()
            || self.note.is_some()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List bulk jobs, the newest first.
    #[command(after_help = "Example:\n  reeve jobs list --data reeve-data")]
    List(JobsList),
    /// Show one job: its plan, and what came of it.
    #[command(
        after_help = "Example:\n  reeve jobs show 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Show(JobArgs),
    /// Watch a job to its end, then show it.
    #[command(
        after_help = "Example:\n  reeve jobs watch 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Watch(JobArgs),
    /// Run a plan that is ready, or that was stopped at its thresholds, and watch it.
    #[command(
        after_help = "Example:\n  reeve jobs run 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --max-removed 5000 --data reeve-data"
    )]
    Run(JobRunArgs),
    /// Hold a job back; what was begun is delivered.
    #[command(
        after_help = "Example:\n  reeve jobs pause 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Pause(JobArgs),
    /// Let a job go on.
    #[command(
        after_help = "Example:\n  reeve jobs resume 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Resume(JobArgs),
    /// End a job; what was begun is delivered.
    #[command(
        after_help = "Example:\n  reeve jobs cancel 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Cancel(JobArgs),
}

#[derive(Debug, Args)]
pub(crate) struct JobsList {
    /// Most that are shown; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// The job's id.
    #[arg(value_name = "JOB")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobRunArgs {
    /// Most grants that it may remove from now on.
    #[arg(long, value_name = "N")]
    pub(crate) max_removed: Option<u32>,
    /// Most grants in a hundred that it may remove from now on.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_removed_percent: Option<u8>,
    #[command(flatten)]
    pub(crate) job: JobArgs,
}
