//! `reeve migrate`: brings the database's schema up to date.

use service::clock::Clock;

use crate::args::ConfigArgs;
use crate::config::Config;
use crate::{instance, output};

/// Runs the command.
pub(crate) fn run(args: &ConfigArgs) -> anyhow::Result<()> {
    let config = Config::load(args.config.as_deref())?;
    let data = config.data_folder(args.data.as_deref());
    instance::create_folder(&data)?;
    let store = instance::open(&config, &data)?;
    let before = instance::schema_state(&store)?;
    let steps = store.migrate_telling(Clock::system().now(), |step| {
        output::line(format_args!(
            "step {} of {}: {}",
            step.version, step.latest, step.name
        ));
    })?;
    output::line(format_args!(
        "the schema was {}; applied {steps} steps, it is up to date",
        instance::describe(before)
    ));
    Ok(())
}
