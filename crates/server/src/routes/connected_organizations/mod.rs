//! `connectedOrganizations`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod sponsors;
pub(super) mod update;
