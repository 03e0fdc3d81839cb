//! The use cases on a throw-away database.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as loudly as tests"
)]

mod access_packages;
mod automatic;
mod callers;
mod catalogs;
mod directory;
mod outbox;
mod policies;
mod reads;
mod requests;
mod resources;
mod role_assignments;
mod subscriptions;
mod support;
mod tenant;
