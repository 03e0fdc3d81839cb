//! The binary from outside: started, asked, stopped, killed and started again.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail loudly"
)]

mod audit;
mod backup;
mod client_commands;
mod clients;
mod contract;
mod crashes;
mod demo;
mod endings;
mod explain;
mod full_disk;
mod hostile;
mod imports;
mod issuer;
mod job_events;
mod other_root;
mod outside_issuer;
mod postgres;
mod provisioning;
mod replicas;
mod scale;
mod secrets;
mod seeds;
mod serve;
mod shadow;
mod sign_in;
mod story;
mod support;
mod targets;
mod terminal;
mod tools;
