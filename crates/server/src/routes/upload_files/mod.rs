//! `uploadSessions/{id}/files`.

pub(super) mod content;
