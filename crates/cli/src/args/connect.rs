//! Where the client commands ask, as whom, and in which form they tell.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use domain::cloud::Cloud;

/// How to reach a Graph root, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Where, and as whom")]
pub(crate) struct ConnectArgs {
    /// The Graph root without version, such as `https://reeve.example.com`.
    #[arg(long, value_name = "URL", env = "REEVE_URL")]
    pub(crate) url: Option<String>,
    /// A cloud of Microsoft's: its Graph root, and the authority that signs in for it.
    #[arg(long, value_enum, value_name = "CLOUD")]
    pub(crate) cloud: Option<CloudName>,
    /// The access token.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "REEVE_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
    /// The tenant in which a client signs in.
    #[arg(long, value_name = "TENANT", env = "REEVE_TENANT")]
    pub(crate) tenant: Option<String>,
    /// The client that signs in; its secret is in a file, or in the variable `REEVE_CLIENT_SECRET`.
    #[arg(long, value_name = "ID", env = "REEVE_CLIENT_ID", requires = "tenant")]
    pub(crate) client_id: Option<String>,
    /// The file with the client's secret.
    #[arg(
        long,
        value_name = "FILE",
        env = "REEVE_CLIENT_SECRET_FILE",
        requires = "client_id"
    )]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Where tokens come from, if that is neither the cloud's authority nor the Graph root itself.
    #[arg(long, value_name = "URL", env = "REEVE_AUTHORITY")]
    pub(crate) authority: Option<String>,
    /// The data folder of a development tenant: its address, its authority, and its client `admin`. All else that says where
    /// and who is left aside, variables too.
    #[arg(long, value_name = "DIR", conflicts_with = "cloud")]
    pub(crate) data: Option<PathBuf>,
    /// A user of the development tenant in the place of its client, by sign-in name or the part before the `@`.
    #[arg(long = "as", value_name = "USER", requires = "data")]
    pub(crate) user: Option<String>,
    /// Another client of the development tenant, by name.
    #[arg(long, value_name = "NAME", requires = "data", conflicts_with = "user")]
    pub(crate) client: Option<String>,
    /// Certificate authorities to trust (PEM), if not the system's.
    #[arg(long, value_name = "FILE", env = "REEVE_CA")]
    pub(crate) ca: Option<PathBuf>,
}

/// A cloud, as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloudName {
    /// Worldwide, GCC too.
    Global,
    /// US government L4, GCC High.
    Usgov,
    /// US government L5, the department of defence.
    UsgovDod,
    /// China, 21Vianet.
    China,
}

impl From<CloudName> for Cloud {
    fn from(name: CloudName) -> Self {
        match name {
            CloudName::Global => Self::Global,
            CloudName::Usgov => Self::UsGov,
            CloudName::UsgovDod => Self::UsGovDoD,
            CloudName::China => Self::China,
        }
    }
}

/// In which form a command tells.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// The form of what is told.
    #[arg(
        long,
        short,
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub(crate) output: Output,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[value(alias = "text")]
    Table,
    /// An object a line, as the server sent it.
    Json,
    /// A line for each object, under a line of names.
    Csv,
}

/// What every command has that asks a server.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClientArgs {
    #[command(flatten)]
    pub(crate) told: OutputArgs,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Which permissions to ask for; by default all that were consented to.
    #[arg(long = "scope", value_name = "S")]
    pub(crate) scopes: Vec<String>,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}
