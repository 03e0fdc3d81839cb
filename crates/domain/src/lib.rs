//! The rules of entitlement management as values and functions: no IO, no async, no serde, no clock.
//!
//! **Invariant:** everything here is a function from values to a value; whoever calls brings the time and the ids.

pub mod assignment;
pub mod assignment_request;
pub mod failure;
pub mod id;
pub mod ledger;
pub mod model;
pub mod query;
pub mod time;
