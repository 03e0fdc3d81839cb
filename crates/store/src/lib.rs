//! The database: SQLite in a file, or PostgreSQL shared by replicas, behind one type, [`Store`].
//!
//! A module per table holds its row type, its statements and the functions that run them; each takes a [`ReadTx`] or a
//! [`WriteTx`]. Statements are written once for both databases; the module `dialect` alone knows how they differ.
//!
//! **Invariant:** no SQL text leaves this crate, and none is made of what a client wrote.

pub mod accepted_call;
pub mod access_package;
pub mod approval;
pub mod assignment;
pub mod assignment_policy;
pub mod assignment_request;
pub mod audit_chain;
pub mod audit_event;
pub mod automatic;
pub mod callback_token;
pub mod catalog;
pub mod change_feed;
pub mod change_log;
mod column;
pub mod connected_organization;
pub mod control_configuration;
pub mod custom_extension;
mod dialect;
pub mod directory;
mod engine;
pub mod entitlement_settings;
pub mod environment;
mod error;
pub mod extension_callout;
pub mod external_connector;
pub mod guest;
pub mod holders;
pub mod impact;
pub mod incompatible;
pub mod injected_fault;
pub mod ledger;
pub mod list;
mod migrate;
pub mod newest;
pub mod notice;
pub mod offer;
pub mod outbox;
pub mod package_history;
#[cfg(test)]
mod portable;
pub mod portal_form;
pub mod portal_session;
pub mod provisioning;
pub mod report;
pub mod reprocess_job;
pub mod resource;
pub mod resource_request;
pub mod resource_role_scope;
pub mod retention;
pub mod role_assignment;
pub mod role_schedule_request;
pub mod setting;
pub mod sign_in;
pub mod snapshot;
mod statements;
pub mod subject;
pub mod subscription;
pub mod sweep;
pub mod target_lesson;
pub mod target_switch;
pub mod upload;
pub mod user_attribute;
mod value;

pub use dialect::Engine;
pub use engine::{
    Faults, Location, Options, ReadTx, Statistics, Store, Together, WriteTx, copy_file,
    faults_of_file,
};
pub use error::{BoxError, Error, Violation};
pub use migrate::{MigrationStep, SchemaState};
