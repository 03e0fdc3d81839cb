//! `directoryObjects`: users, groups and service principals by id alone.

pub(super) mod delete;
pub(super) mod get_by_ids;
