//! The command lines of what gives, takes and changes access: `request`, `grant`, `revoke`, `extend`, `cancel`, `approve`
//! and `deny`.

use clap::{ArgGroup, Args};

use super::connect::ClientArgs;

/// From when until when somebody has access.
#[derive(Debug, Clone, Args)]
pub(crate) struct Dates {
    /// When it begins, such as `2026-12-01T08:00:00Z`; now, if nothing is said.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) end: End,
}

/// When access ends; as the policy says, if nothing is said.
#[derive(Debug, Clone, Args)]
pub(crate) struct End {
    /// When it ends, such as `2027-01-31T17:00:00Z`.
    #[arg(long, value_name = "TIME", conflicts_with = "duration")]
    pub(crate) until: Option<String>,
    /// How long it lasts, such as `P30D`.
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) duration: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// The access package, by name or id.
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: String,
    /// The policy by which to ask, by name or id, where there are several.
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) justification: Option<String>,
    /// An answer to a question of the policy, by the question's text or id; may be repeated.
    #[arg(long = "answer", value_name = "QUESTION=ANSWER", value_parser = answer)]
    pub(crate) answers: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) dates: Dates,
    /// Wait until it is delivered or refused, or waits for somebody else.
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

fn answer(text: &str) -> Result<(String, String), String> {
    let (question, answer) = text
        .split_once('=')
        .ok_or("expected the question, `=` and the answer")?;
    Ok((question.trim().to_owned(), answer.trim().to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// The access package, by name or id.
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: String,
    /// Who gets it, by sign-in name, name or id.
    #[arg(long, value_name = "PERSON")]
    pub(crate) to: String,
    /// The policy by which they get it, by name or id, where there are several.
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) justification: Option<String>,
    #[command(flatten)]
    pub(crate) dates: Dates,
    /// Wait until it is delivered or refused, or waits for somebody else.
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// Which assignment.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("assignment").required(true).multiple(true))]
pub(crate) struct Held {
    /// The assignment's id.
    #[arg(value_name = "ASSIGNMENT", group = "assignment", conflicts_with_all = ["package", "person"])]
    pub(crate) id: Option<String>,
    /// The access package that it is of, by name or id.
    #[arg(long, value_name = "PACKAGE", group = "assignment")]
    pub(crate) package: Option<String>,
    /// Who has it, by sign-in name, name or id.
    #[arg(
        long,
        value_name = "PERSON",
        requires = "package",
        conflicts_with = "mine"
    )]
    pub(crate) person: Option<String>,
    /// It is the own one of whoever is signed in: they ask for themselves.
    #[arg(long)]
    pub(crate) mine: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) held: Held,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) justification: Option<String>,
    /// Wait until the access is gone.
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("end").required(true).args(["until", "duration"]))]
pub(crate) struct ExtendArgs {
    #[command(flatten)]
    pub(crate) held: Held,
    #[command(flatten)]
    pub(crate) end: End,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) justification: Option<String>,
    /// Wait until it is delivered or refused, or waits for somebody else.
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The request's id; may be repeated.
    #[arg(value_name = "REQUEST", required = true)]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "all"]))]
pub(crate) struct DecideArgs {
    /// The requests, by id, as `reeve approvals list` shows them.
    #[arg(value_name = "REQUEST")]
    pub(crate) ids: Vec<String>,
    /// All that wait for whoever is signed in.
    #[arg(long)]
    pub(crate) all: bool,
    /// Of all those that match, as Graph writes filters: `accessPackage/displayName eq 'Harvest work'`.
    #[arg(long, value_name = "FILTER", requires = "all")]
    pub(crate) filter: Option<String>,
    /// Of all those of this access package, by name or id.
    #[arg(long, value_name = "PACKAGE", requires = "all")]
    pub(crate) package: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
