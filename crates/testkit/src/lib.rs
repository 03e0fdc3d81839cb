//! A whole Reeve in one process, without sockets: a throw-away database, a clock that stands still, targets in memory,
//! an engine driven by hand, the router, and fixtures that read like the domain.
//!
//! A test arranges by the API itself, moves the clock instead of waiting, and breaks targets instead of writing rows.
//!
//! **Invariant:** an app that ends well leaves no work that was due and not done.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "called by tests alone, where a panic is the verdict"
)]

mod app;
mod audited;
mod backend;
mod books;
mod browser;
mod client;
mod conform;
mod fake_target;
mod fixture;
mod package;
mod people;
mod receiver;
mod reply;

pub use app::{Start, TestApp};
pub use backend::Backend;
pub use books::{Access, Books};
pub use browser::{Browser, Page};
pub use client::Client;
pub use fake_target::FakeTarget;
pub use fixture::Case;
pub use package::{Package, Plan, Role};
pub use people::PEOPLE;
pub use receiver::{Manners, Receiver};
pub use reply::Reply;

/// The root of entitlement management in v1.0.
pub const V1: &str = "/v1.0/identityGovernance/entitlementManagement";
/// The root of entitlement management in beta.
pub const BETA: &str = "/beta/identityGovernance/entitlementManagement";
/// What Reeve and receivers on this machine share.
pub const WEBHOOK_SECRET: &str = "a secret of the test";
/// A target in memory that is always there.
pub const ERP: &str = "erp";
/// Another one.
pub const CRM: &str = "crm";
