//! The SCIM connector against a server with faults to order and against a real one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod contract;
mod fixture;
mod memory;
mod provisioning;
mod quirks;
mod replies;
mod tls;
