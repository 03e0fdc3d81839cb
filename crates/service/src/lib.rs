//! Use cases: one function per command or query. Each opens its own transaction, asks `auth` before anything is
//! returned or changed, lets `domain` decide, and records the work it causes beside the state it changes.
//!
//! **Invariant:** no target system is spoken to here; what must happen outside is rows that the delivery engine reads.

pub mod access_packages;
pub mod adoptions;
pub mod approvals;
pub mod arrival;
pub mod assignment_requests;
pub mod audit;
pub mod authorize;
pub mod automatic;
pub mod callers;
pub mod callouts;
pub mod catalogs;
pub mod clock;
pub mod connected_organizations;
mod content;
pub mod ctx;
pub mod deliveries;
pub mod delta;
pub mod directory;
mod drift;
pub mod entrance;
pub mod error;
pub mod explain;
pub mod extensions;
pub mod external_connectors;
pub mod faults;
mod guards;
mod guests;
pub mod incompatible_access;
pub mod mine;
pub mod notices;
pub mod outbox;
pub mod overview;
pub mod planning;
pub mod policies;
pub mod policy_questions;
pub mod portal_forms;
pub mod portal_sessions;
pub mod provisioning;
pub mod reads;
mod replay;
pub mod reprocess;
pub mod reprocess_jobs;
pub mod requirements;
pub mod resource_requests;
pub mod resources;
mod retention;
pub mod role_assignments;
pub mod role_schedule_requests;
mod rollup;
pub mod settings;
pub mod sign_in;
pub mod standstill;
pub mod subjects;
pub mod subscriptions;
pub mod sweeps;
pub mod targets;
pub mod tenant;
pub mod tenant_settings;
pub mod timers;
pub mod uploads;
mod user_attributes;

pub use ctx::{Actor, Ctx, Service};
pub use error::{Code, ServiceError};
