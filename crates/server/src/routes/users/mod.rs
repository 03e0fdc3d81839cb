//! `users` and `me`.

pub(super) mod clear_manager;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod set_manager;
pub(super) mod update;
