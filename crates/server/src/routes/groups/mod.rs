//! `groups`, their members and owners.

pub(super) mod add_member;
pub(super) mod add_owner;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod remove_member;
pub(super) mod remove_owner;
pub(super) mod update;
