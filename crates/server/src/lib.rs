//! The HTTP side: the Graph API, the built-in issuer, Reeve's own API, health and metrics.
//!
//! **Invariant:** handlers decode, call one use case and encode; every error becomes a status in [`error`] alone, and
//! every request is answered.

mod anteroom;
mod app;
mod around;
mod body;
mod call;
#[cfg(test)]
mod coverage;
mod error;
mod extensions;
mod faults;
mod form;
mod graph;
mod health;
mod issuer;
mod limits;
mod listen;
mod metrics;
mod multipart;
mod pages;
mod protection;
mod receivers;
mod reeve;
mod reply;
mod router;
mod routes;
mod scim;
pub mod surface;

pub use anteroom::{Starting, anteroom};
pub use app::{App, Parts};
pub use error::OWN_CODES;
pub use issuer::Issuer;
pub use limits::{Limits, Network, NotANetwork};
pub use listen::{Bound, Https, ListenError, Listeners, bind};
pub use metrics::Metrics;
pub use receivers::{Greet, Receivers};
pub use reeve::{Delivery, LaneQuery, Settle, Stuck, StuckQuery, Target};
pub use router::router;
