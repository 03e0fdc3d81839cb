//! What every build must be able to do (semantics 4.8), through the whole of Reeve in one process and on both databases:
//! reprocess by every path, and the life of requests and assignments around it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as loudly as tests"
)]

mod answers;
mod approvals;
mod assignments;
mod life;
mod lingering;
mod paths;
mod refusals;
mod requests;
mod requests_again;
mod transitions;
mod walk;
mod way_back;
mod withdrawal;
mod year;
