//! The command line of `dev`: what only a development tenant can.

use clap::{Args, Subcommand};

use super::connect::ClientArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum DevCommand {
    /// Tell the tenant's time, or move it forward.
    #[command(
        after_help = "Examples:\n  reeve dev clock --data reeve-data\n  reeve dev clock --advance P30D --data reeve-data"
    )]
    Clock(ClockArgs),
    /// What misbehaves on purpose.
    #[command(
        subcommand,
        after_help = "Example:\n  reeve dev faults list --data reeve-data"
    )]
    Faults(FaultsCommand),
    /// Take somebody out of a group, or put them into it, past Reeve: to see drift.
    #[command(
        after_help = "Example:\n  reeve dev member --remove alice --group 'Harvest crew' --data reeve-data"
    )]
    Member(MemberArgs),
    /// Bring everything back as it was when the server began to serve.
    #[command(after_help = "Example:\n  reeve dev reset --data reeve-data")]
    Reset(ClientArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ClockArgs {
    /// How far to move it, such as `PT1H` or `P14D`.
    #[arg(long, value_name = "DURATION")]
    pub(crate) advance: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FaultsCommand {
    /// List what misbehaves.
    #[command(after_help = "Example:\n  reeve dev faults list --data reeve-data")]
    List(ClientArgs),
    /// Let a target misbehave in one way alone: `down`, `delay:PT1S`, `status:503`, `throttle:5` and others.
    #[command(after_help = "Example:\n  reeve dev faults set directory down --data reeve-data")]
    Set(FaultArgs),
    /// Let a target, or everything, behave again.
    #[command(after_help = "Example:\n  reeve dev faults clear directory --data reeve-data")]
    Clear(ClearArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FaultArgs {
    /// The target, by name.
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// How it misbehaves.
    #[arg(value_name = "FAULT")]
    pub(crate) fault: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ClearArgs {
    /// The target, by name, or the id of one fault; everything, if none is named.
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("who").required(true).args(["add", "remove"]))]
pub(crate) struct MemberArgs {
    /// Who is put in, by sign-in name, name or id.
    #[arg(long, value_name = "PERSON")]
    pub(crate) add: Option<String>,
    /// Who is taken out, by sign-in name, name or id.
    #[arg(long, value_name = "PERSON")]
    pub(crate) remove: Option<String>,
    /// The group, by name or id.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: String,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
