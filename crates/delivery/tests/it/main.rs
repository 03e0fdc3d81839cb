//! The engine on a throw-away SQLite store, with a target in memory that fails on demand.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod builtin;
mod crashes;
mod failures;
mod fake;
mod lanes;
mod running;
mod success;
mod sweeps;
mod walks;
mod world;
