//! `accessPackages`, and the lists of what may not be held beside one.

pub(super) mod add_incompatible_group;
pub(super) mod add_incompatible_package;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod move_to_catalog;
pub(super) mod remove_incompatible_group;
pub(super) mod remove_incompatible_package;
pub(super) mod requirements;
pub(super) mod update;
