//! Who calls, and what they may do: bearer token to [`principal::Principal`], the table of roles, and decisions.
//! Also the keys and documents of the built-in development issuer.
//!
//! **Invariant:** nothing here reads the clock or the database. Deny is the default of every decision, and no
//! error, log line or `Debug` output holds a token or a private key.

pub mod decide;
pub mod directory;
pub mod document;
pub mod issuer;
pub mod keys;
pub mod principal;
pub mod resource_actions;
pub mod roles;
pub mod seal;
pub mod token;

pub mod callout;
mod crypto;
