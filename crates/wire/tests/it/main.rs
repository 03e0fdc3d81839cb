//! The wire shapes: paths, plans and property tables.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod addresses;
mod contract;
mod metadata;
mod plans;
mod schema;
mod tables;
