//! `reeve keys`: the signing keys of a development tenant's issuer. A running server follows by itself.

use std::path::Path;

use anyhow::Context;
use auth::keys::{self, Algorithm, KeyUse};
use service::clock::Clock;

use crate::args::KeysCommand;
use crate::dev_file::DevFile;
use crate::output;

/// Runs the command.
pub(crate) fn run(command: &KeysCommand) -> anyhow::Result<()> {
    let now = Clock::system().now();
    match command {
        KeysCommand::List(args) => {
            tenant(&args.data)?;
            let mut table = output::table(["key", "use", "time"]);
            for key in keys::list(&args.data, Algorithm::Es256, now)? {
                let (usage, time) = match key.usage {
                    KeyUse::Signing => ("signs", String::new()),
                    KeyUse::Verifying { until } => ("verifies", format!("until {until}")),
                    KeyUse::Expired { since } => ("of no use", format!("since {since}")),
                };
                table.add_row([key.kid, usage.to_owned(), time]);
            }
            output::line(table);
        }
        KeysCommand::Rotate(args) => {
            tenant(&args.data)?;
            let rotation = keys::rotate(&args.data, Algorithm::Es256, now)
                .context("cannot make another key")?;
            output::line(format_args!("signs from now on: {}", rotation.kid));
            output::line(format_args!(
                "only verifies what it signed: {}",
                rotation.retired
            ));
            if rotation.pruned > 0 {
                output::line(format_args!("removed: {}", rotation.pruned));
            }
        }
        KeysCommand::Prune(args) => {
            tenant(&args.data)?;
            let pruned = keys::prune(&args.data, Algorithm::Es256, now)?;
            output::line(format_args!("removed: {pruned}"));
        }
    }
    Ok(())
}

/// Makes sure that there is an issuer.
fn tenant(data: &Path) -> anyhow::Result<()> {
    DevFile::get(data).map(drop)
}
