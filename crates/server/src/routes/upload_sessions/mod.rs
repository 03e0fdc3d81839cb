//! `resources/{id}/uploadSessions`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod update;
pub(super) mod upload_file;
