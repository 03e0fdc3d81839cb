//! The wire shapes of v1.0 and beta: property tables, paths, queries, JSON out and policies both ways.
//!
//! **Invariant:** nothing outside this crate knows which version is spoken (R38), and nothing here knows where rows
//! come from.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod address;
mod attribute;
pub mod body;
pub mod cloud;
pub mod decode;
mod document;
pub mod encode;
pub mod policy;
pub mod resolve;
pub mod schema;
pub mod sets;
pub mod strict;
pub mod table;
pub mod tables;
pub mod version;
pub mod words;

pub use version::Version;
