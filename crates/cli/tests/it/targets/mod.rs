//! The whole of Reeve before real targets: a server on its own, a SCIM service and an LDAP directory that know nothing
//! of it, and clients that speak both versions of the API.
//!
//! **Invariant:** what a target holds is asked of the target itself, never of Reeve.

mod doctor;
mod graph;
mod journey;
mod outage;
mod sweeping;
mod systems;
