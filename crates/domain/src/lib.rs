//! The rules of entitlement management as values and functions: no IO, no async, no serde, no clock.
//!
//! **Invariant:** everything here is a function from values to a value; whoever calls brings the time and the ids.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod access_package;
pub mod activity;
pub mod approval;
pub mod assignment;
pub mod assignment_request;
pub mod catalog;
pub mod change;
pub mod cloud;
pub mod connected_organization;
pub mod control_configuration;
pub mod directory;
pub mod evaluate;
pub mod extension;
pub mod external_connector;
pub mod failure;
pub mod fault;
pub mod flaw;
pub mod guest;
pub mod id;
pub mod ledger;
pub mod membership_rule;
pub mod model;
pub mod network;
pub mod notice;
pub mod policy;
pub mod query;
pub mod reprocess_job;
pub mod resource;
pub mod spreadsheet;
pub mod subject;
pub mod subject_set;
pub mod submission;
pub mod subscription;
pub mod sweep;
pub mod tenant_settings;
pub mod time;
pub mod upload;
pub mod user_attribute;

mod word;
