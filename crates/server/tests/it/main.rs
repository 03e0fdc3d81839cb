//! The server as clients see it: its router on a throw-away database, without sockets but for the listeners' own tests.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as loudly as tests"
)]

mod applications;
mod audit_chain;
mod audit_export;
mod audit_life;
mod audits;
mod automatic;
mod batch;
mod catalogs;
mod clock_back;
mod clouds;
mod conformance;
mod delta;
mod errors;
mod explain;
mod explain_life;
mod extensions;
mod faults;
mod faulty_database;
mod forgeries;
mod groups;
mod guests;
mod headers;
mod issuer;
mod issuer_browser;
mod issuer_devices;
mod issuer_sign_in;
mod life;
mod limits;
mod listeners;
mod many_callers;
mod numbers;
mod odata;
mod offers;
mod on_behalf;
mod organizations;
mod outsider_property;
mod outsiders;
mod package_actions;
mod paging;
mod permissions;
mod policy_questions;
mod reeve;
mod replicas;
mod reprocess;
mod reprocess_jobs;
mod resources;
mod robustness;
mod role_groups;
mod role_management;
mod root;
mod routes;
mod scenarios;
mod scim;
mod separation;
mod snapshots;
mod subject_changes;
mod subscriptions;
mod support;
mod sweeps;
mod tenant_settings;
mod terraform;
mod uploads;
mod user_attributes;
mod walk;
mod walk_doors;
mod walk_queries;
mod walk_unknown;
mod walk_world;
