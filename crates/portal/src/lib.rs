//! The portal: pages for people, drawn by the server ([ADR 33](../../docs/adr/0033-portal.md)).
//!
//! Whoever comes signs in at the configured issuer; what a page shows and does goes through the functions of `service` that
//! the API calls.
//!
//! **Invariant:** whatever comes from outside is escaped by the template; a form counts only with the mark of the session that
//! it was drawn for; every page works without a script.

mod chart;
mod cookies;
mod csv;
mod development;
mod form;
mod layout;
mod live;
mod once;
mod pages;
mod parts;
mod portal;
mod problem;
mod provider;
mod reply;
mod router;
mod sign_in;
mod visit;
mod words;

pub use development::{Account, Development, Mint, Settle, Sow};
pub use portal::{Parts, Portal, StuckQuery, Targets};
pub use provider::{Answer, Ask, Call, CallError, Endpoints, Pages, Provider, over_http};
pub use router::router;
pub use sign_in::BACK;
