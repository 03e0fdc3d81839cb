//! Use cases: one function per command or query. Each opens its own transaction, asks `auth` before anything is
//! returned or changed, lets `domain` decide, and records the work it causes beside the state it changes.
//!
//! **Invariant:** no target system is spoken to here; what must happen outside is rows that the delivery engine reads.

pub mod audit;
pub mod authorize;
pub mod clock;
pub mod ctx;
pub mod error;
pub mod settings;

pub use ctx::{Actor, Ctx, Service};
pub use error::{Code, ServiceError};
