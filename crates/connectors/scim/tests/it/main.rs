//! The SCIM connector against a server with faults to order and against a real one.

mod contract;
mod fixture;
mod provisioning;
mod quirks;
mod replies;
