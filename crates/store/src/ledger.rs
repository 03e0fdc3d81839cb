//! The ledger: one row for each grant, the assignments that justify it, and the requests that wait for it.
//!
//! [`plan`] brings `desired` and the work up to date, [`lease`] hands work out and records what came of it, [`watch`]
//! reads what has drifted or needs a person, [`stuck`] what nobody moves on; [`witness`] is told what the
//! built-in directory sees.
//!
//! **Invariant:** `desired` is derived from the links in the same transaction that changes them; a row's `observed` is
//! written only by who holds its lease, or by [`witness`] and sweeps (`crate::sweep`) while nobody does.

pub mod entry;
pub mod lease;
pub mod plan;
pub mod stuck;
pub mod watch;
pub mod witness;
