//! The ledger: one row for each grant, the assignments that justify it, and the requests that wait for it.
//!
//! [`plan`] brings `desired` and the work up to date, [`lease`] hands work out and records what came of it, [`watch`]
//! reads what is stuck or has drifted.
//!
//! **Invariant:** `desired` is derived from the links in the same transaction that changes them; a row's `observed` is
//! written only by who holds its lease.

pub mod lease;
pub mod plan;
pub mod watch;
