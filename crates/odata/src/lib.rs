//! The `OData` V4 protocol as Microsoft Graph speaks it: reading paths, query
//! options, preferences and batches, and writing JSON, errors and links.
//!
//! **Invariant:** nothing here knows an entitlement, a property or a route.
//! Names keep the case the client sent; whoever resolves them compares without
//! case. Text from outside is an error value at worst, never a panic, and is
//! read in time linear in its length.

pub mod accept;
pub mod batch;
mod decode;
pub mod error;
pub mod filter;
pub mod json;
pub mod link;
pub mod names;
pub mod path;
pub mod prefer;
pub mod query;
pub mod skiptoken;
