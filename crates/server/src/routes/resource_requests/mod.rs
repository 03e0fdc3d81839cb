//! `resourceRequests`.

pub(super) mod create;
