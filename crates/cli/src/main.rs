//! The `reeve` binary: command line, configuration, wiring and the life of the process. It has no rules of its own.

mod args;
mod audit;
mod client;
mod config;
mod demo;
mod dev_file;
mod doctor;
mod exposure;
mod instance;
mod keys;
mod logging;
mod migrate;
mod output;
mod serve;
mod targets;
mod tenant_file;
mod token;

use std::process::ExitCode;

use anyhow::Context;
use args::{Cli, Command};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Fails only where one is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime");
    let done = runtime.and_then(|runtime| runtime.block_on(run(cli.command)));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            output::failure(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs a command; says whether it went well where that is not told by an error.
async fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await.map(|()| true),
        Command::Token(args) => token::run(&args).await.map(|()| true),
        Command::Migrate(args) => tokio::task::spawn_blocking(move || migrate::run(&args))
            .await?
            .map(|()| true),
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Config => {
            output::text(config::DEFAULT_FILE);
            Ok(true)
        }
        Command::Audit(command) => {
            tokio::task::spawn_blocking(move || audit::run(&command)).await?
        }
        Command::Keys(command) => keys::run(&command).map(|()| true),
        Command::Reprocess(args) => client::reprocess::run(&args).await,
        Command::Drift(args) => client::drift::run(&args).await,
        Command::Explain(args) => client::explain::run(&args).await.map(|()| true),
        Command::Export(args) => client::export::run(&args).await.map(|()| true),
    }
}
