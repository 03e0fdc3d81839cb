//! The pages, one module for each place.

pub(crate) mod access;
pub(crate) mod approvals;
pub(crate) mod manage;
pub(crate) mod packages;
pub(crate) mod requests;
mod submission;
