//! The protocol, whole (semantics section 8).

mod enumeration;
mod errors;
mod links;
mod metadata;
mod preferences;
mod queries;
