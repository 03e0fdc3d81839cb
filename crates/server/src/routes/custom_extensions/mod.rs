//! `catalogs/{id}/customWorkflowExtensions` and beta's older collection.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod update;
