//! Notices by mail, on a real mail server (semantics 10.2).

mod failures;
mod numbers;
mod support;
