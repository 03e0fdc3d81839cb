//! `directory/deletedItems`: users who were deleted.

pub(super) mod delete;
pub(super) mod restore;
