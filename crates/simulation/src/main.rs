//! `simulate`: lives many lives, on all cores, and stops at the first in which something is wrong.
#![expect(clippy::print_stdout, reason = "the report goes to standard output")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use simulation::{Counts, Fault, Sabotage, Template};

/// Simulated lives of a small tenant
#[derive(Debug, Parser)]
struct Options {
    /// The number of the first life
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// How many lives
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// Threads; one for each core by default
    #[arg(long)]
    threads: Option<usize>,
    /// Tell each life, step by step
    #[arg(long)]
    story: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let next = AtomicU64::new(options.first);
    let end = options.first.saturating_add(options.seeds);
    let ended = Mutex::new((0_u64, Counts::default(), None::<Box<Fault>>));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        for _ in 0..options.threads.unwrap_or(cores).max(1) {
            let mut template = Template::make()?;
            let (next, ended, options) = (&next, &ended, &options);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let lived = simulation::live(&mut template, seed, Sabotage::None);
                    let mut ended = ended
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    match lived {
                        Ok(life) => {
                            ended.0 += 1;
                            ended.1.add(life.counts);
                            if options.story {
                                println!("seed {seed}\n  {}", life.story.join("\n  "));
                            }
                        }
                        Err(fault) => {
                            next.store(end, Ordering::Relaxed);
                            ended.2.get_or_insert(fault);
                        }
                    }
                }
            });
        }
        Ok(())
    })?;
    let (lives, counts, fault) = ended
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    println!("{lives} lives: {counts:?}");
    let Some(fault) = fault else {
        return Ok(ExitCode::SUCCESS);
    };
    println!("{fault}");
    Ok(ExitCode::FAILURE)
}
