//! The `reeve` binary: command line, configuration, wiring and the life of the process. It has no rules of its own.

mod args;
mod audit;
mod backup;
mod client;
mod config;
mod demo;
mod dev_file;
mod doctor;
mod exposure;
mod instance;
mod keys;
mod logging;
mod manual;
mod migrate;
mod output;
mod serve;
mod targets;
mod tenant_file;
mod token;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use args::{AuditCommand, Cli, ClientCommand, Command};
use clap::Parser;
use output::Ending;

/// A quarter of what a read cost went to the system's allocator (ADR 6).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So long the database may take to be closed.
const CLOSING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Fails only where one is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime");
    let done = runtime.and_then(|runtime| {
        let done = runtime.block_on(run(cli.command));
        // Calls that are never answered end at once, and the database is closed. A step of a migration that was told to
        // stop is not waited for to its end: the database takes it back.
        runtime.shutdown_timeout(CLOSING);
        done
    });
    let ending = done.unwrap_or_else(|error| {
        output::failure(&error);
        Ending::of(&error)
    });
    ExitCode::from(ending.code())
}

/// Runs a command; says how it ended where that is not told by an error.
async fn run(command: Command) -> anyhow::Result<Ending> {
    match command {
        Command::Demo(args) => demo::run(args).await.map(Ending::from),
        Command::Serve(args) => serve::run(args).await.map(well),
        Command::Token(args) => token::run(&args).await.map(well),
        Command::Migrate(args) => aside(move || migrate::run(&args).map(well)).await,
        Command::Doctor(args) => doctor::run(&args).await.map(Ending::from),
        Command::Config => {
            output::text(config::DEFAULT_FILE);
            Ok(Ending::Well)
        }
        Command::Backup(args) => aside(move || backup::make(&args).map(well)).await,
        Command::Restore(args) => aside(move || backup::restore(&args).map(well)).await,
        Command::Audit(AuditCommand::Tenant(args)) => {
            client::shadow::run(&args).await.map(Ending::from)
        }
        Command::Audit(AuditCommand::Verify(args)) => {
            aside(move || audit::verify_log(&args).map(Ending::from)).await
        }
        Command::Audit(AuditCommand::Export(args)) => {
            aside(move || audit::export(&args).map(well)).await
        }
        Command::Audit(AuditCommand::Sign(args)) => {
            aside(move || audit::sign(&args).map(Ending::from)).await
        }
        Command::Keys(command) => keys::run(&command).map(well),
        Command::Completions(args) => {
            manual::completions(args.shell);
            Ok(Ending::Well)
        }
        Command::Man(args) => manual::pages(args.out.as_deref()).map(well),
        Command::Client(command) => ask(command).await,
    }
}

/// Runs a command that is a client of a server.
async fn ask(command: ClientCommand) -> anyhow::Result<Ending> {
    match command {
        ClientCommand::Login(args) => client::login::run(&args).await.map(well),
        ClientCommand::Logout(args) => client::login::forget(&args).map(well),
        ClientCommand::Packages(command) => client::lists::packages(&command).await.map(well),
        ClientCommand::Requests(command) => client::lists::requests(&command).await.map(well),
        ClientCommand::Assignments(command) => client::lists::assignments(&command).await.map(well),
        ClientCommand::Approvals(command) => client::approvals::list(&command).await.map(well),
        ClientCommand::Approve(args) => client::approvals::decide(&args, "Approve").await,
        ClientCommand::Deny(args) => client::approvals::decide(&args, "Deny").await,
        ClientCommand::Request(args) => client::access::request(&args).await,
        ClientCommand::Grant(args) => client::access::grant(&args).await,
        ClientCommand::Revoke(args) => client::access::revoke(&args).await,
        ClientCommand::Extend(args) => client::access::extend(&args).await,
        ClientCommand::Cancel(args) => client::access::cancel(&args).await,
        ClientCommand::Reprocess(args) => client::reprocess::run(&args).await,
        ClientCommand::Jobs(command) => client::jobs::run(&command).await,
        ClientCommand::Drift(args) => client::drift::run(&args).await.map(Ending::from),
        ClientCommand::Explain(args) => client::explain::run(&args).await.map(well),
        ClientCommand::Export(args) => client::export::run(&args).await.map(well),
        ClientCommand::Import(args) => client::import::run(&args).await,
        ClientCommand::Dev(command) => client::dev::run(&command).await.map(well),
    }
}

fn well((): ()) -> Ending {
    Ending::Well
}

/// What works on files and databases, beside what waits.
async fn aside(
    work: impl FnOnce() -> anyhow::Result<Ending> + Send + 'static,
) -> anyhow::Result<Ending> {
    tokio::task::spawn_blocking(work).await?
}
