//! The command line of `reeve explain`.

use clap::{Args, Subcommand};

use super::connect::{ConnectArgs, OutputArgs};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(subcommand)]
    pub(crate) question: ExplainQuestion,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExplainQuestion {
    /// Why somebody can ask for an access package, or cannot.
    #[command(
        after_help = "Example:\n  reeve explain request --package 'Harvest work' --principal alice --data reeve-data"
    )]
    Request(ExplainRequest),
    /// Who decides about a request, or would.
    #[command(
        after_help = "Example:\n  reeve explain approval --request 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Approval(ExplainApproval),
    /// Why somebody has access, or does not.
    #[command(
        after_help = "Example:\n  reeve explain access --package 'Harvest work' --principal alice --data reeve-data"
    )]
    Access(ExplainAccess),
    /// Which access packages give a group or an application, and who has it.
    #[command(
        after_help = "Example:\n  reeve explain resource 0198c1a4-7e55-7d2e-9b52-3a1d6f0c8e21 --data reeve-data"
    )]
    Resource(ExplainResource),
    /// Why somebody may do something, or may not.
    #[command(
        after_help = "Example:\n  reeve explain authorization reprocess --principal alice --data reeve-data"
    )]
    Authorization(ExplainAuthorization),
}

/// What every question has.
#[derive(Debug, Args)]
pub(crate) struct ExplainCommon {
    #[command(flatten)]
    pub(crate) told: OutputArgs,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainRequest {
    /// The access package, by id or name.
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) package: String,
    /// Who would ask, by sign-in name, name or id; by default whoever has the token.
    #[arg(long, value_name = "WHO")]
    pub(crate) principal: Option<String>,
    #[command(flatten)]
    pub(crate) common: ExplainCommon,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("about").required(true).multiple(false))]
pub(crate) struct ExplainApproval {
    /// A request that was made.
    #[arg(long, value_name = "ID", group = "about", conflicts_with = "principal")]
    pub(crate) request: Option<String>,
    /// The access package that somebody would ask for, by id or name.
    #[arg(long, value_name = "PACKAGE", group = "about")]
    pub(crate) package: Option<String>,
    /// Who would ask, by sign-in name, name or id; by default whoever has the token.
    #[arg(long, value_name = "WHO")]
    pub(crate) principal: Option<String>,
    #[command(flatten)]
    pub(crate) common: ExplainCommon,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("to").required(true).multiple(false))]
pub(crate) struct ExplainAccess {
    /// To what an access package gives, by its id or name.
    #[arg(long, value_name = "PACKAGE", group = "to")]
    pub(crate) package: Option<String>,
    /// To a group, an application or a resource of a catalog, by its id.
    #[arg(long, value_name = "ID", group = "to")]
    pub(crate) resource: Option<String>,
    /// Whose access, by sign-in name, name or id; by default that of whoever has the token.
    #[arg(long, value_name = "WHO")]
    pub(crate) principal: Option<String>,
    #[command(flatten)]
    pub(crate) common: ExplainCommon,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainResource {
    /// A group, an application or a resource of a catalog, by its id.
    #[arg(value_name = "ID")]
    pub(crate) object: String,
    #[command(flatten)]
    pub(crate) common: ExplainCommon,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainAuthorization {
    /// An operation such as `reprocess`, or a command of Graph such as `POST /v1.0/…/reprocess`.
    #[arg(value_name = "OPERATION")]
    pub(crate) operation: String,
    /// The object that it is about, by its id.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// Who would do it: a person by sign-in name, name or id, an application by object id or client id; by default whoever has
    /// the token.
    #[arg(long, value_name = "WHO")]
    pub(crate) principal: Option<String>,
    #[command(flatten)]
    pub(crate) common: ExplainCommon,
}
