//! `assignmentRequests`.

pub(super) mod cancel;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod reprocess;
pub(crate) mod resume;
