//! Limits (semantics 8.7, docs/hardening.md), over real connections where it is the connection that is limited.

mod connections;
mod http_2;
mod rates;
mod sizes;
mod wire;
