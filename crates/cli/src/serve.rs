//! `reeve serve`: starts an instance, says when it is ready, and stops it when told to.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::ServeArgs;
use crate::config::Config;
use crate::instance::{self, Blueprint, Instance};
use crate::{exposure, logging, output};

/// Runs the command.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let mut config = Config::load(args.config.config.as_deref())?;
    instance::override_listeners(&mut config, args.http, args.https);
    logging::start(&config.log)?;
    exposure::check_files(&config)?;
    if args.dev {
        exposure::check_development(&config, args.dev_allow_remote)?;
    }
    for danger in exposure::dangers(&config) {
        tracing::warn!("{danger}");
    }
    let mut signals = Signals::new()?;
    let blueprint = Blueprint {
        data: config.data_folder(args.config.data.as_deref()),
        config,
        migrate: args.migrate,
        dev: args.dev,
        seed: args.seed,
        sample_organisation: args.demo_org,
        targets: Vec::new(),
    };
    let data = blueprint.data.clone();
    let instance = tokio::select! {
        started = Instance::start(blueprint) => started?,
        signal = signals.wait() => {
            tracing::info!(signal, "stopped before it was ready; what the database had begun is taken back");
            return Ok(());
        }
    };
    output::line(ready_line(&instance, &data));
    signals.serve_until(instance).await
}

/// The one line that tells whoever started the server that it answers, and where.
fn ready_line(instance: &Instance, data: &std::path::Path) -> String {
    let listener = |scheme: &str, address: Option<std::net::SocketAddr>| {
        address.map_or_else(String::new, |address| {
            format!(" {scheme}={}", instance::url(scheme, address))
        })
    };
    format!(
        "reeve ready{}{} data={}",
        listener("http", instance.http),
        listener("https", instance.https),
        data.display()
    )
}

/// What ends a server from outside.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on these signals end nothing by themselves.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Serves until a signal comes, then stops gracefully; an error if the server fails before.
    pub(crate) async fn serve_until(&mut self, mut instance: Instance) -> anyhow::Result<()> {
        let failure = tokio::select! {
            signal = self.wait() => {
                tracing::info!(signal, "stopping");
                None
            }
            error = instance.failed() => Some(error),
        };
        if let Some(error) = failure {
            // The process ends with the error; leases and the log of the database bring back what was under way.
            return Err(error);
        }
        tokio::select! {
            stopped = instance.stop() => stopped?,
            signal = self.wait() => {
                tracing::warn!(signal, "stopped without waiting for what was under way");
                return Ok(());
            }
        }
        tracing::info!("stopped");
        Ok(())
    }
}
