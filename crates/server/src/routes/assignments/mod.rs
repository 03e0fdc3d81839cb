//! `assignments`: made, changed and ended by requests alone (AS-10).

pub(super) mod additional_access;
pub(super) mod reprocess;
