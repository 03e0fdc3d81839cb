//! The portal as people meet it: pages, forms and what comes of them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as loudly as tests"
)]

mod access;
mod approvals;
mod catalogs;
mod dev;
mod manage;
mod manage_jobs;
mod once;
mod packages;
mod policies;
mod reports;
mod sign_in;
