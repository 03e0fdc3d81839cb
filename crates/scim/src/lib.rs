//! The SCIM 2.0 protocol from the server's side (RFC 7643 and 7644): schemas, filters, changes, lists and errors.
//!
//! **Invariant:** nothing here knows a directory, HTTP or a database. Text from outside is an error value at worst, never
//! a panic, and is read in time linear in its length.

pub mod discovery;
pub mod error;
pub mod filter;
pub mod list;
pub mod locate;
pub mod member;
pub mod patch;
pub mod path;
pub mod resource;
pub mod schema;
pub mod select;
