//! The delivery engine: it brings what is desired to the targets and sees that it arrived.
//!
//! - [`engine`] runs passes: what is due by the clock, planning, delivery of every due target.
//! - `deliver` drains one target: claim (`claim_size` at once), attempt, record, in batches; `attempt` is one try of a unit of work.
//! - `lane` limits what a target is asked at once, with `pacer`, `concurrency` and `breaker`; [`registry`] says which targets there are.
//! - `sweep` reads who really has access in a target and holds it against the ledger.
//! - [`builtin`] delivers to the built-in directory; [`faults`] makes targets misbehave on demand.
//! - [`watchdog`] tells what is stuck, [`metrics`] counts.
//!
//! **Invariant:** the engine knows connectors by their trait alone, and every fact it learns is written by `service`.

#![warn(clippy::wildcard_enum_match_arm)]

mod attempt;
mod batch;
mod breaker;
pub mod builtin;
mod claim_size;
mod concurrency;
mod deliver;
pub mod engine;
pub mod faults;
mod jobs;
mod lane;
pub mod metrics;
mod pacer;
pub mod registry;
mod sweep;
pub mod watchdog;

pub use deliver::Counts;
pub use domain::fault::Fault;
pub use engine::{Engine, EngineOptions, PassReport};
pub use faults::Faulty;
pub use metrics::Metrics;
pub use registry::{DIRECTORY, Registry, RegistryError, TargetOptions};
pub use service::faults::FaultPlan;
pub use watchdog::{StuckReport, stuck};
