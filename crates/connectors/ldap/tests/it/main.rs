//! The LDAP connector against a real slapd, and against things that are not LDAP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

mod configuration;
mod contract;
mod fixture;
mod groups;
mod hostile;
