//! Notices by mail, on a real mail server (semantics 10.2).
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail as loudly as tests"
)]

mod failures;
mod numbers;
mod support;
