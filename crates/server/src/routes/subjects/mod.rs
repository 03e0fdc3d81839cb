//! `subjects`.

pub(super) mod update;
