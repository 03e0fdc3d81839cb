//! SCIM 2.0 targets (RFC 7643, RFC 7644): a grant is membership of a group, for a user who is provisioned if need be.
//!
//! A filter's answer is believed only where the resources in it really match: there are servers that ignore filters and
//! answer everybody. An absence is believed only from a question about that one user.
//!
//! **Invariant:** what is kept across calls only spares requests: the target's `/ServiceProviderConfig`, which any failure
//! forgets, and the ids of users and groups (see `memory`), which looks and removals never rely on.

mod client;
mod config;
mod connector;
mod discovery;
mod groups;
mod listing;
mod lists;
mod memory;
mod provisioning;
mod reply;
mod users;

pub use config::{ConfigError, MatchBy, ScimConfig};
pub use connector::ScimConnector;
